"""
What an issue is chosen from: all articles of a small folder, as much as it needs of a large one.
"""

from pathlib import Path

import pytest

from digest.pipeline import Moment, Pipeline
from digest.reader import MANY
from digest.settings import load_settings

from .factories import MONDAY
from .program import WEEKLY, Project, a_full_project, article_text


def opened(project: Project) -> Pipeline:
    settings = load_settings(project.config, {})
    return Pipeline(settings, clock=lambda: MONDAY, random_bits=lambda _: 1)


def titles(pipeline: Pipeline, name: str = "weekly") -> list[str]:
    newsletter = pipeline.settings.newsletter(name)
    edition = pipeline.select(newsletter, pipeline.issue(newsletter, Moment(at=MONDAY)))
    return [article.title for article in edition.articles]


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """
    A project with an archive of many old articles, and one that is none.
    """
    project = a_full_project(tmp_path_factory.mktemp("crowded") / "project")
    archive = project.folder / "content" / "archive"
    archive.mkdir()
    text = article_text("ancient", publishedDateTime="2020-01-01T12:00:00Z")
    for number in range(MANY):
        (archive / f"a{number}.md").write_text(text, "utf-8")
    (archive / "broken.md").write_text("no front matter", "utf-8")
    return project


def test_a_small_folder_gets_no_index(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project")

    assert titles(opened(project)) == ["Tides, explained", "Trams at night"]
    assert not load_settings(project.config, {}).index.exists()


def test_one_run_reads_a_small_folder_once_for_all_its_newsletters(tmp_path: Path) -> None:
    other = WEEKLY.replace("newsletters.weekly", "newsletters.other")
    project = a_full_project(tmp_path / "project", WEEKLY, other)
    pipeline = opened(project)

    first = titles(pipeline)
    for file in (project.folder / "content").iterdir():
        file.unlink()

    assert titles(pipeline, "other") == first == ["Tides, explained", "Trams at night"]


def test_a_large_folder_gets_an_index_and_the_same_selection(crowded: Project) -> None:
    first, second = opened(crowded), opened(crowded)

    cold = titles(first)
    assert first.settings.index.is_file()
    warm = titles(second)

    assert cold == warm == ["Tides, explained", "Trams at night"]
    assert [each.line for each in second.problems if each.level == "error"] == [1]


def test_what_is_added_later_is_seen(crowded: Project) -> None:
    titles(opened(crowded))
    crowded.add_article("late", title="Late, but hotter", heat=99)

    assert titles(opened(crowded))[0] == "Late, but hotter"


def test_all_articles_are_there_for_those_who_ask_for_all(crowded: Project) -> None:
    pipeline = opened(crowded)
    titles(pipeline)

    assert len(pipeline.articles) > MANY


def test_a_pin_reaches_articles_from_long_ago(crowded: Project) -> None:
    folder = crowded.folder / "issues" / "weekly"
    folder.mkdir(parents=True)
    (folder / "2026-11-23.toml").write_text('[[pin]]\nstory = "archive/a7"\ntopic = "Science"\n')

    pinned = titles(opened(crowded))
    (folder / "2026-11-23.toml").unlink()

    assert "Ancient" in pinned
