"""
What a command says beside its result: sentences for people, or an object a line for programs.
"""

import json
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
