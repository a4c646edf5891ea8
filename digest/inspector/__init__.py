"""
What readers and mail programs would stumble over in a page. Pure: HTML in, findings out.

    structure   language and direction, layout tables, headings, title
    links       where they lead, and what they say
    images      size, text alternatives
    legibility  contrast in the light and in the dark, links told by colour alone
    outlook     both readings of the conditional comments, each in balance
    leftovers   what somebody meant to replace

The checks on accessibility are those that the Email Markup Consortium counts.
"""

from collections.abc import Iterator
from itertools import chain

from ..model import Page
from .document import parse
from .findings import Finding
from .images import check_images
from .leftovers import check_leftovers
from .legibility import check_legibility
from .links import Link, check_links, links_of
from .outlook import check_outlook
from .structure import check_structure

__all__ = ["MAX_BYTES", "Finding", "Link", "inspect_page", "links_in"]

#: Gmail cuts a letter a little above; what it cuts off is the link to unsubscribe.
MAX_BYTES = 100_000


def inspect_page(page: Page, *, size: int) -> tuple[Finding, ...]:
    """
    All that is wrong with a page whose HTML travels in so many bytes.
    """
    document = parse(page.html)
    found = chain(
        _check_size(size),
        check_structure(document),
        check_links(document),
        check_images(document),
        check_legibility(document),
        check_outlook(page.html),
        check_leftovers(document, page),
    )
    return tuple(dict.fromkeys(found))


def links_in(html: str) -> tuple[Link, ...]:
    """
    Where the links of a page lead: for those who want to follow them.
    """
    return tuple(links_of(parse(html)))


def _check_size(size: int) -> Iterator[Finding]:
    if size > MAX_BYTES:
        yield Finding(
            level="error",
            message=f"{size:,} bytes of HTML, where Gmail cuts a letter off above {MAX_BYTES:,};"
            " print fewer stories (per_topic, max_articles)",
        )
