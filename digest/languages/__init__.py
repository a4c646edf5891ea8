"""
The fixed words of letters and web pages by language, and how its readers write dates.

    letter/<language>.po    what the shipped themes say
    web/<language>.po       what the pages of `digest serve` and the mails of its own say

A theme with words of its own has a folder of such catalogues itself.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from babel import Locale
    from babel.messages import Catalog, Message

FOLDER = Path(__file__).parent
ENGLISH = "en"


class CatalogueError(ValueError):
    """
    A file of words that cannot be read: the reason with its remedy, and the line.
    """

    def __init__(self, reason: str, path: Path, line: int | None) -> None:
        super().__init__(f"{path}: {reason}")
        self.reason = f"{reason}; correct it, or remove the file"
        self.path, self.line = path, line


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """
    One language. What its catalogue lacks is said in English, the language of the messages.
    """

    language: str  #: as configured, such as `de` or `pt-BR`
    timezone: str
    _locale: "Locale" = field(repr=False)
    _catalogues: "tuple[Catalog, ...]" = field(repr=False)  #: the first that has a message counts

    @property
    def direction(self) -> str:
        """
        `ltr` or `rtl`.
        """
        return self._locale.text_direction

    def gettext(self, message: str) -> str:
        texts, _ = self._translation(message)
        return texts[0] if texts else message

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        texts, plural_forms = self._translation(singular)
        if not texts:
            return singular if number == 1 else plural
        return texts[min(_plural_rule(plural_forms)(number), len(texts) - 1)]

    def knows(self, message: str) -> bool:
        """
        Whether a catalogue has it; English is the language of the messages.
        """
        return bool(self._translation(message)[0])

    def date(self, moment: datetime) -> str:
        """
        `November 23, 2026`, or what that is in the language.
        """
        return _written(self._locale, self._day_of(moment), "long")

    def full_date(self, moment: datetime) -> str:
        """
        `Monday, November 23, 2026`, or what that is in the language.
        """
        return _written(self._locale, self._day_of(moment), "full")

    def day(self, moment: datetime) -> str:
        """
        `November 23`, or what that is in the language.
        """
        return _written(self._locale, self._day_of(moment), "MMMMd")

    def weekday(self, moment: datetime) -> str:
        """
        `Mon, Nov 23`, or what that is in the language.
        """
        return _written(self._locale, self._day_of(moment), "MMMEd")

    def listing(self, names: Sequence[str]) -> str:
        """
        `A, B, and C`, or what that is in the language.
        """
        from babel.lists import format_list

        return format_list(names, locale=self._locale)

    def number(self, number: int) -> str:
        from babel.numbers import format_decimal

        return format_decimal(number, locale=self._locale)

    def _day_of(self, moment: datetime) -> datetime:
        """
        Local midnight: one for all moments of a day.
        """
        local = moment.astimezone(ZoneInfo(self.timezone))
        return local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)

    def _translation(self, message: str) -> tuple[list[str], str]:
        """
        The forms of a message, none if no catalogue has it, and the rule that chooses one.
        """
        for catalogue in self._catalogues:
            found = catalogue.get(message)
            if found is not None and not found.fuzzy:
                forms = [found.string] if isinstance(found.string, str) else [*(found.string or ())]
                if forms and all(forms):
                    return forms, catalogue.plural_expr
        return [], ""


@lru_cache(maxsize=4096)
def _written(locale: "Locale", day: datetime, form: str) -> str:
    """
    A date in one of the forms of its length, or in the order of the parts of a skeleton.
    """
    from babel.dates import format_date, format_skeleton

    if form in {"long", "full"}:
        return format_date(day, form, locale=locale)
    return format_skeleton(form, day, locale=locale)


@cache
def wording(
    language: str, catalogue: str, *, timezone: str = "UTC", own: tuple[Path, ...] = ()
) -> Wording:
    """
    The words of `letter` or `web` in a language such as `de` or `pt-BR`.

    `own` are folders of further catalogues, which come first. A language without a catalogue, or
    one that nobody knows, has the English words.
    """
    found = (read_catalogue(folder, language) for folder in (*own, FOLDER / catalogue))
    return Wording(
        language=language,
        timezone=timezone,
        _locale=_locale_of(language),
        _catalogues=tuple(each for each in found if each is not None),
    )


@cache
def _locale_of(language: str) -> "Locale":
    from babel import Locale, UnknownLocaleError

    for candidate in (language, language.split("-", maxsplit=1)[0]):
        try:
            return Locale.parse(candidate, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale(ENGLISH)


@cache
def read_catalogue(folder: Path, language: str) -> "Catalog | None":
    """
    The folder's catalogue for a language, or for what it is a kind of.

    CatalogueError if it is none. Translations with other placeholders than theirs are left out.
    """
    path = catalogue_path(folder, language)
    if path is None:
        return None
    catalogue = _parsed(path)
    for message, _ in _unusable(catalogue):
        catalogue.delete(message.id, message.context)
    return catalogue


def unusable_translations(path: Path) -> Iterator[tuple[int | None, str, str]]:
    """
    What is left out of a catalogue: the line, the message it translates, and the reason.
    """
    for message, reason in _unusable(_parsed(path)):
        singular = message.id if isinstance(message.id, str) else message.id[0]
        yield message.lineno, singular, reason


def _parsed(path: Path) -> "Catalog":
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            return read_po(file, locale=path.stem.replace("-", "_"), abort_invalid=True)
    except PoFileError as error:
        reason = str(error).removesuffix(f" on {error.lineno}")
        raise CatalogueError(reason, path, error.lineno + 1) from None
    except UnicodeDecodeError as error:
        # Babel decodes the lines one by one.
        lines = [each.strip() for each in path.read_bytes().splitlines()]
        reason = f"not text in {error.encoding}: save the file as UTF-8"
        raise CatalogueError(reason, path, lines.index(error.object) + 1) from None
    except OSError as error:
        raise CatalogueError(f"cannot be read: {error.strerror}", path, None) from None
    except (ValueError, LookupError) as error:
        raise CatalogueError(f"no catalogue: {error}", path, None) from None


def _unusable(catalogue: "Catalog") -> "list[tuple[Message, str]]":
    found = []
    for message in catalogue:
        errors = [*map(str, message.check(catalogue))] if message.id else []
        if errors:
            found.append((message, errors[0]))
    return found


def catalogue_path(folder: Path, language: str) -> Path | None:
    candidates = (language, language.split("-", maxsplit=1)[0])
    paths = (folder / f"{candidate}.po" for candidate in candidates)
    return next((path for path in paths if path.is_file()), None)


@cache
def _plural_rule(expression: str) -> Callable[[int], int]:
    from gettext import c2py

    return c2py(expression)
