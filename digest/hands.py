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
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .errors import SettingsError
from .model import Hand, Pin

KEYS = frozenset({"introduction", "note", "drop", "pin"})
PIN_KEYS = frozenset({"story", "topic", "place", "lead"})
PIN_HEADER = re.compile(r"\s*\[\[\s*pin\s*\]\]")
MAX_FILE = 256 * 1024


def read_hand(folder: Path, issue_id: str) -> Hand:
    """
    What the editor decided for an issue; nothing if there is no file. SettingsError names a fault.
    """
    path = folder / f"{issue_id}.toml"
    try:
        source = path.read_bytes()[:MAX_FILE].decode("utf-8-sig")
        document = tomllib.loads(source)
    except FileNotFoundError:
        return Hand()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from None
    return _hand(path, source, document)


def _hand(path: Path, source: str, document: Mapping[str, Any]) -> Hand:
    _refuse_unknown(path, document, KEYS)
    pins = document.get("pin", [])
    drops = document.get("drop", [])
    texts = [document.get(name, "") for name in ("introduction", "note")]
    if not _are(drops, str) or not _are(pins, dict) or not _are(texts, str):
        message = "introduction and note are texts, drop a list of stories, [[pin]] tables"
        raise SettingsError(f"{path}: {message}")
    lines = [number for number, line in enumerate(source.splitlines(), 1) if PIN_HEADER.match(line)]
    lines += [1] * len(pins)
    return Hand(
        pins=tuple(_pin(path, line, pin) for line, pin in zip(lines, pins, strict=False)),
        drops=tuple(map(_slug, drops)),
        introduction=texts[0].strip(),
        note=texts[1].strip(),
        file=str(path),
    )


def _pin(path: Path, line: int, pin: Mapping[str, Any]) -> Pin:
    _refuse_unknown(path, pin, PIN_KEYS)
    story, topic, place = pin.get("story"), pin.get("topic"), pin.get("place", 1)
    lead = pin.get("lead", False)
    if not isinstance(story, str) or not story or not isinstance(topic, str | None):
        raise SettingsError(f"{path}:{line}: a pin needs a story, and its topic is a text")
    if type(place) is not int or place < 1 or not isinstance(lead, bool):
        raise SettingsError(
            f"{path}:{line}: the place of a pin counts from 1, lead is true or false"
        )
    return Pin(slug=_slug(story), topic=topic, place=place, lead=lead, line=line)


def _slug(story: str) -> str:
    """
    The file's name without its ending, as people copy it.
    """
    return story.removesuffix(".md").removesuffix(".markdown")


def _are(values: Any, kind: type) -> bool:
    return isinstance(values, list) and all(isinstance(each, kind) for each in values)


def _refuse_unknown(path: Path, table: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        close = get_close_matches(unknown[0], known, n=1)
        remedy = (
            f'did you mean "{close[0]}"?' if close else f"known are: {', '.join(sorted(known))}"
        )
        raise SettingsError(f"{path}: unknown key {unknown[0]}; {remedy}")
