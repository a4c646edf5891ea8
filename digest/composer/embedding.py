"""
Pictures inside a letter, for readers whose mail programs load nothing from outside.
"""

import re
from base64 import encodebytes
from collections.abc import Callable, Iterable

from ..model import Page

#: A letter with more is refused by some servers, and slow to send through all of them.
MAX_PICTURES = 5
MAX_BYTES = 500_000
TYPES = {"jpg": "image/jpeg", "png": "image/png"}


def choose_pictures(page: Page, size_of: Callable[[str], int]) -> tuple[str, ...]:
    """
    The names of those that a reader comes by first, as many as one letter may carry.
    """
    shown = sorted((name for name in page.pictures if name in page.html), key=page.html.find)
    chosen: list[str] = []
    room = MAX_BYTES
    for name in shown[:MAX_PICTURES]:
        room -= size_of(name)
        if room < 0:
            break
        chosen.append(name)
    return tuple(chosen)


def picture_part(name: str, data: bytes) -> bytes:
    """
    The picture as a part of a letter, from its headers to its last line.
    """
    stem, suffix = name.rpartition("/")[2].split(".")
    headers = (
        f"Content-Type: {TYPES[suffix]}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{_id(name)}>\r\n"
        f'Content-Disposition: inline; filename="{stem[:8]}.{suffix}"\r\n\r\n'
    )
    return headers.encode("ascii") + encodebytes(data).replace(b"\n", b"\r\n")


def point_inside(html: str, names: Iterable[str]) -> str:
    """
    The same page, with these pictures shown from within the letter (RFC 2392).
    """
    for name in names:
        html = re.sub(rf'"https?://[^"\s]*/{re.escape(name)}"', f'"cid:{_id(name)}"', html)
    return html


def _id(name: str) -> str:
    return f"{name.rpartition('/')[2].split('.')[0]}@pictures.invalid"
