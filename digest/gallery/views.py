"""
A page as the gallery shows it in frames: with its pictures, without, forced into the dark, as text.

Articles are hostile, and so are their pages: no view may run, load or post anything.
"""

import re
from html import escape

from ..model import Page

PICTURES = "pictures/"
#: Links that leave the page open beside it; those within it stay where they are.
OUTWARD = re.compile(r'<a (?=[^>]*\bhref="(?:https?|mailto):)')
HEAD = re.compile(r"<head>|(?=<body)")
STYLES_ONLY = "default-src 'none'; style-src 'unsafe-inline'"
WITH_PICTURES = f"{STYLES_ONLY}; img-src 'self' file:"
#: What some mail programs do to letters, as far as style sheets can: all but pictures is inverted.
FORCED = (
    "html{background:#fff;filter:invert(1) hue-rotate(180deg)}"
    "img{filter:invert(1) hue-rotate(180deg)}"
)
TEXT = (
    ":root{color-scheme:light dark}"
    "pre{margin:16px;font:14px/1.5 ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;"
    "overflow-wrap:anywhere}"
)


def local_html(page: Page, pictures_url: str, *, pictures: str = PICTURES) -> str:
    """
    The page with its pictures from a folder beside it: in letters they are where readers get them.
    """
    return page.html.replace(pictures_url, pictures)


def views_of(page: Page, pictures_url: str) -> dict[str, str]:
    """
    All views of a page by name, for a folder beside that of the pictures.
    """
    html = local_html(page, pictures_url, pictures=f"../{PICTURES}")
    html = OUTWARD.sub('<a target="_blank" rel="noreferrer" ', html)
    return {
        "letter": _with_head(html, WITH_PICTURES),
        "forced": _with_head(html, WITH_PICTURES, FORCED),
        "bare": _with_head(html, STYLES_ONLY),
        "text": _text_view(page),
    }


def _with_head(html: str, policy: str, style: str = "") -> str:
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    head += f"<style>{style}</style>" if style else ""
    return HEAD.sub(lambda match: match[0] + head, html, count=1)


def _text_view(page: Page) -> str:
    text = page.text
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{STYLES_ONLY}">'
        f"<title>{escape(page.subject)}</title><style>{TEXT}</style></head>"
        f'<body><pre dir="auto">{escape(text)}</pre></body></html>'
    )
