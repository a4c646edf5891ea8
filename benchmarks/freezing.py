"""
An issue for a million readers, planned, printed, frozen and sent: how long, how much memory.

    python -m benchmarks.freezing [--readers 1000000] [--editions 300] [--send 100000]

Freezing and sending are processes of their own, so that the peak of each is its own. Letters go
to a transport that only counts them: what is measured is our side.
"""

import argparse
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from json import dumps
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from digest.model import Letter, Outcome, Receipt
from digest.pipeline import Moment, Pipeline
from digest.pipeline.delivery import deliver
from digest.sender import Allowance
from digest.settings import load_settings
from tests.program import Project

from .measure import print_rows

AT = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
TOPICS = tuple(f"Topic {number}" for number in range(40))
PER_TOPIC = 8
CONFIG = """
[site]
name = "Benchmark"
url = "https://digests.example.org"
address = "Example Ltd, 1 High Street, Anytown"
[newsletters.daily]
title = "The Daily"
from = "The Daily <daily@example.org>"
topics = {topics}
per_topic = 3
schedule = {{ every = "day", at = "07:00", timezone = "UTC" }}
"""


@dataclass
class Counting:
    """
    A transport that takes everything and keeps nothing.
    """

    connections: int = 4
    letters: int = 0

    def deliver(
        self, letters: Iterable[Letter], begun: Callable[[Letter], bool], /
    ) -> Iterator[Receipt]:
        for letter in letters:
            if begun(letter):
                self.letters += 1
                yield Receipt(letter=letter, outcome=Outcome.ACCEPTED, code=250)

    def stop(self) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=1_000_000)
    parser.add_argument("--editions", type=int, default=300)
    parser.add_argument("--send", type=int, default=100_000)
    parser.add_argument("--step", nargs=2, metavar=("STEP", "FOLDER"))
    arguments = parser.parse_args()
    if arguments.step:
        step, folder = arguments.step
        _STEPS[step](Path(folder), arguments)
        return
    with TemporaryDirectory() as folder:
        rows = [
            subprocess.run(
                (sys.executable, "-m", __spec__.name, *sys.argv[1:], "--step", step, folder),
                check=True,
                capture_output=True,
                text=True,
            ).stdout.split("|")
            for step in _STEPS
        ]
    print_rows(("step", "seconds", "peak", "what came out"), rows[1:])


def prepare(folder: Path, arguments: argparse.Namespace) -> None:
    """
    Articles, and readers of so many different sets of topics.
    """
    project = Project(folder)
    project.configure(CONFIG.format(topics=dumps(TOPICS)))
    random = Random(1)  # noqa: S311 - no secret
    for topic in TOPICS:
        for number in range(PER_TOPIC):
            slug = f"{topic.lower().replace(' ', '-')}-{number}"
            project.add_article(
                slug,
                topics=[topic],
                heat=random.randrange(100),
                publishedDateTime="2026-11-22T12:00:00Z",
            )
    project.subscribe("first@example.org", newsletter="daily")
    sets = [dumps(random.sample(TOPICS, random.randint(1, 5))) for _ in range(arguments.editions)]
    now = "2026-11-01 06:00:00.000000"
    people = (
        (place, f"reader{place}@example.org", f"reader{place}@example.org", "", now)
        for place in range(1, arguments.readers)
    )
    lists = (
        (1, place, random.choice(sets), "active", now, now) for place in range(1, arguments.readers)
    )
    with closing(sqlite3.connect(project.store)) as plain, plain:
        plain.executemany(
            "INSERT INTO subscribers (id, address, address_key, name, created_at)"
            " VALUES (?, ?, ?, ?, ?)",
            people,
        )
        plain.executemany(
            "INSERT INTO subscriptions (newsletter, subscriber_id, topics, state, created_at,"
            " changed_at) VALUES (?, ?, ?, ?, ?, ?)",
            lists,
        )


def freeze(folder: Path, _: argparse.Namespace) -> None:
    """
    Planned, printed and frozen; nothing sent.
    """
    pipeline = _pipeline(folder)
    newsletter = pipeline.settings.newsletter("daily")
    issue = pipeline.issue(newsletter, Moment(at=AT))
    started = time.perf_counter()
    pipeline.freeze(newsletter, issue)
    seconds = time.perf_counter() - started
    tally = pipeline.store.accounts.tally(issue.id, running=True)
    _tell("plan and freeze", seconds, f"{tally.waiting:,} letters")


def send(folder: Path, arguments: argparse.Namespace) -> None:
    """
    The first letters of it.
    """
    pipeline = _pipeline(folder)
    vars(pipeline)["transport"] = Counting()
    started = time.perf_counter()
    report = deliver(
        pipeline,
        pipeline.settings.newsletter("daily"),
        Moment(at=AT),
        allowance=Allowance(arguments.send),
        progress=lambda *_: None,
    )
    seconds = time.perf_counter() - started
    _tell("send", seconds, f"{report.accepted:,} letters, {report.accepted / seconds:,.0f}/s")


_STEPS = {"prepare": prepare, "freeze": freeze, "send": send}


def _pipeline(folder: Path) -> Pipeline:
    settings = load_settings(folder / "digest.toml", {})
    random_bits = Random(2).getrandbits  # noqa: S311 - no secret
    return Pipeline(settings, clock=lambda: AT, random_bits=random_bits)


def _tell(step: str, seconds: float, found: str) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    print(f"{step}|{seconds:.1f} s|{peak:.0f} MB|{found}", end="")


if __name__ == "__main__":
    main()
