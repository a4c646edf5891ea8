"""
The colours of our own pages and mails, made of a brand so that all of them can be read.
"""

from dataclasses import dataclass, fields

from ..colours import BLACK, READABLE, WHITE, contrast, is_dark, mix, readable
from ..model import Brand, Palette

#: How much darker the ground is than what lies on it, in the light and in the dark.
SHADES = (0.055, 0.35)


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """
    Those of one scheme. Text has a contrast of 4.5 or more on whatever it stands on.
    """

    ground: str
    card: str
    ink: str
    muted: str
    line: str
    accent: str
    on_accent: str


def colours_of(palette: Palette) -> Colours:
    """
    The ground is a shade darker than the card, where the same text can be read on both.
    """
    card = palette.background
    texts = (palette.text, palette.muted, palette.accent)
    ground = mix(card, BLACK, SHADES[is_dark(card)])
    ink, muted, accent = (readable(each, ground) for each in texts)
    if min(contrast(each, card) for each in (ink, muted, accent)) < READABLE:
        ground, (ink, muted, accent) = card, texts
    return Colours(
        ground=ground,
        card=card,
        ink=ink,
        muted=muted,
        line=palette.line,
        accent=accent,
        on_accent=WHITE if contrast(WHITE, accent) >= READABLE else BLACK,
    )


def css_of(brand: Brand) -> str:
    """
    One custom property each; colours follow the reader's scheme.
    """
    light, dark = colours_of(brand.light), colours_of(brand.dark)
    colours = "".join(
        f"--{name.replace('_', '-')}:light-dark({getattr(light, name)},{getattr(dark, name)});"
        for name in (field.name for field in fields(Colours))
    )
    fonts = f"--heading:{brand.heading_font};--body:{brand.text_font};"
    return f":root{{{colours}{fonts}--radius:{brand.radius}px}}"
