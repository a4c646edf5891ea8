"""
States of subscriptions, and the record of each change: who, when, why, with which evidence.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, insert, select, update

from ..model import Cause, Change, State
from .inserting import insert_for_each
from .schema import newsletters, subscriptions
from .schema_readers import changes


def of_reader(newsletter: int, subscriber_ids: Iterable[int]) -> ColumnElement[bool]:
    """
    The subscriptions of these people to one newsletter.
    """
    return (subscriptions.c.newsletter == newsletter) & subscriptions.c.subscriber_id.in_(
        list(subscriber_ids)
    )


def change_state(
    connection: Connection,
    among: ColumnElement[bool],
    state: State,
    cause: Cause,
    now: datetime,
) -> Sequence[Row]:  # type: ignore[type-arg]
    """
    Move subscriptions to a state. Those that it changed, as they were before.
    """
    changing = among & (subscriptions.c.state != state.value)
    rows = connection.execute(
        select(subscriptions.c.newsletter, subscriptions.c.subscriber_id, subscriptions.c.state)
        .where(changing)
        .with_for_update()
    ).all()
    if rows:
        connection.execute(
            update(subscriptions).where(changing).values(state=state.value, changed_at=now)
        )
        record(
            connection,
            [
                {
                    "subscriber_id": row.subscriber_id,
                    "newsletter": row.newsletter,
                    "before": row.state,
                    "after": state.value,
                }
                for row in rows
            ],
            "state",
            cause,
            now,
        )
    return rows


def record(
    connection: Connection,
    rows: Sequence[Mapping[str, object]],
    what: str,
    cause: Cause,
    now: datetime,
) -> None:
    """
    Keep changes of several people that have one cause.
    """
    shared = {
        "what": what,
        "at": now,
        "by": cause.by,
        "reason": cause.reason,
        "evidence": dict(cause.evidence),
    }
    if rows:
        connection.execute(insert(changes), [{**shared, **row} for row in rows])


def record_subscribed(
    connection: Connection,
    newsletter: int,
    subscriber_ids: Iterable[int],
    cause: Cause,
    now: datetime,
) -> None:
    """
    The same for many who are new on a newsletter, at once.
    """
    constants: dict[Column[Any], object] = {
        changes.c.newsletter: newsletter,
        changes.c.what: "state",
        changes.c.at: now,
        changes.c.after: State.ACTIVE.value,
        changes.c.by: cause.by,
        changes.c.reason: cause.reason,
        changes.c.evidence: dict(cause.evidence),
    }
    insert_for_each(connection, changes, subscriber_ids, constants)


def story_of(connection: Connection, subscriber_id: int) -> tuple[Change, ...]:
    """
    All that was changed about one person, the oldest first.
    """
    rows = connection.execute(
        select(changes, newsletters.c.id.label("newsletter_id"))
        .outerjoin(newsletters, newsletters.c.number == changes.c.newsletter)
        .where(changes.c.subscriber_id == subscriber_id)
        .order_by(changes.c.number)
    )
    return tuple(
        Change(
            at=row.at,
            newsletter=row.newsletter_id,
            what=row.what,
            before=row.before,
            after=row.after,
            cause=Cause(by=row.by, reason=row.reason, evidence=row.evidence),
        )
        for row in rows
    )


def last_change(connection: Connection, newsletter: int, subscriber_id: int) -> Row | None:  # type: ignore[type-arg]
    """
    The latest change of a subscription's state.
    """
    return connection.execute(
        select(changes)
        .where(
            changes.c.subscriber_id == subscriber_id,
            changes.c.newsletter == newsletter,
            changes.c.what == "state",
        )
        .order_by(changes.c.number.desc())
        .limit(1)
    ).first()
