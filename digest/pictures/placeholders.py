"""
Pictures we draw ourselves: a card in the topic's colour, with a logo or with initials.

It is made like the device of an old printer: fine rings as if engraved, and a seal on them.
"""

import hashlib
import unicodedata
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw, ImageFont

from ..model import LEAD, Slot

INK = (255, 255, 255)
#: How much of the ink: the rings, and the line around a seal.
FAINT, CLEAR = 30, 150
#: How much lighter than its colour a card is at the top, and how much darker at the bottom.
SHADE = 26
#: Drawn so many times as large, for smooth lines.
FINE = 2
#: Of the card's height: the way from ring to ring.
RINGS = 0.05
#: Where their middle may be, as shares of width and height.
MIDDLES = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.2, 1.2), (0.8, 1.2), (0.5, 1.3))
#: Of the card's height, or of a thumbnail's as wide as it: the seal's radius, its letters, and the
#: tile that a logo lies on. A lead is seen from nearer.
SEAL, LETTERS, TILE, NEARER = 0.34, 0.3, 0.64, 0.6
#: Of the tile's side, left free on each.
MARGIN = 0.12
#: Fonts that many systems have, for what Pillow's own lacks. None of them is needed.
FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansArabic-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "wqy-zenhei.ttc",
    "unifont.ttf",
    "Arial Unicode.ttf",
)
NOT_A_CHARACTER = "\uffff"
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw_placeholder(label: str, colour: str, slot: Slot, logo: bytes = b"") -> Image.Image:
    """
    A card that fills the slot. `logo` is a picture of ours; without one, the label is written.
    """
    text, font = (
        ("", None) if logo else _written(label, round(slot.height * _scale(slot) * LETTERS))
    )
    card = _engraved(colour, text, slot)
    if logo:
        _lay(card, slot, logo)
    elif text and font:
        pen = ImageDraw.Draw(card)
        pen.text((slot.width / 2, slot.height / 2), text, fill=INK, font=font, anchor="mm")
    return card


def _scale(slot: Slot) -> float:
    return NEARER if slot.name == LEAD.name else 1.0


def _engraved(colour: str, text: str, slot: Slot) -> Image.Image:
    """
    The ground, with a seal in its middle where there is something to stand in it.
    """
    plain = Image.new("RGB", (slot.width, slot.height), colour)
    ground = ImageChops.add(plain, _shade(slot), offset=-SHADE // 2)
    turn = hashlib.sha256(f"{colour}:{text}".encode()).digest()[0]
    wide, high = slot.width * FINE, slot.height * FINE
    lines = Image.new("L", (wide, high), 0)
    pen = ImageDraw.Draw(lines)
    across, down = MIDDLES[turn % len(MIDDLES)]
    step, stroke = high * RINGS * _scale(slot), max(1, round(high * RINGS * _scale(slot) * 0.14))
    for ring in range(1, int((wide + high) * 1.5 / step)):
        pen.circle((wide * across, high * down), ring * step, outline=FAINT, width=stroke)
    if text:
        centre, radius = (wide / 2, high / 2), high * SEAL * _scale(slot)
        pen.circle(centre, radius * 1.12, fill=0)
        pen.circle(centre, radius, outline=CLEAR, width=stroke * 2)
    lines = lines.resize(plain.size, Image.Resampling.LANCZOS)
    ground.paste(INK, mask=lines)
    return ground


def _shade(slot: Slot) -> Image.Image:
    """
    From light at the top to dark at the bottom, by a little.
    """
    ramp = Image.linear_gradient("L").transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    ramp = ramp.point([round(level * SHADE / 255) for level in range(256)])
    return Image.merge("RGB", [ramp.resize((slot.width, slot.height))] * 3)


def _lay(card: Image.Image, slot: Slot, logo: bytes) -> None:
    """
    A logo on a white tile. Seen at half size, it may be doubled and still be as sharp as it was.
    """
    with Image.open(BytesIO(logo), formats=("JPEG", "PNG")) as image:
        mark = image.convert("RGBA")
    tile = card.height * TILE * _scale(slot)
    room = tile * (1 - 2 * MARGIN)
    scale = min(2.0, room / mark.width, room / mark.height)
    size = max(1, round(mark.width * scale)), max(1, round(mark.height * scale))
    mark = mark.resize(size, Image.Resampling.LANCZOS)
    side = min(max(size) / (1 - 2 * MARGIN), tile)
    left, top = (card.width - side) / 2, (card.height - side) / 2
    ground = "white" if _is_dark(mark) else "#22262b"
    pen = ImageDraw.Draw(card)
    pen.rounded_rectangle((left, top, left + side, top + side), radius=side * 0.1, fill=ground)
    card.paste(mark, ((card.width - size[0]) // 2, (card.height - size[1]) // 2), mark)


def _is_dark(mark: Image.Image) -> bool:
    """
    Whether white is what it can be seen on; of an opaque one it is all the same.
    """
    pixel = mark.resize((1, 1), Image.Resampling.BOX).convert("RGB").convert("L")
    return pixel.tobytes()[0] < 200  # noqa: PLR2004


def _written(label: str, size: int) -> tuple[str, Font]:
    """
    The label in a font that has all of it; else what Pillow's own font has of it.
    """
    plain = unicodedata.normalize("NFKD", label)
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    latin = "".join(char for char in plain if char.isascii() and char.isprintable())
    if latin != plain and label.isalnum():
        for name in FONTS:
            font = _font(name, size)
            if font and all(_has(font, char) for char in label):
                return label, font
    return latin.strip(), ImageFont.load_default(size)


@lru_cache(maxsize=32)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def _has(font: ImageFont.FreeTypeFont, char: str) -> bool:
    """
    Fonts draw an empty box for what they lack.
    """
    return bytes(font.getmask(char)) != bytes(font.getmask(NOT_A_CHARACTER))
