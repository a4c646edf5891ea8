"""
The rows of a list, whatever separates their fields, and the lines that are none.
"""

import csv
import io
import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from ..errors import StoreError
from ..model import Problem
from ..text import ADDRESSES, mask_address

FIELDS = ("email", "name", "topics")
MAX_FILE = 64 * 1024 * 1024
BLOCK = 1024 * 1024
#: Of one line of JSON; csv has a limit of its own.
MAX_LINE = 128 * 1024
#: Of one value between quotation marks.
MAX_LINES = 3
JSON_LINES = frozenset({".jsonl", ".ndjson", ".json"})
SEPARATORS = (",", ";", "\t")
#: A spreadsheet runs a cell that begins so.
FORMULA = tuple("=+-@\t\r|%\uff1d\uff0b\uff0d\uff20")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Problem):
    """
    A line that is not taken, and what could be read of it.
    """

    fields: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def who(self) -> str:
        """
        Whose it seems to be: enough of an address to find the line, or nothing if there is none.
        """
        email = self.fields.get("email")
        found = ADDRESSES.search(email) if isinstance(email, str) else None
        return mask_address(found[0]) if found else ""


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    fields: Mapping[str, Any] = field(repr=False)


class _Lines:
    """
    The lines of a file, for a parser that takes one row after the other.
    """

    def __init__(self, file: TextIO, *, before: int) -> None:
        self.number = before + 1  #: of the first line of the row
        self.row: list[str] = []
        self._file = file
        self._again: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._file)
        self.row.append(line)
        return line

    def begin_row(self) -> None:
        self.number += len(self.row)
        self.row.clear()

    def give_back(self) -> None:
        """
        All lines of the row but the first are read once more.
        """
        self._again.extendleft(reversed(self.row[1:]))
        del self.row[1:]


def rows(path: Path) -> Iterator[Row | Refused]:
    """
    All of them. StoreError if the file cannot be read, or is no such list.
    """
    with _opened(path) as file:
        if path.suffix.lower() in JSON_LINES:
            yield from _json_rows(path, file)
        else:
            yield from _csv_rows(path, file)


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """
    A file as text, checked before its first line is taken: all of it is UTF-8.
    """
    try:
        with path.open("rb") as raw:
            file = raw if raw.seekable() else io.BytesIO(raw.read(MAX_FILE + 1))
            _check(path, file)
            file.seek(0)
            with io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
                yield text
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None


def _check(path: Path, file: BinaryIO) -> None:
    if file.seek(0, io.SEEK_END) > MAX_FILE:
        raise StoreError(f"{path} is larger than {MAX_FILE:,} bytes: import it in parts")
    file.seek(0)
    decoder = getincrementaldecoder("utf-8")()
    block, line = file.read(BLOCK), 1
    if block.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise StoreError(f"{path}: UTF-16 text: save the file as UTF-8")
    while block:
        following = file.read(BLOCK)
        try:
            decoder.decode(block, final=not following)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            guess = " (it looks like Windows-1252)" if _is_western(block) else ""
            raise StoreError(
                f"{path}:{line}: not UTF-8 text: save the file as UTF-8{guess}"
            ) from None
        line += block.count(b"\n")
        block = following


def _is_western(block: bytes) -> bool:
    try:
        text = block.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return all(char.isprintable() or char in "\r\n\t" for char in text)


def _csv_rows(path: Path, file: TextIO) -> Iterator[Row | Refused]:
    first = file.readline(MAX_LINE)
    header, separator = _header(first)
    if not header:
        raise StoreError(
            f'{path}:1: found the header "{_shown(first)}", needed is "{",".join(FIELDS)}"'
        )
    lines = _Lines(file, before=1)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        lines.begin_row()
        try:
            values = next(reader, None)
        except csv.Error as error:
            # Whatever a quotation mark swallowed may be rows of their own.
            lines.give_back()
            yield _faulty_row(path, lines, header, separator, error)
            continue
        if values is None:
            return
        if any(value.strip() for value in values):
            yield _csv_row(path, lines, header, values)


def _header(first: str) -> tuple[list[str], str]:
    """
    The names in the first line and what separates them; none if they are not ours.
    """
    for separator in SEPARATORS:
        names = [
            name.strip().lower() for name in next(csv.reader([first], delimiter=separator), [])
        ]
        if "email" in names and set(names) <= set(FIELDS) and len(set(names)) == len(names):
            return names, separator
    return [], ""


def _csv_row(path: Path, lines: _Lines, header: list[str], values: list[str]) -> Row | Refused:
    if any(value.startswith("'") for value in values):
        values = [*map(_unquoted, values)]
    fields = dict(zip(header, values, strict=False))
    if len(lines.row) > 1 and any(map(_swallows, values)):
        last = lines.number + len(lines.row) - 1
        message = f"a quoted value goes on to line {last}: close it, or take out its line breaks"
    elif len(values) > len(header):
        message = f"{len(values)} values for {len(header)} fields: quote values that hold a comma"
    else:
        return Row(lines.number, fields)
    return Refused(file=str(path), line=lines.number, message=message, fields=fields)


def _faulty_row(
    path: Path, lines: _Lines, header: list[str], separator: str, error: csv.Error
) -> Refused:
    """
    Its fields are taken as if they had no quotation marks.
    """
    message = f"not valid CSV ({error}): see to the quotation marks of this line"
    values = [value.strip(' "\r\n') for value in lines.row[0].split(separator)]
    fields = dict(zip(header, values, strict=False))
    return Refused(file=str(path), line=lines.number, message=message, fields=fields)


def _swallows(value: str) -> bool:
    """
    Whether it has more lines than a name may have, or seems to hold other rows.
    """
    number = len(value.strip().splitlines())
    return number > MAX_LINES or (number > 1 and "@" in value)


def _shown(first: str) -> str:
    """
    Without the address of a file that has no header.
    """
    names = [name.strip().lower() for name in next(csv.reader([first.strip()]), [])]
    return ",".join("…" if "@" in name else name for name in names)[:60]


def _json_rows(path: Path, file: TextIO) -> Iterator[Row | Refused]:
    for line, source in enumerate(_lines(file), 1):
        if not source.strip():
            continue
        try:
            fields = json.loads(source)
        except (ValueError, RecursionError):
            yield Refused(file=str(path), line=line, message="not valid JSON: one object a line")
            continue
        if isinstance(fields, dict):
            yield Row(line, fields)
        else:
            yield Refused(file=str(path), line=line, message="not an object: one object a line")


def _lines(file: TextIO) -> Iterator[str]:
    """
    What is too long is cut.
    """
    while line := file.readline(MAX_LINE):
        rest = line
        while not rest.endswith("\n") and (rest := file.readline(MAX_LINE)):
            pass
        yield line


def _unquoted(value: str) -> str:
    """
    Without the apostrophe that our own export puts before what looks like a formula.
    """
    return value[1:] if value.startswith("'") and runs(value) else value


def runs(value: str) -> bool:
    """
    Whether it is a formula behind apostrophes and what a spreadsheet does not show.
    """
    return value.lstrip("'\ufeff\u200b ").startswith(FORMULA)
