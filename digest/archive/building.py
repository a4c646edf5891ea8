"""
The archive as files, for any web host.
"""

import os
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from ..errors import PublishError, StoreError
from ..files import write_whole
from ..pages import Pages
from ..pictures import is_sound
from ..pictures.publishing import read_sound
from ..pipeline import Pipeline
from . import Archive, main_newsletter

#: What the last build wrote, by hashes: what is not listed is not to be found here either.
WRITTEN = ".digest-archive"


def build_archive(pipeline: Pipeline, pages: Pages, out: Path) -> tuple[int, int]:
    """
    Write all of it below `out`, which becomes the root of the site; how many files, and removed.

    Addresses are those that `digest serve` has. A page or feed of an earlier build that is no part
    of it any more is removed; a picture never is: letters may show it. StoreError if the folder
    cannot be written.
    """
    archive = Archive(pipeline, pages)
    try:
        before, now = _noted(out), set[str]()
        try:
            for path, text in _texts_iter(archive, pipeline, pages):
                now.add(_hash(path))
                write_whole(out / path, text.encode(), mode=0o644)
        finally:
            _note(out, before | now)
        removed = _remove(out, before - now)
        _note(out, now)
        copied = _copy_pictures(pipeline, archive.pictures() | pages.pictures, out)
    except OSError as error:
        raise StoreError(f"the folder {out} cannot be written: {error.strerror}") from None
    return len(now) + copied, removed


def _texts_iter(archive: Archive, pipeline: Pipeline, pages: Pages) -> Iterator[tuple[str, str]]:
    for path in archive.paths_iter():
        if file := archive.file(path):
            yield f"a/{path}", file.text
    for place in ("u", "p"):
        yield f"{place}/index.html", pages.neutral(main_newsletter(pipeline.settings))


def _copy_pictures(pipeline: Pipeline, names: AbstractSet[str], out: Path) -> int:
    """
    Somebody may be loading those that are there: they stay as they are, if they are whole.
    """
    copied = 0
    for name in names:
        source, target = pipeline.pictures.path_of(name), out / "i" / name
        if not is_sound(target):
            try:
                write_whole(target, read_sound(source), mode=0o644)
            except PublishError:  # It is gone or damaged, and may come back.
                continue
        copied += 1
    return copied


def _noted(out: Path) -> set[str]:
    try:
        return set((out / WRITTEN).read_text("utf-8", "replace").split())
    except FileNotFoundError:
        return set()


def _note(out: Path, hashes: AbstractSet[str]) -> None:
    write_whole(out / WRITTEN, "".join(f"{each}\n" for each in sorted(hashes)).encode())


def _hash(path: str) -> str:
    return sha256(path.encode()).hexdigest()


def _remove(out: Path, hashes: AbstractSet[str]) -> int:
    """
    Remove those files, and folders that nothing is left in; another build may do so, too.
    """
    # Not Path.rglob: that raises FileNotFoundError for a folder that goes meanwhile.
    folders = ((Path(folder), names) for folder, _, names in os.walk(out / "a"))
    paths = [(folder / name).relative_to(out) for folder, names in folders for name in names]
    gone = [each for each in paths if _hash(each.as_posix()) in hashes]
    for path in gone:
        (out / path).unlink(missing_ok=True)
        for folder in path.parents:
            with suppress(OSError):
                (out / folder).rmdir()
    return len(gone)
