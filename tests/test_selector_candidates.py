"""
The rules that say which articles may be printed, and which tell one story.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from digest.model import Article, Hand, Pin, Provider, Topic
from digest.taxonomy import Taxonomy
from tests.factories import (
    MONDAY,
    WINDOW,
    a_related,
    an_article,
    an_edition_by,
    reasons_of,
    sections_of,
)

DAY = timedelta(days=1)
TITLE = "Harbour council votes to restore the old clock tower"
ALIKE = "Harbour council votes to restore old clock towers"


def provided(slug: str, domain: str, **fields: object) -> Article:
    return an_article(slug=slug, provider=Provider(name=domain, domain=domain), **fields)


def titled(*titles: str) -> tuple[Article, ...]:
    """
    Articles of these titles, the hottest first: a, b, c…
    """
    return tuple(
        an_article(slug=chr(97 + n), title=title, heat=90 - n) for n, title in enumerate(titles)
    )


@pytest.mark.parametrize(
    ("rules", "fields", "reason"),
    [
        ({"min_heat": 51}, {}, "heat 50, below min_heat 51"),
        ({"min_quality": 51}, {}, "quality 50, below min_quality 51"),
        ({"types": ("article",)}, {"kind": "video"}, "type video, not among its types"),
        ({"exclude_words": ("Hello",)}, {}, 'the word "Hello" is excluded'),
        ({"exclude_words": ("EXCERPT",)}, {}, 'the word "EXCERPT" is excluded'),
        ({"exclude_domains": ("example.org",)}, {}, "domain example.org is excluded"),
        ({"exclude_domains": ("News.Example.ORG",)}, {}, "domain news.example.org is excluded"),
        ({"exclude_domains": (".example.org",)}, {}, "domain example.org is excluded"),
    ],
)
def test_a_rule_that_is_broken_is_named_with_its_numbers(
    rules: dict[str, Any], fields: dict[str, Any], reason: str
) -> None:
    edition = an_edition_by(an_article(slug="a", **fields), **rules)

    assert edition.sections == ()
    assert reasons_of(edition) == {"a": reason}


@pytest.mark.parametrize(
    "rules",
    [
        {"min_heat": 50},
        {"min_quality": 50},
        {"exclude_words": ("Hell", "llo", "excerpt.s")},
        {"exclude_domains": ("ample.org", "org.example", "other.example.org")},
        {"types": ("article",)},
        {"min_heat": None},
    ],
)
def test_what_breaks_no_rule_is_in(rules: dict[str, Any]) -> None:
    assert sections_of(an_edition_by(an_article(slug="a"), **rules)) == {"AI": ["a"]}


def test_the_address_tells_the_domain_as_well_as_the_provider() -> None:
    article = provided("a", "wire.example.net", url="https://spam.example.com/a")

    edition = an_edition_by(article, exclude_domains=("spam.example.com",))

    assert reasons_of(edition) == {"a": "domain spam.example.com is excluded"}


def test_heat_fades_by_half_with_every_half_life() -> None:
    old = an_article(slug="old", heat=100, published_at=MONDAY - 6 * DAY)
    new = an_article(slug="new", heat=30, published_at=MONDAY - DAY)

    faded = an_edition_by(old, new, decay=3 * DAY)

    assert sections_of(an_edition_by(old, new)) == {"AI": ["old", "new"]}
    # 100 after two half-lives is 25; 30 after a third of one is 23.8.
    assert sections_of(faded) == {"AI": ["old", "new"]}
    assert faded.reasons["old"] == "heat 100 (25 by its age), 1st of 5 in AI"
    assert sections_of(an_edition_by(old, new, decay=2 * DAY)) == {"AI": ["new", "old"]}


def test_without_decay_heat_is_shown_once() -> None:
    assert an_edition_by(an_article(slug="a")).reasons == {"a": "heat 50, 1st of 5 in AI"}


def test_the_lead_is_the_hottest_of_what_is_left() -> None:
    old = an_article(slug="old", heat=100, published_at=MONDAY - 6 * DAY)
    new = an_article(slug="new", heat=60, published_at=MONDAY - DAY)

    assert an_edition_by(old, new).lead.slug == "old"
    assert an_edition_by(old, new, decay=2 * DAY).lead.slug == "new"


def test_what_is_not_worth_rating_does_not_fade() -> None:
    articles = [an_article(slug=f"h{heat}", heat=heat) for heat in (-1, 0)]

    edition = an_edition_by(*articles, decay=DAY)

    assert edition.reasons["h-1"] == "heat -1, 2nd of 5 in AI"


def test_a_pin_from_the_far_future_does_not_explode_with_heat() -> None:
    future = an_article(slug="a", published_at=datetime.max.replace(tzinfo=MONDAY.tzinfo))

    edition = an_edition_by(future, hand=Hand(pins=(Pin(slug="a"),)), decay=timedelta(minutes=1))

    assert sections_of(edition) == {"AI": ["a"]}


def test_related_stories_are_folded_only_if_the_newsletter_says_so() -> None:
    lead = an_article(
        slug="lead", heat=90, related=(a_related(url="https://news.example.org/side"),)
    )
    side = an_article(slug="side", heat=80)

    assert sections_of(an_edition_by(lead, side)) == {"AI": ["lead"]}
    assert sections_of(an_edition_by(lead, side, fold_related=False)) == {"AI": ["lead", "side"]}


def test_files_of_one_address_are_folded_in_any_case() -> None:
    url = "https://news.example.org/same"
    one, two = an_article(slug="a", heat=2, url=url), an_article(slug="b", heat=1, url=url)

    edition = an_edition_by(one, two, fold_related=False, near_duplicates=None)

    assert reasons_of(edition) == {"b": "folded under a (the same address)"}


def test_titles_alike_are_one_story() -> None:
    edition = an_edition_by(*titled(TITLE, ALIKE))

    assert sections_of(edition) == {"AI": ["a"]}
    assert reasons_of(edition)["b"].startswith("folded under a (titles alike by 9")


def test_the_order_of_words_and_what_says_nothing_does_not_count() -> None:
    edition = an_edition_by(*titled(TITLE, "Old clock tower: how harbour council votes to restore"))

    assert reasons_of(edition) == {"b": "folded under a (titles alike by 100 %)"}


def test_near_duplicates_may_be_turned_off() -> None:
    edition = an_edition_by(*titled(TITLE, TITLE), near_duplicates=None)

    assert sections_of(edition) == {"AI": ["a", "b"]}


def test_the_threshold_is_the_newsletters() -> None:
    assert sections_of(an_edition_by(*titled(TITLE, ALIKE), near_duplicates=100)) == {
        "AI": ["a", "b"]
    }
    assert sections_of(an_edition_by(*titled(TITLE, ALIKE), near_duplicates=90)) == {"AI": ["a"]}


@pytest.mark.parametrize(
    "titles",
    [
        (
            "Harbour opens 12 new berths for sailing boats",
            "Harbour opens 13 new berths for sailing boats",
        ),
        (
            "Release notes harbour clock version v2 out",
            "Release notes harbour clock version v3 out",
        ),
        ("Harbour clock restored again", "Harbour clock restored again"),
        (
            "What is it that you have to do with the tide",
            "What is it that you have to do with the tide",
        ),
    ],
)
def test_other_numbers_and_short_titles_are_never_alike(titles: tuple[str, str]) -> None:
    assert sections_of(an_edition_by(*titled(*titles))) == {"AI": ["a", "b"]}


def test_a_keyword_gives_a_topic_to_an_article_without_one_and_says_so() -> None:
    taxonomy = Taxonomy(
        [Topic(name="Science"), Topic(name="Physics", parent="Science", keywords=("quark",))]
    )
    guessed = an_article(slug="a", title="The quark", topics=())
    told = an_article(slug="b", title="Another quark", topics=("Food",))

    edition = an_edition_by(guessed, told, topics=("Science",), taxonomy=taxonomy)

    assert sections_of(edition) == {"Science": ["a"]}
    assert edition.reasons["a"] == 'heat 50, 1st of 5 in Science; Physics by the word "quark"'
    assert reasons_of(edition) == {"b": "on none of the topics"}


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        (
            WINDOW.start - timedelta(minutes=1),
            "published 2026-11-16 05:59, before the window began at 2026-11-16 06:00",
        ),
        (WINDOW.start - 7 * DAY, "published 2026-11-09 06:00, before the window began"),
        (
            WINDOW.end,
            "published 2026-11-23 06:00, after the window ended at 2026-11-23 06:00",
        ),
        (WINDOW.end + 7 * DAY, "published 2026-11-30 06:00, after the window ended"),
    ],
)
def test_what_lies_just_outside_the_window_is_explained(moment: datetime, reason: str) -> None:
    edition = an_edition_by(an_article(slug="a", published_at=moment))

    assert edition.sections == ()
    assert reasons_of(edition)["a"].startswith(reason)


def test_what_lies_far_outside_or_is_of_no_interest_is_not_explained() -> None:
    outside = WINDOW.start - DAY
    edition = an_edition_by(
        an_article(slug="far", published_at=WINDOW.start - 7 * DAY - timedelta(seconds=1)),
        an_article(slug="later", published_at=WINDOW.end + 7 * DAY + timedelta(seconds=1)),
        an_article(slug="food", published_at=outside, topics=("Food",)),
        an_article(slug="gone", published_at=outside, removed=True),
        an_article(slug="hidden", published_at=outside, published=False),
    )

    assert edition.rejected == ()


def test_of_what_lies_outside_the_hottest_twenty_are_explained() -> None:
    articles = [
        an_article(slug=f"h{heat}", heat=heat, published_at=WINDOW.start - DAY)
        for heat in range(25)
    ]

    edition = an_edition_by(*articles)

    assert list(reasons_of(edition)) == [f"h{heat}" for heat in range(24, 4, -1)]
