"""
The style sheets of a page: which declarations reach which element, in the light and in the dark.

Only as much of CSS as letters use: a shorthand is read for its colour, custom properties not at
all, and a rule that cannot be understood counts for nothing.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from .document import Document

if TYPE_CHECKING:
    from lxml.etree import XPath
    from lxml.etree import _Element as Element

LIGHT, DARK = "light", "dark"
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
BLOCK = re.compile(r"(@[\w-]+[^{};]*|[^{}@;]+)\{((?:[^{}]*\{[^{}]*\})*[^{}]*)\}")
DECLARATION = re.compile(r"([a-z-]+)\s*:\s*([^;]+)", re.IGNORECASE)
IN_THE_DARK = re.compile(r"prefers-color-scheme:\s*dark")
IN_THE_LIGHT = re.compile(r"prefers-color-scheme:\s*light")
IMPORTANT = "!important"
#: Of a shorthand, the part that is looked for.
LONGHANDS = {"background": "background-color", "text-decoration-line": "text-decoration"}
#: Sorts behind the specificity of every selector.
INLINE = (9, 0, 0)

Rank = tuple[bool, tuple[int, int, int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    One selector with its declarations: property -> value, and whether it is important.
    """

    selector: str
    declarations: Mapping[str, tuple[str, bool]]


class Styles:
    """
    The declared properties of each element, by scheme.
    """

    def __init__(self, document: Document, scheme: str) -> None:
        self._found: dict[Element, dict[str, tuple[Rank, str]]] = defaultdict(dict)
        sheets = "\n".join(each.text or "" for each in document.all("style"))
        for order, rule in enumerate(_rules_of(COMMENT.sub("", sheets), scheme)):
            self._apply(document, rule, order)
        for element in document.elements:
            self._declare(element, declarations_of(element.get("style") or ""), INLINE, 0)

    def of(self, element: "Element", name: str) -> str | None:
        """
        What the element itself declares; what it inherits is another matter.
        """
        found = self._found[element].get(name)
        return found[1] if found else None

    def _apply(self, document: Document, rule: Rule, order: int) -> None:
        compiled = _compiled(rule.selector)
        if compiled:
            path, specificity = compiled
            for element in cast("list[Element]", path(document.root)):
                self._declare(element, rule.declarations, specificity, order)

    def _declare(
        self,
        element: "Element",
        declarations: Mapping[str, tuple[str, bool]],
        specificity: tuple[int, int, int],
        order: int,
    ) -> None:
        own = self._found[element]
        for name, (value, important) in declarations.items():
            rank = (important, specificity, order)
            if name not in own or own[name][0] <= rank:
                own[name] = rank, value


def declarations_of(text: str) -> Mapping[str, tuple[str, bool]]:
    """
    Property -> value, and whether it is important.
    """
    found = {}
    for name, value in DECLARATION.findall(text):
        plain = value.replace(IMPORTANT, "").strip().lower()
        found[LONGHANDS.get(name.lower(), name.lower())] = plain, IMPORTANT in value
    return found


def _rules_of(sheet: str, scheme: str) -> Iterator[Rule]:
    for head, body in BLOCK.findall(sheet):
        prelude = head.strip()
        if not prelude.startswith("@"):
            declarations = declarations_of(body)
            for selector in prelude.split(","):
                yield Rule(selector=selector.strip(), declarations=declarations)
        elif _counts(prelude, scheme):
            yield from _rules_of(body, scheme)


def _counts(prelude: str, scheme: str) -> bool:
    """
    Whether a media query is about colours, and about these.
    """
    wanted = IN_THE_DARK if scheme == DARK else IN_THE_LIGHT
    return prelude.startswith("@media") and wanted.search(prelude) is not None


@cache
def _compiled(selector: str) -> "tuple[XPath, tuple[int, int, int]] | None":
    """
    None for what only a person's hand brings about (`:hover`), and for what is no selector.
    """
    from cssselect import HTMLTranslator, SelectorError, parse
    from lxml.etree import XPath

    try:
        (parsed,) = parse(selector)
        path = HTMLTranslator().selector_to_xpath(parsed)
    except (SelectorError, ValueError):
        return None
    return XPath(path), parsed.specificity()
