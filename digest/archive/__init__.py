"""
Issues to be read again on the web, as pages and feeds; the same when served and when built.

    a/                          public newsletters
    a/weekly/                   issues of one
    a/weekly/2026-11-23.html    one issue, as it was sent
    a/weekly/feed.xml           its issues, as an Atom feed
    a/weekly/topics/ai.xml      its stories on one topic
    i/ab/abcd….jpg              their pictures, where it is built

No reader's token is ever in it: pages are made from what was frozen, not from anybody's letter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..model import Article, Newsletter
from ..pages import Pages
from ..pipeline import Pipeline
from ..settings import Settings
from ..store import Copy
from .neutral import neutral_html, neutral_text, without_robots

FEED_LENGTH = 20
HTML, ATOM = "text/html; charset=utf-8", "application/atom+xml; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """
    One page or feed. An issue is a page that somebody else wrote: it is kept in a sandbox.
    """

    text: str
    media_type: str = HTML
    is_issue: bool = False
    newsletter: Newsletter | None = None  #: whose brand it has; None: the site's
    listed: bool = True  #: whether search engines may know of it


class Archive:
    """
    What the configuration opens: a newsletter with `archive` neither named nor "off" is not here.
    """

    def __init__(self, pipeline: Pipeline, pages: Pages) -> None:
        self._pipeline, self._pages = pipeline, pages
        self._site = pipeline.settings.site
        self._open = {
            each.id: each
            for each in pipeline.settings.newsletters.values()
            if each.archive != "off"
        }

    def file(self, path: str) -> File | None:
        """
        What lies there, below `a/`; None if nothing does.
        """
        if path in {"", "index.html"}:
            return self._index()
        name, _, rest = path.partition("/")
        newsletter = self._open.get(name)
        if newsletter is None or "/" not in path:
            return None
        if rest in {"", "index.html"}:
            return self._list(newsletter)
        if rest == "feed.xml":
            return self._feed(newsletter)
        if rest.startswith("topics/"):
            return self._topic_feed(newsletter, rest.removeprefix("topics/"))
        return self._issue(newsletter, rest.removesuffix(".html")) if ".html" in rest else None

    def paths_iter(self) -> Iterator[str]:
        """
        All there is, below `a/`.
        """
        yield "index.html"
        for newsletter in self._open.values():
            yield f"{newsletter.id}/index.html"
            yield f"{newsletter.id}/feed.xml"
            yield from (f"{newsletter.id}/topics/{name}.xml" for name in self._topics(newsletter))
            for issue in self._pipeline.store.shelf.issues(newsletter.id):
                yield f"{newsletter.id}/{_name_of(issue.id)}.html"

    def pictures(self) -> frozenset[str]:
        """
        The names of the pictures of all its pages.
        """
        return frozenset(
            picture
            for newsletter in self._open.values()
            for issue in self._pipeline.store.shelf.issues(newsletter.id)
            if (copy := self._copy(newsletter, issue.id))
            for picture in copy.page.pictures
        )

    def _index(self) -> File:
        public = [each for each in self._open.values() if each.archive == "public"]
        return File(
            text=self._pages.page(
                "archive",
                None,
                language_of=main_newsletter(self._pipeline.settings),
                newsletters=public,
            )
        )

    def _list(self, newsletter: Newsletter) -> File:
        shelf = self._pipeline.store.shelf
        rows = [
            {"name": _name_of(issue.id), "subject": subject, "due_at": issue.due_at}
            for issue, subject in shelf.subjects(newsletter.id, newsletter.topics)
        ]
        text = self._pages.page("issues", newsletter, issues=rows, topics=self._topics(newsletter))
        listed = newsletter.archive == "public"
        text = text if listed else without_robots(text)
        return File(text=text, newsletter=newsletter, listed=listed)

    def _issue(self, newsletter: Newsletter, name: str) -> File | None:
        copy = self._copy(newsletter, f"{newsletter.id}/{name}")
        if copy is None:
            return None
        listed = newsletter.archive == "public"
        text = neutral_html(copy, f"{self._site.url}/a/{newsletter.id}/{name}.html")
        return File(text=text if listed else without_robots(text), is_issue=True, listed=listed)

    def _feed(self, newsletter: Newsletter) -> File:
        entries = [
            {
                "title": each.page.subject,
                "url": f"{self._site.url}/a/{newsletter.id}/{_name_of(each.issue.id)}.html",
                "updated": each.issue.due_at,
                "text": neutral_text(each),
            }
            for each in self._copies(newsletter)
        ]
        return self._atom(newsletter, newsletter.title, f"{newsletter.id}/feed.xml", entries)

    def _topic_feed(self, newsletter: Newsletter, file: str) -> File | None:
        """
        The stories as they are now: what was taken down since is not told again.
        """
        topic = self._topics(newsletter).get(file.removesuffix(".xml"))
        if topic is None or not file.endswith(".xml"):
            return None
        entries = [
            {
                "title": article.title,
                "url": article.url,
                "updated": copy.issue.due_at,
                "text": article.excerpt,
            }
            for copy, article in self._stories(newsletter, topic)
        ]
        title = f"{newsletter.title}: {topic}"
        return self._atom(newsletter, title, f"{newsletter.id}/topics/{file}", entries)

    def _atom(
        self, newsletter: Newsletter, title: str, path: str, entries: list[dict[str, Any]]
    ) -> File:
        """
        Without entries it is as new as the latest issue that might have had some, or as itself.
        """
        issues = self._pipeline.store.shelf.issues(newsletter.id)
        moments = [each["updated"] for each in entries] or [each.due_at for each in issues]
        text = self._pages.feed(
            newsletter,
            title=title,
            updated=moments[0] if moments else self._pipeline.clock(),
            url=f"{self._site.url}/a/{path}",
            home=f"{self._site.url}/a/{newsletter.id}/",
            entries=entries,
        )
        return File(text=text, media_type=ATOM, listed=newsletter.archive == "public")

    def _stories(self, newsletter: Newsletter, topic: str) -> Iterator[tuple[Copy, Article]]:
        taxonomy = self._pipeline.taxonomy
        key, told = taxonomy.key(topic), set[str]()
        articles = {each.slug: each for each in self._pipeline.articles}
        for copy in self._copies(newsletter):
            for slug in copy.articles:
                article = articles.get(slug)
                if article and not article.removed and article.url and slug not in told:
                    told.add(slug)
                    if key in taxonomy.keys_of(article.topics):
                        yield copy, article

    def _topics(self, newsletter: Newsletter) -> dict[str, str]:
        """
        Topics by names that a file may have.
        """
        names: dict[str, str] = {}
        for topic in self._pipeline.taxonomy.expand(newsletter.topics):
            name = "".join(char if char.isalnum() else "-" for char in topic.casefold())
            names.setdefault(name.strip("-") or "topic", topic)
        return names

    def _copies(self, newsletter: Newsletter) -> Iterator[Copy]:
        for issue in self._pipeline.store.shelf.issues(newsletter.id)[:FEED_LENGTH]:
            if copy := self._copy(newsletter, issue.id):
                yield copy

    def _copy(self, newsletter: Newsletter, issue_id: str) -> Copy | None:
        return self._pipeline.store.shelf.copy(issue_id, newsletter.topics)


def main_newsletter(settings: Settings) -> Newsletter:
    """
    Whose language pages speak that are about none in particular.
    """
    return next(iter(settings.newsletters.values()))


def _name_of(issue_id: str) -> str:
    return issue_id.partition("/")[2]
