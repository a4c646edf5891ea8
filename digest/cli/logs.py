"""
What a command says beside its result: sentences for people, or an object a line for programs.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

#: What is said of something that went wrong, or that somebody has to do, begins with it.
PROBLEM = "digest: "


class Format(StrEnum):
    """
    How it is said.
    """

    TEXT = "text"
    JSON = "json"


class _Chosen:
    """
    The format of this process: whatever says something asks here.
    """

    format = Format.TEXT


def _choose(chosen: Format) -> Format:
    _Chosen.format = chosen
    return chosen


LogFormat = Annotated[
    Format,
    typer.Option(
        "--log-format",
        callback=_choose,
        is_eager=True,
        help="json: events on standard error, an object a line.",
    ),
]


def for_programs() -> bool:
    return _Chosen.format is Format.JSON


def say_at(moment: datetime, line: str) -> None:
    """
    A sentence, whoever reads it.
    """
    if not for_programs():
        typer.echo(line, err=True)
    elif line.startswith(PROBLEM):
        tell_event(moment, "problem", message=line.removeprefix(PROBLEM))
    else:
        tell_event(moment, "message", message=line)


def tell_event(moment: datetime, event: str, **fields: object) -> None:
    """
    Something that happened, for programs.
    """
    at = f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
    typer.echo(json.dumps({"at": at, "event": event, **fields}, ensure_ascii=False), err=True)


def open_log() -> None:
    """
    What libraries and the server log goes to standard error, in the chosen format.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _EventFormatter() if for_programs() else logging.Formatter("%(asctime)s %(message)s")
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler])


class _EventFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        document = {
            "at": f"{at:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "event": "problem" if record.levelno >= logging.WARNING else "log",
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return json.dumps(document, ensure_ascii=False)
