"""
Subscriber lists as files: CSV with a header `email,name,topics`, or JSON lines of the same.

Topics are separated by semicolons; none means the newsletter's. Every line that is not taken
is named, with the reason, and never with the whole address. Files are read line by line.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..addresses import key_of, normalize_address
from ..model import Entry, Problem
from ..text import clean_line, clean_name, is_unclean
from .rows import FIELDS, FORMULA, Refused, Row, rows
from .writing import write_csv, write_json_lines, write_report

__all__ = [
    "CheckTopics",
    "Refused",
    "parse_entry",
    "read_roster",
    "write_csv",
    "write_json_lines",
    "write_report",
]

#: Says what is wrong with topics, or "".
CheckTopics = Callable[[tuple[str, ...]], str]


def read_roster(path: Path, check_topics: CheckTopics) -> Iterator[Entry | Problem]:
    """
    The entries of a file, each address once, and its lines that are none.
    """
    # By their hashes: half a million addresses as they are would be the largest part of a run.
    seen: dict[int, int] = {}
    for row in rows(path):
        if isinstance(row, Problem):
            yield row
            continue
        try:
            entry = _entry(row, check_topics)
        except ValueError as error:
            yield _refused(path, row, str(error))
            continue
        key = hash(key_of(entry.address))
        if key in seen:
            yield _refused(path, row, f"the same address as in line {seen[key]}: keep one of them")
            continue
        seen[key] = row.line
        yield entry


def parse_entry(
    email: str, name: str, topics: Iterable[str], check_topics: CheckTopics, *, line: int = 0
) -> Entry:
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
    return Entry(
        address=address, name=cleaned, topics=own or None, line=line, cleaned=is_unclean(name)
    )


def _refused(path: Path, row: Row, message: str) -> Refused:
    return Refused(file=str(path), line=row.line, message=message, fields=row.fields)


def _entry(row: Row, check_topics: CheckTopics) -> Entry:
    fields = row.fields
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
    return parse_entry(values["email"], values["name"], topics, check_topics, line=row.line)
