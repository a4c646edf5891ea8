"""
Double opt-in: nobody reads anything before they confirmed, and nobody notices who was here.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from digest.errors import NotFoundError
from digest.store import Store
from digest.store.limits import Limits

from .contents import everything_in
from .factories import MONDAY, a_store, an_entry, signed_up

ANN = "ann@example.org"


class Clock:
    """
    A time that tests move on.
    """

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(store_url: str, clock: Clock) -> Iterator[Store]:
    store = a_store(store_url, clock=clock)
    yield store
    store.close()


def readers(store: Store, newsletter: str = "weekly") -> list[tuple[str, tuple[str, ...] | None]]:
    return [(each.address, each.topics) for each in store.subscribers.active_iter(newsletter)]


def test_who_signed_up_is_pending_and_no_subscriber(store: Store) -> None:
    signed_up(store, an_entry(name="Ann"), {"weekly": ["AI"]}, {"from": "abc"})

    story = store.subscribers.story(ANN)

    assert readers(store) == []
    assert [(each["newsletter"], each["state"]) for each in story["subscriptions"]] == [
        ("weekly", "pending")
    ]
    assert [(each.address, each.topics) for each, _ in store.signups.pending_iter("weekly")] == [
        (ANN, ("AI",))
    ]
    assert list(store.signups.pending_iter("daily")) == []
    with pytest.raises(NotFoundError):
        store.subscribers.find(ANN)


def test_who_confirms_reads_from_then_on_and_the_consent_is_kept(
    store: Store, clock: Clock
) -> None:
    nonce = signed_up(
        store, an_entry(name="Ann"), {"weekly": ["AI"], "daily": None}, {"from": "abc"}
    )
    clock.now += timedelta(hours=2)

    confirmed = store.signups.confirm(nonce, {"confirmed_from": "def"})

    assert confirmed
    assert confirmed.subscriber_id == store.subscribers.find(ANN)[0].id
    assert (readers(store), readers(store, "daily")) == ([(ANN, ("AI",))], [(ANN, None)])
    consent = store.subscribers.story(ANN)["history"][0]
    assert (consent["by"], consent["evidence"]) == (
        "reader",
        {"signed_up_at": "2026-11-23T06:00:00Z", "from": "abc", "confirmed_from": "def"},
    )
    assert list(store.signups.pending_iter("weekly")) == []


def test_confirming_twice_is_once(store: Store) -> None:
    nonce = signed_up(store, an_entry(), {"weekly": None}, {})
    first = store.signups.confirm(nonce, {})
    store.subscribers.remove("weekly", ANN)

    second = store.signups.confirm(nonce, {})

    assert first == second
    assert readers(store) == []


def test_a_sign_up_is_good_for_seven_days(store: Store, clock: Clock) -> None:
    nonce = signed_up(store, an_entry(), {"weekly": None}, {})
    clock.now += timedelta(days=7)

    assert store.signups.find(nonce) is None
    assert store.signups.confirm(nonce, {}) is None
    assert readers(store) == []


def test_old_sign_ups_are_removed(store: Store, clock: Clock, store_url: str) -> None:
    signed_up(store, an_entry(address="old@example.org"), {"weekly": None}, {})
    clock.now += timedelta(days=7)
    signed_up(store, an_entry(), {"weekly": None}, {})
    store.close()

    everything = everything_in(store_url)
    assert b"old@example.org" not in everything


def test_a_number_that_nobody_has_is_nothing(store: Store) -> None:
    assert store.signups.find(5) is None
    assert store.signups.confirm(5, {}) is None


@pytest.mark.parametrize("topics", [None, ["Robots"]])
def test_who_reads_already_keeps_their_topics_unless_they_chose_others(
    store: Store, topics: list[str] | None
) -> None:
    store.subscribers.add("weekly", an_entry(topics=("AI",)))

    store.signups.confirm(signed_up(store, an_entry(), {"weekly": topics}, {}), {})

    assert readers(store) == [(ANN, tuple(topics or ["AI"]))]


def test_signing_up_takes_nothing_from_who_left_until_they_confirm(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())
    store.subscribers.remove("weekly", ANN)

    nonce = signed_up(store, an_entry(), {"weekly": None}, {})
    before = readers(store)
    store.signups.confirm(nonce, {})

    assert before == []
    assert readers(store) == [(ANN, None)]


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def tries(limits: Limits, number: int, who: str = "192.0.2.1") -> int:
    """
    How many of so many are allowed.
    """
    return sum(limits.allow("sign up", who, [(5, HOUR), (8, DAY)]) for _ in range(number))


def test_so_many_are_allowed_within_each_window(store: Store, clock: Clock) -> None:
    first = tries(store.limits, 7)
    clock.now += HOUR
    second = tries(store.limits, 7)
    clock.now += DAY
    third = tries(store.limits, 7)

    assert (first, second, third) == (5, 3, 5)


def test_what_is_refused_does_not_count(store: Store, clock: Clock) -> None:
    tries(store.limits, 50)
    clock.now += HOUR

    assert tries(store.limits, 2) == 2


def test_others_and_other_things_have_limits_of_their_own(store: Store) -> None:
    tries(store.limits, 9)

    assert tries(store.limits, 1, who="192.0.2.2") == 1
    assert store.limits.allow("mail", "192.0.2.1", [(5, HOUR)])


def test_who_tried_is_not_kept(store: Store, store_url: str) -> None:
    tries(store.limits, 3)
    store.close()

    everything = everything_in(store_url)
    assert b"192.0.2.1" not in everything
