"""
New people, under ids that nobody has.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import itemgetter

from sqlalchemy import Connection, bindparam, insert, select

from ..addresses import key_of
from ..model import Entry
from .schema import subscribers

ID_BITS = 40
_TAKEN = select(subscribers.c.id).where(subscribers.c.id.in_(bindparam("ids", expanding=True)))


def insert_people(
    connection: Connection,
    entries: Sequence[Entry],
    random_bits: Callable[[int], int],
    now: datetime,
) -> dict[str, int]:
    """
    Their ids by the keys of their addresses.
    """
    fresh = _fresh_ids(connection, len(entries), random_bits)
    ids = {key_of(entry.address): each for entry, each in zip(entries, fresh, strict=True)}
    rows = [
        {
            "id": ids[key_of(entry.address)],
            "address": entry.address,
            "address_key": key_of(entry.address),
            "name": entry.name,
            "created_at": now,
        }
        for entry in entries
    ]
    if rows:
        # In the table's own order each of its pages is written once.
        connection.execute(insert(subscribers), sorted(rows, key=itemgetter("id")))
    return ids


def _fresh_ids(connection: Connection, wanted: int, random_bits: Callable[[int], int]) -> list[int]:
    """
    Ids that nobody has. Among 500,000 people two of 40 random bits are likely to meet.
    """
    ids: set[int] = set()
    while len(ids) < wanted:
        drawn = {random_bits(ID_BITS) for _ in range(wanted - len(ids))} - {0}
        taken = connection.execute(_TAKEN, {"ids": list(drawn)})
        ids |= drawn - set(taken.scalars())
    return list(ids)
