"""
The picture cache: files named by the hash of their bytes, all of them encoded by us.

    <cache>/ab/abcdef….jpg      a picture; the same name below the pictures' web address
    <cache>/sources/2/….json    which picture was made of which source for which slot
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from math import inf
from pathlib import Path
from threading import Lock

from ..errors import CacheError
from ..files import write_whole
from ..model import Picture, PictureLimits, Slot
from .pool import WorkerPool
from .wire import Encoded

__all__ = [
    "NAME",
    "SOURCES",
    "VERSION",
    "FolderCache",
    "WorkerPool",
    "are_bytes_of",
    "is_sound",
    "read_note",
]

SOURCES = "sources"
#: Of what is done to pixels. What another version made is made anew.
VERSION = "2"
NAME_LENGTH = 32
NAME = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{30}\.(jpg|png)")


class FolderCache:
    """
    Pictures in a folder. Several runs may use it at once, and several threads.
    """

    def __init__(self, folder: Path, workers: WorkerPool | None = None) -> None:
        self.folder = folder
        self._workers = workers or WorkerPool(PictureLimits())
        self._whole: set[str] = set()
        self._lock = Lock()

    @property
    def is_outdated(self) -> bool:
        """
        Whether another version filled it, so that all pictures are made anew.
        """
        found = {path.name for path in (self.folder / SOURCES).glob("*")}
        return bool(found) and VERSION not in found

    @property
    def limits(self) -> PictureLimits:
        return self._workers.limits

    def get(self, source: str, slot: Slot, /) -> Picture | None:
        """
        The picture made of `source` before, if its file is still what it was.
        """
        try:
            picture = read_note(self._note_path(source, slot))
        except OSError as error:
            raise self._unusable("read", error) from None
        return picture if picture and self._is_whole(picture.name) else None

    def has_lost(self, source: str, slot: Slot, /) -> bool:
        """
        Whether a picture was made of `source`, and its file is gone or damaged.
        """
        picture = read_note(self._note_path(source, slot))
        return picture is not None and not self._is_whole(picture.name)

    def put(self, source: str, data: bytes, slot: Slot, /, *, seconds: float = inf) -> Picture:
        made = self._workers.cut(data, slot, seconds=seconds)
        return self._keep(source, slot, made, drawn=False)

    def draw(self, label: str, colour: str, slot: Slot, logo: Picture | None = None, /) -> Picture:
        """
        A placeholder: the logo, or a few letters, on that colour.
        """
        mark = logo.name if logo else label
        source = f"card:{'logo:' if logo else ''}{mark}:{colour}"
        if found := self.get(source, slot):
            return found
        try:
            data = self.path_of(logo.name).read_bytes() if logo else b""
        except OSError as error:
            raise self._unusable("read", error) from None
        made = self._workers.draw(label, colour, slot, data)
        return self._keep(source, slot, made, drawn=True)

    def path_of(self, picture: str, /) -> Path:
        return self.folder / picture

    def missing(self, pictures: Iterable[str]) -> list[str]:
        """
        Those that are not there, or not what they were. Every byte is looked at.
        """
        return [name for name in dict.fromkeys(pictures) if not is_sound(self.path_of(name))]

    def close(self) -> None:
        """
        End the workers, if any were started.
        """
        self._workers.close()

    def _note_path(self, source: str, slot: Slot) -> Path:
        key = hashlib.sha256(f"{slot} {source}".encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / SOURCES / VERSION / f"{key[:NAME_LENGTH]}.json"

    def _is_whole(self, name: str) -> bool:
        """
        Looked at once in a run, which also says that the picture is in use.
        """
        path = self.path_of(name)
        with self._lock:
            if name in self._whole:
                return path.is_file()
        if not is_sound(path):
            return False
        with suppress(OSError):  # A cache that may only be read.
            os.utime(path)
        with self._lock:
            self._whole.add(name)
        return True

    def _keep(self, source: str, slot: Slot, made: Encoded, *, drawn: bool) -> Picture:
        digest = hashlib.sha256(made.data).hexdigest()[:NAME_LENGTH]
        name = f"{digest[:2]}/{digest}.{made.suffix}"
        picture = Picture(
            name=name, width=made.width, height=made.height, colour=made.colour, drawn=drawn
        )
        try:
            if not self._is_whole(name):
                write_whole(self.path_of(name), made.data, mode=0o644)
            note = json.dumps(asdict(picture)).encode()
            write_whole(self._note_path(source, slot), note, durable=False)
        except OSError as error:
            raise self._unusable("written", error) from None
        return picture

    def _unusable(self, act: str, error: OSError) -> CacheError:
        return CacheError(
            f"the picture cache {self.folder} cannot be {act}: {error.strerror};"
            " see to it, or name another folder in images.cache"
        )


def read_note(path: Path) -> Picture | None:
    """
    The picture that was made; None if it never was, or the note is damaged.
    """
    try:
        picture = Picture(**json.loads(path.read_text("utf-8")))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None
    return picture if NAME.fullmatch(str(picture.name)) else None


def is_sound(path: Path) -> bool:
    """
    Whether a picture is what its name says.
    """
    try:
        return are_bytes_of(path, path.read_bytes())
    except (OSError, ValueError):
        return False


def are_bytes_of(name: Path, data: bytes) -> bool:
    """
    Whether these are the bytes of the picture of that name.
    """
    return hashlib.sha256(data).hexdigest()[:NAME_LENGTH] == name.stem
