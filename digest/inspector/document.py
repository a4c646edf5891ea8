"""
A page as a tree, and what its elements say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden|mso-hide:\s*all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """
    The elements of a page in their order; comments are none.
    """

    root: "Element"
    elements: tuple["Element", ...]

    def all(self, *tags: str) -> "Iterator[Element]":
        return (each for each in self.elements if each.tag in tags)

    @property
    def body(self) -> "Element":
        found = self.root.find("body")
        return self.root if found is None else found


def parse(html: str) -> Document:
    """
    The tree that browsers would make of a page.
    """
    from lxml.html import HTMLParser, document_fromstring

    root = document_fromstring(html.encode(), parser=HTMLParser(encoding="utf-8"))
    elements = tuple(each for each in root.iter() if isinstance(each.tag, str))
    return Document(root=root, elements=elements)


def name_of(element: "Element") -> str:
    """
    What a screen reader says for it: its text, and that of the pictures within.
    """
    told = [element.get("aria-label") or "", *map(str, element.itertext())]
    told += [each.get("alt") or "" for each in element.iter("img")]
    return " ".join(" ".join(told).split())


def own_texts(element: "Element") -> Iterator[str]:
    """
    The texts that stand directly within it.
    """
    for text in (element.text, *(child.tail for child in element)):
        if text and text.strip("\u200c\u034f\u00a0\u00ad \t\r\n"):
            yield text


def is_hidden(element: "Element") -> bool:
    return HIDDEN.search(element.get("style") or "") is not None
