"""
Side by side in one run: what is compared takes turns, so that a busy machine slows both alike.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

Run = Callable[[], object]


def seconds_of(runs: Mapping[str, Run], rounds: int) -> dict[str, float]:
    """
    The median of each, after one round that only warms up caches.
    """
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for place in range(rounds + 1):
        for name, run in runs.items():
            seconds = _timed(run)
            if place:
                taken[name].append(seconds)
    return {name: statistics.median(each) for name, each in taken.items()}


def pairs_of(runs: Callable[[int], Mapping[str, Run]], rounds: int) -> list[dict[str, float]]:
    """
    Seconds, round by round, of two runs that are nearly equal and made anew for each round.

    Neither goes first more often: a machine has its faster and its slower minutes.
    """
    pairs: list[dict[str, float]] = []
    for place in range(rounds + 1):
        named = runs(place)
        order = named if place % 2 else reversed([*named])
        taken = {name: _timed(named[name]) for name in order}
        pairs.append({name: taken[name] for name in named})
    return pairs[1:]


def _timed(run: Run) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def process(*command: str) -> Run:
    """
    A process from its start to its end, silent.
    """

    def run() -> None:
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(command)}: {done.stderr.decode()}")

    return run


def print_seconds(title: str, medians: Mapping[str, float], *, limit: float | None = None) -> None:
    """
    A row for each, with its ratio to the first one.
    """
    reference = next(iter(medians.values()))
    rows = [
        (name, f"{1_000 * seconds:,.0f} ms", f"{seconds / reference:.2f} x")
        for name, seconds in medians.items()
    ]
    print_rows((title, "median", "ratio"), rows)
    if limit is not None:
        last = list(medians.values())[-1] / reference
        print(f"{'met' if last <= limit else 'MISSED'}: at most {limit:.2f} x")
    print()


def print_rates(title: str, seconds: Mapping[str, float], letters: int) -> None:
    """
    Letters per second of each, with the ratio to the first one.
    """
    reference = next(iter(seconds.values()))
    rows = [
        (name, f"{letters / each:,.0f} /s", f"{reference / each:.2f} x")
        for name, each in seconds.items()
    ]
    print_rows((title, "letters", "ratio"), rows)
    print()


def print_pairs(title: str, pairs: Sequence[Mapping[str, float]], letters: int) -> None:
    """
    Letters per second of each, and their ratio within a round: its quartiles.
    """
    first, second = pairs[0]
    rates = [
        f"{letters / statistics.median(each[name] for each in pairs):,.0f} /s"
        for name in (first, second)
    ]
    quartiles = statistics.quantiles([each[first] / each[second] for each in pairs])
    low, middle, high = (f"{each:.2f} x" for each in quartiles)
    print_rows(
        (title, "letters", "ratio", "lower quarter", "upper quarter"),
        [(first, rates[0], "", "", ""), (second, rates[1], middle, low, high)],
    )
    print()


def print_rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        first, *rest = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join((first.strip().ljust(widths[0]), *rest)))
