"""
One SQLite file: connections, transactions, their durability, and the lock of a run.

Several processes may use it at once. Reads see a settled state, writes wait for one another.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from ..errors import StoreBusy, StoreError

#: The newest migration. A test compares it with Alembic's own opinion.
HEAD = "0002"
BUSY_TIMEOUT = 30
#: Whoever asks whether a run is at work has the lock for an instant: a run asks this often for it.
LOCK_ATTEMPTS = 5
LOCK_PAUSE = 0.05


class Database:
    """
    Opens the file, makes it if it may, and brings its tables up to date.
    """

    def __init__(
        self, path: Path, *, read_only: bool = False, busy_timeout: float = BUSY_TIMEOUT
    ) -> None:
        self.path = path
        self._read_only = read_only
        self._busy_timeout = busy_timeout
        if not read_only:
            _create_private(path)
        self._engine = create_engine(
            "sqlite://",
            creator=self._connect,
            hide_parameters=True,
            # Without a path in the address SQLAlchemy would share connections within a thread, and
            # with many threads close those in use.
            poolclass=QueuePool,
            max_overflow=-1,
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
            if not any(_taken(lock, pause=LOCK_PAUSE) for _ in range(LOCK_ATTEMPTS)):
                message = f"another run is at work on {self.path}: try again when it is done"
                raise StoreBusy(message)
            yield
        finally:
            os.close(lock)

    @property
    def locked(self) -> bool:
        """
        Whether a run is at work. Leaves no file behind.
        """
        try:
            lock = os.open(self._lock_path, os.O_RDONLY)
        except OSError:
            return False
        try:
            return not _taken(lock)
        finally:
            os.close(lock)

    def close(self) -> None:
        self._engine.dispose()

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")

    def _open_lock(self) -> int:
        path = self._lock_path
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
            timeout=self._busy_timeout,
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
                f"the store {self.path} is of an older version: the next `digest send`, or any"
                " change to the subscribers, brings it up to date"
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
    except DBAPIError as error:
        raise _in_our_words(path, error.orig) from None
    except sqlite3.Error as error:
        # What fails while a transaction begins does not pass through SQLAlchemy.
        raise _in_our_words(path, error) from None


def _in_our_words(path: Path, error: BaseException | None) -> StoreError:
    if not isinstance(error, sqlite3.OperationalError):
        return StoreError(f"the store {path} refuses: {error}")
    if "locked" in str(error):
        return StoreBusy(f"the store {path} is busy: run again")
    return StoreError(f"the store {path} cannot be used: {error}")


def _taken(lock: int, *, pause: float = 0) -> bool:
    """
    Whether the lock is ours now. If it is not, wait a moment before saying so.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(pause)
        return False
    return True


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
