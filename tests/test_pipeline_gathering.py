"""
Pictures are fetched for the issues at hand, by the rules of the settings.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from digest import __version__
from digest.gatherer import Note
from digest.pipeline import Moment, Pipeline
from digest.pipeline.gathering import agent_of, look_up, take_stock, warm_up
from digest.settings import load_settings

from .factories import MONDAY, a_store
from .photos import a_photo
from .program import WEEKLY, Project, a_project
from .webd import Web, http, web_server

IMAGES = '[images]\nallow_nets = ["127.0.0.0/8"]\n'
SECOND = WEEKLY.replace("newsletters.weekly", "newsletters.second").replace("Science", "Art")
AT = Moment(at=MONDAY + timedelta(hours=1))


class Clock:
    """
    To be turned by hand.
    """

    def __init__(self) -> None:
        self.now = AT.at

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server({"/a.png": http(a_photo())}) as web:
        yield web


@pytest.fixture
def project(tmp_path: Path, web: Web) -> Project:
    project = a_project(tmp_path / "project", WEEKLY, SECOND, IMAGES)
    project.add_article("tides", images=[{"url": web.url("/a.png")}])
    project.add_article("frames", topics=["Art"], images=[{"url": web.url("/b.png")}])
    return project


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pipeline(project: Project, clock: Clock) -> Iterator[Pipeline]:
    settings = load_settings(project.config, {})
    pipeline = Pipeline(settings, clock=clock, random_bits=lambda _: 7)
    yield pipeline
    pipeline.close()
    pipeline.pictures.close()


def test_all_newsletters_are_warmed_up_in_one_go(pipeline: Pipeline, web: Web) -> None:
    newsletters = list(pipeline.settings.newsletters.values())

    gathered = warm_up(pipeline, newsletters, AT, lambda *_: None)

    assert (gathered.articles, gathered.fetched, gathered.failed) == (2, 1, 1)
    assert sorted(web.paths) == ["/a.png", "/b.png"]


def test_servers_are_told_who_asks(pipeline: Pipeline, web: Web) -> None:
    warm_up(pipeline, list(pipeline.settings.newsletters.values()), AT, lambda *_: None)

    agents = {each.headers["user-agent"] for each in web.asked}
    assert agents == {agent_of(pipeline.settings)}
    assert agents == {f"newsletter-digest/{__version__} (+https://digests.example.org)"}


def test_the_newsletters_of_a_run_share_the_time_for_pictures(
    pipeline: Pipeline, clock: Clock, web: Web
) -> None:
    first, second = pipeline.settings.newsletters.values()

    def dawdle(done: int, total: int) -> None:
        clock.now += timedelta(seconds=61)

    warm_up(pipeline, [first], AT, dawdle)
    late = warm_up(pipeline, [second], AT, dawdle)

    assert late.unsettled == 1
    assert web.paths == ["/a.png"]


def test_a_picture_is_known_with_its_files(pipeline: Pipeline, web: Web) -> None:
    warm_up(pipeline, list(pipeline.settings.newsletters.values()), AT, lambda *_: None)

    good = look_up(pipeline, web.url("/a.png"))
    dead = look_up(pipeline, web.url("/b.png"))
    unknown = look_up(pipeline, web.url("/c.png"))

    assert [slot for slot, _ in good.pictures] == ["lead"]
    assert good.note
    assert good.note.status == 200
    assert (dead.note and dead.note.why, dead.pictures) == ("HTTP 404", ())
    assert (unknown.note, unknown.pictures) == (None, ())


def test_cleaning_up_forgets_notes_that_nobody_asked_for_since_long(
    pipeline: Pipeline, clock: Clock, project: Project
) -> None:
    a_store(project.folder).close()
    long_ago = clock.now - timedelta(days=200)
    pipeline.notes.write(Note(source="old", fetched_at=long_ago, fresh_until=long_ago))
    pipeline.notes.write(Note(source="new", fetched_at=clock.now, fresh_until=clock.now))

    assert take_stock(pipeline).forgotten == 1
    assert take_stock(pipeline).sources == 2
    take_stock(pipeline, dry_run=False)
    assert [note.source for note in pipeline.notes.all()] == ["new"]
