"""
Where what is wrong with a page can be mended: by whom, in which file, on which line.
"""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from digest.pipeline import Moment, Pipeline
from digest.pipeline.checks import check
from digest.settings import load_settings
from tests.factories import MONDAY
from tests.program import ISSUE, SITE, WEEKLY, Project, a_full_project

CONTENT = Path(__file__).parent.parent / "content"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_full_project(tmp_path / "project")


def problems(project: Project, status: int = 0) -> Sequence[dict[str, Any]]:
    found: Sequence[dict[str, Any]] = project.json("check", status=status)["problems"]
    return found


def test_a_placeholder_of_an_article_is_named_with_its_line(project: Project) -> None:
    project.add_article("draft", title="Tides", excerpt="[INSERT EXCERPT]", heat=80)

    (problem,) = problems(project)

    assert problem["file"] == str(project.folder / "content" / "draft.md")
    assert problem["line"] == 3
    assert problem["level"] == "warning"
    assert problem["message"] == (
        'newsletters.weekly: "[INSERT EXCERPT]" looks like a placeholder: replace it'
    )


def test_a_generic_link_of_a_theme_is_named_with_its_line(project: Project) -> None:
    theme = project.folder / "templates" / "own"
    theme.mkdir(parents=True)
    theme.joinpath("issue.txt.j2").write_text("{{ newsletter.title }}\n")
    theme.joinpath("issue.mjml.j2").write_text(
        '<mjml lang="en" dir="ltr">\n<mj-head><mj-title>{{ subject }}</mj-title></mj-head>\n'
        "<mj-body><mj-section><mj-column><mj-text><h1>{{ newsletter.title }}</h1>\n"
        '<p><a href="{{ lead.url }}">Read\nmore</a></p>\n<img src="{{ site.url }}/a.png"/>'
        "</mj-text></mj-column></mj-section></mj-body></mjml>\n"
    )
    project.configure(SITE, WEEKLY + 'theme = "own"\n')

    found = [(each["line"], each["level"], each["message"]) for each in problems(project, 1)]

    ((line, _, message),) = (each for each in found if each[1] == "error")
    assert line == 6
    assert 'the picture "https://digests.example.org/a.png" has no alt: write one' in message
    assert (
        4,
        "warning",
        'newsletters.weekly: the link "Read more" does not say where it leads: name its target',
    ) in found


def test_what_the_editor_wrote_is_named_in_the_editor_s_file(project: Project) -> None:
    words = "A story of other people, a link to it, here and there: Big heading"
    project.add_article("words", title="Words", excerpt=words, webUrl="https://x.example.org/more")
    file = project.write(
        f"issues/{ISSUE}.toml",
        """\
        introduction = \"\"\"
        # Big heading

        TODO: [a story](foo/bar), [other](https:///nohost) and [here](https://x.example.org).
        \"\"\"
        note = "[Link](https://y.example.org)\\nsays more, and [nothing]() \\u0074oo"
        """,
    )
    bits = Random(1).getrandbits  # noqa: S311 - no secret
    settings = load_settings(project.config, {})
    pipeline = Pipeline(settings, clock=lambda: MONDAY, random_bits=bits)

    found = check(pipeline, Moment(at=MONDAY))

    assert {each.file for each in found} == {str(file)}
    assert sorted(each.line or 0 for each in found) == [2, 4, 4, 4, 4, 6, 6]
    assert 'a second <h1>, "Big heading"' in found[0].message


def test_a_theme_without_a_masthead_s_heading_is_named_and_not_the_shipped_one(
    project: Project,
) -> None:
    source = '{% extends "default/issue.mjml.j2" %}\n{% block masthead %}<p>x</p>{% endblock %}\n'
    file = project.write("templates/own/issue.mjml.j2", source)
    project.configure(SITE, WEEKLY + 'theme = "own"\n')

    ((named, line, message),) = (
        (each["file"], each["line"], each["message"]) for each in problems(project)
    )

    assert (named, line) == (str(file), 2)
    assert "there is no <h1>" in message


def test_comments_of_a_theme_are_no_clues(project: Project) -> None:
    source = (
        '{% extends "default/issue.mjml.j2" %}\n{# [here] <a href="">here</a> #}\n'
        '{% block note %}\n<p><a href="{{ lead.url }}">here</a></p>{% endblock %}\n'
    )
    file = project.write("templates/own/issue.mjml.j2", source)
    project.configure(SITE, WEEKLY + 'theme = "own"\n')

    found = [each for each in problems(project) if "does not say where" in each["message"]]

    assert [(each["file"], each["line"]) for each in found] == [(str(file), 4)]


def test_what_nobody_wrote_is_the_newsletter_s(project: Project) -> None:
    project.configure(SITE, WEEKLY + 'subject = "TODO"\n')

    (problem,) = problems(project)

    lines = project.config.read_text().splitlines()
    assert problem["file"] == str(project.config)
    assert lines[problem["line"] - 1] == "[newsletters.weekly]"


def test_the_sample_content_is_clean() -> None:
    ran = Project(CONTENT).done("check", "--json")

    assert ran.json["problems"] == []
