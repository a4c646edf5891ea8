"""
What is known of the web addresses of pictures: one small file for each, beside the cache.

    <cache>/fetched/ab/abcdef….json
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import CacheError
from ..files import write_whole

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """
    How it went the last time, and when it is worth another look.
    """

    source: str
    fetched_at: datetime
    fresh_until: datetime
    status: int | None = None  #: None: there was no answer
    url: str = ""  #: where redirects led
    etag: str = ""
    last_modified: str = ""
    size: int = 0  #: of what was downloaded, in bytes
    failures: int = 0  #: one after another
    trouble: str = ""  #: what went wrong
    unfit: Mapping[str, str] = field(default_factory=dict)  #: slot -> why it will not do there
    rules: str = ""  #: the settings at that time: others may let it pass

    @property
    def why(self) -> str:
        """
        Why it is not shown, or not everywhere; empty if nothing is wrong with it.
        """
        return self.trouble or "; ".join(dict.fromkeys(self.unfit.values()))

    def is_fresh(self, now: datetime) -> bool:
        """
        Whether it need not be asked for yet. What was noted in the future says nothing of now.
        """
        return self.fetched_at <= now < self.fresh_until


class FolderNotes:
    """
    Notes in a folder. Several runs may use it at once: each file is there whole or not at all.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def trouble(self, source: str, /) -> str:
        note = self.read(source)
        return note.why if note else ""

    def read(self, source: str) -> Note | None:
        """
        The note, or None where there is none that can be read.
        """
        note = _parsed(self._path(source))
        return note if note and note.source == source else None

    def write(self, note: Note) -> None:
        text = json.dumps(asdict(note), default=datetime.isoformat)
        try:
            write_whole(self._path(note.source), text.encode(), durable=False)
        except OSError as error:
            raise CacheError(
                f"the picture cache {self.folder.parent} cannot be written: {error.strerror};"
                " see to it, or name another folder in images.cache"
            ) from None

    def all(self) -> Iterator[Note]:
        """
        Every note that can be read, in no order.
        """
        found = (_parsed(path) for path in self.folder.glob("*/*.json"))
        return (note for note in found if note)

    def forget(self, *, before: datetime, dry_run: bool = False) -> int:
        """
        Remove what nobody asked for since, and what cannot be read. How many there were.
        """
        forgotten = 0
        for path in self.folder.glob("*/*.json"):
            note = _parsed(path)
            if note is None or max(note.fetched_at, note.fresh_until) < before:
                forgotten += 1
                if not dry_run:
                    with suppress(OSError):
                        path.unlink()
        return forgotten

    def _path(self, source: str) -> Path:
        key = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self.folder / key[:2] / f"{key}.json"


def _parsed(path: Path) -> Note | None:
    """
    None if there is no note, or it is damaged: then it is made anew.
    """
    try:
        note = _shape().validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None
    return note if note.fetched_at.tzinfo and note.fresh_until.tzinfo else None


@cache
def _shape() -> "TypeAdapter[Note]":
    from pydantic import TypeAdapter

    return TypeAdapter(Note)
