"""
The values of digest.toml: what each may look like, and what it becomes.
"""

import re
from datetime import time, timedelta
from email.utils import getaddresses
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from ...addresses import normalize_own_address
from ...schedule import WEEKDAYS
from ...text import clean_line, clean_name, safe_url, topic_key
from ..known import SQLITE

DURATION = re.compile(r"(\d{1,4})\s*([mhdw])")
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
RATE = re.compile(r"(\d{1,6})\s*/\s*(s|m|min|h)")
SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600}
CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
#: With a token behind it, a header's line stays below 998 octets (RFC 5322 section 2.1.1).
MAX_SITE_URL = 900
LAST_DAY = 31
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def _line(value: str) -> str:
    cleaned = clean_line(value)
    if not cleaned:
        raise ValueError("should not be empty")
    return cleaned


def _duration(value: str) -> timedelta:
    match = DURATION.fullmatch(value)
    if not match:
        raise ValueError('should be a duration such as "7d", "36h" or "30m"')
    if not int(match[1]):
        raise ValueError('should be longer than nothing: a duration such as "7d", "36h" or "30m"')
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def _window(value: str) -> timedelta | None:
    if value == "since-last":
        return None
    try:
        return _duration(value)
    except ValueError:
        raise ValueError('should be a duration such as "7d", or "since-last"') from None


def _rate(value: str) -> float:
    match = RATE.fullmatch(value)
    if not match or not int(match[1]):
        raise ValueError('should be a rate such as "20/s" or "1200/min"')
    return int(match[1]) / SECONDS[match[2]]


def _site_url(value: str) -> str:
    url = safe_url(value).rstrip("/")
    if not url or urlsplit(url).query or urlsplit(url).fragment:
        raise ValueError('should be a web address such as "https://digests.example.org"')
    if len(url) > MAX_SITE_URL:
        raise ValueError(f"should have {MAX_SITE_URL} characters at most")
    return url


def _sender(value: str) -> str:
    pairs = getaddresses([value])
    if len(pairs) != 1 or not pairs[0][1]:
        raise ValueError('should be one sender such as "AI Weekly <ai@example.org>"')
    name, address = clean_name(pairs[0][0]), pairs[0][1]
    try:
        address = normalize_own_address(address)
    except ValueError as error:
        raise ValueError(f"the sender's address {error}") from None
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>' if name else address


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('should be a time zone such as "Europe/Paris"') from None
    return value


def _topics(value: list[str]) -> list[str]:
    topics = [clean_line(topic) for topic in value]
    if not topics or not all(topics):
        raise ValueError("should name at least one topic, and none of them empty")
    if any(";" in topic or "," in topic for topic in topics):
        raise ValueError("should name topics without commas and semicolons, which separate them")
    keys = [topic_key(topic) for topic in topics]
    if len(set(keys)) < len(keys):
        raise ValueError("names a topic twice")
    return topics


def _language(value: str) -> str:
    if not LANGUAGE.fullmatch(value):
        raise ValueError('should be a language such as "en" or "pt-BR"')
    return value


def _times(value: Any) -> Any:
    times = []
    for item in value if isinstance(value, list) else [value]:
        match = CLOCK_TIME.fullmatch(item) if isinstance(item, str) else None
        if not match:
            raise ValueError('should be a time of day such as "07:00", or a list of them')
        times.append(time(int(match[1]), int(match[2])))
    if not times or len(set(times)) < len(times):
        raise ValueError("should name each time once, and one at least")
    return tuple(sorted(times))


def _days_or_names(value: Any) -> Any:
    items = value if isinstance(value, list) else [value]
    if not all(map(_is_day, items)):
        raise ValueError('should be a day such as "monday", 15 or "last", or a list of them')
    return tuple(items)


def _is_day(item: object) -> bool:
    if isinstance(item, str):
        return item.lower() in {*WEEKDAYS, "last"}
    return type(item) is int and 1 <= item <= LAST_DAY


def _store_url(url: str) -> str:
    """
    `sqlite:///relative`, `sqlite:////absolute`, or a PostgreSQL database without its password.
    """
    if url.startswith(SQLITE) and url != SQLITE:
        return url
    try:
        parts = urlsplit(url)
        secret = parts.password is not None or "password" in parse_qs(parts.query)
    except ValueError:
        parts, secret = urlsplit(""), False
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError(
            'should be an SQLite file such as "sqlite:///digest.db",'
            ' or a database such as "postgresql://digest@db.example.org/digest"'
        )
    if secret:
        raise ValueError(
            "should not hold the password: name a file in store.password_file, or set"
            " DIGEST_STORE_PASSWORD, PGPASSWORD or PGPASSFILE"
        )
    return f"postgresql{url[len(parts.scheme) :]}"


Line = Annotated[str, AfterValidator(_line)]
Duration = Annotated[timedelta, BeforeValidator(lambda value: _duration(str(value)))]
Window = Annotated[timedelta | None, BeforeValidator(lambda value: _window(str(value)))]
Rate = Annotated[float, BeforeValidator(lambda value: _rate(str(value)))]
Topics = Annotated[list[str], AfterValidator(_topics)]
SiteUrl = Annotated[str, AfterValidator(_site_url)]
Sender = Annotated[str, AfterValidator(_sender)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Language = Annotated[str, AfterValidator(_language)]
Times = Annotated[tuple[time, ...], BeforeValidator(_times)]
DaysOrNames = Annotated[tuple[str | int, ...], BeforeValidator(_days_or_names)]
StoreUrl = Annotated[str, AfterValidator(_store_url)]


class Table(BaseModel):
    """
    Only the keys that are named, and only the types that are named.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
