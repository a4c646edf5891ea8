"""
A folder that any web server can publish: the pictures that letters show, and nothing else.

    <folder>/ab/abcdef….jpg
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..errors import PublishError
from ..files import write_whole
from . import are_bytes_of, is_sound


class FolderHost:
    """
    Copies pictures into a folder. Each is there whole or not at all; what is there stays.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def publish(self, pictures: Mapping[str, Path], /) -> int:
        self._make()
        missing = [name for name in pictures if not is_sound(self._folder / name)]
        gone = [name for name in missing if not is_sound(pictures[name])]
        for name in missing:
            if name not in gone:
                self._copy(name, pictures[name])
        if gone:
            read_sound(pictures[gone[0]])  # Says what to do.
        return len(missing)

    def _make(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None

    def _copy(self, name: str, path: Path) -> None:
        try:
            write_whole(self._folder / name, read_sound(path), mode=0o644)
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> PublishError:
        return PublishError(
            f"pictures cannot be published in {self._folder}: {error.strerror};"
            " see to it, or name another folder"
        )


def read_sound(path: Path) -> bytes:
    """
    A picture of the cache. PublishError if it is not there, or not what it was.
    """
    with suppress(OSError, ValueError):
        data = path.read_bytes()
        if are_bytes_of(path, data):
            return data
    raise PublishError(
        f"the picture {path} is gone or damaged: bring the cache back from a backup,"
        " or see `digest images fetch`"
    )
