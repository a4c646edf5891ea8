"""
A PostgreSQL database: for several machines that send one issue together.
"""

import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    create_engine,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from ..errors import SettingsError, StoreBusy, StoreError
from .database import Database
from .rows import LEASE

#: Of the advisory locks: whoever writes alone, and what makes an issue.
WRITERS = 0x64696765
MAKERS = 0x73740000
#: So long others wait for whoever makes an issue, or sends the first letters of a new sender.
AWAITED = timedelta(minutes=15)
#: So long we wait for the statistics of new rows: an issue can be frozen without them.
PATIENCE = timedelta(seconds=10)
#: The server takes back what a process has begun that is frozen, or whose machine has lost power:
#: its rows would be nobody's. Where the server has a limit of its own, that one holds.
IMPATIENCE = "idle_in_transaction_session_timeout"
#: In what a server says to whom it will turn away the next time, too. libpq gives no code for it.
TURNED_AWAY = ("does not exist", "authentication failed", "no password supplied", "pg_hba.conf")
#: A connection that is cut off is noticed within seconds, not after the two hours of TCP.
CONNECT = {
    "application_name": "digest",
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
#: The server notices as soon as we do that the other side is gone.
WATCHED = {f"tcp_{name}": f"{CONNECT[name]}" for name in CONNECT if name.startswith("keepalives")}


class PostgresDatabase(Database):
    """
    Many workers may write at once, each its own rows.
    """

    exclusive = False

    def __init__(self, url: str, *, password: str | None = None, read_only: bool = False) -> None:
        super().__init__(url, _engine_for(url, password), read_only=read_only)
        self._migrate()

    def lock(self) -> AbstractContextManager[None]:
        """
        Nobody is kept away: runs share an issue's batches, and each batch has one run.
        """
        return nullcontext()

    @contextmanager
    def making(self, issue_id: str) -> Iterator[None]:
        """
        One process makes an issue, the others wait for it, but StoreBusy after a while: it may be
        frozen. The server frees it when one dies, or its machine.
        """
        key = MAKERS ^ zlib.crc32(issue_id.encode())
        with self._wrapped(), self._engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            limit = ("lock_timeout", _limit("lock_timeout", AWAITED))
            session = [func.set_config(*each, text("false")) for each in (*WATCHED.items(), limit)]
            connection.execute(select(*session, func.pg_advisory_lock(key)))
            try:
                yield
            finally:
                connection.execute(select(func.pg_advisory_unlock(key)))

    def analyze(self, *tables: Table) -> None:
        """
        Of a number that is newer than its statistics PostgreSQL believes that one row has it: then
        each statement about a new issue goes through all its letters.

        Autovacuum may be weeks away, where the store holds many issues already.
        """
        names = ", ".join(table.name for table in tables)
        # Whoever cleans up the table gives way, but for a vacuum that somebody called for.
        with suppress(StoreBusy), self.writing(durable=False, alone=False) as connection:
            connection.execute(select(_set("lock_timeout", _limit("lock_timeout", PATIENCE))))
            connection.execute(text(f"ANALYZE {names}"))

    @property
    def locked(self) -> bool:
        """
        Whether somebody holds a batch.
        """
        query = text("SELECT EXISTS (SELECT FROM batches WHERE lease_until > CURRENT_TIMESTAMP)")
        with self.reading() as connection:
            return bool(connection.scalar(query))

    def _reader(self, plain: Connection) -> Connection:
        return plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def _begun(self, plain: Connection, *, durable: bool, alone: bool) -> Iterator[Connection]:
        connection = plain.execution_options(isolation_level="READ COMMITTED")
        with connection.begin():
            switches = [
                _set("synchronous_commit", "on" if durable else "off"),
                _set(IMPATIENCE, _limit(IMPATIENCE, LEASE)),
            ]
            if alone:
                switches.append(func.pg_advisory_xact_lock(WRITERS))
            connection.execute(select(*switches))
            yield connection

    def _in_our_words(self, error: BaseException | None) -> StoreError:
        return _in_our_words(self.name, error)


def has_tables(url: str, *, password: str | None) -> bool:
    """
    Whether a store was made there.
    """
    engine = _engine_for(url, password)
    try:
        return inspect(engine).has_table("alembic_version")
    except DBAPIError as error:
        raise _in_our_words(url, error.orig) from None
    finally:
        engine.dispose()


def _engine_for(url: str, password: str | None) -> Engine:
    address = make_url(url).set(drivername="postgresql+psycopg")
    if password is not None:
        address = address.set(password=password)
    try:
        return create_engine(
            address, connect_args=dict(CONNECT), hide_parameters=True, max_overflow=-1
        )
    except ModuleNotFoundError:
        message = "PostgreSQL needs an extra: pip install 'newsletter-digest[postgres]'"
        raise SettingsError(message) from None


def _set(name: str, value: str | ColumnElement[str]) -> ColumnElement[str]:
    """
    A setting of the server, until the transaction ends.
    """
    return func.set_config(name, value, text("true"))


def _limit(name: str, ours: timedelta) -> ColumnElement[str]:
    """
    A time after which the server gives up: its own, where it has one.
    """
    return func.coalesce(func.nullif(func.current_setting(name), "0"), f"{ours.seconds}s")


def _in_our_words(name: str, error: BaseException | None) -> StoreError:
    from psycopg import InterfaceError, OperationalError
    from psycopg.errors import IdleInTransactionSessionTimeout as TooSlow
    from psycopg.errors import LockNotAvailable

    if isinstance(error, LockNotAvailable):
        return StoreBusy(
            "another run is at work on the same, and does not end: run again, or end it"
        )
    if isinstance(error, OperationalError | InterfaceError | TooSlow):
        reason = (str(error).strip().splitlines() or ["the connection is lost"])[0]
        if any(each in reason for each in TURNED_AWAY):
            return StoreError(
                f"the store {name} turns us away ({reason}): see to store.url and"
                " store.password_file, or make the database and its user"
            )
        return StoreBusy(f"the store {name} cannot be reached ({reason}): run again")
    diagnosis = getattr(error, "diag", None)
    return StoreError(f"the store {name} refuses: {getattr(diagnosis, 'message_primary', None)}")
