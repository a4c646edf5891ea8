"""
What readers were sent before, as a real store remembers it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from digest.model import Article, Edition, Outcome, Section
from digest.store import Store
from digest.store.history import CHUNK

from .factories import (
    MONDAY,
    PAGE,
    a_receipt,
    a_related,
    a_store,
    an_article,
    an_edition,
    an_entry,
    an_issue,
    readers_of,
)

WEEK = timedelta(days=7)
NOW = "weekly/2026-11-23"
BEFORE = "weekly/2026-11-16"
A, B, C, D = (an_article(slug=slug) for slug in "abcd")
URLS = [each.url for each in (A, B, C, D)]


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = a_store(store_url)
    yield store
    store.close()


def freeze(
    store: Store,
    *printed: tuple[Edition, list[int]],
    issue_id: str = BEFORE,
    due_at: datetime = MONDAY - WEEK,
) -> None:
    """
    An issue of these editions, each with its readers.
    """
    newsletter = issue_id.partition("/")[0]
    readers = [(each, place) for place, (_, ids) in enumerate(printed) for each in ids]
    store.issues.freeze(
        an_issue(id=issue_id, newsletter=newsletter, due_at=due_at),
        [(edition, PAGE) for edition, _ in printed],
        sorted(readers),
    )


def settle(store: Store, reader: int, outcome: Outcome) -> None:
    store.ledger.claim_batches(BEFORE, "run")
    store.ledger.intend(BEFORE, [reader], "run")
    store.ledger.record(BEFORE, [a_receipt(reader, outcome)], "run")


def test_readers_are_known_by_what_their_edition_told(store: Store) -> None:
    ann, ben, cat = readers_of(store, 3)
    freeze(store, (an_edition(A, B), [ann]), (an_edition(B, C), [ben]))

    seen = store.history.seen([ann, ben, cat], URLS, besides=NOW)

    assert seen == {ann: {A.url, B.url}, ben: {B.url, C.url}}


def test_only_those_asked_about_are_told_of(store: Store) -> None:
    ann, ben = readers_of(store, 2)
    freeze(store, (an_edition(A, B), [ann, ben]))

    assert store.history.seen([ben], [B.url, D.url], besides=NOW) == {ben: {B.url}}
    assert store.history.seen([], URLS, besides=NOW) == {}
    assert store.history.seen([ann], [], besides=NOW) == {}


def test_all_newsletters_of_the_site_count(store: Store) -> None:
    (ann,) = readers_of(store, 1)
    freeze(store, (an_edition(A), [ann]))
    freeze(store, (an_edition(B), [ann]), issue_id="other/2026-11-16")

    assert store.history.seen([ann], URLS, besides=NOW) == {ann: {A.url, B.url}}
    assert store.history.seen_by(ann, URLS, besides=NOW) == {
        A.url: "on 2026-11-16 (weekly)",
        B.url: "on 2026-11-16 (other)",
    }


def test_a_story_that_was_printed_or_folded_under_another_was_sent(store: Store) -> None:
    (ann,) = readers_of(store, 1)
    told = an_article(slug="a", related=(a_related(url=B.url),))
    section = Section(topic="AI", articles=(told,))
    freeze(
        store,
        (Edition(topics=("AI",), sections=(section,), folded=frozenset({C.url})), [ann]),
    )

    assert store.history.seen([ann], URLS, besides=NOW) == {ann: {A.url, B.url, C.url}}


def test_an_article_without_an_address_is_known_by_its_name(store: Store) -> None:
    (ann,) = readers_of(store, 1)
    nameless = [an_article(slug=slug, url="") for slug in ("x", "y")]
    freeze(store, (an_edition(nameless[0]), [ann]))

    seen = store.history.seen([ann], [each.story for each in nameless], besides=NOW)

    assert seen == {ann: {"x"}}


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [
        (Outcome.ACCEPTED, True),
        (Outcome.DEFERRED, True),
        (Outcome.IN_DOUBT, True),
        (Outcome.REFUSED, False),
    ],
)
def test_a_letter_that_did_not_arrive_told_nothing(
    store: Store, outcome: Outcome, *, counts: bool
) -> None:
    (ann,) = readers_of(store, 1)
    freeze(store, (an_edition(A), [ann]))
    settle(store, ann, outcome)

    assert (ann in store.history.seen([ann], URLS, besides=NOW)) is counts
    assert bool(store.history.seen_by(ann, URLS, besides=NOW)) is counts
    assert bool(store.history.seen_by_list("weekly", None, URLS, besides=NOW)) is counts


def test_a_letter_on_its_way_counts(store: Store) -> None:
    (ann,) = readers_of(store, 1)
    freeze(store, (an_edition(A), [ann]))
    waiting = store.history.seen([ann], URLS, besides=NOW)
    store.ledger.claim_batches(BEFORE, "run")
    store.ledger.intend(BEFORE, [ann], "run")

    sending = store.history.seen([ann], URLS, besides=NOW)

    assert waiting == sending == {ann: {A.url}}


def test_letters_that_were_suppressed_told_nothing(store: Store) -> None:
    ann, ben = readers_of(store, 2)
    freeze(store, (an_edition(A), [ann, ben]))
    settle(store, ben, Outcome.IN_DOUBT)
    store.subscribers.remove("weekly", "r0@example.org")
    store.recovery.recover(BEFORE, alone=True)
    store.ledger.claim_batches(BEFORE, "next")

    store.accounts.resolve(BEFORE, store.accounts.in_doubt(BEFORE), "drop")

    assert store.history.seen([ann, ben], URLS, besides=NOW) == {}


def test_neither_the_issue_at_hand_nor_what_was_made_after_it_counts(store: Store) -> None:
    (ann,) = readers_of(store, 1)
    freeze(store, (an_edition(A), [ann]))
    freeze(store, (an_edition(B), [ann]), issue_id=NOW, due_at=MONDAY)
    freeze(store, (an_edition(C), [ann]), issue_id="other/2026-11-16")

    assert store.history.seen([ann], URLS, besides=BEFORE) == {}
    assert store.history.seen([ann], URLS, besides=NOW) == {ann: {A.url}}
    assert list(store.history.seen_by(ann, URLS, besides=NOW)) == [A.url]
    assert store.history.seen_by_list("other", None, URLS, besides=NOW) == {}
    assert store.history.seen([ann], URLS, besides="weekly/later") == {ann: {A.url, B.url, C.url}}


def test_who_leaves_and_comes_back_has_still_read_it(store: Store) -> None:
    (ann,) = readers_of(store, 1)
    freeze(store, (an_edition(A), [ann]))
    settle(store, ann, Outcome.ACCEPTED)
    store.subscribers.remove("weekly", "r0@example.org")

    store.subscribers.add("weekly", an_entry(address="r0@example.org"))

    assert store.history.seen([ann], URLS, besides=NOW) == {ann: {A.url}}


def test_a_list_was_sent_what_somebody_got_who_is_on_it_and_chose_no_topics(store: Store) -> None:
    ann, ben, cat = readers_of(store, 3)
    store.subscribers.prefer("weekly", "r1@example.org", ["Robots"])
    freeze(
        store,
        (an_edition(A), [ann]),
        (an_edition(B, topic="Robots"), [ben]),
        (an_edition(C), [cat]),
    )
    settle(store, cat, Outcome.ACCEPTED)
    before = store.history.seen_by_list("weekly", None, URLS, besides=NOW)
    store.subscribers.remove("weekly", "r2@example.org")

    after = store.history.seen_by_list("weekly", None, URLS, besides=NOW)

    assert before == dict.fromkeys((A.url, C.url), "to this list on 2026-11-16")
    assert after == {A.url: "to this list on 2026-11-16"}


def test_readers_of_topics_were_sent_the_editions_of_just_these(store: Store) -> None:
    ann, ben = readers_of(store, 2)
    freeze(store, (an_edition(A), [ann]), (an_edition(B, topic="Köln"), [ben]))

    seen = store.history.seen_by_list("weekly", ["Köln"], URLS, besides=NOW)

    assert seen == {B.url: "to this list on 2026-11-16"}
    assert store.history.seen_by_list("weekly", ["AI", "Köln"], URLS, besides=NOW) == {}


def test_the_day_is_the_one_the_issue_is_named_after(store: Store) -> None:
    """
    A Monday that has begun in Auckland is a Sunday in UTC.
    """
    (ann,) = readers_of(store, 1)
    sunday = datetime(2026, 11, 15, 18, 0, tzinfo=UTC)
    freeze(store, (an_edition(A), [ann]), due_at=sunday)
    freeze(store, (an_edition(B), [ann]), issue_id="weekly/extra", due_at=sunday)

    assert store.history.seen_by(ann, URLS, besides=NOW) == {
        A.url: "on 2026-11-16 (weekly)",
        B.url: "on 2026-11-15 (weekly)",
    }


def test_many_readers_addresses_and_editions_are_all_found(store: Store) -> None:
    readers = readers_of(store, CHUNK + 2)
    articles: list[Article] = [an_article(slug=f"s{place}") for place in range(CHUNK + 2)]
    printed = [(an_edition(each), [reader]) for each, reader in zip(articles, readers, strict=True)]
    freeze(store, *printed)
    freeze(store, (an_edition(articles[-1]), readers), issue_id="other/2026-11-16")
    urls = [each.url for each in articles]

    seen = store.history.seen(readers, urls, besides=NOW)

    assert seen == {reader: {url, urls[-1]} for reader, url in zip(readers, urls, strict=True)}
    assert len(store.history.seen_by_list("weekly", None, urls, besides=NOW)) == len(urls)
