"""
Whether texts can be read, in the light and in the dark, and links be told by more than colour.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..colours import BLACK, READABLE, WHITE, contrast, parse_colour
from .document import Document, is_hidden, name_of, own_texts
from .findings import Finding, printed, quoted
from .sheets import DARK, LIGHT, Styles

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: What browsers paint a page with whose colours may be dark.
NIGHT = "#121212"
NAMED = {"white": WHITE, "black": BLACK}
HEX = re.compile(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})\b")
RGB = re.compile(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)\s*(?:[,/]\s*1(?:\.0*)?\s*)?\)")
WORD = re.compile(r"\w")
PIXELS = re.compile(r"(\d+(?:\.\d+)?)px")
#: WCAG 2.2, 1.4.3: less will do for large text.
READABLE_IF_LARGE = 3.0
LARGE, LARGE_BOLD = 24.0, 18.66
BOLD = frozenset({"bold", "bolder", "600", "700", "800", "900"})
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "th"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """
    How a text looks by what the elements around it declare.
    """

    colour: str
    ground: str
    size: float = 16.0
    bold: bool = False

    @property
    def enough(self) -> float:
        large = self.size >= (LARGE_BOLD if self.bold else LARGE)
        return READABLE_IF_LARGE if large else READABLE


def check_legibility(document: Document) -> Iterator[Finding]:
    light = Styles(document, LIGHT)
    day = Look(colour=BLACK, ground=WHITE)
    yield from _check_contrast(document, light, day, "in the light")
    night = Look(colour=WHITE, ground=NIGHT) if _has_dark_colours(document) else day
    yield from _check_contrast(document, Styles(document, DARK), night, "in the dark")
    yield from _check_links(document, light)


def _has_dark_colours(document: Document) -> bool:
    metas = (each for each in document.all("meta") if each.get("name") == "color-scheme")
    return any("dark" in (each.get("content") or "") for each in metas)


def _check_contrast(
    document: Document, styles: Styles, around: Look, when: str
) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    for text, look in _texts(document.root, styles, around):
        pair = look.colour, look.ground
        ratio = contrast(*pair)
        if ratio < look.enough and pair not in told:
            told.add(pair)
            yield Finding(
                message=f"the text {quoted(text)} has a contrast of {ratio:.1f}:1 {when}"
                f" ({look.colour} on {look.ground}); needed are {look.enough:g}:1",
                clues=(look.colour, printed(text)),
            )


def _texts(element: "Element", styles: Styles, around: Look) -> Iterator[tuple[str, Look]]:
    """
    All texts below an element with their looks. As deep as elements may stand: libxml2 allows 256.
    """
    if is_hidden(element) or element.tag in {"head", "style", "script"}:
        return
    look = _look_of(element, styles, around)
    for text in own_texts(element):
        yield text, look
    for child in element:
        if isinstance(child.tag, str):
            yield from _texts(child, styles, look)


def _look_of(element: "Element", styles: Styles, around: Look) -> Look:
    colour = _colour_in(styles.of(element, "color"))
    ground = _colour_in(styles.of(element, "background-color") or element.get("bgcolor"))
    size = PIXELS.fullmatch(styles.of(element, "font-size") or "")
    weight = styles.of(element, "font-weight")
    bold = weight in BOLD if weight else element.tag in HEADINGS or around.bold
    return replace(
        around,
        colour=colour or around.colour,
        ground=ground or around.ground,
        size=float(size[1]) if size else around.size,
        bold=bold,
    )


def _colour_in(value: str | None) -> str | None:
    """
    The colour that a value names; None where there is none, or none that can be told.
    """
    if not value:
        return None
    if found := HEX.search(value.lower()):
        return parse_colour(found[0])
    if numbers := RGB.search(value):
        return "#" + bytes(min(int(each), 255) for each in numbers.groups()).hex()
    return NAMED.get(value.strip())


def _check_links(document: Document, styles: Styles) -> Iterator[Finding]:
    """
    A link within a sentence needs more than its colour: a line below, or bold letters.
    """
    for link in document.all("a"):
        if styles.of(link, "text-decoration") != "none" or not link.get("href"):
            continue
        parent = link.getparent()
        beside = parent is not None and any(map(WORD.search, own_texts(parent)))
        weighty = styles.of(link, "font-weight") in BOLD
        if beside and not weighty:
            text = name_of(link)
            message = f"only its colour tells the link {quoted(text)} from the text around it"
            yield Finding(message=f"{message}: underline it", clues=(printed(text),))
