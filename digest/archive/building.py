"""
The archive as files, for any web host.
"""

import shutil
from contextlib import suppress
from pathlib import Path

from ..errors import StoreError
from ..files import write_whole
from ..pages import Pages
from ..pipeline import Pipeline
from . import Archive, main_newsletter


def build_archive(pipeline: Pipeline, pages: Pages, out: Path) -> int:
    """
    Write all of it below `out`, which becomes the root of the site; the number of files.

    Addresses are those that `digest serve` has. StoreError if the folder cannot be written.
    """
    archive, written = Archive(pipeline, pages), 0
    try:
        for path in archive.paths_iter():
            file = archive.file(path)
            if file is not None:
                write_whole(out / "a" / path, file.text.encode(), mode=0o644)
                written += 1
        for place in ("u", "p"):
            text = pages.neutral(main_newsletter(pipeline.settings))
            write_whole(out / place / "index.html", text.encode(), mode=0o644)
            written += 1
        for name in archive.pictures() | pages.pictures:
            (out / "i" / name).parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                shutil.copyfile(pipeline.pictures.path_of(name), out / "i" / name)
                written += 1
    except OSError as error:
        raise StoreError(f"the folder {out} cannot be written: {error.strerror}") from None
    return written
