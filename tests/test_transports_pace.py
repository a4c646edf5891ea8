"""
How fast letters may go: over all, and to each domain.
"""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from digest.model import Kind, Letter, Outcome
from digest.transports.pace import ANY_DOMAIN, Limit, Pace
from digest.transports.stream import Stream

from .clock import Clock
from .factories import a_letter, a_receipt


def a_pace(clock: Clock, rate: float | None = None, **domains: Limit) -> Pace:
    """
    A pace of that clock; domains are named without their dots.
    """
    limits = {name.replace("_", "."): limit for name, limit in domains.items()}
    return Pace(rate, domains=limits, clock=clock, sleep=clock.sleep)


def letters(*domains: str) -> list[Letter]:
    return [
        a_letter(subscriber_id=number, recipient=f"r{number}@{domain}")
        for number, domain in enumerate(domains, 1)
    ]


def moments(pace: Pace, clock: Clock, taken: list[Letter]) -> list[tuple[int, float]]:
    """
    Which letter went when, in seconds from the start.
    """
    stream = Stream(taken, pace)
    start, went = clock.now, []
    while letter := stream.first():
        went.append((letter.subscriber_id, round(clock.now - start, 3)))
        stream.settle(letter)
    return went


def test_letters_lie_evenly_apart_from_the_first_on() -> None:
    clock = Clock()

    went = moments(a_pace(clock, 2), clock, letters(*["a.org"] * 4))

    assert went == [(1, 0.0), (2, 0.45), (3, 0.95), (4, 1.45)]


def test_a_rest_is_not_made_up_for() -> None:
    clock = Clock()
    pace = a_pace(clock, 2)
    moments(pace, clock, letters("a.org"))
    clock.now += 60

    went = moments(pace, clock, letters(*["a.org"] * 3))

    assert went == [(1, 0.0), (2, 0.45), (3, 0.95)]


def test_without_a_rate_nobody_waits() -> None:
    clock = Clock()

    moments(a_pace(clock), clock, letters(*["a.org"] * 100))

    assert clock.slept == []


def test_connections_share_one_pace() -> None:
    clock = Clock()
    pace = a_pace(clock, 10)
    first, second = (Stream(letters(*["a.org"] * 9), pace) for _ in range(2))

    assert first.first()
    assert second.ahead(0) is None
    assert second.first()
    assert clock.now > 1_000


@given(rate=st.floats(0.01, 1_000), rests=st.lists(st.floats(0, 100), min_size=2, max_size=20))
def test_a_rate_is_kept_but_for_a_moment(rate: float, rests: list[float]) -> None:
    clock = Clock()
    pace = a_pace(clock, rate)
    went: list[float] = []

    for rest in rests:
        clock.now += rest
        moments(pace, clock, letters("a.org"))
        went.append(clock.now)

    gaps = [later - earlier for earlier, later in pairwise(went)]
    assert min(gaps) >= 1 / rate - 0.05 - 1e-6
    assert went[-1] - went[0] >= (len(went) - 1) / rate - 0.05 - 1e-6


def test_a_slow_domain_lets_the_others_go_first() -> None:
    clock = Clock()
    pace = a_pace(clock, slow_org=Limit(rate=1))

    went = moments(pace, clock, letters("slow.org", "slow.org", "a.org", "slow.org", "b.org"))

    assert went == [(1, 0.0), (3, 0.0), (5, 0.0), (2, 0.95), (4, 1.95)]


def test_domains_are_limited_whatever_their_case() -> None:
    clock = Clock()
    pace = a_pace(clock, slow_org=Limit(rate=1))

    assert moments(pace, clock, letters("slow.org", "Slow.ORG"))[1] == (2, 0.95)


def test_a_limit_for_any_domain_holds_for_each_by_itself() -> None:
    clock = Clock()
    pace = Pace(domains={ANY_DOMAIN: Limit(rate=1)}, clock=clock, sleep=clock.sleep)

    went = moments(pace, clock, letters("a.org", "b.org", "a.org"))

    assert went == [(1, 0.0), (2, 0.0), (3, 0.95)]


def test_a_domain_is_sent_to_by_so_many_connections_at_once() -> None:
    clock = Clock()
    pace = a_pace(clock, one_org=Limit(connections=1))
    first, second = Stream(letters("one.org"), pace), Stream(letters("one.org", "a.org"), pace)

    mine = first.first()
    assert mine
    other = second.first()
    assert other
    assert other.recipient == "r2@a.org"
    second.settle(other)
    assert second.ahead(0) is None
    first.settle(mine)
    assert second.ahead(0)


def test_a_letter_that_was_postponed_waits_and_others_do_not() -> None:
    clock = Clock()
    stream = Stream(letters("a.org", "a.org"), a_pace(clock))
    one = stream.first()
    assert one

    stream.postpone(one, 5)

    two = stream.first()
    assert two
    assert two.subscriber_id == 2
    stream.settle(two)
    assert stream.first() is one
    assert clock.slept == [5]


def test_only_so_many_letters_are_taken_while_they_have_to_wait() -> None:
    clock = Clock()
    source = iter(letters(*["slow.org"] * 1_000))
    stream = Stream(source, a_pace(clock, slow_org=Limit(rate=1)))
    stream.ahead(5)

    assert 1_000 - 25 <= len([*source]) <= 1_000 - 20


def test_a_stopped_pace_lets_nobody_wait() -> None:
    clock = Clock()
    pace = a_pace(clock, 1 / 60)
    stream = Stream(letters("a.org", "a.org"), pace)
    first = stream.first()
    assert first
    stream.settle(first)

    pace.stop()

    assert stream.first() is None
    assert clock.slept == []


TOO_FAST = a_receipt(1, Outcome.DEFERRED, kind=Kind.RATE)


def complain(pace: Pace) -> None:
    """
    As a server does that has had enough, whoever the letters are for.
    """
    for letter in letters("x.org", "y.org", "z.org"):
        pace.heed(replace(TOO_FAST, letter=letter))


def test_a_server_that_asks_for_it_gets_letters_half_as_fast() -> None:
    clock = Clock()
    pace = a_pace(clock, 10)
    moments(pace, clock, letters("example.org"))

    complain(pace)

    went = moments(pace, clock, letters(*["a.org"] * 3))
    assert [moment for _, moment in went] == [0.2, 0.4, 0.6]


def test_what_one_domain_complains_of_slows_no_other() -> None:
    clock = Clock()
    pace = a_pace(clock)

    pace.heed(TOO_FAST)

    went = moments(pace, clock, letters("example.org", "a.org", "example.org", "b.org"))
    assert went == [(2, 0.0), (4, 0.0), (1, 0.2), (3, 0.4)]


def test_a_domain_that_complains_again_and_again_is_left_alone_for_a_while() -> None:
    clock = Clock()
    pace = a_pace(clock)
    (letter,) = letters("example.org")
    for _ in range(6):
        assert not pace.rests(letter)
        pace.heed(TOO_FAST)
        clock.now += 2

    assert pace.rests(letter)
    assert not pace.rests_for_all
    assert [moment for _, moment in moments(pace, clock, [letter] * 100)] == [0.0] * 100
    clock.now += 300
    assert not pace.rests(letter)


def test_an_accepted_letter_ends_the_complaints_of_its_domain() -> None:
    clock = Clock()
    pace = a_pace(clock)
    for _ in range(5):
        pace.heed(TOO_FAST)
        clock.now += 2

    pace.heed(a_receipt(1))
    pace.heed(TOO_FAST)

    assert not pace.rests(TOO_FAST.letter)


def test_what_all_connections_are_told_at_once_is_heeded_once() -> None:
    clock = Clock()
    pace = a_pace(clock, 10)

    complain(pace)
    for _ in range(10):
        pace.heed(TOO_FAST)

    went = moments(pace, clock, letters(*["a.org"] * 2))
    assert [moment for _, moment in went] == [0.2, 0.4]


def test_where_no_rate_is_set_half_of_what_went_of_late_is_the_rate() -> None:
    clock = Clock()
    pace = a_pace(clock)
    for _ in range(100):
        clock.now += 0.05
        pace.heed(a_receipt(1))

    complain(pace)

    assert not pace.free
    went = moments(pace, clock, letters(*["a.org"] * 11))
    assert 0.9 <= went[-1][1] - went[0][1] <= 1.1


def test_accepted_letters_bring_the_old_rate_back() -> None:
    clock = Clock()
    pace = a_pace(clock)
    pace.heed(TOO_FAST)
    assert not pace.free

    for _ in range(110):
        pace.heed(a_receipt(1))

    assert pace.free


def test_a_limited_domain_is_slowed_down_by_itself() -> None:
    clock = Clock()
    pace = a_pace(clock, example_org=Limit(rate=10))

    pace.heed(TOO_FAST)

    went = moments(pace, clock, letters("example.org", "a.org"))
    assert went == [(2, 0.0), (1, 0.2)]


def test_a_rate_never_falls_to_nothing() -> None:
    clock = Clock()
    pace = a_pace(clock, 1)
    for _ in range(50):
        clock.now += 20
        complain(pace)

    assert moments(pace, clock, letters("a.org"))[0][1] <= 61
