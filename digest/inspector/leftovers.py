"""
What somebody meant to replace before anybody read it.
"""

import re
from collections.abc import Iterator

from ..model import Page
from .document import Document, own_texts
from .findings import Finding, quoted, words_of

PLACEHOLDERS = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|%%\w+%%|\*\|\w+\|\*"
    r"|\[(?i:insert|placeholder|your|name|todo|tbd|tk)\b[^\]]*\]"
    r"|(?i:lorem ipsum)|\b(?:TODO|FIXME|TBD|XXX|TKTK)\b"
)
#: A value that was not there, printed as a whole.
NOTHING = frozenset({"None", "Undefined", "null"})


def check_leftovers(document: Document, page: Page) -> Iterator[Finding]:
    for text in (page.subject, *_texts(document)):
        yield from _check_text(text)
        if any(mark in text for mark in page.marks.values()):
            message = "a reader's own token is shown as text: put it into a link"
            yield Finding(
                level="error", message=message, clues=(r"\b(?:unsubscribe|preferences|view)_url\b",)
            )
    for line in page.text.splitlines():
        yield from _check_text(line)


def _texts(document: Document) -> Iterator[str]:
    for element in document.body.iter():
        if isinstance(element.tag, str) and element.tag != "style":
            yield from own_texts(element)
            yield from filter(None, (element.get("alt"), element.get("title")))


def _check_text(text: str) -> Iterator[Finding]:
    if text.strip() in NOTHING:
        yield Finding(message=f"{quoted(text)} is shown where a value is missing")
    for match in PLACEHOLDERS.finditer(text):
        message = f"{quoted(match[0])} looks like a placeholder: replace it"
        yield Finding(message=message, clues=(words_of(text), re.escape(match[0])))
