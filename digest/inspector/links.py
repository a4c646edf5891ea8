"""
Where links lead, and whether their words say so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .document import Document, name_of
from .findings import Finding, address_of, printed, quoted

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: What says nothing out of its context, and screen readers list links out of theirs.
GENERIC = frozenset(
    {
        *("click here", "click", "here", "read more", "learn more", "see more", "view more"),
        *("more", "continue", "continue reading", "link", "view", "details", "this", "go"),
        *("mehr", "weiterlesen", "mehr lesen", "hier", "hier klicken", "weiter"),
        *("lire la suite", "en savoir plus", "cliquez ici", "ici", "plus"),
        *("leer más", "más", "aquí", "haz clic aquí", "ver más"),
        *("اقرأ المزيد", "المزيد", "هنا", "اضغط هنا"),
    }
)
AROUND_WORDS = re.compile(r"^\W+|\W+$")
WEB = frozenset({"http", "https"})
SCHEMES = WEB | {"mailto", "tel"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """
    A link of a page, and what its readers see of it.
    """

    url: str
    text: str


def links_of(document: Document) -> Iterator[Link]:
    return (
        Link(url=(each.get("href") or "").strip(), text=name_of(each))
        for each in document.all("a")
        if each.get("href") is not None
    )


def check_links(document: Document) -> Iterator[Finding]:
    targets = {each.get(name) for each in document.elements for name in ("id", "name")}
    for link in links_of(document):
        if fault := _fault_of(link.url, targets):
            message = f"the link {quoted(link.text or link.url)} {fault}"
            yield Finding(level="error", message=message, clues=tuple(_clues_of(link)))
        yield from _check_text(link)
    for image in document.all("img"):
        yield from _check_source(image)


def _clues_of(link: Link) -> Iterator[str]:
    if link.url.strip("#"):
        yield address_of(link.url)
    if link.text:
        yield printed(link.text)
    yield rf"href\s*=\s*[\"']{re.escape(link.url)}[\"']"


def _fault_of(url: str, targets: set[str | None]) -> str:
    """
    Why an address leads nowhere; "" if it leads somewhere.
    """
    if not url or url == "#":
        return "leads nowhere: its address is empty"
    if url.startswith("#"):
        return "" if url[1:] in targets else f"leads to {url}, and nothing has that id"
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return f"has an address that is none: {quoted(url)}"
    if parts.scheme not in SCHEMES:
        remedy = "begin it with https://" if not parts.scheme else "only web addresses and mail"
        return f"has the address {quoted(url)}, which mail programs do not follow: {remedy}"
    if parts.scheme in WEB and not host:
        return f"has an address without a host: {quoted(url)}"
    return ""


def _check_text(link: Link) -> Iterator[Finding]:
    text = AROUND_WORDS.sub("", link.text).casefold()
    if not link.text:
        message = f"a link to {quoted(link.url)} has no text: screen readers spell its address"
        yield Finding(level="error", message=message, clues=(address_of(link.url),))
    elif text in GENERIC:
        message = f"the link {quoted(link.text)} does not say where it leads: name its target"
        clues = (printed(link.text), address_of(link.url))
        yield Finding(message=message, clues=clues)


def _check_source(image: "Element") -> Iterator[Finding]:
    source = (image.get("src") or "").strip()
    scheme, _, rest = source.partition(":")
    if not source:
        yield Finding(
            level="error", message="a picture without an address", clues=(r"<(mj-image|img)",)
        )
    elif scheme == "data":
        message = "a picture within the page (data:), which Gmail never shows: link it instead"
        yield Finding(level="error", message=message, clues=('src="data:',))
    elif scheme not in {*WEB, "cid"} or (scheme in WEB and not rest.strip("/")):
        message = f"a picture has the address {quoted(source)}, which leads nowhere in a letter"
        yield Finding(level="error", message=message, clues=(address_of(source),))
