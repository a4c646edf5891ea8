"""
Stage 4. An edition becomes a page: Jinja2 -> MJML -> premailer, and a text of its own.

The order and the options of the chain are measured ones: others lose the doctype, the dark
colours or the width of pictures in Outlook.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from traceback import extract_tb
from typing import Any

from jinja2 import (
    Environment,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import ThemeError
from ..languages import CatalogueError, Wording, wording
from ..model import Edition, Hand, Issue, Newsletter, Page, Picture, Problem, Shortening, Site
from ..text import UNWANTED
from .context import FILTERS, context_of
from .fragments import Fragments
from .linemarks import origin_of
from .mjml import MjmlError, without_names
from .themes import (
    HTML_TEMPLATE,
    TEXT_TEMPLATE,
    Pictured,
    Theme,
    ThemeEnvironment,
    find_theme,
)
from .unknown import Unknown, meant
from .words import word_problems

__all__ = ["Renderer", "shipped_themes"]

MAX_SUBJECT = 200
UNDEFINED_NAME = re.compile(r"'(\w+)' is undefined")


def shipped_themes() -> Path:
    """
    The themes of this package: inside it in a wheel, beside it in a checkout.
    """
    package = Path(__file__).parent.parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


class Renderer:
    """
    Themes from several folders; the first folder that has a theme wins. Reads each file once.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._fragments = Fragments()
        self._themes: dict[str, Theme] = {}
        self._environments: dict[tuple[object, ...], Environment] = {}

    def pictured(self, theme: str) -> Pictured:
        """
        Which stories have pictures in a theme.
        """
        return self._theme(theme).pictured

    def word_problems(self, theme: str, languages: Iterable[str]) -> Iterator[Problem]:
        """
        What a theme says that catalogues lack, in these languages and in those of its own.
        """
        return word_problems(self._theme(theme), languages)

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
        logo: Picture | None = None,
        shortening: Shortening | None = None,
    ) -> Page:
        """
        The page of an edition that has something to read. ThemeError names file and line.
        """
        theme = self._theme(newsletter.theme)
        words = _words(theme, newsletter)
        context = context_of(
            edition,
            newsletter=newsletter,
            issue=issue,
            site=site,
            pictures=pictures,
            marks=marks,
            hand=hand or Hand(),
            words=words,
            logo=logo,
        )
        context["subject"] = _subject(newsletter, context)
        context["shortening"] = shortening
        shown = {*pictures.values(), logo} if logo else pictures.values()
        return Page(
            subject=context["subject"],
            html=self._html(theme, words, context),
            text=_run(theme, self._environment(theme, words, html=False), TEXT_TEMPLATE, context),
            marks=marks,
            pictures=tuple(sorted({each.name for each in shown if each})),
        )

    def _theme(self, name: str) -> Theme:
        if name not in self._themes:
            self._themes[name] = find_theme(self._folders, name)
        return self._themes[name]

    def _html(self, theme: Theme, words: Wording, context: Mapping[str, Any]) -> str:
        environment = self._environment(theme, words, html=True)
        source = _run(theme, environment, HTML_TEMPLATE, context)
        try:
            return self._converted(source)
        except MjmlError as error:
            # Once more, slowly, to learn which line of which template wrote that line.
            environment = self._environment(theme, words, html=True, marked=True)
            marked = _run(theme, environment, HTML_TEMPLATE, context)
            file, line = origin_of(without_names(marked), error.line, error.column)
            raise ThemeError(
                error.reason, file=str(theme.folder / (file or HTML_TEMPLATE)), line=line
            ) from None

    def _converted(self, source: str) -> str:
        return self._fragments.to_html(source)

    def _environment(
        self, theme: Theme, words: Wording, *, html: bool, marked: bool = False
    ) -> Environment:
        key = theme.folder, words.language, html, marked
        if key not in self._environments:
            environment = ThemeEnvironment(theme, words, html=html, marked=marked)
            environment.filters |= FILTERS
            self._environments[key] = environment
        return self._environments[key]


def _words(theme: Theme, newsletter: Newsletter) -> Wording:
    try:
        return wording(
            newsletter.language, "letter", timezone=newsletter.timezone, own=theme.languages
        )
    except CatalogueError as error:
        raise ThemeError(error.reason, file=str(error.path), line=error.line) from None


def _subject(newsletter: Newsletter, context: Mapping[str, Any]) -> str:
    """
    The subject line, a template of the operator's over the edition; never longer than a line.
    """
    try:
        subject = _subject_template(newsletter.subject).render(context)
    except Exception as error:  # noqa: BLE001 - a template is somebody's program
        message = f"the subject of {newsletter.id} does not render: {error}"
        raise ThemeError(message, key="subject") from None
    line = " ".join(UNWANTED.sub("", " ".join(subject.split())).split())
    return line[:MAX_SUBJECT].rstrip() or newsletter.title


@cache
def _subject_template(source: str) -> Template:
    # A header, not HTML: nothing is escaped.
    return ImmutableSandboxedEnvironment(undefined=Unknown).from_string(source)


def _run(theme: Theme, environment: Environment, name: str, context: Mapping[str, Any]) -> str:
    try:
        return environment.get_template(name).render(context)
    except TemplateSyntaxError as error:
        file = error.filename or str(theme.folder / name)
        raise ThemeError(error.message or "syntax error", file=file, line=error.lineno) from None
    except Exception as error:  # noqa: BLE001
        # A theme is somebody's program; whatever it raises, its author is told where.
        frames = extract_tb(error.__traceback__)
        inside = [each for each in frames if theme.holds(each.filename)]
        file = inside[-1].filename if inside else str(theme.folder / name)
        line = inside[-1].lineno if inside else None
        reason = _reason_of(error, theme, name, context)
        raise ThemeError(reason, file=file, line=line) from None


def _reason_of(error: Exception, theme: Theme, wanted: str, names: Iterable[str]) -> str:
    if isinstance(error, TemplateNotFound):
        name = str(error.name)
        if name == wanted:
            return f'there is no template "{name}": write one, or extend a theme that has one'
        return f'there is no template "{name}"{meant(name, theme.names)}'
    if isinstance(error, UndefinedError):
        message = error.message or "something is undefined"
        found = UNDEFINED_NAME.fullmatch(message)
        return f'"{found[1]}" is undefined{meant(found[1], names)}' if found else message
    return f"{type(error).__name__}: {error}"
