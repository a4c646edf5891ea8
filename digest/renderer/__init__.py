"""
Stage 4. An edition becomes a page: Jinja2 -> MJML -> premailer, and a text of its own.

The order and the options of the chain are measured ones: others lose the doctype, the dark
colours or the width of pictures in Outlook.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from textwrap import fill
from traceback import extract_tb
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from markupsafe import Markup

from ..errors import ThemeError
from ..model import Edition, Hand, Issue, Newsletter, Page, Picture, Site
from ..text import UNWANTED, clean_line
from ..tokens import PATHS
from .linemarks import LineMarks, origin_of
from .mjml import MjmlError, to_html, without_names

HTML_TEMPLATE = "issue.mjml.j2"
TEXT_TEMPLATE = "issue.txt.j2"
#: Below the site's address; `digest serve` and any web server publish the picture cache there.
PICTURES_PATH = "/i/"
TEXT_COLUMNS = 72
MAX_SUBJECT = 200
RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "ur", "yi"})


def shipped_themes() -> Path:
    """
    The themes of this package: inside it in a wheel, beside it in a checkout.
    """
    package = Path(__file__).parent.parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


class Renderer:
    """
    Themes from several folders; the first folder that has a theme wins.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._environment = cache(partial(_environment, marked=False))

    def render(
        self,
        edition: Edition,
        *,
        newsletter: Newsletter,
        issue: Issue,
        site: Site,
        pictures: Mapping[str, Picture],
        marks: Mapping[str, str],
        hand: Hand | None = None,
    ) -> Page:
        """
        The page of an edition that has something to read. ThemeError names file and line.
        """
        theme = self._theme(newsletter.theme)
        context = _context(edition, newsletter, issue, site, pictures, marks)
        context |= _editor_context(hand or Hand())
        context["subject"] = _subject(newsletter, context)
        return Page(
            subject=context["subject"],
            html=self._html(theme, context),
            text=_run(theme, self._environment(theme, html=False), TEXT_TEMPLATE, context),
            marks=marks,
            pictures=tuple(sorted({picture.name for picture in pictures.values()})),
        )

    def _theme(self, name: str) -> Path:
        for folder in self._folders:
            if (folder / name / HTML_TEMPLATE).is_file():
                return folder / name
        themes = {
            path.parent.name for each in self._folders for path in each.glob(f"*/{HTML_TEMPLATE}")
        }
        raise ThemeError(f'there is no theme "{name}"; there are: {", ".join(sorted(themes))}')

    def _html(self, theme: Path, context: Mapping[str, Any]) -> str:
        source = _run(theme, self._environment(theme, html=True), HTML_TEMPLATE, context)
        try:
            return to_html(source)
        except MjmlError as error:
            # Once more, slowly, to learn which line of which template wrote that line.
            environment = _environment(theme, html=True, marked=True)
            marked = _run(theme, environment, HTML_TEMPLATE, context)
            file, line = origin_of(without_names(marked), error.line, error.column)
            file = str(theme / (file or HTML_TEMPLATE))
            raise ThemeError(error.reason, file=file, line=line) from None


def _environment(theme: Path, *, html: bool, marked: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(theme),
        autoescape=html,  # noqa: S701 - off for the text part only
        undefined=StrictUndefined,
        trim_blocks=not html,
        lstrip_blocks=not html,
        keep_trailing_newline=True,
        extensions=[LineMarks] if marked else [],
    )
    environment.filters["wrap"] = _wrap
    return environment


def _context(
    edition: Edition,
    newsletter: Newsletter,
    issue: Issue,
    site: Site,
    pictures: Mapping[str, Picture],
    marks: Mapping[str, str],
) -> dict[str, Any]:
    """
    All that a theme may use. Its names are the project's words.
    """
    lead = edition.lead
    others = (
        replace(section, articles=tuple(each for each in section.articles if each is not lead))
        for section in edition.sections
    )
    language = newsletter.language.split("-")[0]
    return {
        "site": site,
        "newsletter": newsletter,
        "issue": issue,
        "edition": edition,
        "lead": lead,
        "sections": [section for section in others if section.articles],
        "pictures": {
            slug: {"url": f"{issue.site_url}{PICTURES_PATH}{each.name}", "colour": each.colour}
            for slug, each in pictures.items()
        },
        "unsubscribe_url": f"{issue.site_url}{PATHS['unsubscribe']}{marks['unsubscribe']}",
        "preferences_url": f"{issue.site_url}{PATHS['preferences']}{marks['preferences']}",
        "language": newsletter.language,
        "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "start": "right" if language in RIGHT_TO_LEFT else "left",
        "date": _date_formatter(newsletter.timezone, "%B %Y"),
        "day": _date_formatter(newsletter.timezone, "%B"),
    }


def _editor_context(hand: Hand) -> dict[str, Any]:
    """
    The editor's texts, as HTML for the letter and as they were written for its text part.
    """
    return {
        "introduction": _from_markdown(hand.introduction),
        "introduction_text": hand.introduction,
        "note": _from_markdown(hand.note),
        "note_text": hand.note,
    }


def _from_markdown(text: str) -> Markup:
    if not text:
        return Markup()
    from markdown_it import MarkdownIt

    # MJML wants XML; markup of the editor's own is shown as text.
    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True}).disable("image")
    return Markup(parser.render(UNWANTED.sub("", text)))  # noqa: S704


def _date_formatter(timezone: str, after_day: str) -> Callable[[datetime], str]:
    def date(moment: datetime) -> str:
        local = moment.astimezone(ZoneInfo(timezone))
        return f"{local.day} {local:{after_day}}"

    return date


def _subject(newsletter: Newsletter, context: Mapping[str, Any]) -> str:
    """
    The subject line, a template of the operator's over the edition; never longer than a line.
    """
    environment = Environment(autoescape=False, undefined=StrictUndefined)  # noqa: S701 - a header, not HTML
    try:
        subject = environment.from_string(newsletter.subject).render(context)
    except Exception as error:  # noqa: BLE001 - a template is somebody's program
        message = f"the subject of {newsletter.id} does not render: {error}"
        raise ThemeError(message) from None
    line = " ".join(UNWANTED.sub("", " ".join(subject.split())).split())
    return line[:MAX_SUBJECT].rstrip() or newsletter.title


def _run(theme: Path, environment: Environment, name: str, context: Mapping[str, Any]) -> str:
    try:
        return environment.get_template(name).render(context)
    except TemplateSyntaxError as error:
        file = error.filename or str(theme / name)
        raise ThemeError(error.message or "syntax error", file=file, line=error.lineno) from None
    except Exception as error:  # noqa: BLE001
        # A theme is somebody's program; whatever it raises, its author is told where.
        frames = extract_tb(error.__traceback__)
        inside = [each for each in frames if Path(each.filename).is_relative_to(theme)]
        file = inside[-1].filename if inside else str(theme / name)
        line = inside[-1].lineno if inside else None
        raise ThemeError(_reason_of(error), file=file, line=line) from None


def _reason_of(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        return f'there is no template "{error.name}"'
    if isinstance(error, UndefinedError):
        return error.message or "something is undefined"
    return f"{type(error).__name__}: {error}"


def _wrap(text: str, indent: str = "") -> str:
    """
    Paragraphs of 72 columns; words, addresses among them, stay whole.
    """
    return fill(
        clean_line(text),
        TEXT_COLUMNS,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
