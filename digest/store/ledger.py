"""
The ledger: one row per issue and subscriber, and who may move it from state to state.

    waiting ── intend ──> sending ── record ──> accepted | refused | deferred | in_doubt
       │  <── release ──────┘  │                               │
       └─> suppressed          └── its run is dead ──> in_doubt, or what its journal proves
                                        deferred ── intend, when it is time ──> sending

Only `intend` lets a letter go, in one durable statement; nothing but the run that intended a
letter, or the journal of that run, puts it back. No time-out ever does.
"""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)

from ..model import Receipt, Recipient
from .database import Database
from .rows import (
    LEASE,
    UNSENT,
    has_letters,
    hold,
    intended_by,
    is_subscribed,
    let_go_of,
    numbers_of,
    time_of,
)
from .schema import Moment, batches, letters, runs
from .statements import batches_of, doubt, next_attempts, next_batch, outcome, recipients


class Ledger:
    """
    What became of every letter. Safe for many threads, processes and machines at once.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock

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
            with self._database.writing(alone=False) as connection:
                issue, newsletter = numbers_of(connection, issue_id)
                now = time_of(connection)
                batch = connection.execute(next_batch(issue, run, now, self._clock())).first()
                if batch is None:
                    return ()
                if batch.state == "leased":
                    doubt(connection, issue, batch.number, self._clock())
                connection.execute(
                    update(batches)
                    .where(batches.c.issue == issue, batches.c.number == batch.number)
                    .values(state="leased", run=run, lease_until=now + LEASE, retry_at=None)
                )
                among = letters.c.batch == batch.number
                self._suppress_departed(connection, issue, newsletter, among)
                left = recipients(connection, issue, batch.number, self._clock())
            if left:
                return left

    def intend(self, issue_id: str, subscriber_ids: Sequence[int], run: str, /) -> AbstractSet[int]:
        with self._database.writing(alone=False) as connection:
            issue, newsletter = numbers_of(connection, issue_id)
            held = connection.execute(
                update(batches)
                .where(batches_of(issue, subscriber_ids), batches.c.run == run)
                .values(lease_until=time_of(connection) + LEASE)
                .returning(batches.c.number)
            )
            intended = connection.execute(
                update(letters)
                .where(
                    letters.c.issue == issue,
                    letters.c.subscriber_id.in_(subscriber_ids),
                    letters.c.batch.in_(held.scalars().all()),
                    letters.c.state.in_(UNSENT),
                    is_subscribed(newsletter),
                )
                .values(
                    state="sending",
                    run=run,
                    attempts=letters.c.attempts + 1,
                    changed_at=self._clock(),
                )
                .returning(letters.c.subscriber_id)
            )
            ids = frozenset(intended.scalars())
            if len(ids) < len(subscriber_ids):
                among = letters.c.subscriber_id.in_(subscriber_ids)
                self._suppress_departed(connection, issue, newsletter, among)
            return ids

    def record(self, issue_id: str, receipts: Iterable[Receipt], run: str, /) -> None:
        """
        Not durable against a power cut: what is lost then is in doubt, never wrong.
        """
        settled = {receipt.letter.subscriber_id: receipt for receipt in receipts}
        with self._database.writing(durable=False, alone=False) as connection:
            issue, _ = numbers_of(connection, issue_id)
            theirs = batches_of(issue, list(settled))
            hold(connection, theirs)
            waits = next_attempts(connection, issue, settled, self._clock())
            rows = [
                {
                    "of_subscriber": subscriber_id,
                    "new_state": receipt.outcome.value,
                    "new_code": receipt.code,
                    "new_kind": receipt.kind.value,
                    "new_reply": receipt.text,
                    "new_retry_at": waits.get(subscriber_id),
                }
                for subscriber_id, receipt in settled.items()
            ]
            if rows:
                connection.execute(outcome(issue, run, self._clock()), rows)
                ours = and_(batches.c.run == run, ~has_letters("waiting", "sending"))
                # Another run had the batch meanwhile, and is done with it.
                late = and_(batches.c.state == "closed", has_letters("deferred"))
                connection.execute(let_go_of(theirs, or_(ours, late)))

    def release(self, issue_id: str, subscriber_ids: Iterable[int], run: str, /) -> None:
        ids = list(subscriber_ids)
        if not ids:
            return
        with self._database.writing(alone=False) as connection:
            issue, _ = numbers_of(connection, issue_id)
            theirs = batches_of(issue, ids)
            hold(connection, theirs)
            connection.execute(
                intended_by(issue, run)
                .where(letters.c.subscriber_id.in_(ids))
                .values(
                    state="waiting",
                    run=None,
                    attempts=letters.c.attempts - 1,
                    changed_at=self._clock(),
                )
            )
            # Another run took the batch for abandoned meanwhile, and is done with it.
            connection.execute(let_go_of(theirs, batches.c.state == "closed"))

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

    def _suppress_departed(
        self, connection: Connection, issue: int, newsletter: int, among: ColumnElement[bool]
    ) -> None:
        connection.execute(
            update(letters)
            .where(
                letters.c.issue == issue,
                among,
                letters.c.state.in_(UNSENT),
                ~is_subscribed(newsletter),
            )
            .values(state="suppressed", reply="not subscribed any more", changed_at=self._clock())
        )
