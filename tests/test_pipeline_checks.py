"""
What an editor is told before an issue is due.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from digest.pipeline import Moment, Pipeline
from digest.pipeline.checks import check, count_topics
from digest.settings import load_settings
from tests.factories import MONDAY
from tests.program import SITE, WEEKLY, Project, a_full_project

NOW = Moment(at=MONDAY + timedelta(hours=1))
SECOND = WEEKLY.replace("newsletters.weekly", "newsletters.second")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_full_project(tmp_path / "project")


@pytest.fixture
def opened() -> Callable[..., Pipeline]:
    def open_pipeline(project: Project, *tables: str) -> Pipeline:
        if tables:
            project.configure(SITE, *tables)
        bits = Random(1).getrandbits  # noqa: S311 - no secret
        settings = load_settings(project.config, {})
        return Pipeline(settings, clock=lambda: NOW.at, random_bits=bits)

    return open_pipeline


Open = Callable[..., Pipeline]


def test_a_sound_project_has_no_problems(project: Project, opened: Open) -> None:
    assert check(opened(project), NOW) == ()


def test_a_theme_is_tried_on_all_articles_whatever_the_window(
    project: Project, opened: Open
) -> None:
    pipeline = opened(project, WEEKLY + "subject = '{{ lead.heading }}'\n")

    (problem,) = check(pipeline, Moment(at=MONDAY + timedelta(days=365)))

    assert problem.level == "error"
    assert problem.file == str(project.config)
    assert "the subject of weekly does not render" in problem.message


def test_one_problem_of_two_newsletters_is_told_once(project: Project, opened: Open) -> None:
    pipeline = opened(project, *(table + "theme = 'nowhere'\n" for table in (WEEKLY, SECOND)))

    problems = check(pipeline, NOW)

    assert [each.message for each in problems] == [
        'there is no theme "nowhere"; there are: default'
    ]


def test_pictures_that_are_not_there_are_warned_of(project: Project, opened: Open) -> None:
    project.add_article("pictured", heat=99, images=[{"url": "nowhere.png"}])

    problems = check(opened(project), NOW)

    assert [each.level for each in problems] == ["warning"]
    assert "nowhere.png" in problems[0].message


def test_a_topic_counts_as_known_in_any_spelling(project: Project, opened: Open) -> None:
    pipeline = opened(project, WEEKLY.replace('"Science"', '"SCI ENCE"'))

    assert check(pipeline, NOW) == ()


def test_topics_are_counted_the_fullest_first(project: Project, opened: Open) -> None:
    project.add_article("chess", topics=["Games", "science"])
    project.add_article("hidden", topics=["Games"], published=False)
    project.add_article("gone", topics=["Games"], removed=True)
    pipeline = opened(project, WEEKLY, SECOND.replace('"Science", ', ""))

    counts = count_topics(pipeline, NOW)

    assert [(each.topic, each.articles, each.window) for each in counts] == [
        ("Science", 3, 2),
        ("Cities", 1, 1),
        ("Games", 1, 1),
    ]
    assert [each.newsletters for each in counts] == [("weekly",), ("weekly", "second"), ()]


def test_an_article_in_two_windows_is_counted_once(project: Project, opened: Open) -> None:
    pipeline = opened(project, WEEKLY, SECOND)

    counts = {each.topic: each for each in count_topics(pipeline, NOW)}

    assert counts["Science"].window == 1
    assert counts["Science"].newsletters == ("weekly", "second")


def test_a_topic_without_articles_is_listed_all_the_same(project: Project, opened: Open) -> None:
    pipeline = opened(project, WEEKLY.replace('"Cities"', '"Cities", "Chess"'))

    last = count_topics(pipeline, NOW)[-1]

    assert (last.topic, last.articles, last.window) == ("Chess", 0, 0)
