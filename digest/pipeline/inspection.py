"""
What is wrong with a page, and whose it is: an article's, or which line of which template's.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..composer import size_of_html
from ..files import article_file, line_in_file
from ..inspector import inspect_page
from ..model import Article, Edition, Hand, Newsletter, Page, Problem
from ..renderer import shipped_themes
from ..renderer.proofreading import COMMENT, blank
from ..renderer.themes import HTML_TEMPLATE, find_theme
from ..settings.lines import line_of
from .printshop import Printshop


def inspect(
    room: Printshop, newsletter: Newsletter, edition: Edition, page: Page, hand: Hand
) -> Iterator[Problem]:
    """
    The findings of a page as problems, each with the file in which it can be mended.
    """
    for finding in inspect_page(page, size=size_of_html(page)):
        file, line = place_of(finding.clues, room, newsletter, edition, hand)
        message = f"newsletters.{newsletter.id}: {finding.message}"
        yield Problem(file=file, line=line, level=finding.level, message=message)


def place_of(
    clues: Sequence[str], room: Printshop, newsletter: Newsletter, edition: Edition, hand: Hand
) -> tuple[str, int | None]:
    """
    The editor's file, the first article or the first template of the site's own that holds what
    gave it away. Else it is the theme's, if that is the site's own, or the newsletter's.

    Nobody mends a shipped theme; and what its comments say would be taken for anything.
    """
    settings = room.settings
    templates = _own_templates(room, newsletter.theme) if clues else []
    for pattern in map(re.compile, clues):
        if hand.file and pattern.search(f"{hand.introduction}\n{hand.note}"):
            return hand.file, _line_in_hand(pattern, hand)
        for article in edition.articles:
            if any(map(pattern.search, _texts_of(article))):
                file = article_file(settings.content, article.slug)
                return str(file), line_in_file(pattern, file)
        for file in templates:
            if line := _line_in_template(pattern, file):
                return str(file), line
    letter = settings.templates / newsletter.theme / HTML_TEMPLATE
    if letter in templates:
        return str(letter), None
    return str(settings.file), line_of(settings.file, ("newsletters", newsletter.id))


def _own_templates(room: Printshop, theme: str) -> list[Path]:
    """
    Those of the site's own that the theme may be made of, its own first.
    """
    folder = room.settings.templates
    found = find_theme((folder, shipped_themes()), theme)
    return [each for each in found.all_templates if each.is_relative_to(folder)]


def _line_in_hand(pattern: re.Pattern[str], hand: Hand) -> int | None:
    """
    In a text with escapes, the line on which it begins.
    """
    file = Path(hand.file)
    key = "introduction" if pattern.search(hand.introduction) else "note"
    return line_in_file(pattern, file) or line_in_file(re.compile(rf"\b{key}[\"']?\s*="), file)


def _texts_of(article: Article) -> Iterator[str]:
    yield from (article.title, article.excerpt, article.url, article.provider.name)
    for other in article.related:
        yield from (other.title, other.url, other.provider.name)


def _line_in_template(pattern: re.Pattern[str], file: Path) -> int | None:
    try:
        text = COMMENT.sub(blank, file.read_text("utf-8", "replace"))
    except OSError:
        return None
    match = pattern.search(text)
    return text.count("\n", 0, match.start()) + 1 if match else None
