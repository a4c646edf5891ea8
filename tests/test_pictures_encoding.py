"""
Bytes: few enough for the slot, whatever the picture is.
"""

from io import BytesIO

import pytest
from PIL import Image

from digest.model import LEAD, LOGO, THUMBNAIL, Slot
from digest.pictures.encoding import DARK, LIGHT, encode
from digest.pictures.wire import MAGIC

from .photos import BLUE, RED, pixel

SLOTS = pytest.mark.parametrize("slot", [LEAD, THUMBNAIL, LOGO])


def noise(slot: Slot, mode: str) -> Image.Image:
    """
    What compresses worst.
    """
    size = slot.width, slot.height
    return Image.merge(mode, [Image.effect_noise(size, 250) for _ in mode])


@SLOTS
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_no_picture_is_larger_than_its_slot_allows(slot: Slot, mode: str) -> None:
    made = encode(noise(slot, mode), slot)

    assert len(made.data) <= slot.max_bytes
    assert made.data.startswith(MAGIC[made.suffix])
    assert Image.open(BytesIO(made.data)).size == (slot.width, slot.height)


@pytest.mark.parametrize("allowed", [1_000_000, 160_000, 100_000, 60_000])
def test_the_quality_is_only_as_low_as_it_has_to_be(allowed: int) -> None:
    picture = noise(LEAD, "RGB")
    slot = Slot(name="lead", width=LEAD.width, height=LEAD.height, max_bytes=allowed)
    wider = Slot(name="lead", width=LEAD.width, height=LEAD.height, max_bytes=allowed * 2)

    made, better = encode(picture.copy(), slot), encode(picture.copy(), wider)

    assert len(made.data) <= allowed
    assert len(better.data) >= len(made.data)


def test_what_no_quality_makes_small_enough_loses_its_detail() -> None:
    slot = Slot(name="lead", width=LEAD.width, height=LEAD.height, max_bytes=20_000)

    made = encode(noise(LEAD, "RGB"), slot)

    assert len(made.data) <= 20_000
    assert (made.width, made.height) == (LEAD.width, LEAD.height)


def test_transparency_that_costs_too_much_is_laid_on_a_ground() -> None:
    picture = noise(LEAD, "RGBA")

    made = encode(picture, LEAD)

    assert made.suffix == "jpg"


def test_a_transparent_picture_has_few_colours_and_keeps_them() -> None:
    picture = Image.new("RGBA", (240, 160), (0, 0, 0, 0))
    picture.paste((*RED, 255), (0, 0, 120, 160))
    picture.paste((*BLUE, 128), (120, 0, 240, 80))

    made = encode(picture, THUMBNAIL)

    kept = Image.open(BytesIO(made.data))
    assert kept.mode == "P"
    assert pixel(kept.convert("RGBA"), 0.2, 0.5) == RED
    assert kept.convert("RGBA").getpixel((180, 40)) == pytest.approx((*BLUE, 128), abs=3)
    assert kept.convert("RGBA").getpixel((180, 120))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(("ink", "ground"), [((20, 20, 20), LIGHT), ((250, 250, 250), DARK)])
def test_what_can_be_seen_through_gets_a_ground_that_it_stands_out_from(
    ink: tuple[int, int, int], ground: str
) -> None:
    picture = Image.new("RGBA", (240, 160), (*ink, 0))
    picture.paste((*ink, 255), (60, 40, 180, 120))

    assert encode(picture, THUMBNAIL).colour == ground


def test_an_opaque_picture_loads_little_by_little() -> None:
    made = encode(Image.new("RGB", (240, 160), RED), THUMBNAIL)

    kept = Image.open(BytesIO(made.data))
    assert kept.info["progressive"]
    assert made.colour == "#c80000"


def test_nothing_but_pixels_is_written() -> None:
    picture = Image.new("RGB", (240, 160), RED)
    picture.info |= {"comment": b"SECRET", "exif": b"Exif\0\0SECRET", "icc_profile": b"SECRET"}

    made = encode(picture, THUMBNAIL)

    assert b"SECRET" not in made.data
    assert Image.open(BytesIO(made.data)).info.keys() <= {
        "jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression",
    }  # fmt: skip
