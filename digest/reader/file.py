"""
What one file of a content folder holds.
"""

import errno
import os
import stat
from pathlib import Path

from ..errors import ArticleError
from ..model import Article, Problem
from .fields import to_article
from .frontmatter import MAX_FILE, load_front_matter
from .listing import File, shown
from .remarks import remarks_on

#: A link is looked at before it is followed, and a named pipe would never end.
CAUTIOUS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


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


def _bytes_of(path: str, real_root: Path) -> bytes:
    """
    The beginning of a file, one byte more of it than is ever taken.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ArticleError("its name is not UTF-8: rename the file") from None
    handle = _opened(path, real_root)
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise ArticleError("not a plain file: move it out of the content folder")
        # Room for MAX_FILE would cost more than reading.
        return os.read(handle, min(state.st_size, MAX_FILE) + 1)
    finally:
        os.close(handle)


def _opened(path: str, real_root: Path) -> int:
    try:
        return os.open(path, CAUTIOUS)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
    # Not Path.resolve: that raises RuntimeError for a link to itself.
    if not Path(os.path.realpath(path)).is_relative_to(real_root):
        raise ArticleError("a link that leads out of the content folder: copy the file here")
    return os.open(path, CAUTIOUS & ~os.O_NOFOLLOW)
