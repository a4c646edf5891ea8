"""
Mails that readers asked for: kept until they are settled, and tried by one at a time.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from digest.store import Store, Waiting

from .factories import a_store
from .test_store_signups import Clock

MAIL = Waiting(nonce=7, purpose="data", newsletter="weekly", recipient="ann@example.org")
WHILE = timedelta(minutes=20)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(store_url: str, clock: Clock) -> Iterator[Store]:
    store = a_store(store_url, clock=clock)
    yield store
    store.close()


def test_a_mail_that_nobody_has_tried_for_a_while_is_taken_once(store: Store, clock: Clock) -> None:
    store.mails.keep(MAIL)
    early = store.mails.take(WHILE)
    clock.now += WHILE

    taken = [store.mails.take(WHILE) for _ in range(2)]
    clock.now += WHILE

    assert early == ()
    assert taken == [(MAIL,), ()]
    assert store.mails.take(WHILE) == (MAIL,)


def test_whoever_starts_takes_all_there_is_until_it_is_settled(store: Store) -> None:
    store.mails.keep(MAIL)

    taken = [store.mails.take() for _ in range(2)]
    store.mails.settle(MAIL.nonce)

    assert taken == [(MAIL,), (MAIL,)]
    assert store.mails.take() == store.mails.waiting() == ()
