"""
What MJML has: its elements, where they belong, and their attributes.

The compiler passes over everything else without a word. Left out is what it does not do, although
other MJML compilers may: `mj-include`, `mj-html-attributes`, `mj-image sizes`, `mj-table role`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

_SIDES = ("top", "right", "bottom", "left")


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """
    An element: what it may stand in, and the attributes it may have.
    """

    parents: frozenset[str]
    attributes: frozenset[str]


def _around(name: str) -> tuple[str, ...]:
    """
    An attribute for all sides at once, and those for one side each.
    """
    return name, *(f"{name}-{side}" for side in _SIDES)


_PADDING = _around("padding")
_BORDER = (*_around("border"), "border-radius")
_FONT = ("color", "font-family", "font-size", "font-style", "font-weight")
_TEXT = (*_FONT, "letter-spacing", "line-height", "text-decoration", "text-transform")
_LINK = ("href", "name", "rel", "target", "title")
_BLOCK = (*_PADDING, "container-background-color", "align")
_ICONS = (
    *("border", "font-family", "icon-align", "icon-height", "icon-position", "icon-width"),
    *("icon-unwrapped-alt", "icon-unwrapped-url", "icon-wrapped-alt", "icon-wrapped-url"),
)
_BACKGROUND = (
    *("background-color", "background-url", "background-repeat", "background-size"),
    *("background-position", "background-position-x", "background-position-y"),
)
_HAMBURGER = (
    *("align", "close", "color", "font-family", "font-size", "line-height", "open"),
    *(*_PADDING, "text-decoration", "text-transform"),
)
_SECTION = (*_BACKGROUND, *_BORDER, *_PADDING, "full-width", "text-align", "text-padding")
_IN_COLUMN = ("mj-column", "mj-hero")

_PLACES: Mapping[str, tuple[Iterable[str], Iterable[str]]] = {
    "mjml": ((), ("lang", "dir", "owa")),
    "mj-head": (("mjml",), ()),
    "mj-body": (("mjml",), ("background-color", "width")),
    "mj-attributes": (("mj-head",), ()),
    "mj-breakpoint": (("mj-head",), ("width",)),
    "mj-font": (("mj-head",), ("name", "href")),
    "mj-preview": (("mj-head",), ()),
    "mj-style": (("mj-head",), ("inline",)),
    "mj-title": (("mj-head",), ()),
    "mj-raw": (
        ("mj-head", "mj-body", "mj-wrapper", "mj-section", "mj-group", *_IN_COLUMN),
        (),
    ),
    "mj-wrapper": (("mj-body",), _SECTION),
    "mj-section": (("mj-body", "mj-wrapper"), (*_SECTION, "direction")),
    "mj-hero": (
        ("mj-body", "mj-wrapper"),
        (
            *(*_BACKGROUND, *_PADDING, *_around("inner-padding"), "mode", "height", "width"),
            *("background-height", "background-width", "border-radius", "vertical-align"),
            *("inner-background-color", "container-background-color"),
        ),
    ),
    "mj-group": (
        ("mj-section",),
        ("background-color", "direction", "vertical-align", "width"),
    ),
    "mj-column": (
        ("mj-section", "mj-group"),
        (
            *(*_BORDER, *_PADDING, *_around("inner-border"), "inner-border-radius", "width"),
            *("background-color", "inner-background-color", "direction", "vertical-align"),
        ),
    ),
    "mj-accordion": (_IN_COLUMN, (*_ICONS, *_PADDING, "container-background-color")),
    "mj-accordion-element": (("mj-accordion",), (*_ICONS, "background-color")),
    "mj-accordion-title": (("mj-accordion-element",), (*_TEXT, *_PADDING, "background-color")),
    "mj-accordion-text": (("mj-accordion-element",), (*_TEXT, *_PADDING, "background-color")),
    "mj-button": (
        _IN_COLUMN,
        (
            *(*_TEXT, *_LINK, *_BLOCK, *_BORDER, "background-color", "height", "width"),
            *("inner-padding", "text-align", "vertical-align"),
        ),
    ),
    "mj-carousel": (
        _IN_COLUMN,
        (
            *("align", "background-color", "border-radius", "container-background-color"),
            *("icon-width", "left-icon", "right-icon", "tb-border", "tb-border-radius"),
            *("tb-hover-border-color", "tb-selected-border-color", "tb-width", "thumbnails"),
        ),
    ),
    "mj-carousel-image": (
        ("mj-carousel",),
        ("alt", "src", "thumbnails-src", *_LINK, "border-radius", "tb-border", "tb-border-radius"),
    ),
    "mj-divider": (
        _IN_COLUMN,
        (*_BLOCK, "border-color", "border-style", "border-width", "width"),
    ),
    "mj-image": (
        _IN_COLUMN,
        (
            *(*_LINK, *_BLOCK, *_BORDER, "alt", "src", "srcset", "usemap", "width", "height"),
            *("max-height", "fluid-on-mobile", "font-size"),
        ),
    ),
    "mj-navbar": (
        _IN_COLUMN,
        ("align", "base-url", "hamburger", *_PADDING, *(f"ico-{each}" for each in _HAMBURGER)),
    ),
    "mj-navbar-link": (("mj-navbar",), (*_TEXT, *_LINK, *_PADDING)),
    "mj-social": (
        _IN_COLUMN,
        (
            *(*_TEXT, *_BLOCK, "border-radius", "mode", "table-layout", "text-padding"),
            *("icon-height", "icon-padding", "icon-size", "inner-padding", "vertical-align"),
        ),
    ),
    "mj-social-element": (
        ("mj-social",),
        (
            *(*_TEXT, *_LINK, *_PADDING, "align", "alt", "src", "srcset", "background-color"),
            *("border-radius", "icon-height", "icon-padding", "icon-position", "icon-size"),
            *("text-padding", "vertical-align"),
        ),
    ),
    "mj-spacer": (_IN_COLUMN, (*_PADDING, "container-background-color", "height")),
    "mj-table": (
        _IN_COLUMN,
        (
            *(*_FONT, *_BLOCK, "border", "cellpadding", "cellspacing", "line-height", "width"),
            "table-layout",
        ),
    ),
    "mj-text": (_IN_COLUMN, (*_TEXT, *_BLOCK, "height", "vertical-align")),
}
#: What is not shown, and has no class.
_HEAD = frozenset(
    {
        *("mjml", "mj-head", "mj-attributes", "mj-breakpoint", "mj-font"),
        *("mj-preview", "mj-style", "mj-title", "mj-raw"),
    }
)

ELEMENTS: Mapping[str, Element] = {
    tag: Element(
        parents=frozenset(parents),
        attributes=frozenset(attributes) | (set() if tag in _HEAD else {"css-class", "mj-class"}),
    )
    for tag, (parents, attributes) in _PLACES.items()
}
#: Within <mj-attributes>, where every element may stand: these give any attribute to all.
FOR_ALL = frozenset({"mj-all", "mj-class"})
EVERY_ATTRIBUTE = frozenset().union(*(each.attributes for each in ELEMENTS.values()))
#: What holds other elements of MJML, and where HTML is put down between the cells of tables.
_STRUCTURE = frozenset(
    {*("mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero")}
)


def misplaced(root: "_Element") -> Iterator[tuple["_Element", str]]:
    """
    Elements where MJML does not look for them, so that they would be lost, and the remedy.
    """
    for element in root.iter():
        parent = element.getparent()
        if isinstance(element.tag, str) and parent is not None:
            places = _places_for(element.tag, parent.tag)
            if places:
                yield element, f"<{element.tag}> does not belong into <{parent.tag}>{places}"


def _places_for(tag: str, parent: str) -> str:
    """
    The remedy for an element that stands in the wrong place; "" if it stands in the right one.
    """
    known = ELEMENTS.get(tag)
    if known and parent not in known.parents | {"mj-attributes"}:
        return f": put it into {' or '.join(f'<{each}>' for each in sorted(known.parents))}"
    # Of tags that begin as those of MJML do it is said that there are none.
    if not known and parent in _STRUCTURE and not tag.startswith("mj-"):
        return ", which has elements of MJML alone: put it into <mj-text> or <mj-raw>"
    return ""
