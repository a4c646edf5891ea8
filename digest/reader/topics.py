"""
Topic files: YAML files of the content folder that say `taxonomy: topic`.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import ArticleError
from ..files import state_of_file
from ..model import Problem, Topic
from ..text import clean_line
from .listing import Folder, list_folders

MARK = b"taxonomy"
#: YAML may say where a document begins, and where it ends.
BEGINNING = re.compile(rb"\A(?:[ \t]*(?:#.*)?\r?\n)*---[ \t]*\r?\n")
END = re.compile(rb"^(?:---|\.\.\.)[ \t\r]*\Z", re.MULTILINE)


def read_topics(
    root: Path, *, folders: Iterable[Folder] | None = None
) -> Iterator[Topic | Problem]:
    """
    Every topic that a file below `root` describes, and every such file that describes none.

    YAML files that do not say that they are topics are somebody else's. Who has listed the
    folders already hands them over.
    """
    for folder in list_folders(root) if folders is None else folders:
        for name in folder.topics:
            yield from _read(Path(folder.path, name))


def _read(path: Path) -> Iterator[Topic | Problem]:
    try:
        state_of_file(path)  # A pipe would keep us waiting.
        data = path.read_bytes()
        if MARK not in data:
            return
        from .frontmatter import load_front_matter

        fields = load_front_matter(_as_front_matter(data)).fields
        if fields.get("taxonomy") == "topic":
            yield _topic(path, fields)
    except ArticleError as error:
        line = error.line - 1 if error.line else None
        yield Problem(file=str(path), line=line, message=str(error))
    except OSError as error:
        yield Problem(file=str(path), message=f"cannot be read: {error.strerror}")


def _as_front_matter(data: bytes) -> bytes:
    """
    A topic file is a front matter without an article: what it says, one line further down.
    """
    data = data.removeprefix(BOM_UTF8)
    beginning = BEGINNING.match(data)
    lines = beginning[0].count(b"\n") if beginning else 0
    body = data[beginning.end() :] if beginning else data
    return b"---\n" + b"\n" * lines + END.sub(b"", body.rstrip()) + b"\n---\n"


def _topic(path: Path, fields: Any) -> Topic:
    name = clean_line(str(fields.get("name") or ""))
    if not name:
        raise ArticleError("name: missing: a topic needs one")
    parent = clean_line(str(fields.get("parent") or "")) or None
    return Topic(
        name=name,
        parent=parent,
        keywords=_texts(fields.get("keywords")),
        aliases=_texts(fields.get("aliases")),
        file=str(path),
        line=1,
    )


def _texts(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(text for item in items if item is not None and (text := clean_line(str(item))))
