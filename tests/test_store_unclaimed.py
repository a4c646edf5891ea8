"""
One reader's letter may become another edition as long as no run has claimed it.
"""

from collections.abc import Iterator
from threading import Thread

import pytest

from digest.store import Store

from .factories import (
    ISSUE,
    PAGE,
    a_page,
    a_store,
    an_article,
    an_edition,
    an_issue,
    an_issue_of,
    intended,
)

OTHER = an_edition(an_article(slug="other"), topic="Vision")
OTHER_PAGE = a_page(subject="Another edition")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = a_store(store_url)
    yield store
    store.close()


def test_one_reader_gets_another_edition_and_all_others_what_was_frozen(store: Store) -> None:
    ann, bob = an_issue_of(store, 2)

    assert store.unclaimed.issue_of("weekly", ann) == ISSUE
    assert store.unclaimed.replace(ISSUE.id, ann, OTHER, OTHER_PAGE)

    assert store.issues.page_for(ISSUE.id, ann) == OTHER_PAGE
    assert store.issues.page_for(ISSUE.id, bob) == PAGE
    batch = store.ledger.claim_batches(ISSUE.id, "run")
    assert {each.subscriber.id: each.edition for each in batch} == {ann: 1, bob: 0}


def test_what_the_new_edition_tells_counts_as_sent_and_what_the_old_one_told_does_not(
    store: Store,
) -> None:
    (ann,) = an_issue_of(store, 1)
    old, new = next(iter(an_edition().told)), next(iter(OTHER.told))

    store.unclaimed.replace(ISSUE.id, ann, OTHER, OTHER_PAGE)

    assert store.history.seen([ann], [old, new], besides="") == {ann: frozenset([new])}


def test_a_claimed_letter_is_too_late(store: Store) -> None:
    (ann,) = an_issue_of(store, 1)
    store.ledger.claim_batches(ISSUE.id, "run")

    assert store.unclaimed.issue_of("weekly", ann) is None
    assert not store.unclaimed.replace(ISSUE.id, ann, OTHER, OTHER_PAGE)
    assert not store.unclaimed.suppress(ISSUE.id, ann)
    assert store.issues.page_for(ISSUE.id, ann) == PAGE
    assert intended(store, [ann]) == {ann}


def test_a_letter_without_news_is_suppressed(store: Store) -> None:
    (ann,) = an_issue_of(store, 1)

    assert store.unclaimed.suppress(ISSUE.id, ann)

    assert store.accounts.tally(ISSUE.id, running=False).suppressed == 1
    assert store.ledger.claim_batches(ISSUE.id, "run") == ()


def test_an_issue_before_another_one_that_counts_on_it_stays(store: Store) -> None:
    (ann,) = an_issue_of(store, 1)
    later = an_issue(id="daily/2026-11-23", newsletter="daily")
    store.issues.freeze(later, [(OTHER, OTHER_PAGE)], [(ann, 0)])

    assert store.unclaimed.issue_of("weekly", ann) is None
    assert store.unclaimed.issue_of("daily", ann) == later


def test_another_newsletter_s_reader_has_no_letter_here(store: Store) -> None:
    (ann,) = an_issue_of(store, 1)

    assert store.unclaimed.issue_of("daily", ann) is None
    assert store.unclaimed.issue_of("weekly", ann + 1) is None
    assert not store.unclaimed.replace("weekly/2001-01-01", ann, OTHER, OTHER_PAGE)


def test_readers_who_choose_at_once_get_editions_of_their_own(store: Store) -> None:
    readers = an_issue_of(store, 8)

    def choose(reader: int) -> None:
        store.unclaimed.replace(ISSUE.id, reader, OTHER, a_page(subject=f"For {reader}"))

    threads = [Thread(target=choose, args=(reader,)) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    pages = [store.issues.page_for(ISSUE.id, reader) for reader in readers]
    assert [page.subject for page in pages if page] == [f"For {reader}" for reader in readers]
