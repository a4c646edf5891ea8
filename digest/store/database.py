"""
What SQLite and PostgreSQL have in common: transactions, migrations, and errors in our words.

The two differ in how writers keep out of each other's way and in what a commit waits for, and in
nothing else: all other code of the store is the same for both.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection, Engine, Table, inspect, text
from sqlalchemy.exc import DBAPIError

from ..errors import StoreError

#: The newest migration. A test compares it with Alembic's own opinion.
HEAD = "0012"


class Database(ABC):
    """
    Opens a database, makes it if it may, and brings its tables up to date.
    """

    #: Whether `lock` keeps all other runs away, so that whoever holds it finds only dead ones.
    exclusive: bool

    def __init__(self, name: str, engine: Engine, *, read_only: bool) -> None:
        self.name = name
        self._engine = engine
        self._read_only = read_only

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """
        A transaction that sees one state of the database.
        """
        with self._wrapped(), self._engine.connect() as plain:
            connection = self._reader(plain)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self, *, durable: bool = True, alone: bool = True) -> Iterator[Connection]:
        """
        A transaction, alone or beside those that touch other rows.

        What is not durable may be lost in a power cut, never because our process is killed.
        """
        with (
            self._wrapped(),
            self._engine.connect() as plain,
            self._begun(plain, durable=durable, alone=alone) as connection,
        ):
            yield connection

    @abstractmethod
    def lock(self) -> AbstractContextManager[None]:
        """
        Held by a run as long as it sends.
        """

    @abstractmethod
    def making(self, issue_id: str) -> AbstractContextManager[None]:
        """
        Held while an issue is made; whoever comes second waits.
        """

    @abstractmethod
    def analyze(self, *tables: Table) -> None:
        """
        Learn that these hold many new rows, for the plans of statements to come.
        """

    @property
    @abstractmethod
    def locked(self) -> bool:
        """
        Whether a run is at work.
        """

    def close(self) -> None:
        self._engine.dispose()

    @abstractmethod
    def _reader(self, plain: Connection) -> Connection: ...

    @abstractmethod
    def _begun(
        self, plain: Connection, *, durable: bool, alone: bool
    ) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _in_our_words(self, error: BaseException | None) -> StoreError: ...

    @contextmanager
    def _wrapped(self) -> Iterator[None]:
        """
        Errors of the database in our own words, without the values that were in the statement.
        """
        try:
            yield
        except DBAPIError as error:
            raise self._in_our_words(error.orig) from None

    def _migrate(self) -> None:
        with self.reading() as connection:
            version = _version(connection)
        if version == HEAD:
            return
        if self._read_only:
            raise StoreError(
                f"the store {self.name} is of an older version: the next `digest send`, or any"
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
