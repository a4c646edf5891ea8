"""
The nouns: what one stage hands to the next. Frozen, and free of I/O.

    Article -> Edition -> Page -> Letter -> Receipt

Datetimes are aware and in UTC.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .articles import Article, Image, Problem, Provider, Related, Topic, Window
    from .brand import Brand, Palette
    from .editions import (
        Edition,
        Entry,
        Hand,
        Issue,
        Newsletter,
        Pin,
        Policy,
        Rejection,
        Section,
        Site,
        Subscriber,
    )
    from .letters import Kind, Letter, Outcome, Page, Receipt, Recipient, Shortening, Tally
    from .pictures import LEAD, LOGO, THUMBNAIL, Picture, PictureLimits, Slot, Sought
    from .readers import BARRED, Cause, Change, Event, Meaning, Standing, State, Verdict

__all__ = [
    "BARRED",
    "LEAD",
    "LOGO",
    "THUMBNAIL",
    "Article",
    "Brand",
    "Cause",
    "Change",
    "Edition",
    "Entry",
    "Event",
    "Hand",
    "Image",
    "Issue",
    "Kind",
    "Letter",
    "Meaning",
    "Newsletter",
    "Outcome",
    "Page",
    "Palette",
    "Picture",
    "PictureLimits",
    "Pin",
    "Policy",
    "Problem",
    "Provider",
    "Receipt",
    "Recipient",
    "Rejection",
    "Related",
    "Section",
    "Shortening",
    "Site",
    "Slot",
    "Sought",
    "Standing",
    "State",
    "Subscriber",
    "Tally",
    "Topic",
    "Verdict",
    "Window",
]

#: What is in each module. To make their classes takes half of the time in which a run selects, and
#: it needs but some of them: a module is loaded when somebody wants one of its nouns.
NOUNS = {
    "articles": "Article Image Problem Provider Related Topic Window",
    "brand": "Brand Palette",
    "editions": "Edition Entry Hand Issue Newsletter Pin Policy Rejection Section Site Subscriber",
    "letters": "Kind Letter Outcome Page Receipt Recipient Shortening Tally",
    "pictures": "LEAD LOGO Picture PictureLimits Slot Sought THUMBNAIL",
    "readers": "BARRED Cause Change Event Meaning Standing State Verdict",
}
HOMES = {noun: module for module, nouns in NOUNS.items() for noun in nouns.split()}


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f".{HOMES[name]}", __name__), name)
    return found
