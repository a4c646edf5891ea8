"""
Frozen issues: what was selected and rendered, kept before the first letter leaves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, exists, func, or_, select

from ..model import Edition, Issue, Page, Window
from .database import Database
from .drafts import Draft, begin_draft
from .newsletters import number_of
from .schema import editions, issues, letters, newsletters


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """
    An edition of an issue that was sent: its stories, and its page without the HTML.
    """

    issue: str
    topics: tuple[str, ...]
    slugs: tuple[str, ...]
    page: Page


class Issues:
    """
    The issues of this site, whole, for as long as the store is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def draft(self, issue: Issue) -> Draft:
        """
        Begin to keep an issue. Nobody sees it before it is frozen; what is left of a draft that was
        begun before is thrown away.
        """
        return begin_draft(self._database, issue)

    def freeze(
        self,
        issue: Issue,
        printed: Sequence[tuple[Edition, Page]],
        readers: Iterable[tuple[int, int | None]],
    ) -> None:
        """
        Keep an issue, its pages and one waiting letter per reader, all of it or nothing.

        A reader is a subscriber's id and the place of their edition in `printed`; with None
        they get no letter, and the ledger says why.
        """
        draft = self.draft(issue)
        draft.add_pages(printed)
        draft.add_letters(readers)
        draft.freeze([edition for edition, _ in printed])

    def get(self, issue_id: str) -> Issue | None:
        with self._database.reading() as connection:
            row = connection.execute(ISSUES.where(issues.c.id == issue_id)).first()
        return as_issue(row) if row else None

    def all(self) -> tuple[Issue, ...]:
        """
        Every issue, the latest first.
        """
        with self._database.reading() as connection:
            rows = connection.execute(ISSUES.order_by(issues.c.due_at.desc(), issues.c.id))
            return tuple(map(as_issue, rows))

    def pages(self, issue_id: str) -> Mapping[int, Page]:
        """
        The pages of an issue by edition, exactly as they were frozen.
        """
        query = _PAGES.where(issues.c.id == issue_id)
        with self._database.reading() as connection:
            return {row.number: as_page(row) for row in connection.execute(query)}

    def page(self, issue_id: str, edition: int) -> Page:
        """
        One of these pages.
        """
        query = _PAGES.where(issues.c.id == issue_id, editions.c.number == edition)
        with self._database.reading() as connection:
            return as_page(connection.execute(query).one())

    def page_for(self, issue_id: str, subscriber_id: int) -> Page | None:
        """
        What that subscriber was sent of an issue, or will be; None if it holds no letter for them.
        """
        query = _PAGES.join(
            letters,
            (letters.c.issue == editions.c.issue) & (letters.c.edition == editions.c.number),
        ).where(issues.c.id == issue_id, letters.c.subscriber_id == subscriber_id)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return as_page(row) if row else None

    def pictures(self, *, since: datetime) -> frozenset[str]:
        """
        The names of all pictures in issues that were due, or made, since that moment.
        """
        return self._pictures(or_(issues.c.due_at >= since, issues.c.made_at >= since))

    def pictures_of(self, issue_id: str) -> frozenset[str]:
        """
        The names of all pictures in an issue.
        """
        return self._pictures(issues.c.id == issue_id)

    def last_window_end(self, newsletter_id: str, *, before: datetime) -> datetime | None:
        """
        Where the latest issue that was due before that moment, and was sent, stopped looking.
        """
        with self._database.reading() as connection:
            newsletter = number_of(connection, newsletter_id)
            end: datetime | None = connection.execute(
                select(func.max(issues.c.window_end, type_=issues.c.window_end.type)).where(
                    issues.c.newsletter == newsletter,
                    issues.c.due_at < before,
                    issues.c.window_end <= before,
                    _LEFT,
                )
            ).scalar()
        return end

    def last_sent(self, newsletter_id: str, *, until: datetime) -> tuple[Sent, ...]:
        """
        The editions of the latest issue that was due by then and of which anything was sent.
        """
        with self._database.reading() as connection:
            newsletter = number_of(connection, newsletter_id)
            last = connection.execute(
                select(issues.c.number, issues.c.id)
                .where(issues.c.newsletter == newsletter, issues.c.due_at <= until, _LEFT)
                .order_by(issues.c.due_at.desc(), issues.c.number.desc())
                .limit(1)
            ).first()
            if last is None:
                return ()
            query = select(*_WITHOUT_HTML).where(editions.c.issue == last.number)
            return tuple(_sent(last.id, row) for row in connection.execute(query))

    def _pictures(self, condition: ColumnElement[bool]) -> frozenset[str]:
        query = (
            select(editions.c.pictures)
            .join(issues, issues.c.number == editions.c.issue)
            .where(condition)
        )
        with self._database.reading() as connection:
            names = connection.execute(query).scalars()
            return frozenset(name for some in names for name in some)


#: Letters of the issue were handed to a mail server.
_LEFT = exists().where(
    letters.c.issue == issues.c.number,
    letters.c.state.in_(("sending", "accepted", "refused", "in_doubt")),
)
_WITHOUT_HTML = (
    editions.c.topics,
    editions.c.articles,
    editions.c.subject,
    editions.c.text,
    editions.c.marks,
)
_FROZEN = issues.c.state == "frozen"
ISSUES = (
    select(issues, newsletters.c.id.label("newsletter_id"))
    .join(newsletters, newsletters.c.number == issues.c.newsletter)
    .where(_FROZEN)
)
_PAGES = select(editions).join(issues, issues.c.number == editions.c.issue).where(_FROZEN)


def as_issue(row: Row) -> Issue:  # type: ignore[type-arg]
    return Issue(
        id=row.id,
        newsletter=row.newsletter_id,
        title=row.title,
        sender=row.sender,
        site_url=row.site_url,
        due_at=row.due_at,
        window=Window(start=row.window_start, end=row.window_end),
        made_at=row.made_at,
        bounces_to=row.bounces_to,
        unsubscribe_to=row.unsubscribe_to,
    )


def _sent(issue_id: str, row: Row) -> Sent:  # type: ignore[type-arg]
    page = Page(subject=row.subject, html="", text=row.text, marks=row.marks)
    return Sent(issue=issue_id, topics=tuple(row.topics), slugs=tuple(row.articles), page=page)


def as_page(row: Row) -> Page:  # type: ignore[type-arg]
    return Page(
        subject=row.subject,
        html=row.html,
        text=row.text,
        marks=row.marks,
        pictures=tuple(row.pictures),
        web=row.web,
    )
