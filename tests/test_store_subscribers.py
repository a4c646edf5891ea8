"""
The lists: one address is one person, and who left stays away until they come back themselves.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import NotFoundError, StoreError
from digest.model import Cause, State
from digest.store import Merged, Store
from digest.store.changes import change_state, of_reader
from digest.store.newcomers import ID_BITS

from .factories import MONDAY, a_store, a_subscriber, an_entry

ANN = "ann@example.org"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = a_store(store_url)
    yield store
    store.close()


def active(store: Store, newsletter: str = "weekly") -> list[tuple[str, str]]:
    found = store.subscribers.active_iter(newsletter)
    return sorted((each.address, each.name) for each in found)


def topics_of(store: Store, address: str, newsletter: str = "weekly") -> tuple[str, ...] | None:
    _, subscriptions = store.subscribers.find(address)
    return next(each.topics for each in subscriptions if each.newsletter == newsletter)


def test_who_is_added_gets_the_newsletter(store: Store) -> None:
    store.subscribers.add("weekly", an_entry(name="Ann", topics=("AI", "Robots")))

    (ann,) = store.subscribers.active_iter("weekly")
    assert ann == a_subscriber(id=ann.id, name="Ann", topics=("AI", "Robots"))


def test_nobody_gets_a_newsletter_that_nobody_asked_for(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())

    assert active(store, "daily") == []


@pytest.mark.parametrize("again", ["ann@example.org", "Ann@Example.ORG"])
def test_an_address_is_added_once_in_whatever_case(store: Store, again: str) -> None:
    store.subscribers.add("weekly", an_entry())

    with pytest.raises(StoreError, match="is subscribed to weekly already") as caught:
        store.subscribers.add("weekly", an_entry(address=again))

    assert again not in str(caught.value)
    assert active(store) == [("ann@example.org", "")]


def test_who_was_removed_gets_nothing_more(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())

    store.subscribers.remove("weekly", "ANN@example.org")

    assert active(store) == []
    _, (subscription,) = store.subscribers.find("ann@example.org")
    assert subscription.state == "unsubscribed"


def test_who_was_removed_may_be_added_again_and_is_the_same_person(store: Store) -> None:
    store.subscribers.add("weekly", an_entry(name="Ann", topics=("AI",)))
    before, _ = store.subscribers.find("ann@example.org")
    store.subscribers.remove("weekly", "ann@example.org")

    store.subscribers.add("weekly", an_entry())

    (ann,) = store.subscribers.active_iter("weekly")
    assert ann == a_subscriber(id=before.id, name="Ann", topics=None)


@pytest.mark.parametrize("removed", [False, True])
def test_only_who_is_subscribed_can_be_removed_or_have_topics(
    store: Store, *, removed: bool
) -> None:
    if removed:
        store.subscribers.add("weekly", an_entry())
        store.subscribers.remove("weekly", "ann@example.org")

    with pytest.raises(NotFoundError, match=r"a•••@example\.org is not subscribed to weekly"):
        store.subscribers.remove("weekly", "ann@example.org")
    with pytest.raises(NotFoundError, match=r"a•••@example\.org is not subscribed to weekly"):
        store.subscribers.prefer("weekly", "ann@example.org", ["AI"])


def test_leaving_one_newsletter_leaves_the_other(store: Store) -> None:
    store.subscribers.add("weekly", an_entry(topics=("AI",)))
    store.subscribers.add("daily", an_entry(topics=("Robots",)))

    store.subscribers.remove("weekly", "ann@example.org")

    ann, subscriptions = store.subscribers.find("ann@example.org")
    assert [(each.newsletter, each.state, each.topics) for each in subscriptions] == [
        ("daily", "active", ("Robots",)),
        ("weekly", "unsubscribed", ("AI",)),
    ]
    assert [each.id for each in store.subscribers.active_iter("daily")] == [ann.id]


@pytest.mark.parametrize("none", [None, ()])
def test_topics_of_their_own_are_set_and_cleared(
    store: Store, none: tuple[str, ...] | None
) -> None:
    store.subscribers.add("weekly", an_entry())

    store.subscribers.prefer("weekly", "ann@example.org", ["Robots", "AI"])
    chosen = topics_of(store, "ann@example.org")
    store.subscribers.prefer("weekly", "ann@example.org", none)

    assert chosen == ("Robots", "AI")
    assert topics_of(store, "ann@example.org") is None


def test_an_import_says_what_it_changed(store: Store) -> None:
    for name in ("same", "other", "left"):
        store.subscribers.add("weekly", an_entry(address=f"{name}@example.org", name="Old"))
    store.subscribers.add("daily", an_entry(address="elsewhere@example.org", name="Old"))
    store.subscribers.remove("weekly", "left@example.org")

    merged = store.subscribers.merge(
        "weekly",
        [
            an_entry(address="Same@example.org", name="Old"),
            an_entry(address="other@example.org", name="New", topics=("AI",)),
            an_entry(address="left@example.org", name="New"),
            an_entry(address="elsewhere@example.org", name="New"),
            an_entry(address="unheard-of@example.org"),
        ],
    )

    assert merged == Merged(added=2, updated=1, unchanged=1, unsubscribed=1)
    assert active(store) == [
        ("elsewhere@example.org", "New"),
        ("other@example.org", "New"),
        ("same@example.org", "Old"),
        ("unheard-of@example.org", ""),
    ]
    assert store.subscribers.find("left@example.org")[0].name == "Old"


@pytest.mark.parametrize(
    ("state", "again", "merged"),
    [
        (State.COMPLAINED, False, Merged(complained=1)),
        (State.COMPLAINED, True, Merged(complained=1)),
        (State.BOUNCED, False, Merged(bounced=1)),
        (State.BOUNCED, True, Merged(added=1)),
        (State.UNSUBSCRIBED, False, Merged(added=1)),
    ],
)
def test_who_complained_or_bounced_on_another_list_is_taken_by_no_import(
    store: Store, state: State, *, again: bool, merged: Merged
) -> None:
    store.subscribers.add("weekly", an_entry())
    among = of_reader(store.subscribers.number("weekly"), [store.subscribers.find(ANN)[0].id])
    with store._database.writing() as connection:
        change_state(connection, among, state, Cause(by="test"), MONDAY)
    away: list[str] = []

    found = store.subscribers.merge(
        "daily", [an_entry()], again=again, away=lambda _, reason: away.append(reason)
    )

    assert found == merged
    assert [each for each, _ in active(store, "daily")] == [ANN] * merged.added
    reason = f"{state} on another newsletter since 2026-11-23, and stays so"
    assert away == ([] if merged.added else [reason])


def test_who_complained_on_another_list_does_not_come_back_to_one_that_they_left(
    store: Store,
) -> None:
    for newsletter in ("weekly", "daily"):
        store.subscribers.add(newsletter, an_entry())
    store.subscribers.remove("daily", ANN)
    among = of_reader(store.subscribers.number("weekly"), [store.subscribers.find(ANN)[0].id])
    with store._database.writing() as connection:
        change_state(connection, among, State.COMPLAINED, Cause(by="test"), MONDAY)

    assert store.subscribers.merge("daily", [an_entry()], again=True) == Merged(complained=1)
    with pytest.raises(StoreError, match="or of another newsletter, spam"):
        store.subscribers.add("daily", an_entry())


def test_an_import_without_names_takes_none_away(store: Store) -> None:
    store.subscribers.add("weekly", an_entry(name="Ann"))

    merged = store.subscribers.merge("weekly", [an_entry(topics=("AI",))])

    assert merged == Merged(updated=1)
    assert active(store) == [("ann@example.org", "Ann")]


def test_an_import_run_again_changes_nothing(store: Store) -> None:
    entries = [
        an_entry(address=f"r{place}@example.org", name=f"R {place}", topics=("AI",) * (place % 2))
        for place in range(1_234)
    ]

    first = store.subscribers.merge("weekly", iter(entries))
    second = store.subscribers.merge("weekly", iter(entries))

    assert (first, second) == (Merged(added=1_234), Merged(unchanged=1_234))
    assert active(store) == sorted((each.address, each.name) for each in entries)


def test_ids_are_random_and_never_zero_nor_taken(store_url: str) -> None:
    draws = iter([0, 5, 5, 0, 5, 9, 9, 7])
    asked: list[int] = []

    def random_bits(bits: int) -> int:
        asked.append(bits)
        return next(draws)

    store = a_store(store_url, random_bits=random_bits)

    store.subscribers.add("weekly", an_entry(address="first@example.org"))
    store.subscribers.merge(
        "weekly", [an_entry(address="second@example.org"), an_entry(address="third@example.org")]
    )

    assert store.subscribers.find("first@example.org")[0].id == 5
    assert sorted(each.id for each in store.subscribers.active_iter("weekly")) == [5, 7, 9]
    assert set(asked) == {ID_BITS}
    store.close()


def test_ids_say_nothing_about_who_came_first(store: Store) -> None:
    for place in range(20):
        store.subscribers.add("weekly", an_entry(address=f"r{place}@example.org"))

    ids = [store.subscribers.find(f"r{place}@example.org")[0].id for place in range(20)]
    assert ids != sorted(ids)
    assert max(ids) < 2**ID_BITS


def test_the_list_comes_in_the_order_of_ids(store: Store) -> None:
    store.subscribers.merge(
        "weekly", [an_entry(address=f"r{place}@example.org") for place in range(700)]
    )

    ids = [each.id for each in store.subscribers.active_iter("weekly")]

    assert len(ids) == 700
    assert ids == sorted(ids)


def test_a_list_that_is_being_read_may_change_meanwhile(store: Store) -> None:
    store.subscribers.merge(
        "weekly", [an_entry(address=f"r{place}@example.org") for place in range(3)]
    )

    seen = 0
    for each in store.subscribers.active_iter("weekly"):
        store.subscribers.remove("weekly", each.address)
        seen += 1

    assert seen == 3
    assert active(store) == []


def test_nobody_is_found_without_telling_the_address(store: Store) -> None:
    with pytest.raises(NotFoundError, match=r"nobody here has the address a•••@example\.org"):
        store.subscribers.find("ann@example.org")


def test_the_moments_of_a_subscription_are_kept(store_url: str) -> None:
    now = [MONDAY]

    def clock() -> datetime:
        return now[0]

    store = a_store(store_url, clock=clock)
    store.subscribers.add("weekly", an_entry())
    now[0] += timedelta(days=1)

    store.subscribers.remove("weekly", "ann@example.org")

    _, (subscription,) = store.subscribers.find("ann@example.org")
    assert subscription.created_at == MONDAY
    assert subscription.changed_at == MONDAY + timedelta(days=1)
    store.close()


def test_a_newsletter_keeps_its_number(store: Store) -> None:
    numbers = [store.subscribers.number(name) for name in ("weekly", "daily", "weekly")]

    assert numbers == [1, 2, 1]


def test_the_key_that_signs_links_is_made_once(store_url: str) -> None:
    keys = []
    for seed in (1, 2):
        store = a_store(store_url, random_bits=Random(seed).getrandbits)  # noqa: S311 - no secret
        keys.append(store.key())
        store.close()

    assert keys[0] == keys[1]
    assert len(keys[0].secret) == 32


ACTIONS = st.tuples(
    st.sampled_from(["add", "remove", "merge"]),
    st.sampled_from(["ann", "Ann", "ben"]),
    st.sampled_from(["weekly", "daily"]),
)


@settings(max_examples=40, deadline=None)
@given(actions=st.lists(ACTIONS, max_size=12))
def test_only_adding_brings_back_who_left(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, str, str]]
) -> None:
    store = a_store(tmp_path_factory.mktemp("store"))
    expected: dict[tuple[str, str], bool] = {}

    for action, name, newsletter in actions:
        address = f"{name}@example.org"
        key = (newsletter, address.lower())
        if action == "merge":
            store.subscribers.merge(newsletter, [an_entry(address=address)])
            expected.setdefault(key, True)
        elif (action == "add") == expected.get(key, False):
            with pytest.raises((StoreError, NotFoundError)):
                getattr(store.subscribers, action)(
                    newsletter, an_entry(address=address) if action == "add" else address
                )
        elif action == "add":
            store.subscribers.add(newsletter, an_entry(address=address))
            expected[key] = True
        else:
            store.subscribers.remove(newsletter, address)
            expected[key] = False

    found = {
        (newsletter, each.address.lower())
        for newsletter in ("weekly", "daily")
        for each in store.subscribers.active_iter(newsletter)
    }
    store.close()
    assert found == {key for key, subscribed in expected.items() if subscribed}


def test_a_dry_run_finds_what_a_merge_would_and_takes_it_back(store: Store) -> None:
    store.subscribers.merge("weekly", [an_entry(), an_entry(address="left@example.org")])
    store.subscribers.remove("weekly", "left@example.org")
    entries = [an_entry(name="Ann"), *(an_entry(address=f"{n}@example.org") for n in range(9_000))]
    heard: list[str] = []

    dry = store.subscribers.merge(
        "weekly",
        [*entries, an_entry(address="left@example.org")],
        away=lambda entry, _: heard.append(entry.address),
        dry_run=True,
    )

    assert dry == Merged(added=9_000, updated=1, unsubscribed=1)
    assert heard == ["left@example.org"]
    assert active(store) == [("ann@example.org", "")]
    assert store.subscribers.merge("weekly", entries).added == 9_000
