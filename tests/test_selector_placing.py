"""
Who gets a place, the editor's pins and drops, thin weeks, and a reason for everybody else.
"""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Article, Hand, Pin, Provider, Topic, Window
from digest.selector import Selector
from digest.selector.pins import stories_meant
from digest.taxonomy import Taxonomy
from tests.factories import (
    MONDAY,
    WINDOW,
    a_newsletter,
    a_related,
    an_article,
    an_edition_by,
    reasons_of,
    sections_of,
)

DAY = timedelta(days=1)
FAMILY = Taxonomy(
    [
        Topic(name="Science"),
        Topic(name="Physics", parent="Science"),
        Topic(name="Biology", parent="Science", aliases=("Life",)),
    ]
)


def hot(*heats: int, prefix: str = "h", **fields: Any) -> list[Article]:
    """
    Articles named by their heat.
    """
    return [an_article(slug=f"{prefix}{heat}", heat=heat, **fields) for heat in heats]


def pinned(*pins: Pin, drops: tuple[str, ...] = ()) -> Hand:
    return Hand(pins=pins, drops=drops)


# A parent and its children


def test_a_parent_takes_the_articles_of_its_children_as_one_section() -> None:
    articles = [
        *hot(3, topics=("Physics",)),
        *hot(2, topics=("Science",)),
        *hot(1, topics=("Life",)),
    ]

    edition = an_edition_by(*articles, topics=("science",), taxonomy=FAMILY)

    assert sections_of(edition) == {"Science": ["h3", "h2", "h1"]}


def test_a_parent_with_a_star_makes_a_section_of_each_child() -> None:
    articles = [
        *hot(3, topics=("Physics",)),
        *hot(2, topics=("Science",)),
        *hot(1, topics=("Life",)),
    ]

    edition = an_edition_by(*articles, topics=("Science/*",), taxonomy=FAMILY)

    assert sections_of(edition) == {"Physics": ["h3"], "Biology": ["h1"]}
    assert reasons_of(edition) == {"h2": "on none of the topics"}


# Limits


def test_an_edition_takes_as_many_as_it_may_in_all() -> None:
    articles = [*hot(4, 3), *hot(2, 1, topics=("Food",))]

    edition = an_edition_by(*articles, topics=("AI", "Food"), max_articles=3)

    assert sections_of(edition) == {"AI": ["h4", "h3"], "Food": ["h2"]}
    assert reasons_of(edition) == {"h1": "heat 1, the issue already has 3"}


def test_one_provider_takes_as_many_places_as_it_may() -> None:
    other = Provider(name="Other", domain="other.example.org")

    edition = an_edition_by(*hot(4, 3, 2), *hot(1, provider=other), per_provider=2)

    assert sections_of(edition) == {"AI": ["h4", "h3", "h1"]}
    assert reasons_of(edition) == {"h2": "provider news.example.org already has 2"}


def test_a_provider_is_one_in_any_case_and_by_its_name_if_it_has_no_domain() -> None:
    loud = Provider(name="x", domain="NEWS.example.org")
    named = Provider(name="The Wire")

    edition = an_edition_by(
        *hot(5), *hot(4, provider=loud), *hot(3, 2, provider=named), per_provider=1
    )

    assert sections_of(edition) == {"AI": ["h5", "h3"]}
    assert reasons_of(edition)["h2"] == "provider the wire already has 1"


def test_articles_of_nobody_in_particular_share_no_limit() -> None:
    edition = an_edition_by(*hot(3, 2, 1, provider=Provider()), per_provider=1)

    assert sections_of(edition) == {"AI": ["h3", "h2", "h1"]}


def test_the_reason_of_what_is_in_tells_its_place_in_its_section() -> None:
    articles = [*hot(9, topics=("AI",)), *hot(8, 7, topics=("AI", "Food"))]

    edition = an_edition_by(*articles, topics=("AI", "Food"), per_topic=2)

    assert edition.reasons == {
        "h9": "heat 9, 1st of 2 in AI",
        "h8": "heat 8, 1st of 2 in Food",
        "h7": "heat 7, 2nd of 2 in Food",
    }


def test_sections_come_the_hottest_first_if_the_newsletter_says_so() -> None:
    articles = [*hot(1), *hot(2, topics=("Food",))]
    topics = ("AI", "Food")

    assert list(sections_of(an_edition_by(*articles, topics=topics))) == ["AI", "Food"]
    assert list(sections_of(an_edition_by(*articles, topics=topics, order="heat"))) == [
        "Food",
        "AI",
    ]


# Thin weeks

OLD = [
    an_article(slug=f"old{days}", heat=10 + days, published_at=WINDOW.start - days * DAY)
    for days in (1, 3, 9)
]


def test_a_thin_week_is_skipped_and_every_story_told_why() -> None:
    edition = an_edition_by(*hot(2, 1), min_articles=3)

    assert edition.sections == ()
    reason = "only 2 stories, fewer than min_articles 3"
    assert reasons_of(edition) == {"h2": reason, "h1": reason}
    assert edition.reasons == {}


def test_a_week_with_enough_is_not_thin() -> None:
    for thin_week in ("skip", "merge", "widen"):
        edition = an_edition_by(*hot(2, 1), *OLD, min_articles=2, thin_week=thin_week)

        assert sections_of(edition) == {"AI": ["h2", "h1"]}


def test_the_sections_of_a_thin_week_are_merged_under_the_newsletters_title() -> None:
    articles = [*hot(1), *hot(2, topics=("Food",))]

    edition = an_edition_by(*articles, topics=("AI", "Food"), min_articles=3, thin_week="merge")

    assert sections_of(edition) == {"The Weekly": ["h2", "h1"]}
    assert an_edition_by(min_articles=3, thin_week="merge").sections == ()


def test_pins_keep_their_places_in_a_merged_section_and_so_does_faded_heat() -> None:
    old = an_article(slug="old", heat=90, published_at=WINDOW.start)
    new = an_article(slug="new", heat=80, published_at=MONDAY - timedelta(hours=1))
    low = an_article(slug="low", heat=1, topics=("Food",))
    hand = pinned(Pin(slug="low", place=2))

    edition = an_edition_by(
        *(old, new, low),
        topics=("AI", "Food"),
        min_articles=9,
        thin_week="merge",
        decay=DAY,
        hand=hand,
    )

    assert sections_of(edition) == {"The Weekly": ["new", "low", "old"]}


def test_a_thin_week_is_widened_by_as_many_days_as_it_takes() -> None:
    edition = an_edition_by(*hot(2), *OLD, min_articles=3, thin_week="widen")

    assert sections_of(edition) == {"AI": ["old3", "old1", "h2"]}
    assert edition.reasons["old3"] == (
        "heat 13, 1st of 5 in AI; the window was widened to start at 2026-11-13 06:00"
    )
    assert edition.reasons["h2"] == "heat 2, 3rd of 5 in AI"
    assert reasons_of(edition) == {
        "old9": "published 2026-11-07 06:00, before the window began at 2026-11-13 06:00"
    }


def test_a_window_is_widened_up_to_its_bound() -> None:
    def widened(days: int) -> dict[str, list[str]]:
        return sections_of(
            an_edition_by(*OLD, min_articles=9, thin_week="widen", max_window=timedelta(days=days))
        )

    assert widened(16) == {"AI": ["old9", "old3", "old1"]}
    assert widened(15) == {"AI": ["old3", "old1"]}
    assert widened(7) == {}


def test_a_window_of_centuries_is_widened_without_counting_days() -> None:
    article = an_article(slug="a", published_at=MONDAY - 60_000 * DAY)

    edition = an_edition_by(
        article, min_articles=2, thin_week="widen", max_window=timedelta(days=69_993)
    )

    assert sections_of(edition) == {"AI": ["a"]}


def test_histories_are_asked_about_the_widest_window() -> None:
    newsletter = a_newsletter(min_articles=3, thin_week="widen")
    selector = Selector([*hot(2), *OLD], newsletter, WINDOW)

    assert set(selector.urls) == {each.url for each in (*hot(2), *OLD)}
    edition = selector.select(("AI",), seen={OLD[1].url: "on 2026-11-16"}, explain=True)
    assert sections_of(edition) == {"AI": ["old9", "old1", "h2"]}
    assert reasons_of(edition)["old3"] == "sent on 2026-11-16"


# What was sent before


def test_what_was_sent_is_out_with_its_day_and_makes_room() -> None:
    articles = hot(3, 2, 1)
    seen = {articles[0].url: "to this list on 2026-11-16"}

    edition = an_edition_by(*articles, seen=seen, per_topic=1)

    assert sections_of(edition) == {"AI": ["h2"]}
    assert reasons_of(edition)["h3"] == "sent to this list on 2026-11-16"


def test_even_a_pin_does_not_send_a_story_again() -> None:
    (article,) = hot(3)

    edition = an_edition_by(article, seen={article.url: "on x"}, hand=pinned(Pin(slug="h3")))

    assert reasons_of(edition) == {"h3": "sent on x"}


# The editor's hand


@pytest.mark.parametrize(
    ("place", "order"),
    [
        (1, ["h1", "h9", "h8"]),
        (2, ["h9", "h1", "h8"]),
        (3, ["h9", "h8", "h1"]),
        (9, ["h9", "h8", "h1"]),
    ],
)
def test_a_pin_has_its_place(place: int, order: list[str]) -> None:
    edition = an_edition_by(*hot(9, 8, 1), hand=pinned(Pin(slug="h1", place=place)))

    assert sections_of(edition) == {"AI": order}
    assert edition.reasons["h1"] == "pinned by the editor"


def test_of_two_pins_at_one_place_the_first_written_comes_first() -> None:
    hand = pinned(Pin(slug="h1"), Pin(slug="h8"))

    assert sections_of(an_edition_by(*hot(9, 8, 1), hand=hand)) == {"AI": ["h1", "h8", "h9"]}


def test_a_story_pinned_twice_is_printed_once() -> None:
    hand = pinned(Pin(slug="h1", place=2), Pin(slug="h1", place=1))

    edition = an_edition_by(*hot(9, 1, 0), hand=hand, per_topic=2)

    assert sections_of(edition) == {"AI": ["h9", "h1"]}


def test_a_pin_takes_a_place_of_its_section() -> None:
    edition = an_edition_by(*hot(9, 8, 1), hand=pinned(Pin(slug="h1")), per_topic=2)

    assert sections_of(edition) == {"AI": ["h1", "h9"]}
    assert reasons_of(edition) == {"h8": "heat 8, 3rd of 2 in AI"}


def test_pins_beyond_the_limits_take_nothing_from_other_sections() -> None:
    articles = [*hot(9, 8), *hot(1, topics=("Food",))]
    hand = pinned(Pin(slug="h9"), Pin(slug="h8", place=2))

    for explain in (True, False):
        edition = an_edition_by(
            *articles, topics=("AI", "Food"), hand=hand, per_topic=1, explain=explain
        )

        assert sections_of(edition) == {"AI": ["h9", "h8"], "Food": ["h1"]}


def test_a_pin_may_put_a_story_into_any_section() -> None:
    hand = pinned(Pin(slug="h1", topic="food"))

    edition = an_edition_by(*hot(9, 1), topics=("AI", "Food"), hand=hand)
    elsewhere = an_edition_by(*hot(1, topics=("Chess",)), topics=("AI", "Food"), hand=hand)

    assert sections_of(edition) == {"AI": ["h9"], "Food": ["h1"]}
    assert sections_of(elsewhere) == {"Food": ["h1"]}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"published_at": WINDOW.start - 30 * DAY},
            "published 2026-10-17 06:00, before the window began at 2026-11-16 06:00",
        ),
        ({"heat": 1}, "heat 1, below min_heat 10"),
    ],
)
def test_a_pin_overrules_date_and_heat_but_only_where_it_is_pinned(
    fields: dict[str, Any], reason: str
) -> None:
    article = an_article(slug="a", topics=("AI", "Food"), **fields)
    hand = pinned(Pin(slug="a", topic="AI"))

    here = an_edition_by(article, hand=hand, min_heat=10)
    there = an_edition_by(article, topics=("Food",), hand=hand, min_heat=10)

    assert sections_of(here) == {"AI": ["a"]}
    assert there.sections == ()
    assert reasons_of(there) == {"a": f"{reason}; pinned, but not on these topics"}


def test_a_pin_of_a_topic_the_reader_has_not_got_competes_for_itself() -> None:
    articles = [*hot(9), *hot(1, topics=("AI", "Food"))]

    edition = an_edition_by(*articles, hand=pinned(Pin(slug="h1", topic="Food")))

    assert sections_of(edition) == {"AI": ["h9", "h1"]}
    assert edition.reasons["h1"] == "heat 1, 2nd of 5 in AI"


def test_a_pin_to_a_child_stands_in_the_section_of_its_parent() -> None:
    articles = [*hot(9, 1, topics=("Science",)), *hot(8, topics=("Physics",))]
    hand = pinned(Pin(slug="h1", topic="physics"), Pin(slug="h8", topic="Life"))

    as_one = an_edition_by(*articles, topics=("AI", "Science"), taxonomy=FAMILY, hand=hand)
    apart = an_edition_by(*articles, topics=("Science", "Physics"), taxonomy=FAMILY, hand=hand)

    assert sections_of(as_one) == {"Science": ["h1", "h8", "h9"]}
    assert sections_of(apart) == {"Science": ["h8", "h9"], "Physics": ["h1"]}
    assert as_one.reasons["h1"] == "pinned by the editor"
    assert as_one.pinned == apart.pinned == {"h1", "h8"}


def test_a_pin_of_a_story_on_no_topic_of_the_newsletter_stands_in_the_first_section() -> None:
    articles = [*hot(9), *hot(1, topics=("Chess",))]

    edition = an_edition_by(*articles, topics=("Food", "AI"), hand=pinned(Pin(slug="h1")))

    assert sections_of(edition) == {"Food": ["h1"], "AI": ["h9"]}
    assert edition.reasons["h1"] == "pinned by the editor"


def test_a_pin_without_a_topic_leaves_readers_of_other_topics_alone() -> None:
    newsletter = a_newsletter(topics=("AI", "Food"))
    selector = Selector(hot(1), newsletter, WINDOW, hand=pinned(Pin(slug="h1")))

    edition = selector.select(("Food",), explain=True)

    assert (edition.sections, edition.pinned) == ((), frozenset())
    assert reasons_of(edition) == {"h1": "pinned, but not on these topics"}


@pytest.mark.parametrize("fields", [{"removed": True}, {"published": False}])
def test_no_pin_shows_what_is_not_published(fields: dict[str, Any]) -> None:
    article = an_article(slug="a", **fields)

    assert an_edition_by(article, hand=pinned(Pin(slug="a"))).sections == ()


def test_a_pinned_lead_leads_wherever_it_stands() -> None:
    edition = an_edition_by(*hot(9, 1), hand=pinned(Pin(slug="h1", place=2, lead=True)))

    assert sections_of(edition) == {"AI": ["h9", "h1"]}
    assert edition.lead.slug == "h1"


def test_a_dropped_story_is_out_and_folds_nothing() -> None:
    side = an_article(slug="side", heat=1)
    lead = an_article(slug="lead", heat=9, related=(a_related(url=side.url),))

    edition = an_edition_by(lead, side, hand=pinned(drops=("lead",)))

    assert sections_of(edition) == {"AI": ["side"]}
    assert reasons_of(edition) == {"lead": "dropped by the editor"}


def test_what_is_pinned_and_dropped_is_dropped() -> None:
    hand = pinned(Pin(slug="h1"), drops=("h1",))

    assert an_edition_by(*hot(1), hand=hand).sections == ()


def test_a_pinned_story_stands_before_those_that_tell_the_same() -> None:
    side = an_article(slug="side", heat=1)
    lead = an_article(slug="lead", heat=9, related=(a_related(url=side.url),))
    twin = an_article(slug="twin", heat=8, url=side.url)

    edition = an_edition_by(lead, side, twin, hand=pinned(Pin(slug="side")))

    assert sections_of(edition) == {"AI": ["side"]}
    assert reasons_of(edition) == {
        "lead": "folded under side (related)",
        "twin": "folded under side (the same address)",
    }


def test_two_pinned_stories_are_two_even_if_one_names_the_other() -> None:
    side = an_article(slug="side", heat=1)
    lead = an_article(slug="lead", heat=9, related=(a_related(url=side.url),))
    hand = pinned(Pin(slug="lead"), Pin(slug="side", place=2))

    assert sections_of(an_edition_by(lead, side, hand=hand)) == {"AI": ["lead", "side"]}


def test_two_pinned_files_of_one_address_are_one_story() -> None:
    one = an_article(slug="one", heat=2)
    two = an_article(slug="two", heat=1, url=one.url)

    edition = an_edition_by(one, two, hand=pinned(Pin(slug="two"), Pin(slug="one")))

    assert sections_of(edition) == {"AI": ["one"]}
    assert reasons_of(edition) == {"two": "folded under one (the same address)"}


def test_a_pinned_file_stands_for_all_others_of_its_address() -> None:
    articles = hot(3, 2, 1, url="https://news.example.org/one")

    edition = an_edition_by(*articles, hand=pinned(Pin(slug="h1")))

    assert sections_of(edition) == {"AI": ["h1"]}
    assert reasons_of(edition) == dict.fromkeys(("h2", "h3"), "folded under h1 (the same address)")


@pytest.mark.parametrize("name", ["deep/down/a", "down/a", "a", "content/deep/down/a"])
def test_the_editor_may_leave_out_folders_or_name_more(name: str) -> None:
    article = an_article(slug="deep/down/a")

    dropped = an_edition_by(article, hand=pinned(drops=(name,)))
    taken = an_edition_by(article, min_heat=99, hand=pinned(Pin(slug=name, lead=True)))

    assert reasons_of(dropped) == {"deep/down/a": "dropped by the editor"}
    assert sections_of(taken) == {"AI": ["deep/down/a"]}


def test_a_whole_path_means_that_file_alone() -> None:
    slugs = ["a", "x/a", "y/x/a", "ba"]

    assert stories_meant("a", slugs) == ("a",)
    assert stories_meant("x/a", slugs) == ("x/a",)
    assert stories_meant("content/x/a", slugs) == ("x/a",)
    assert stories_meant("a", slugs[1:]) == ("x/a", "y/x/a")
    assert stories_meant("b", slugs) == ()


# Whatever the rules

TOPICS = ("AI", "Energy", "Food")
PROVIDERS = (Provider(), Provider(name="A", domain="a.example.org"), Provider(name="B"))
TITLES = (
    "Harbour council votes to restore the old clock tower",
    "Old clock tower: harbour council votes to restore",
    "Trams at night",
)


@st.composite
def articles(draw: st.DrawFn) -> list[Article]:
    count = draw(st.integers(0, 9))
    address = st.integers(0, count).map(lambda n: f"https://news.example.org/{n}") | st.just("")
    return [
        an_article(
            slug=f"s{n}",
            title=draw(st.sampled_from(TITLES)),
            url=draw(address),
            heat=draw(st.integers(-1, 3)),
            quality=draw(st.integers(0, 1)),
            kind=draw(st.sampled_from(("article", "article", "video"))),
            published_at=WINDOW.start + timedelta(days=draw(st.integers(-3, 8))),
            topics=tuple(draw(st.lists(st.sampled_from(TOPICS), max_size=3, unique=True))),
            provider=draw(st.sampled_from(PROVIDERS)),
            published=draw(st.integers(0, 7)) > 0,
            removed=draw(st.integers(0, 7)) == 0,
            related=tuple(a_related(url=url) for url in draw(st.lists(address, max_size=2)) if url),
        )
        for n in range(count)
    ]


RULES = st.fixed_dictionaries(
    {
        "per_topic": st.integers(1, 3),
        "max_articles": st.none() | st.integers(1, 4),
        "min_articles": st.integers(0, 3),
        "thin_week": st.sampled_from(("skip", "widen", "merge")),
        "max_window": st.integers(7, 10).map(lambda days: timedelta(days=days)),
        "min_heat": st.none() | st.integers(-1, 2),
        "per_provider": st.none() | st.integers(1, 2),
        "types": st.sampled_from((("article",), ("article", "video"))),
        "decay": st.none() | st.just(2 * DAY),
        "fold_related": st.booleans(),
        "near_duplicates": st.sampled_from((None, 80)),
        "order": st.sampled_from(("topics", "heat")),
    }
)
SLUGS = st.integers(0, 9).map(lambda n: f"s{n}")
PINS = st.builds(
    Pin,
    slug=SLUGS,
    topic=st.none() | st.sampled_from(TOPICS),
    place=st.integers(1, 3),
    lead=st.booleans(),
)
HANDS = st.builds(
    Hand,
    pins=st.lists(PINS, max_size=2).map(tuple),
    drops=st.lists(SLUGS, max_size=2).map(tuple),
)
READERS = st.lists(st.sampled_from(TOPICS), min_size=1, unique=True).map(tuple)


@settings(max_examples=250, deadline=None)
@given(articles(), RULES, HANDS, READERS, st.randoms(use_true_random=False))
def test_by_any_rules_everything_is_placed_once_or_explained(
    found: list[Article], rules: dict[str, Any], hand: Hand, topics: tuple[str, ...], random: Random
) -> None:
    rules = {**rules, "min_articles": min(rules["min_articles"], rules["max_articles"] or 9)}
    told: dict[str, Any] = {"topics": topics, "hand": hand, **rules}

    edition = an_edition_by(*found, **told)

    printed = [each.slug for each in edition.articles]
    assert len(printed) == len(set(printed))
    assert set(printed) == set(edition.reasons)
    assert set(printed).isdisjoint(reasons_of(edition))
    assert all(edition.reasons.values())
    assert all(reasons_of(edition).values())
    in_window = {each.slug for each in found if each.published_at in WINDOW}
    assert in_window <= {*printed, *reasons_of(edition)}
    assert not set(printed) & set(hand.drops)
    assert all(each.published and not each.removed for each in edition.articles)
    urls = [each.url for each in edition.articles if each.url]
    assert len(urls) == len(set(urls))
    silent = an_edition_by(*found, explain=False, **told)
    assert (silent.sections, silent.lead_slug) == (edition.sections, edition.lead_slug)
    assert silent.folded == edition.folded
    random.shuffle(found)
    assert an_edition_by(*found, **told) == edition


@settings(max_examples=150, deadline=None)
@given(articles(), RULES, READERS)
def test_without_pins_no_limit_is_passed(
    found: list[Article], rules: dict[str, Any], topics: tuple[str, ...]
) -> None:
    edition = an_edition_by(*found, topics=topics, **(rules | {"min_articles": 0}))

    assert edition.size <= (rules["max_articles"] or edition.size)
    named = [(each.provider.domain or each.provider.name) for each in edition.articles]
    for name in set(named) - {""}:
        assert named.count(name) <= (rules["per_provider"] or edition.size)
    for section in edition.sections:
        assert 1 <= len(section.articles) <= rules["per_topic"]
        assert all(section.topic in each.topics for each in section.articles)
    for each in edition.articles:
        assert each.published_at in WINDOW
        assert each.kind in rules["types"]
        assert each.heat >= (-1 if rules["min_heat"] is None else rules["min_heat"])
    for rejection in edition.rejected:
        if rejection.topic is not None:
            section = next(each for each in edition.sections if each.topic == rejection.topic)
            assert len(section.articles) == rules["per_topic"]


@settings(max_examples=150, deadline=None)
@given(articles(), st.integers(1, 3), READERS)
def test_a_story_is_never_printed_beside_one_that_names_it(
    found: list[Article], per_topic: int, topics: tuple[str, ...]
) -> None:
    edition = an_edition_by(*found, topics=topics, per_topic=per_topic, per_provider=1)

    printed = {each.url: each for each in edition.articles if each.url}
    folded = {slug for slug, why in reasons_of(edition).items() if why.startswith("folded")}
    for slug in folded:
        parent = reasons_of(edition)[slug].split()[2]
        assert parent in {each.slug for each in printed.values()} | set(edition.reasons)


def test_a_window_that_begins_with_time_itself_can_be_looked_at() -> None:
    beginning = WINDOW.start.min.replace(tzinfo=WINDOW.start.tzinfo)
    window = Window(start=beginning, end=WINDOW.end)
    newsletter = a_newsletter(min_articles=5, thin_week="widen")

    edition = Selector(hot(1), newsletter, window).select(("AI",), explain=True)

    assert sections_of(edition) == {"AI": ["h1"]}


def test_reasons_name_topics_as_their_readers_see_them() -> None:
    articles = [replace(each, topics=("life",)) for each in hot(2, 1)]

    edition = an_edition_by(*articles, topics=("LIFE",), taxonomy=FAMILY, per_topic=1)

    assert sections_of(edition) == {"Biology": ["h2"]}
    assert reasons_of(edition) == {"h1": "heat 1, 2nd of 1 in Biology"}
