"""
Stage 1. A folder of Markdown files becomes articles, and problems.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from ..errors import SettingsError
from ..model import Article, Problem, Window
from .listing import File, Folder, list_folders, unreadable

#: Files that it takes seconds to read.
MANY = 2_000


def read_articles(
    root: Path,
    *,
    folders: Sequence[Folder] | None = None,
    index: Path | None = None,
    window: Window | None = None,
    also: Collection[str] = (),
    processes: int | None = None,
    clock: Callable[[], int] = time.time_ns,
) -> Iterator[Article | Problem]:
    """
    Every article below `root` in the order of its path, and every file that is none.

    With a window, the articles within it and those whose slug is in `also`; all problems
    nevertheless. With an index, a file that may be removed at any time, only files that have
    changed since are read, many of them by as many processes as there are processors. The
    clock is the one of the file system. Who has listed the folders already hands them over.

    Hidden files, and links that lead out of the folder, are not read.
    """
    if not root.is_dir():
        raise SettingsError(f"there is no content folder {root}: set content.path in digest.toml")
    folders = list_folders(root) if folders is None else folders
    if index is not None:
        from .indexed import read_indexed
        from .records import Wanted

        wanted = Wanted(window, also)
        yield from read_indexed(root, folders, index, wanted, processes=processes, clock=clock)
        return
    for item in _items(folders, root.resolve()):
        if isinstance(item, Problem) or window is None or _is_wanted(item, window, also):
            yield item


def _items(folders: Sequence[Folder], real_root: Path) -> Iterator[Article | Problem]:
    for folder in folders:
        yield from folder.problems
        for name in folder.articles:
            yield from _read(folder.file(name), real_root)


def _read(file: File, real_root: Path) -> tuple[Article | Problem, ...]:
    from .file import read_file

    try:
        return read_file(file, real_root)
    except OSError as error:
        return (unreadable(file.path, error),)


def _is_wanted(article: Article, window: Window, also: Collection[str]) -> bool:
    return article.published_at in window or article.slug in also
