"""
Front matter taken apart: the text between the delimiters, and its fields.
"""

import re
import tomllib
from codecs import BOM_UTF8
from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml
from frontmatter.default_handlers import BaseHandler, YAMLHandler

from ..errors import ArticleError
from .values import events_of, line_of, load_values

MAX_FILE = 1024 * 1024
MAX_FRONT_MATTER = 64 * 1024
MAX_TOML = 16 * 1024  #: tomllib's time grows with the square of a dotted key's length

#: YAML allows no control characters; one real file in 8,000 has one.
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
ASCII_CONTROLS = bytes(code for code in range(128) if CONTROLS.match(chr(code)))
#: With the empty lines that follow it, which the handlers cut off.
DELIMITER = re.compile(r"(?:-{3,}|\+{3,})\s*$", re.MULTILINE)
#: A character beyond the first 65,536 as JSON escapes it, which no YAML has.
HALVES = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE
)
LINE_IN_TOML = re.compile(r"\(at line (\d+)")


class FrontMatter(NamedTuple):
    """
    The fields of one file, and how many control characters were dropped.
    """

    fields: Mapping[str, Any]
    source: str  #: the text of the fields
    dropped: int = 0

    def line_of(self, field: str) -> int | None:
        """
        The line of the file on which a top-level field begins.
        """
        return self.line_with(re.compile(rf"^[\"']?{re.escape(field)}[\"']?\s*[:=]", re.MULTILINE))

    def line_with(self, pattern: re.Pattern[str]) -> int | None:
        """
        The first line of the file on which it is found.
        """
        found = pattern.search(self.source)
        return self.source.count("\n", 0, found.start()) + 1 if found else None


class TomlHandler(BaseHandler):
    """
    Front matter between `+++` lines, as Hugo writes it.
    """

    FM_BOUNDARY = re.compile(r"^\+{3,}\s*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "+++"

    def load(self, fm: str) -> dict[str, Any]:
        return tomllib.loads(fm)


YAML = YAMLHandler()
TOML = TomlHandler()


def load_front_matter(data: bytes) -> FrontMatter:
    """
    The fields of a file. ArticleError, with a line where there is one, if it has none.
    """
    if len(data) > MAX_FILE:
        raise ArticleError(f"larger than {MAX_FILE:,} bytes: articles are short texts")
    text, dropped = _decode(data)
    for handler in (YAML, TOML):
        if handler.detect(text):
            return FrontMatter(_load(text, handler), text, dropped)
    raise ArticleError("no front matter: begin the file with a line of three dashes", line=1)


def _decode(data: bytes) -> tuple[str, int]:
    data = data.removeprefix(BOM_UTF8)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ArticleError("not UTF-8 text: save the file as UTF-8", line=line) from None
    text = text.replace("\r\n", "\n") if b"\r" in data else text
    if b"\xc2" not in data and len(data.translate(None, ASCII_CONTROLS)) == len(data):
        return text, 0  # Nearly every file; and the others begin with this byte.
    return CONTROLS.subn("", text)


def _load(text: str, handler: BaseHandler) -> dict[str, Any]:
    source = _source(text, handler)
    largest = MAX_FRONT_MATTER if handler is YAML else MAX_TOML
    if len(source) > largest:
        raise ArticleError(f"front matter larger than {largest:,} characters: shorten it", line=1)
    fields = _load_yaml(source) if handler is YAML else _load_toml(source)
    if not isinstance(fields, dict):
        raise ArticleError(
            "the front matter is no list of fields: write `name: value` lines", line=1
        )
    return fields


def _source(text: str, handler: BaseHandler) -> str:
    """
    What stands between the delimiters, on the lines on which it stands in the file.
    """
    try:
        source, _ = handler.split(text)
    except ValueError:
        end = handler.END_DELIMITER
        raise ArticleError(f'the front matter has no end: close it with "{end}"', line=1) from None
    opening = DELIMITER.match(text)
    return "\n" * opening[0].count("\n") + source if opening else source


def _load_yaml(source: str) -> Any:
    try:
        return load_values(source, YAML.load)
    except yaml.MarkedYAMLError as error:
        joined = HALVES.sub(_joined, source)
        if joined != source:
            return _load_yaml(joined)
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        reason = error.problem or error.context or ""
        remedy = (
            "write the character itself" if "escape code" in reason else "put texts into quotes"
        )
        message = f"not valid YAML: {reason}; {remedy}"
        raise ArticleError(message, line=line) from None
    except yaml.YAMLError:
        raise ArticleError("a character that YAML does not allow: remove it") from None
    except (ValueError, OverflowError, RecursionError, TypeError):
        message = "a number or a date that cannot be read: correct it, or put it into quotes"
        raise ArticleError(message, line=_line_of_bad_value(source)) from None


def _joined(halves: re.Match[str]) -> str:
    high, low = (int(half, 16) for half in halves.group(2, 3))
    return halves[1] + chr(0x10000 + ((high & 0x3FF) << 10 | low & 0x3FF))


def _load_toml(source: str) -> Any:
    try:
        return TOML.load(source)
    except tomllib.TOMLDecodeError as error:
        line = LINE_IN_TOML.search(str(error))
        raise ArticleError(f"not valid TOML: {error}", line=int(line[1]) if line else 1) from None
    except (ValueError, OverflowError, RecursionError, TypeError):
        message = "a value that cannot be read: correct it, or put it into quotes"
        raise ArticleError(message, line=1) from None


def _line_of_bad_value(source: str) -> int | None:
    for event in events_of(source):
        if type(event) is yaml.ScalarEvent and event.implicit[0]:
            try:
                YAML.load(event.value)
            except yaml.YAMLError:
                continue  # It can be read where it stands.
            except (ValueError, OverflowError):
                return line_of(event)
    return None
