"""
Where something stands in digest.toml.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..model import Problem, Topic

HEADER = re.compile(r"\s*\[{1,2}\s*([^\]\[#]+?)\s*\]")
KEY = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)+")
ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")


def problem_of(path: Path, message: str, *, level: str = "error") -> Problem:
    """
    What is wrong with a configuration that was read before, at the first key that is named.
    """
    line = line_of(path, *(key.split(".") for key in KEY.findall(message)))
    return Problem(file=str(path), line=line, level=level, message=message)


def line_of(path: Path, *keys: Sequence[str]) -> int | None:
    """
    The line of the first of these keys that stands in a configuration that was read before.
    """
    try:
        lines = lines_by_key(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return None
    return next((lines[tuple(key)] for key in keys if tuple(key) in lines), None)


def line_of_topic(topic: Topic, key: str) -> int | None:
    """
    The line of a topic's key; in a file of its own, the topic's.
    """
    own = ("topics", topic.name)
    return topic.line or line_of(Path(topic.file), (*own, key), own)


def lines_by_key(source: str) -> dict[tuple[str, ...], int]:
    """
    The line of every table and every plain assignment; keys within braces are not looked for.
    """
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(source.splitlines(), 1):
        if header := HEADER.match(line):
            table = _parts(header[1])
            lines.setdefault(table, number)
        elif assignment := ASSIGNMENT.match(line):
            lines.setdefault((*table, *_parts(assignment[1])), number)
    return lines


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def line_in(lines: Mapping[tuple[str, ...], int], key: Sequence[str]) -> int | None:
    """
    The line of the longest beginning of the key that stands in the file.
    """
    for length in range(len(key), 0, -1):
        if tuple(key[:length]) in lines:
            return lines[tuple(key[:length])]
    return None
