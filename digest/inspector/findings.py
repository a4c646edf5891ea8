"""
What a check found: a sentence, and by what its source can be recognised.
"""

import re
from dataclasses import dataclass

MAX_QUOTE = 60
MAX_WORDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    Something wrong with a page. The clues are patterns for what its author wrote, the best first.
    """

    level: str = "warning"  #: or "error": readers lose something
    message: str
    clues: tuple[str, ...] = ()


def quoted(text: str) -> str:
    """
    The beginning of a text, for a message.
    """
    line = " ".join(text.split())
    return f'"{line if len(line) <= MAX_QUOTE else line[: MAX_QUOTE - 1].rstrip() + "…"}"'


def words_of(text: str) -> str:
    """
    The clue that a text gives: its words, however they are broken into lines.
    """
    return r"\s+".join(map(re.escape, text.split()[:MAX_WORDS]))


def printed(text: str) -> str:
    """
    The clue that the text of an element gives: the same between tags, brackets or quotes, so that
    no sentence that happens to have these words is taken for it.
    """
    end = r"\s*[<\]\"']" if len(text.split()) <= MAX_WORDS else ""
    return rf"[>\[\"']\s*{words_of(text)}{end}"


def address_of(url: str) -> str:
    """
    The clue that an address gives: itself, and no other that begins or ends so.
    """
    return rf"(?<![\w/.%-]){re.escape(url)}(?![\w/?#&=%~+@:-]|\.\w)"
