"""
Keys: the newest signs, two are believed, and the numbers go round.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from digest.store import Store
from digest.tokens import read_token, sign_token
from tests.factories import MONDAY, a_store
from tests.program import AT, a_full_project


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """
    One in which a minute passes whenever somebody looks at the clock.
    """

    def clock() -> Iterator[datetime]:
        now = MONDAY
        while True:
            yield (now := now + timedelta(minutes=1))

    times = clock()
    store = a_store(store_url, clock=lambda: next(times))
    yield store
    store.close()


def test_the_first_key_is_made_once(store: Store) -> None:
    keys = {store.key().secret for _ in range(3)}

    assert len(keys) == 1
    assert store.keys.believed() == (store.key(),)


def test_links_of_the_last_key_are_good_and_older_ones_are_not(store: Store) -> None:
    tokens = []
    for _ in range(3):
        token = sign_token(store.key(), "unsubscribe", subscriber_id=7, newsletter_number=1)
        tokens.append(token)
        last = store.key()
        store.keys.rotate()

    read = [read_token(store.keys.believed(), "unsubscribe", token) for token in tokens]

    assert read == [None, None, (7, 1)]
    assert store.keys.believed()[1] == last


def test_numbers_go_round_and_never_are_the_previews(store: Store) -> None:
    numbers = [store.key().number, *(store.keys.rotate().number for _ in range(31))]

    assert numbers == [*range(1, 16), *range(1, 16), 1, 2]
    assert [each.number for each in store.keys.believed()] == [2, 1]
    assert store.key().number == 2


def test_rotate_waits_for_the_end_of_an_issue(tmp_path: Path) -> None:
    project = a_full_project(tmp_path)
    project.subscribe("ann@example.org", "bob@example.org")
    project.done("send", *AT, "--limit", "1")

    refused, forced = project.run("keys", "rotate"), project.run("keys", "rotate", "--force")

    assert refused.status == 1
    assert "weekly/2026-11-23 is not sent to everybody yet" in refused.err
    assert (forced.status, forced.out) == (0, "")
    assert "key 2" in forced.err
