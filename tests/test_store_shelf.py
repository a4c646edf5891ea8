"""
Sent issues to be read again: which there are, and which edition stands for all.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from digest.model import Issue, Outcome
from digest.store import Store
from tests.factories import MONDAY, a_page, a_receipt, a_store, an_edition, an_issue, readers_of


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = a_store(store_url)
    yield store
    store.close()


def send(store: Store, issue: Issue, **editions: int) -> None:
    """
    An issue with an edition per topic, its subject the topic, and so many readers each.
    """
    ids = iter(readers_of(store, sum(editions.values())))
    printed = [(an_edition(topic=topic), a_page(subject=topic)) for topic in editions]
    readers = [
        (next(ids), place) for place, number in enumerate(editions.values()) for _ in range(number)
    ]
    store.issues.freeze(issue, printed, sorted(readers))
    store.ledger.claim_batches(issue.id, "run")
    store.ledger.intend(issue.id, [each for each, _ in readers], "run")
    receipts = [a_receipt(each, Outcome.ACCEPTED) for each, _ in readers]
    store.ledger.record(issue.id, receipts, "run")


def test_issues_are_there_once_they_were_sent_the_latest_first(store: Store) -> None:
    later = an_issue(id="weekly/2026-11-30", due_at=MONDAY + timedelta(days=7))
    send(store, an_issue(), AI=1)
    send(store, later, AI=1)
    unsent = replace(later, id="weekly/2026-12-07", due_at=MONDAY + timedelta(days=14))
    store.issues.freeze(unsent, [(an_edition(), a_page())], [(readers_of(store, 1)[0], 0)])

    found = [issue.id for issue in store.shelf.issues("weekly")]

    assert found == ["weekly/2026-11-30", "weekly/2026-11-23"]
    assert store.shelf.copy(unsent.id, ["AI"]) is None
    assert store.shelf.issues("other") == ()


def test_the_edition_on_the_newsletter_s_topics_stands_for_all(store: Store) -> None:
    send(store, an_issue(), Art=3, AI=1)

    copy, other = (store.shelf.copy(an_issue().id, topics) for topics in (["AI"], ["Space"]))

    assert copy is not None
    assert copy.page.subject == "AI"
    assert other is not None
    assert other.page.subject == "Art"  # It has the most readers.
    assert store.shelf.subjects("weekly", ["AI"])[0][1] == "AI"
    assert store.shelf.subjects("weekly", ["Space"])[0][1] in {"AI", "Art"}


def test_everybody_finds_the_edition_that_was_theirs(store: Store) -> None:
    send(store, an_issue(), Art=1, AI=1)
    first, second = readers_of(store, 2)

    copies = [store.shelf.copy_of(an_issue().id, each) for each in (first, second, 1)]

    assert [each.page.subject if each else None for each in copies] == ["Art", "AI", None]
    assert store.shelf.copy_of("weekly/never", first) is None
