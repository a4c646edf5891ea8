"""
One SQLite file: connections, transactions, their durability, and the lock of a run.

Several processes may use it at once. Reads see a settled state, writes wait for one another.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError

from ..errors import StoreBusy, StoreError

#: The newest migration. A test compares it with Alembic's own opinion.
HEAD = "0001"
BUSY_TIMEOUT = 30


class Database:
    """
    Opens the file, makes it if it may, and brings its tables up to date.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._read_only = read_only
        if not read_only:
            _create_private(path)
        self._engine = create_engine(
            "sqlite://", creator=self._connect, pool_size=20, hide_parameters=True
        )
        event.listen(self._engine, "begin", _begin)
        self._migrate()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """
        A transaction that sees one state of the database.
        """
        with _wrapped(self.path), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """
        A transaction alone. What is not durable may be lost in a power cut, never in a crash.
        """
        with _wrapped(self.path), self._engine.connect() as plain:
            connection = plain.execution_options(writing=True, durable=durable)
            with connection.begin():
                yield connection

    @contextmanager
    def lock(self) -> Iterator[None]:
        """
        Only one run at a time; StoreBusy otherwise. The kernel frees it when a run dies.
        """
        lock = self._open_lock()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another run is at work on {self.path}: try again when it is done"
            raise StoreBusy(message) from None
        else:
            yield
        finally:
            os.close(lock)

    @property
    def locked(self) -> bool:
        """
        Whether a run is at work.
        """
        try:
            with self.lock():
                return False
        except StoreBusy:
            return True

    def close(self) -> None:
        self._engine.dispose()

    def _open_lock(self) -> int:
        path = self.path.with_name(self.path.name + ".lock")
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"cannot lock the store {path}: {error.strerror}") from None

    def _connect(self) -> sqlite3.Connection:
        mode = "ro" if self._read_only else "rw"
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode={mode}",
            uri=True,
            isolation_level=None,  # Transactions begin where we say so.
            check_same_thread=False,
            timeout=BUSY_TIMEOUT,
        )
        if not self._read_only:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA secure_delete=ON")
        return connection

    def _migrate(self) -> None:
        with self.reading() as connection:
            version = _version(connection)
        if version == HEAD:
            return
        if self._read_only:
            raise StoreError(
                f"the store {self.path} is of an older version: run `digest status` once"
            )
        from .migrations import upgrade

        with self.writing() as connection:
            # Another process may have been faster.
            if _version(connection) != HEAD:
                upgrade(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()
    if version and version > HEAD:
        raise StoreError(
            f"the store was made by a newer digest (its version is {version}): upgrade digest"
        )
    return version


def _begin(connection: Connection) -> None:
    """
    SQLite's two switches: who may write, and whether a commit waits for the disk.
    """
    options = connection.get_execution_options()
    cursor: Any = connection.connection.cursor()
    durable = options.get("durable", True)
    cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
    cursor.execute("BEGIN IMMEDIATE" if options.get("writing") else "BEGIN")
    cursor.close()


@contextmanager
def _wrapped(path: Path) -> Iterator[None]:
    """
    Errors of the database in our own words, without the values that were in the statement.
    """
    try:
        yield
    except OperationalError as error:
        reason = str(error.orig)
        if "locked" in reason:
            raise StoreBusy(f"the store {path} is busy: run again") from None
        raise StoreError(f"the store {path} cannot be used: {reason}") from None
    except DBAPIError as error:
        raise StoreError(f"the store {path} refuses: {error.orig}") from None


def _create_private(path: Path) -> None:
    """
    The file holds addresses: nobody but its owner reads it, its journal neither.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise StoreError(f"the store {path} cannot be made: {error.strerror}") from None
