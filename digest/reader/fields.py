"""
The fields of a front matter become an `Article`.

Only the fields named here are ever read; all others, `secured` among them, end with the
file's text. The names of Jekyll, Hugo and Eleventy are accepted beside our own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import urlsplit

from ..errors import ArticleError
from ..model import Article, Image, Provider, Related
from ..text import UNWANTED, clean_line, safe_url
from .frontmatter import FrontMatter

TITLE = ("title",)
EXCERPT = ("excerpt", "description", "summary")
DATE = ("publishedDateTime", "date", "publishDate")
ADDRESS = ("webUrl", "link", "external_url", "originalUrl")
TOPICS = ("topics", "tags", "categories")
IMAGES = ("images", "image")

#: All that is read, by names that mean the same.
READ = (
    *(TITLE, EXCERPT, DATE, ADDRESS, TOPICS, IMAGES),
    *(("heat",), ("quality",), ("provider",), ("type",), ("published", "draft"), ("removed",)),
    ("related",),
)

DATE_IN_NAME = re.compile(r"(?:^|/)(\d{4}-\d{2}-\d{2})[-_][^/]*$")
MAX_RELATED = 16
MAX_INTEGER = 1_000_000_000
#: The same logos and related stories come in many files.
ADDRESSES_KEPT = 2_000


def to_article(front_matter: FrontMatter, *, slug: str) -> Article:
    """
    The article that a file's fields describe. ArticleError if they describe none.
    """
    fields = front_matter.fields
    try:
        url = _url(fields)
        return Article(
            slug=slug,
            title=_title(fields),
            excerpt=clean_line(_text(_first(fields, EXCERPT))),
            url=url,
            published_at=_moment(fields, slug),
            heat=_integer(fields, "heat"),
            quality=_integer(fields, "quality"),
            topics=tuple(_topics(fields)),
            provider=_provider(fields.get("provider"), url),
            kind="video" if fields.get("type") == "video" else "article",
            published=_flag(fields, "published", default=True)
            and not _flag(fields, "draft", default=False),
            removed=_flag(fields, "removed", default=False),
            images=tuple(_images(_first(fields, IMAGES))),
            related=tuple(_related(fields.get("related"))),
        )
    except _FieldError as error:
        raise ArticleError(str(error), line=front_matter.line_of(error.field)) from None


def pictures_in(fields: Mapping[str, Any]) -> Iterator[str]:
    """
    Whatever names a picture, as it is written: of the story, of related ones, of their providers.
    """
    related = [each for each in _items(fields.get("related")) if isinstance(each, dict)]
    for each in (fields, *related):
        provider = each.get("provider")
        logos = provider.get("images") if isinstance(provider, dict) else None
        for raw, _ in (*_named(_first(each, IMAGES)), *_named(logos)):
            yield raw


@lru_cache(ADDRESSES_KEPT)
def picture_url(raw: str) -> str:
    """
    The web address or the path that is meant; empty if it is neither.
    """
    raw = with_scheme(raw)
    url = _safe_url(raw) if "://" in raw else raw
    return "" if UNWANTED.search(url) else url  # A NUL is in no file's name.


def with_scheme(raw: str) -> str:
    return f"https:{raw}" if raw.startswith("//") else raw


class _FieldError(Exception):
    """
    A field that cannot be used; the message names it and the remedy.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


_safe_url = lru_cache(ADDRESSES_KEPT)(safe_url)


def _first(fields: Mapping[str, Any], names: Sequence[str]) -> Any:
    for name in names:
        value = fields.get(name)
        if value is not None:
            return value
    return None


def _text(value: Any) -> str:
    """
    A text, number or date as text. Lists and tables have none, nor have endless numbers.
    """
    if isinstance(value, str):
        return value
    try:
        return str(value) if isinstance(value, int | float | date) else ""
    except ValueError:  # More than 4,300 digits.
        return ""


def _title(fields: Mapping[str, Any]) -> str:
    value = _first(fields, TITLE)
    if isinstance(value, bool | list | dict):  # A bare `No` is a boolean in YAML.
        _refuse("title", value, "a text: put it into quotes")
    title = clean_line(_text(value))
    if not title:
        raise _FieldError("title", "missing: an article needs one")
    return title


def _url(fields: Mapping[str, Any]) -> str:
    return next((url for name in ADDRESS if (url := _safe_url(_text(fields.get(name))))), "")


def _moment(fields: Mapping[str, Any], slug: str) -> datetime:
    name = next((name for name in DATE if fields.get(name) is not None), None)
    value = fields[name] if name else fields.get("published")
    in_name = DATE_IN_NAME.search(slug)
    if name is None and not isinstance(value, date):
        if not in_name:
            raise _FieldError(DATE[0], "missing: an article needs one, as 2026-11-23T07:00:00Z")
        value = in_name[1]
    try:
        return _in_utc(value)
    except (ValueError, OverflowError, TypeError):
        _refuse(name or "date", value, "a moment such as 2026-11-23T07:00:00Z")


def _in_utc(value: Any) -> datetime:
    """
    A moment without a zone is taken as UTC, a bare date as its first moment.
    """
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip())
    elif not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day) if isinstance(value, date) else None  # noqa: DTZ001
    if value is None:
        raise TypeError
    moment: datetime = value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _integer(fields: Mapping[str, Any], name: str) -> int:
    """
    A missing number counts as 0: above what was found not worth rating (-1).
    """
    value = fields.get(name)
    if value is None:
        return 0
    wanted = f"a whole number, {MAX_INTEGER:,} at most"
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        _refuse(name, value, wanted)
    if isinstance(value, bool) or abs(number) > MAX_INTEGER or number != float(value):
        _refuse(name, value, wanted)
    return number


def _flag(fields: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = fields.get(name)
    if value is None or (name == "published" and isinstance(value, date)):
        return default
    if not isinstance(value, bool):
        _refuse(name, value, "true or false")
    return value


def _refuse(field: str, found: Any, wanted: str) -> NoReturn:
    shown = "a list" if isinstance(found, list) else repr(clean_line(_text(found))[:40])
    raise _FieldError(field, f"found {shown}, needed is {wanted}")


def _topics(fields: Mapping[str, Any]) -> Iterator[str]:
    value = _first(fields, TOPICS)
    names = value.split(",") if isinstance(value, str) else value
    seen = set()
    for name in names if isinstance(names, list) else ():
        if isinstance(name, bool):  # A bare `On` is a boolean in YAML.
            _refuse("topics", name, "texts: put them into quotes")
        topic = clean_line(_text(name))
        if topic and topic.casefold() not in seen:
            seen.add(topic.casefold())
            yield topic


def _provider(value: Any, url: str) -> Provider:
    """
    Who published: as the file says, or else the host of the address.
    """
    if isinstance(value, dict):
        name, domain = clean_line(_text(value.get("name"))), clean_line(_text(value.get("domain")))
        if name or domain:
            images = tuple(_images(value.get("images")))
            return Provider(name=name or domain, domain=domain, images=images)
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    name = clean_line(value) if isinstance(value, str) else ""
    return Provider(name=name or host, domain=host)


def _images(value: Any) -> Iterator[Image]:
    for raw, fields in _named(value):
        if url := picture_url(raw):
            yield Image(url=url, width=_size(fields, "width"), height=_size(fields, "height"))


def _named(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """
    What names a picture, each with its fields.
    """
    if value is None:
        return
    for item in value if isinstance(value, list) else [value]:
        fields = item if isinstance(item, dict) else {"url": item}
        if raw := _text(_first(fields, ("url", "path", "src"))).strip():
            yield raw, fields


def _size(fields: Mapping[str, Any], name: str) -> int | None:
    value = fields.get(name)
    return value if type(value) is int and 0 < value < MAX_INTEGER else None


def _items(value: Any) -> list[Any]:
    return value[:MAX_RELATED] if isinstance(value, list) else []


def _related(value: Any) -> Iterator[Related]:
    for item in _items(value):
        if not isinstance(item, dict):
            continue
        title, url = clean_line(_text(item.get("title"))), _url(item)
        if title and url:
            provider = _provider(item.get("provider"), url)
            images = tuple(_images(_first(item, IMAGES)))
            yield Related(title=title, url=url, provider=provider, images=images)
