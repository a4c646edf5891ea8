"""
Every change is remembered with who made it and why, and can be taken back.
"""

from collections.abc import Iterator

import pytest

from digest.errors import NotFoundError
from digest.model import Cause
from digest.store import Store

from .factories import a_store, an_entry

ANN = "ann@example.org"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = a_store(store_url)
    yield store
    store.close()


def told(store: Store) -> list[tuple[str, str | None, str | None, str]]:
    """
    Ann's history as (what, before, after, by).
    """
    history = store.subscribers.story(ANN)["history"]
    return [(each["what"], each["before"], each["after"], each["by"]) for each in history]


def state_of(store: Store, newsletter: str = "weekly") -> str:
    _, subscriptions = store.subscribers.find(ANN)
    return next(each.state for each in subscriptions if each.newsletter == newsletter)


def test_consent_is_the_first_change_and_says_where_it_came_from(store: Store) -> None:
    listed = Cause(by="import", reason="on a list", evidence={"file": "fair.csv"})
    store.subscribers.merge("weekly", [an_entry()], listed)

    (change,) = store.subscribers.story(ANN)["history"]

    assert (change["before"], change["after"], change["by"]) == (None, "active", "import")
    assert change["evidence"] == {"file": "fair.csv"}
    assert change["newsletter"] == "weekly"


def test_a_list_of_many_leaves_a_consent_for_each(store: Store) -> None:
    entries = [
        an_entry(address=f"r{n}@example.org", topics=("AI",) if n < 50 else (f"T{n}",))
        for n in range(100)
    ]
    store.subscribers.merge("weekly", entries, Cause(by="import"))

    for each in entries:
        story = store.subscribers.story(each.address)
        assert [change["by"] for change in story["history"]] == ["import"]
        assert story["subscriptions"][0]["topics"] == list(each.topics or ())


def test_leaving_coming_back_and_topics_are_a_story(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())
    store.subscribers.prefer("weekly", ANN, ["AI", "Robots"])
    store.subscribers.remove("weekly", ANN)
    store.subscribers.add("weekly", an_entry())

    assert told(store) == [
        ("state", None, "active", "operator"),
        ("topics", "", "AI; Robots", "operator"),
        ("state", "active", "unsubscribed", "operator"),
        ("topics", "AI; Robots", "", "operator"),
        ("state", "unsubscribed", "active", "operator"),
    ]


def test_what_changes_nothing_is_no_change(store: Store) -> None:
    store.subscribers.add("weekly", an_entry(topics=("AI",)))
    store.subscribers.prefer("weekly", ANN, ["AI"])
    store.subscribers.merge("weekly", [an_entry(topics=("AI",))])

    assert len(told(store)) == 1


def test_the_last_change_is_taken_back_and_the_one_before_it_too(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())
    store.subscribers.remove("weekly", ANN)

    first = store.subscribers.restore("weekly", ANN)
    second = store.subscribers.restore("weekly", ANN)

    assert first == ("unsubscribed", "active")
    assert second == ("active", "unsubscribed")
    assert state_of(store) == "unsubscribed"


@pytest.mark.parametrize("newsletter", ["weekly", "daily"])
def test_a_first_subscription_cannot_be_taken_back(store: Store, newsletter: str) -> None:
    store.subscribers.add("weekly", an_entry())

    with pytest.raises(NotFoundError, match=r"nothing about a•••@example\.org on"):
        store.subscribers.restore(newsletter, ANN)


def test_an_import_brings_back_who_left_only_if_it_says_so(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())
    store.subscribers.remove("weekly", ANN)
    away: list[tuple[int, str]] = []

    first = store.subscribers.merge(
        "weekly",
        [an_entry(line=7)],
        away=lambda entry, reason: away.append((entry.line, reason)),
    )
    second = store.subscribers.merge("weekly", [an_entry()], again=True)

    assert (first.unsubscribed, first.added) == (1, 0)
    assert away == [(7, "unsubscribed since 2026-11-23, and stays so")]
    assert (second.unsubscribed, second.added) == (0, 1)
    assert state_of(store) == "active"
