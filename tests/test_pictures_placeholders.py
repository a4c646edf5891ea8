"""
Cards of ours: any label, any logo, whatever fonts there are.
"""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageFont

from digest.model import LEAD, THUMBNAIL, Slot
from digest.pictures.placeholders import FONTS, draw_placeholder

from .photos import encoded

SLOTS = pytest.mark.parametrize("slot", [LEAD, THUMBNAIL])


def card(label: str = "AB", logo: bytes = b"", slot: Slot = THUMBNAIL) -> Image.Image:
    return draw_placeholder(label, "#3d5a80", slot, logo)


def is_plain(image: Image.Image) -> bool:
    """
    Whether no letter stands on the card.
    """
    return ImageChops.difference(image, card("")).getbbox() is None


def has_font(char: str) -> bool:
    for name in FONTS:
        try:
            font = ImageFont.truetype(name, 40)
        except OSError:
            continue
        if bytes(font.getmask(char)) != bytes(font.getmask("\uffff")):
            return True
    return False


@pytest.mark.parametrize("label", ["AB", "É", "É", "ß1"])
def test_letters_are_written(label: str) -> None:
    assert not is_plain(card(label))


@pytest.mark.parametrize("label", ["ЖΩ", "Я", "ש", "李", "अ", "ع"])
def test_letters_of_other_scripts_are_written_where_there_is_a_font(label: str) -> None:
    assert is_plain(card(label)) != all(map(has_font, label))


@pytest.mark.parametrize("label", ["👩", "\u200b", "\ue000", "\U000f0000", "\n", "\0", "  "])
def test_what_is_no_letter_leaves_no_box(label: str) -> None:
    assert is_plain(card(label))


@settings(max_examples=50)
@given(label=st.text(max_size=3))
def test_any_label_makes_a_card(label: str) -> None:
    assert card(label).size == (THUMBNAIL.width, THUMBNAIL.height)


@SLOTS
def test_a_card_has_its_colour(slot: Slot) -> None:
    pixels = draw_placeholder("AB", "#ff9900", slot).resize((1, 1), Image.Resampling.BOX)

    assert pixels.getpixel((0, 0)) == pytest.approx((0xFF, 0x99, 0), abs=25)


@SLOTS
@pytest.mark.parametrize("size", [(16, 16), (50, 50), (256, 20), (20, 256)])
@pytest.mark.parametrize("ink", [(10, 10, 10), (250, 250, 250)])
def test_a_logo_lies_in_the_middle_and_stands_out(
    slot: Slot, size: tuple[int, int], ink: tuple[int, int, int]
) -> None:
    logo = encoded(Image.new("RGB", size, ink))

    drawn = card(logo=logo, slot=slot)

    middle = drawn.getpixel((slot.width // 2, slot.height // 2))
    assert middle == pytest.approx(ink, abs=2)
    changed = ImageChops.difference(drawn, card("", slot=slot)).getbbox()
    assert changed
    left, top, right, bottom = changed
    assert left == pytest.approx(slot.width - right, abs=2)
    assert top == pytest.approx(slot.height - bottom, abs=2)
    tile = drawn.getpixel((slot.width // 2, top + 1))
    assert isinstance(tile, tuple)
    assert abs(tile[0] - ink[0]) > 100


def test_a_logo_is_doubled_at_most() -> None:
    """
    Seen at half size it is then as large as it was made.
    """
    logo = Image.open(BytesIO(encoded(Image.new("RGB", (20, 20), "black"))))

    drawn = card(logo=encoded(logo), slot=LEAD)

    dark = drawn.convert("L").point(lambda value: 255 * (value < 20))
    left, _, right, _ = dark.getbbox() or (0, 0, 0, 0)
    assert right - left == pytest.approx(40, abs=2)
