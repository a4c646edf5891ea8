"""
Whom a report is about: by a token, by a Message-ID of ours, or by an address, which proves nothing.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, select

from ..addresses import key_of
from ..tokens import Key, letter_hash, read_letter_id
from .rows import is_of
from .schema import issues, letters, newsletters, subscribers

REFUSED_AT = 400
#: Read at once.
CHUNK = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    Whom a report is about, and which letter as far as that is known.
    """

    subscriber_id: int
    newsletter: int
    issue: int | None
    address: str = field(repr=False)
    newsletter_id: str
    issue_id: str | None
    proven: bool  #: by a token or a Message-ID of ours; an address alone proves nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """
    A letter that the mail server refused while it was sent.
    """

    found: Found
    code: int
    reply: str = field(repr=False)
    attempts: int
    at: datetime

    @property
    def hash(self) -> str:
        return f"refused {self.found.issue_id} {self.found.subscriber_id} {self.attempts}"


def by_token(
    connection: Connection, subscriber_id: int, newsletter: int, letter_ids: Sequence[str]
) -> Found | None:
    """
    Whom a token names; the letter is one of these if it is theirs, or else their last one.
    """
    person = _person(connection, subscribers.c.id == subscriber_id, newsletter)
    if person is None:
        return None
    theirs = (
        select(issues.c.number, issues.c.id)
        .join(letters, letters.c.issue == issues.c.number)
        .where(
            is_of(subscriber_id),
            issues.c.newsletter == newsletter,
            issues.c.state == "frozen",
        )
        .order_by(letters.c.changed_at.desc())
        .limit(1)
    )
    named = [issue_id for issue_id, _ in map(read_letter_id, letter_ids)]
    issue = connection.execute(theirs.where(issues.c.id.in_(named))).first() if named else None
    issue = issue or connection.execute(theirs.where(letters.c.state == "accepted")).first()
    return _found(person, issue, proven=True)


def by_letter(
    connection: Connection, letter_id: str, keys: Sequence[Key], address: str | None
) -> Found | None:
    """
    Whose letter has that Message-ID: of whoever has the address, or, one by one, of all.
    """
    issue_id, hashed = read_letter_id(letter_id)
    issue = connection.execute(
        select(issues.c.number, issues.c.id, issues.c.newsletter).where(
            issues.c.id == issue_id, issues.c.state == "frozen"
        )
    ).first()
    if issue is None:
        return None
    with closing(_readers(connection, issue.number, address)) as readers:
        theirs = (
            each
            for each in readers
            if any(letter_hash(key, issue.id, each) == hashed for key in keys)
        )
        subscriber_id = next(theirs, None)
    if subscriber_id is None:
        return None
    person = _person(connection, subscribers.c.id == subscriber_id, issue.newsletter)
    return _found(person, issue, proven=True) if person else None


def by_address(connection: Connection, address: str) -> Found | None:
    """
    Who has that address, and their last letter; nobody who never had one.
    """
    this = subscribers.c.address_key == key_of(address)
    issue = connection.execute(
        select(issues.c.number, issues.c.id, issues.c.newsletter)
        .join(letters, letters.c.issue == issues.c.number)
        .join(subscribers, subscribers.c.id == letters.c.subscriber_id)
        .where(this, is_of(subscribers.c.id), letters.c.state == "accepted")
        .order_by(letters.c.changed_at.desc())
        .limit(1)
    ).first()
    person = _person(connection, this, issue.newsletter) if issue else None
    return _found(person, issue, proven=False) if person else None


def refused(connection: Connection, issue_id: str) -> tuple[Refusal, ...]:
    """
    The letters of an issue that the mail server refused for good.
    """
    rows = connection.execute(
        select(
            letters,
            issues.c.id.label("issue_id"),
            issues.c.newsletter,
            newsletters.c.id.label("newsletter_id"),
            subscribers.c.address,
        )
        .join(issues, issues.c.number == letters.c.issue)
        .join(newsletters, newsletters.c.number == issues.c.newsletter)
        .join(subscribers, subscribers.c.id == letters.c.subscriber_id)
        .where(
            issues.c.id == issue_id,
            letters.c.state == "refused",
            letters.c.code >= REFUSED_AT,
        )
    )
    return tuple(map(_refusal, rows))


def _person(connection: Connection, who: ColumnElement[bool], newsletter: int) -> Row | None:  # type: ignore[type-arg]
    return connection.execute(
        select(
            subscribers.c.id,
            subscribers.c.address,
            newsletters.c.number.label("newsletter"),
            newsletters.c.id.label("newsletter_id"),
        )
        .join_from(subscribers, newsletters, newsletters.c.number == newsletter)
        .where(who)
    ).first()


def _found(person: Row, issue: Row | None, *, proven: bool) -> Found:  # type: ignore[type-arg]
    return Found(
        subscriber_id=person.id,
        newsletter=person.newsletter,
        issue=issue.number if issue else None,
        address=person.address,
        newsletter_id=person.newsletter_id,
        issue_id=issue.id if issue else None,
        proven=proven,
    )


def _refusal(row: Row) -> Refusal:  # type: ignore[type-arg]
    found = Found(
        subscriber_id=row.subscriber_id,
        newsletter=row.newsletter,
        issue=row.issue,
        address=row.address,
        newsletter_id=row.newsletter_id,
        issue_id=row.issue_id,
        proven=True,
    )
    return Refusal(
        found=found,
        code=row.code,
        reply=row.reply or "",
        attempts=row.attempts,
        at=row.changed_at,
    )


def _readers(connection: Connection, issue: int, address: str | None) -> Generator[int]:
    of_issue = select(letters.c.subscriber_id).where(letters.c.issue == issue)
    if address is not None:
        of_issue = of_issue.join(subscribers, subscribers.c.id == letters.c.subscriber_id).where(
            subscribers.c.address_key == key_of(address)
        )
    # Closed by whoever stops early: PostgreSQL keeps a cursor for it.
    with connection.execute(of_issue, execution_options={"yield_per": CHUNK}) as rows:
        yield from rows.scalars()
