"""
What a theme says that a catalogue does not know: said in English, and named by `digest check`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from jinja2 import TemplateSyntaxError

from ..languages import ENGLISH, CatalogueError, catalogue_path, unusable_translations, wording
from ..model import Problem
from .themes import LANGUAGES, Theme

EXTRACTION = {"newstyle_gettext": "true", "trimmed": "true", "silent": "false"}
KEYWORDS = ("_", "gettext", "ngettext")


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where a template says something.
    """

    file: Path
    line: int


def word_problems(theme: Theme, languages: Iterable[str]) -> Iterator[Problem]:
    """
    The words that are missing in these languages, and in those of the theme's own catalogues.
    """
    own = {path.stem for folder in theme.languages for path in folder.glob("*.po")}
    foreign = [each for each in {*languages, *own} if each.partition("-")[0] != ENGLISH]
    if not foreign:
        return  # Most have none, and looking at every template takes time.
    words = {word: place for file in theme.all_templates for word, place in _words_of(file)}
    for language in sorted(foreign):
        yield from _missing(theme, language, words)


def _words_of(file: Path) -> Iterator[tuple[str, Place]]:
    """
    The messages of a template; none of one that is broken, which is told when it is rendered.
    """
    try:
        for word, line in _words_in(file.read_bytes()):
            yield word, Place(file, line)
    except (OSError, UnicodeDecodeError, TemplateSyntaxError):
        return


@lru_cache(maxsize=256)
def _words_in(source: bytes) -> tuple[tuple[str, int], ...]:
    # Kept, as a live preview asks again and again, and parsing takes time.
    from jinja2.ext import babel_extract

    found = []
    for line, _, message, _ in babel_extract(BytesIO(source), KEYWORDS, (), dict(EXTRACTION)):
        forms = [message] if isinstance(message, str) else [*filter(None, message or ())]
        found += [(form, line) for form in forms[:1]]
    return tuple(found)


def _missing(theme: Theme, language: str, words: Mapping[str, Place]) -> Iterator[Problem]:
    # Where words can be added, be the theme a shipped one or not.
    folder = theme.roots[0] / theme.folder.name / LANGUAGES
    paths = (catalogue_path(each, language) for each in (*theme.languages, folder))
    file = next(filter(None, paths), folder / f"{language}.po")
    try:
        known = wording(language, "letter", own=theme.languages)
    except CatalogueError as error:
        yield Problem(file=str(error.path), line=error.line, message=error.reason)
        return
    unusable = dict(_unusable(theme, language))
    yield from unusable.values()
    words = {word: place for word, place in words.items() if word not in unusable}
    missing = {word: place for word, place in words.items() if not known.knows(word)}
    if missing and len(missing) == len(words) and not file.exists():
        message = f"there are no words in {language}: letters say them in English; add this file"
        yield Problem(file=str(file), level="warning", message=message)
        return
    for word, place in missing.items():
        kept = ", with its placeholders" if "%(" in word else ""
        message = (
            f'lacks "{word}", which {place.file.name} says in line {place.line}: letters say it'
            f" in English; add a msgid and a msgstr{kept}"
        )
        yield Problem(file=str(file), line=_line_of(file, word), level="warning", message=message)


def _unusable(theme: Theme, language: str) -> Iterator[tuple[str, Problem]]:
    """
    The words of the theme's own catalogues that are not used, whoever else translates them.
    """
    own = (catalogue_path(folder, language) for folder in theme.languages)
    for path in filter(None, own):
        for line, word, reason in unusable_translations(path):
            message = f'the translation of "{word}" is not used: {reason}; keep to the msgid'
            yield word, Problem(file=str(path), line=line, level="warning", message=message)


def _line_of(file: Path, word: str) -> int | None:
    """
    Where a catalogue has the word, but no translation that can be used.
    """
    if not file.is_file():
        return None
    lines = file.read_text("utf-8", "replace").splitlines()
    quoted = f'msgid "{word}"'
    return next((number for number, line in enumerate(lines, 1) if line == quoted), None)
