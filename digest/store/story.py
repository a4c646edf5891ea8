"""
One person's story as a plain document: what they read, how that came, what they were sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from ..model import State
from .changes import story_of
from .rows import is_of
from .schema import issues, letters, newsletters, subscribers, subscriptions
from .schema_readers import reports, signups


def told(connection: Connection, address_key: str, now: datetime) -> dict[str, Any] | None:
    """
    Lists and tables that JSON can hold, times in ISO 8601; None if nobody has the address.
    """
    person = connection.execute(
        select(subscribers).where(subscribers.c.address_key == address_key)
    ).first()
    pending = connection.execute(
        select(signups)
        .where(
            signups.c.address_key == address_key,
            signups.c.subscriber_id.is_(None),
            signups.c.expires_at > now,
        )
        .order_by(signups.c.created_at)
    ).all()
    if person is None:
        return _signed_up(pending) if pending else None
    return {
        "email": person.address,
        "name": person.name,
        "since": iso(person.created_at),
        "subscriptions": [*_subscriptions(connection, person.id), *_pending(pending)],
        "history": [*_history(connection, person.id)],
        "letters": [*_letters(connection, person.id)],
        "reports": [*_reports(connection, person.id)],
    }


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def told_of_erased(address: str, at: datetime) -> dict[str, Any]:
    """
    All that is left of somebody, under the address that was asked for.
    """
    return {
        "email": address,
        "name": "",
        "state": State.ERASED.value,
        "since": iso(at),
        "subscriptions": [],
        "history": [],
        "letters": [],
        "reports": [],
    }


def _signed_up(rows: Sequence[Row]) -> dict[str, Any]:  # type: ignore[type-arg]
    """
    Of somebody who is here only as far as that.
    """
    return {
        "email": rows[0].address,
        "name": rows[0].name,
        "since": iso(rows[0].created_at),
        "subscriptions": [*_pending(rows)],
        "history": [],
        "letters": [],
        "reports": [],
    }


def _pending(rows: Sequence[Row]) -> Iterator[Mapping[str, Any]]:  # type: ignore[type-arg]
    for row in rows:
        for newsletter_id, topics in row.newsletters.items():
            yield {
                "newsletter": newsletter_id,
                "state": State.PENDING.value,
                "topics": topics or [],
                "since": iso(row.created_at),
                "changed": iso(row.created_at),
            }


def _subscriptions(connection: Connection, subscriber_id: int) -> Iterator[Mapping[str, Any]]:
    rows = connection.execute(
        select(subscriptions, newsletters.c.id.label("newsletter_id"))
        .join(newsletters, newsletters.c.number == subscriptions.c.newsletter)
        .where(subscriptions.c.subscriber_id == subscriber_id)
        .order_by(newsletters.c.id)
    )
    for row in rows:
        yield {
            "newsletter": row.newsletter_id,
            "state": row.state,
            "topics": row.topics or [],
            "since": iso(row.created_at),
            "changed": iso(row.changed_at),
        }


def _history(connection: Connection, subscriber_id: int) -> Iterator[Mapping[str, Any]]:
    for change in story_of(connection, subscriber_id):
        yield {
            "at": iso(change.at),
            "newsletter": change.newsletter,
            "what": change.what,
            "before": change.before,
            "after": change.after,
            "by": change.cause.by,
            "reason": change.cause.reason,
            "evidence": dict(change.cause.evidence),
        }


def _letters(connection: Connection, subscriber_id: int) -> Iterator[Mapping[str, Any]]:
    rows = connection.execute(
        select(issues.c.id, letters.c.state, letters.c.changed_at, letters.c.code, letters.c.reply)
        .join(issues, issues.c.number == letters.c.issue)
        .where(issues.c.state == "frozen", is_of(subscriber_id))
        .order_by(issues.c.due_at, issues.c.id)
    )
    for row in rows:
        yield {
            "issue": row.id,
            "state": row.state,
            "at": iso(row.changed_at),
            "code": row.code,
            "reply": row.reply,
        }


def _reports(connection: Connection, subscriber_id: int) -> Iterator[Mapping[str, Any]]:
    rows = connection.execute(
        select(reports, issues.c.id.label("issue_id"), newsletters.c.id.label("newsletter_id"))
        .join(newsletters, newsletters.c.number == reports.c.newsletter)
        .outerjoin(issues, issues.c.number == reports.c.issue)
        .where(reports.c.subscriber_id == subscriber_id)
        .order_by(reports.c.at, reports.c.hash)
    )
    for row in rows:
        yield {
            "at": iso(row.at),
            "newsletter": row.newsletter_id,
            "issue": row.issue_id,
            "kind": row.kind,
            "status": row.status,
            "proven": row.proven,
        }
