"""
The tables `[brand]` and `[newsletters.ID.brand]`: colours, fonts, measures, a logo.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from ...colours import parse_colour
from ...model import Brand
from ...text import topic_key
from .values import Line, Table

FAMILY = re.compile(r"-?[A-Za-z][A-Za-z0-9-]*( [A-Za-z0-9-]+)*")
#: A word that is no identifier, so that its name needs quotes, which lengthen every page.
NUMBERED = re.compile(r" [0-9-]")
#: A mail program without the others takes one of these; without one Outlook takes Times.
GENERIC = frozenset({"serif", "sans-serif", "monospace", "system-ui"})


def _fonts(value: str) -> str:
    families = [each.strip().strip("\"'") for each in value.split(",")]
    if not all(FAMILY.fullmatch(each) for each in families) or families[-1] not in GENERIC:
        raise ValueError(
            "should be fonts in the order in which they are tried, and a general one at the end:"
            ' "Georgia, Times New Roman, serif"'
        )
    return ", ".join(f"'{each}'" if NUMBERED.search(each) else each for each in families)


Colour = Annotated[str, AfterValidator(parse_colour)]
Fonts = Annotated[str, AfterValidator(_fonts)]


class BrandTable(Table):
    accent: Colour | None = None
    background: Colour | None = None
    text: Colour | None = None
    muted: Colour | None = None
    topics: dict[str, Colour] = Field(default_factory=dict)
    heading_font: Fonts | None = None
    text_font: Fonts | None = None
    width: int | None = Field(default=None, ge=480, le=720)
    radius: int | None = Field(default=None, ge=0, le=40)
    logo: Line | None = None


def brand_of(folder: Path, *tables: BrandTable) -> Brand:
    """
    What the tables say together; where both say something, the later one counts.
    """
    said: dict[str, Any] = {}
    topics: dict[str, tuple[str, str]] = {}
    for table in tables:
        said |= table.model_dump(exclude_none=True, exclude={"topics"})
        topics |= {topic_key(name): (name, colour) for name, colour in table.topics.items()}
    if "logo" in said:
        said["logo"] = os.path.normpath(folder / str(said["logo"]))
    return Brand(**said, topics=tuple(topics.values()))
