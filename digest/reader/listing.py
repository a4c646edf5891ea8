"""
Which files there are in a content folder, without a look into any of them.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..model import Problem

SUFFIXES = (".markdown", ".md")  #: in the order of names that differ in nothing else
TOPIC_SUFFIXES = (".yaml", ".yml")


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


class Folder(NamedTuple):
    """
    One folder: the names of its files, in order, and what has no place among them.
    """

    path: str
    inside: str  #: below the content folder, with a slash at its end, or empty
    articles: Sequence[str]
    topics: Sequence[str]
    problems: Sequence[Problem]

    def file(self, name: str) -> File:
        return File(self.path, name, self.inside)


def list_folders(root: Path) -> list[Folder]:
    """
    The content folder and those below it, and what cannot be listed.

    Hidden files are not there, nor are folders that are links.
    """
    unlisted: list[OSError] = []
    found: list[Folder] = []
    for path, folders, names in os.walk(root, onerror=unlisted.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = path[len(str(root)) :].strip(os.sep).replace(os.sep, "/")
        named = sorted(name for name in names if name.endswith(SUFFIXES) and name[0] != ".")
        doubles = _doubles(named)
        found.append(
            Folder(
                path,
                f"{inside}/" if inside else "",
                [name for name in named if name not in doubles] if doubles else named,
                _topic_files(names),
                [_double(f"{path}{os.sep}{name}") for name in doubles],
            )
        )
    problems = [unreadable(error.filename, error) for error in unlisted]
    return [*found, Folder(str(root), "", (), (), problems)] if problems else found


def unreadable(path: str, error: OSError) -> Problem:
    message = f"cannot be read ({error.strerror}): mend its permissions, or remove it"
    return Problem(file=shown(path), message=message)


def shown(path: str) -> str:
    """
    A path that can be printed, whatever bytes its name is made of.
    """
    return str(Path(os.fsencode(path).decode("utf-8", "replace")))


def _topic_files(names: Sequence[str]) -> list[str]:
    others = (name for name in names if not name.endswith(SUFFIXES))
    return sorted(
        name for name in others if name.lower().endswith(TOPIC_SUFFIXES) and name[0] != "."
    )


def _doubles(names: Sequence[str]) -> list[str]:
    """
    Those that differ from the name before in nothing but the ending.
    """
    rare, common = SUFFIXES
    taken = {name.removesuffix(rare) for name in names if name.endswith(rare)}
    return [name for name in names if name.removesuffix(common) in taken] if taken else []


def _double(path: str) -> Problem:
    message = "another file has the same name, but for its ending: rename one of them"
    return Problem(file=shown(path), message=message)
