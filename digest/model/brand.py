"""
How the letters of a newsletter look: colours, fonts, measures, a logo.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from ..colours import BLACK, READABLE, WHITE, is_dark, mix, readable
from ..text import topic_key

#: What a colour that we choose ourselves has more of than it needs.
COMFORTABLE = 5.5
#: Of middle darkness: quiet on white paper and on black.
CARDS = ("#3d5a80", "#7a4069", "#2f6b5e", "#8a4b2d", "#4f5d2f", "#5b4b8a", "#7b3b3b", "#31708e")
ACCENT, INK = "#a3330f", "#1d2024"


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

    Colours that nobody wrote follow from the background.
    """

    accent: str | None = None
    background: str = WHITE
    text: str | None = None
    muted: str | None = None
    topics: tuple[tuple[str, str], ...] = ()  #: topic and colour
    heading_font: str = "Georgia, Times New Roman, serif"
    text_font: str = "-apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
    width: int = 600
    radius: int = 0
    logo: str | None = None  #: the path of its file

    @property
    def light(self) -> Palette:
        ink = _bright_on(self.background) if is_dark(self.background) else INK
        return _palette(self, self.background, self.text or ink, READABLE)

    @property
    def dark(self) -> Palette:
        """
        For readers in the dark; a brand that is dark itself stays as it is.
        """
        if is_dark(self.background):
            return self.light
        text = self.text or INK
        ground = mix(text, BLACK, 0.35) if is_dark(text) else BLACK
        return _palette(self, ground, _bright_on(ground), COMFORTABLE)

    def card_colours(self, topics: Iterable[str]) -> Mapping[str, str]:
        """
        What cards of these topics are drawn on, by topic key; white can be read on it.

        A topic has the colour of its sections' titles. Those without one get others, each its
        own while there are enough; topics that are added at the end leave those before alone.
        """
        colours = {key: readable(own, WHITE) for key, own in self.light.topics.items()}
        free: list[str] = []
        for key in dict.fromkeys(map(topic_key, topics)):
            if key not in colours:
                free = free or [each for each in CARDS if each not in colours.values()] or [*CARDS]
                colours[key] = _chosen(key, free)
                free.remove(colours[key])
        return colours


def _bright_on(ground: str) -> str:
    return mix(WHITE, ground, 0.1)


@cache
def _palette(brand: Brand, background: str, text: str, least: float) -> Palette:
    text = readable(text, background)
    muted = brand.muted if brand.muted and background == brand.background else None
    return Palette(
        background=background,
        text=text,
        muted=readable(muted or mix(text, background, 0.32), background),
        line=mix(text, background, 0.82),
        accent=readable(brand.accent or ACCENT, background, least if brand.accent else COMFORTABLE),
        topics={
            topic_key(topic): readable(colour, background, least) for topic, colour in brand.topics
        },
    )


def _chosen(key: str, colours: Sequence[str]) -> str:
    """
    The one that a topic likes best, wherever it is free.
    """
    import hashlib

    return min(colours, key=lambda each: hashlib.sha256(f"{key} {each}".encode()).digest())


#: What letters look like where nobody says anything else.
OURS = Brand()
