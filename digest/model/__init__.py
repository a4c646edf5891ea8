"""
The nouns: what one stage hands to the next. Frozen, and free of I/O.

    Article -> Edition -> Page -> Letter -> Receipt

Datetimes are aware and in UTC.
"""

from .articles import Article, Image, Problem, Provider, Related, Topic, Window
from .brand import Brand, Palette
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
from .letters import Kind, Letter, Outcome, Page, Receipt, Recipient, Shortening, Tally
from .pictures import LEAD, LOGO, THUMBNAIL, Picture, PictureLimits, Slot, Sought
from .readers import BARRED, Cause, Change, Event, Meaning, Policy, Standing, State, Verdict

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
