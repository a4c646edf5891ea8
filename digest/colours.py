"""
Colours as `#rrggbb`: mixed, and made readable on what is behind them.

Contrast is that of WCAG 2: (lighter + 0.05) / (darker + 0.05), of relative luminances.
"""

import re

#: WCAG 2.2, 1.4.3: what text needs against its ground.
READABLE = 4.5
HEX = re.compile(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")
BLACK, WHITE = "#000000", "#ffffff"
DARK = 0.18  #: a luminance below which white text reads better than black
#: Halvings of the way to black or white: finer than one step of 255.
STEPS = 9


def parse_colour(text: str) -> str:
    """
    `#rrggbb` of `#rgb` or `#RRGGBB`. ValueError if it is no such colour.
    """
    if not HEX.fullmatch(text):
        raise ValueError('should be a colour such as "#a3330f"')
    digits = text[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * each for each in digits))  # noqa: PLR2004


def mix(colour: str, other: str, share: float) -> str:
    """
    A colour with so much of the other in it: 0 is the one, 1 the other.
    """
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def luminance(colour: str) -> float:
    red, green, blue = map(_linear, _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(colour: str, ground: str) -> float:
    """
    From 1, the same, to 21, black on white.
    """
    darker, lighter = sorted((luminance(colour), luminance(ground)))
    return (lighter + 0.05) / (darker + 0.05)


def is_dark(colour: str) -> bool:
    return luminance(colour) < DARK


def readable(colour: str, ground: str, least: float = READABLE) -> str:
    """
    The colour, or the nearest one towards black or white that has enough contrast.
    """
    if contrast(colour, ground) >= least:
        return colour
    end = WHITE if is_dark(ground) else BLACK
    short, enough = 0.0, 1.0
    for _ in range(STEPS):
        middle = (short + enough) / 2
        if contrast(mix(colour, end, middle), ground) >= least:
            enough = middle
        else:
            short = middle
    return mix(colour, end, enough)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _linear(channel: int) -> float:
    share = channel / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
