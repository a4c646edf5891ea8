"""
Subscribers, frozen issues and the ledger, in one database.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..tokens import Key
from .accounts import Account, Accounts
from .choices import Choice, Choices, Reader, Standing
from .database import Database
from .feedback import Feedback
from .hashing import Hashes
from .history import History
from .issues import Issues
from .keys import Keys
from .ledger import Ledger
from .limits import Limits
from .mails import Mails, Waiting
from .paces import Paces
from .people import People
from .recovery import Recovery
from .requests import Requests
from .shelf import Copy, Shelf
from .signups import SignUp, SignUps
from .subscribers import Merged, Subscribers, Subscription
from .told import Told
from .unclaimed import Unclaimed

__all__ = [
    "Account",
    "Choice",
    "Copy",
    "Merged",
    "Reader",
    "SignUp",
    "Standing",
    "Store",
    "Subscription",
    "Waiting",
    "has_store",
    "open_store",
]

if TYPE_CHECKING:
    from .outbox import Outbox
    from .pacing import Pacing

SQLITE = "sqlite:///"


class Store:
    """
    One database: who reads what, what was frozen, and who has been sent what.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        random_bits: Callable[[int], int],
    ) -> None:
        hashes = Hashes(clock, random_bits)
        self.subscribers = Subscribers(database, clock, random_bits, hashes)
        self.people = People(database, clock, hashes)
        self.signups = SignUps(database, clock, random_bits, hashes)
        self.requests = Requests(database, clock, random_bits)
        self.mails = Mails(database, clock)
        self.feedback = Feedback(database, clock)
        self.limits = Limits(database, clock, hashes)
        self.choices = Choices(database, clock)
        self.keys = Keys(database, clock, random_bits)
        self.issues = Issues(database)
        self.unclaimed = Unclaimed(database, clock)
        self.ledger = Ledger(database, clock)
        self.accounts = Accounts(database, clock)
        self.recovery = Recovery(database, clock)
        self.history = History(database)
        self.shelf = Shelf(database)
        self.told = Told(database, clock)
        self.lock = database.lock
        self.making = database.making
        self.exclusive = database.exclusive
        self.paces = Paces(database)
        self._database = database

    @property
    def running(self) -> bool:
        """
        Whether a run is at work.
        """
        return self._database.locked

    @cached_property
    def pacing(self) -> "Pacing":
        """
        What was sent when and where.
        """
        from .pacing import Pacing

        return Pacing(self._database)

    @cached_property
    def outbox(self) -> "Outbox | None":
        """
        Where workers are called; None where a run is alone.
        """
        if self.exclusive:
            return None
        from .outbox import Outbox

        return Outbox(self._database)

    def key(self) -> Key:
        """
        What signs the links of new letters; made when it is first needed.
        """
        return self.keys.newest()

    def close(self) -> None:
        self._database.close()


def open_store(
    url: str,
    *,
    clock: Callable[[], datetime],
    random_bits: Callable[[int], int],
    read_only: bool = False,
    password: str | None = None,
) -> Store:
    """
    Open a database, made and migrated if need be. StoreError if it cannot be used.

    `sqlite:///` and a path, or `postgresql://` and all that libpq understands.
    """
    return Store(_open(url, password=password, read_only=read_only), clock, random_bits)


def has_store(url: str, *, password: str | None = None) -> bool:
    """
    Whether there is a database with something in it.
    """
    if url.startswith(SQLITE):
        return Path(url.removeprefix(SQLITE)).exists()
    from .postgres import has_tables

    return has_tables(url, password=password)


def _open(url: str, *, password: str | None, read_only: bool) -> Database:
    # The driver of the other one is loaded by nobody who does not use it.
    if url.startswith(SQLITE):
        from .sqlite import SqliteDatabase

        return SqliteDatabase(Path(url.removeprefix(SQLITE)), read_only=read_only)
    from .postgres import PostgresDatabase

    return PostgresDatabase(url, password=password, read_only=read_only)
