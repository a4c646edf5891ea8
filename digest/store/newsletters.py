"""
Numbers for newsletters, short enough for a token. A number is never given twice.
"""

from sqlalchemy import Connection, func, insert, select

from .schema import newsletters


def number_of(connection: Connection, newsletter_id: str) -> int | None:
    """
    The number of a newsletter that has one.
    """
    number: int | None = connection.execute(
        select(newsletters.c.number).where(newsletters.c.id == newsletter_id)
    ).scalar()
    return number


def number_for(connection: Connection, newsletter_id: str) -> int:
    """
    The number of a newsletter, a new one if need be, within the caller's writing transaction.
    """
    number = number_of(connection, newsletter_id)
    if number is None:
        number = (connection.execute(select(func.max(newsletters.c.number))).scalar() or 0) + 1
        connection.execute(insert(newsletters).values(number=number, id=newsletter_id))
    return number
