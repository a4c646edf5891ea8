"""
What a command says beside its result, for people and for programs.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from digest.cli.progress import Course, Watch
from digest.model import Issue, Outcome

from .clock import Clock
from .factories import a_receipt, an_issue
from .program import AT, ISSUE, SITE, WEEKLY, Project, Ran, a_full_project, environment
from .smtpd import CLOSE, Recorder, smtp_server

READERS = ("ann@example.org", "ben@example.org", "cy@example.org")
JSON = ("--log-format", "json")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = a_full_project(tmp_path / "project")
    project.subscribe(*READERS)
    return project


def events(ran: Ran) -> Sequence[dict[str, Any]]:
    """
    What was said on standard error, every line of it an event with its time.
    """
    found: list[dict[str, Any]] = [json.loads(line) for line in ran.err.splitlines()]
    assert all(datetime.fromisoformat(each["at"]).tzinfo for each in found)
    return found


def test_a_run_tells_programs_what_happens(project: Project) -> None:
    ran = project.done("send", "--due", *JSON, *AT)

    started, progress, finished = events(ran)
    assert (started["event"], started["issue"], started["letters"]) == ("started", ISSUE, 3)
    assert (progress["event"], progress["done"], progress["accepted"]) == ("progress", 3, 3)
    assert (finished["event"], finished["accepted"], finished["in_doubt"]) == ("finished", 3, 0)
    assert finished["next_due"]
    assert ran.out == ""


def test_the_document_and_the_events_go_their_own_ways(project: Project) -> None:
    ran = project.done("send", "--json", *JSON, *AT)

    assert ran.json["issues"][0].items() <= events(ran)[-1].items()


def test_a_run_with_nothing_to_do_says_nothing(project: Project) -> None:
    project.done("send", *AT)

    assert project.done("send", *JSON, *AT).err == ""


def test_problems_are_events_with_the_words_that_people_get(project: Project) -> None:
    recorder = Recorder(on_data=lambda name: CLOSE if name == READERS[0] else None)
    with smtp_server(recorder):
        server = f'[smtp]\nhost = "127.0.0.1"\nport = {recorder.port}\nsecurity = "none"\n'
        project.configure(SITE, WEEKLY, server)
        ran = project.run("send", *JSON, *AT)

    last = events(ran)[-1]
    assert ran.status == 3
    assert last["event"] == "problem"
    assert last["message"].startswith(f"{ISSUE}: 1 letter in doubt: settle them with")


def test_an_error_that_ends_a_command_is_an_event(project: Project) -> None:
    project.config.unlink()

    ran = project.run("send", *JSON)

    (problem,) = events(ran)
    assert ran.status == 1
    assert problem["message"].startswith("there is no configuration")


def test_an_issue_that_is_not_sent_is_an_event(project: Project) -> None:
    (unsent,) = events(project.done("send", "--due", *JSON, "--at", "2026-11-24T20:00"))

    assert (unsent["event"], unsent["issue"]) == ("unsent", ISSUE)
    assert "--force" in unsent["note"]


def test_another_format_is_wrong_usage(project: Project) -> None:
    ran = project.run("send", "--log-format", "xml")

    assert ran.status == 2
    assert "--log-format" in ran.err


def test_the_server_logs_events_as_well(project: Project) -> None:
    serve = subprocess.Popen(
        [sys.executable, "-m", "digest", "--config", project.config, "serve", "--port", "0", *JSON],
        env=environment(),
        stderr=subprocess.PIPE,
    )
    assert serve.stderr is not None
    with serve, serve.stderr:
        first = json.loads(serve.stderr.readline())
        serve.terminate()

    assert first["event"] == "message"
    assert first["message"].startswith("serving https://digests.example.org on http://127.0.0.1:")


def watched(*pauses: float) -> list[tuple[int, float]]:
    """
    (letters done, rate) as shown of a run with a receipt after each of these pauses.
    """
    clock, seen = Clock(), []

    def show(course: Course, at: float) -> None:
        seen.append((course.done, course.rate(at)))

    watch, issue = Watch(show, 5, clock), an_issue()
    watch(issue, len(pauses), None)
    for pause in pauses:
        clock.sleep(pause)
        watch(issue, len(pauses), a_receipt(1))
    return seen


def test_progress_is_shown_at_its_start_at_its_end_and_at_intervals() -> None:
    assert watched(1, 1, 4, 1, 1) == [(0, 0), (3, 0.5), (5, 0.625)]


def test_every_issue_begins_anew() -> None:
    seen: list[tuple[str, int]] = []
    watch = Watch(lambda course, _: seen.append((course.issue_id, course.done)), 0, Clock())

    for name in ("a/1", "b/1"):
        issue: Issue = an_issue(id=name)
        watch(issue, 1, None)
        watch(issue, 1, a_receipt(1, Outcome.REFUSED))

    assert seen == [("a/1", 0), ("a/1", 1), ("b/1", 0), ("b/1", 1)]
