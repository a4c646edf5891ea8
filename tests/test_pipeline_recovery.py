"""
What stands between two runs: a database that died, five runs at once. Each letter goes once.
"""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from threading import Event
from time import sleep

from .cluster import postgres_cluster
from .program import AT, ISSUE, SITE, WEEKLY, Project, a_full_project, environment
from .smtpd import Recorder, smtp_server

READERS = [f"r{number}@example.org" for number in range(300)]
CONNECTIONS = 3
#: Seconds for each letter, or a run would be over before anything happens to it.
SLOW = 0.003
SMTP = """
    [smtp]
    host = "127.0.0.1"
    port = {port}
    security = "none"
    connections = {connections}
    """


def prepared(folder: Path, recorder: Recorder, *tables: str) -> Project:
    smtp = SMTP.format(port=recorder.port, connections=CONNECTIONS)
    project = a_full_project(folder, WEEKLY, smtp, *tables)
    project.configure(SITE, WEEKLY, smtp, *tables)
    project.write("readers.csv", "\n".join(["email", *READERS, ""]))
    project.done("subscribers", "import", "weekly", "readers.csv")
    return project


def started(project: Project) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "digest", "--config", str(project.config), "send", *AT],
        cwd=project.folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def standing(project: Project) -> dict[str, int]:
    """
    The states that any letter is in; together they are all letters.
    """
    (issue,) = project.json("status", ISSUE)["issues"]
    states = ("accepted", "deferred", "refused", "in_doubt", "suppressed", "waiting")
    assert issue["letters"] == sum(issue[state] for state in states) == len(READERS)
    return {state: issue[state] for state in states if issue[state]}


def test_a_database_that_is_killed_in_the_middle_loses_nothing_and_repeats_nothing(
    tmp_path: Path,
) -> None:
    half_way = Event()
    recorder = Recorder()

    def taken(_: str) -> None:
        sleep(SLOW)
        if len(recorder.messages) > len(READERS) / 3:
            half_way.set()

    recorder.on_data = taken
    with postgres_cluster() as cluster, smtp_server(recorder):
        project = prepared(tmp_path, recorder, f'[store]\nurl = "{cluster.url}"\n')
        process = started(project)
        assert half_way.wait(60)
        cluster.kill()
        said = process.communicate(timeout=60)[1]
        sent_until_then = len(recorder.messages)
        cluster.start()
        project.run("send", *AT)
        stands = standing(project)

    assert process.returncode == 75, said
    assert "Traceback" not in said
    assert sent_until_then < len(READERS)
    assert max(Counter(recorder.recipients).values()) == 1
    assert stands.get("in_doubt", 0) <= CONNECTIONS
    assert stands["accepted"] + stands.get("in_doubt", 0) == len(READERS)
    assert len(recorder.recipients) >= stands["accepted"]


def test_of_five_runs_at_once_on_one_machine_one_sends(tmp_path: Path) -> None:
    with smtp_server(Recorder(on_data=lambda _: sleep(SLOW))) as recorder:
        project = prepared(tmp_path, recorder)
        runs = [started(project) for _ in range(5)]
        said = [each.communicate(timeout=90)[1] for each in runs]

    statuses = Counter(each.returncode for each in runs)
    assert statuses.keys() <= {0, 75}, said
    assert statuses[0] >= 1
    assert standing(project) == {"accepted": len(READERS)}
    assert Counter(recorder.recipients) == Counter(READERS)
