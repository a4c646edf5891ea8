"""
A cut keeps what there is to see.
"""

import pytest
from PIL import Image, ImageDraw

from digest.model import LEAD, THUMBNAIL, Slot
from digest.pictures.cropping import crop_box

GREY = (120, 120, 120)


def a_scene(size: tuple[int, int], detail: tuple[int, int, int, int] | None = None) -> Image.Image:
    """
    A plain wall, and somewhere on it a pattern.
    """
    image = Image.new("RGB", size, GREY)
    if detail:
        pen = ImageDraw.Draw(image)
        left, top, right, bottom = detail
        for x in range(left, right, 16):
            pen.rectangle((x, top, x + 7, bottom), fill="black")
    return image


@pytest.mark.parametrize("slot", [LEAD, THUMBNAIL])
@pytest.mark.parametrize("left", [0, 300, 900, 1500])
def test_a_wide_picture_is_cut_around_its_detail(slot: Slot, left: int) -> None:
    image = a_scene((2000, 700), (left, 200, left + 300, 500))

    box = crop_box(image, slot)

    assert box[0] <= left + 25  # A step, of 96.
    assert box[2] >= left + 275
    assert (box[1], box[3]) == (0, 700)


@pytest.mark.parametrize("top", [0, 400, 1500])
def test_an_upright_picture_is_cut_around_its_detail(top: int) -> None:
    image = a_scene((900, 1800), (200, top, 700, top + 250))

    box = crop_box(image, THUMBNAIL)

    assert box[1] <= top + 20
    assert box[3] >= top + 230


@pytest.mark.parametrize("size", [(2000, 700), (1200, 800), (1000, 999)])
def test_a_plain_picture_is_cut_in_its_middle(size: tuple[int, int]) -> None:
    left, top, right, bottom = crop_box(a_scene(size), THUMBNAIL)

    assert left == pytest.approx(size[0] - right, abs=1)
    assert top == pytest.approx(size[1] - bottom, abs=1)


def test_an_upright_picture_without_detail_is_cut_nearer_to_where_heads_are() -> None:
    _, top, _, bottom = crop_box(a_scene((600, 1200)), THUMBNAIL)

    assert 0 < top < 1200 - bottom


def test_even_detail_does_not_move_the_cut() -> None:
    box = crop_box(a_scene((2000, 700), (0, 0, 2000, 700)), THUMBNAIL)

    assert box[0] == pytest.approx(2000 - box[2], abs=60)


def test_grain_is_no_detail() -> None:
    image = Image.effect_noise((2000, 700), 8).convert("RGB")

    box = crop_box(image, THUMBNAIL)

    assert box[0] == pytest.approx(2000 - box[2], abs=120)


@pytest.mark.parametrize("slot", [LEAD, THUMBNAIL])
@pytest.mark.parametrize("size", [(480, 120), (120, 480), (121, 121), (1104, 621), (4000, 1001)])
def test_a_cut_has_the_slot_s_shape_and_lies_inside_the_picture(
    slot: Slot, size: tuple[int, int]
) -> None:
    left, top, right, bottom = crop_box(a_scene(size, (0, 0, 40, 40)), slot)

    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    assert (right - left) / (bottom - top) == pytest.approx(slot.width / slot.height, rel=0.01)
