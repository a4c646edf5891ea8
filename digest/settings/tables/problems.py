"""
What is wrong with a configuration: every key, its line, what was found and what would be right.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ...model import Problem
from ..lines import line_in, lines_by_key
from .root import Root

NEWSLETTER_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
NO_KEYS = "secrets do not belong here: name a file in secret_key_file, or set DIGEST_S3_SECRET_KEY"
NO_PASSWORDS = (
    "passwords do not belong here: name a file in password_file, or set DIGEST_SMTP_PASSWORD"
)
NO_TOKENS = "tokens do not belong here: name a file in token_file, or set DIGEST_SMTP_TOKEN_FILE"
PASSWORD_IN_URL = re.compile(r"(://[^\s:/@]*:)\S*@")
MAX_SHOWN = 60
#: How like a known key one is that is not just a word of its own.
MISSPELT = 0.8
#: What pydantic says in the words of Python.
IN_OUR_WORDS = {
    "model_type": "should be a table",
    "dict_type": "should be a table",
    "list_type": "should be a list",
    "too_short": "should name one at least",
    "string_type": "should be text in quotes",
    "int_type": "should be a whole number",
    "bool_type": "should be true or false",
}


def problems_of(
    path: Path, source: str, document: Mapping[str, Any]
) -> tuple[list[Problem], Root | None]:
    """
    All problems of a document, or none and its tables.
    """
    lines = lines_by_key(source)
    problems = [
        Problem(file=str(path), line=line_in(lines, key), message=f"{'.'.join(key)}: {message}")
        for key, message in (*_checks_of_ids(document), *_checks_of_frequency(document))
    ]
    try:
        root = Root.model_validate(dict(document))
    except ValidationError as error:
        for details in error.errors(include_url=False):
            key = [str(part) for part in _named(details["loc"]) if part != "function-before"]
            message = f"{'.'.join(key)}: {_message(details)}"
            problems.append(Problem(file=str(path), line=line_in(lines, key), message=message))
        root = None
    return problems, root


def _named(place: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """
    A single `[dkim]` is the first of several.
    """
    return (place[0], *place[2:]) if place[0] == "dkim" and len(place) > 1 else place


def _checks_of_ids(document: Mapping[str, Any]) -> Iterator[tuple[list[str], str]]:
    newsletters = document.get("newsletters")
    if not isinstance(newsletters, dict):
        return
    if not newsletters:
        yield ["newsletters"], "is empty: begin one with [newsletters.weekly]"
    for name in newsletters:
        if not NEWSLETTER_ID.fullmatch(name):
            yield (
                ["newsletters", name],
                "a newsletter's id has small letters, digits and dashes only",
            )


def _checks_of_frequency(document: Mapping[str, Any]) -> Iterator[tuple[list[str], str]]:
    """
    What is another rhythm of a newsletter names the main one of them.
    """
    newsletters = document.get("newsletters")
    tables = newsletters if isinstance(newsletters, dict) else {}
    for name, table in tables.items():
        main = table.get("frequency_of") if isinstance(table, dict) else None
        if not isinstance(main, str):
            continue
        of_main = tables.get(main)
        if main == name or not isinstance(of_main, dict) or "frequency_of" in of_main:
            yield (
                ["newsletters", name, "frequency_of"],
                f"found {_shown(main)}, should be another newsletter that has no frequency_of",
            )


def _message(details: ErrorDetails) -> str:
    match details["type"]:
        case "extra_forbidden":
            return _unknown_key(details["loc"])
        case "missing":
            return "is missing"
        case "value_error" if isinstance(details["input"], dict):
            return str(details["ctx"]["error"])  # What its keys say together; they stand there.
        case "value_error":
            wanted = str(details["ctx"]["error"])
        case kind if kind in IN_OUR_WORDS:
            wanted = IN_OUR_WORDS[kind]
        case _:
            wanted = details["msg"].replace("Input should", "should")
    return f"found {_shown(details['input'])}, {wanted}"


def _unknown_key(loc: Sequence[int | str]) -> str:
    key = str(loc[-1])
    if "password" in key.casefold():
        return NO_PASSWORDS
    if "secret" in key.casefold() and "s3" in loc:
        return NO_KEYS
    if "token" in key.casefold():
        return NO_TOKENS
    known = _known_keys(loc[:-1])
    homes = _tables_with(key)
    if homes and not get_close_matches(key, known, cutoff=MISSPELT):
        return f"unknown key here; it belongs to {' or '.join(homes)}"
    close = get_close_matches(key, known, n=1)
    remedy = f'did you mean "{close[0]}"?' if close else f"known are: {', '.join(sorted(known))}"
    return f"unknown key; {remedy}"


def _tables_with(key: str) -> list[str]:
    """
    The tables that have a key: whoever forgets a header writes into the table before it.
    """
    tables = {"newsletters.…": ("newsletters", "*")} | {
        name: (name,) for name in _known_keys(()) if name not in {"newsletters", "topics"}
    }
    return [f"[{name}]" for name, place in tables.items() if key in _known_keys(place)]


def _known_keys(loc: Sequence[int | str]) -> list[str]:
    """
    The keys of the table at that place.
    """
    model: Any = Root
    for part in loc:
        field = model.model_fields.get(str(part)) if _is_table(model) else None
        annotation = field.annotation if field else model
        arguments = getattr(annotation, "__args__", (annotation,))
        tables = [each for each in arguments if _is_table(each)]
        model = tables[0] if tables else model
    return [field.alias or name for name, field in model.model_fields.items()]


def _is_table(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)


def _shown(value: Any) -> str:
    """
    A value as TOML would have it, cut short, and without the password of a database.
    """
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = PASSWORD_IN_URL.sub(r"\1…@", text)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
