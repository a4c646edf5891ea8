"""
Themes of one's own: made, tried, and everything that is wrong with them named with file and line.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from digest.model import Problem
from digest.pipeline import Moment, Pipeline
from digest.pipeline.checks import check
from digest.pipeline.theming import check_theme
from digest.settings import load_settings
from tests.factories import MONDAY
from tests.program import AT, SITE, WEEKLY, Project, a_full_project

NOW = Moment(at=MONDAY)
Judge = Callable[[Pipeline, Moment], Iterable[Problem]]


def check_own_theme(pipeline: Pipeline, moment: Moment) -> Iterable[Problem]:
    return check_theme(pipeline, "own", moment)


COLUMN, END = "<mj-section><mj-column>", "</mj-column></mj-section>"
FULL = '{% extends "default/issue.mjml.j2" %}\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_full_project(tmp_path / "project", WEEKLY + 'theme = "own"\n')


@pytest.fixture
def problems(project: Project) -> Callable[..., list[tuple[Any, ...]]]:
    """
    Line, level and message of what is wrong with a theme that has this letter.
    """

    def check(source: str, judge: Judge = check_own_theme) -> list[tuple[Any, ...]]:
        file = project.write("templates/own/issue.mjml.j2", "")
        file.write_text(source, "utf-8")
        bits = Random(1).getrandbits  # noqa: S311 - no secret
        settings = load_settings(project.config, {})
        pipeline = Pipeline(settings, clock=lambda: NOW.at, random_bits=bits)
        found = [each for each in judge(pipeline, NOW) if each.file == str(file)]
        return [(each.line, each.level, each.message) for each in found]

    return check


Problems = Callable[..., list[tuple[Any, ...]]]


def test_a_new_theme_is_sound_and_is_used_at_once(project: Project) -> None:
    made = project.done("theme", "new", "own")

    assert "templates/own/issue.mjml.j2" in made.err
    assert project.done("theme", "check", "--json").json == {"problems": []}
    assert project.json("check")["problems"] == []


@pytest.mark.parametrize("base", ["default", "compact", "plain"])
def test_any_theme_can_be_built_on(project: Project, base: str) -> None:
    project.done("theme", "new", "other", "--from", base)

    assert project.done("theme", "check", "other", "--json").json == {"problems": []}
    text = (project.folder / "templates/other/issue.mjml.j2").read_text("utf-8")
    assert f'{{% extends "{base}/issue.mjml.j2" %}}' in text
    assert "masthead" in text


def test_a_theme_may_build_on_one_of_ones_own(project: Project) -> None:
    project.done("theme", "new", "own")
    project.done("theme", "new", "other", "--from", "own")

    assert project.done("theme", "check", "--json").json == {"problems": []}


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("new", "../up"), 2, 'found "../up", needed is a name such as my-theme'),
        (("new", "other", "--from", "nowhere"), 1, 'there is no theme "nowhere"'),
        (("check", "nowhere"), 1, 'there is no theme "nowhere"'),
    ],
)
def test_wrong_names_are_refused_in_a_line(
    project: Project, arguments: tuple[str, ...], status: int, said: str
) -> None:
    ran = project.run("theme", *arguments)

    assert ran.status == status
    assert said in ran.err
    assert not (project.folder / "templates").exists()


def test_a_theme_is_never_overwritten(project: Project) -> None:
    file = project.write("templates/own/notes.txt", "mine")

    ran = project.run("theme", "new", "own")

    assert ran.status == 1
    assert "is there already: choose another name" in ran.err
    assert [*file.parent.iterdir()] == [file]


def test_without_themes_it_is_said_how_to_make_one(tmp_path: Path) -> None:
    ran = a_full_project(tmp_path / "project").done("theme", "check")

    assert "`digest theme new` makes one" in ran.err


@pytest.mark.parametrize("theme", ["default", "compact", "plain"])
def test_the_shipped_themes_are_sound(project: Project, theme: str) -> None:
    assert project.done("theme", "check", theme, "--json").json == {"problems": []}


@pytest.mark.parametrize(
    ("block", "line", "message"),
    [
        ("<mj-txt>a</mj-txt>", 2, "there is no <mj-txt> in MJML; did you mean mj-text?"),
        ("<mj-include path='x'/>", 2, '<mj-include> is not followed: write {% include "…" %}'),
        (
            '\n<mj-image source="{{ site.url }}"/>',
            3,
            "<mj-image> has no attribute source",
        ),
        ('\n<mj-image\n sizes="1"/>', 4, "<mj-image> has no attribute sizes"),
        ("<td width=600>", 2, "the value of width is not in quotes: MJML needs double ones"),
        (
            "<img alt='{{ lead.title }}'/>",
            2,
            "alt='…' holds what articles may say: with double quotes around it, nothing in it can",
        ),
        ("{{ leed.title }}", 2, '"leed" is undefined; did you mean lead?'),
        ("\n\n{{ lead.title | uper }}", 4, 'there is no filter "uper"; did you mean upper?'),
        ("{% if no %}{{ never.here }}{% endif %}", 2, '"never" is undefined'),
        ("{{ lead.titel }}", 2, "there is no article.titel; did you mean article.title?"),
        ("{% if %}", 2, "Expected an expression"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    problems: Problems, block: str, line: int, message: str
) -> None:
    found = problems(f"{FULL}{{% block note %}}{block}{{% endblock %}}\n")

    assert [each for each in found if each[:2] == (line, "error") and message in each[2]], found


def test_a_block_that_nothing_prints_is_named_with_its_line(problems: Problems) -> None:
    found = problems(f"{FULL}\n{{% block mastheat %}}x{{% endblock %}}\n")

    assert found == [
        (3, "error", 'no theme it builds on has a block "mastheat"; did you mean masthead?')
    ]


def test_tags_in_the_wrong_place_are_named_with_their_line(problems: Problems) -> None:
    found = problems(f"{FULL}{{% block preheader %}}\n<mj-text>lost</mj-text>{{% endblock %}}\n")

    assert found == [
        (
            3,
            "error",
            "<mj-text> does not belong into <mj-body>: put it into <mj-column> or <mj-hero>",
        )
    ]


@pytest.mark.parametrize(
    ("block", "line", "tag", "parent"),
    [
        ('{% block rest %}</mj-text>\n<i k="1">x</i><mj-text>{% endblock %}', 3, "i", "mj-column"),
        (
            "{% block section %}<mj-section>\n\n<p/></mj-section>{% endblock %}",
            4,
            "p",
            "mj-section",
        ),
        ("{% block preheader %}<div>x</div>{% endblock %}", 2, "div", "mj-body"),
    ],
)
def test_html_where_only_mjml_belongs_is_named_with_its_line(
    problems: Problems, block: str, line: int, tag: str, parent: str
) -> None:
    message = (
        f"<{tag}> does not belong into <{parent}>, which has elements of MJML alone:"
        " put it into <mj-text> or <mj-raw>"
    )

    assert problems(f"{FULL}{block}\n") == [(line, "error", message)]


@pytest.mark.parametrize(
    "block",
    [
        '<mj-raw><div lang="{{ language }}" dir="{{ direction }}"><p>x</p></div></mj-raw>',
        f'{COLUMN}<mj-button href="{{{{ site.url }}}}"><b>x</b></mj-button>{END}',
        f"{COLUMN}<mj-table><tr><td>x</td></tr></mj-table>{END}",
        f'{COLUMN}<mj-navbar><mj-navbar-link href="#"><b>x</b></mj-navbar-link></mj-navbar>{END}',
    ],
)
def test_html_where_it_belongs_is_left_alone(problems: Problems, block: str) -> None:
    found = problems(f"{FULL}{{% block preheader %}}{block}{{% endblock %}}\n")

    assert [message for _, _, message in found if "does not belong" in message] == []


def test_check_names_what_is_wrong_with_the_themes_in_use(problems: Problems) -> None:
    source = f'{FULL}{{% block note %}}\n<mj-image sizes="1"/>{{% endblock %}}\n'

    found = problems(source, check)

    assert [each[:2] for each in found if "has no attribute sizes" in each[2]] == [(3, "error")]


def test_a_wrong_theme_ends_its_check_with_an_error(project: Project) -> None:
    project.write("templates/own/issue.mjml.j2", FULL + "{% block note %}<mj-x/>{% endblock %}")

    ran = project.run("theme", "check")

    assert ran.status == 1
    assert "templates/own/issue.mjml.j2:2: error: there is no <mj-x> in MJML" in ran.err


def test_what_is_allowed_is_left_alone(problems: Problems) -> None:
    found = problems(
        f"{FULL}{{# <mj-nothing x=y> #}}\n"
        '<!-- was: <mj-divider colr="x"/> and <mj-foo> and <style> -->\n'
        "{% block styles %}{{ super() }}a[href='x'] > b{color:red}{% endblock %}\n"
        "{% block note %}{% for each in sections %}{% set count = loop.index %}\n"
        '<p {% if count > 1 %}class="m"{% endif %}>{{ each.topic }} {{ count }}</p>{% endfor %}\n'
        "{{ _('Unsubscribe') }}{% endblock %}\n"
    )

    assert found == []


def test_what_only_outlook_reads_is_looked_at_like_the_rest(problems: Problems) -> None:
    block = (
        "<!--[if mso]><td width=600><![endif]--><!--[if !mso]><!--><td height=6><!--<![endif]-->"
    )

    found = problems(f"{FULL}{{% block note %}}<!-- a --> {block}{{% endblock %}}\n")

    quoteless = [message for _, _, message in found if "is not in quotes" in message]
    assert [message.split()[3] for message in quoteless] == ["width", "height"]


def test_a_missing_word_is_named(project: Project) -> None:
    project.configure(SITE, WEEKLY + 'theme = "own"\nlanguage = "de"\n')
    source = "{% block note %}<p>{{ _('Until next week') }}</p>{% endblock %}\n"
    project.write("templates/own/issue.mjml.j2", FULL + source)

    ran = project.done("theme", "check", "--json")

    messages = [each["message"] for each in ran.json["problems"]]
    assert any('"Until next week"' in each for each in messages), messages


def test_a_broken_catalogue_is_named_once_and_ends_a_preview_with_its_line(
    project: Project,
) -> None:
    project.configure(SITE, WEEKLY + 'theme = "own"\nlanguage = "de"\n')
    project.write("templates/own/issue.mjml.j2", FULL)
    file = project.write("templates/own/languages/de.po", "")
    file.write_bytes('msgid "x"\nmsgstr "schön"\n'.encode("latin-1"))

    preview = project.run("preview", *AT)
    (problem,) = project.json("check", status=1)["problems"]

    assert preview.status == 1
    assert preview.err.startswith(f"digest: {file}:2: not text in utf-8")
    assert (problem["file"], problem["line"]) == (str(file), 2)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[brand]\naccent = "redish"\n', 'found "redish", should be a colour such as "#a3330f"'),
        ('[brand]\nlogo = "content/tides.md"\n', "logo"),
        ('[brand]\nlogo = "nowhere.png"\n', "logo"),
    ],
)
def test_a_brand_that_is_none_is_told_in_a_line(tmp_path: Path, table: str, said: str) -> None:
    project = a_full_project(tmp_path / "project", table, WEEKLY)

    ran = project.run("check")

    assert said in ran.err
    assert "digest.toml" in ran.err
