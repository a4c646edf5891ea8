"""
The fixed words by language: whole catalogues, plurals, dates; English where something lacks.
"""

from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest

from digest.languages import FOLDER, read_catalogue, wording
from digest.renderer import Renderer, shipped_themes
from digest.renderer.themes import find_theme, theme_names
from digest.renderer.words import word_problems

MORE = (
    "Read %(shown)s more story of this issue on the web",
    "Read %(shown)s more stories of this issue on the web",
)
LATE = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
SHIPPED = ("ar", "de", "es", "fr")


@pytest.mark.parametrize("theme", theme_names([shipped_themes()]))
def test_no_catalogue_lacks_a_word_of_any_shipped_theme(theme: str) -> None:
    found = [*Renderer([shipped_themes()]).word_problems(theme, SHIPPED)]

    assert found == []


def test_every_template_is_looked_at_for_words() -> None:
    looked_at = chain.from_iterable(
        find_theme([shipped_themes()], name).all_templates
        for name in theme_names([shipped_themes()])
    )

    assert {*looked_at} == {*shipped_themes().rglob("*.j2")}


@pytest.mark.parametrize("language", SHIPPED)
def test_a_shipped_catalogue_has_all_plural_forms_and_placeholders(language: str) -> None:
    catalogue = read_catalogue(FOLDER / "letter", language)

    assert catalogue is not None
    assert catalogue.num_plurals == {"ar": 6}.get(language, 2)
    for message in catalogue:
        if message.id:
            forms = message.string if isinstance(message.string, tuple) else (message.string,)
            assert all(forms)
            assert not [*message.check(catalogue)]
            assert len(forms) == (catalogue.num_plurals if message.pluralizable else 1)


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        ("en", 1, "Read %(shown)s more story of this issue on the web"),
        ("en", 0, "Read %(shown)s more stories of this issue on the web"),
        ("de", 2, "Noch %(shown)s Beiträge dieser Ausgabe im Web lesen"),
        ("fr", 0, "Lire encore %(shown)s article de ce numéro sur le web"),
        ("ar", 5, "اقرأ %(shown)s مقالات أخرى من هذا العدد على الويب"),
        ("ar", 100, "اقرأ %(shown)s مقالة أخرى من هذا العدد على الويب"),
    ],
)
def test_numbers_have_the_forms_of_the_language(language: str, number: int, said: str) -> None:
    assert wording(language, "letter").ngettext(*MORE, number) == said


@pytest.mark.parametrize("language", ["de-AT", "de"])
def test_a_kind_of_a_language_has_the_words_of_the_language(language: str) -> None:
    assert wording(language, "letter").gettext("Unsubscribe") == "Abbestellen"


@pytest.mark.parametrize("language", ["en", "en-GB", "it", "xx", "tlh-Latn"])
def test_a_language_without_a_catalogue_says_it_in_english(language: str) -> None:
    assert wording(language, "letter").gettext("Unsubscribe") == "Unsubscribe"


@pytest.mark.parametrize(
    ("language", "date", "weekday", "full", "listing"),
    [
        ("en", "November 23, 2026", "Mon, Nov 23", "Monday, November 23, 2026", "A, B, and C"),
        ("en-GB", "23 November 2026", "Mon 23 Nov", "Monday, 23 November 2026", "A, B and C"),
        ("de", "23. November 2026", "Mo., 23. Nov.", "Montag, 23. November 2026", "A, B und C"),
        ("ar", "23 نوفمبر 2026", "الاثنين، 23 نوفمبر", "الاثنين، 23 نوفمبر 2026", "A وB وC"),
    ],
)
def test_dates_and_lists_are_the_language_s_own_and_days_the_reader_s(
    language: str, date: str, weekday: str, full: str, listing: str
) -> None:
    words = wording(language, "letter", timezone="Europe/Paris")

    assert (words.date(LATE), words.weekday(LATE), words.full_date(LATE)) == (date, weekday, full)
    assert words.listing(["A", "B", "C"]) == listing


# A theme's own words


def a_theme(folder: Path, catalogue: str | None) -> Path:
    theme = folder / "mine"
    (theme / "languages").mkdir(parents=True)
    (theme / "issue.mjml.j2").write_text(
        '{% extends "plain/issue.mjml.j2" %}\n'
        '{% block note %}\n{{ _("Our own words") }}, {{ _("Unsubscribe") }}\n{% endblock %}\n'
        "{% block rest %}{% trans n=3 %}One{% pluralize n %}{{ n }}{% endtrans %}{% endblock %}\n"
    )
    if catalogue is not None:
        (theme / "languages" / "de.po").write_text(catalogue, "utf-8")
    return theme


HEADER = 'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
PLURAL = 'msgid "One"\nmsgid_plural "%(n)s"\nmsgstr[0] "Eins"\nmsgstr[1] "%(n)s"\n\n'


def problems_of(folder: Path, *languages: str) -> list[tuple[str, int | None, str]]:
    theme = find_theme([folder, shipped_themes()], "mine")
    found = word_problems(theme, languages)
    return [(Path(each.file).name, each.line, each.message) for each in found]


def test_a_theme_s_own_words_come_first(tmp_path: Path) -> None:
    theme = a_theme(
        tmp_path,
        HEADER + PLURAL + 'msgid "Our own words"\nmsgstr "Unser"\n\n'
        'msgid "Unsubscribe"\nmsgstr "Weg damit"\n',
    )
    words = wording("de", "letter", own=(theme / "languages",))

    assert words.gettext("Our own words") == "Unser"
    assert words.gettext("Unsubscribe") == "Weg damit"
    assert words.gettext("Choose your topics") == "Themen auswählen"
    assert problems_of(tmp_path, "de", "en") == []


def test_a_missing_word_is_named_with_the_catalogue_and_where_it_is_said(tmp_path: Path) -> None:
    a_theme(tmp_path, HEADER + PLURAL)

    assert problems_of(tmp_path, "de") == [
        (
            "de.po",
            None,
            (
                'lacks "Our own words", which issue.mjml.j2 says in line 3: letters say it in'
                " English; add a msgid and a msgstr"
            ),
        )
    ]


def test_a_catalogue_of_a_theme_is_looked_at_even_if_no_newsletter_uses_it(tmp_path: Path) -> None:
    a_theme(tmp_path, HEADER)

    assert len(problems_of(tmp_path, "en")) == 2


@pytest.mark.parametrize(
    ("forms", "said"),
    [
        ('msgstr[0] ""\nmsgstr[1] ""', 'lacks "One"'),
        (
            'msgstr[0] "Eins"\nmsgstr[1] "%(number)s"',
            'the translation of "One" is not used: unknown named placeholder',
        ),
    ],
    ids=["empty", "another placeholder"],
)
def test_a_translation_that_cannot_be_used_is_named_once(
    tmp_path: Path, forms: str, said: str
) -> None:
    own = 'msgid "Our own words"\nmsgstr "Unser"\n\n'
    theme = a_theme(tmp_path, f'{HEADER}{own}msgid "One"\nmsgid_plural "%(n)s"\n{forms}\n')

    ((file, line, message),) = problems_of(tmp_path, "de")

    assert (file, line) == ("de.po", 7)
    assert message.startswith(said)
    assert (
        wording("de", "letter", own=(theme / "languages",)).ngettext("One", "%(n)s", 3) == "%(n)s"
    )


def test_a_language_without_any_words_is_one_problem(tmp_path: Path) -> None:
    a_theme(tmp_path, None)

    assert problems_of(tmp_path, "it") == [
        (
            "it.po",
            None,
            "there are no words in it: letters say them in English; add this file",
        )
    ]


def test_a_translation_that_is_not_used_is_named_even_if_we_have_another(tmp_path: Path) -> None:
    a_theme(
        tmp_path,
        f'{HEADER}{PLURAL}msgid "Our own words"\nmsgstr "Unser"\n\n'
        'msgid "You get this because you subscribed to %(title)s. Your topics: %(topics)s."\n'
        'msgstr "%(titel)s: %(topics)s"\n',
    )

    ((file, line, message),) = problems_of(tmp_path, "de")

    assert (file, line) == ("de.po", 12)
    assert message.endswith("is not used: unknown named placeholder 'titel'; keep to the msgid")


@pytest.mark.parametrize(
    ("catalogue", "line", "message"),
    [
        ('msgid "x"\nnonsense\nmsgstr "y"\n', 2, "Unknown or misformatted keyword"),
        ('msgid "x"\nmsgstr "y"\n\nmsgid "z"\n', 4, "missing msgstr for msgid 'z'"),
        (
            'msgid "x"\n\nmsgstr "sch\udcf6n"\n',
            3,
            "not text in utf-8: save the file as UTF-8",
        ),
        ('msgid "x"\nmsgstr[a] "y"\n', None, "no catalogue: invalid literal for int()"),
    ],
)
def test_a_broken_catalogue_is_told_with_its_line(
    tmp_path: Path, catalogue: str, line: int | None, message: str
) -> None:
    path = a_theme(tmp_path, "") / "languages" / "de.po"
    path.write_bytes(catalogue.encode("utf-8", "surrogateescape"))

    ((file, found, told),) = problems_of(tmp_path, "de")

    assert (file, found) == ("de.po", line)
    assert told.startswith(message)
    assert told.endswith("; correct it, or remove the file")


def test_words_can_be_added_to_a_shipped_theme(tmp_path: Path) -> None:
    theme = find_theme([tmp_path, shipped_themes()], "compact")
    (problem,) = word_problems(theme, ["it"])
    Path(problem.file).parent.mkdir(parents=True)
    Path(problem.file).write_text('msgid "Unsubscribe"\nmsgstr "Cancellati"\n')

    again = find_theme([tmp_path, shipped_themes()], "compact")

    assert problem.file == str(tmp_path / "compact" / "languages" / "it.po")
    assert wording("it", "letter", own=again.languages).gettext("Unsubscribe") == "Cancellati"
    assert 'lacks "Video"' in " ".join(each.message for each in word_problems(again, ["it"]))
