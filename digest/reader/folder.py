"""
The files of a content folder: which there are, and what each of them holds.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..errors import ArticleError
from ..model import Article, Problem
from .fields import to_article
from .frontmatter import MAX_FILE, load_front_matter
from .remarks import remarks_on

SUFFIXES = (".markdown", ".md")  #: in the order of names that differ in nothing else
FIRST_READ = 64 * 1024  #: nearly every file ends before; room for MAX_FILE costs more than reading


class File(NamedTuple):
    """
    A Markdown file, not yet looked at.
    """

    folder: str
    name: str
    inside: str  #: the folder below the content folder, with a slash at its end, or empty

    @property
    def path(self) -> str:
        return f"{self.folder}{os.sep}{self.name}"

    @property
    def slug(self) -> str:
        return self.inside + self.name[: self.name.rindex(".")]


def files_below(root: Path) -> Iterator[File | Problem]:
    """
    The Markdown files, folder by folder, and what has no place among them.

    Hidden files are not there, nor are folders that are links.
    """
    unlisted: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=unlisted.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = folder[len(str(root)) :].strip(os.sep).replace(os.sep, "/")
        inside += "/" if inside else ""
        taken: set[str] = set()  # by the files that come first in the order of their names
        for name in sorted(names):
            if not name.endswith(SUFFIXES) or name.startswith("."):
                continue
            file = File(folder, name, inside)
            if taken and file.slug in taken:
                message = "another file has the same name, but for its ending: rename one of them"
                yield Problem(file=shown(file.path), message=message)
                continue
            if not name.endswith(SUFFIXES[-1]):
                taken.add(file.slug)
            yield file
    for error in unlisted:
        yield unreadable(error.filename, error)


def read_file(file: File, real_root: Path) -> tuple[Article | Problem, ...]:
    """
    The article of a file, and what is wrong with it. OSError if it cannot be read.
    """
    try:
        front_matter = load_front_matter(_bytes_of(file.path, real_root))
        article = to_article(front_matter, slug=file.slug)
    except ArticleError as error:
        return (Problem(file=shown(file.path), line=error.line, message=str(error)),)
    remarks = (
        Problem(file=shown(file.path), line=line, level="warning", message=message)
        for message, line in remarks_on(front_matter, article)
    )
    return article, *remarks


def unreadable(path: str, error: OSError) -> Problem:
    message = f"cannot be read ({error.strerror}): mend its permissions, or remove it"
    return Problem(file=shown(path), message=message)


def shown(path: str) -> str:
    """
    A path that can be printed, whatever bytes its name is made of.
    """
    return str(Path(os.fsencode(path).decode("utf-8", "replace")))


def _bytes_of(path: str, real_root: Path) -> bytes:
    """
    The beginning of a file, one byte more of it than is ever taken.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ArticleError("its name is not UTF-8: rename the file") from None
    # Not Path.resolve: that raises RuntimeError for a link to itself.
    if os.path.islink(path) and not Path(os.path.realpath(path)).is_relative_to(real_root):  # noqa: PTH114 - hot
        raise ArticleError("a link that leads out of the content folder: copy the file here")
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - A named pipe would never end.
        raise ArticleError("not a plain file: move it out of the content folder")
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - hot
        data = file.read(FIRST_READ)
        return data if len(data) < FIRST_READ else data + file.read(MAX_FILE + 1 - FIRST_READ)
