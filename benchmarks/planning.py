"""
What an issue for 100,000 readers with topics of their own costs before its first page is drawn.

Each step runs in a process of its own, so that its peak of memory is its own as well.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from digest.model import (
    Article,
    Edition,
    Entry,
    Issue,
    Newsletter,
    Page,
    Section,
    Subscriber,
    Window,
)
from digest.pipeline.newsroom import Newsroom
from digest.selector.readers import group_readers
from digest.settings import load_settings
from digest.store import Store, open_store

from .measure import print_rows

READERS = 100_000
LETTERS = 1_000_000
TOPICS = tuple(f"Topic {number}" for number in range(40))
PER_TOPIC = 10  #: stories in the window
EARLIER = 10  #: issues
PREPARE = "prepare"
STEPS = ("nothing", "readers", "history", "groups", "editions", "letters")
AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
PAGE = Page(subject="Hello", html="<p>Hello</p>", text="Hello\n", marks={})
CONFIG = """
[site]
name = "Benchmark"
url = "https://digests.example.org"
address = "Example Ltd, 1 High Street, Anytown"
[newsletters.daily]
title = "The Daily"
from = "The Daily <daily@example.org>"
topics = [{topics}]
per_topic = 3
"""


def main() -> None:
    if sys.argv[1:]:
        folder, step = Path(sys.argv[1]), sys.argv[2]
        if step == PREPARE:
            prepare(folder)
        else:
            measure_step(folder, step)
        return
    with TemporaryDirectory() as name:
        # A process begins with the peak of the one that starts it: this one stays small.
        _run(name, PREPARE)
        rows = [_run(name, step).split("|") for step in STEPS]
    print_rows(("up to and with", "seconds", "peak", "what came out"), rows)


def _run(folder: str, step: str) -> str:
    command = (sys.executable, "-m", "benchmarks.planning", folder, step)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def prepare(folder: Path) -> None:
    """
    A store of readers and of ten earlier issues; every other story in them is news no more.
    """
    (folder / "content").mkdir()
    topics = ", ".join(f'"{each}"' for each in TOPICS)
    (folder / "digest.toml").write_text(CONFIG.format(topics=topics))
    store = _open(folder)
    random = Random(1)  # noqa: S311 - no secret
    store.subscribers.merge("daily", (_entry(place, random) for place in range(READERS)))
    groups: dict[tuple[str, ...], list[int]] = {}
    for reader in store.subscribers.active_iter("daily"):
        groups.setdefault(tuple(sorted(reader.topics or ())), []).append(reader.id)
    places = [(each, place) for place, ids in enumerate(groups.values()) for each in ids]
    for number in range(EARLIER):
        printed = [(_earlier(topics, number), PAGE) for topics in groups]
        store.issues.freeze(_issue(number - EARLIER), printed, sorted(places))
    store.close()


def measure_step(folder: Path, step: str) -> None:
    """
    Everything up to that step, the time and memory of the process, and what came out.
    """
    newsroom = _newsroom(folder)
    newsletter = newsroom.settings.newsletter("daily")
    issue = _issue(0)
    started = time.perf_counter()
    found = _STEPS[step](newsroom, newsletter, issue)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    print(f"{step}|{seconds:.1f} s|{peak:.0f} MB|{found}", end="")


def _nothing(newsroom: Newsroom, newsletter: Newsletter, issue: Issue) -> str:
    return f"{len(newsroom.selector(newsletter, issue).urls)} candidates"


def _readers(newsroom: Newsroom, newsletter: Newsletter, _: Issue) -> str:
    return f"{len(newsroom.readers(newsletter)):,} readers"


def _history(newsroom: Newsroom, newsletter: Newsletter, issue: Issue) -> str:
    seen = _seen(newsroom, newsletter, issue, newsroom.readers(newsletter))
    return f"{len(seen):,} with {len(set(seen.values())):,} different histories"


def _groups(newsroom: Newsroom, newsletter: Newsletter, issue: Issue) -> str:
    readers = newsroom.readers(newsletter)
    seen = _seen(newsroom, newsletter, issue, readers)
    groups = group_readers(readers, newsletter, taxonomy=newsroom.taxonomy, seen=seen)
    return f"{len(groups):,} groups"


def _seen(
    newsroom: Newsroom, newsletter: Newsletter, issue: Issue, readers: Sequence[Subscriber]
) -> Mapping[int, frozenset[str]]:
    store = newsroom.existing_store
    if store is None:
        return {}
    urls = newsroom.selector(newsletter, issue).urls
    return store.history.seen([each.id for each in readers], urls, besides=issue.id)


def _editions(newsroom: Newsroom, newsletter: Newsletter, issue: Issue) -> str:
    edited, without_news = newsroom.edit(newsletter, issue, newsroom.readers(newsletter))
    return f"{len(edited):,} editions, {len(without_news):,} readers without news"


def _letters(newsroom: Newsroom, _: Newsletter, issue: Issue) -> str:
    store = _open(newsroom.settings.file.parent)
    edition = _earlier(TOPICS, 0)
    store.issues.freeze(issue, [(edition, PAGE)], ((each + 1, 0) for each in range(LETTERS)))
    store.close()
    return f"{LETTERS:,} letters frozen, nothing else"


_STEPS: dict[str, Callable[[Newsroom, Newsletter, Issue], str]] = {
    "nothing": _nothing,
    "readers": _readers,
    "history": _history,
    "groups": _groups,
    "editions": _editions,
    "letters": _letters,
}


def _newsroom(folder: Path) -> Newsroom:
    newsroom = Newsroom(
        load_settings(folder / "digest.toml", {}),
        clock=lambda: AT,
        random_bits=Random(1).getrandbits,  # noqa: S311 - no secret
    )
    vars(newsroom)["articles"] = tuple(_articles())
    return newsroom


def _articles() -> Iterator[Article]:
    """
    For each topic as many stories; every third is on the next topic as well.
    """
    for place, topic in enumerate(TOPICS):
        for number in range(PER_TOPIC):
            both = (topic, TOPICS[place - 1]) if number % 3 == 0 else (topic,)
            yield _article(f"{topic}-{number}", *both, heat=(place * 7 + number * 37) % 100)


def _article(slug: str, *topics: str, heat: int = 50) -> Article:
    return Article(
        slug=slug,
        title=f"Story {slug}",
        excerpt="What happened.",
        url=f"https://news.example.org/{slug}",
        published_at=AT - timedelta(days=1, minutes=heat),
        heat=heat,
        quality=50,
        topics=topics,
    )


def _earlier(topics: tuple[str, ...], number: int) -> Edition:
    """
    Of each topic a story that is a candidate again, and one that is not.
    """
    sections = tuple(
        Section(
            topic=topic,
            articles=(
                _article(f"{topic}-{number // 2}"),
                _article(f"{topic}-old-{number}"),
            ),
        )
        for topic in topics
    )
    return Edition(topics=topics, sections=sections)


def _issue(number: int) -> Issue:
    due_at = AT + timedelta(days=number)
    return Issue(
        id=f"daily/{due_at:%Y-%m-%d}",
        newsletter="daily",
        title="The Daily",
        sender="The Daily <daily@example.org>",
        site_url="https://digests.example.org",
        due_at=due_at,
        window=Window(start=due_at - timedelta(days=7), end=due_at),
        made_at=due_at,
    )


def _entry(place: int, random: Random) -> Entry:
    topics = tuple(random.sample(TOPICS, random.randint(1, 5)))
    return Entry(address=f"reader{place}@example.org", topics=topics)


def _open(folder: Path) -> Store:
    random_bits = Random(1).getrandbits  # noqa: S311 - no secret
    return open_store(
        f"sqlite:///{folder / 'digest.db'}", clock=lambda: AT, random_bits=random_bits
    )


if __name__ == "__main__":
    main()
