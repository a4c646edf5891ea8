"""
The hottest stories of each topic, each once, and a reason for every one that is not there.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Article, Edition, Newsletter, Subscriber, Window
from digest.reader import read_articles
from digest.selector import Selector
from digest.selector.readers import group_readers
from digest.taxonomy import Taxonomy

from .factories import MONDAY, WINDOW, a_newsletter, a_related, a_subscriber, an_article

REPLAYS = (
    "gcp-everyday-newsletter-2020-04-29",
    "power-apps-smartable-2020-10-14",
    "power-apps-smartable-2020-11-04",
    "power-apps-smartable-2020-11-18",
    "power-apps-smartable-2021-01-06",
    "power-apps-smartable-2021-02-24",
    "power-apps-smartable-2021-03-31",
)


def select(
    *articles: Article, topics: Sequence[str] = ("AI",), per_topic: int = 5, window: Window = WINDOW
) -> Edition:
    selector = Selector(articles, a_newsletter(per_topic=per_topic), window)
    return selector.select(topics, explain=True)


def group_by_topics(
    readers: Sequence[Subscriber], newsletter: Newsletter
) -> dict[tuple[str, ...], list[Subscriber]]:
    groups = group_readers(readers, newsletter, taxonomy=Taxonomy(), seen={})
    return {reading.topics: group for reading, group in groups.items()}


def slugs(edition: Edition) -> dict[str, list[str]]:
    return {
        section.topic: [article.slug for article in section.articles]
        for section in edition.sections
    }


def reasons(edition: Edition) -> dict[str, str]:
    """
    Why an article is not in; several topics, several reasons.
    """
    joined: dict[str, str] = {}
    for each in edition.rejected:
        joined[each.slug] = "; ".join(filter(None, (joined.get(each.slug), each.reason)))
    return joined


@pytest.mark.parametrize("replay", REPLAYS)
def test_a_real_newsletter_is_reproduced_story_for_story(shared: Path, replay: str) -> None:
    folder = shared / "replay" / replay
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    sent = datetime.fromisoformat(expected["sent"])
    window = Window(start=sent - timedelta(days=expected["window_days"]), end=sent)
    articles = [each for each in read_articles(folder / "content") if isinstance(each, Article)]

    edition = select(
        *articles, topics=(expected["topic"],), per_topic=expected["count"], window=window
    )

    chosen = [(each.title, each.url, each.heat) for each in edition.articles]
    assert chosen == [(each["title"], each["url"], each["heat"]) for each in expected["stories"]]


def test_the_list_of_replays_is_complete(shared: Path) -> None:
    assert sorted(path.name for path in (shared / "replay").iterdir()) == sorted(REPLAYS)


def test_the_hottest_come_first() -> None:
    edition = select(*(an_article(slug=f"h{heat}", heat=heat) for heat in (7, -1, 255, 0)))

    assert slugs(edition) == {"AI": ["h255", "h7", "h0", "h-1"]}
    assert edition.lead.slug == "h255"


def test_equal_heat_is_settled_by_quality_then_the_older_date_then_the_path() -> None:
    hour = timedelta(hours=1)
    later, older = MONDAY - hour, MONDAY - 2 * hour

    edition = select(
        an_article(slug="d", quality=1, published_at=older),
        an_article(slug="c", quality=1, published_at=later),
        an_article(slug="b", quality=1, published_at=later),
        an_article(slug="a", quality=0, published_at=older),
    )

    assert slugs(edition) == {"AI": ["d", "b", "c", "a"]}


def test_the_window_takes_its_start_and_not_its_end() -> None:
    moment = timedelta(microseconds=1)

    edition = select(
        an_article(slug="early", published_at=WINDOW.start - moment),
        an_article(slug="first", published_at=WINDOW.start),
        an_article(slug="last", published_at=WINDOW.end - moment),
        an_article(slug="late", published_at=WINDOW.end),
    )

    assert slugs(edition) == {"AI": ["first", "last"]}
    assert set(reasons(edition)) == {"early", "late"}


def test_a_topic_takes_as_many_as_it_may_and_says_so_of_the_next() -> None:
    edition = select(*(an_article(slug=f"h{heat}", heat=heat) for heat in range(4)), per_topic=2)

    assert slugs(edition) == {"AI": ["h3", "h2"]}
    assert reasons(edition) == {
        "h1": "heat 1, 3rd of 2 in AI",
        "h0": "heat 0, 4th of 2 in AI",
    }
    assert [each.topic for each in edition.rejected] == ["AI", "AI"]


def test_an_article_stands_once_under_the_topic_where_it_ranks_highest() -> None:
    edition = select(
        an_article(slug="ai-only", heat=90, topics=("AI",)),
        an_article(slug="both", heat=80, topics=("AI", "Energy")),
        topics=("AI", "Energy"),
    )

    assert slugs(edition) == {"AI": ["ai-only"], "Energy": ["both"]}


def test_of_two_topics_alike_the_readers_first_wins() -> None:
    both = an_article(slug="both", topics=("Energy", "AI"))

    assert slugs(select(both, topics=("AI", "Energy"))) == {"AI": ["both"]}
    assert slugs(select(both, topics=("Energy", "AI"))) == {"Energy": ["both"]}


def test_what_finds_its_topic_full_moves_to_another_with_room() -> None:
    edition = select(
        an_article(slug="a", heat=90, topics=("AI", "Energy")),
        an_article(slug="b", heat=80, topics=("AI",)),
        an_article(slug="c", heat=70, topics=("AI", "Energy")),
        an_article(slug="d", heat=60, topics=("AI",)),
        topics=("AI", "Energy"),
        per_topic=1,
    )

    assert slugs(edition) == {"AI": ["a"], "Energy": ["c"]}
    assert set(reasons(edition)) == {"b", "d"}


def test_what_finds_no_room_is_explained_for_each_of_its_topics() -> None:
    edition = select(
        an_article(slug="a", heat=90, topics=("AI",)),
        an_article(slug="b", heat=80, topics=("Energy",)),
        an_article(slug="c", heat=70, topics=("AI", "Energy", "Food")),
        topics=("AI", "Energy"),
        per_topic=1,
    )

    assert reasons(edition) == {"c": "heat 70, 2nd of 1 in AI; heat 70, 2nd of 1 in Energy"}


def test_sections_come_in_the_readers_order_and_empty_ones_not_at_all() -> None:
    edition = select(
        an_article(slug="a", heat=90, topics=("Energy",)),
        an_article(slug="b", heat=10, topics=("AI",)),
        topics=("AI", "Food", "Energy"),
    )

    assert list(slugs(edition)) == ["AI", "Energy"]
    assert edition.topics == ("AI", "Food", "Energy")


def test_topics_are_the_same_in_any_case_and_with_any_spaces() -> None:
    article = an_article(slug="a", topics=("computer  VISION",))

    assert slugs(select(article, topics=("Computer Vision",))) == {"Computer Vision": ["a"]}
    assert slugs(select(article, topics=("computervision",))) == {"computervision": ["a"]}
    assert slugs(select(article, topics=("Computer",))) == {}


def test_removed_unpublished_and_foreign_articles_are_out_with_their_reason() -> None:
    edition = select(
        an_article(slug="gone", removed=True),
        an_article(slug="related-only", published=False),
        an_article(slug="food", topics=("Food",)),
        an_article(slug="nothing", topics=()),
    )

    assert edition.sections == ()
    assert reasons(edition) == {
        "gone": "removed",
        "related-only": "not published: only ever a related story",
        "food": "on none of the topics",
        "nothing": "on none of the topics",
    }


def test_of_two_files_with_one_address_the_hotter_is_the_story() -> None:
    url = "https://news.example.org/same"

    edition = select(
        an_article(slug="cool", heat=1, url=url), an_article(slug="hot", heat=2, url=url)
    )

    assert slugs(edition) == {"AI": ["hot"]}
    assert reasons(edition) == {"cool": "folded under hot (the same address)"}


@pytest.mark.parametrize("hidden", [{"removed": True}, {"published": False}, {"topics": ("Food",)}])
def test_a_twin_that_is_no_candidate_hides_nobody(hidden: dict[str, object]) -> None:
    url = "https://news.example.org/same"

    edition = select(
        an_article(slug="cool", heat=1, url=url), an_article(slug="hot", heat=2, url=url, **hidden)
    )

    assert slugs(edition) == {"AI": ["cool"]}


def test_without_the_hottest_of_three_files_one_still_stands_for_the_address() -> None:
    url = "https://news.example.org/same"

    edition = select(
        an_article(slug="cool", heat=1, url=url),
        an_article(slug="warm", heat=2, url=url),
        an_article(slug="hot", heat=3, url=url, topics=("Food",)),
    )

    assert slugs(edition) == {"AI": ["warm"]}
    assert reasons(edition) == {
        "cool": "folded under warm (the same address)",
        "hot": "on none of the topics",
    }


def test_without_room_for_the_hottest_of_three_files_one_still_stands_for_the_address() -> None:
    url = "https://news.example.org/same"

    edition = select(
        an_article(slug="cool", heat=1, url=url, topics=("Food",)),
        an_article(slug="warm", heat=2, url=url, topics=("Food",)),
        an_article(slug="hot", heat=3, url=url),
        an_article(slug="hottest", heat=4),
        topics=("AI", "Food"),
        per_topic=1,
    )

    assert slugs(edition) == {"AI": ["hottest"], "Food": ["warm"]}
    assert reasons(edition)["cool"] == "folded under warm (the same address)"


def test_articles_without_an_address_are_no_duplicates_of_each_other() -> None:
    edition = select(an_article(slug="a", url=""), an_article(slug="b", url=""))

    assert slugs(edition) == {"AI": ["a", "b"]}


def naming(slug: str, *others: str, heat: int, **fields: object) -> Article:
    """
    An article whose related stories are the articles of those slugs.
    """
    related = tuple(a_related(url=f"https://news.example.org/{other}") for other in others)
    return an_article(slug=slug, heat=heat, related=related, **fields)


def test_a_related_story_is_folded_under_the_one_that_names_it() -> None:
    edition = select(naming("lead", "side", heat=90), naming("side", heat=80))

    assert slugs(edition) == {"AI": ["lead"]}
    assert reasons(edition) == {"side": "folded under lead (related)"}


def test_a_folded_story_makes_room() -> None:
    edition = select(
        naming("lead", "side", heat=90),
        naming("side", heat=80),
        naming("next", heat=70),
        per_topic=2,
    )

    assert slugs(edition) == {"AI": ["lead", "next"]}


def test_a_hotter_story_is_folded_under_a_cooler_one_that_makes_it() -> None:
    edition = select(naming("hot", heat=90), naming("cool", "hot", heat=80))

    assert slugs(edition) == {"AI": ["cool"]}


def test_a_hotter_story_under_a_cooler_one_that_does_not_make_it_competes_for_itself() -> None:
    edition = select(
        naming("hot", heat=90),
        naming("other", heat=85),
        naming("cool", "hot", heat=80),
        per_topic=1,
    )

    assert slugs(edition) == {"AI": ["hot"]}
    assert set(reasons(edition)) == {"other", "cool"}


def test_of_two_that_name_each_other_the_hotter_stands() -> None:
    edition = select(naming("cool", "hot", heat=80), naming("hot", "cool", heat=90))

    assert slugs(edition) == {"AI": ["hot"]}
    assert reasons(edition) == {"cool": "folded under hot (related)"}


def test_three_that_name_each_other_in_a_ring_leave_at_least_the_hottest() -> None:
    edition = select(
        naming("a", "b", heat=90), naming("b", "c", heat=80), naming("c", "a", heat=70)
    )

    assert slugs(edition) == {"AI": ["a", "c"]}
    assert reasons(edition) == {"b": "folded under a (related)"}


def test_a_story_that_names_itself_stands() -> None:
    assert slugs(select(naming("a", "a", heat=90))) == {"AI": ["a"]}


@pytest.mark.parametrize("hidden", [{"removed": True}, {"published": False}, {"topics": ("Food",)}])
def test_a_story_that_is_not_shown_folds_nothing(hidden: dict[str, object]) -> None:
    edition = select(naming("lead", "side", heat=90, **hidden), naming("side", heat=80))

    assert slugs(edition) == {"AI": ["side"]}


def test_nothing_in_the_window_is_an_edition_without_sections() -> None:
    edition = select()

    assert (edition.sections, edition.rejected) == ((), ())


TOPICS = ("AI", "Energy", "Food")


@st.composite
def articles(draw: st.DrawFn) -> list[Article]:
    """
    A few articles that are as entangled as can be.
    """
    count = draw(st.integers(0, 10))
    address = st.integers(0, count).map(lambda n: f"https://news.example.org/{n}")
    address = address | st.just("")
    return [
        an_article(
            slug=f"s{n}",
            url=draw(address),
            heat=draw(st.integers(-1, 3)),
            quality=draw(st.integers(0, 1)),
            published_at=WINDOW.start + timedelta(days=draw(st.integers(-1, 7))),
            topics=tuple(draw(st.lists(st.sampled_from(TOPICS), max_size=3, unique=True))),
            published=draw(st.integers(0, 5)) > 0,
            removed=draw(st.integers(0, 5)) == 0,
            related=tuple(a_related(url=url) for url in draw(st.lists(address, max_size=3)) if url),
        )
        for n in range(count)
    ]


@settings(max_examples=200, deadline=None)
@given(
    articles(),
    st.lists(st.sampled_from(TOPICS), min_size=1, unique=True),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
)
def test_any_articles_are_placed_once_or_explained(
    found: list[Article], topics: list[str], per_topic: int, random: Random
) -> None:
    edition = select(*found, topics=topics, per_topic=per_topic)

    printed = [article.slug for article in edition.articles]
    in_window = {article.slug for article in found if article.published_at in WINDOW}
    assert len(printed) == len(set(printed))
    assert set(printed).isdisjoint(reasons(edition))
    assert set(printed) | set(reasons(edition)) >= in_window
    assert all(
        "the window" in why for slug, why in reasons(edition).items() if slug not in in_window
    )
    for section in edition.sections:
        assert 1 <= len(section.articles) <= per_topic
        assert [*section.articles] == sorted(section.articles, key=lambda each: each.rank)
        assert all(section.topic in article.topics for article in section.articles)
        assert all(each.published and not each.removed for each in section.articles)
    urls = [article.url for article in edition.articles if article.url]
    assert len(urls) == len(set(urls))

    random.shuffle(found)
    assert select(*found, topics=topics, per_topic=per_topic) == edition


def told_by(article: Article) -> set[str]:
    return {article.url, *(related.url for related in article.related)} - {""}


@settings(deadline=None)
@given(articles(), st.integers(1, 3))
def test_what_is_folded_is_folded_under_a_story_that_is_printed(
    found: list[Article], per_topic: int
) -> None:
    edition = select(*found, topics=TOPICS, per_topic=per_topic)

    printed = {article.slug: article for article in edition.articles}
    by_slug = {article.slug: article for article in found}
    for slug, reason in reasons(edition).items():
        if reason.startswith("folded under "):
            # Either may be the one that names the other.
            assert told_by(printed[reason.split()[2]]) & told_by(by_slug[slug])


@settings(deadline=None)
@given(articles(), st.integers(1, 3))
def test_nothing_with_room_is_left_out(found: list[Article], per_topic: int) -> None:
    edition = select(*found, topics=TOPICS, per_topic=per_topic)

    full = {each.topic for each in edition.sections if len(each.articles) == per_topic}
    assert all(each.topic in full for each in edition.rejected if each.topic is not None)


def test_readers_of_the_newsletters_topics_are_the_first_group() -> None:
    newsletter = a_newsletter(topics=("AI", "Energy"))
    own = a_subscriber(id=1, topics=("Energy",))
    usual = a_subscriber(id=2)

    groups = group_by_topics([own, usual], newsletter)

    assert list(groups.items()) == [(("AI", "Energy"), [usual]), (("Energy",), [own])]


def test_the_order_the_case_and_repetitions_of_topics_make_no_other_group() -> None:
    newsletter = a_newsletter(topics=("Computer Vision", "AI"))
    spellings = (
        ("AI", "Computer Vision"),
        ("computervision", "ai", "A I"),
        ("Computer Vision", "AI"),
        (),
        None,
    )
    readers = [a_subscriber(id=n, topics=topics) for n, topics in enumerate(spellings)]

    assert group_by_topics(readers, newsletter) == {("Computer Vision", "AI"): readers}


def test_topics_beyond_the_newsletters_come_last_in_one_spelling() -> None:
    newsletter = a_newsletter(topics=("AI",))
    readers = [
        a_subscriber(id=1, topics=("Zoology", "Botany", "AI")),
        a_subscriber(id=2, topics=("ai", "ZOOLOGY", "botany")),
    ]

    groups = group_by_topics(readers, newsletter)

    assert groups == {("AI",): [], ("AI", "Botany", "Zoology"): readers}


def test_without_readers_the_newsletters_own_edition_is_still_a_group() -> None:
    assert group_by_topics([], a_newsletter(topics=("AI",))) == {("AI",): []}
