"""
An edition is encoded once, however many connections want its first letters at the same moment.
"""

import time
from collections import Counter
from threading import Barrier, Event, Thread

import pytest

from digest.composer import Composer
from digest.errors import StoreBusy
from digest.pipeline.composers import KEPT, Composers

from .factories import KEY, a_page, an_issue

THREADS = 10


def a_composer() -> Composer:
    return Composer(a_page(), an_issue(), key=KEY, newsletter_number=1)


def test_connections_that_begin_together_make_one_composer() -> None:
    made: Counter[int] = Counter()
    begin = Barrier(THREADS)

    def make(edition: int) -> Composer:
        made[edition] += 1
        time.sleep(0.2)  # Time enough for all others to ask as well.
        return a_composer()

    composers, got = Composers(make), set[Composer]()

    def ask() -> None:
        begin.wait()
        got.add(composers.of(1))

    threads = [Thread(target=ask) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == {1: 1}
    assert len(got) == 1


def test_nobody_waits_for_an_edition_that_is_not_theirs() -> None:
    begun, end = Event(), Event()

    def make(edition: int) -> Composer:
        if edition == 1:
            begun.set()
            assert end.wait(10)
        return a_composer()

    composers = Composers(make)
    slow = Thread(target=composers.of, args=(1,))
    slow.start()
    assert begun.wait(10)
    assert composers.of(2)
    end.set()
    slow.join()


def test_what_could_not_be_made_is_tried_again() -> None:
    tries = iter([StoreBusy("busy"), None])

    def make(_: int) -> Composer:
        if error := next(tries):
            raise error
        return a_composer()

    composers = Composers(make)
    with pytest.raises(StoreBusy):
        composers.of(1)
    assert composers.of(1) is composers.of(1)


def test_only_the_latest_editions_are_kept() -> None:
    made: Counter[int] = Counter()

    def make(edition: int) -> Composer:
        made[edition] += 1
        return a_composer()

    composers = Composers(make)
    for edition in (*range(KEPT + 1), KEPT, 0):
        composers.of(edition)
    assert made[KEPT] == 1
    assert made[0] == 2
