"""
What is wrong with an edition that is only looked at: as much as can be said at once.
"""

from collections.abc import Iterator

from ..files import article_file
from ..model import Issue, Newsletter, Problem
from .branding import brand_problems
from .inspection import inspect
from .printshop import Printed, Printshop
from .theming import check_own_theme


def common_problems(room: Printshop, newsletter: Newsletter, issue: Issue) -> tuple[Problem, ...]:
    """
    Those of all editions of a newsletter: its theme, its colours, its words.
    """
    return (
        *check_own_theme(room, newsletter, issue),
        *brand_problems(room.settings, room.pictures, [newsletter]),
        *room.word_problems([newsletter]),
    )


def edition_problems(
    room: Printshop, newsletter: Newsletter, issue: Issue, printed: Printed
) -> Iterator[Problem]:
    """
    Those of the files of its stories, which were read before, and of its page.
    """
    edition, content = printed.edition, room.settings.content
    files = {str(article_file(content, article.slug)) for article in edition.articles}
    yield from (each for each in room.problems if each.file in files)
    hand = room.selector(newsletter, issue).hand
    yield from inspect(room, newsletter, edition, printed.page, hand)
