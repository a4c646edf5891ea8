"""
The values of a YAML text, behind checks that refuse what would crash or stall the parser.

PyYAML's C loader recurses: 28 KB of opening brackets end the process. Its scanner does not, so
the values are made of its events, which takes half the time of a second pass. Whatever is rare is
left to the loader, once all events are found harmless.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import yaml

from ..errors import ArticleError

MAX_DEPTH = 16
MAX_NODES = 2_000

#: The other core tags raise what they like: `!!bool x` a KeyError, `!!int ""` an IndexError.
NO_TAGS = frozenset({None, "tag:yaml.org,2002:str"})
Scalar, MappingStart = yaml.ScalarEvent, yaml.MappingStartEvent
STARTS = frozenset({MappingStart, yaml.SequenceStartEvent})
NODES = STARTS | {Scalar}
ENDS = frozenset({yaml.MappingEndEvent, yaml.SequenceEndEvent})
AROUND = frozenset(
    {yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent}
)
NO_NAME = object()
SHORT = 32

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: First letter -> the patterns of plain values that are no texts, each with its tag.
PATTERNS = Loader.yaml_implicit_resolvers
TAGS = tuple(f"tag:yaml.org,2002:{tag}" for tag in ("null", "bool", "int", "float", "timestamp"))
CONSTRUCTORS = {tag: Loader.yaml_constructors[tag] for tag in TAGS}
CONSTRUCTOR = yaml.constructor.SafeConstructor()


def load_values(source: str, load: Callable[[str], Any]) -> Any:
    """
    What `load` makes of the text. ArticleError if it holds what no article does.
    """
    try:
        return _build(events_of(source))
    except _Unusual:
        _check(events_of(source))
        return load(source)


def events_of(source: str) -> Iterator[Any]:
    return iter(Loader(source).get_event, None)


def line_of(event: Any) -> int | None:
    return event.start_mark.line + 1 if event.start_mark else None


class _Unusual(Exception):  # noqa: N818 - it is no error
    """
    Something that is looked at more closely, and left to the loader if it is harmless: a tag, an
    anchor, a list as a name, a name that comes twice, a date that is none, too much of anything.
    """


def _build(events: Iterable[Any]) -> Any:
    """
    What the loader would make of the events, without recursion; or `_Unusual`.
    """
    documents: list[Any] = []
    here: Any = documents
    name: Any = NO_NAME
    outer: list[tuple[Any, Any]] = []
    for number, event in enumerate(events):
        kind = type(event)
        if kind is Scalar:
            if event.anchor or event.tag not in NO_TAGS:
                raise _Unusual
            # Neither in quotes nor marked as text.
            value = _value(event.value) if event.implicit[0] else event.value
        elif kind in STARTS:
            if event.tag or event.anchor or len(outer) == MAX_DEPTH:
                raise _Unusual
            outer.append((here, name))
            here, name = {} if kind is MappingStart else [], NO_NAME
            continue
        elif kind in ENDS and number <= MAX_NODES:
            value = here
            here, name = outer.pop()
        elif kind in AROUND:
            continue
        else:
            raise _Unusual
        name = _put(value, here, name)
    return _only(documents)


def _only(documents: Sequence[Any]) -> Any:
    if len(documents) > 1:
        raise _Unusual
    return documents[0] if documents else None


def _put(value: Any, here: Any, name: Any) -> Any:
    """
    Add a value to a list or a table. The name that now waits for its value.
    """
    if type(here) is list:
        here.append(value)
    elif name is not NO_NAME:
        here[name] = value
    elif type(value) is not str or value in here:
        raise _Unusual
    else:
        return value
    return NO_NAME


def _value(text: str) -> Any:
    """
    A value without quotes. The short ones are names, numbers and the like, and come again.
    """
    return _short(text) if len(text) <= SHORT else _plain(text)


def _plain(text: str) -> Any:
    """
    As the loader would take it, by its own patterns and constructors.
    """
    for tag, pattern in PATTERNS.get(text[:1], ()):
        if pattern.match(text):
            if tag not in CONSTRUCTORS:  # A merge key, or "=".
                raise _Unusual
            try:
                return CONSTRUCTORS[tag](CONSTRUCTOR, yaml.ScalarNode(tag, text))
            except (ValueError, OverflowError):
                raise _Unusual from None
    return text


_short = lru_cache(2_000)(_plain)


def _check(events: Iterable[Any]) -> None:
    """
    Refuse nesting, size, aliases and tags that no article has, and a field given twice.
    """
    depth = nodes = 0
    fields = _Fields()
    for event in events:
        kind = type(event)
        if kind in NODES:
            if depth == 1:
                fields.see(event)
            nodes += 1
            depth += kind in STARTS
            if depth > MAX_DEPTH or nodes > MAX_NODES or event.tag not in NO_TAGS:
                raise _excess(event, depth)
        elif kind in ENDS:
            depth -= 1
        elif kind is yaml.AliasEvent:
            raise _refusal(event, "aliases (*name) are not read: write the value out")


def _excess(event: Any, depth: int) -> ArticleError:
    if event.tag not in NO_TAGS:
        return _refusal(event, "tags (!name) are not read: remove the tag")
    if depth > MAX_DEPTH:
        return _refusal(event, f"nested deeper than {MAX_DEPTH} levels: write it flatter")
    return _refusal(event, f"more than {MAX_NODES:,} values: shorten it")


class _Fields:
    """
    The names of the fields so far. PyYAML silently keeps the last of two; here the editor is asked.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.is_name = True  # Names and values take turns.

    def see(self, event: Any) -> None:
        if self.is_name and type(event) is Scalar:
            if event.value in self.names:
                raise _refusal(event, f'"{event.value[:40]}" is given twice: keep one')
            self.names.add(event.value)
        self.is_name = not self.is_name


def _refusal(event: Any, message: str) -> ArticleError:
    return ArticleError(message, line=line_of(event))
