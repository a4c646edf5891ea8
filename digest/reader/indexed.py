"""
Reading with an index: only what has changed is read again, only what is wanted is handed on.

Every file has a stamp: its times, its size and its inode. A file that changed just before it
was read is not kept: it may change once more without its times telling. Nor are links, which
may lead elsewhere tomorrow.
"""

import os
import sqlite3
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ..model import Article, Problem
from .folder import File, files_below, shown
from .index import Entry, Index, is_damage, remove
from .parallel import ENOUGH, Readers, available_processors
from .records import Record, Wanted, to_article, to_problems

#: Times of files come in steps: 4 ms on Linux, 2 s on memory cards.
UNSETTLED = 3_000_000_000
COMMIT = 2_000  #: files; a run that is interrupted loses no more, another run waits no longer


def read_indexed(
    root: Path,
    path: Path,
    wanted: Wanted,
    *,
    processes: int | None,
    clock: Callable[[], int],
) -> list[Article | Problem]:
    """
    What is wanted of a content folder, in the order of the paths. The index is made, or mended.
    """
    count = available_processors() if processes is None else processes
    reading = _Reading(root, wanted, processes=count, settled=clock() - UNSETTLED)
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


class _Reading:
    """
    One look at a content folder.
    """

    def __init__(self, root: Path, wanted: Wanted, *, processes: int, settled: int) -> None:
        self._root, self._real_root = root, root.resolve()
        self._wanted, self._processes, self._settled = wanted, processes, settled

    def with_index(self, path: Path) -> list[Article | Problem]:
        with closing(Index(path)) as index:
            return self.all(index)

    def all(self, index: Index | None) -> list[Article | Problem]:
        """
        Everything that is wanted.
        """
        gone: list[tuple[str, str]] = []
        items: list[Article | Problem] = []
        with closing(Readers(self._real_root, self._processes)) as readers:
            found, changed = self._sorted_out(index, gone, readers)
            with closing(self._read(changed, index, readers)) as records:
                for each in found:
                    if isinstance(each, _Changed):
                        items += self._items(each.file, next(records))
                    else:
                        items.append(each)
        if index and gone:
            index.forget(gone)
        return items

    def _sorted_out(
        self, index: Index | None, gone: list[tuple[str, str]], readers: Readers
    ) -> tuple[list[Article | Problem | _Changed], list[_Changed]]:
        """
        What is known or to be read, in order; and the latter once more, of which much is a sign.
        """
        found: list[Article | Problem | _Changed] = []
        changed: list[_Changed] = []
        for each in self._look(index, gone):
            found.append(each)
            if isinstance(each, _Changed):
                changed.append(each)
                if len(changed) == ENOUGH:
                    readers.start()
        return found, changed

    def _look(
        self, index: Index | None, gone: list[tuple[str, str]]
    ) -> Iterator[Article | Problem | _Changed]:
        """
        What is known, and what is to be read. `gone` gets files that are no more.
        """
        left = index.folders(f"{self._real_root}//") if index else set()
        folder, key, known = None, "", dict[str, Entry]()
        for file in files_below(self._root):
            if isinstance(file, Problem):
                yield file
                continue
            if file.folder != folder:
                gone += ((key, name) for name in known)
                folder, key = file.folder, self._key(file.folder)
                known = index.files(key) if index and key else {}
                left.discard(key)
            stamp = self._stamp(file) if key else ""
            entry = known.pop(file.name, None) if stamp else None
            items = self._known(file, stamp, entry, index) if entry and index else None
            if items is None:
                yield _Changed(file, key, stamp)
            else:
                yield from items
        gone += ((key, name) for name in known)
        gone += ((key, name) for key in left if index for name in index.files(key))

    def _known(
        self, file: File, stamp: str, entry: Entry, index: Index
    ) -> tuple[Article | Problem, ...] | None:
        """
        What is wanted of a file and kept; None if it is to be read.
        """
        if entry.stamp != stamp:
            return None
        wanted = self._wanted.takes(entry.published, file.slug)
        if not wanted and not entry.problems:
            return ()
        record = Record(entry.published, index.text(entry) if wanted else "", entry.problems)
        try:
            return self._items(file, record)
        except (ValueError, TypeError, LookupError):  # Another run has just replaced it.
            return None

    def _read(
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
        return key if _is_text(key) else ""

    def _stamp(self, file: File) -> str:
        """
        Changes with the file; empty if a change might not show.
        """
        try:
            found = os.lstat(file.path)
        except OSError:
            return ""
        if not stat.S_ISREG(found.st_mode) or found.st_ctime_ns > self._settled:
            return ""
        if not _is_text(file.name):
            return ""
        return f"{found.st_mtime_ns} {found.st_ctime_ns} {found.st_size} {found.st_ino}"


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _rebuilt(path: Path, error: Exception) -> Problem:
    message = f"the index was damaged ({error}) and was made anew: if that repeats, check the disk"
    return Problem(file=str(path), level="warning", message=message)


def _passed_over(path: Path, error: Exception) -> Problem:
    reason = getattr(error, "strerror", None) or error
    message = (
        f"the index cannot be used ({reason}), so that every file was read: "
        "remove it, and see that its folder can be written to"
    )
    return Problem(file=str(path), level="warning", message=message)
