"""
One SQLite file: for one machine. Several processes may use it at once.

Reads see a settled state, writes wait for one another.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Table, create_engine, event
from sqlalchemy.pool import QueuePool

from ..errors import StoreBusy, StoreError
from .database import Database

BUSY_TIMEOUT = 30
#: Whoever asks whether a run is at work has the lock for an instant: a run asks this often for it.
LOCK_ATTEMPTS = 5
LOCK_PAUSE = 0.05


class SqliteDatabase(Database):
    """
    Readable by its owner alone.
    """

    exclusive = True

    def __init__(
        self, path: Path, *, read_only: bool = False, busy_timeout: float = BUSY_TIMEOUT
    ) -> None:
        self.path = path
        self._busy_timeout = busy_timeout
        # SQLite's own queue is a nap of up to a tenth of a second; our threads need none.
        self._writers = Lock()
        if not read_only:
            _create_private(path)
        engine = create_engine(
            "sqlite://",
            creator=self._connect,
            hide_parameters=True,
            # Without a path in the address SQLAlchemy would share connections within a thread, and
            # with many threads close those in use.
            poolclass=QueuePool,
            max_overflow=-1,
        )
        super().__init__(str(path), engine, read_only=read_only)
        event.listen(self._engine, "begin", _begin)
        self._migrate()

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

    def making(self, issue_id: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """
        The lock of the run suffices.
        """
        return nullcontext()

    def analyze(self, *tables: Table) -> None:
        """
        Nothing to do: without statistics the most columns of an index decide, which is right here.
        """

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

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")

    def _open_lock(self) -> int:
        path = self._lock_path
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(
                f"cannot lock the store {path}: {error.strerror};"
                " its folder has to be writable: see store.url"
            ) from None

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
            _write_ahead(connection, self._busy_timeout)
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA secure_delete=ON")
        return connection

    def _reader(self, plain: Connection) -> Connection:
        return plain

    @contextmanager
    def _begun(self, plain: Connection, *, durable: bool, alone: bool) -> Iterator[Connection]:  # noqa: ARG002
        """
        Two writers at once are not to be had: each is alone, asked for or not.
        """
        connection = plain.execution_options(writing=True, durable=durable)
        with self._writers, connection.begin():
            yield connection

    @contextmanager
    def _wrapped(self) -> Iterator[None]:
        try:
            with super()._wrapped():
                yield
        except sqlite3.Error as error:
            # What fails while a transaction begins does not pass through SQLAlchemy.
            raise self._in_our_words(error) from None

    def _in_our_words(self, error: BaseException | None) -> StoreError:
        if not isinstance(error, sqlite3.OperationalError):
            return StoreError(f"the store {self.path} refuses: {error}")
        if "locked" in str(error):
            return StoreBusy(f"the store {self.path} is busy: run again")
        return StoreError(
            f"the store {self.path} cannot be used: {error};"
            " see to the disk, and to the permissions of the file and its folder"
        )


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


def _write_ahead(connection: sqlite3.Connection, timeout: float) -> None:
    """
    Let readers and one writer be at work together; sqlite3.OperationalError after the timeout.

    SQLite's own timeout does not hold here: where two switch a new file at once, one is told that
    it is locked without a wait.
    """
    until = time.monotonic() + timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(LOCK_PAUSE)
        else:
            return


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
