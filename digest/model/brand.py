"""
How the letters of a newsletter look: colours, fonts, measures, a logo.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ..colours import BLACK, READABLE, WHITE, is_dark, mix, readable
from ..text import topic_key

#: What a colour that we choose ourselves has more of than it needs.
COMFORTABLE = 5.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """
    The colours of one scheme. All but those of lines can be read on the background.
    """

    background: str
    text: str
    muted: str
    line: str
    accent: str
    topics: Mapping[str, str]  #: by topic key; the others have the accent


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """
    What `[brand]` says, as it was written; letters use its palettes.
    """

    accent: str = "#a3330f"
    background: str = WHITE
    text: str = "#1d2024"
    muted: str | None = None
    topics: tuple[tuple[str, str], ...] = ()  #: topic and colour
    heading_font: str = "Georgia, Times New Roman, serif"
    text_font: str = "-apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
    width: int = 600
    radius: int = 0
    logo: str | None = None  #: the path of its file

    @property
    def light(self) -> Palette:
        return _palette(self, self.background, self.text, READABLE)

    @property
    def dark(self) -> Palette:
        """
        For readers in the dark; a brand that is dark itself stays as it is.
        """
        if is_dark(self.background):
            return self.light
        ground = mix(self.text, BLACK, 0.35) if is_dark(self.text) else BLACK
        return _palette(self, ground, mix(WHITE, ground, 0.1), COMFORTABLE)


@cache
def _palette(brand: Brand, background: str, text: str, least: float) -> Palette:
    text = readable(text, background)
    muted = brand.muted if brand.muted and background == brand.background else None
    return Palette(
        background=background,
        text=text,
        muted=readable(muted or mix(text, background, 0.32), background),
        line=mix(text, background, 0.82),
        accent=readable(brand.accent, background, least),
        topics={
            topic_key(topic): readable(colour, background, least) for topic, colour in brand.topics
        },
    )


#: What letters look like where nobody says anything else.
OURS = Brand()
