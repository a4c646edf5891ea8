"""
Stage 1. A folder of Markdown files becomes articles, and problems.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ..errors import ArticleError, SettingsError
from ..model import Article, Problem
from .fields import to_article
from .frontmatter import MAX_FILE, load_front_matter

SUFFIXES = frozenset({".md", ".markdown"})


def read_articles(root: Path) -> Iterator[Article | Problem]:
    """
    Every article below `root` in the order of its path, and every file that is none.

    Hidden files, and links that lead out of the folder, are not read.
    """
    if not root.is_dir():
        raise SettingsError(f"there is no content folder {root}: set content.path in digest.toml")
    real_root = root.resolve()
    slugs: set[str] = set()
    for path in _files_below(root):
        if isinstance(path, Problem):
            yield path
            continue
        slug = path.relative_to(root).with_suffix("").as_posix()
        if slug in slugs:
            message = "another file has the same name, but for its ending: rename one of them"
            yield Problem(file=_shown(path), message=message)
            continue
        slugs.add(slug)
        yield from _read(path, slug, real_root)


def _files_below(root: Path) -> Iterator[Path | Problem]:
    """
    The Markdown files, folder by folder, and the folders that cannot be listed.
    """
    unlisted: list[OSError] = []
    for folder, folders, files in os.walk(root, onerror=unlisted.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and os.path.splitext(name)[1] in SUFFIXES:  # noqa: PTH122 - hot
                yield Path(folder, name)
    for error in unlisted:
        yield _unreadable(Path(error.filename), error)


def _read(path: Path, slug: str, real_root: Path) -> Iterator[Article | Problem]:
    try:
        front_matter = load_front_matter(_bytes_of(path, real_root))
        article = to_article(front_matter, slug=slug)
    except ArticleError as error:
        yield Problem(file=_shown(path), line=error.line, message=str(error))
    except OSError as error:
        yield _unreadable(path, error)
    else:
        yield article
        if front_matter.dropped:
            message = f"control characters were dropped ({front_matter.dropped}): remove them"
            yield Problem(file=str(path), level="warning", message=message)
        if not article.url and article.published:
            message = "no web address (webUrl, link): its title will not be a link"
            yield Problem(file=str(path), level="warning", message=message)


def _bytes_of(path: Path, real_root: Path) -> bytes:
    """
    The beginning of a file, one byte more of it than is ever taken.
    """
    if _shown(path) != str(path):
        raise ArticleError("its name is not UTF-8: rename the file")
    # Not Path.resolve: that raises RuntimeError for a link to itself.
    if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(real_root):
        raise ArticleError("a link that leads out of the content folder: copy the file here")
    if not stat.S_ISREG(path.stat().st_mode):  # A named pipe would never end.
        raise ArticleError("not a plain file: move it out of the content folder")
    with path.open("rb") as file:
        return file.read(MAX_FILE + 1)


def _unreadable(path: Path, error: OSError) -> Problem:
    message = f"cannot be read ({error.strerror}): mend its permissions, or remove it"
    return Problem(file=_shown(path), message=message)


def _shown(path: Path) -> str:
    """
    A path that can be printed, whatever bytes its name is made of.
    """
    return os.fsencode(path).decode("utf-8", "replace")
