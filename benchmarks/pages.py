"""
Pages of twelve stories: ours, and what mjml and juice take for the same MJML in one Node process.

Then 1,000 topic sets of one issue, and every article in every theme and three languages.
"""

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from lxml import html as lxml_html

from digest.composer import size_of_html
from digest.model import Article, Edition, Issue, Newsletter, Page, Picture, Section, Site, Window
from digest.pipeline.fitting import fit
from digest.reader import read_articles
from digest.renderer import Renderer, shipped_themes
from digest.renderer.themes import theme_names
from digest.tokens import PREVIEW_KEY, marks_for

from .measure import print_rows
from .sites import AT, articles

STORIES = 12
ROUNDS = 5
SETS = 1_000
LIMIT = 100_000
LANGUAGES = ("en", "ar", "de")
SITE = Site(name="Benchmark", url="https://digests.example.org", address="Example Ltd, Anytown")
PICTURE = Picture(name="ab/" + 32 * "c" + ".jpg", width=240, height=160, colour="#336699")
ISSUE = Issue(
    id="weekly/2020-05-06",
    newsletter="weekly",
    title="The Weekly",
    sender="weekly@example.org",
    site_url=SITE.url,
    due_at=AT,
    window=Window(start=AT - timedelta(days=7), end=AT),
    made_at=AT,
)
NODE = """
const mjml2html = require("mjml"), juice = require("juice"), fs = require("fs");
(async () => {
  const sources = JSON.parse(fs.readFileSync(process.argv[2])), taken = [];
  for (let round = 0; round < 3; round++)
    for (const source of sources) {
      const started = process.hrtime.bigint();
      const made = await mjml2html(source, { fonts: {} });
      juice(made.html);
      if (round) taken.push(Number(process.hrtime.bigint() - started) / 1e9);
    }
  console.log(JSON.stringify(taken));
})();
"""


def main() -> None:
    with TemporaryDirectory() as folder:
        content = articles(Path(folder), sys.argv[1] if sys.argv[1:] else None)
        found = [each for each in read_articles(content) if isinstance(each, Article)]
        editions = [*_editions(found)]
        medians = compare_pages(editions, Path(folder))
        reference = medians["page, mjml + juice"] or medians["page, its stories new"]
        rows = [
            (name, f"{1_000 * seconds:.2f} ms", f"{seconds / reference:.2f} x")
            for name, seconds in medians.items()
            if seconds
        ]
        print_rows(("what", "median", "ratio"), rows)
        print(f"{SETS:,} topic sets of one issue: {seconds_of_sets(found):.1f} s")
        print_all(editions)


def compare_pages(editions: Sequence[Edition], folder: Path) -> dict[str, float]:
    """
    The median for a page: with mjml and juice, ours, and ours once its stories were met before.
    """
    renderer = Renderer([shipped_themes()])
    sources = _sources(editions)
    new, met = [], []
    for _ in range(ROUNDS):
        renderer = Renderer([shipped_themes()])
        _page(renderer, editions[0])
        for edition in editions:
            new.append(_seconds(renderer, edition))
            met.append(_seconds(renderer, edition))
    return {
        "page, mjml + juice": statistics.median(_node(sources, folder) or [0]),
        "page, its stories new": statistics.median(new),
        "page, its stories met before": statistics.median(met),
    }


def seconds_of_sets(found: Sequence[Article]) -> float:
    """
    For the pages of as many different choices among forty stories.
    """
    random = Random(1)  # noqa: S311 - no secret
    stories = sorted(found, key=lambda each: each.rank)[:40]
    renderer = Renderer([shipped_themes()])
    sets = [_edition(random.sample(stories, STORIES)) for _ in range(SETS)]
    started = time.perf_counter()
    for edition in sets:
        fit(edition, lambda edition, _: _page(renderer, edition))
    return time.perf_counter() - started


def print_all(editions: Sequence[Edition]) -> None:
    """
    Every article, in every theme and language: failures are raised, the rest is counted.
    """
    renderer = Renderer([shipped_themes()])
    rows = []
    for theme in theme_names([shipped_themes()]):
        for language in LANGUAGES:
            changed, sizes = 0, []
            for edition in editions:
                page = _page(renderer, edition, theme=theme, language=language)
                changed += _titles(page) != Counter(each.title for each in edition.articles)
                sizes.append(size_of_html(page))
            over = sum(size >= LIMIT for size in sizes)
            rows.append(
                (
                    f"{theme}, {language}",
                    f"{len(sizes)}",
                    f"{changed}",
                    f"{over}",
                    f"{max(sizes):,}",
                )
            )
    print_rows(("theme, language", "pages", "titles changed", "too large", "largest"), rows)


def _editions(found: Sequence[Article]) -> Iterator[Edition]:
    for start in range(0, len(found), STORIES):
        yield _edition(found[start : start + STORIES])


def _edition(stories: Sequence[Article]) -> Edition:
    section = Section(topic="Google Cloud", articles=tuple(stories))
    return Edition(topics=("Google Cloud",), sections=(section,))


def _page(
    renderer: Renderer, edition: Edition, *, theme: str = "default", language: str = "en"
) -> Page:
    newsletter = Newsletter(
        id="weekly",
        title="The Weekly",
        sender=ISSUE.sender,
        topics=edition.topics,
        theme=theme,
        language=language,
    )
    return renderer.render(
        edition,
        newsletter=newsletter,
        issue=ISSUE,
        site=SITE,
        pictures={each.slug: PICTURE for each in edition.articles},
        marks=marks_for(PREVIEW_KEY, ISSUE.id),
    )


def _seconds(renderer: Renderer, edition: Edition) -> float:
    started = time.perf_counter()
    _page(renderer, edition)
    return time.perf_counter() - started


def _titles(page: Page) -> Counter[str]:
    document: Any = lxml_html.fromstring(page.html)
    headlines = (*document.find_class("t"), *document.iter("h3"))
    return Counter(each.text_content() for each in headlines)


def _sources(editions: Sequence[Edition]) -> list[str]:
    """
    The MJML of these pages.
    """
    sources: list[str] = []

    class Recorder(Renderer):
        def _converted(self, source: str) -> str:
            sources.append(source)
            return super()._converted(source)

    renderer = Recorder([shipped_themes()])
    for edition in editions:
        _page(renderer, edition)
    return sources


def _node(sources: Sequence[str], folder: Path) -> Any:
    """
    Seconds per page in Node; nothing where npm or its packages cannot be had.
    """
    npm = shutil.which("npm")
    if npm is None:
        print("mjml and juice are left out: npm is not installed")
        return None
    install = [npm, "install", "--silent", "--no-audit", "--no-fund", "mjml", "juice"]
    if subprocess.run(install, cwd=folder, capture_output=True, check=False).returncode:
        print("mjml and juice are left out: npm cannot install them")
        return None
    (folder / "sources.json").write_text(json.dumps(sources), "utf-8")
    (folder / "run.cjs").write_text(NODE, "utf-8")
    command = ["node", "run.cjs", "sources.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"mjml and juice are left out: {done.stderr.strip().splitlines()[-1:]}")
        return None
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
