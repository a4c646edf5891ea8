"""
No more than so many letters a second.
"""

from itertools import pairwise
from threading import Thread

from hypothesis import given
from hypothesis import strategies as st

from digest.transports.pace import Pace


class Clock:
    """
    Time that passes only in sleep.
    """

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_the_first_letter_goes_at_once() -> None:
    clock = Clock()

    Pace(2, clock=clock, sleep=clock.sleep).wait()

    assert clock.slept == []


def test_letters_lie_evenly_apart() -> None:
    clock = Clock()
    pace = Pace(2, clock=clock, sleep=clock.sleep)

    for _ in range(4):
        pace.wait()

    assert clock.slept == [0.5, 0.5, 0.5]


def test_a_rest_is_not_made_up_for() -> None:
    clock = Clock()
    pace = Pace(2, clock=clock, sleep=clock.sleep)
    pace.wait()
    clock.now += 60

    for _ in range(3):
        pace.wait()

    assert clock.slept == [0.5, 0.5]


def test_without_a_rate_nobody_waits() -> None:
    clock = Clock()
    pace = Pace(None, clock=clock, sleep=clock.sleep)

    for _ in range(100):
        pace.wait()

    assert clock.slept == []


def test_threads_share_one_pace() -> None:
    slept: list[float] = []
    pace = Pace(10, clock=lambda: 1_000.0, sleep=slept.append)
    threads = [Thread(target=pace.wait) for _ in range(20)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(round(each, 6) for each in slept) == [round(n / 10, 6) for n in range(1, 20)]


@given(rate=st.floats(0.01, 1_000), rests=st.lists(st.floats(0, 100), min_size=2, max_size=20))
def test_no_two_letters_are_closer_than_the_rate_allows(rate: float, rests: list[float]) -> None:
    clock = Clock()
    pace = Pace(rate, clock=clock, sleep=clock.sleep)
    moments: list[float] = []

    for rest in rests:
        clock.now += rest
        pace.wait()
        moments.append(clock.now)

    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert min(gaps) >= 1 / rate - 1e-6
