"""
Stage 1. A folder of Markdown files becomes articles, and problems.
"""

import time
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path

from ..errors import SettingsError
from ..model import Article, Problem, Window
from .folder import File, files_below, read_file, unreadable

MANY = 2_000


def read_articles(
    root: Path,
    *,
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
    clock is the one of the file system.

    Hidden files, and links that lead out of the folder, are not read.
    """
    if not root.is_dir():
        raise SettingsError(f"there is no content folder {root}: set content.path in digest.toml")
    if index is not None:
        from .indexed import read_indexed
        from .records import Wanted

        wanted = Wanted(window, also)
        yield from read_indexed(root, index, wanted, processes=processes, clock=clock)
        return
    real_root = root.resolve()
    for file in files_below(root):
        for item in _read(file, real_root):
            if isinstance(item, Problem) or window is None or _is_wanted(item, window, also):
                yield item


def are_many(root: Path) -> bool:
    """
    Whether a folder has so many files that reading them takes seconds.
    """
    return sum(1 for _ in islice(files_below(root), MANY)) == MANY


def _read(file: File | Problem, real_root: Path) -> tuple[Article | Problem, ...]:
    if isinstance(file, Problem):
        return (file,)
    try:
        return read_file(file, real_root)
    except OSError as error:
        return (unreadable(file.path, error),)


def _is_wanted(article: Article, window: Window, also: Collection[str]) -> bool:
    return article.published_at in window or article.slug in also
