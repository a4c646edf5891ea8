"""
`digest send` killed at random moments and run again, counted at the server's side.

    python -m benchmarks.killing [--runs 200] [--letters 1000] [--seed 7] [--rude] [--postgres URL]
                                 [--by kill|term|cut] [--in-flight 1]

Each run gets SIGKILL at a random moment, one in six before its first letter, then the same command
runs until no letter waits. The server is a process of its own, which wrote down every letter that
it took. Nobody may be in its log twice; who is not in it has to be in doubt, or refused or deferred
by the server; and no more may be in doubt than there are connections (times the letters in flight
on each), and letters whose reply the rude server kept to itself.

`--by term` sends SIGTERM instead; `--by cut` leaves the run alone and ends its connections to
PostgreSQL, which is there again at once.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

from tests.program import AT, ISSUE, SITE, WEEKLY, Project, a_full_project, environment

CONNECTIONS = 10
SMTP = """
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
connections = {connections}
in_flight = {in_flight}
"""
CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'digest' AND datname = %s
"""
#: Runs between two lines that tell how it stands.
TELL_EVERY = 5
AGAIN = 75  #: the status of a run that is to be run again
MOST_RUNS = 30
#: Ends a run, or takes its store away.
End = Callable[[subprocess.Popen[bytes]], object]
SIGNALS: dict[str, End] = {"kill": subprocess.Popen.kill, "term": subprocess.Popen.terminate}


def main() -> None:
    """
    All runs, and their sums.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--letters", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rude", action="store_true")
    parser.add_argument("--postgres", help="a server on which databases may be made")
    parser.add_argument("--by", choices=[*SIGNALS, "cut"], default="kill")
    parser.add_argument("--in-flight", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.by == "cut" and not arguments.postgres:
        parser.error("only PostgreSQL's connections can be cut: see --postgres")
    random = Random(arguments.seed)  # noqa: S311 - no secret
    total: Counter[str] = Counter()
    with TemporaryDirectory() as folder:
        template = _template(Path(folder) / "template", arguments.letters)
        for number in range(arguments.runs):
            project = Project(Path(folder) / f"run-{number}")
            copytree(template.folder, project.folder)
            total.update(found := _one(project, arguments, number, random))
            total["most in doubt after a kill"] = max(
                total["most in doubt after a kill"], found["in doubt after the kill"]
            )
            total["runs"] += 1
            if number % TELL_EVERY == TELL_EVERY - 1:
                print(dict(total), flush=True)
    print(dict(total))


def _template(folder: Path, letters: int) -> Project:
    project = a_full_project(folder)
    lines = [f"r{number}@example.org" for number in range(letters)]
    project.write("readers.csv", "\n".join(["email", *lines, ""]))
    return project


def _one(
    project: Project, arguments: argparse.Namespace, number: int, random: Random
) -> Counter[str]:
    log, letters = project.folder / "sink.log", arguments.letters
    rude = ["--rude", str(random.randrange(10**6))] if arguments.rude else []
    with _store(arguments.postgres, number) as (store, cut), _sink(log, *rude) as port:
        smtp = SMTP.format(port=port, connections=CONNECTIONS, in_flight=arguments.in_flight)
        project.configure(SITE, WEEKLY, smtp, store)
        project.done("subscribers", "import", "weekly", "readers.csv")
        end = SIGNALS.get(arguments.by, cut)
        ended = _ended(project, log, end, *_moment(random, letters))
        doubtful = _in_doubt(project) if ended else 0
        again = _run_to_the_end(project)
        found = _count(project, log, letters)
    found["ended in time"] = int(ended)
    found["runs needed after it"] = again
    found["in doubt after the kill"] = doubtful
    return found


@contextmanager
def _store(server: str | None, number: int) -> Iterator[tuple[str, End]]:
    """
    The table of the configuration that names an empty store, and what takes it away for a moment.
    """
    if server is None:
        yield "", subprocess.Popen.kill
        return
    import psycopg

    name = f"digest_killing_{os.getpid()}_{number}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        table = f'[store]\nurl = "{server.rpartition("/")[0]}/{name}"\n'
        yield table, lambda _: connection.execute(CUT, [name])
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _sink(log: Path, *options: str) -> Iterator[int]:
    """
    The port of a server that writes down what it took.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sink", str(log), *options],
        stdout=subprocess.PIPE,
        text=True,
    ) as sink:
        try:
            yield int(sink.stdout.readline()) if sink.stdout else 0
        finally:
            sink.kill()


def _moment(random: Random, letters: int) -> tuple[int, float]:
    """
    After how many letters a run is ended, and how many seconds later.
    """
    if random.randrange(6):
        return random.randrange(letters), random.uniform(0, 0.2)
    return 0, random.uniform(0, 2)


def _ended(project: Project, log: Path, end: End, letters: int, pause: float) -> bool:
    """
    Whether a run was ended, a moment after so many letters; it may have been faster.
    """
    command = [sys.executable, "-m", "digest", "--config", str(project.config), "send", *AT]
    with subprocess.Popen(
        command,
        cwd=project.folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while process.poll() is None and len(_logged(log)) < letters:
            time.sleep(0.005)
        time.sleep(pause)
        end(process)
    return process.returncode != 0


def _run_to_the_end(project: Project) -> int:
    """
    How many runs it took until no letter waited; a server that refuses us ends one early.
    """
    for number in range(1, MOST_RUNS + 1):
        done = project.run("send", *AT).status != AGAIN
        if done and not _standing(project)["waiting"]:
            return number
    return MOST_RUNS


def _count(project: Project, log: Path, letters: int) -> Counter[str]:
    standing, logged = _standing(project), Counter(_logged(log))
    states: dict[str, set[str]] = {}
    for each in standing["problems"]:
        states.setdefault(each["state"], set()).add(each["message_id"])
    known = set(logged).union(*states.values())
    states_sum = sum(
        standing[each]
        for each in ("accepted", "deferred", "refused", "in_doubt", "suppressed", "waiting")
    )
    return Counter(
        {
            "letters": letters,
            "unaccounted": letters - states_sum,
            "twice": sum(logged.values()) - len(logged),
            "waiting": standing["waiting"],
            "lost": letters - len(known) - standing["waiting"],
            "refused, but taken": len(states.get("refused", set()) & set(logged)),
            "in doubt": standing["in_doubt"],
            "in doubt, and taken": len(states.get("in_doubt", set()) & set(logged)),
            "refused or deferred": standing["refused"] + standing["deferred"],
        }
    )


def _in_doubt(project: Project) -> int:
    """
    Of all issues, of which there may be none yet.
    """
    ran = project.run("status", "--json")
    return sum(each["in_doubt"] for each in ran.json["issues"])


def _standing(project: Project) -> Any:
    (issue,) = project.json("status", ISSUE)["issues"]
    return issue


def _logged(log: Path) -> list[str]:
    return log.read_text("ascii").split() if log.exists() else []


if __name__ == "__main__":
    main()
