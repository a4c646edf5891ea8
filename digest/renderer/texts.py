"""
Texts as themes want them: wrapped into lines, and the editor's Markdown as HTML or as plain text.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from ..text import UNWANTED

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

TEXT_COLUMNS = 72


@lru_cache(maxsize=4096)
def wrap(text: str, first: str = "", others: str | None = None) -> str:
    """
    Lines of 72 columns; words, addresses among them, stay whole.

    The first line begins with `first`, the others with `others`, or as the first one does.
    """
    # What textwrap takes twenty times as long for: it looks for hyphens and tabs, too.
    others = first if others is None else others
    lines: list[str] = []
    line, empty = first, True
    for word in text.split():
        if not empty and len(line) + 1 + len(word) > TEXT_COLUMNS:
            lines.append(line)
            line, empty = others, True
        line += word if empty else f" {word}"
        empty = False
    return "\n".join((*lines, line))


def isolate(text: str) -> Markup:
    """
    HTML by which a text of either direction leaves the words around it where they are.
    """
    return Markup('<span dir="auto">{}</span>').format(text)


def html_from_markdown(text: str) -> Markup:
    """
    The editor's text as HTML that MJML takes; markup of their own is shown as text.
    """
    return Markup(_parser().render(UNWANTED.sub("", text))) if text else Markup()  # noqa: S704


def text_from_markdown(text: str) -> str:
    """
    The editor's text in paragraphs of 72 columns, the links of each below it, one on a line.
    """
    if not text:
        return ""
    paragraphs: list[str] = []
    bullet = ""
    for token in _parser().parse(UNWANTED.sub("", text)):
        if token.type == "list_item_open":
            bullet = f"  {token.info}{token.markup} "
        elif token.type == "list_item_close":
            bullet = ""
        elif token.type == "fence":
            paragraphs.append("\n".join(map(_wrap_code, token.content.rstrip("\n").split("\n"))))
        elif token.type == "inline":
            words = "".join(_words(token)).replace("\n", " ").replace("\r", "\n")
            wrapped = [wrap(line, bullet, " " * len(bullet)) for line in words.split("\n")]
            paragraphs.append("\n".join((*wrapped, *_links(token))))
            bullet = " " * len(bullet)
    return "\n\n".join(paragraphs)


def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    # MJML wants XML. Editors indent their texts in TOML as they like: code needs a fence.
    options = {"html": False, "xhtmlOut": True}
    return MarkdownIt("commonmark", options).disable(["image", "code"])


def _wrap_code(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return line if len(line) <= TEXT_COLUMNS else wrap(line, indent)


def _words(paragraph: "Token") -> Iterator[str]:
    for token in paragraph.children or ():
        if token.type == "softbreak":
            yield " "
        elif token.type == "hardbreak":
            yield "\r"
        else:
            yield token.content


def _links(paragraph: "Token") -> Iterator[str]:
    for token in paragraph.children or ():
        if token.type == "link_open":
            yield str(token.attrs["href"])
