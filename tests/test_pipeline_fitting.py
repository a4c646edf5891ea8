"""
A letter is shortened until mail programs show it whole, and by no more than that.
"""

from random import Random

import pytest

from digest.composer import bound_of_html, quote_text, size_of_html
from digest.model import Edition, Page, Shortening
from digest.pipeline.fitting import MAX_BYTES, fit, shortened
from digest.renderer import Renderer, shipped_themes

from .factories import (
    ISSUE,
    MARKS,
    SITE,
    a_newsletter,
    a_page,
    a_related,
    an_article,
    an_edition,
)

WORDS = (
    "a story of many words, told \N{EN DASH} as ever \N{EN DASH} by people who “were there” then"
)
RENDERER = Renderer([shipped_themes()])


class Press:
    """
    Renders with a shipped theme, and remembers what it was asked for.
    """

    def __init__(self, theme: str = "default") -> None:
        self.theme = theme
        self.asked: list[Shortening | None] = []

    def __call__(self, edition: Edition, shortening: Shortening | None) -> Page:
        self.asked.append(shortening)
        return RENDERER.render(
            edition,
            newsletter=a_newsletter(theme=self.theme),
            issue=ISSUE,
            site=SITE,
            pictures={},
            marks=MARKS,
            shortening=shortening,
        )


def a_large_edition(stories: int, related: int, words: int = 20) -> Edition:
    random = Random(1)  # noqa: S311 - no secret
    return an_edition(
        *(
            an_article(
                slug=f"story-{number}",
                title=f"Story {number}",
                heat=random.randrange(100),
                excerpt=" ".join(random.choices(WORDS.split(), k=words)),
                related=tuple(
                    a_related(
                        title=f"Also {number}-{each}", url=f"https://e.example/{number}/{each}"
                    )
                    for each in range(related)
                ),
            )
            for number in range(stories)
        )
    )


def parts_of(shortening: Shortening | None) -> tuple[int | None, int | None, int]:
    assert shortening is not None
    return shortening.excerpts, shortening.related, len(shortening.dropped)


def test_what_fits_is_rendered_once_and_left_alone() -> None:
    press = Press()

    page = fit(a_large_edition(12, 3), press)

    assert press.asked == [None]
    assert (page.web, page.shortening) == (None, None)


@pytest.mark.parametrize("theme", ["default", "compact", "plain"])
@pytest.mark.parametrize(
    ("stories", "related", "words"), [(60, 6, 60), (100, 16, 60), (300, 0, 10)]
)
def test_any_edition_fits_and_is_whole_on_the_web_and_as_text(
    theme: str, stories: int, related: int, words: int
) -> None:
    press = Press(theme)
    edition = a_large_edition(stories, related, words)

    page = fit(edition, press)

    assert len(quote_text(page.html)) < size_of_html(page) < MAX_BYTES
    assert len(press.asked) <= 12
    if page.shortening:
        assert page.web is not None
        assert f"{SITE.url}/w/{MARKS['view']}/2026-11-23" in page.html
    for article in edition.articles:
        assert f">{article.title}<" in (page.web or page.html)
        for each in (article.title, article.url, *(other.url for other in article.related)):
            assert each in page.text
    assert edition.lead.title in page.html


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        pytest.param(0.99, (240, None, 0), id="excerpts first"),
        pytest.param(0.8, (80, 4, 0), id="then related stories"),
        pytest.param(0.35, (80, 0, 11), id="then the coolest stories"),
    ],
)
def test_a_letter_loses_as_little_as_it_takes_in_this_order(
    share: float, expected: tuple[int | None, int | None, int]
) -> None:
    edition = a_large_edition(20, 6, words=60)
    limit = round(size_of_html(Press()(edition, None)) * share)

    page = fit(edition, Press(), limit=limit)

    excerpts, related, dropped = parts_of(page.shortening)
    wanted, others, stories = expected
    assert (excerpts, dropped) == (wanted, stories)
    assert related == others
    assert size_of_html(page) < limit


def test_the_coolest_stories_go_first_the_lead_never_and_pinned_ones_last() -> None:
    edition = an_edition(
        *(
            an_article(slug=name, heat=heat, title=name)
            for name, heat in (("lead", 99), ("warm", 50), ("cool", 20), ("pinned", 1))
        )
    )

    def dropped(limit: int) -> tuple[str, ...]:
        def render(edition: Edition, shortening: Shortening | None) -> Page:
            return a_page(html="x" * (1_000 * edition.size))

        shortening = fit(edition, render, pinned={"pinned"}, limit=limit).shortening
        return shortening.dropped if shortening else ()

    assert dropped(5_000) == ()
    assert dropped(3_500) == ("cool",)
    assert dropped(2_500) == ("cool", "warm")
    assert dropped(1_500) == ("cool", "warm", "pinned")
    assert dropped(10) == ("cool", "warm", "pinned")


def test_shortening_keeps_the_lead_and_leaves_no_section_empty() -> None:
    edition = a_large_edition(3, 2, words=60)
    others = tuple(each.slug for each in edition.articles if each is not edition.lead)

    (article,) = shortened(edition, Shortening(excerpts=80, related=1, dropped=others)).articles

    assert article.slug == edition.lead.slug
    assert 80 < len(article.excerpt) <= 161
    assert article.excerpt.endswith("…")
    assert len(article.related) == 1


@pytest.mark.parametrize(
    "text",
    ["", "plain", "= = =", "é" * 500, ".F.F" * 300, f"{MARKS['view']} " * 50, "x\n" * 9],
)
def test_the_quick_bound_is_never_below_the_size(text: str) -> None:
    page = a_page(html=text)

    assert size_of_html(page) <= bound_of_html(page)
    assert bound_of_html(page) < size_of_html(page) * 1.1 + 200
