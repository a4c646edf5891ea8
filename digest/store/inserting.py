"""
Rows that differ only in whom they are about, made by the database itself.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, insert, literal, select

from .schema import subscribers


def insert_for_each(
    connection: Connection,
    table: Table,
    subscriber_ids: Iterable[int],
    constants: Mapping[Column[Any], object],
) -> None:
    """
    One row for each of these people: parameters for every one of them would take most of the time.
    """
    rows = select(
        subscribers.c.id, *(literal(value, column.type) for column, value in constants.items())
    ).where(subscribers.c.id.in_(bindparam("ids", expanding=True)))
    statement = insert(table).from_select([table.c.subscriber_id, *constants], rows)
    connection.execute(statement, {"ids": list(subscriber_ids)})
