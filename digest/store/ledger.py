"""
The ledger: one row per issue and subscriber, and who may move it from state to state.

    waiting ── intend ──> sending ── record ──> accepted | refused | deferred | in_doubt
       │  <── release ──────┘  │                               │
       └─> suppressed          └── its run is dead ──> in_doubt, or what its journal proves
                                        deferred ── intend, when it is time ──> sending

Only `intend` lets a letter go, in one durable statement; nothing but the run that intended a
letter, or the journal of that run, puts it back. No time-out ever does.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from itertools import groupby
from math import ceil
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select, update

from ..model import Outcome, Receipt, Recipient, Subscriber
from . import statements
from .database import Database
from .drafts import BATCH_SIZE
from .elements import rows_of
from .rows import LEASE, hold, let_go_of, numbers_of, time_of
from .schema import Moment, batches, letters, runs

#: Between two attempts: twice as long each time.
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(minutes=67)


class Ledger:
    """
    What became of every letter. Safe for many threads, processes and machines at once.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        self._numbers: dict[str, tuple[int, int]] = {}

    def open_run(self, issue_id: str, run: str) -> None:
        """
        Say, durably, that a run begins.
        """
        with self._database.writing(alone=False) as connection:
            issue, _ = numbers_of(connection, issue_id)
            connection.execute(insert(runs).values(id=run, issue=issue, started_at=self._clock()))

    def claim_batches(self, issue_id: str, run: str, /, letters: int = 1) -> Sequence[Recipient]:
        """
        The next batches that nobody works on, as many as hold so many letters if they are full;
        `run` has them until they are done, or it shows no life.
        """
        while True:
            # A claim that a power cut undoes was nobody's: nothing left before an intent.
            with self._database.writing(durable=False, alone=False) as connection:
                issue, newsletter = self._numbers_of(connection, issue_id)
                these = {"of_issue": issue, "of_newsletter": newsletter, "now": self._clock()}
                numbers = _leased(connection, these, run, ceil(letters / BATCH_SIZE))
                if not numbers:
                    return ()
                these["batches"] = numbers
                left = rows_of(connection.scalars(statements.recipients(), these).one())
                if any(state != "active" for *_, state in left):
                    connection.execute(statements.suppress_departed_of_batches(), these)
            if recipients := _recipients(left):
                return recipients

    def intend(
        self,
        issue_id: str,
        subscriber_ids: Sequence[int],
        run: str,
        /,
        receipts: Iterable[Receipt] = (),
    ) -> AbstractSet[int]:
        ids, settled = list(subscriber_ids), _by_subscriber(receipts)
        with self._database.writing(alone=False) as connection:
            these = self._told(connection, issue_id, ids, run, settled)
            if connection.execute(statements.intend(), these).rowcount == len(ids):
                return frozenset(ids)
            connection.rollback()
        # Not all of them: what is moved now has to be told from what was moved before.
        with self._database.writing(alone=False) as connection:
            these = self._told(connection, issue_id, ids, run, settled)
            before = _sending(connection, these)
            connection.execute(statements.intend(), these)
            connection.execute(statements.suppress_departed_of_these(), these)
            return _sending(connection, these) - before

    def record(self, issue_id: str, receipts: Iterable[Receipt], run: str, /) -> None:
        """
        Not durable against a power cut: what is lost then is in doubt, never wrong.
        """
        settled = _by_subscriber(receipts)
        if not settled:
            return
        with self._database.writing(durable=False, alone=False) as connection:
            issue, _ = self._numbers_of(connection, issue_id)
            held = _hold(connection, issue, [*settled])
            these = {"of_issue": issue, "by_run": run, "batches": held, "now": self._clock()}
            _settle(connection, these, settled)

    def release(self, issue_id: str, subscriber_ids: Iterable[int], run: str, /) -> None:
        ids = list(subscriber_ids)
        if not ids:
            return
        with self._database.writing(alone=False) as connection:
            issue, _ = self._numbers_of(connection, issue_id)
            held = _hold(connection, issue, ids)
            these = {"of_issue": issue, "these": ids, "by_run": run, "now": self._clock()}
            connection.execute(statements.take_back(), these)
            connection.execute(statements.let_go_of_closed(), {"of_issue": issue, "batches": held})

    def let_go(self, issue_id: str, run: str, /) -> None:
        """
        The run takes no more of the batches that it holds; durable, with all before it.
        """
        with self._database.writing(alone=False) as connection:
            issue, _ = numbers_of(connection, issue_id)
            ours = and_(batches.c.issue == issue, batches.c.run == run)
            hold(connection, ours)
            connection.execute(let_go_of(ours))
            # A commit that changes nothing would not wait for the disk.
            connection.execute(update(runs).where(runs.c.id == run).values(ended_at=self._clock()))

    def next_attempt(self, issue_id: str, /) -> datetime | None:
        """
        When there will be something to claim; now or earlier if there is. None: never again.
        """
        with self._database.reading() as connection:
            issue, _ = numbers_of(connection, issue_id)
            soonest = func.min(func.coalesce(batches.c.retry_at, self._clock()), type_=Moment())
            at: datetime | None = connection.scalar(
                select(soonest).where(batches.c.issue == issue, batches.c.state == "open")
            )
            return at

    def hurry(self, issue_id: str) -> None:
        """
        Whatever is deferred may be tried at once: somebody asked for it.
        """
        with self._database.writing(alone=False) as connection:
            issue, _ = numbers_of(connection, issue_id)
            for table in (batches, letters):
                connection.execute(
                    update(table)
                    .where(table.c.issue == issue, table.c.retry_at.is_not(None))
                    .values(retry_at=None)
                )

    def expire(self, issue_id: str, deadline: datetime) -> int:
        """
        Past the deadline what is deferred is refused. The number of such letters.
        """
        now = self._clock()
        if now < deadline:
            return 0
        with self._database.writing(alone=False) as connection:
            issue, _ = numbers_of(connection, issue_id)
            reason = "deferred until its deadline: " + func.coalesce(letters.c.reply, "")
            expired = connection.execute(
                update(letters)
                .where(letters.c.issue == issue, letters.c.state == "deferred")
                .values(state="refused", reply=reason, retry_at=None, changed_at=now)
            )
            return expired.rowcount

    def _told(
        self,
        connection: Connection,
        issue_id: str,
        subscriber_ids: Sequence[int],
        run: str,
        receipts: Mapping[int, Receipt],
    ) -> Mapping[str, Any]:
        """
        What an intent of these letters is made with, once the receipts are kept.
        """
        issue, newsletter = self._numbers_of(connection, issue_id)
        held = _hold(connection, issue, [*receipts, *subscriber_ids])
        ours = {"of_issue": issue, "by_run": run, "batches": held, "now": self._clock()}
        if receipts:
            _settle(connection, ours, receipts)
        lease = {**ours, "lease_end": time_of(connection) + LEASE}
        kept = connection.scalars(statements.keep_leases(), lease).all()
        return {**ours, "batches": kept, "these": subscriber_ids, "of_newsletter": newsletter}

    def _numbers_of(self, connection: Connection, issue_id: str) -> tuple[int, int]:
        """
        A frozen issue keeps its numbers.
        """
        if issue_id not in self._numbers:
            self._numbers[issue_id] = numbers_of(connection, issue_id)
        return self._numbers[issue_id]


def _leased(
    connection: Connection, these: Mapping[str, Any], run: str, at_most: int
) -> Sequence[int]:
    """
    The numbers of batches that are this run's from now on.
    """
    now = time_of(connection)
    ours = {**these, "by_run": run, "lease_now": now, "lease_end": now + LEASE}
    looked_for = {**ours, "lease_far": now + 2 * LEASE, "at_most": at_most}
    found = connection.execute(statements.next_batches(), looked_for).all()
    numbers = [each.number for each in found]
    if lost := [each.number for each in found if each.state == "leased"]:
        connection.execute(statements.doubt(), {**these, "batches": lost})
    if numbers:
        connection.execute(statements.lease(), {**ours, "batches": numbers})
    return numbers


def _recipients(rows: Iterable[Sequence[Any]]) -> tuple[Recipient, ...]:
    return tuple(
        Recipient(subscriber=Subscriber(id=number, address=address, name=name), edition=edition)
        for edition, number, address, name, state in sorted(rows, key=itemgetter(1))
        if state == "active"
    )


def _hold(connection: Connection, issue: int, subscriber_ids: Sequence[int]) -> Sequence[int]:
    """
    The numbers of the batches of these letters, which nobody else changes meanwhile.
    """
    these = {"of_issue": issue, "these": subscriber_ids}
    return connection.scalars(statements.hold_batches(), these).all()


def _sending(connection: Connection, these: Mapping[str, Any]) -> AbstractSet[int]:
    leaving = rows_of(connection.scalars(statements.sending(), these).one())
    return frozenset(number for (number,) in leaving)


def _by_subscriber(receipts: Iterable[Receipt]) -> dict[int, Receipt]:
    return {receipt.letter.subscriber_id: receipt for receipt in receipts}


def _settle(
    connection: Connection, ours: Mapping[str, Any], receipts: Mapping[int, Receipt]
) -> None:
    """
    Those that say the same together: nearly all do.
    """
    said = attrgetter("outcome", "code", "kind")
    for (outcome, code, kind), alike in groupby(sorted(receipts.values(), key=said), said):
        connection.execute(
            statements.settle(),
            {
                **ours,
                "given": [
                    [ours["of_issue"], each.letter.subscriber_id, each.text] for each in alike
                ],
                "new_state": outcome.value,
                "new_code": code,
                "new_kind": kind.value,
            },
        )
    if any(each.outcome is Outcome.DEFERRED for each in receipts.values()):
        _postpone(connection, {**ours, "these": [*receipts]}, ours["now"])
    connection.execute(statements.let_go_of_done(), ours)


def _postpone(connection: Connection, these: Mapping[str, Any], now: datetime) -> None:
    rows = [
        {
            "of_issue": these["of_issue"],
            "of_subscriber": row.subscriber_id,
            "at": now + min(FIRST_WAIT * 2 ** min(row.attempts - 1, 9), LONGEST_WAIT),
        }
        for row in connection.execute(statements.attempts(), these)
    ]
    if rows:
        connection.execute(statements.postpone(), rows)
