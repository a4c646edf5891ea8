"""
Lists as files that no spreadsheet runs.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..model import Subscriber
from .rows import FIELDS, rows, runs


def write_csv(subscribers: Iterable[Subscriber]) -> Iterator[str]:
    """
    Lines of a CSV file that no spreadsheet runs and `read_roster` takes back.
    """
    yield _csv_line(FIELDS)
    for each in subscribers:
        yield _csv_line((each.address, each.name, ";".join(each.topics or ())))


def write_json_lines(subscribers: Iterable[Subscriber]) -> Iterator[str]:
    """
    The same as JSON, one object a line.
    """
    for each in subscribers:
        fields = {"email": each.address, "name": each.name, "topics": list(each.topics or ())}
        yield json.dumps(fields, ensure_ascii=False) + "\n"


def write_report(path: Path, reasons: Mapping[int, str]) -> Iterator[str]:
    """
    Lines of a CSV file with those rows of a list that were not taken, and why.
    """
    yield _csv_line(("line", "reason", *FIELDS))
    for row in rows(path):
        reason = reasons.get(row.line or 0)
        if reason is not None:
            yield _csv_line((str(row.line), reason, *_texts(row.fields)))


def _texts(fields: Mapping[str, Any]) -> Iterator[str]:
    for name in FIELDS:
        value = fields.get(name) or ""
        yield ";".join(map(str, value)) if isinstance(value, list) else str(value)


def _csv_line(values: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerow(map(_harmless, values))
    return buffer.getvalue()


def _harmless(value: str) -> str:
    return f"'{value}" if runs(value) else value
