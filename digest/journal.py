"""
The crash journal: what a run did between two commits, kept where a killed process leaves it.

A run adds twelve bytes before the content of a letter leaves, and twelve when its reply is in.
Nothing is flushed to disk: what a process wrote outlives it, for as long as the machine runs.
The lock on the file is the proof that its run is dead, the kernel's boot id that none is missing.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from mmap import ALLOCATIONGRANULARITY, mmap
from pathlib import Path
from threading import Lock

from .errors import StoreError
from .model import Outcome, Receipt

FORMAT = "digest journal 2"
RECORD = struct.Struct("<QHH")
#: Bytes before the records, and of each section of them: what can be mapped into memory.
HEAD = ALLOCATIONGRANULARITY
SECTION = 12 * ALLOCATIONGRANULARITY
RECORDS = SECTION // RECORD.size
BEGUN = 1
OUTCOMES = {2: Outcome.ACCEPTED, 3: Outcome.DEFERRED, 4: Outcome.REFUSED, 5: Outcome.IN_DOUBT}
PHASES = {outcome: phase for phase, outcome in OUTCOMES.items()}
#: Of a run whose letters are all in the store. Kept for the day the store is restored from a copy.
DONE = ".done"
ALIVE = ".journal"
KEPT_FOR = timedelta(days=30)
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """
    Whose journal it is. One of another store, or of another start of the machine, proves nothing.
    """

    boot: str
    store: str
    run: str
    issue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """
    The last word on a letter whose content began to leave; without an outcome it is in doubt.
    """

    outcome: Outcome = Outcome.IN_DOUBT
    code: int = 0


class Journal:
    """
    The open journal of a run. Its threads share it: each record has a place of its own.

    It is written as memory, without a word to the kernel, which keeps it all the same.
    """

    def __init__(self, folder: Path, heading: Heading) -> None:
        self._path = folder / f"{heading.run}{ALIVE}"
        fields = (FORMAT, heading.boot, heading.store, heading.run, heading.issue)
        self._places = count()
        self._growing = Lock()
        self._sections: list[mmap] = []
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
            self._file = os.open(self._path, flags, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)  # Who looks at it just now does not take long.
            os.write(self._file, "|".join(fields).encode().ljust(HEAD - 1) + b"\n")
        except OSError as error:
            raise _unwritable(self._path, error) from None
        self._grow(0)

    def begin(self, subscriber_id: int) -> None:
        """
        The content of that letter is about to leave.
        """
        self._write(subscriber_id, BEGUN, 0)

    def settle(self, receipt: Receipt) -> None:
        """
        What became of it.
        """
        self._write(receipt.letter.subscriber_id, PHASES[receipt.outcome], receipt.code)

    def close(self, *, done: bool) -> None:
        """
        `done` says that all of it is in the store, durably. Otherwise the next run reads it.
        """
        for section in self._sections:
            section.close()
        with suppress(OSError):
            os.truncate(self._file, HEAD + next(self._places) * RECORD.size)
        if done:
            with suppress(OSError):
                os.fsync(self._file)
                self._path.rename(self._path.with_suffix(DONE))
        os.close(self._file)

    def _write(self, subscriber_id: int, phase: int, code: int) -> None:
        section, place = divmod(next(self._places), RECORDS)
        if section >= len(self._sections):
            self._grow(section)
        RECORD.pack_into(self._sections[section], place * RECORD.size, subscriber_id, phase, code)

    def _grow(self, section: int) -> None:
        """
        Room for more records. A full disk says so here, and not when they are written.
        """
        with self._growing:
            while section >= len(self._sections):
                end = HEAD + len(self._sections) * SECTION
                try:
                    start = end
                    while start < end + SECTION:
                        start += os.pwrite(self._file, bytes(end + SECTION - start), start)
                    self._sections.append(mmap(self._file, SECTION, offset=end))
                except OSError as error:
                    raise _unwritable(self._path, error) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """
    The journal of a run that ended.
    """

    path: Path
    heading: Heading

    @property
    def done(self) -> bool:
        return self.path.suffix == DONE

    def fates(self) -> dict[int, Fate]:
        """
        Every letter whose content began to leave.
        """
        try:
            records = self.path.read_bytes()[HEAD:]
        except FileNotFoundError:  # Another run has read it by now.
            records = self.path.with_suffix(DONE).read_bytes()[HEAD:]
        whole = len(records) // RECORD.size * RECORD.size
        return {
            subscriber_id: Fate(outcome=OUTCOMES.get(phase, Outcome.IN_DOUBT), code=code)
            for subscriber_id, phase, code in RECORD.iter_unpack(records[:whole])
            if phase  # Otherwise its place was taken, and nothing more.
        }

    def finish(self) -> None:
        """
        All that it knows is in the store. Another run may have found that out before us.
        """
        with suppress(FileNotFoundError):
            self.path.rename(self.path.with_suffix(DONE))


def past_iter(folder: Path, *, now: datetime) -> Iterator[Past]:
    """
    The journals of runs that ended, dead or done; those of living runs are locked.

    Old ones, and what is no journal of ours, are passed over.
    """
    for path in sorted((*folder.glob(f"*{ALIVE}"), *folder.glob(f"*{DONE}"))):
        if path.suffix == DONE and _is_old(path, now):
            continue
        if (heading := _heading_of_dead(path)) is not None:
            yield Past(path=path, heading=heading)


def clear_old(folder: Path, *, now: datetime) -> None:
    """
    Remove journals of runs so long ago that nobody restores a store from before them.
    """
    for path in folder.glob(f"*{DONE}"):
        if _is_old(path, now):
            path.unlink(missing_ok=True)


def current_boot() -> str:
    """
    Which start of the machine this is; empty where the kernel does not say, and equal to none.
    """
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""


def _is_old(path: Path, now: datetime) -> bool:
    """
    What is gone already was old enough for somebody else.
    """
    try:
        return path.stat().st_mtime < (now - KEPT_FOR).timestamp()
    except FileNotFoundError:
        return True


def _heading_of_dead(path: Path) -> Heading | None:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            line = file.readline(HEAD).decode("utf-8", "replace").rstrip()
    except OSError:
        return None
    fields = line.split("|")
    if len(fields) != 5 or fields[0] != FORMAT:  # noqa: PLR2004 - as many as are written
        return None
    return Heading(boot=fields[1], store=fields[2], run=fields[3], issue=fields[4])


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"the journal {path} cannot be written: {error.strerror}")
