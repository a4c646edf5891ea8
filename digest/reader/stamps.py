"""
What tells that a file has changed: its times, its size and its inode, together its stamp.

A file that changed just before it was read has none: it may change once more without its times
telling. Nor have links, which may lead elsewhere tomorrow. A folder has a seal, made of the
stamps of all its files; none, if one of them has no stamp.
"""

import os
import stat
from array import array

from .listing import Folder

#: Nanoseconds. Times of files come in steps: 4 ms on Linux, 2 s on memory cards.
UNSETTLED = 3_000_000_000


class Look:
    """
    A folder as it is now, under its name in the index; without one nothing is kept of it.
    """

    def __init__(self, key: str, folder: Folder, settled: int) -> None:
        self.key, self.folder, self._settled = key, folder, settled
        self.sealed = False  #: with the same seal, in the index
        self.gone: list[str] = []  #: files of which something is kept, and that are no more
        self._states = _states_of(folder) if key and folder.articles else []
        self.seal = self._seal()

    @property
    def stamps(self) -> dict[str, str]:
        """
        By the files' names; empty if a change might not show.
        """
        states = self._states or [None] * len(self.folder.articles)
        return {
            name: self._stamp(name, state)
            for name, state in zip(self.folder.articles, states, strict=True)
        }

    def _seal(self) -> bytes:
        numbers = array("Q")
        for state in self._states:
            if state is None or not self._is_settled(state):
                return b""
            numbers.extend((state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino))
        names = "/".join(self.folder.articles)
        return numbers.tobytes() + names.encode() if is_text(names) else b""

    def _stamp(self, name: str, state: os.stat_result | None) -> str:
        if state is None or not self._is_settled(state) or not is_text(name):
            return ""
        return f"{state.st_mtime_ns} {state.st_ctime_ns} {state.st_size} {state.st_ino}"

    def _is_settled(self, state: os.stat_result) -> bool:
        return stat.S_ISREG(state.st_mode) and state.st_ctime_ns <= self._settled


def _states_of(folder: Folder) -> list[os.stat_result | None]:
    """
    Of the files themselves, not of what links lead to; None for one that has just gone.
    """
    try:
        handle = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        return [_state_of(name, handle) for name in folder.articles]
    finally:
        os.close(handle)


def _state_of(name: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None


def is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
