"""
Colours are mixed, and made readable by as little as it takes.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.colours import READABLE, contrast, is_dark, mix, parse_colour, readable

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("written", "colour"),
    [("#a3330f", "#a3330f"), ("#ABC", "#aabbcc"), ("#FFFFFF", "#ffffff")],
)
def test_a_colour_is_six_digits(written: str, colour: str) -> None:
    assert parse_colour(written) == colour


@pytest.mark.parametrize("text", ["red", "#12", "#1234567", "a3330f", "#ggg", "", "#fff;x:y"])
def test_anything_else_is_no_colour(text: str) -> None:
    with pytest.raises(ValueError, match="should be a colour such as"):
        parse_colour(text)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#ffffff") == pytest.approx(1)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_mixing_goes_from_the_one_to_the_other() -> None:
    assert [mix("#000000", "#ff8000", share) for share in (0, 0.5, 1)] == [
        "#000000",
        "#804000",
        "#ff8000",
    ]


@given(colour=COLOURS, ground=COLOURS)
def test_any_colour_can_be_made_readable_on_any_ground(colour: str, ground: str) -> None:
    assert contrast(readable(colour, ground), ground) >= READABLE


@given(colour=COLOURS)
def test_what_can_be_read_stays_as_it_is(colour: str) -> None:
    ground = "#000000" if not is_dark(colour) else "#ffffff"

    assert readable(colour, ground, 1.5) == colour or contrast(colour, ground) < 1.5


def test_a_faint_colour_is_changed_by_no_more_than_it_takes() -> None:
    assert contrast(readable("#ff8800", "#ffffff"), "#ffffff") == pytest.approx(4.5, abs=0.1)
