"""
Outlook on Windows reads what stands in conditional comments; all others skip it.

    <!--[if mso]> for Outlook <![endif]-->
    <!--[if !mso]><!--> for all others <!--<![endif]-->

Whichever branch is taken, the elements have to be in balance.
"""

import re
from collections.abc import Iterator

from .findings import Finding

NOT_FOR_OUTLOOK = re.compile(r"<!--\[if !mso[^\]]*\]><!(?:--)?>.*?<!--<!\[endif\]-->", re.DOTALL)
FOR_OUTLOOK = re.compile(r"<!--\[if [^\]!]*mso[^\]]*\]>(.*?)<!\[endif\]-->", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->|<![^>]*>", re.DOTALL)
#: What is text to the end, whatever it looks like.
RAW = re.compile(r"<(style|script|title|xml)\b[^>]*>.*?</\1>", re.DOTALL)
TAG = re.compile(r"<(/?)([a-z][a-z0-9:-]*)((?:[^\"'<>]|\"[^\"]*\"|'[^']*')*?)(/?)>", re.IGNORECASE)
VOID = frozenset(
    {
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
        *("source", "track", "wbr"),
    }
)


def check_outlook(html: str) -> Iterator[Finding]:
    outlook = FOR_OUTLOOK.sub(r"\1", NOT_FOR_OUTLOOK.sub("", html))
    for reader, read in (("Outlook", outlook), ("every other mail program", html)):
        if fault := _imbalance(COMMENT.sub("", RAW.sub("", read))):
            yield Finding(
                level="error",
                message=f"as {reader} reads it, {fault}: see its conditional comments",
                clues=(r"<!--\[if",),
            )


def _imbalance(html: str) -> str:
    """
    The first end tag that closes something else, or what is never closed.
    """
    opened: list[str] = []
    for closing, name, _, empty in TAG.findall(html):
        tag = name.lower()
        if tag in VOID or empty:
            continue
        if not closing:
            opened.append(tag)
        elif not opened:
            return f"</{tag}> closes nothing"
        elif (last := opened.pop()) != tag:
            return f"<{last}> is closed with </{tag}>"
    return f"<{opened[-1]}> is not closed" if opened else ""
