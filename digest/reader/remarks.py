"""
What an editor should know about a file that is an article all the same.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from ..errors import FetchError
from ..model import Article
from ..text import alone, clean_line, safe_url, shorten
from .fields import ADDRESS, MAX_RELATED, READ, picture_url, pictures_in, with_scheme
from .frontmatter import FrontMatter

SHORTEST = 4  #: Below that, a slip of the finger makes another word.
NAMES_KEPT = 2_000  #: The same ones are in every file.
#: A password is one of the things that may stand there.
BEFORE_HOST = re.compile(r"(?<=//).*@", re.DOTALL)
MAX_SHOWN = 200


def remarks_on(front_matter: FrontMatter, article: Article) -> Iterator[tuple[str, int | None]]:
    """
    What is better mended, each with its line.
    """
    if front_matter.dropped:
        yield f"control characters were dropped ({front_matter.dropped}): remove them", None
    if not article.url and article.published:
        yield f"{_addressless(front_matter)}: its title will not be a link", None
    for name, meant in _misspelt(front_matter.fields):
        yield f'{name}: is not read; did you mean "{meant}"?', front_matter.line_of(name)
    for message in _unrelated(front_matter.fields, article):
        yield f"related: {message}", front_matter.line_of("related")
    for raw in pictures_in(front_matter.fields):
        if not picture_url(raw):
            shown = shorten(clean_line(BEFORE_HOST.sub("…@", raw)), MAX_SHOWN)
            yield f"picture {shown}: {_fault_of(raw)}", front_matter.line_with(alone(raw))


def _addressless(front_matter: FrontMatter) -> str:
    given = next((name for name in ADDRESS if front_matter.fields.get(name)), None)
    return f"{given}: is no web address (https://…)" if given else "no web address (webUrl, link)"


def _unrelated(fields: Mapping[str, Any], article: Article) -> Iterator[str]:
    """
    Why some stories that a file names as related are not among the article's.
    """
    given = fields.get("related")
    if not isinstance(given, list) or len(given) == len(article.related):
        return
    for place, each in enumerate(given, 1):
        if place > MAX_RELATED:
            yield f"{len(given)} stories, of which the first {MAX_RELATED} are read"
            return
        if not isinstance(each, dict):
            yield f"story {place} is left out: write its title and webUrl"
        elif not clean_line(str(each.get("title") or "")):
            yield f"story {place} is left out: it has no title"
        elif not any(safe_url(str(each.get(name) or "")) for name in ADDRESS):
            yield f"story {place} is left out: it has no web address (webUrl: https://…)"


def _misspelt(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """
    The names that are one slip away from a field that is read, and that field, if it is missing.
    """
    for name in fields:
        meant = _meant(name) if isinstance(name, str) else ()
        if meant and not any(each in fields for each in meant):
            yield name, meant[0]


@lru_cache(NAMES_KEPT)
def _meant(name: str) -> tuple[str, ...]:
    """
    The field one slip away, and then its other names; nothing if it is one itself.
    """
    from rapidfuzz.distance import OSA

    if len(name) < SHORTEST or any(name in names for names in READ):
        return ()
    for names in READ:
        for each in names:
            if OSA.distance(name.casefold(), each.casefold()) <= 1:
                return each, *names
    return ()


def _fault_of(picture: str) -> str:
    from ..guard import Guard

    url = with_scheme(picture)
    if "://" not in url:
        return "has characters that cannot be seen: remove them"
    try:
        Guard().target(url)
    except FetchError as error:
        return f"{error}: name a web address that anybody may ask for, or a path"
    return "is no web address"
