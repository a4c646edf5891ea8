"""
The nouns: what one stage hands to the next. Frozen, and free of I/O.

    Article -> Edition -> Page -> Letter -> Receipt

Datetimes are aware and in UTC.
"""

from .articles import Article, Image, Problem, Provider, Related, Topic, Window
from .editions import (
    Edition,
    Entry,
    Hand,
    Issue,
    Newsletter,
    Pin,
    Rejection,
    Section,
    Site,
    Subscriber,
)
from .letters import (
    LEAD,
    THUMBNAIL,
    Letter,
    Outcome,
    Page,
    Picture,
    Receipt,
    Recipient,
    Slot,
    Tally,
)

__all__ = [
    "LEAD",
    "THUMBNAIL",
    "Article",
    "Edition",
    "Entry",
    "Hand",
    "Image",
    "Issue",
    "Letter",
    "Newsletter",
    "Outcome",
    "Page",
    "Picture",
    "Pin",
    "Problem",
    "Provider",
    "Receipt",
    "Recipient",
    "Rejection",
    "Related",
    "Section",
    "Site",
    "Slot",
    "Subscriber",
    "Tally",
    "Topic",
    "Window",
]
