"""
Whether any of many files changed: by their times and sizes, as cheaply as a folder can be read.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

#: A path, the time of its last change, and its size.
State = tuple[str, int, int]


def look_at(paths: Iterable[Path]) -> frozenset[State]:
    """
    The state of these files, and of all below these folders; hidden ones do not count.
    """
    return frozenset(state for path in paths for state in _states(path))


def _states(path: Path) -> Iterator[State]:
    try:
        state = path.stat()
    except OSError:
        return  # That it is missing is a state, too.
    if path.is_dir():
        yield from _states_below(str(path))
    else:
        yield str(path), state.st_mtime_ns, state.st_size


def _states_below(folder: str) -> Iterator[State]:
    folders = [folder]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        state = entry.stat()
                        yield entry.path, state.st_mtime_ns, state.st_size
        except OSError:
            continue  # Gone while it was looked at.
