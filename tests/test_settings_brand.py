"""
What `[brand]` may say, and what becomes of it in letters, by day and in the dark.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.colours import READABLE, WHITE, contrast
from digest.errors import SettingsError
from digest.model import Brand
from digest.model.brand import CARDS
from digest.settings import load_settings

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
SETTINGS = """\
[site]
name = "Example Digests"
url = "https://digests.example.org"
address = "Example Ltd, 1 High Street, Anytown"
[newsletters.weekly]
title = "The Weekly"
from = "The Weekly <weekly@example.org>"
topics = ["AI"]
"""


def brand_of(folder: Path, lines: str) -> Brand:
    file = folder / "digest.toml"
    file.write_text(SETTINGS + lines, "utf-8")
    return load_settings(file, {}).newsletter("weekly").brand


def test_without_a_table_a_brand_is_ours(tmp_path: Path) -> None:
    assert brand_of(tmp_path, "") == Brand()


def test_a_newsletter_s_own_brand_comes_on_top_of_the_site_s(tmp_path: Path) -> None:
    brand = brand_of(
        tmp_path,
        "[newsletters.weekly.brand]\naccent = '#123'\nlogo = 'own.png'\n"
        "[newsletters.weekly.brand.topics]\nai = '#abcdef'\n"
        "[brand]\naccent = '#456789'\nwidth = 640\nradius = 8\n"
        "[brand.topics]\nAI = '#000000'\nArt = '#111111'\n",
    )

    assert (brand.accent, brand.width, brand.radius) == ("#112233", 640, 8)
    assert brand.logo == str(tmp_path / "own.png")
    assert dict(brand.topics) == {"ai": "#abcdef", "Art": "#111111"}


def test_fonts_are_written_without_quotes_where_they_need_none(tmp_path: Path) -> None:
    brand = brand_of(
        tmp_path, "[brand]\ntext_font = 'Charter, \"Open Sans\",Source Sans 3,serif'\n"
    )

    assert brand.text_font == "Charter, Open Sans, 'Source Sans 3', serif"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('accent = "red"', 'brand.accent: found "red", should be a colour such as'),
        ("text = 3", "brand.text: found 3, should be text in quotes"),
        ("width = 5000", "brand.width: found 5000, should be less than or equal to 720"),
        ("radius = -1", "brand.radius: found -1, should be greater than or equal to 0"),
        ('text_font = "Arial; x:y, serif"', "should be fonts in the order"),
        ('text_font = "Arial"', "and a general one at the end"),
        ("text_font = 'a</style>, serif'", "should be fonts in the order"),
        ('topics = { AI = "blue" }', 'brand.topics.AI: found "blue", should be a colour'),
        ('acent = "#fff"', 'brand.acent: unknown key; did you mean "accent"?'),
    ],
)
def test_what_cannot_be_is_an_error_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        brand_of(tmp_path, f"[brand]\n{line}\n")

    assert message in str(caught.value)
    assert f"digest.toml:{SETTINGS.count(chr(10)) + 2}: " in str(caught.value)


@given(
    accent=st.none() | COLOURS,
    background=COLOURS,
    text=st.none() | COLOURS,
    muted=st.none() | COLOURS,
    topic=COLOURS,
)
def test_any_brand_can_be_read_by_day_and_in_the_dark(
    accent: str | None, background: str, text: str | None, muted: str | None, topic: str
) -> None:
    brand = Brand(
        accent=accent,
        background=background,
        text=text,
        muted=muted,
        topics=(("AI", topic),),
    )

    for palette in (brand.light, brand.dark):
        written = [palette.text, palette.muted, palette.accent, *palette.topics.values()]
        assert min(contrast(each, palette.background) for each in written) >= READABLE


def test_colours_that_can_be_read_are_those_that_were_written() -> None:
    light = Brand(accent="#0b57a4", background="#fffef9", text="#111111", muted="#555555").light

    assert (light.accent, light.background, light.text, light.muted) == (
        "#0b57a4",
        "#fffef9",
        "#111111",
        "#555555",
    )


def test_a_dark_brand_is_the_same_in_the_dark() -> None:
    brand = Brand(background="#101010", text="#eeeeee")

    assert brand.dark == brand.light


def test_a_card_has_the_colour_of_its_section_s_title() -> None:
    brand = Brand(topics=(("Space Flight", "#5b3a8c"), ("Science", "#ff9900")))

    colours = brand.card_colours(["Science", "spaceflight"])

    assert colours == brand.light.topics


@pytest.mark.parametrize("background", ["#ffffff", "#fffdf7", "#101010"])
def test_white_can_be_read_on_every_card(background: str) -> None:
    brand = Brand(background=background, topics=(("Science", "#ff9900"), ("Art", "#ffffff")))

    colours = brand.card_colours(["Science", "Art", "Cities"])

    assert min(contrast(WHITE, each) for each in colours.values()) >= READABLE


def test_topics_do_not_share_a_colour_while_there_are_enough() -> None:
    topics = [f"Topic {number}" for number in range(2 * len(CARDS) + 1)]

    colours = [*Brand().card_colours(topics).values()]

    assert {*colours[: len(CARDS)]} == {*colours[len(CARDS) : -1]} == {*CARDS}
    assert colours[-1] in CARDS


def test_a_colour_that_somebody_chose_is_no_other_topic_s() -> None:
    for taken in CARDS:
        colours = Brand(topics=(("Science", taken),)).card_colours(["Art", "Cities", "Science"])

        assert [*colours.values()].count(taken) == 1


def test_a_topic_that_is_added_changes_no_other_s_colour() -> None:
    before = Brand().card_colours(["Science", "Cities"])

    after = Brand().card_colours(["Science", "Cities", "Art"])

    assert {**after, **before} == after


@pytest.mark.parametrize("background", ["#101020", "#000000", "#123456"])
def test_on_a_dark_background_colours_that_nobody_wrote_are_bright(background: str) -> None:
    light = Brand(background=background).light

    assert contrast(light.text, background) > 10
    assert contrast(light.muted, background) > 5
    assert contrast(light.accent, background) > 5
