"""
Stage 7, over a real ledger: every letter once, whatever the transport does.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest

from digest.errors import LetterError, StoreBusy, TransportAway, TransportError
from digest.journal import Fate, past_iter
from digest.model import Letter, Outcome, Receipt, Recipient, Tally
from digest.ports import Ledger, Transport
from digest.sender import CHUNK, FRESH_FOR, MAX_REFUSALS, STEP_BACK, Allowance, Sending
from digest.store import Store
from digest.transports.memory import MemoryTransport, accept

from .factories import MONDAY, a_journal, a_letter, a_store, an_issue_of

ISSUE = "weekly/2026-11-23"
#: The highest niceness there is.
LAST = 19


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = a_store(store_url)
    yield store
    store.close()


def compose(recipient: Recipient) -> Letter:
    subscriber = recipient.subscriber
    return a_letter(
        id=f"<{subscriber.id}@example.org>",
        subscriber_id=subscriber.id,
        recipient=subscriber.address,
    )


class MakeSending(Protocol):
    """
    A run, after those before it.
    """

    def __call__(
        self,
        store: Store,
        transport: Transport,
        *,
        issue_id: str = ISSUE,
        compose: Callable[[Recipient], Letter] = compose,
        allowance: Allowance | None = None,
        run: str = "run",
        clock: Callable[[], datetime] = lambda: MONDAY,
        patience: timedelta = timedelta(0),
        fresh_for: float = FRESH_FOR,
    ) -> Sending: ...


@pytest.fixture
def a_sending(tmp_path: Path) -> MakeSending:
    def make(
        store: Store,
        transport: Transport,
        *,
        issue_id: str = ISSUE,
        compose: Callable[[Recipient], Letter] = compose,
        allowance: Allowance | None = None,
        run: str = "run",
        clock: Callable[[], datetime] = lambda: MONDAY,
        patience: timedelta = timedelta(0),
        fresh_for: float = FRESH_FOR,
    ) -> Sending:
        store.recovery.recover(issue_id, alone=True)
        store.ledger.hurry(issue_id)
        store.ledger.open_run(issue_id, run)
        return Sending(
            issue_id=issue_id,
            ledger=store.ledger,
            transport=transport,
            compose=compose,
            run=run,
            journal=a_journal(tmp_path / "journals", run, issue=issue_id),
            clock=clock,
            allowance=allowance or Allowance(),
            patience=patience,
            fresh_for=fresh_for,
        )

    return make


def send(sending: Sending) -> list[Receipt]:
    return list(sending.receipts_iter())


def tally(store: Store) -> Tally:
    return store.accounts.tally(ISSUE, running=False)


def ids_of(letters: Iterable[Letter]) -> list[int]:
    return sorted(letter.subscriber_id for letter in letters)


@dataclass
class Ahead:
    """
    Takes two letters before it says what became of the first, as a pipelining client does.
    """

    connections: int = 1
    fails_after: int | None = None
    letters: list[Letter] = field(default_factory=list)

    def deliver(
        self, letters: Iterable[Letter], begun: Callable[[Letter], bool], /
    ) -> Iterator[Receipt]:
        waiting: list[Letter] = []
        for letter in letters:
            waiting.append(letter)
            if len(waiting) == 2:
                yield self._settle(waiting.pop(0), begun)
        for letter in waiting:
            yield self._settle(letter, begun)

    def _settle(self, letter: Letter, begun: Callable[[Letter], bool]) -> Receipt:
        if self.fails_after is not None and len(self.letters) >= self.fails_after:
            raise TransportAway("gone")
        assert begun(letter)
        self.letters.append(letter)
        return accept(letter)

    def stop(self) -> None:
        pass


def failing_after(number: int, error: Exception) -> Callable[[Letter], Receipt]:
    """
    Accepts so many letters, and raises over the next one.
    """
    seen: list[Letter] = []

    def handle(letter: Letter) -> Receipt:
        if len(seen) >= number:
            raise error
        seen.append(letter)
        return accept(letter)

    return handle


@pytest.mark.parametrize("connections", [1, 4])
def test_every_letter_is_sent_once(store: Store, connections: int, a_sending: MakeSending) -> None:
    ids = an_issue_of(store, 450)
    transport = MemoryTransport(connections=connections)

    receipts = send(a_sending(store, transport))

    assert ids_of(transport.letters) == sorted(ids)
    assert ids_of(receipt.letter for receipt in receipts) == sorted(ids)
    assert tally(store) == Tally(accepted=450)


def test_a_receipt_holds_no_content(store: Store, a_sending: MakeSending) -> None:
    an_issue_of(store, 3)
    transport = MemoryTransport()

    receipts = send(a_sending(store, transport))

    assert all(letter.data for letter in transport.letters)
    assert [receipt.letter.data for receipt in receipts] == [b""] * 3


def test_a_second_run_finds_nothing_to_do(store: Store, a_sending: MakeSending) -> None:
    an_issue_of(store, 12)
    transport = MemoryTransport()
    send(a_sending(store, transport))

    assert send(a_sending(store, transport, run="another")) == []
    assert len(transport.letters) == 12


@pytest.mark.parametrize("connections", [1, 3])
def test_a_limit_is_kept_over_all_connections(
    store: Store, connections: int, a_sending: MakeSending
) -> None:
    ids = an_issue_of(store, 450)
    transport = MemoryTransport(connections=connections)

    first = send(a_sending(store, transport, allowance=Allowance(25)))
    after_first = tally(store)
    send(a_sending(store, transport, run="another"))

    assert len(first) == 25
    assert after_first == Tally(accepted=25, waiting=425)
    assert ids_of(transport.letters) == sorted(ids)


def test_a_stopped_run_takes_no_more_letters(store: Store, a_sending: MakeSending) -> None:
    ids = an_issue_of(store, 30)
    allowance = Allowance()

    def stop_at_the_fourth(letter: Letter) -> Receipt:
        if len(transport.letters) == 4:
            allowance.stop()
        return accept(letter)

    transport = MemoryTransport(stop_at_the_fourth)

    receipts = send(a_sending(store, transport, allowance=allowance))

    assert len(receipts) == 4
    assert tally(store) == Tally(accepted=4, waiting=26)
    send(a_sending(store, transport, run="another"))
    assert ids_of(transport.letters) == sorted(ids)


def test_a_run_that_was_stopped_before_it_began_sends_nothing(
    store: Store, a_sending: MakeSending
) -> None:
    an_issue_of(store, 3)
    allowance = Allowance()
    allowance.stop()

    assert send(a_sending(store, MemoryTransport(), allowance=allowance)) == []
    assert tally(store) == Tally(waiting=3)


def test_an_allowance_is_used_up() -> None:
    allowance = Allowance(15)

    assert [allowance.take(10) for _ in range(3)] == [10, 5, 0]


def test_one_letter_that_cannot_be_composed_is_refused_and_the_rest_goes_on(
    store: Store, a_sending: MakeSending
) -> None:
    ids = an_issue_of(store, 25)

    def picky(recipient: Recipient) -> Letter:
        if recipient.subscriber.id == ids[3]:
            raise LetterError("an address that would break a header")
        return compose(recipient)

    transport = MemoryTransport()

    receipts = send(a_sending(store, transport, compose=picky))

    (refused,) = (each for each in receipts if each.outcome is Outcome.REFUSED)
    assert (refused.letter.subscriber_id, refused.text) == (
        ids[3],
        "an address that would break a header",
    )
    assert ids_of(transport.letters) == sorted(set(ids) - {ids[3]})
    assert tally(store) == Tally(accepted=24, refused=1)


def test_letters_none_of_which_can_be_composed_end_the_run_all_the_same(
    store: Store, a_sending: MakeSending
) -> None:
    an_issue_of(store, 25)

    def never(recipient: Recipient) -> Letter:
        raise LetterError("no")

    send(a_sending(store, MemoryTransport(), compose=never))

    assert tally(store) == Tally(refused=25)


def test_each_outcome_is_recorded(store: Store, a_sending: MakeSending) -> None:
    ids = sorted(an_issue_of(store, 8))
    outcomes = dict(zip(ids, list(Outcome) * 2, strict=True))
    transport = MemoryTransport(
        lambda letter: Receipt(letter=letter, outcome=outcomes[letter.subscriber_id], code=1)
    )

    send(a_sending(store, transport))

    assert tally(store) == Tally(accepted=2, deferred=2, refused=2, in_doubt=2)


def test_deferred_letters_are_tried_again_by_the_next_run_only(
    store: Store, a_sending: MakeSending
) -> None:
    ids = an_issue_of(store, 3)
    transport = MemoryTransport(
        lambda letter: Receipt(letter=letter, outcome=Outcome.DEFERRED, code=450)
    )

    send(a_sending(store, transport))
    assert ids_of(transport.letters) == sorted(ids)
    send(a_sending(store, MemoryTransport(), run="another"))

    assert tally(store) == Tally(accepted=3)


@pytest.mark.parametrize(
    "error", [TransportAway("gone"), TransportError("wrong"), ValueError("odd")]
)
def test_what_was_sent_before_a_failure_is_recorded_and_the_rest_waits(
    store: Store, error: Exception, a_sending: MakeSending
) -> None:
    an_issue_of(store, 50)
    receipts: list[Receipt] = []

    with pytest.raises(type(error), match=str(error)):
        receipts.extend(a_sending(store, MemoryTransport(failing_after(13, error))).receipts_iter())

    assert tally(store) == Tally(accepted=13, waiting=37)


def test_the_run_after_a_failure_sends_what_is_left(store: Store, a_sending: MakeSending) -> None:
    ids = an_issue_of(store, 50)
    error = TransportAway("gone")
    with pytest.raises(TransportAway):
        send(a_sending(store, MemoryTransport(failing_after(13, error))))

    transport = MemoryTransport()
    send(a_sending(store, transport, run="another"))

    assert len(set(ids_of(transport.letters))) == 37
    assert set(ids_of(transport.letters)) < set(ids)
    assert tally(store) == Tally(accepted=50)


@dataclass
class Shaky:
    """
    A ledger whose database goes away at one call, with what was asked for done or not.
    """

    ledger: Ledger
    verb: str
    number: int
    done: bool
    calls: int = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.ledger, name)
        return partial(self._called, method) if name == self.verb else method

    def _called(self, method: Callable[..., Any], *arguments: Any) -> Any:
        self.calls += 1
        if self.calls != self.number:
            return method(*arguments)
        if self.done:
            method(*arguments)
        raise StoreBusy("gone")


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("verb", ["intend", "record"])
def test_a_store_that_goes_away_for_a_moment_makes_nobody_get_a_letter_twice(
    store: Store, a_sending: MakeSending, verb: str, number: int, *, done: bool
) -> None:
    an_issue_of(store, 4 * CHUNK)
    transport = MemoryTransport()
    sending = a_sending(store, transport, run="shaky")
    shaky = Shaky(store.ledger, verb, number, done)

    with suppress(StoreBusy):
        send(replace(sending, ledger=shaky))
    send(a_sending(store, transport))

    letters = ids_of(transport.letters)
    assert letters == sorted(set(letters))
    assert tally(store).accepted == len(letters)
    assert tally(store).accepted + tally(store).in_doubt == 4 * CHUNK


def test_a_connection_for_which_there_is_no_thread_ends_the_run_in_good_order(
    store: Store, a_sending: MakeSending, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_issue_of(store, 20)
    start, started = threading.Thread.start, []

    def crowded(thread: threading.Thread) -> None:
        started.append(thread)
        if len(started) == 4:  # After the keeper of the books and two connections.
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", crowded)

    with pytest.raises(TransportAway, match=r"smtp\.connections"):
        send(a_sending(store, MemoryTransport(connections=3), run="crowded"))
    monkeypatch.undo()
    send(a_sending(store, MemoryTransport()))

    assert tally(store) == Tally(accepted=20)


def test_one_connection_that_fails_stops_the_others(store: Store, a_sending: MakeSending) -> None:
    an_issue_of(store, 450)
    failed = threading.Event()

    def handle(letter: Letter) -> Receipt:
        if not failed.is_set():
            failed.set()
            raise TransportAway("gone")
        while not sending.stopped:
            threading.Event().wait(0.001)
        return accept(letter)

    sending = a_sending(store, MemoryTransport(handle, connections=2))

    with pytest.raises(TransportAway):
        send(sending)

    counts = tally(store)
    assert counts.accepted <= 1
    assert counts == Tally(accepted=counts.accepted, waiting=450 - counts.accepted)


def test_a_transport_may_take_letters_ahead(store: Store, a_sending: MakeSending) -> None:
    ids = an_issue_of(store, 45)
    transport = Ahead()

    send(a_sending(store, transport))

    assert ids_of(transport.letters) == sorted(ids)
    assert tally(store) == Tally(accepted=45)


@pytest.mark.parametrize("number", [0, 9, 10, 21])
def test_letters_taken_ahead_wait_again_if_the_line_breaks(
    store: Store, number: int, a_sending: MakeSending
) -> None:
    an_issue_of(store, 45)

    with pytest.raises(TransportAway):
        send(a_sending(store, Ahead(fails_after=number)))

    assert tally(store) == Tally(accepted=number, waiting=45 - number)


def test_a_letter_is_intended_before_it_leaves(
    store_url: str, store: Store, a_sending: MakeSending
) -> None:
    an_issue_of(store, 25)
    other = a_store(store_url)
    in_doubt: list[int] = []

    def look(letter: Letter) -> Receipt:
        assert not other.ledger.intend(ISSUE, [letter.subscriber_id], "another")
        in_doubt.append(other.accounts.tally(ISSUE, running=False).in_doubt)
        return accept(letter)

    send(a_sending(store, MemoryTransport(look)))

    other.close()
    assert min(in_doubt) >= 1
    assert max(in_doubt) <= CHUNK


def test_who_leaves_during_the_run_gets_no_letter(store: Store, a_sending: MakeSending) -> None:
    ids = an_issue_of(store, 3 * CHUNK)
    last = max(ids)
    address = f"r{ids.index(last)}@example.org"

    def handle(letter: Letter) -> Receipt:
        if len(transport.letters) == 1:
            store.subscribers.remove("weekly", address)
        return accept(letter)

    transport = MemoryTransport(handle)

    send(a_sending(store, transport))

    assert last not in ids_of(transport.letters)
    assert tally(store) == Tally(accepted=3 * CHUNK - 1, suppressed=1)


@pytest.mark.parametrize("connections", [1, 3])
def test_who_stops_listening_ends_the_run_in_good_order(
    store: Store, connections: int, a_sending: MakeSending
) -> None:
    an_issue_of(store, 450)
    before = threading.active_count()

    def linger(letter: Letter) -> Receipt:
        if len(transport.letters) > CHUNK and not sending.stopped:
            threading.Event().wait(0.02)
        return accept(letter)

    transport = MemoryTransport(linger, connections=connections)
    sending = a_sending(store, transport)
    receipts = sending.receipts_iter()
    next(receipts)

    receipts.close()  # type: ignore[attr-defined]

    assert threading.active_count() == before
    sent = len(transport.letters)
    assert sent < 450
    assert tally(store) == Tally(accepted=sent, waiting=450 - sent)


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads are Linux's")
def test_where_processors_are_scarce_connections_go_before_their_bookkeeper(
    store: Store, a_sending: MakeSending
) -> None:
    """
    It works ahead of them; what they lose is lost.
    """
    an_issue_of(store, 10)
    nice: dict[str, int] = {}

    def own_niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, 0)

    def reserve(_: int) -> float:
        nice["bookkeeper"] = own_niceness()
        return 0.0

    def handle(letter: Letter) -> Receipt:
        nice["connection"] = own_niceness()
        return accept(letter)

    send(replace(a_sending(store, MemoryTransport(handle)), reserve=reserve))

    assert nice == {
        "connection": own_niceness(),
        "bookkeeper": min(own_niceness() + STEP_BACK, LAST),
    }


def test_two_newsletters_are_sent_side_by_side(store: Store, a_sending: MakeSending) -> None:
    issues = {name: f"{name}/2026-11-23" for name in ("weekly", "daily")}
    for name, issue_id in issues.items():
        an_issue_of(store, 120, id=issue_id, newsletter=name)
    transports = {name: MemoryTransport(connections=2) for name in issues}
    threads = [
        threading.Thread(
            target=send,
            args=(a_sending(store, transports[name], issue_id=issue_id, run=name),),
        )
        for name, issue_id in issues.items()
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for name, issue_id in issues.items():
        assert len({letter.recipient for letter in transports[name].letters}) == 120
        assert len(transports[name].letters) == 120
        assert store.accounts.tally(issue_id, running=False) == Tally(accepted=120)


def test_an_issue_without_letters_is_done_at_once(store: Store, a_sending: MakeSending) -> None:
    an_issue_of(store, 0)

    assert send(a_sending(store, MemoryTransport(connections=2))) == []


def test_twenty_refusals_in_a_row_end_the_run_before_the_list_is_burnt(
    store: Store, a_sending: MakeSending
) -> None:
    an_issue_of(store, 50)
    transport = MemoryTransport(
        lambda letter: Receipt(letter=letter, outcome=Outcome.REFUSED, code=550)
    )

    with pytest.raises(TransportError, match="refused 20 letters in a row"):
        send(a_sending(store, transport))

    assert (tally(store).refused, tally(store).waiting) == (MAX_REFUSALS, 50 - MAX_REFUSALS)


def test_refusals_of_single_readers_do_not_end_the_run(
    store: Store, a_sending: MakeSending
) -> None:
    an_issue_of(store, 50)
    turns = iter([Outcome.REFUSED, Outcome.REFUSED, Outcome.ACCEPTED] * 50)
    transport = MemoryTransport(
        lambda letter: Receipt(letter=letter, outcome=next(turns), code=250)
    )

    receipts = send(a_sending(store, transport))

    assert len(receipts) == 50


def test_a_run_that_has_patience_tries_deferred_letters_again(
    tmp_path: Path, a_sending: MakeSending
) -> None:
    now = [MONDAY]
    store = a_store(tmp_path, clock=lambda: now[0])
    an_issue_of(store, 3)
    greylisted: set[int] = set()

    def handle(letter: Letter) -> Receipt:
        if letter.subscriber_id in greylisted:
            return accept(letter)
        greylisted.add(letter.subscriber_id)
        return Receipt(letter=letter, outcome=Outcome.DEFERRED, code=451)

    def clock() -> datetime:
        now[0] += timedelta(minutes=6)
        return now[0]

    receipts = send(
        a_sending(store, MemoryTransport(handle), clock=clock, patience=timedelta(minutes=10))
    )

    assert [each.outcome for each in receipts].count(Outcome.ACCEPTED) == 3
    assert tally(store) == Tally(accepted=3)
    store.close()


def test_the_journal_of_a_run_in_good_order_is_done(
    tmp_path: Path, store: Store, a_sending: MakeSending
) -> None:
    ids = an_issue_of(store, 3)

    send(a_sending(store, MemoryTransport()))

    (past,) = past_iter(tmp_path / "journals", now=MONDAY)
    assert past.done
    assert past.fates() == dict.fromkeys(ids, Fate(outcome=Outcome.ACCEPTED, code=250))


def test_a_letter_is_in_the_journal_before_it_leaves(
    tmp_path: Path, store: Store, a_sending: MakeSending
) -> None:
    ids = an_issue_of(store, 3)
    (tmp_path / "copies").mkdir()

    def look(letter: Letter) -> Receipt:
        (journal,) = (tmp_path / "journals").iterdir()
        copy = tmp_path / "copies" / journal.name
        copy.write_bytes(journal.read_bytes())
        (past,) = past_iter(tmp_path / "copies", now=MONDAY)
        begun.append(past.fates()[letter.subscriber_id])
        return accept(letter)

    begun: list[Fate] = []
    send(a_sending(store, MemoryTransport(look)))

    assert begun == [Fate()] * len(ids)


@dataclass
class Holding:
    """
    Takes all letters before the first may leave, as a narrow pace does.
    """

    meanwhile: Callable[[], object]
    connections: int = 1
    letters: list[Letter] = field(default_factory=list)

    def deliver(
        self, letters: Iterable[Letter], begun: Callable[[Letter], bool], /
    ) -> Iterator[Receipt]:
        held = [letter for letter, _ in zip(letters, range(5), strict=False)]
        self.meanwhile()
        for letter in held:
            if begun(letter):
                self.letters.append(letter)
                yield accept(letter)

    def stop(self) -> None:
        pass


def test_who_leaves_while_their_letter_is_held_back_does_not_get_it(
    store: Store, a_sending: MakeSending
) -> None:
    ids = an_issue_of(store, 5)
    transport = Holding(lambda: store.subscribers.remove("weekly", "r2@example.org"))

    send(a_sending(store, transport, fresh_for=0))

    assert ids_of(transport.letters) == sorted(set(ids) - {ids[2]})
    assert tally(store) == Tally(accepted=4, suppressed=1)
