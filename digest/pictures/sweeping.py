"""
What the cache may forget: pictures that no letter shows and nobody has used for long.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..errors import CacheError
from . import NAME, SOURCES, VERSION, read_note

#: What was used as lately as that belongs to an issue that is being made.
IN_USE = timedelta(days=7)
#: A run that writes a file for longer than that is dead.
ABANDONED = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """
    A file of the cache.
    """

    name: str
    bytes: int
    used_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """
    What a cache held, and what was removed of it.
    """

    pictures: int
    bytes: int
    in_issues: int  #: of the pictures, those that letters show
    removed: tuple[str, ...] = field(repr=False)
    removed_bytes: int
    notes: int  #: removed, because nothing can be made of them any more
    leftovers: int  #: removed, of runs that were killed


def sweep(
    folder: Path,
    *,
    keep: AbstractSet[str],
    now: datetime,
    max_bytes: int,
    dry_run: bool = False,
) -> Swept:
    """
    Remove what was not used for longest, until the cache is small enough; never one of `keep`.

    A dry run only says what would be removed. CacheError if the folder cannot be changed.
    """
    try:
        stored = sorted(_stored_iter(folder), key=lambda each: (each.used_at, each.name))
        total = sum(each.bytes for each in stored)
        removed = tuple(_dispensable(stored, keep, now - IN_USE, total - max_bytes))
        gone = {each.name for each in removed}
        notes = list(_useless_notes_iter(folder, gone))
        leftovers = list(_leftovers_iter(folder, now - ABANDONED))
        if not dry_run:
            for name in gone:
                _remove_unused(folder / name, now - IN_USE)
            for path in (*notes, *leftovers):
                path.unlink(missing_ok=True)
    except OSError as error:
        message = f"the picture cache {folder} cannot be swept: {error.strerror}"
        raise CacheError(f"{message}; see to its permissions") from None
    return Swept(
        pictures=len(stored),
        bytes=total,
        in_issues=sum(each.name in keep for each in stored),
        removed=tuple(each.name for each in removed),
        removed_bytes=sum(each.bytes for each in removed),
        notes=len(notes),
        leftovers=len(leftovers),
    )


def _stored_iter(folder: Path) -> Iterator[Stored]:
    for path in folder.glob("??/*.*"):
        name = path.relative_to(folder).as_posix()
        if NAME.fullmatch(name):
            with suppress(FileNotFoundError):
                state = path.stat()
                used_at = datetime.fromtimestamp(state.st_mtime, UTC)
                yield Stored(name=name, bytes=state.st_size, used_at=used_at)


def _dispensable(
    stored: list[Stored], keep: AbstractSet[str], unused_since: datetime, excess: int
) -> Iterator[Stored]:
    for each in stored:
        if excess <= 0 or each.used_at >= unused_since:
            return
        if each.name not in keep:
            excess -= each.bytes
            yield each


def _useless_notes_iter(folder: Path, gone: AbstractSet[str]) -> Iterator[Path]:
    """
    Of other versions, damaged ones, and those whose picture is not there or soon will not be.
    """
    for path in (folder / SOURCES).rglob("*.json"):
        picture = read_note(path) if path.parent.name == VERSION else None
        if picture is None or picture.name in gone or not (folder / picture.name).is_file():
            yield path


def _leftovers_iter(folder: Path, before: datetime) -> Iterator[Path]:
    for path in folder.rglob(".tmp-*"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before.timestamp():
                yield path


def _remove_unused(path: Path, unused_since: datetime) -> None:
    """
    Unless a run has found a use for it since we looked.
    """
    with suppress(FileNotFoundError):
        if path.stat().st_mtime < unused_since.timestamp():
            path.unlink()
