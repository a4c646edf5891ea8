"""
Mails that readers asked for: tried again, given up, and never in anybody's way.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

import pytest

from digest.errors import StoreBusy, TransportAway
from digest.model import Letter, Outcome, Receipt
from digest.transports.memory import MemoryTransport
from digest.web import mailer
from digest.web.mailer import Mailer
from tests.factories import LETTER


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailer, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(mailer, "FAREWELL", 0.2)


async def _post(
    deliver: Callable[[Letter], Iterable[Receipt]],
    mails: int = 1,
    settled: Callable[[], None] = lambda: None,
    name: int | None = None,
) -> None:
    opened = Mailer(deliver)
    opened.open()
    for _ in range(mails):
        opened.post(LETTER, settled, name=name)
    await asyncio.sleep(0)
    await opened.close()


def answering(*outcomes: Outcome) -> tuple[Callable[[Letter], Iterable[Receipt]], list[Letter]]:
    """
    A way out that answers so, one after the other, and what it was given.
    """
    given: list[Letter] = []
    answers = iter(outcomes)

    def deliver(letter: Letter) -> Iterable[Receipt]:
        given.append(letter)
        yield Receipt(letter=letter, outcome=next(answers), code=250, text="ann@example.org")

    return deliver, given


def test_a_mail_is_sent_by_the_transport() -> None:
    transport = MemoryTransport()

    asyncio.run(_post(lambda letter: transport.deliver([letter], lambda _: True)))

    assert transport.letters == [LETTER]


def test_a_deferred_mail_is_tried_again() -> None:
    deliver, given = answering(Outcome.DEFERRED, Outcome.ACCEPTED)

    asyncio.run(_post(deliver))

    assert len(given) == 2


@pytest.mark.parametrize(
    ("outcomes", "tries"),
    [
        ((Outcome.REFUSED,), 1),
        ((Outcome.IN_DOUBT,), 1),
        ((Outcome.DEFERRED, Outcome.DEFERRED, Outcome.DEFERRED), 3),
    ],
)
def test_what_cannot_be_sent_is_given_up_without_naming_anybody(
    outcomes: tuple[Outcome, ...], tries: int, caplog: pytest.LogCaptureFixture
) -> None:
    deliver, given = answering(*outcomes)

    with caplog.at_level(logging.ERROR):
        asyncio.run(_post(deliver))

    assert len(given) == tries
    assert "a mail that a reader asked for was" in caplog.text
    assert "ann@example.org" not in caplog.text


def test_a_mail_server_that_is_away_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    tries = []

    def deliver(letter: Letter) -> Iterable[Receipt]:
        tries.append(letter)
        raise TransportAway("no answer to ann@example.org")

    with caplog.at_level(logging.ERROR):
        asyncio.run(_post(deliver))

    assert len(tries) == 3
    assert "ann@example.org" not in caplog.text


def test_a_mail_of_one_name_is_under_way_once() -> None:
    deliver, given = answering(Outcome.DEFERRED, Outcome.ACCEPTED)

    asyncio.run(_post(deliver, mails=3, name=7))

    assert len(given) == 2


def test_that_a_mail_was_taken_is_kept_as_soon_as_the_store_can() -> None:
    deliver, given = answering(Outcome.ACCEPTED)
    answers = iter([StoreBusy("busy"), StoreBusy("busy"), None])
    heard = []

    def settled() -> None:
        if error := next(answers):
            raise error
        heard.append("settled")

    asyncio.run(_post(deliver, settled=settled))

    assert (len(given), heard) == (1, ["settled"])


def test_a_flood_is_cut(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(mailer, "MAX_WAITING", 3)
    deliver, given = answering(*[Outcome.ACCEPTED] * 10)

    with caplog.at_level(logging.ERROR):
        asyncio.run(_post(deliver, mails=5))

    assert len(given) == 3
    assert "a mail is put off" in caplog.text
