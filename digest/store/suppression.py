"""
Who asked to be forgotten: a keyed hash, so that no list brings them back.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, exists, insert, select

from ..addresses import key_of
from ..model import Entry
from .hashing import Hashes
from .schema_readers import suppressions

PURPOSE = "address"


def suppress(connection: Connection, hashes: Hashes, address: str, now: datetime) -> None:
    lift(connection, hashes, address)
    hashed = hashes.of(connection, PURPOSE, key_of(address))
    connection.execute(insert(suppressions).values(address_hash=hashed, at=now))


def lift(connection: Connection, hashes: Hashes, address: str) -> None:
    """
    They came back themselves.
    """
    hashed = hashes.of(connection, PURPOSE, key_of(address))
    connection.execute(delete(suppressions).where(suppressions.c.address_hash == hashed))


def forgotten_at(connection: Connection, hashes: Hashes, address: str) -> datetime | None:
    """
    When somebody was erased, if they were.
    """
    if not connection.scalar(select(exists(select(suppressions.c.at)))):
        return None
    hashed = hashes.of(connection, PURPOSE, key_of(address))
    at: datetime | None = connection.scalar(
        select(suppressions.c.at).where(suppressions.c.address_hash == hashed)
    )
    return at


def suppressed(connection: Connection, hashes: Hashes, entries: Iterable[Entry]) -> set[str]:
    """
    The keys of those addresses that nobody but their owner may bring back.
    """
    if not connection.scalar(select(exists(select(suppressions.c.at)))):
        return set()
    by_hash = {
        hashes.of(connection, PURPOSE, key_of(each.address)): key_of(each.address)
        for each in entries
    }
    found = connection.execute(
        select(suppressions.c.address_hash).where(suppressions.c.address_hash.in_(by_hash))
    )
    return {by_hash[each] for each in found.scalars()}
