"""
The rows of a list, whatever separates their fields, and the lines that are none.
"""

import csv
import io
import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
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
    block = b"start"
    first = True
    while block:
        block = file.read(BLOCK)
        if first and block.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            raise StoreError(f"{path}: UTF-16 text: save the file as UTF-8")
        first = False
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError:
            guess = " (it looks like Windows-1252)" if _is_western(block) else ""
            raise StoreError(f"{path}: not UTF-8 text: save the file as UTF-8{guess}") from None


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
    reader = csv.reader(file, delimiter=separator)
    while True:
        # Of a row with quoted line breaks it is the first line.
        line = reader.line_num + 2
        try:
            values = next(reader, None)
        except csv.Error as error:
            message = f"not valid CSV up to line {reader.line_num + 1}: {error}"
            yield Refused(file=str(path), line=line, message=message)
            continue
        if values is None:
            return
        if any(value.strip() for value in values):
            yield _csv_row(path, line, header, values)


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


def _csv_row(path: Path, line: int, header: list[str], values: list[str]) -> Row | Refused:
    if any(value.startswith("'") for value in values):
        values = [*map(_unquoted, values)]
    fields = dict(zip(header, values, strict=False))
    if len(values) > len(header):
        message = f"{len(values)} values for {len(header)} fields: quote values that hold a comma"
        return Refused(file=str(path), line=line, message=message, fields=fields)
    return Row(line, fields)


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
