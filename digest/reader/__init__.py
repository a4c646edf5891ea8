"""
Stage 1. A folder of Markdown files becomes articles, and problems.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import ArticleError, SettingsError
from ..model import Article, Problem
from .fields import to_article
from .frontmatter import load_front_matter

SUFFIXES = frozenset({".md", ".markdown"})


def read_articles(root: Path) -> Iterator[Article | Problem]:
    """
    Every article below `root` in the order of its path, and every file that is none.

    Hidden files, and links that lead out of the folder, are not read.
    """
    if not root.is_dir():
        raise SettingsError(f"there is no content folder {root}: set content.path in digest.toml")
    real_root = root.resolve()
    for path in _files_below(root):
        yield from _read(path, root, real_root)


def _files_below(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and os.path.splitext(name)[1] in SUFFIXES:  # noqa: PTH122 - hot
                yield Path(folder, name)


def _read(path: Path, root: Path, real_root: Path) -> Iterator[Article | Problem]:
    slug = path.relative_to(root).with_suffix("").as_posix()
    if path.is_symlink() and not path.resolve().is_relative_to(real_root):
        message = "a link that leads out of the content folder: copy the file here"
        yield Problem(file=str(path), message=message)
        return
    try:
        front_matter = load_front_matter(path.read_bytes())
        article = to_article(front_matter, slug=slug)
    except ArticleError as error:
        yield Problem(file=str(path), line=error.line, message=str(error))
    except OSError as error:
        yield Problem(file=str(path), message=f"cannot be read: {error.strerror}")
    else:
        yield article
        if front_matter.dropped:
            message = f"{front_matter.dropped} control characters were dropped"
            yield Problem(file=str(path), level="warning", message=message)
        if not article.url and article.published:
            message = "no web address (webUrl, link): its title will not be a link"
            yield Problem(file=str(path), level="warning", message=message)
