"""
Themes on trial: their templates as they are written, and a letter that has everything.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from ..errors import ThemeError
from ..languages import wording
from ..model import (
    Article,
    Edition,
    Hand,
    Issue,
    Newsletter,
    Problem,
    Provider,
    Related,
    Section,
)
from ..renderer import shipped_themes
from ..renderer.context import context_of
from ..renderer.proofreading import proofread
from ..renderer.themes import Theme, find_theme, theme_names
from ..renderer.words import word_problems
from ..tokens import PREVIEW_KEY, marks_for
from .inspection import inspect
from .moments import Moment
from .printshop import Printshop

#: What the renderer adds to a context.
ADDED = frozenset({"subject", "shortening"})
NOBODYS = Edition(topics=(), sections=())


def own_themes(room: Printshop) -> list[str]:
    """
    The themes in the site's own folder.
    """
    return theme_names([room.settings.templates])


def check_own_theme(room: Printshop, newsletter: Newsletter, issue: Issue) -> list[Problem]:
    """
    What is wrong with the templates of a newsletter's theme, if that is the site's own.
    """
    if newsletter.theme not in own_themes(room):
        return []
    theme = find_theme((room.settings.templates, shipped_themes()), newsletter.theme)
    return proofread_theme(room, theme, newsletter, issue)


def check_theme(room: Printshop, name: str, moment: Moment) -> Iterator[Problem]:
    """
    All that is wrong with a theme, for its newsletters or else for any. ThemeError if it is none.
    """
    theme = find_theme((room.settings.templates, shipped_themes()), name)
    newsletters = [replace(each, theme=name) for each in _readers_of(room, name)]
    issue = room.issue(newsletters[0], moment)
    problems = proofread_theme(room, theme, newsletters[0], issue)
    yield from problems
    yield from word_problems(theme, {each.language for each in newsletters})
    for newsletter in newsletters:
        yield from unnamed(_specimen_problems(room, newsletter, moment), problems)


def unnamed(found: Iterable[Problem], named: Iterable[Problem]) -> Iterator[Problem]:
    """
    Those at other places: what is wrong with a line of a template is wrong with its page as well.
    """
    places = {(each.file, each.line) for each in named if each.line}
    return (each for each in found if (each.file, each.line) not in places)


def proofread_theme(
    room: Printshop, theme: Theme, newsletter: Newsletter, issue: Issue
) -> list[Problem]:
    """
    What is wrong with its own templates as they are written.
    """
    context = context_of(
        _specimen(issue),
        newsletter=newsletter,
        issue=issue,
        site=room.settings.site,
        pictures={},
        marks=marks_for(PREVIEW_KEY, issue.id),
        hand=Hand(),
        words=wording(newsletter.language, "letter"),
        logo=None,
    )
    return proofread(theme, names=ADDED.union(context))


def _readers_of(room: Printshop, theme: str) -> list[Newsletter]:
    newsletters = [*room.settings.newsletters.values()]
    return [each for each in newsletters if each.theme == theme] or newsletters[:1]


def _specimen_problems(
    room: Printshop, newsletter: Newsletter, moment: Moment
) -> Iterator[Problem]:
    issue = room.issue(newsletter, moment)
    specimen = _specimen(issue)
    try:
        page, _ = room.print_edition(newsletter, issue, specimen, marks_for(PREVIEW_KEY, issue.id))
    except ThemeError as error:
        file = error.file or str(room.settings.file)
        yield Problem(file=file, line=error.line, message=error.message)
    else:
        # Its articles are nobody's: whatever is wrong is the theme's, or the editor's.
        yield from inspect(room, newsletter, NOBODYS, page, room.selector(newsletter, issue).hand)


def _specimen(issue: Issue) -> Edition:
    """
    An edition of everything that a theme has to cope with.
    """
    name = Provider(name="Example News", domain="news.example.org")
    related = tuple(
        Related(
            title=f"The same story, told {how}", url=f"https://{how}.example.org/", provider=name
        )
        for how in ("first", "again", "elsewhere", "late")
    )
    plain = Article(
        slug="specimen/plain",
        title="A headline of the usual length, about something that happened",
        excerpt="What happened, in a sentence or two, as its publisher put it.",
        url="https://news.example.org/plain",
        published_at=issue.due_at - timedelta(days=1),
        heat=50,
        quality=50,
        topics=("Science",),
        provider=name,
    )
    long = f"{'A title that goes on and on ' * 6}to its end"
    science = (
        replace(plain, slug="specimen/lead", title=long, heat=99, related=related),
        replace(plain, slug="specimen/film", title="Film", kind="video", related=related[:1]),
        plain,
    )
    cities = (
        replace(plain, slug="specimen/arabic", title="خبر من المدينة", excerpt=""),
        replace(plain, slug="specimen/nobodys", url="", provider=Provider()),
    )
    topics = {"Science": science, "Cities": cities, "Art": (), "Food": (), "Sport": (), "Law": ()}
    return Edition(
        topics=tuple(topics),
        sections=tuple(
            Section(
                topic=topic,
                articles=articles or (replace(plain, slug=f"specimen/{topic}", topics=(topic,)),),
            )
            for topic, articles in topics.items()
        ),
    )
