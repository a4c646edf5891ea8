"""
What was reported about letters, each report counted once, and what follows for subscriptions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from ..model import Cause, Event, Meaning, Standing, State
from ..tokens import Key
from .changes import change_state, of_reader
from .choices import LEAVING
from .database import Database
from .findings import Found, Refusal, by_address, by_letter, by_token, refused
from .rows import is_of
from .schema import letters, newsletters, subscriptions
from .schema_readers import changes, reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    One report, to be counted once however often it is read.
    """

    hash: str
    found: Found
    kind: Meaning
    status: str
    at: datetime


#: The states that a report may change. A bounce says nothing new of those who are away already; a
#: complaint holds whatever was before it.
_HEEDED: Mapping[Meaning, tuple[State, ...]] = {
    Meaning.COMPLAINT: tuple(State),
    Meaning.LEAVE: LEAVING,
}
#: Which of these subscriptions a report ends, and how.
Decide = Callable[[Sequence[Standing]], Mapping[int, State]]


class Feedback:
    """
    Reports about letters: whom they are about, and what they change.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock

    def find(
        self,
        reader: tuple[int, int] | None,
        letter_ids: Sequence[str],
        address: str,
        keys: Sequence[Key],
    ) -> Found | None:
        """
        By the token that was read, else by a Message-ID, else by the address alone.
        """
        with self._database.reading() as connection:
            if reader:
                return by_token(connection, *reader, letter_ids)
            for letter_id in letter_ids:
                if found := by_letter(connection, letter_id, keys, address):
                    return found
            # Going through a whole list takes a second: for one claim of a mail, not for any.
            for letter_id in letter_ids[:1]:
                if found := by_letter(connection, letter_id, keys, None):
                    return found
            return by_address(connection, address) if address else None

    def refused(self, issue_id: str) -> tuple[Refusal, ...]:
        """
        The letters of an issue that the mail server refused for good.
        """
        with self._database.reading() as connection:
            return refused(connection, issue_id)

    def take(
        self, report: Report, cause: Cause, decide: Decide
    ) -> tuple[tuple[str, State], ...] | None:
        """
        Keep a report, and end the subscriptions that it ends; None if it was taken before.
        """
        found, now = report.found, self._clock()
        with self._database.writing() as connection:
            if connection.execute(
                select(reports.c.hash).where(reports.c.hash == report.hash)
            ).first():
                return None
            connection.execute(
                insert(reports).values(
                    hash=report.hash,
                    subscriber_id=found.subscriber_id,
                    newsletter=found.newsletter,
                    issue=found.issue,
                    kind=report.kind.value,
                    status=report.status,
                    proven=found.proven,
                    at=report.at,
                    seen_at=now,
                )
            )
            if not found.proven:
                return ()
            heeded = _HEEDED.get(report.kind, (State.ACTIVE,))
            standings = _standings(connection, found.subscriber_id, heeded)
            names = {each.newsletter: each.newsletter_id for each in standings}
            return tuple(
                (names[newsletter], state)
                for newsletter, state in decide(standings).items()
                if change_state(
                    connection, of_reader(newsletter, [found.subscriber_id]), state, cause, now
                )
            )


def _standings(
    connection: Connection, subscriber_id: int, states: Sequence[State]
) -> tuple[Standing, ...]:
    rows = connection.execute(
        select(subscriptions.c.newsletter, subscriptions.c.created_at, newsletters.c.id)
        .join(newsletters, newsletters.c.number == subscriptions.c.newsletter)
        .where(
            subscriptions.c.subscriber_id == subscriber_id,
            subscriptions.c.state.in_([each.value for each in states]),
        )
        .with_for_update()
    ).all()
    events = [*_events(connection, subscriber_id)]
    standings = []
    for row in rows:
        since = _active_since(connection, row.newsletter, subscriber_id) or row.created_at
        standings.append(
            Standing(
                newsletter=row.newsletter,
                newsletter_id=row.id,
                events=tuple(event for seen_at, event in events if seen_at >= since),
            )
        )
    return tuple(standings)


def _events(connection: Connection, subscriber_id: int) -> Iterator[tuple[datetime, Event]]:
    """
    (when we heard of it, what it was), in the order in which it happened.
    """
    reported = connection.execute(
        select(reports).where(reports.c.subscriber_id == subscriber_id, reports.c.proven)
    ).all()
    failed = {row.issue for row in reported}
    delivered = connection.execute(
        select(letters.c.issue, letters.c.changed_at).where(
            is_of(subscriber_id), letters.c.state == "accepted"
        )
    )
    events = [(row.seen_at, Event(at=row.at, kind=Meaning(row.kind))) for row in reported]
    events += [
        (row.changed_at, Event(at=row.changed_at, kind=Meaning.DELIVERED))
        for row in delivered
        if row.issue not in failed
    ]
    yield from sorted(events, key=lambda pair: pair[1].at)


def _active_since(connection: Connection, newsletter: int, subscriber_id: int) -> datetime | None:
    since: datetime | None = connection.scalar(
        select(func.max(changes.c.at, type_=changes.c.at.type)).where(
            changes.c.subscriber_id == subscriber_id,
            changes.c.newsletter == newsletter,
            changes.c.what == "state",
            changes.c.after == State.ACTIVE.value,
        )
    )
    return since
