"""
What is kept of a file in the index, as text: exact, complete, and nothing that was not read.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from ..model import Article, Image, Problem, Provider, Related, Window

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NAMES: dict[type, list[str]] = {
    kind: [each.name for each in fields(kind)] for kind in (Article, Related, Provider, Image)
}
VALUES: dict[type, Callable[[Any], Any]] = {
    kind: attrgetter(*names) for kind, names in NAMES.items()
}


def _values(value: Any) -> Any:
    """
    Of what JSON does not know; tuples it takes for lists.
    """
    return value.isoformat() if type(value) is datetime else VALUES[type(value)](value)


#: With only ASCII in it, so that half a surrogate pair comes back as it was.
ENCODE = json.JSONEncoder(separators=(",", ":"), check_circular=False, default=_values).encode
DECODE = json.JSONDecoder().decode


class Record(NamedTuple):
    """
    What became of one file.
    """

    published: int | None = None  #: microseconds since 1970; None: it is no article
    article: str = ""
    problems: str = ""
    lasting: bool = True  #: False: a file that could not be read now may be readable next time


class Wanted:
    """
    Which articles are asked for: all, or those of a window and some by their slugs.
    """

    def __init__(self, window: Window | None, also: Collection[str]) -> None:
        self._span = (microseconds(window.start), microseconds(window.end)) if window else None
        self._also = frozenset(also)

    @property
    def span(self) -> tuple[int, int] | None:
        """
        From when to when all that is wanted was published, if that can be said.
        """
        return None if self._also else self._span

    def takes(self, published: int | None, slug: str) -> bool:
        if published is None:
            return False
        if self._span is None or slug in self._also:
            return True
        start, end = self._span
        return start <= published < end


def to_record(items: Iterable[Article | Problem]) -> Record:
    """
    What was read from one file, as it is kept. Problems are kept without the file's name.
    """
    published, article = None, ""
    problems = []
    for item in items:
        if isinstance(item, Article):
            published, article = microseconds(item.published_at), to_text(item)
        else:
            problems.append((item.line, item.level, item.message))
    return Record(published, article, ENCODE(problems) if problems else "")


def to_problems(text: str, file: str) -> Iterator[Problem]:
    for line, level, message in DECODE(text) if text else ():
        yield Problem(file=file, line=line, level=level, message=message)


def to_text(article: Article) -> str:
    """
    All values of an article, in the order of its fields.
    """
    return ENCODE(VALUES[Article](article))


def to_article(text: str) -> Article:
    """
    The article that `to_text` was given. ValueError or TypeError if the text is another's.
    """
    values = _named(Article, DECODE(text))
    return Article(
        **values
        | {
            "published_at": datetime.fromisoformat(values["published_at"]),
            "topics": tuple(values["topics"]),
            "provider": _provider(values["provider"]),
            "images": _images(values["images"]),
            "related": tuple(map(_related, values["related"])),
        }
    )


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def _named(kind: type, values: list[Any]) -> dict[str, Any]:
    return dict(zip(NAMES[kind], values, strict=True))


def _related(values: list[Any]) -> Related:
    named = _named(Related, values)
    provider, images = _provider(named["provider"]), _images(named["images"])
    return Related(**named | {"provider": provider, "images": images})


def _provider(values: list[Any]) -> Provider:
    named = _named(Provider, values)
    return Provider(**named | {"images": _images(named["images"])})


def _images(values: list[list[Any]]) -> tuple[Image, ...]:
    return tuple(Image(**_named(Image, each)) for each in values)
