"""
A page without anybody's links: what stood for a reader's own token stands for nobody's.
"""

import re
from collections.abc import Mapping

from ..store import Copy
from ..tokens import PATHS

HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
NO_ROBOTS = '<meta name="robots" content="noindex">'


def neutral_html(copy: Copy, url: str) -> str:
    """
    The page as everybody may see it; `url` is where it is read.
    """
    return _neutral(copy.page.web or copy.page.html, copy.page.marks, url)


def neutral_text(copy: Copy) -> str:
    return _neutral(copy.page.text, copy.page.marks, "")


def without_robots(html: str) -> str:
    """
    The same page, not for search engines, wherever it lies.
    """
    return HEAD.sub(lambda head: head[0] + NO_ROBOTS, html, count=1)


def _neutral(text: str, marks: Mapping[str, str], url: str) -> str:
    """
    Links to view the page lead to itself, other links of the reader's to a page that explains it.
    """
    if view := marks.get("view"):
        link = re.compile(rf"https?://[^\s\"'<>]*?{PATHS['view']}{re.escape(view)}[A-Za-z0-9./_-]*")
        text = link.sub(lambda _: url, text)
    for mark in marks.values():
        text = text.replace(mark, "")
    return text
