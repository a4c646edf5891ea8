"""
Subscriber lists as files: CSV with a header `email,name,topics`, or JSON lines of the same.

Topics are separated by semicolons; none means the newsletter's. Every line that is not taken
is named, with the reason, and never with the address.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .addresses import normalize_address
from .errors import StoreError
from .model import Entry, Problem, Subscriber
from .text import clean_line, clean_name

FIELDS = ("email", "name", "topics")
MAX_FILE = 64 * 1024 * 1024
#: A spreadsheet runs a cell that begins so.
FORMULA = tuple("=+-@\t\r|%\uff1d\uff0b\uff0d\uff20")

#: Says what is wrong with topics, or "".
CheckTopics = Callable[[tuple[str, ...]], str]


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    fields: Mapping[str, Any]


def read_roster(path: Path, check_topics: CheckTopics) -> Iterator[Entry | Problem]:
    """
    The entries of a file, each address once, and its lines that are none.
    """
    seen: dict[str, int] = {}
    for row in _rows(path):
        if isinstance(row, Problem):
            yield row
            continue
        try:
            entry = _entry(row.fields, check_topics)
        except ValueError as error:
            yield Problem(file=str(path), line=row.line, message=str(error))
            continue
        key = entry.address.casefold()
        if key in seen:
            message = f"the same address as in line {seen[key]}: keep one of them"
            yield Problem(file=str(path), line=row.line, message=message)
            continue
        seen[key] = row.line
        yield entry


def parse_entry(email: str, name: str, topics: Iterable[str], check_topics: CheckTopics) -> Entry:
    """
    One entry from a person's hand. ValueError says what is wrong, without the address.
    """
    cleaned = clean_name(name)
    if cleaned.startswith(FORMULA):
        raise ValueError(f'the name begins with "{cleaned[0]}", as a formula does: remove it')
    try:
        address = normalize_address(email)
    except ValueError as error:
        raise ValueError(f"the address {error}") from None
    own = tuple(dict.fromkeys(topic for each in topics if (topic := clean_line(each))))
    if wrong := check_topics(own):
        raise ValueError(wrong)
    return Entry(address=address, name=cleaned, topics=own or None)


def write_csv(subscribers: Iterable[Subscriber]) -> Iterator[str]:
    """
    Lines of a CSV file that no spreadsheet runs and `read_roster` takes back.
    """
    yield _csv_line(FIELDS)
    for each in subscribers:
        values = (each.address, each.name, ";".join(each.topics or ()))
        yield _csv_line(map(_harmless, values))


def write_json_lines(subscribers: Iterable[Subscriber]) -> Iterator[str]:
    """
    The same as JSON, one object a line.
    """
    for each in subscribers:
        fields = {"email": each.address, "name": each.name, "topics": list(each.topics or ())}
        yield json.dumps(fields, ensure_ascii=False) + "\n"


def _entry(fields: Mapping[str, Any], check_topics: CheckTopics) -> Entry:
    if set(fields) - set(FIELDS):
        raise ValueError(f"there are more fields than {', '.join(FIELDS)}: remove them")
    values = {name: fields.get(name) or "" for name in FIELDS}
    topics = values["topics"]
    topics = topics.split(";") if isinstance(topics, str) else topics
    if not isinstance(topics, list) or not all(
        isinstance(each, str) for each in (values["email"], values["name"], *topics)
    ):
        raise ValueError("email and name should be texts, topics a list of them")
    if "\0" in values["name"]:
        raise ValueError("the name holds a NUL character: remove it")
    return parse_entry(values["email"], values["name"], topics, check_topics)


def _rows(path: Path) -> Iterator[_Row | Problem]:
    text = _read(path)
    if path.suffix.lower() in {".jsonl", ".ndjson", ".json"}:
        return _json_rows(path, text)
    return _csv_rows(path, text)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE:
            raise StoreError(f"{path} is larger than {MAX_FILE:,} bytes: import it in parts")
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise StoreError(f"{path}: not UTF-8 text: save the file as UTF-8") from None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None


def _csv_rows(path: Path, text: str) -> Iterator[_Row | Problem]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if "email" not in header or not set(header) <= set(FIELDS) or _repeats(header):
            raise StoreError(
                f'{path}:1: found the header "{_shown(header)}", needed is "{",".join(FIELDS)}"'
            )
        for values in reader:
            if any(value.strip() for value in values):
                yield _csv_row(path, reader.line_num, header, values)
    except csv.Error as error:
        yield Problem(file=str(path), line=reader.line_num, message=f"not valid CSV: {error}")


def _csv_row(path: Path, line: int, header: list[str], values: list[str]) -> _Row | Problem:
    if len(values) > len(header):
        message = f"{len(values)} values for {len(header)} fields: quote values that hold a comma"
        return Problem(file=str(path), line=line, message=message)
    return _Row(line, dict(zip(header, map(_unquoted, values), strict=False)))


def _repeats(header: list[str]) -> bool:
    return len(set(header)) < len(header)


def _shown(header: list[str]) -> str:
    """
    Without the address of a file that has no header.
    """
    return ",".join("…" if "@" in name else name for name in header)[:60]


def _json_rows(path: Path, text: str) -> Iterator[_Row | Problem]:
    for line, source in enumerate(text.split("\n"), 1):
        if not source.strip():
            continue
        try:
            fields = json.loads(source)
        except (ValueError, RecursionError):
            yield Problem(file=str(path), line=line, message="not valid JSON: one object a line")
            continue
        if isinstance(fields, dict):
            yield _Row(line, fields)
        else:
            yield Problem(file=str(path), line=line, message="not an object: one object a line")


def _csv_line(values: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerow(values)
    return buffer.getvalue()


def _unquoted(value: str) -> str:
    """
    Without the apostrophe that our own export puts before what looks like a formula.
    """
    return value[1:] if value.startswith("'") and _runs(value) else value


def _harmless(value: str) -> str:
    return f"'{value}" if _runs(value) else value


def _runs(value: str) -> bool:
    """
    Whether it is a formula behind apostrophes and what a spreadsheet does not show.
    """
    return value.lstrip("'\ufeff\u200b ").startswith(FORMULA)
