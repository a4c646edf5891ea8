"""
Jobs for workers, kept in the transaction that makes them necessary.

A job is a call to take part in an issue, no more: what is sent, and that it is sent once, is the
ledger's business. So a job may be lost, doubled or come late without harm.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection

from .database import Database

QUEUE = "digest"
TAKE_PART = "digest.take_part"
#: Calls for one issue: more workers than that do not take part at once.
CALLS = 16


class Outbox:
    """
    Calls to take part, on PostgreSQL.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._app = App(connector=SyncPsycopgConnector())

    def prepare(self) -> None:
        """
        Make the tables of Procrastinate, if they are not there.
        """
        with self._database.reading() as connection:
            if _has_tables(connection):
                return
        with self._database.writing() as connection:
            if not _has_tables(connection):
                _raw(connection).execute(SchemaManager.get_schema())

    def call(
        self,
        connection: Connection,
        issue_id: str,
        *,
        stale_at: datetime,
        places: Sequence[int] = range(CALLS),
        at: datetime | None = None,
    ) -> None:
        """
        Call workers, now or later. Where a call waits already it is not repeated.
        """
        for place in places:
            job = self._app.configure_task(
                TAKE_PART,
                queue=QUEUE,
                queueing_lock=f"{issue_id}#{place}",
                schedule_at=at,
                connection=_raw(connection),
            )
            try:
                with connection.begin_nested():
                    job.defer(issue_id=issue_id, stale_at=stale_at.isoformat(), place=place)
            except AlreadyEnqueued:
                continue

    def call_again(self, call: Callable[[Connection], None]) -> None:
        """
        The same in a transaction of its own.
        """
        with self._database.writing(alone=False) as connection:
            call(connection)

    def call_alone(
        self, issue_id: str, *, stale_at: datetime, places: Sequence[int], at: datetime | None
    ) -> None:
        """
        Call some workers, now or later, in a transaction of its own.
        """
        with self._database.writing(alone=False) as connection:
            self.call(connection, issue_id, stale_at=stale_at, places=places, at=at)


def _has_tables(connection: Connection) -> bool:
    return connection.dialect.has_table(connection, "procrastinate_jobs")


def _raw(connection: Connection) -> Any:
    return connection.connection.driver_connection
