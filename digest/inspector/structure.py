"""
Language, direction, layout tables, headings and title.
"""

from collections.abc import Iterator
from itertools import pairwise

from .document import Document, name_of
from .findings import Finding, printed, quoted, words_of

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
NO_LANGUAGE = frozenset({None, "", "und"})
DIRECTIONS = frozenset({"ltr", "rtl"})
PRESENTATION = frozenset({"presentation", "none"})


def check_structure(document: Document) -> Iterator[Finding]:
    yield from _check_language(document)
    yield from _check_tables(document)
    yield from _check_headings(document)
    if not (document.root.findtext(".//title") or "").strip():
        yield Finding(
            message="there is no <title>: give <mj-title> the subject", clues=("<mj-head>",)
        )


def _check_language(document: Document) -> Iterator[Finding]:
    """
    Some mail programs keep nothing but the body's children: these need both as well.
    """
    html, clues = document.root, ("<mjml",)
    if html.get("lang") in NO_LANGUAGE:
        yield Finding(message='the page has no language: write <mjml lang="…">', clues=clues)
    if html.get("dir") not in DIRECTIONS:
        yield Finding(message='the page has no direction: write <mjml dir="…">', clues=clues)
    for child in document.body:
        if not isinstance(child.tag, str) or child.tag in {"script", "style"}:
            continue
        lacking = [
            name
            for name, lacks in (
                ("lang", child.get("lang") in NO_LANGUAGE),
                ("dir", child.get("dir") not in DIRECTIONS),
            )
            if lacks
        ]
        if lacking:
            message = f"the <{child.tag}> directly in the body has no {' and no '.join(lacking)}"
            yield Finding(message=message, clues=("<mj-preview|<mj-body",))


def _check_tables(document: Document) -> Iterator[Finding]:
    for table in document.all("table"):
        holds_data = table.find(".//th") is not None or table.find("caption") is not None
        if table.get("role") not in PRESENTATION and not holds_data:
            yield Finding(
                message='a layout table lacks role="presentation": screen readers count its cells',
                clues=(r"<(?:mj-)?table\b(?![^>]*\brole=)",),
            )


def _check_headings(document: Document) -> Iterator[Finding]:
    headings = [*document.all(*HEADINGS)]
    firsts = [each for each in headings if each.tag == "h1"]
    if not firsts:
        yield Finding(
            message="there is no <h1>: give the newsletter's title one",
            clues=(r"block\s+masthead\b", "<mj-body"),
        )
    for another in firsts[1:]:
        text = name_of(another)
        message = f"a second <h1>, {quoted(text)}: one is enough, the rest are <h2> and below"
        yield Finding(message=message, clues=(*_clues_of(text), "<h1"))
    for above, below in pairwise(headings):
        if int(below.tag[1]) > int(above.tag[1]) + 1:
            text = name_of(below)
            message = f"the heading {quoted(text)} skips a level: <{below.tag}> after <{above.tag}>"
            yield Finding(message=message, clues=(*_clues_of(text), f"<{below.tag}"))
    for heading in headings:
        if not name_of(heading):
            yield Finding(message=f"an empty <{heading.tag}>", clues=(f"<{heading.tag}",))


def _clues_of(heading: str) -> tuple[str, ...]:
    """
    As Markdown has it, and as HTML does.
    """
    if not heading:
        return ()
    words = words_of(heading)
    return rf"#\s*{words}|{words}\s*\n\s*[=-]{{2,}}", printed(heading)
