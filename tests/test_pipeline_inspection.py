"""
Where what is wrong with a page can be mended: by whom, in which file, on which line.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.program import SITE, WEEKLY, Project, a_full_project

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


def test_the_sample_content_is_clean() -> None:
    ran = Project(CONTENT).done("check", "--json")

    assert ran.json["problems"] == []
