"""
Selecting from a folder of years: cold, warm, and others that read the same files.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from digest.settings import INDEX

from .cold_select import LOAD
from .measure import print_rows
from .sites import articles, make_site

END = datetime(2026, 11, 23, 6, tzinfo=UTC)
CACHES = "caches"
YEARS = timedelta(days=5 * 365)
COLD_AGAINST_HUGO = 1.0  #: at 10,000 files
WARM_AGAINST_COLD = 0.1
MEGABYTES = 200  #: warm


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        site = Path(folder)
        os.environ["XDG_CACHE_HOME"] = str(site / CACHES)
        print(f"making {options.files:,} files", file=sys.stderr)
        make_many(site / "content", options.files)
        print_table(options.files, measure(site, options.rounds))


def make_many(folder: Path, files: int) -> None:
    """
    Articles over five years, each with a title, an address and a date of its own.
    """
    with TemporaryDirectory() as made:
        source = articles(Path(made), None)
        texts = [path.read_text("utf-8") for path in sorted(source.glob("*.md"))]
    folder.mkdir()
    for number in range(files):
        moment = END - YEARS + number * YEARS / files
        text = texts[number % len(texts)]
        text = re.sub(r'^title: "', f'title: "{number} ', text, count=1, flags=re.MULTILINE)
        text = re.sub(r'^webUrl: "[^"]*', rf"\g<0>?n={number}", text, count=1, flags=re.MULTILINE)
        date = f"publishedDateTime: {moment:%Y-%m-%dT%H:%M:%SZ}"
        text = re.sub(r"^publishedDateTime: .*", date, text, count=1, flags=re.MULTILINE)
        (folder / f"{moment:%Y-%m-%d}-{number:06}.md").write_text(text, "utf-8")
    time.sleep(4)  # What has changed just now is not kept.


def measure(site: Path, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """
    Seconds and peak megabytes of each, taken in turns.
    """
    taken: dict[str, list[tuple[float, float]]] = {}
    for number in range(rounds + 1):
        print(f"round {number} of {rounds}", file=sys.stderr)
        for name, run in runs(site):
            result = run()
            if number:  # The first one only warms up caches.
                taken.setdefault(name, []).append(result)
    return taken


def runs(site: Path) -> Iterator[tuple[str, Callable[[], tuple[float, float]]]]:
    content = site / "content"
    config = str(make_site(site, content))
    digest = (str(Path(sys.executable).with_name("digest")), "--config", config)
    select = (*digest, "select", "weekly", "--at", END.isoformat(), "--json")
    if shutil.which("hugo"):
        (site / "config.toml").write_text('baseURL = "https://example.org/"\n', "utf-8")
        yield "hugo list all", lambda: timed("hugo", "list", "all", cwd=site)
    yield (
        "python-frontmatter alone",
        lambda: timed(sys.executable, "-c", LOAD, str(content), cwd=Path.cwd()),
    )
    forget(site)
    yield "digest select, cold", lambda: timed(*select, cwd=Path.cwd())
    yield "digest select, warm", lambda: timed(*select, cwd=Path.cwd())


def forget(site: Path) -> None:
    """
    All that earlier runs kept, of articles and of the configuration.
    """
    (site / INDEX).unlink(missing_ok=True)
    shutil.rmtree(site / CACHES, ignore_errors=True)


def timed(*command: str, cwd: Path) -> tuple[float, float]:
    """
    Seconds and peak megabytes of a process and those it started.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} failed")
    return seconds, usage.ru_maxrss / 1024


def print_table(files: int, taken: dict[str, list[tuple[float, float]]]) -> None:
    seconds = {name: statistics.median(each[0] for each in runs) for name, runs in taken.items()}
    memory = {name: max(each[1] for each in runs) for name, runs in taken.items()}
    cold, warm = seconds["digest select, cold"], seconds["digest select, warm"]
    rows = [
        (name, f"{1_000 * each:,.0f} ms", f"{each / cold:.3f} x", f"{memory[name]:,.0f} MB")
        for name, each in seconds.items()
    ]
    print_rows((f"{files:,} files", "median", "to cold", "peak"), rows)
    print_bounds(
        [("warm / cold", warm / cold, WARM_AGAINST_COLD)]
        + [("cold / hugo", cold / hugo, COLD_AGAINST_HUGO) for hugo in _of_hugo(seconds)]
        + [("warm, MB", memory["digest select, warm"], MEGABYTES)]
    )


def print_bounds(bounds: Sequence[tuple[str, float, float]]) -> None:
    for name, found, limit in bounds:
        print(f"{'met' if found <= limit else 'MISSED'}: {name} {found:.3f}, at most {limit}")


def _of_hugo(seconds: dict[str, float]) -> list[float]:
    return [each for name, each in seconds.items() if name.startswith("hugo")]


if __name__ == "__main__":
    main()
