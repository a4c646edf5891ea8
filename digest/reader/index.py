"""
The index: an SQLite file that holds what was read of each file. It may be removed at any time.
"""

import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from ..files import state_of_code
from .records import NAMES, Record

PATIENCE = 20  #: seconds for another run to commit
MARK = 0x64696765  #: tells an index from other databases
SCHEMA = (
    "DROP TABLE IF EXISTS files",
    "DROP TABLE IF EXISTS articles",
    "DROP TABLE IF EXISTS seals",
    # A number is never used again, whatever the version: another run may still know what it
    # stood for.
    "CREATE TABLE articles (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL)",
    """
    CREATE TABLE files (
        folder TEXT NOT NULL,
        name TEXT NOT NULL,
        stamp TEXT NOT NULL,
        published INTEGER,
        problems TEXT NOT NULL,
        article INTEGER NOT NULL,
        PRIMARY KEY (folder, name)
    ) WITHOUT ROWID
    """,
    # Of folders of whose files all is kept, and nothing else.
    "CREATE TABLE seals (folder TEXT PRIMARY KEY, seal BLOB NOT NULL) WITHOUT ROWID",
    f"PRAGMA application_id = {MARK}",
)
PACKAGE = Path(__file__).parents[1]
#: What is made of a file depends on this code of ours and of others.
CODE = (PACKAGE / "reader", PACKAGE / "model" / "articles.py", PACKAGE / "text.py")
LIBRARIES = ("yaml", "frontmatter", "idna")
DAMAGE = frozenset(
    {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_ERROR}
)


class Entry(NamedTuple):
    """
    What is kept of a file, but for its article.
    """

    name: str
    stamp: str
    published: int | None
    problems: str
    article: int


class Index:
    """
    The index in a file; made if it is not there, emptied if another version of the reader wrote it.
    """

    def __init__(self, path: Path) -> None:
        self._version = _version_of_reader()
        _make_private(path)
        self._database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def folders(self, beginning: str) -> set[str]:
        """
        The folders of which something is kept, and whose names begin so.
        """
        found = self._database.execute("SELECT DISTINCT folder FROM files")
        return {folder for (folder,) in found if folder.startswith(beginning)}

    def files(self, folder: str) -> dict[str, Entry]:
        """
        What is kept of a folder's files, by their names.
        """
        rows = self._database.execute(
            "SELECT name, stamp, published, problems, article FROM files WHERE folder = ?",
            (folder,),
        )
        return {row[0]: Entry._make(row) for row in rows}

    def wanted(self, folder: str, span: tuple[int, int] | None) -> list[Entry]:
        """
        What is kept of a folder's files that hold an article of that time, or a problem.
        """
        start, end = span or (-sys.maxsize, sys.maxsize)
        rows = self._database.execute(
            "SELECT name, stamp, published, problems, article FROM files WHERE folder = ?"
            " AND (published >= ? AND published < ? OR problems <> '') ORDER BY name",
            (folder, start, end),
        )
        return list(map(Entry._make, rows))

    def text(self, entry: Entry) -> str:
        """
        The article of a file; empty if another run has read the file again.
        """
        found = self._database.execute("SELECT text FROM articles WHERE id = ?", (entry.article,))
        row = found.fetchone()
        return str(row[0]) if row else ""

    def seal_of(self, folder: str) -> bytes | None:
        found = self._database.execute("SELECT seal FROM seals WHERE folder = ?", (folder,))
        row = found.fetchone()
        return bytes(row[0]) if row else None

    def seal(self, folder: str, stamps: Mapping[str, str], seal: bytes) -> None:
        """
        Close a folder, if what is kept of it is what belongs to these stamps, and nothing else.
        """
        with self._writing() as database:
            kept = database.execute("SELECT name, stamp FROM files WHERE folder = ?", (folder,))
            if dict(kept) == stamps:
                database.execute("INSERT OR REPLACE INTO seals VALUES (?, ?)", (folder, seal))

    def keep(self, records: Iterable[tuple[str, str, str, Record]]) -> None:
        """
        What was read: folder, name, stamp, and what was found.
        """
        with self._writing() as database:
            _keep(database, list(records))

    def forget(self, files: Iterable[tuple[str, str]]) -> None:
        """
        Files that are no more: folder and name.
        """
        with self._writing() as database:
            _remove(database, list(files))

    def close(self) -> None:
        self._database.close()

    def _prepare(self) -> None:
        if self._is_of_this_version():
            return
        if self._pragma("application_id") != MARK and self._pragma("schema_version"):
            raise OSError(0, "another program's database")
        with _transaction(self._database) as database:
            if not self._is_of_this_version():  # Another run may have been faster.
                last = _last_number(database)
                for statement in (*SCHEMA, f"PRAGMA user_version = {self._version}"):
                    database.execute(statement)
                database.execute("INSERT INTO sqlite_sequence VALUES ('articles', ?)", (last,))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with _transaction(self._database) as database:
            if not self._is_of_this_version():
                raise OSError(0, "another version of the program is at work on it")
            yield database

    def _is_of_this_version(self) -> bool:
        return (self._pragma("application_id"), self._pragma("user_version")) == (
            MARK,
            self._version,
        )

    def _pragma(self, name: str) -> int:
        (value,) = self._database.execute(f"PRAGMA {name}").fetchone()
        return int(value)


def is_damage(error: Exception) -> bool:
    """
    Whether an index that raises this is to be made anew.
    """
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # Python's own words for what is no text any more.
        return isinstance(error, sqlite3.OperationalError)
    return code & 0xFF in DAMAGE


def remove(path: Path) -> None:
    """
    An index and what an interrupted run left beside it.
    """
    for each in (path, path.with_name(f"{path.name}-journal")):
        each.unlink(missing_ok=True)


def _make_private(path: Path) -> None:
    """
    An empty file that only its owner can read; SQLite makes the one beside it alike.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if not path.is_file():
            raise OSError(0, "not a plain file") from None
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield database
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _keep(database: sqlite3.Connection, records: Sequence[tuple[str, str, str, Record]]) -> None:
    _remove(database, [(folder, name) for folder, name, _, _ in records])
    numbered = list(enumerate(records, _last_number(database) + 1))
    database.executemany(
        "INSERT INTO articles VALUES (?, ?)",
        ((number, record.article) for number, (_, _, _, record) in numbered),
    )
    database.executemany(
        "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)",
        (
            (folder, name, stamp, record.published, record.problems, number)
            for number, (folder, name, stamp, record) in numbered
        ),
    )


def _last_number(database: sqlite3.Connection) -> int:
    """
    The highest that an article ever had; 0 in a database that never had any.
    """
    numbered = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"
    if not database.execute(numbered).fetchone():
        return 0
    (last,) = database.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()
    return int(last)


def _remove(database: sqlite3.Connection, files: Sequence[tuple[str, str]]) -> None:
    """
    What is kept of these files, and the seals of their folders.
    """
    folders = {folder for folder, _ in files}
    database.executemany("DELETE FROM seals WHERE folder = ?", ((each,) for each in folders))
    find = "SELECT article FROM files WHERE folder = ? AND name = ?"
    found = [(key, row) for key in files if (row := database.execute(find, key).fetchone())]
    database.executemany("DELETE FROM articles WHERE id = ?", (row for _, row in found))
    database.executemany(
        "DELETE FROM files WHERE folder = ? AND name = ?", (key for key, _ in found)
    )


def _module(name: str) -> Path | None:
    """
    Where a library begins; not imported for that.
    """
    found = find_spec(name)
    return Path(found.origin) if found and found.origin else None


def _version_of_reader() -> int:
    """
    A number that is another one as soon as something else might be made of a file.
    """
    libraries = filter(None, map(_module, LIBRARIES))
    code = (sys.version_info[:2], NAMES, state_of_code(*CODE, *libraries))
    return crc32(repr(code).encode()) >> 1  # SQLite keeps it as a signed number.
