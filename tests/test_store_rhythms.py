"""
A newsletter at several rhythms is one to leave and to come back to, whichever letter is at hand.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from digest.store import Choice, Store
from digest.store.choices import Do

from .factories import MONDAY, a_store, an_entry

ANN = "ann@example.org"
FAMILIES = [("weekly", "daily", "unused")]


class Clock:
    """
    A time that goes on whenever somebody looks.
    """

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(store_url: str, clock: Clock) -> Iterator[Store]:
    """
    Ann reads two newsletters, and one of them daily instead of weekly.
    """
    store = a_store(store_url, clock=clock)
    for newsletter in ("weekly", "other"):
        store.subscribers.add(newsletter, an_entry())
    weekly, daily = (store.subscribers.number(each) for each in ("weekly", "daily"))
    store.choices.move(weekly, daily, store.subscribers.find(ANN)[0].id)
    yield store
    store.close()


def wish(store: Store, *wishes: Do, newsletter: str = "weekly") -> dict[str, str]:
    """
    By the link in a letter of that newsletter, one after the other; how Ann stands then.
    """
    number, ann = store.subscribers.number(newsletter), store.subscribers.find(ANN)[0].id
    for each in wishes:
        choice = Choice(do=each, newsletter=number, subscriber=ann)
        assert store.choices.apply([choice], FAMILIES) == [True]
    return {each.newsletter: each.state for each in store.subscribers.find(ANN)[1]}


def here(store: Store, newsletter: str = "weekly") -> str:
    number, ann = store.subscribers.number(newsletter), store.subscribers.find(ANN)[0].id
    reader = store.choices.reader(number, ann, FAMILIES)
    assert reader
    return reader.here.newsletter


GONE, READS = "unsubscribed", "active"


@pytest.mark.parametrize("newsletter", ["weekly", "daily"])
def test_a_letter_of_any_rhythm_leaves_the_one_that_comes(store: Store, newsletter: str) -> None:
    states = wish(store, "leave", "leave", newsletter=newsletter)

    assert states == {"weekly": GONE, "daily": GONE, "other": READS}
    assert here(store, newsletter) == "daily"


@pytest.mark.parametrize("newsletter", ["weekly", "daily"])
def test_coming_back_brings_what_was_left_and_no_rhythm_from_before(
    store: Store, newsletter: str
) -> None:
    states = wish(store, "leave", "return", "return", newsletter=newsletter)

    assert states == {"weekly": GONE, "daily": READS, "other": READS}


def test_who_gets_another_rhythm_has_nothing_to_come_back_to(store: Store) -> None:
    states = wish(store, "return", "return all")

    assert states == {"weekly": GONE, "daily": READS, "other": READS}
    assert here(store) == "daily"


def test_all_lists_come_back_as_they_were_left(store: Store) -> None:
    states = wish(store, "leave all", "return all", "return all", newsletter="other")

    assert states == {"weekly": GONE, "daily": READS, "other": READS}


def test_what_was_left_before_all_the_others_does_not_come_back_with_them(store: Store) -> None:
    wish(store, "leave", newsletter="other")

    states = wish(store, "leave all", "return all", "return all")

    assert states == {"weekly": GONE, "daily": READS, "other": GONE}


def test_after_an_hour_the_list_of_the_link_comes_back_alone(store: Store, clock: Clock) -> None:
    wish(store, "leave all")
    clock.now += timedelta(hours=1)

    states = wish(store, "return all")

    assert states == {"weekly": GONE, "daily": READS, "other": GONE}


def test_who_gets_both_rhythms_leaves_both_and_has_both_back(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())
    shown = here(store, "weekly"), here(store, "daily")

    left, back = wish(store, "leave"), wish(store, "return")

    assert shown == ("weekly", "daily")
    assert left == {"weekly": GONE, "daily": GONE, "other": READS}
    assert back == {"weekly": READS, "daily": READS, "other": READS}
