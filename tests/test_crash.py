"""
The real program, killed in the middle: nobody gets a letter twice, and nobody is forgotten.
"""

import os
import signal
import subprocess
import sys
from collections import Counter
from email import message_from_bytes
from pathlib import Path
from random import Random
from shutil import copytree
from time import sleep

import pytest

from .program import AT, ISSUE, SITE, WEEKLY, Project, a_full_project, environment
from .smtpd import Recorder, smtp_server

READERS = [f"r{number}@example.org" for number in range(300)]
CONNECTIONS = 4
SMTP = """
    [smtp]
    host = "127.0.0.1"
    port = {port}
    security = "none"
    connections = {connections}
    """


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """
    A project with articles and readers, before its first issue.
    """
    project = a_full_project(tmp_path_factory.mktemp("template"))
    project.subscribe(*READERS)
    return project


@pytest.fixture
def project(template: Project, tmp_path: Path) -> Project:
    copytree(template.folder, tmp_path / "project")
    return Project(tmp_path / "project")


def send_by_smtp(project: Project, recorder: Recorder) -> None:
    smtp = SMTP.format(port=recorder.port, connections=CONNECTIONS)
    project.configure(SITE, WEEKLY, smtp)


def started(project: Project) -> subprocess.Popen[str]:
    """
    `digest send`, at work.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "digest", "--config", str(project.config), "send", *AT],
        cwd=project.folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupted(project: Project, recorder: Recorder, step: str, number: int, sign: int) -> int:
    """
    The exit status of a run that gets a signal as the server reaches a step for the n-th time.
    """
    seen: list[str] = []

    def hook(address: str) -> None:
        seen.append(address)
        if len(seen) == number:
            os.kill(process.pid, sign)

    setattr(recorder, step, hook)
    process = started(project)
    process.communicate(timeout=60)
    setattr(recorder, step, lambda _: None)
    return process.returncode


def in_doubt(project: Project) -> set[str]:
    """
    The addresses of letters in doubt, as anybody may ask for them.
    """
    (issue,) = project.json("status", ISSUE, "--addresses")["issues"]
    return {each["address"] for each in issue["problems"] if each["state"] == "in_doubt"}


def assert_adds_up(project: Project) -> dict[str, int]:
    """
    The standing of the issue. Every reader is in it, in one state.
    """
    (issue,) = project.json("status", ISSUE)["issues"]
    states = ("accepted", "deferred", "refused", "in_doubt", "suppressed", "waiting")
    assert issue["letters"] == sum(issue[state] for state in states) == len(READERS)
    return {state: issue[state] for state in states}


def assert_sent_once(project: Project, received: list[str]) -> None:
    """
    The server has every address once, but for those in doubt, which it may have.
    """
    assert max(Counter(received).values()) == 1
    assert set(READERS) - set(received) <= in_doubt(project)


@pytest.mark.parametrize("seed", range(3))
def test_a_run_that_is_killed_is_continued_without_sending_twice(
    project: Project, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    with smtp_server() as recorder:
        send_by_smtp(project, recorder)
        for kill in (1, 2):
            step = random.choice(["on_mail", "on_rcpt", "on_data"])
            number = random.randrange(1, 120)
            status = interrupted(project, recorder, step, number, signal.SIGKILL)
            assert status == -signal.SIGKILL
            assert len(in_doubt(project)) <= kill * CONNECTIONS
            assert_adds_up(project)
        doubtful = in_doubt(project)
        last = project.run("send", *AT)
        standing = assert_adds_up(project)

    assert in_doubt(project) == doubtful
    assert last.status == (3 if doubtful else 0)
    assert standing["waiting"] == 0
    assert standing["accepted"] + standing["in_doubt"] == len(READERS)
    assert_sent_once(project, recorder.recipients)


def test_a_run_that_is_killed_at_any_moment_is_continued(project: Project) -> None:
    random = Random(4)  # noqa: S311 - no secret
    with smtp_server() as recorder:
        send_by_smtp(project, recorder)
        for _ in range(6):
            process = started(project)
            sleep(random.uniform(0.3, 1.5))
            process.kill()
            process.communicate()
        last = project.run("send", *AT)
        standing = assert_adds_up(project)

    assert last.status in {0, 3}
    assert standing["waiting"] == 0
    assert standing["in_doubt"] <= 6 * CONNECTIONS
    assert_sent_once(project, recorder.recipients)


def test_letters_in_doubt_are_all_there_once_they_are_resent(project: Project) -> None:
    with smtp_server() as recorder:
        send_by_smtp(project, recorder)
        interrupted(project, recorder, "on_data", 60, signal.SIGKILL)
        doubtful = in_doubt(project)
        project.done("resolve", ISSUE, "--resend")
        project.done("send", *AT)

    assert doubtful
    assert assert_adds_up(project)["accepted"] == len(READERS)
    received = Counter(recorder.recipients)
    assert set(received) == set(READERS)
    assert {address for address, times in received.items() if times > 1} <= doubtful
    ids = {message_from_bytes(content)["Message-ID"] for _, _, content in recorder.messages}
    assert len(ids) == len(READERS)


def test_a_run_that_is_told_to_stop_leaves_nothing_in_doubt(project: Project) -> None:
    with smtp_server() as recorder:
        send_by_smtp(project, recorder)
        status = interrupted(project, recorder, "on_data", 50, signal.SIGTERM)
        standing = assert_adds_up(project)
        sent = len(recorder.messages)
        project.done("send", *AT)

    assert status == 75
    assert (standing["accepted"], standing["in_doubt"]) == (sent, 0)
    assert 50 <= sent < len(READERS)
    assert Counter(recorder.recipients) == Counter(READERS)


def test_of_two_runs_at_once_one_is_told_to_come_back(project: Project) -> None:
    with smtp_server() as recorder:
        send_by_smtp(project, recorder)
        others: list[subprocess.Popen[str]] = []
        said: list[str] = []

        def run_another(address: str) -> None:
            if not others:
                others.append(started(project))
                said.extend(others[0].communicate(timeout=60))

        recorder.on_data = run_another
        project.done("send", *AT)

    assert [other.returncode for other in others] == [75]
    assert "another run is at work" in said[1]
    assert Counter(recorder.recipients) == Counter(READERS)
    assert assert_adds_up(project)["accepted"] == len(READERS)


def test_an_outbox_has_one_file_for_everybody_after_a_kill(project: Project) -> None:
    process = started(project)
    while len(project.letters) < 40 and process.poll() is None:
        sleep(0.002)
    process.kill()
    process.communicate()
    before = {path.name: path.read_bytes() for path in project.letters}
    standing = assert_adds_up(project)

    project.run("send", *AT)
    project.run("resolve", ISSUE, "--resend")
    project.done("send", *AT)

    after = {path.name: path.read_bytes() for path in project.letters}
    assert process.returncode == -signal.SIGKILL
    assert standing["in_doubt"] <= 1
    assert Counter(message_from_bytes(each)["To"] for each in after.values()) == Counter(READERS)
    assert before.items() <= after.items()
    assert assert_adds_up(project)["accepted"] == len(READERS)
