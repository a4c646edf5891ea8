"""
Two workers against one: an issue in a PostgreSQL store, sent over a line of 20 ms round trip.

    python -m benchmarks.workers [--letters 4000] [--connections 4] [--rounds 3]
                                [--postgres URL]

The issue is frozen and left to the workers; then they start, each a process of its own. The
seconds are those from the first letter at the sink to the last one, and each letter has to be
there once.
"""

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from .line import delay_line, sink
from .measure import print_rates
from .sites import AT, articles, make_site

ROUND_TRIP = 0.02
ENOUGH = 1.8
WORKERS = (1, 2)
MORE = """
[store]
url = "{store}"
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
connections = {connections}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=4_000)
    parser.add_argument("--connections", type=int, default=4, help="of each worker")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", default="postgresql://postgres@127.0.0.1:5432/postgres")
    arguments = parser.parse_args()
    taken: dict[int, list[float]] = {number: [] for number in WORKERS}
    with TemporaryDirectory() as name:
        folder = Path(name)
        content = articles(folder, None)
        readers = _readers(folder, arguments.letters)
        for place in range(arguments.rounds):
            for number, seconds in taken.items():
                log = folder / f"sink-{place}-{number}.log"
                with _site(folder, content, log, arguments) as config:
                    _digest(config, "subscribers", "import", "weekly", str(readers))
                    _digest(config, "send", "--at", AT.isoformat(), "--no-wait")
                    _send(config, number)
                seconds.append(_seconds(log, arguments.letters))
    _print(taken, arguments.letters)


@contextmanager
def _site(folder: Path, content: Path, log: Path, arguments: argparse.Namespace) -> Iterator[Path]:
    """
    The configuration of one with an empty store, and a way to a sink that writes a log.
    """
    with (
        sink(log) as there,
        delay_line(there, ROUND_TRIP / 2) as port,
        _database(arguments.postgres) as store,
    ):
        more = MORE.format(store=store, port=port, connections=arguments.connections)
        yield make_site(folder, content, more)


def _readers(folder: Path, number: int) -> Path:
    path = folder / "readers.csv"
    path.write_text("\n".join(["email", *(f"reader{each}@example.org" for each in range(number))]))
    return path


@contextmanager
def _database(server: str) -> Iterator[str]:
    """
    An empty one, for as long as the block lasts.
    """
    name = f"digest_workers_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _send(config: Path, workers: int) -> None:
    processes = [
        subprocess.Popen(_command(config, "worker", "--once"), stderr=subprocess.PIPE, text=True)
        for _ in range(workers)
    ]
    for each in processes:
        said = each.communicate()[1]
        if each.returncode:
            sys.exit(said)


def _digest(config: Path, *arguments: str) -> None:
    subprocess.run(_command(config, *arguments), check=True, capture_output=True)


def _command(config: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "digest", "--config", str(config), *arguments]


def _seconds(log: Path, letters: int) -> float:
    """
    From the first letter to the last one.
    """
    lines = [line.split(maxsplit=1) for line in log.read_text("ascii").splitlines()]
    readers = {reader for _, reader in lines}
    if not len(lines) == len(readers) == letters:
        sys.exit(f"{len(lines)} letters arrived for {len(readers)} readers of {letters}")
    times = [float(moment) for moment, _ in lines]
    return max(times) - min(times)


def _print(taken: dict[int, list[float]], letters: int) -> None:
    medians = {number: statistics.median(each) for number, each in taken.items()}
    names = {number: f"{number} worker{'s' * (number > 1)}" for number in taken}
    print_rates(
        f"{1_000 * ROUND_TRIP:.0f} ms", {names[each]: medians[each] for each in medians}, letters
    )
    ratio = medians[1] / medians[2]
    print(f"{'met' if ratio >= ENOUGH else 'MISSED'}: {ratio:.2f} x, at least {ENOUGH} x")


if __name__ == "__main__":
    main()
