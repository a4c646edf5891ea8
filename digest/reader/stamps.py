"""
What tells that a file has changed: its times, its size and its inode, together its stamp.

A file that changed just before it was read has none: it may change once more without its times
telling. Nor have links, which may lead elsewhere tomorrow. A folder has a seal, made of the
stamps of all its files; none, if one of them has no stamp.
"""

import os
import stat
from array import array
from functools import cached_property

from .listing import Folder

#: Nanoseconds. Times of files come in steps: 4 ms on Linux, 2 s on memory cards.
UNSETTLED = 3_000_000_000
#: How many numbers tell of a file. The first is never 0, unless they do not tell of changes.
NUMBERS = 4
LARGEST = 2**63 - 1


class Look:
    """
    A folder as it is now, under its name in the index; without one nothing is kept of it.
    """

    def __init__(self, key: str, folder: Folder, settled: int) -> None:
        self.key, self.folder = key, folder
        self.sealed = False  #: with the same seal, in the index
        self.gone: list[str] = []  #: files of which something is kept, and that are no more
        self._numbers = _numbers_of(folder, settled) if key else array("q")

    @cached_property
    def stamps(self) -> dict[str, str]:
        """
        By the files' names; empty if a change might not show.
        """
        rows = zip(*[iter(self._numbers)] * NUMBERS, strict=True)
        stamps = [" ".join(map(str, row)) if any(row) else "" for row in rows]
        names = self.folder.articles
        known = dict(zip(names, stamps, strict=True)) if stamps else dict.fromkeys(names, "")
        return {name: stamp if is_text(name) else "" for name, stamp in known.items()}

    @cached_property
    def seal(self) -> bytes:
        """
        Differs from that of any other state; empty if one of the stamps is.
        """
        names = "/".join(self.folder.articles)
        whole = self._numbers and all(self._numbers[::NUMBERS]) and is_text(names)
        return self._numbers.tobytes() + names.encode() if whole else b""


def _numbers_of(folder: Folder, settled: int) -> "array[int]":
    """
    The numbers of each file, one after the other: all 0 where a change might not show.
    """
    numbers = array("q")
    try:
        handle = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return numbers
    try:
        for name in folder.articles:
            numbers.extend(_numbers(name, handle, settled))
    finally:
        os.close(handle)
    return numbers


def _numbers(name: str, folder: int, settled: int) -> tuple[int, ...]:
    """
    Of the file itself, not of what a link leads to.
    """
    try:
        state = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return (0,) * NUMBERS
    if not stat.S_ISREG(state.st_mode) or state.st_ctime_ns > settled:
        return (0,) * NUMBERS
    return state.st_ctime_ns, state.st_mtime_ns, state.st_size, state.st_ino & LARGEST


def is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
