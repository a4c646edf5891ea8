"""
Files that are written whole or not at all, and read only where they are files.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, data: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """
    Write a file durably, whoever else writes the same one. OSError leaves the old one as it was.

    Where waiting for the disk is not worth it, a cut in power may leave the file empty.
    """
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def state_of_file(path: Path) -> str:
    """
    Its size and the moment it was changed. OSError if it is anything else than a file.
    """
    state = path.stat()
    _check_kind(state, path)
    return f"{state.st_size} {state.st_mtime_ns}"


def state_of_code(*places: Path) -> tuple[tuple[str, int, int], ...]:
    """
    Another one as soon as one of these modules is, or one that lies in one of these folders.
    """
    states = [(place.name, place.stat()) for place in places if place.suffix]
    for folder in places:
        if not folder.suffix:
            states += sorted(_modules_iter(folder))
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states)


def _modules_iter(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as found:
        modules = [each for each in found if each.name.endswith(".py")]
    for each in modules:
        with suppress(FileNotFoundError):  # An editor's lock, or just replaced.
            yield each.path, each.stat()


def read_file(path: Path, *, max_bytes: int) -> bytes:
    """
    All of a file, or OSError: of what is larger, and of what would keep us waiting or never end.
    """
    # A pipe that nobody writes to would hold up a plain open.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(handle)
        _check_kind(state, path)
        data = file.read(max_bytes + 1) if state.st_size <= max_bytes else b""
    if state.st_size > max_bytes or len(data) > max_bytes:
        raise OSError(errno.EFBIG, f"larger than {max_bytes:,} bytes", str(path))
    return data


def _check_kind(state: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(state.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(state.st_mode):
        raise OSError(errno.EINVAL, "It is no file", str(path))


def article_file(content: Path, slug: str) -> Path:
    """
    The file that an article was read from.
    """
    files = [content / f"{slug}{suffix}" for suffix in (".md", ".markdown")]
    return next((file for file in files if file.exists()), files[0])


def line_in_file(pattern: re.Pattern[str], file: Path) -> int | None:
    """
    The first line of a text file on which it is found; None if it is not, or nothing can be read.
    """
    try:
        text = file.read_text("utf-8", "replace")
    except OSError:
        return None
    match = pattern.search(text)
    return text.count("\n", 0, match.start()) + 1 if match else None
