"""
All that a theme may use. Its names are the project's words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from zlib import crc32

from markupsafe import Markup

from ..languages import Wording
from ..model import LEAD, Brand, Edition, Hand, Issue, Newsletter, Palette, Picture, Section, Site
from ..text import shorten, topic_key
from ..tokens import PATHS
from .texts import html_from_markdown, isolate, text_from_markdown, wrap

#: More stories, or sections, than one sees at once: these issues have a table of contents.
MANY_STORIES, MANY_SECTIONS = 12, 4
LOGO_WIDTH, LOGO_HEIGHT = 280, 64
FILTERS: Mapping[str, Callable[..., Any]] = {
    "wrap": wrap,
    "shorten": shorten,
    "isolate": isolate,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter(Section):
    """
    A section without the lead story, and where it is found on the page.
    """

    anchor: str
    style: str  #: the class of its topic's own colour, or ""
    mark: str  #: a short name of its topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """
    A picture for a theme: where it is, and how large it is shown at most.
    """

    url: str
    colour: str
    width: int
    height: int
    drawn: bool  #: a placeholder of ours


def context_of(
    edition: Edition,
    *,
    newsletter: Newsletter,
    issue: Issue,
    site: Site,
    pictures: Mapping[str, Picture],
    marks: Mapping[str, str],
    hand: Hand,
    words: Wording,
    logo: Picture | None,
) -> dict[str, Any]:
    rtl = words.direction == "rtl"
    lead = edition.lead
    sections = _chapters(edition, newsletter.brand)
    return {
        "site": site,
        "newsletter": newsletter,
        "issue": issue,
        "edition": edition,
        "lead": lead,
        "lead_section": next(
            each for each in _all_chapters(edition, newsletter.brand) if lead in each.articles
        ),
        "sections": sections,
        "has_contents": edition.size > MANY_STORIES or len(sections) > MANY_SECTIONS,
        "pictures": {
            each.slug: _shown(pictures[each.slug], site) if each.slug in pictures else None
            for each in edition.articles
        },
        "language": newsletter.language,
        "direction": words.direction,
        "start": "right" if rtl else "left",
        "end": "left" if rtl else "right",
        **_words_context(words),
        **_links_context(issue, marks),
        **_brand_context(newsletter.brand, logo, site),
        **_editor_context(hand),
    }


def _all_chapters(edition: Edition, brand: Brand) -> list[Chapter]:
    styles = {key: f"k{number}" for number, key in enumerate(brand.light.topics, 1)}
    return [
        Chapter(
            topic=section.topic,
            articles=section.articles,
            anchor=f"topic-{number}",
            style=styles.get(topic_key(section.topic), ""),
            mark=f"{crc32(section.topic.encode()):x}",
        )
        for number, section in enumerate(edition.sections, 1)
    ]


def _chapters(edition: Edition, brand: Brand) -> list[Chapter]:
    lead = edition.lead
    others = (
        replace(each, articles=tuple(article for article in each.articles if article is not lead))
        for each in _all_chapters(edition, brand)
    )
    return [each for each in others if each.articles]


def _words_context(words: Wording) -> dict[str, Any]:
    return {
        "date": words.date,
        "full_date": words.full_date,
        "day": words.day,
        "weekday": words.weekday,
        "number": words.number,
        "listing": partial(_listing, words),
    }


def _listing(words: Wording, names: Sequence[str]) -> str:
    """
    `A, B, and C`; of HTML it is HTML.
    """
    said = words.listing(names)
    return Markup(said) if all(isinstance(each, Markup) for each in names) else said  # noqa: S704


def _links_context(issue: Issue, marks: Mapping[str, str]) -> dict[str, str]:
    name = issue.id.partition("/")[2]
    links = {purpose: f"{issue.site_url}{path}{marks[purpose]}" for purpose, path in PATHS.items()}
    return {
        "unsubscribe_url": links["unsubscribe"],
        "preferences_url": links["preferences"],
        "view_url": f"{links['view']}/{name}",
    }


def _brand_context(brand: Brand, logo: Picture | None, site: Site) -> dict[str, Any]:
    """
    Colours and fonts were checked when the settings were read: they stand in styles as they are.
    """
    return {
        "brand": brand,
        "light": brand.light,
        "dark": brand.dark,
        "heading_font": Markup(brand.heading_font),  # noqa: S704
        "text_font": Markup(brand.text_font),  # noqa: S704
        "topic_colours": _topic_colours(brand.light, brand.dark),
        "logo": _shown(logo, site, width=LOGO_WIDTH, height=LOGO_HEIGHT) if logo else None,
    }


def _topic_colours(light: Palette, dark: Palette) -> list[dict[str, str]]:
    return [
        {"style": f"k{number}", "light": colour, "dark": dark.topics[key]}
        for number, (key, colour) in enumerate(light.topics.items(), 1)
    ]


def _editor_context(hand: Hand) -> dict[str, Any]:
    """
    The editor's texts, as HTML for the letter and in lines for its text part.
    """
    return {
        "introduction": html_from_markdown(hand.introduction),
        "introduction_text": text_from_markdown(hand.introduction),
        "note": html_from_markdown(hand.note),
        "note_text": text_from_markdown(hand.note),
    }


def _shown(
    picture: Picture, site: Site, *, width: int = LEAD.width, height: int = LEAD.height
) -> Shown:
    scale = min(1.0, width / picture.width, height / picture.height)
    return Shown(
        url=f"{site.pictures_url}{picture.name}",
        colour=picture.colour,
        width=round(picture.width * scale),
        height=round(picture.height * scale),
        drawn=picture.drawn,
    )
