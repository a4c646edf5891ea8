"""
Reading with an index: only what has changed is read again, only what is wanted is handed on.

While a folder has the seal that it had, nobody looks at what is kept of each of its files.
"""

import os
import sqlite3
from collections.abc import Callable, Generator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ..model import Article, Problem
from .index import Entry, Index, is_damage, remove
from .listing import File, Folder, shown
from .parallel import Readers
from .records import Record, Wanted, to_article, to_problems
from .stamps import UNSETTLED, Look, is_text

COMMIT = 2_000  #: files; a run that is interrupted loses no more, another run waits no longer
#: What comes of reading what another run has just replaced, or of damage.
MISREAD = (ValueError, TypeError, LookupError)


def read_indexed(
    root: Path,
    folders: Sequence[Folder],
    path: Path,
    wanted: Wanted,
    *,
    processes: int | None,
    clock: Callable[[], int],
) -> list[Article | Problem]:
    """
    What is wanted of a content folder, in the order of the paths. The index is made, or mended.
    """
    reading = _Reading(root, folders, wanted, processes=processes, settled=clock() - UNSETTLED)
    try:
        return reading.with_index(path)
    except (sqlite3.Error, OSError) as error:
        failure: Exception = error
    if is_damage(failure):
        try:
            remove(path)
            return [_rebuilt(path, failure), *reading.with_index(path)]
        except (sqlite3.Error, OSError) as error:
            failure = error
    return [_passed_over(path, failure), *reading.all(None)]


class _Changed(NamedTuple):
    """
    A file that has to be read.
    """

    file: File
    folder: str  #: by its name in the index
    stamp: str  #: empty: it is not to be kept


Found = Article | Problem | _Changed


class _Reading:
    """
    One look at a content folder.
    """

    def __init__(
        self,
        root: Path,
        folders: Sequence[Folder],
        wanted: Wanted,
        *,
        processes: int | None,
        settled: int,
    ) -> None:
        self._root, self._folders, self._wanted = root, folders, wanted
        self._processes, self._settled = processes, settled
        self._real_root = root.resolve()

    def with_index(self, path: Path) -> list[Article | Problem]:
        with closing(Index(path)) as index:
            return self.all(index)

    def all(self, index: Index | None) -> list[Article | Problem]:
        """
        Everything that is wanted.
        """
        left = index.folders(f"{self._real_root}//") if index else set[str]()
        with closing(Readers(self._real_root, self._processes)) as readers:
            if not left:
                readers.prepare(sum(len(each.articles) for each in self._folders))
            looks = [Look(self._key(each.path), each, self._settled) for each in self._folders]
            found = [item for look in looks for item in self._of_folder(look, index)]
            items = self._read(found, index, readers)
        if index:
            self._forget(looks, left, index)
            for look in looks:
                if look.seal and not look.sealed:
                    index.seal(look.key, look.stamps, look.seal)
        return items

    def _forget(self, looks: Sequence[Look], left: AbstractSet[str], index: Index) -> None:
        """
        What is kept of files and folders that are no more.
        """
        gone = [(look.key, name) for look in looks for name in look.gone]
        missing = left - {look.key for look in looks}
        gone += ((key, name) for key in missing for name in index.files(key))
        if gone:
            index.forget(gone)

    def _of_folder(self, look: Look, index: Index | None) -> list[Found]:
        """
        What is known of a folder's files, and which of them are to be read.
        """
        folder = look.folder
        known = self._sealed(look, index) if index and look.seal else None
        if known is not None:
            return [*folder.problems, *known]
        found: list[Found] = [*folder.problems]
        kept = index.files(look.key) if index and look.key else {}
        for name, stamp in look.stamps.items():
            entry = kept.pop(name, None)
            items = self._known(folder.file(name), stamp, entry, index) if entry and index else None
            found += (_Changed(folder.file(name), look.key, stamp),) if items is None else items
        look.gone += kept
        return found

    def _sealed(self, look: Look, index: Index) -> list[Found] | None:
        """
        What is wanted of a folder in which nothing has changed; None if something has.
        """
        look.sealed = index.seal_of(look.key) == look.seal
        if not look.sealed:
            return None
        found: list[Found] = []
        for entry in index.wanted(look.key, self._wanted.span):
            items = self._items_kept(look.folder.file(entry.name), entry, index)
            if items is None:
                look.sealed = False
                return None
            found += items
        return found

    def _known(
        self, file: File, stamp: str, entry: Entry, index: Index
    ) -> tuple[Article | Problem, ...] | None:
        """
        What is wanted of a file and kept; None if it is to be read.
        """
        return self._items_kept(file, entry, index) if stamp and entry.stamp == stamp else None

    def _items_kept(
        self, file: File, entry: Entry, index: Index
    ) -> tuple[Article | Problem, ...] | None:
        wanted = self._wanted.takes(entry.published, file.slug)
        if not wanted and not entry.problems:
            return ()
        record = Record(entry.published, index.text(entry) if wanted else "", entry.problems)
        try:
            return self._items(file, record)
        except MISREAD:
            return None

    def _read(
        self, found: Sequence[Found], index: Index | None, readers: Readers
    ) -> list[Article | Problem]:
        """
        What was found, with what is in the files that have changed.
        """
        changed = [each for each in found if isinstance(each, _Changed)]
        readers.prepare(len(changed))
        items: list[Article | Problem] = []
        with closing(self._records(changed, index, readers)) as records:
            for each in found:
                if isinstance(each, _Changed):
                    items += self._items(each.file, next(records))
                else:
                    items.append(each)
        return items

    def _records(
        self, changed: list[_Changed], index: Index | None, readers: Readers
    ) -> Generator[Record]:
        """
        Read files, and keep what was read.
        """
        with closing(readers.read_iter([each.file for each in changed])) as records:
            pairs = zip(changed, records, strict=True)
            while batch := list(islice(pairs, COMMIT)):
                if index:
                    index.keep(
                        (each.folder, each.file.name, each.stamp, record)
                        for each, record in batch
                        if each.stamp and record.lasting
                    )
                yield from (record for _, record in batch)

    def _items(self, file: File, record: Record) -> tuple[Article | Problem, ...]:
        """
        What is wanted of a record.
        """
        problems = to_problems(record.problems, shown(file.path)) if record.problems else ()
        if self._wanted.takes(record.published, file.slug):
            return to_article(record.article), *problems
        return tuple(problems)

    def _key(self, folder: str) -> str:
        """
        A folder below this root; empty where it is no text, so that nothing is kept of it.
        """
        key = f"{self._real_root}//{folder[len(str(self._root)) :].lstrip(os.sep)}"
        return key if is_text(key) else ""


def _rebuilt(path: Path, error: Exception) -> Problem:
    # In Python's own words there is all of what it could not read.
    reason = error if hasattr(error, "sqlite_errorcode") else "it holds what is no text"
    message = f"the index was damaged ({reason}) and was made anew: if that repeats, check the disk"
    return Problem(file=str(path), level="warning", message=message)


def _passed_over(path: Path, error: Exception) -> Problem:
    reason = getattr(error, "strerror", None) or error
    message = (
        f"the index cannot be used ({reason}), so that every file was read: "
        "remove it, and see that its folder can be written to"
    )
    return Problem(file=str(path), level="warning", message=message)
