"""
From an edition to its page: the pictures that its theme shows, the logo, and a size that fits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from ..composer import bound_of_html
from ..gatherer import FolderNotes
from ..illustrator import illustrate
from ..model import (
    Edition,
    Hand,
    Issue,
    Newsletter,
    Page,
    Picture,
    Problem,
    Section,
    Shortening,
)
from ..pictures import FolderCache
from ..renderer import Renderer
from ..renderer.themes import Pictured
from ..settings import Settings
from .branding import logo_of
from .fitting import MAX_BYTES, fit, fits


@dataclass(frozen=True)
class Press:
    """
    All that one site needs for printing.
    """

    renderer: Renderer
    cache: FolderCache
    notes: FolderNotes
    settings: Settings

    def print(
        self,
        edition: Edition,
        *,
        newsletter: Newsletter,
        issue: Issue,
        marks: Mapping[str, str],
        hand: Hand,
        colours: Mapping[str, str],
    ) -> tuple[Page, tuple[Problem, ...]]:
        """
        The page of an edition with something to read, and what was wrong with it.

        `colours` are those of its cards, by topic key.
        """
        shown = pictured_part(edition, self.renderer.pictured(newsletter.theme))
        pictures: Mapping[str, Picture] = {}
        problems: tuple[Problem, ...] = ()
        if shown.sections:
            pictures, problems = illustrate(
                shown,
                colours=colours,
                content=self.settings.content,
                cache=self.cache,
                notes=self.notes,
            )
        logo, faults = logo_of(self.settings, newsletter, self.cache)
        render = partial(
            self.renderer.render,
            newsletter=newsletter,
            issue=issue,
            site=self.settings.site,
            pictures=pictures,
            marks=marks,
            hand=hand,
            logo=logo,
        )
        page = fit(
            edition,
            lambda edition, shortening: render(edition, shortening=shortening),
            pinned={pin.slug for pin in hand.pins},
        )
        return page, (*problems, *faults)


def pictured_part(edition: Edition, pictured: Pictured) -> Edition:
    """
    The stories of an edition that have pictures.
    """
    if pictured == "all":
        return edition
    if pictured == "none":
        return replace(edition, sections=())
    lead = edition.lead
    topic = next(each.topic for each in edition.sections if lead in each.articles)
    return replace(edition, sections=(Section(topic=topic, articles=(lead,)),))


def size_problems(page: Page, edition: Edition, issue: Issue) -> tuple[Problem, ...]:
    """
    What an edition lost so that mail programs show it whole.
    """
    if page.shortening is None:
        return ()
    whole = f"{bound_of_html(replace(page, html=page.web or '')):,}"
    parts = [*_parts(page.shortening)]
    message = (
        f"{', '.join(edition.topics)}: some {whole} bytes, of which mail programs show"
        f" {MAX_BYTES:,}: {', '.join(parts)}; all of it is on the web page of the issue"
    )
    if not fits(page):
        message = f"{message}; it is still too large: lower per_topic, or make the theme smaller"
    return (Problem(file=issue.id, level="warning", message=message),)


def _parts(shortening: Shortening) -> list[str]:
    parts = []
    if shortening.excerpts is not None:
        parts.append(f"excerpts cut to {shortening.excerpts} characters")
    if shortening.related is not None:
        each = " each" if shortening.related else ""
        parts.append(f"{_stories(shortening.related, 'related ')}{each}")
    if shortening.dropped:
        parts.append(f"{_stories(len(shortening.dropped))} left out")
    return parts


def _stories(count: int, kind: str = "") -> str:
    return f"{count or 'no'} {kind}{'story' if count == 1 else 'stories'}"
