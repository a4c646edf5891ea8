"""
Stories that many editions share have their styles inlined once.

A theme says where a story begins and ends: `<!--story SECTION-->…<!--/story-->`. What was between
these comments before is left out of the conversion, and put in afterwards as it came out then.
"""

import re
from collections.abc import Iterator

from .mjml import MjmlError, to_html

STORY = re.compile(r"<!--story \w*-->.*?<!--/story-->", re.DOTALL)
COMMENT = re.compile(r"<!--/?story ?\w*-->")
KEPT = re.compile(r"<!--kept (\d+)-->")
INLINED = re.compile(r"<style>(.*?)</style>", re.DOTALL)
DECLARATIONS = re.compile(r"\{[^{}]*\}")
#: Selectors by which a story's styles depend on what is beside it, or around it.
NEIGHBOURLY = re.compile(r"[>+~:\[]")
MOST = 4096


class Fragments:
    """
    Converts MJML to HTML, and remembers the stories.
    """

    def __init__(self) -> None:
        self._stories: dict[tuple[str, str], str] = {}

    def to_html(self, source: str) -> str:
        """
        The same as by itself, but for the time it takes. MjmlError as there.
        """
        styles = "".join(INLINED.findall(source))
        if NEIGHBOURLY.search(DECLARATIONS.sub("", styles)):
            return _without_marks(to_html(source))
        new: list[str] = []
        kept: list[str] = []

        def leave_out(match: re.Match[str]) -> str:
            story = self._stories.get((styles, match[0]))
            if story is None:
                new.append(match[0])
                return match[0]
            kept.append(story)
            return f"<!--kept {len(kept) - 1}-->"

        try:
            html = to_html(STORY.sub(leave_out, source))
        except MjmlError:
            return _without_marks(to_html(source))  # Whose lines are those of the theme.
        found = STORY.findall(html)
        if len(found) != len(new) or len(KEPT.findall(html)) != len(kept):
            return _without_marks(to_html(source))
        self._remember(styles, zip(new, found, strict=True))
        return _without_marks(KEPT.sub(lambda match: kept[int(match[1])], html))

    def _remember(self, styles: str, stories: Iterator[tuple[str, str]]) -> None:
        if len(self._stories) > MOST:
            self._stories.clear()
        self._stories |= {(styles, source): html for source, html in stories}


def _without_marks(html: str) -> str:
    return COMMENT.sub("", html)
