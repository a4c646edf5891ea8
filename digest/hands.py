"""
The editor's files: `issues/<newsletter>/<date>.toml`, one for each issue that needs a hand.

    introduction = "Markdown, at the top"
    note = "Markdown, at the end"
    drop = ["2026-11-20-a-story"]

    [[pin]]
    story = "2026-11-18-another"   # the file's name, with or without its folder and ending
    topic = "Science"              # default: the reader's first topic that it is on, or the first
    place = 1
    lead = true                    # shown large, above all sections
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .errors import SettingsError
from .files import read_file
from .model import Hand, Pin, Problem

KEYS = frozenset({"introduction", "note", "drop", "pin"})
PIN_KEYS = frozenset({"story", "topic", "place", "lead"})
PIN_HEADER = re.compile(r"\s*\[\[\s*pin\s*\]\]")
AT_LINE = re.compile(r"\(at line (\d+)")
MAX_FILE = 256 * 1024
TYPES = "introduction and note are texts, drop a list of stories, [[pin]] tables"


def read_hand(folder: Path, issue_id: str) -> Hand:
    """
    What the editor decided for an issue; nothing if there is no file. SettingsError names all
    faults, a line each.
    """
    hand, problems = look_at_hand(folder / f"{issue_id}.toml")
    if problems:
        raise SettingsError("\n".join(map(_shown, problems)), problems)
    return hand


def look_at_hand(path: Path) -> tuple[Hand, tuple[Problem, ...]]:
    """
    What the editor decided as far as it can be told, and what is wrong with the file.
    """
    try:
        data = read_file(path, max_bytes=MAX_FILE)
    except FileNotFoundError:
        return Hand(), ()
    except OSError as error:
        return Hand(), (Problem(file=str(path), message=f"cannot be read: {error.strerror}"),)
    import tomllib

    try:
        source = data.decode("utf-8-sig")
        document = tomllib.loads(source)
    except (ValueError, RecursionError) as error:
        found = AT_LINE.search(str(error))
        line = int(found[1]) if found else None
        return Hand(), (Problem(file=str(path), line=line, message=f"not valid TOML: {error}"),)
    return _Reading(path, source.splitlines()).hand(document)


class _Reading:
    """
    One look at a file, which goes on after a fault.
    """

    def __init__(self, path: Path, lines: Sequence[str]) -> None:
        self._path, self._lines = path, lines
        self._problems: list[Problem] = []

    def hand(self, document: Mapping[str, Any]) -> tuple[Hand, tuple[Problem, ...]]:
        self._refuse_unknown(document, KEYS)
        hand = Hand(
            pins=tuple(self._pins(self._list(document, "pin", dict))),
            drops=tuple(map(_slug, self._list(document, "drop", str))),
            introduction=self._text(document, "introduction"),
            note=self._text(document, "note"),
            file=str(self._path),
        )
        return hand, tuple(sorted(self._problems, key=lambda each: each.line or 0))

    def _text(self, document: Mapping[str, Any], key: str) -> str:
        value = document.get(key, "")
        if isinstance(value, str):
            return value.strip()
        self._fault(self._line_of(key), f"{key}: {TYPES}")
        return ""

    def _list(self, document: Mapping[str, Any], key: str, kind: type) -> list[Any]:
        value = document.get(key, [])
        if isinstance(value, list) and all(isinstance(each, kind) for each in value):
            return value
        self._fault(self._line_of(key), f"{key}: {TYPES}")
        return []

    def _pins(self, pins: Sequence[Mapping[str, Any]]) -> Iterator[Pin]:
        lines = [number for number, line in enumerate(self._lines, 1) if PIN_HEADER.match(line)]
        # Those that stand in one line have no headers.
        for line, pin in zip(lines + [1] * len(pins), pins, strict=False):
            self._refuse_unknown(pin, PIN_KEYS, line)
            story, topic, place = pin.get("story"), pin.get("topic"), pin.get("place", 1)
            lead = pin.get("lead", False)
            if type(place) is not int or place < 1 or not isinstance(lead, bool):
                self._fault(line, "the place of a pin counts from 1, lead is true or false")
                place, lead = 1, False
            if not isinstance(story, str) or not story or not isinstance(topic, str | None):
                self._fault(line, "a pin needs a story, and its topic is a text")
                continue
            yield Pin(slug=_slug(story), topic=topic, place=place, lead=lead, line=line)

    def _refuse_unknown(
        self, table: Mapping[str, Any], known: frozenset[str], begin: int = 1
    ) -> None:
        for key in sorted(set(table) - known):
            close = get_close_matches(key, known, n=1)
            others = f"known are: {', '.join(sorted(known))}"
            remedy = f'did you mean "{close[0]}"?' if close else others
            self._fault(self._line_of(key, begin), f"unknown key {key}; {remedy}")

    def _line_of(self, key: str, begin: int = 1) -> int:
        """
        The line of a key of the table that begins there; or else where that begins.
        """
        assignment = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[=.\]]""")
        numbered = enumerate(self._lines[begin - 1 :], begin)
        return next((number for number, line in numbered if assignment.match(line)), begin)

    def _fault(self, line: int, message: str) -> None:
        self._problems.append(Problem(file=str(self._path), line=line, message=message))


def _shown(problem: Problem) -> str:
    place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
    return f"{place}: {problem.message}"


def _slug(story: str) -> str:
    """
    The file's name without its ending, as people copy it.
    """
    return story.removesuffix(".md").removesuffix(".markdown")
