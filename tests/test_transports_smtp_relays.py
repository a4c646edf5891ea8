"""
Several mail servers, and lines that outlive a stream.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from socket import create_server

import pytest

from digest.errors import TransportAway, TransportError
from digest.model import Letter, Outcome
from digest.transports.smtp import Server, SmtpTransport, Times
from digest.transports.smtp.relays import Relays

from .factories import a_letter, unheeded
from .rude import DROP, Rude, Script, Turn, rude_server

TIMES = Times(command=2, reply=2, back_off=0.01, patience=2)


def a_server(port: int, **fields: object) -> Server:
    return Server(**{"host": "127.0.0.1", "port": port, "security": "none"} | fields)  # type: ignore[arg-type]


def letters(number: int) -> list[Letter]:
    return [a_letter(subscriber_id=place) for place in range(number)]


def polite(_: Turn) -> None:
    return None


@contextmanager
def servers(*scripts: Script) -> Iterator[list[Rude]]:
    with ExitStack() as stack:
        yield [stack.enter_context(rude_server(script)) for script in scripts]


def nobody_there() -> int:
    with create_server(("127.0.0.1", 0)) as closed:
        port: int = closed.getsockname()[1]
    return port


def test_connections_are_shared_by_weight() -> None:
    with servers(polite, polite) as (heavy, light):
        relays = Relays([a_server(light.port), a_server(heavy.port, weight=3)], TIMES)
        lines = [relays.open() for _ in range(8)]
        for line in lines:
            relays.drop(line)

    assert (len(heavy.said("GREETING")), len(light.said("GREETING"))) == (6, 2)


def test_a_server_that_is_away_leaves_its_share_to_the_others() -> None:
    with servers(polite) as (there,):
        transport = SmtpTransport(a_server(nobody_there()), a_server(there.port), times=TIMES)
        receipts = [*transport.deliver(letters(3), unheeded)]

    assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED] * 3


def test_a_server_that_refuses_our_login_leaves_its_share_to_the_others() -> None:
    def no_login(turn: Turn) -> str | None:
        return "535 no" if turn.verb == "AUTH" else None

    with rude_server(no_login, "AUTH PLAIN") as strict, rude_server(polite) as there:
        strict_one = a_server(strict.port, username="me", password="x")
        transport = SmtpTransport(strict_one, a_server(there.port), times=TIMES)
        receipts = [*transport.deliver(letters(1), unheeded)]

    assert receipts[0].outcome is Outcome.ACCEPTED


def test_where_all_fail_a_mistake_of_ours_is_told_first() -> None:
    def no_login(turn: Turn) -> str | None:
        return "535 no" if turn.verb == "AUTH" else None

    with rude_server(no_login, "AUTH PLAIN") as strict:
        strict_one = a_server(strict.port, username="me", password="x")
        transport = SmtpTransport(a_server(nobody_there()), strict_one, times=TIMES)
        with pytest.raises(TransportError, match="refused the login") as caught:
            [*transport.deliver(letters(1), unheeded)]

    assert type(caught.value) is TransportError


def test_a_server_that_breaks_every_line_is_passed_over() -> None:
    with servers(lambda turn: DROP if turn.verb == "MAIL" else None, polite) as (bad, good):
        transport = SmtpTransport(a_server(bad.port), a_server(good.port), times=TIMES)
        receipts = [*transport.deliver(letters(5), unheeded)]

    assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED] * 5
    assert len(good.contents) == 5


def test_a_server_that_was_there_a_moment_ago_is_waited_for() -> None:
    def restarting(turn: Turn) -> str | None:
        away = turn.verb == "GREETING" and 2 <= turn.connection <= 3
        lost = turn.verb == "MAIL" and turn.connection == 1 and turn.letter == 2
        return DROP if away or lost else None

    with servers(restarting) as (rude,):
        receipts = [*SmtpTransport(a_server(rude.port), times=TIMES).deliver(letters(3), unheeded)]

    assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED] * 3


def test_a_server_that_was_never_there_is_not_waited_for() -> None:
    slow = Times(back_off=60, patience=3_600)

    with pytest.raises(TransportAway):
        [*SmtpTransport(a_server(nobody_there()), times=slow).deliver(letters(1), unheeded)]


def test_a_transport_that_is_entered_keeps_its_line() -> None:
    with servers(polite) as (rude,), SmtpTransport(a_server(rude.port), times=TIMES) as transport:
        for _ in range(3):
            assert len([*transport.deliver(letters(2), unheeded)]) == 2
        assert rude.said("QUIT") == []

    assert len(rude.said("GREETING")) == len(rude.said("QUIT")) == 1


def test_a_kept_line_that_was_ended_meanwhile_is_not_used() -> None:
    def script(turn: Turn) -> str | None:
        if turn.verb == "END" and turn.connection == 1:
            return "250 OK\r\n421 4.4.2 idle for too long"
        return None

    with servers(script) as (rude,), SmtpTransport(a_server(rude.port), times=TIMES) as transport:
        first = [*transport.deliver(letters(1), unheeded)]
        second = [*transport.deliver(letters(1), unheeded)]

    assert [each.outcome for each in (*first, *second)] == [Outcome.ACCEPTED] * 2
    assert len(rude.said("GREETING")) == 2


@pytest.mark.parametrize("offers", [(), ("PIPELINING",), ("PIPELINING", "CHUNKING")])
def test_a_line_carries_no_more_letters_than_it_may(offers: tuple[str, ...]) -> None:
    with rude_server(polite, *offers) as rude:
        transport = SmtpTransport(
            a_server(rude.port), times=TIMES, letters_per_connection=3, in_flight=4
        )
        receipts = [*transport.deliver(letters(7), unheeded)]

    assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED] * 7
    assert len(rude.said("GREETING")) == 3
