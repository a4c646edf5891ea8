"""
What is wrong with a page, and whose it is: an article's, or which line of which template's.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..composer import size_of_html
from ..files import article_file, line_in_file
from ..inspector import inspect_page
from ..model import Article, Edition, Newsletter, Page, Problem
from ..renderer import shipped_themes
from .printshop import Printshop


def inspect(
    room: Printshop, newsletter: Newsletter, edition: Edition, page: Page
) -> Iterator[Problem]:
    """
    The findings of a page as problems, each with the file in which it can be mended.
    """
    for finding in inspect_page(page, size=size_of_html(page)):
        file, line = place_of(finding.clues, room, newsletter, edition)
        message = f"newsletters.{newsletter.id}: {finding.message}"
        yield Problem(file=file, line=line, level=finding.level, message=message)


def place_of(
    clues: Iterable[str], room: Printshop, newsletter: Newsletter, edition: Edition
) -> tuple[str, int | None]:
    """
    The first article, else the first template, that holds what gave it away; else the settings.
    """
    for pattern in map(re.compile, clues):
        for article in edition.articles:
            if any(map(pattern.search, _texts_of(article))):
                file = article_file(room.settings.content, article.slug)
                return str(file), line_in_file(pattern, file)
        for file in _templates(room, newsletter.theme):
            if line := line_in_file(pattern, file):
                return str(file), line
    return str(room.settings.file), None


def _templates(room: Printshop, theme: str) -> Iterator[Path]:
    """
    The theme's own files, and then what it may have from the shipped ones.
    """
    own, shipped = room.settings.templates / theme, shipped_themes()
    for folder in (own, shipped / theme, shipped):
        yield from sorted(folder.rglob("*.j2"))


def _texts_of(article: Article) -> Iterator[str]:
    yield from (article.title, article.excerpt, article.url, article.provider.name)
    for other in article.related:
        yield from (other.title, other.url, other.provider.name)
