"""
Where the letters of an issue stand: in numbers, one by one, and how those in doubt are settled.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Row, Select, func, select, update

from ..journal import Fate
from ..model import Tally
from .database import Database
from .rows import UNSENT, has_letters, is_subscribed, let_go_of, numbers_of
from .schema import batches, letters, subscribers

Verdict = Literal["resend", "drop", "sent"]
#: What a letter in doubt becomes, by whoever knows better.
VERDICTS: dict[Verdict, dict[str, str | None]] = {
    "resend": {"state": "waiting", "run": None, "reply": None},
    "drop": {"state": "suppressed", "run": None, "reply": "in doubt, and dropped by hand"},
    "sent": {"state": "accepted", "run": None, "reply": "in doubt, and found to be sent"},
}
#: States that somebody may want to look at, letter by letter.
PROBLEMS = ("in_doubt", "deferred", "refused", "suppressed")
CHUNK = 500
#: What became of letters, by run, from the journals of dead runs that no run has read yet.
Journals = Mapping[str, Mapping[int, Fate]]
NO_JOURNALS: Journals = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """
    One letter that was not simply accepted, and why.
    """

    subscriber_id: int
    address: str | None = field(repr=False)  #: None once they are erased
    state: str
    code: int | None
    kind: str | None
    reason: str | None = field(repr=False)  #: as the server gave it: it may name the reader
    attempts: int
    retry_at: datetime | None
    changed_at: datetime


class Accounts:
    """
    The ledger, for people. Only `resolve` changes it.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock

    def tally(self, issue_id: str, *, running: bool, journals: Journals = NO_JOURNALS) -> Tally:
        """
        How many letters are in which state.

        What is being sent waits for its receipt while a run is at work. If none is, it is what the
        journal of its run proves, and in doubt without one.
        """
        with self._database.reading() as connection:
            issue, _ = numbers_of(connection, issue_id)
            rows = connection.execute(
                select(letters.c.state, func.count().label("number"))
                .where(letters.c.issue == issue)
                .group_by(letters.c.state)
            )
            counts = Counter({row.state: row.number for row in rows})
            if sending := counts.pop("sending", 0):
                counts += (
                    Counter(waiting=sending) if running else _foreseen(connection, issue, journals)
                )
        return Tally(**counts)

    def refused_by_kind(self, issue_id: str) -> Counter[str]:
        """
        Why letters were refused for good, and how many; "" where the server gave no reason.
        """
        with self._database.reading() as connection:
            issue, _ = numbers_of(connection, issue_id)
            kinds = connection.scalars(
                select(letters.c.kind).where(letters.c.issue == issue, letters.c.state == "refused")
            )
            return Counter(kind or "" for kind in kinds)

    def unsent_by_edition(self, issue_id: str) -> dict[int, int]:
        """
        How many letters of each edition a run would send.
        """
        with self._database.reading() as connection:
            issue, newsletter = numbers_of(connection, issue_id)
            rows = connection.execute(
                select(letters.c.edition, func.count().label("number"))
                .where(
                    letters.c.issue == issue,
                    letters.c.state.in_(UNSENT),
                    is_subscribed(newsletter),
                )
                .group_by(letters.c.edition)
            )
            return {row.edition: row.number for row in rows}

    def problems_iter(
        self, issue_id: str, *, running: bool, journals: Journals = NO_JOURNALS
    ) -> Iterator[Account]:
        """
        Letters that need somebody's eye, those in doubt first.
        """
        for state in PROBLEMS:
            states = (state,) if running or state != "in_doubt" else (state, "sending")
            with self._database.reading() as connection:
                issue, _ = numbers_of(connection, issue_id)
                query = _accounts(issue).where(letters.c.state.in_(states))
                with connection.execute(query, execution_options={"yield_per": CHUNK}) as rows:
                    for row in rows:
                        if row.state != "sending" or _fate(row, journals) == state:
                            yield _account(row, state)

    def in_doubt(self, issue_id: str) -> tuple[int, ...]:
        """
        Whose letters are in doubt.
        """
        with self._database.reading() as connection:
            issue, _ = numbers_of(connection, issue_id)
            ids = connection.scalars(
                select(letters.c.subscriber_id).where(
                    letters.c.issue == issue, letters.c.state == "in_doubt"
                )
            )
            return tuple(ids)

    def resolve(self, issue_id: str, subscriber_ids: Sequence[int], verdict: Verdict) -> int:
        """
        Settle letters in doubt. What is not in doubt stays as it is; the number of the others.
        """
        settled = 0
        with self._database.writing() as connection:
            issue, _ = numbers_of(connection, issue_id)
            for start in range(0, len(subscriber_ids), CHUNK):
                settled += connection.execute(
                    update(letters)
                    .where(
                        letters.c.issue == issue,
                        letters.c.state == "in_doubt",
                        letters.c.subscriber_id.in_(subscriber_ids[start : start + CHUNK]),
                    )
                    .values(**VERDICTS[verdict], changed_at=self._clock())
                ).rowcount
            idle = (batches.c.issue == issue, batches.c.state == "closed", has_letters("waiting"))
            connection.execute(let_go_of(*idle))
        return settled


def _account(row: Row, state: str) -> Account:  # type: ignore[type-arg]
    return Account(
        subscriber_id=row.subscriber_id,
        address=row.address,
        state=state,
        code=row.code,
        kind=row.kind,
        reason="its run died" if row.state == "sending" else row.reply,
        attempts=row.attempts,
        retry_at=row.retry_at,
        changed_at=row.changed_at,
    )


def _foreseen(connection: Connection, issue: int, journals: Journals) -> Counter[str]:
    rows = connection.execute(
        select(letters.c.subscriber_id, letters.c.run).where(
            letters.c.issue == issue, letters.c.state == "sending"
        )
    )
    return Counter(_fate(row, journals) for row in rows)


def _fate(row: Row, journals: Journals) -> str:  # type: ignore[type-arg]
    """
    The state that the next run will find a letter in that a dead run had intended.
    """
    if row.run not in journals:
        return "in_doubt"
    fate = journals[row.run].get(row.subscriber_id)
    return fate.outcome.value if fate else "waiting"


def _accounts(issue: int) -> Select[*tuple[object, ...]]:
    return (
        select(letters, subscribers.c.address)
        .outerjoin(subscribers, subscribers.c.id == letters.c.subscriber_id)
        .where(letters.c.issue == issue)
        .order_by(letters.c.subscriber_id)
    )
