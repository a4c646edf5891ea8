"""
MJML becomes HTML with its styles inlined: mrml, then premailer, and what both need to be told.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from html.entities import html5
from typing import TYPE_CHECKING, cast

from .vocabulary import misplaced

if TYPE_CHECKING:
    from lxml.etree import _Element

DOCTYPE = "<!DOCTYPE html>"
ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*;)")
XML_ENTITIES = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
#: Within tags only: an article may write about attributes.
STYLE_ATTRIBUTE = re.compile(r'(<[a-z][a-z0-9]*(?: [a-z:-]+="[^"]*")* style=")([^"]*)')
LEFTOVER = re.compile(r'(<style[^<>]*) data-premailer="ignore"')
#: What libxml2 says, without its lines: they count in the output.
XML_REASONS = (
    (re.compile(r", line \d+, column \d+$"), ""),
    (re.compile(r"Premature end of data in tag (\S+) line \d+"), r"<\1> is not closed"),
)
MISMATCH = re.compile(r"Opening and ending tag mismatch: (\S+) line (\d+) and (\S+?)(?:,|$)")
#: What HTML never closes, and XML always.
VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
#: Where mrml writes backslashes twice, and characters that it takes for unprintable as `\u{ad}`.
BRITTLE = re.compile(
    r"(?s:<(?:mj-)?style\b.*?</(?:mj-)?style>)|<mj-title>[^<]*"
    r"|=\"[ !#-;=-\[\]-~]*[^ -\[\]-~][^\"<]*\"|='[ -&(-;=-\[\]-~]*[^ -\[\]-~][^'<]*'"
)
NOT_PLAIN = re.compile(r"[^ -~]|\\")
OFFSET = re.compile(r" in root template at position (\d+):\d+")
UNKNOWN_TAG = re.compile(r"<(mj-[a-z-]+)")


class MjmlError(Exception):
    """
    What the theme wrote is not MJML; line and column count in the theme's output, from 1.
    """

    def __init__(self, reason: str, line: int, column: int) -> None:
        super().__init__(reason)
        self.reason, self.line, self.column = reason, line, column


def to_html(source: str) -> str:
    """
    The HTML of an MJML document. MjmlError says where in the document it is none.
    """
    source = without_names(source)
    _check_xml(source)
    return _inline_styles(_through_mrml(source))


def without_names(source: str) -> str:
    """
    `&nbsp;` and the like as numbers: XML knows only five names.
    """
    return ENTITY.sub(_numeric, source)


def _numeric(match: re.Match[str]) -> str:
    name = match[1]
    if name in XML_ENTITIES or name not in html5:
        return match[0]
    return "".join(map(_as_number, html5[name]))


def _in_ascii(match: re.Match[str]) -> str:
    if match[0].startswith(("<style", "<mj-style")):
        return match[0]  # There, numbers would be read as they stand.
    return NOT_PLAIN.sub(_as_number, match[0])


def _as_number(char: str | re.Match[str]) -> str:
    return f"&#{ord(char[0])};"


def _check_xml(source: str) -> None:
    """
    Mrml swallows wrong closing tags in silence, and tags in wrong places; an XML parser names
    their line.
    """
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(source.encode(), parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise _error_of(error.msg or "not well-formed", line, column - 1, source) from None
    for element, reason in misplaced(root):
        number = int(str(element.sourceline))
        text = source.split("\n")[number - 1]
        raise MjmlError(reason, number, max(text.find(f"<{element.tag}"), 0) + 1)


def _error_of(reason: str, line: int, column: int, source: str) -> MjmlError:
    """
    The error at its cause: where an end tag closes what was opened further up, that one is right,
    and what stands between was left open.
    """
    if found := MISMATCH.match(reason):
        opened, ended = found[1], found[3]
        if opened in VOID or ended in _open_tags(source):
            line = int(found[2])
            column = source.split("\n")[line - 1].rfind(f"<{opened}") + 1
        if opened in VOID:
            return MjmlError(f"<{opened}> is not closed: write <{opened}/>", line, column)
        return MjmlError(f"<{opened}> is closed with </{ended}>", line, column)
    for pattern, plain in XML_REASONS:
        reason = pattern.sub(plain, reason)
    return MjmlError(reason, line, column)


def _open_tags(source: str) -> list[str]:
    """
    What is open where an XML parser stops.
    """
    from lxml import etree

    parser = etree.XMLPullParser(("start", "end"), resolve_entities=False, no_network=True)
    with suppress(etree.XMLSyntaxError):
        parser.feed(source.encode())
    tags: list[str] = []
    for event, element in cast("Iterator[tuple[str, _Element]]", parser.read_events()):
        if event == "start":
            tags.append(str(element.tag))
        else:
            tags.pop()
    return tags


def _through_mrml(source: str) -> str:
    from mjml import mjml2html

    source = BRITTLE.sub(_in_ascii, source)
    try:
        # An empty map of fonts: otherwise the page loads fonts from a third party.
        html: str = mjml2html(source, fonts={})
    except ValueError as error:
        offset = OFFSET.search(str(error))
        before = source.encode()[: int(offset[1])] if offset else b""
        raise _error_after(before, f"not valid MJML: {OFFSET.sub('', str(error))}") from None
    # Mrml passes on tags that it does not know; in an article's text there are no tags.
    if unknown := UNKNOWN_TAG.search(html):
        before = source.partition(unknown[0])[0].encode()
        raise _error_after(before, f"not valid MJML: there is no <{unknown[1]}> here")
    return html


def _error_after(before: bytes, reason: str) -> MjmlError:
    lines = before.decode("utf-8", "ignore").replace("&#10;", "\n").split("\n")
    return MjmlError(reason, len(lines), len(lines[-1]) + 1)


def _inline_styles(html: str) -> str:
    from .inliner import Inliner

    # premailer only keeps a doctype in capitals, and mrml's own sheet is better left whole.
    html = DOCTYPE + html.removeprefix(DOCTYPE.lower())
    html = html.replace(
        '<style type="text/css">', '<style type="text/css" data-premailer="ignore">'
    )
    inlined = LEFTOVER.sub(r"\1", Inliner(html).transform(pretty_print=False))
    return STYLE_ATTRIBUTE.sub(lambda match: match[1] + match[2].replace("; ", ";"), inlined)
