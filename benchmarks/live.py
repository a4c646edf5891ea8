"""
The live preview of a large folder: from saving a template or an article to the page that shows it.

    python -m benchmarks.live [--files 10000] [--saves 10]
"""

import argparse
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from .index import END, make_many
from .measure import print_rows
from .sites import ROOT, make_site

WITHIN = 0.5  #: seconds
THEME = (
    '{{% extends "default/issue.mjml.j2" %}}\n{{% block note %}}<p>Saved {}</p>{{% endblock %}}\n'
)
PATIENCE = 60  #: seconds
PAUSE = 1.0  #: between two saves, as somebody at work would make


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--saves", type=int, default=10)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        site = Path(folder)
        make_many(site / "content", options.files)
        config = make_site(site, site / "content", 'theme = "own"')
        template = site / "templates" / "own" / "issue.mjml.j2"
        template.parent.mkdir(parents=True)
        template.write_text(THEME.format("never"))
        with _serving(config) as url:
            savers = {"a template": _template(template), "an article": _article(site, url)}
            print_rows(
                (f"{options.files:,} articles, saved", "median", "slowest"),
                [
                    _row(name, [_seconds(url, save, each) for each in range(options.saves)])
                    for name, save in savers.items()
                ],
            )


def _row(name: str, seconds: list[float]) -> tuple[str, str, str]:
    median = statistics.median(seconds)
    print(f"{'met' if median <= WITHIN else 'MISSED'}: {name} within {WITHIN} s")
    return name, f"{median:.2f} s", f"{max(seconds):.2f} s"


Save = Callable[[int], str]


def _template(path: Path) -> Save:
    def save(number: int) -> str:
        path.write_text(THEME.format(number))
        return f"Saved {number}"

    return save


def _article(site: Path, url: str) -> Save:
    """
    The first story of the letter gets another title.
    """
    shown = _letter(url)
    paths = sorted((site / "content").glob("*.md"), reverse=True)
    path = next(path for path in paths if _title(path) in shown)
    text, old = path.read_text("utf-8"), _title(path)

    def save(number: int) -> str:
        title = f"A headline of moment {number}"
        path.write_text(text.replace(old, title, 1), "utf-8")
        return title

    return save


def _title(path: Path) -> str:
    """
    The beginning of its title, as far as no page would write it otherwise.
    """
    found = re.search(r'^title: "(\d+ [A-Za-z ]+)', path.read_text("utf-8"), re.MULTILINE)
    return found[1].strip() if found else "?"


def _seconds(url: str, save: Save, number: int) -> float:
    """
    Until the gallery has been made anew and its letter, fetched then, holds what was saved.
    """
    time.sleep(PAUSE)
    with httpx2.stream("GET", f"{url}events", timeout=PATIENCE, trust_env=False) as answer:
        events = answer.iter_lines()
        _wait(events)
        started = time.perf_counter()
        text = save(number)
        while text not in _letter(url):
            _wait(events)
        return time.perf_counter() - started


def _wait(events: Iterator[str]) -> None:
    """
    For the next word of the server, which is also its first.
    """
    next(line for line in events if line.startswith("data: "))


def _letter(url: str) -> str:
    found = re.search(r'src="(views/[^"]+letter[^"]*)"', _get(url))
    return _get(f"{url}{found[1]}") if found else sys.exit("the gallery shows no letter")


def _get(url: str) -> str:
    return httpx2.get(url, timeout=PATIENCE, trust_env=False).text


@contextmanager
def _serving(config: Path) -> Iterator[str]:
    command = ("--config", str(config), "serve", "--preview", "--at", END.isoformat())
    with subprocess.Popen(
        [sys.executable, "-m", "digest", *command], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        said = process.stderr or ()
        try:
            yield next(found[0] for line in said if (found := re.search(r"http\S+", line)))
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
