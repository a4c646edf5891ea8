"""
Many entries of one list at once: who is new, who changed, and who stays away.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, bindparam, insert, select, update

from ..addresses import key_of
from ..model import BARRED, Cause, Entry, State
from .changes import change_state, of_reader, record, record_subscribed
from .hashing import Hashes
from .inserting import insert_for_each
from .newcomers import insert_people
from .schema import subscribers, subscriptions
from .subscribing import listed, shown
from .suppression import suppressed

FORGOTTEN = "asked to be forgotten: only they themselves can sign up again"
#: So many rows that differ in nothing else are made by the database.
MANY = 20
#: Who may be brought back by hand. Who complained may not.
RETURNABLE = (State.UNSUBSCRIBED, State.BOUNCED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """
    What an import changed. Who is away stays away.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    unsubscribed: int = 0
    bounced: int = 0
    complained: int = 0
    erased: int = 0

    def __add__(self, other: "Merged") -> "Merged":
        return Merged(
            **{name: getattr(self, name) + getattr(other, name) for name in Merged.__slots__}
        )


@dataclass(frozen=True, kw_only=True)
class Merging:
    """
    What is the same for all entries of a list.
    """

    cause: Cause
    now: datetime
    random_bits: Callable[[int], int]
    hashes: Hashes
    again: bool  #: whether those who left are subscribed again
    away: Callable[[Entry, str], None]  #: hears of whom it does not subscribe, and why


@dataclass(kw_only=True)
class _Sorted:
    """
    Entries by what becomes of them.
    """

    new: list[Entry] = field(default_factory=list)  #: nobody knows them
    joining: list[Entry] = field(default_factory=list)  #: on other lists only, and in good standing
    returning: list[Entry] = field(default_factory=list)
    changed: list[Entry] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def merge_entries(
    connection: Connection, newsletter: int, entries: Sequence[Entry], merging: Merging
) -> Merged:
    """
    Subscribe and update people, each address once, within the caller's writing transaction.
    """
    current = current_rows(connection, newsletter, [key_of(each.address) for each in entries])
    unknown = [each for each in entries if key_of(each.address) not in current]
    forgotten = suppressed(connection, merging.hashes, unknown)
    elsewhere = _elsewhere(connection, current.values())
    piles = _sorted(entries, current, forgotten, elsewhere, merging)
    ids = {key: row.id for key, row in current.items()}
    ids |= insert_people(connection, piles.new, merging.random_bits, merging.now)
    _subscribe(connection, newsletter, piles.new + piles.joining, ids, merging)
    known = piles.joining + piles.returning + piles.changed
    _rename(connection, known, current)
    _choose(connection, newsletter, piles.returning + piles.changed, current, merging)
    back = of_reader(newsletter, [ids[key_of(each.address)] for each in piles.returning])
    if piles.returning:
        change_state(connection, back, State.ACTIVE, merging.cause, merging.now)
    added = len(piles.new) + len(piles.joining) + len(piles.returning)
    return Merged(added=added, updated=len(piles.changed), **piles.counts)


def current_rows(connection: Connection, newsletter: int, keys: Sequence[str]) -> dict[str, Row]:  # type: ignore[type-arg]
    """
    People by address, each with their state on the newsletter: None if they never had one.
    """
    rows = connection.execute(
        select(
            subscribers.c.id,
            subscribers.c.address_key,
            subscribers.c.name,
            subscriptions.c.state,
            subscriptions.c.topics,
            subscriptions.c.changed_at,
        )
        .outerjoin(
            subscriptions,
            (subscriptions.c.subscriber_id == subscribers.c.id)
            & (subscriptions.c.newsletter == newsletter),
        )
        .where(subscribers.c.address_key.in_(bindparam("keys", expanding=True))),
        {"keys": list(keys)},
    )
    return {row.address_key: row for row in rows}


def _sorted(
    entries: Sequence[Entry],
    current: Mapping[str, Row],  # type: ignore[type-arg]
    forgotten: set[str],
    elsewhere: Mapping[int, Row],  # type: ignore[type-arg]
    merging: Merging,
) -> _Sorted:
    piles = _Sorted()
    for entry in entries:
        row = current.get(key_of(entry.address))
        if row is None:
            if key_of(entry.address) not in forgotten:
                piles.new.append(entry)
                continue
            piles.counts["erased"] += 1
            merging.away(entry, FORGOTTEN)
        elif row.state == State.ACTIVE:
            _sort_active(piles, row, entry)
        elif why := _away(row, elsewhere.get(row.id), again=merging.again):
            piles.counts[why.state] += 1
            place = "" if why is row else " on another newsletter"
            merging.away(entry, f"{why.state}{place} since {why.changed_at:%Y-%m-%d}, and stays so")
        else:
            (piles.joining if row.state is None else piles.returning).append(entry)
    return piles


def _away(row: Row, elsewhere: Row | None, *, again: bool) -> Row | None:  # type: ignore[type-arg]
    """
    What keeps somebody away: how they stand here, or else on another newsletter.
    """
    return next(
        (
            each
            for each in (row, elsewhere)
            if each is not None
            and each.state is not None
            and not (again and each.state in RETURNABLE)
        ),
        None,
    )


def _elsewhere(connection: Connection, people: Iterable[Row]) -> dict[int, Row]:  # type: ignore[type-arg]
    """
    Of those who are not active here: who bounced or complained, on whichever newsletter.
    """
    ids = [row.id for row in people if row.state != State.ACTIVE]
    if not ids:
        return {}
    found = connection.execute(
        select(subscriptions.c.subscriber_id, subscriptions.c.state, subscriptions.c.changed_at)
        .where(
            subscriptions.c.subscriber_id.in_(bindparam("ids", expanding=True)),
            subscriptions.c.state.in_([each.value for each in BARRED]),
        )
        # The last one stays: a complaint weighs more than a bounce.
        .order_by(subscriptions.c.state == State.COMPLAINED.value),
        {"ids": ids},
    )
    return {row.subscriber_id: row for row in found}


def _sort_active(piles: _Sorted, row: Row, entry: Entry) -> None:  # type: ignore[type-arg]
    if entry.name in {"", row.name} and row.topics == listed(entry.topics):
        piles.counts["unchanged"] += 1
    else:
        piles.changed.append(entry)


def _subscribe(
    connection: Connection,
    newsletter: int,
    entries: Sequence[Entry],
    ids: Mapping[str, int],
    merging: Merging,
) -> None:
    """
    Most readers of a list share their topics with many others.
    """
    by_topics: dict[tuple[str, ...] | None, list[int]] = {}
    for entry in entries:
        by_topics.setdefault(entry.topics or None, []).append(ids[key_of(entry.address)])
    constants: dict[Column[Any], object] = {
        subscriptions.c.newsletter: newsletter,
        subscriptions.c.state: State.ACTIVE.value,
        subscriptions.c.created_at: merging.now,
        subscriptions.c.changed_at: merging.now,
    }
    rows = []
    for topics, readers in by_topics.items():
        own = {subscriptions.c.topics: listed(topics)}
        if len(readers) >= MANY:
            insert_for_each(connection, subscriptions, readers, {**constants, **own})
        else:
            shared = {column.name: value for column, value in {**constants, **own}.items()}
            rows += [{"subscriber_id": reader, **shared} for reader in readers]
    if rows:
        connection.execute(insert(subscriptions), rows)
    if entries:
        readers = [ids[key_of(each.address)] for each in entries]
        record_subscribed(connection, newsletter, readers, merging.cause, merging.now)


def _rename(
    connection: Connection,
    entries: Sequence[Entry],
    current: Mapping[str, Row],  # type: ignore[type-arg]
) -> None:
    """
    A list without a name for somebody does not take away the one they have.
    """
    rows = [
        {"of_id": row.id, "new_name": entry.name}
        for entry in entries
        if (row := current[key_of(entry.address)]) and entry.name not in {"", row.name}
    ]
    if rows:
        connection.execute(
            update(subscribers)
            .where(subscribers.c.id == bindparam("of_id"))
            .values(name=bindparam("new_name")),
            rows,
        )


def _choose(
    connection: Connection,
    newsletter: int,
    entries: Sequence[Entry],
    current: Mapping[str, Row],  # type: ignore[type-arg]
    merging: Merging,
) -> None:
    pairs = [(current[key_of(entry.address)], entry) for entry in entries]
    changed = [(row, entry) for row, entry in pairs if row.topics != listed(entry.topics)]
    if not changed:
        return
    connection.execute(
        update(subscriptions)
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.subscriber_id == bindparam("of_id"),
        )
        .values(topics=bindparam("new_topics"), changed_at=merging.now),
        [{"of_id": row.id, "new_topics": listed(entry.topics)} for row, entry in changed],
    )
    rows = [
        {
            "subscriber_id": row.id,
            "newsletter": newsletter,
            "before": shown(row.topics),
            "after": shown(entry.topics),
        }
        for row, entry in changed
    ]
    record(connection, rows, "topics", merging.cause, merging.now)
