"""
The ledger: one row per issue and subscriber, and who may move it from state to state.

    waiting ── intend ──> sending ── record ──> accepted | refused | deferred | in_doubt
       │  <── release ──────┘  │                                │
       └─> suppressed          └── recover (its run is dead) ──> in_doubt
                                        deferred ── intend, by a later run ──> sending

Only `intend` lets a letter go, in one durable statement; nothing but the run that intended a
letter, knowing that it was not sent, puts it back.
"""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Exists,
    Select,
    Update,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)

from ..errors import NotFoundError
from ..model import Receipt, Recipient, Subscriber, Tally
from .database import Database
from .schema import batches, issues, letters, subscribers, subscriptions

UNSENT = ("waiting", "deferred")


class Ledger:
    """
    What became of every letter. Safe for many threads and processes at once.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def claim_batch(self, issue_id: str, run: str, /) -> Sequence[Recipient]:
        """
        The next open batch with letters that wait; `run` has it until the run ends.
        """
        while True:
            with self._database.writing() as connection:
                issue, newsletter = _numbers(connection, issue_id)
                batch = connection.scalar(_next_batch(issue))
                if batch is None:
                    return ()
                connection.execute(
                    update(batches)
                    .where(batches.c.issue == issue, batches.c.number == batch)
                    .values(state="leased", run=run)
                )
                self._suppress_departed(connection, issue, newsletter, letters.c.batch == batch)
                recipients = _recipients(connection, issue, batch)
            if recipients:
                return recipients

    def intend(self, issue_id: str, subscriber_ids: Sequence[int], run: str, /) -> AbstractSet[int]:
        with self._database.writing() as connection:
            issue, newsletter = _numbers(connection, issue_id)
            intended = connection.execute(
                update(letters)
                .where(
                    letters.c.issue == issue,
                    letters.c.subscriber_id.in_(subscriber_ids),
                    letters.c.state.in_(UNSENT),
                    _subscribed(newsletter),
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
                self._suppress_departed(
                    connection, issue, newsletter, letters.c.subscriber_id.in_(subscriber_ids)
                )
            return ids

    def record(self, issue_id: str, receipts: Iterable[Receipt], run: str, /) -> None:
        """
        Not durable against a power cut: what is lost then is in doubt, never wrong.
        """
        now = self._clock()
        rows = [
            {
                "of_subscriber": receipt.letter.subscriber_id,
                "new_state": receipt.outcome.value,
                "new_code": receipt.code,
                "new_reply": receipt.text,
            }
            for receipt in receipts
        ]
        with self._database.writing(durable=False) as connection:
            issue, _ = _numbers(connection, issue_id)
            if rows:
                connection.execute(_outcome(issue, run, now), rows)

    def release(self, issue_id: str, subscriber_ids: Iterable[int], run: str, /) -> None:
        ids = list(subscriber_ids)
        if not ids:
            return
        with self._database.writing() as connection:
            issue, _ = _numbers(connection, issue_id)
            connection.execute(
                _of_run(issue, run)
                .where(letters.c.subscriber_id.in_(ids))
                .values(state="waiting", attempts=letters.c.attempts - 1, changed_at=self._clock())
            )

    def recover(self, issue_id: str) -> int:
        """
        Take over from runs that ended; the caller holds the lock, so no other is alive.

        What a dead run had intended is in doubt from now on; its number is returned. Batches
        with letters that wait or were deferred are open again.
        """
        with self._database.writing() as connection:
            issue, _ = _numbers(connection, issue_id)
            in_doubt = connection.execute(
                update(letters)
                .where(letters.c.issue == issue, letters.c.state == "sending")
                .values(state="in_doubt", reply="the run died", changed_at=self._clock())
            )
            unsent = exists().where(
                letters.c.issue == batches.c.issue,
                letters.c.batch == batches.c.number,
                letters.c.state.in_(UNSENT),
            )
            connection.execute(
                update(batches)
                .where(batches.c.issue == issue)
                .values(state=case((unsent, "open"), else_="closed"), run=None)
            )
            return in_doubt.rowcount

    def resolve(self, issue_id: str, *, resend: bool) -> int:
        """
        Settle the letters in doubt: they wait again, or are given up. Their number is returned.
        """
        settled = (
            {"state": "waiting"}
            if resend
            else {"state": "suppressed", "reply": "in doubt, and dropped by hand"}
        )
        with self._database.writing() as connection:
            issue, _ = _numbers(connection, issue_id)
            changed = connection.execute(
                update(letters)
                .where(letters.c.issue == issue, letters.c.state == "in_doubt")
                .values(**settled, changed_at=self._clock())
            )
            return changed.rowcount

    def tally(self, issue_id: str, *, running: bool) -> Tally:
        """
        How many letters are in which state.

        What is being sent waits for its receipt while a run is at work, and is in doubt if none is.
        """
        with self._database.reading() as connection:
            issue, _ = _numbers(connection, issue_id)
            rows = connection.execute(
                select(letters.c.state, func.count().label("number"))
                .where(letters.c.issue == issue)
                .group_by(letters.c.state)
            )
            counts = {row.state: row.number for row in rows}
        sending = counts.pop("sending", 0)
        state = "waiting" if running else "in_doubt"
        return Tally(**counts | {state: counts.get(state, 0) + sending})

    def unsent_by_edition(self, issue_id: str) -> dict[int, int]:
        """
        How many letters of each edition a run would send.
        """
        with self._database.reading() as connection:
            issue, newsletter = _numbers(connection, issue_id)
            rows = connection.execute(
                select(letters.c.edition, func.count().label("number"))
                .where(
                    letters.c.issue == issue, letters.c.state.in_(UNSENT), _subscribed(newsletter)
                )
                .group_by(letters.c.edition)
            )
            return {row.edition: row.number for row in rows}

    def _suppress_departed(
        self, connection: Connection, issue: int, newsletter: int, among: ColumnElement[bool]
    ) -> None:
        connection.execute(
            update(letters)
            .where(
                letters.c.issue == issue,
                among,
                letters.c.state.in_(UNSENT),
                ~_subscribed(newsletter),
            )
            .values(state="suppressed", reply="not subscribed any more", changed_at=self._clock())
        )


def _numbers(connection: Connection, issue_id: str) -> tuple[int, int]:
    row = connection.execute(
        select(issues.c.number, issues.c.newsletter).where(issues.c.id == issue_id)
    ).first()
    if row is None:
        raise NotFoundError(f'there is no issue "{issue_id}": `digest status` lists them')
    return row.number, row.newsletter


def _of_run(issue: int, run: str) -> Update:
    """
    Letters that this run intended, also where another one has already put them in doubt.
    """
    return update(letters).where(
        letters.c.issue == issue,
        letters.c.run == run,
        or_(letters.c.state == "sending", letters.c.state == "in_doubt"),
    )


def _outcome(issue: int, run: str, now: datetime) -> Update:
    return (
        _of_run(issue, run)
        .where(letters.c.subscriber_id == bindparam("of_subscriber"))
        .values(
            state=bindparam("new_state"),
            code=bindparam("new_code"),
            reply=bindparam("new_reply"),
            changed_at=now,
        )
    )


def _next_batch(issue: int) -> Select[int]:
    return (
        select(batches.c.number)
        .where(batches.c.issue == issue, batches.c.state == "open")
        .order_by(batches.c.number)
        .limit(1)
    )


def _subscribed(newsletter: int) -> Exists:
    return exists().where(
        subscriptions.c.newsletter == newsletter,
        subscriptions.c.subscriber_id == letters.c.subscriber_id,
        subscriptions.c.state == "active",
    )


def _recipients(connection: Connection, issue: int, batch: int) -> tuple[Recipient, ...]:
    rows = connection.execute(
        select(letters.c.edition, subscribers.c.id, subscribers.c.address, subscribers.c.name)
        .join(subscribers, subscribers.c.id == letters.c.subscriber_id)
        .where(letters.c.issue == issue, letters.c.batch == batch, letters.c.state.in_(UNSENT))
        .order_by(subscribers.c.id)
    )
    return tuple(
        Recipient(
            subscriber=Subscriber(id=row.id, address=row.address, name=row.name),
            edition=row.edition,
        )
        for row in rows
    )
