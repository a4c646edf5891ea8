"""
Front matter taken apart, behind a scan that refuses what would crash or stall the parser.

PyYAML's C loader recurses: 28 KB of opening brackets end the process. Its scanner does not,
so the events are looked at first.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml
from frontmatter.default_handlers import BaseHandler, YAMLHandler

from ..errors import ArticleError

MAX_FILE = 1024 * 1024
MAX_FRONT_MATTER = 64 * 1024
MAX_DEPTH = 16
MAX_NODES = 2_000

#: YAML allows no control characters; one real file in 8,000 has one.
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
CORE_TAG = "tag:yaml.org,2002:"
STARTS = frozenset({yaml.MappingStartEvent, yaml.SequenceStartEvent})
ENDS = frozenset({yaml.MappingEndEvent, yaml.SequenceEndEvent})
TOP_LEVEL_FIELD = re.compile(r"^([A-Za-z_]\w*):", re.MULTILINE)

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
        found = re.search(rf"^[\"']?{re.escape(field)}[\"']?\s*[:=]", self.source, re.MULTILINE)
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
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ArticleError("not UTF-8 text: save the file as UTF-8", line=line) from None
    text = text.replace("\r\n", "\n")
    return CONTROLS.subn("", text)


def _load(text: str, handler: BaseHandler) -> dict[str, Any]:
    try:
        source, _ = handler.split(text)
    except ValueError:
        end = handler.END_DELIMITER
        raise ArticleError(f'the front matter has no end: close it with "{end}"', line=1) from None
    if len(source) > MAX_FRONT_MATTER:
        raise ArticleError(f"front matter larger than {MAX_FRONT_MATTER:,} characters", line=1)
    try:
        if handler is YAML:
            _scan(source)
        fields = handler.load(source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise ArticleError(f"not valid YAML: {error.problem or error.context}", line=line) from None
    except tomllib.TOMLDecodeError as error:
        raise ArticleError(f"not valid TOML: {error}", line=1) from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError, TypeError) as error:
        raise ArticleError(f"a value that cannot be read: {error}", line=1) from None
    if not isinstance(fields, dict):
        raise ArticleError(
            "the front matter is no list of fields: write `name: value` lines", line=1
        )
    return fields


def _scan(source: str) -> None:
    """
    Refuse nesting, size, aliases and tags that no article has, and a field given twice.
    """
    depth = nodes = 0
    for event in _events(source):
        kind = type(event)
        if kind is yaml.AliasEvent:
            raise _refusal(event, "aliases (*name) are not read: write the value out")
        if kind in ENDS:
            depth -= 1
            continue
        tag = getattr(event, "tag", None)
        if tag and not tag.startswith(CORE_TAG):
            raise _refusal(event, "tags (!name) are not read: remove the tag")
        nodes += 1
        depth += kind in STARTS
        if depth > MAX_DEPTH:
            raise _refusal(event, f"nested deeper than {MAX_DEPTH} levels")
        if nodes > MAX_NODES:
            raise _refusal(event, f"more than {MAX_NODES:,} values")
    _refuse_repeated_fields(source)


def _refuse_repeated_fields(source: str) -> None:
    """
    PyYAML silently keeps the last of two; here the editor is asked.
    """
    fields = TOP_LEVEL_FIELD.findall(source)
    if len(fields) == len(set(fields)):
        return
    field = next(name for name, times in Counter(fields).items() if times > 1)
    *_, last = re.finditer(rf"^{field}:", source, re.MULTILINE)
    line = source.count("\n", 0, last.start()) + 1
    raise ArticleError(f'"{field}" is given twice: keep one', line=line)


def _events(source: str) -> Iterator[yaml.Event]:
    events: Iterator[yaml.Event] = yaml.parse(source, Loader=Loader)
    return events


def _refusal(event: yaml.Event, message: str) -> ArticleError:
    mark = event.start_mark
    return ArticleError(message, line=mark.line + 1 if mark else None)
