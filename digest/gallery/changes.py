"""
What is different from the issue that was sent last. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain

from ..model import Edition, Page
from ..store.issues import Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    A line of the text part: `kept`, `new` or `gone`.
    """

    state: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """
    From the edition that the same readers were sent last to the one at hand. Stories by title.
    """

    since: str  #: the issue sent last
    subject: str  #: that it had
    new: tuple[str, ...]
    gone: tuple[str, ...]
    moved: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def count(self) -> int:
        return len(self.new) + len(self.gone) + len(self.moved)


def changes_between(
    sent: Sequence[Sent], edition: Edition, page: Page, titles: Mapping[str, str]
) -> Changes | None:
    """
    None if nothing was sent yet to readers of these topics.
    """
    last = next((each for each in sent if each.topics == edition.topics), None)
    if last is None:
        return None
    slugs = [article.slug for article in edition.articles]
    kept = [slug for slug in last.slugs if slug in slugs]
    order = [slug for slug in slugs if slug in kept]
    return Changes(
        since=last.issue,
        subject=last.page.subject,
        new=_titles((slug for slug in slugs if slug not in last.slugs), titles),
        gone=_titles((slug for slug in last.slugs if slug not in slugs), titles),
        moved=_titles(_moved(kept, order), titles),
        lines=tuple(_lines(_without_tokens(last.page), _without_tokens(page))),
    )


def _titles(slugs: Iterator[str], titles: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(titles.get(slug, slug) for slug in slugs)


def _moved(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """
    As few as possible: those that have to be taken out for the others to be in order.
    """
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    staying = {
        slug for at, _, size in matcher.get_matching_blocks() for slug in before[at : at + size]
    }
    return (slug for slug in after if slug not in staying)


def _without_tokens(page: Page) -> list[str]:
    text = page.text
    for purpose, mark in page.marks.items():
        text = text.replace(mark, f"({purpose})")
    return [line.rstrip() for line in text.splitlines()]


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    for tag, start, stop, new_start, new_stop in matcher.get_opcodes():
        if tag == "equal":
            yield from (Line(state="kept", text=text) for text in after[new_start:new_stop])
        else:
            gone = (Line(state="gone", text=text) for text in before[start:stop])
            new = (Line(state="new", text=text) for text in after[new_start:new_stop])
            yield from chain(gone, new)
