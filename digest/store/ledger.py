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
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select, update

from ..model import Kind, Outcome, Receipt, Recipient, Subscriber
from . import statements
from .database import Database
from .elements import rows_of
from .rows import LEASE, hold, let_go_of, numbers_of, time_of
from .schema import Moment, batches, letters, runs

#: What a server says about many letters alike.
Said = tuple[Outcome, int, Kind]
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

    def claim_batch(self, issue_id: str, run: str, /) -> Sequence[Recipient]:
        """
        The next batch that nobody works on; `run` has it until it is done, or shows no life.
        """
        while True:
            # A claim that a power cut undoes was nobody's: nothing left before an intent.
            with self._database.writing(durable=False, alone=False) as connection:
                issue, newsletter = self._numbers_of(connection, issue_id)
                now, lease_now = self._clock(), time_of(connection)
                lease = {"by_run": run, "lease_end": lease_now + LEASE}
                batch = connection.execute(
                    statements.next_batch(),
                    {"of_issue": issue, "now": now, "lease_now": lease_now, **lease},
                ).first()
                if batch is None:
                    return ()
                claimed = {"of_issue": issue, "of_batch": batch.number}
                if batch.state == "leased":
                    connection.execute(statements.doubt(), {**claimed, "now": now})
                connection.execute(statements.lease(), {**claimed, **lease})
                connection.execute(
                    statements.suppress_departed_of_batch(),
                    {**claimed, "of_newsletter": newsletter, "now": now},
                )
                left = connection.scalar(statements.recipients(), {**claimed, "now": now})
            if recipients := _recipients(rows_of(left)):
                return recipients

    def intend(self, issue_id: str, subscriber_ids: Sequence[int], run: str, /) -> AbstractSet[int]:
        with self._database.writing(alone=False) as connection:
            issue, newsletter = self._numbers_of(connection, issue_id)
            these = {"of_issue": issue, "these": list(subscriber_ids)}
            ours = {**these, "by_run": run}
            theirs = {**these, "of_newsletter": newsletter, "now": self._clock()}
            lease = {"lease_end": time_of(connection) + LEASE}
            held = connection.scalars(statements.keep_leases(), {**ours, **lease}).all()
            before = rows_of(connection.scalar(statements.sending(), ours))
            intended = connection.execute(
                statements.intend(), {**theirs, "by_run": run, "batches": held}
            )
            if intended.rowcount == len(subscriber_ids):
                return frozenset(subscriber_ids)
            connection.execute(statements.suppress_departed_of_these(), theirs)
            after = rows_of(connection.scalar(statements.sending(), ours))
            return frozenset(each for (each,) in after if [each] not in before)

    def record(self, issue_id: str, receipts: Iterable[Receipt], run: str, /) -> None:
        """
        Not durable against a power cut: what is lost then is in doubt, never wrong.
        """
        settled = {receipt.letter.subscriber_id: receipt for receipt in receipts}
        if not settled:
            return
        with self._database.writing(durable=False, alone=False) as connection:
            issue, _ = self._numbers_of(connection, issue_id)
            these = {"of_issue": issue, "these": list(settled)}
            now = self._clock()
            held = connection.scalars(statements.hold_batches(), these).all()
            for (outcome, code, kind), replies in _by_outcome(settled).items():
                connection.execute(
                    statements.settle(),
                    {
                        "given": [[issue, number, reply] for number, reply in replies],
                        "new_state": outcome.value,
                        "new_code": code,
                        "new_kind": kind.value,
                        "by_run": run,
                        "now": now,
                    },
                )
            if any(each.outcome is Outcome.DEFERRED for each in settled.values()):
                _postpone(connection, {**these, "by_run": run}, now)
            connection.execute(
                statements.let_go_of_done(), {"of_issue": issue, "batches": held, "by_run": run}
            )

    def release(self, issue_id: str, subscriber_ids: Iterable[int], run: str, /) -> None:
        ids = list(subscriber_ids)
        if not ids:
            return
        with self._database.writing(alone=False) as connection:
            issue, _ = self._numbers_of(connection, issue_id)
            these = {"of_issue": issue, "these": ids}
            held = connection.scalars(statements.hold_batches(), these).all()
            connection.execute(
                statements.take_back(), {**these, "by_run": run, "now": self._clock()}
            )
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

    def _numbers_of(self, connection: Connection, issue_id: str) -> tuple[int, int]:
        """
        A frozen issue keeps its numbers.
        """
        if issue_id not in self._numbers:
            self._numbers[issue_id] = numbers_of(connection, issue_id)
        return self._numbers[issue_id]


def _recipients(rows: Iterable[Sequence[Any]]) -> tuple[Recipient, ...]:
    return tuple(
        Recipient(subscriber=Subscriber(id=number, address=address, name=name), edition=edition)
        for edition, number, address, name in sorted(rows, key=itemgetter(1))
    )


def _by_outcome(receipts: Mapping[int, Receipt]) -> dict[Said, list[tuple[int, str]]]:
    """
    Subscribers and replies of those that say the same: nearly all do.
    """
    grouped: dict[Said, list[tuple[int, str]]] = {}
    for number, each in receipts.items():
        said = each.outcome, each.code, each.kind
        grouped.setdefault(said, []).append((number, each.text))
    return grouped


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
