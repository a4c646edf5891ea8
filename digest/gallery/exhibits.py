"""
What the gallery tells about an edition.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from functools import cached_property
from hashlib import sha256

from ..composer import size_of_html
from ..inspector import MAX_BYTES
from ..model import Issue, Newsletter, Problem
from ..pipeline import Pipeline, Printed
from ..pipeline.previewing import common_problems, edition_problems
from ..pipeline.theming import unnamed
from ..store.issues import Sent
from .changes import Changes, changes_between


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """
    An article of an edition, and why it is in it.
    """

    title: str
    heat: int
    reason: str
    lead: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """
    A picture of a letter. Without bytes it is gone from the cache.
    """

    name: str
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """
    An edition with its letter. The name is that of its files, without their endings.
    """

    name: str
    newsletter: str  #: its title
    issue: Issue
    printed: Printed
    letter: bytes
    size: int  #: of the HTML as it travels
    headers: tuple[tuple[str, str], ...]
    sections: tuple[tuple[str, tuple[Story, ...]], ...]  #: topic, stories
    pictures: tuple[Shown, ...]
    problems: tuple[Problem, ...]
    changes: Changes | None

    @property
    def subject(self) -> str:
        return self.printed.page.subject

    @property
    def hash(self) -> str:
        """
        Another one if the page is another.
        """
        page = self.printed.page
        return sha256(f"{page.html}\0{page.text}".encode()).hexdigest()[:16]

    @property
    def weight(self) -> int:
        """
        Of the pictures, in bytes.
        """
        return sum(each.size or 0 for each in self.pictures)

    @property
    def share(self) -> int:
        """
        Of the bytes that a letter may have, in per cent.
        """
        return round(100 * self.size / MAX_BYTES)


class Curator:
    """
    Makes exhibits. What all editions of a newsletter share is looked up once.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._sent: dict[str, Sequence[Sent]] = {}
        self._names: set[str] = set()
        self._common: dict[str, Sequence[Problem]] = {}

    def exhibit(self, issue: Issue, printed: Printed) -> Exhibit:
        newsletter = self._pipeline.settings.newsletter(issue.newsletter)
        page = printed.page
        letter = self._pipeline.letter(issue, page).data
        headers = message_from_bytes(letter, policy=policy.default).items()
        return Exhibit(
            name=self._name(issue, printed),
            newsletter=newsletter.title,
            issue=issue,
            printed=printed,
            letter=letter,
            size=size_of_html(page),
            headers=tuple((name, str(value)) for name, value in headers),
            sections=_sections(printed),
            pictures=tuple(map(self._shown, page.pictures)),
            problems=self._problems(issue, newsletter, printed),
            changes=self._changes(issue, printed),
        )

    def _problems(
        self, issue: Issue, newsletter: Newsletter, printed: Printed
    ) -> tuple[Problem, ...]:
        """
        What a check would say of it.
        """
        if newsletter.id not in self._common:
            self._common[newsletter.id] = common_problems(self._pipeline, newsletter, issue)
        common = self._common[newsletter.id]
        found = edition_problems(self._pipeline, newsletter, issue, printed)
        return tuple(dict.fromkeys((*printed.problems, *common, *unnamed(found, common))))

    def _changes(self, issue: Issue, printed: Printed) -> Changes | None:
        sent = self._sent_before(issue)
        return changes_between(sent, printed.edition, printed.page, self._titles) if sent else None

    @cached_property
    def _titles(self) -> Mapping[str, str]:
        """
        Of all articles: of those that are gone as well.
        """
        return {article.slug: article.title for article in self._pipeline.articles}

    def _sent_before(self, issue: Issue) -> Sequence[Sent]:
        store = self._pipeline.existing_store
        if issue.id not in self._sent:
            self._sent[issue.id] = (
                store.issues.last_sent(issue.newsletter, until=issue.due_at) if store else ()
            )
        return self._sent[issue.id]

    def _shown(self, name: str) -> Shown:
        try:
            return Shown(name=name, size=self._pipeline.pictures.path_of(name).stat().st_size)
        except FileNotFoundError:
            return Shown(name=name, size=None)

    def _name(self, issue: Issue, printed: Printed) -> str:
        """
        A file name that says newsletter and topics, and differs from all others.
        """
        words = "-".join((issue.newsletter, *printed.edition.topics)).lower()
        stem = "".join(char if char.isascii() and char.isalnum() else "-" for char in words)[:80]
        name, number = stem, 2
        while name in self._names:
            name, number = f"{stem}-{number}", number + 1
        self._names.add(name)
        return name


def _sections(printed: Printed) -> tuple[tuple[str, tuple[Story, ...]], ...]:
    edition = printed.edition
    lead = edition.lead
    return tuple(
        (
            section.topic,
            tuple(
                Story(
                    title=article.title,
                    heat=article.heat,
                    reason=edition.reasons.get(article.slug, ""),
                    lead=article is lead,
                )
                for article in section.articles
            ),
        )
        for section in edition.sections
    )
