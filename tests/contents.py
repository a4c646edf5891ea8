"""
All that a store holds, whatever kind of store it is.
"""

from pathlib import Path


def everything_in(store_url: str) -> bytes:
    """
    The bytes of SQLite's files, or every row that PostgreSQL would tell.
    """
    if store_url.startswith("sqlite"):
        path = Path(store_url.removeprefix("sqlite:///"))
        return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
    import psycopg
    from psycopg import sql

    with psycopg.connect(store_url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        query = sql.SQL("SELECT t::text FROM {} AS t")
        rows = [
            row
            for (table,) in tables
            for (row,) in connection.execute(query.format(sql.Identifier(table)))
        ]
    return "\n".join(rows).encode()
