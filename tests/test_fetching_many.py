"""
Many addresses at once, as a check of links asks them.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BufferedIOBase
from threading import Lock

import anyio
import pytest

from digest.errors import HostAway
from digest.fetching import Fetched, FetchLimits, Request
from digest.fetching.many import Answer, fetch_many
from digest.guard import Guard, parse_net

from .webd import Asked, Web, http, web_server

LOOPBACK = Guard(nets=(parse_net("127.0.0.0/8"),))
LIMITS = FetchLimits(seconds=2, connect_seconds=0.5, read_seconds=1, run_seconds=10)


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server({"/here": http(b"a page")}) as web:
        yield web


async def loopback(host: str, port: int) -> Sequence[str]:
    return [] if host.startswith("gone") else ["127.0.0.1"]


def fetch(*urls: str, limits: FetchLimits = LIMITS, method: str = "HEAD") -> tuple[Answer, ...]:
    requests = [Request(url=url, method=method, body=False) for url in urls]
    return fetch_many(
        requests, guard=LOOPBACK, limits=limits, agent="digest-tests", resolve=loopback
    )


def told(answer: Answer) -> object:
    return answer.status if isinstance(answer, Fetched) else str(answer)


def test_answers_come_in_the_order_of_the_requests(web: Web) -> None:
    answers = fetch(
        web.url("/here"),
        web.url("/not-here"),
        "ftp://example.org/",
        web.url("/", "gone.test"),
        "http://10.0.0.1/",
    )

    statuses = [told(each) for each in answers]
    assert statuses[:4] == [200, 404, "is neither http nor https", "there is no host gone.test"]
    assert [asked.method for asked in web.asked[:2]] == ["HEAD", "HEAD"]


def test_a_get_without_a_body_waits_for_the_first_lines_only(web: Web) -> None:
    def endless(asked: Asked, out: BufferedIOBase) -> None:
        out.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(100):
            out.write(b"x")
            time.sleep(0.1)

    web.answers["/endless"] = endless
    started = time.monotonic()

    (answer,) = fetch(web.url("/endless"), method="GET")

    assert told(answer) == 200
    assert time.monotonic() - started < 5


def test_each_answer_is_told_as_it_comes(web: Web) -> None:
    heard = []

    fetch_many(
        [Request(url=web.url("/here")), Request(url="x:")],
        guard=LOOPBACK,
        limits=LIMITS,
        agent="digest-tests",
        heard=lambda request, answer: heard.append((request.url, told(answer))),
    )

    assert sorted(heard) == [(web.url("/here"), 200), ("x:", "is neither http nor https")]


def test_what_the_time_is_too_short_for_is_said(web: Web) -> None:
    web.answers["/slow"] = lambda *_: time.sleep(6)
    limits = replace(LIMITS, run_seconds=1, seconds=9, read_seconds=9)
    started = time.monotonic()

    here, slow = fetch(web.url("/here"), web.url("/slow"), limits=limits)

    assert time.monotonic() - started < 5
    assert told(here) == 200
    assert told(slow) == "not asked: 1 s were over"


def test_without_a_network_it_ends_in_time() -> None:
    async def hang(host: str, port: int) -> Sequence[str]:
        await anyio.sleep(30)
        return []

    requests = [Request(url=f"http://{number}.test/") for number in range(200)]
    limits = replace(LIMITS, run_seconds=2)
    started = time.monotonic()

    answers = fetch_many(requests, guard=Guard(), limits=limits, agent="digest-tests", resolve=hang)

    assert time.monotonic() - started < 5
    assert isinstance(answers[0], HostAway)
    assert told(answers[-1]) == "not asked: 2 s were over"


def test_hosts_that_are_away_are_no_reason_not_to_ask_the_next(web: Web) -> None:
    gone = [web.url("/", f"gone{number}.test") for number in range(20)]

    answers = fetch(*gone, web.url("/here"))

    assert told(answers[-1]) == 200
    assert all(isinstance(each, HostAway) for each in answers[:-1])


def test_servers_that_hang_up_after_each_answer_lose_no_request(web: Web) -> None:
    """
    Without saying so before: a connection that was kept would be dead.
    """

    def answer(asked: Asked, out: BufferedIOBase) -> None:
        out.write(http(b"a page"))

    web.answers["/curt"] = answer

    answers = fetch(*[web.url("/curt")] * 30, method="GET")

    assert [told(each) for each in answers] == [200] * 30


def test_a_host_behind_redirects_is_asked_for_no_more_at_once_than_others(web: Web) -> None:
    lock, now, most = Lock(), 0, 0

    def answer(asked: Asked, out: BufferedIOBase) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.1)
        with lock:
            now -= 1
        out.write(http(b"a page"))

    web.answers["/moved"] = http(status=302, Location=web.url("/end", "end.test"))
    web.answers["/end"] = answer

    answers = fetch(*(web.url("/moved", f"{number}.test") for number in range(9)))

    assert [told(each) for each in answers] == [200] * 9
    assert most == LIMITS.per_host


def test_hosts_that_redirect_to_one_another_do_not_wait_for_one_another(web: Web) -> None:
    web.answers["/to-a"] = http(status=302, Location=web.url("/here", "a.test"))
    web.answers["/to-b"] = http(status=302, Location=web.url("/here", "b.test"))
    crossing = [web.url("/to-b", "a.test"), web.url("/to-a", "b.test")]

    answers = fetch(*crossing * 10, limits=replace(LIMITS, at_once=2, per_host=1))

    assert [told(each) for each in answers] == [200] * 20


def test_waiting_for_a_turn_behind_a_redirect_takes_none_of_a_requests_time(web: Web) -> None:
    def answer(asked: Asked, out: BufferedIOBase) -> None:
        time.sleep(0.4)
        out.write(http(b"a page"))

    web.answers["/moved"] = http(status=302, Location=web.url("/end", "end.test"))
    web.answers["/end"] = answer
    moved = [web.url("/moved", f"{number}.test") for number in range(6)]

    answers = fetch(*moved, limits=replace(LIMITS, seconds=1, per_host=1))

    assert [told(each) for each in answers] == [200] * 6
