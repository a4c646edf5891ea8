"""
One issue from its schedule to its receipts, on a real store and with real pages.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from shutil import copytree

import pytest

from digest.errors import NotFoundError, TransportAway
from digest.model import Issue, Letter, Outcome, Receipt, Tally
from digest.pipeline import Moment, Pipeline
from digest.pipeline.delivery import Report, deliver, send_test
from digest.pipeline.plans import Plan, plan
from digest.pipeline.standing import standings
from digest.ports import Transport
from digest.sender import Allowance
from digest.settings import load_settings
from digest.transports.memory import MemoryTransport, accept

from .factories import MONDAY, an_entry

WEEK, DAY, HOUR = timedelta(days=7), timedelta(days=1), timedelta(hours=1)
ISSUE = "weekly/2026-11-23"
SETTINGS = """
[site]
name = "{site}"
url = "https://digests.example.org"
address = "Example Ltd, 1 High Street, Anytown"
"""
NEWSLETTER = """
[newsletters.{id}]
title = "{title}"
from = "The Weekly <weekly@example.org>"
topics = ["AI", "Robots"]
schedule = {{ every = "week", on = "monday", at = "07:00", timezone = "Europe/Paris" }}
window = "{window}"
max_delay = "36h"
"""
ARTICLE = """---
title: "{title}"
excerpt: "What happened."
publishedDateTime: {at:%Y-%m-%dT%H:%M:%SZ}
webUrl: "https://news.example.org/{slug}"
heat: 50
quality: 50
topics: [{topic}]
---
"""


def write_settings(
    folder: Path,
    *ids: str,
    site: str = "Example Digests",
    title: str = "The Weekly",
    window: str = "7d",
) -> None:
    tables = [NEWSLETTER.format(id=each, title=title, window=window) for each in ids or ("weekly",)]
    (folder / "digest.toml").write_text("".join([SETTINGS.format(site=site), *tables]))


def write_article(
    folder: Path, slug: str, *, at: datetime = MONDAY - DAY, topic: str = "AI", title: str = ""
) -> None:
    content = folder / "content"
    content.mkdir(exist_ok=True)
    text = ARTICLE.format(title=title or slug, at=at, slug=slug, topic=topic)
    (content / f"{slug}.md").write_text(text)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """
    A newsletter, an article, and five readers, of whom one reads of robots only.
    """
    write_settings(tmp_path)
    write_article(tmp_path, "hello")
    with opened(tmp_path) as pipeline:
        subscribe(pipeline, "ann", "ben", "cat", "dan")
        subscribe(pipeline, "eve", topics=("Robots",))
    return tmp_path


def subscribe(
    pipeline: Pipeline, *names: str, topics: tuple[str, ...] = (), newsletter: str = "weekly"
) -> None:
    entries = [an_entry(address=f"{name}@example.org", topics=topics) for name in names]
    pipeline.store.subscribers.merge(newsletter, entries)


@contextmanager
def opened(
    folder: Path, transport: Transport | None = None, *, now: datetime = MONDAY + HOUR
) -> Iterator[Pipeline]:
    """
    The pipeline as a new process has it.
    """
    pipeline = Pipeline(
        load_settings(folder / "digest.toml", {}),
        clock=lambda: now,
        random_bits=Random().getrandbits,  # noqa: S311 - no secret
    )
    pipeline.transport = transport or MemoryTransport()
    try:
        yield pipeline
    finally:
        pipeline.close()


def run(
    folder: Path,
    transport: Transport | None = None,
    *,
    at: datetime = MONDAY + HOUR,
    newsletter: str = "weekly",
    name: str | None = None,
    limit: int | None = None,
    force: bool = False,
    progress: Callable[[Issue, int, Receipt | None], None] = lambda *_: None,
) -> Report:
    """
    `digest send`, in a process of its own so to speak.
    """
    with opened(folder, transport, now=at) as pipeline, pipeline.store.lock():
        return deliver(
            pipeline,
            pipeline.settings.newsletter(newsletter),
            Moment(at=at, name=name),
            allowance=Allowance(limit),
            progress=progress,
            force=force,
        )


def a_plan(folder: Path, at: datetime = MONDAY + HOUR) -> Plan:
    with opened(folder, now=at) as pipeline:
        return plan(pipeline, pipeline.settings.newsletter("weekly"), Moment(at=at))


def a_test(folder: Path, transport: Transport, address: str = "me@example.org") -> list[Receipt]:
    with opened(folder, transport) as pipeline:
        newsletter = pipeline.settings.newsletter("weekly")
        tests = send_test(pipeline, newsletter, Moment(at=MONDAY + HOUR), address)
        return [receipt for _, receipt in tests]


def status(folder: Path, issue_id: str | None = None) -> dict[str, tuple[str, Tally]]:
    with opened(folder) as pipeline:
        return {each.issue.id: (each.state, each.tally) for each in standings(pipeline, issue_id)}


def names_of(letters: Sequence[Letter]) -> list[str]:
    return sorted(letter.recipient.partition("@")[0] for letter in letters)


def away_after(number: int) -> MemoryTransport:
    """
    A mail server that goes away after so many letters.
    """

    def handle(letter: Letter) -> Receipt:
        if len(transport.letters) > number:
            transport.letters.pop()
            raise TransportAway("gone")
        return accept(letter)

    transport = MemoryTransport(handle)
    return transport


def test_a_run_sends_to_everybody_who_has_something_to_read(site: Path) -> None:
    transport = MemoryTransport()

    report = run(site, transport)

    assert names_of(transport.letters) == ["ann", "ben", "cat", "dan"]
    assert (report.accepted, report.suppressed, report.letters) == (4, 1, 5)
    assert report.tally == Tally(accepted=4, suppressed=1)
    assert report.issue.id == ISSUE
    assert report.error is None


def test_running_again_sends_nothing(site: Path) -> None:
    run(site)
    transport = MemoryTransport()

    report = run(site, transport, at=MONDAY + 2 * HOUR)

    assert transport.letters == []
    assert (report.note, report.letters) == ("sent already", 0)
    assert report.tally == Tally(accepted=4, suppressed=1)


def test_who_subscribes_after_the_issue_was_made_gets_the_next_one(site: Path) -> None:
    run(site, away_after(1))
    with opened(site) as pipeline:
        subscribe(pipeline, "late")
    transport = MemoryTransport()

    run(site, transport)

    assert "late" not in names_of(transport.letters)


def test_a_second_run_continues_where_the_mail_server_went_away(site: Path) -> None:
    first, second = away_after(1), MemoryTransport()

    broken = run(site, first)
    report = run(site, second)

    assert isinstance(broken.error, TransportAway)
    assert broken.tally == Tally(accepted=1, suppressed=1, waiting=3)
    assert (report.accepted, report.suppressed, report.error) == (3, 0, None)
    assert names_of([*first.letters, *second.letters]) == ["ann", "ben", "cat", "dan"]


def test_a_continued_issue_has_the_same_bytes_whatever_was_changed_since(
    site: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run(site, away_after(0))
    changed = tmp_path_factory.mktemp("changed") / "site"
    copytree(site, changed)
    write_settings(changed, site="Another name", title="Another title", window="3d")
    write_article(changed, "hello", title="Another title")
    write_article(changed, "more")
    before, after = MemoryTransport(), MemoryTransport()

    run(site, before)
    run(changed, after, at=MONDAY + 5 * HOUR)

    assert len(before.letters) == 4
    assert before.letters == after.letters
    assert b"Another title" not in after.letters[0].data


def test_a_limit_leaves_the_rest_to_the_next_run(site: Path) -> None:
    first, second = MemoryTransport(), MemoryTransport()

    limited = run(site, first, limit=3)
    run(site, second)

    assert limited.tally == Tally(accepted=3, waiting=1, suppressed=1)
    assert len(first.letters) == 3
    assert names_of([*first.letters, *second.letters]) == ["ann", "ben", "cat", "dan"]


def test_deferred_letters_are_tried_again(site: Path) -> None:
    greylisting = MemoryTransport(lambda each: Receipt(letter=each, outcome=Outcome.DEFERRED))

    first = run(site, greylisting)
    second = run(site)

    assert (first.deferred, first.tally) == (4, Tally(deferred=4, suppressed=1))
    assert (second.accepted, second.tally) == (4, Tally(accepted=4, suppressed=1))


def test_refused_letters_are_not_tried_again(site: Path) -> None:
    run(site, MemoryTransport(lambda each: Receipt(letter=each, outcome=Outcome.REFUSED)))

    report = run(site)

    assert (report.note, report.tally) == ("sent already", Tally(refused=4, suppressed=1))


def test_what_a_dead_run_left_is_reported_and_not_sent_again(site: Path) -> None:
    run(site, away_after(0))
    with opened(site) as pipeline:
        pipeline.store.recovery.recover(ISSUE, alone=True)
        batch = pipeline.store.ledger.claim_batches(ISSUE, "dead")
        pipeline.store.ledger.intend(ISSUE, [batch[0].subscriber.id], "dead")
    transport = MemoryTransport()

    report = run(site, transport)
    again = run(site)

    assert (report.accepted, report.in_doubt) == (3, 1)
    assert len(transport.letters) == 3
    assert again.tally == Tally(accepted=3, in_doubt=1, suppressed=1)
    assert (again.in_doubt, again.note) == (0, "sent already")


def test_letters_in_doubt_are_sent_again_once_a_person_says_so(site: Path) -> None:
    lost = MemoryTransport(lambda each: Receipt(letter=each, outcome=Outcome.IN_DOUBT))
    run(site, lost)
    with opened(site) as pipeline:
        doubtful = pipeline.store.accounts.in_doubt(ISSUE)
        pipeline.store.accounts.resolve(ISSUE, doubtful, "resend")
    transport = MemoryTransport()

    run(site, transport)

    assert transport.letters == lost.letters


def test_who_leaves_between_two_runs_gets_no_letter(site: Path) -> None:
    first, second = away_after(1), MemoryTransport()
    run(site, first)
    (gone, *_) = sorted({"ann", "ben"} - set(names_of(first.letters)))
    with opened(site) as pipeline:
        pipeline.store.subscribers.remove("weekly", f"{gone}@example.org")

    report = run(site, second)

    assert gone not in names_of(second.letters)
    assert (report.accepted, report.suppressed) == (2, 1)
    assert report.tally == Tally(accepted=3, suppressed=2)


def test_an_issue_is_sent_as_late_as_its_max_delay(site: Path) -> None:
    assert run(site, at=MONDAY + 36 * HOUR).accepted == 4


@pytest.mark.parametrize("begun", [False, True])
def test_an_issue_that_is_overdue_is_sent_by_force_only(site: Path, *, begun: bool) -> None:
    if begun:
        run(site, away_after(0))
    transport = MemoryTransport()
    late = MONDAY + 36 * HOUR + timedelta(minutes=1)

    report = run(site, transport, at=late)
    sent = len(transport.letters)
    forced = run(site, transport, at=late, force=True)

    assert (report.overdue, report.letters, sent) == (True, 0, 0)
    assert "--force" in report.note
    assert (report.tally is None) is not begun
    assert (forced.accepted, forced.overdue) == (4, False)


def test_an_issue_that_was_sent_is_not_overdue(site: Path) -> None:
    run(site)

    report = run(site, at=MONDAY + 5 * DAY)

    assert (report.overdue, report.note) == (False, "sent already")


def test_without_anything_to_read_no_issue_is_made(site: Path) -> None:
    (site / "content/hello.md").unlink()

    report = run(site)

    assert report.note.startswith("nothing to read in its window: see `digest select weekly")
    assert report.tally is None
    assert status(site) == {}

    write_article(site, "at-last")
    assert run(site).accepted == 4


def test_without_subscribers_no_issue_is_made(tmp_path: Path) -> None:
    write_settings(tmp_path)
    write_article(tmp_path, "hello")

    report = run(tmp_path)

    assert report.note == "nobody is subscribed: see `digest subscribers import`"
    assert status(tmp_path) == {}


def test_everybody_reads_of_their_own_topics(site: Path) -> None:
    write_article(site, "robots-dance", topic="Robots")
    transport = MemoryTransport()

    run(site, transport)

    of = {letter.recipient.partition("@")[0]: letter.data for letter in transport.letters}
    assert sorted(of) == ["ann", "ben", "cat", "dan", "eve"]
    assert (b"news.example.org/hello" in of["ann"], b"news.example.org/hello" in of["eve"]) == (
        True,
        False,
    )
    assert all(b"news.example.org/robots-dance" in data for data in of.values())


def test_an_issue_outside_the_schedule_is_sent_once_at_any_time(site: Path) -> None:
    transport = MemoryTransport()
    late = MONDAY + 3 * DAY

    report = run(site, transport, at=late, name="extra")
    again = run(site, transport, at=late + HOUR, name="extra")

    assert (report.issue.id, report.accepted) == ("weekly/extra", 4)
    assert again.note == "sent already"
    assert len(transport.letters) == 4


def test_each_issue_is_sent_to_everybody(site: Path) -> None:
    write_article(site, "later", at=MONDAY + DAY)
    transport = MemoryTransport()

    for week in (0, 1):
        run(site, transport, at=MONDAY + week * WEEK + HOUR)

    assert names_of(transport.letters) == sorted(["ann", "ben", "cat", "dan"] * 2)
    assert len({letter.id for letter in transport.letters}) == 8


def test_windows_since_the_last_issue_neither_overlap_nor_leave_gaps(site: Path) -> None:
    write_settings(site, window="since-last")
    (site / "content/hello.md").unlink()
    moments = [MONDAY - DAY + n * 12 * HOUR for n in range(58)] + [MONDAY, MONDAY + WEEK]
    for number, at in enumerate(moments):
        write_article(site, f"story-{number}", at=at)
    settings = (site / "digest.toml").read_text()
    (site / "digest.toml").write_text(settings.replace("window", "per_topic = 100\nwindow"))
    transport = MemoryTransport()

    # Nobody ran it in the third week, and once somebody sent an issue of their own.
    for at, name in (
        (MONDAY + HOUR, None),
        (MONDAY + WEEK + 5 * HOUR, None),
        (MONDAY + WEEK + DAY, "extra"),
        (MONDAY + 3 * WEEK + HOUR, None),
        (MONDAY + 4 * WEEK + HOUR, None),
    ):
        run(site, transport, at=at, name=name)

    with opened(site) as pipeline:
        windows = sorted(
            (issue.window for issue in pipeline.store.issues.all()), key=lambda each: each.start
        )
    assert all(earlier.end == later.start for earlier, later in pairwise(windows))
    assert len(windows) == 5
    read = [
        number
        for letter in transport.letters
        for number in range(len(moments))
        if letter.recipient == "ann@example.org"
        and b"news.example.org/story-%d\r\n" % number in letter.data.replace(b"=\r\n", b"")
    ]
    assert sorted(read) == list(range(len(moments)))


def test_somebody_on_two_newsletters_gets_each_story_once(site: Path) -> None:
    write_settings(site, "weekly", "other")
    with opened(site) as pipeline:
        subscribe(pipeline, "ann", "zoe", newsletter="other")
    transport = MemoryTransport()

    run(site, transport)
    report = run(site, transport, newsletter="other")

    assert report.issue.id == "other/2026-11-23"
    assert report.tally == Tally(accepted=1, suppressed=1)
    assert names_of(transport.letters) == ["ann", "ben", "cat", "dan", "zoe"]


def test_progress_says_how_many_there_are_and_then_each_receipt(site: Path) -> None:
    seen: list[tuple[str, int, Outcome | None]] = []

    def progress(issue: Issue, total: int, receipt: Receipt | None) -> None:
        seen.append((issue.id, total, receipt.outcome if receipt else None))

    run(site, progress=progress)

    assert seen == [(ISSUE, 4, None)] + [(ISSUE, 4, Outcome.ACCEPTED)] * 4


def test_a_test_goes_to_one_address_and_the_ledger_hears_nothing_of_it(site: Path) -> None:
    transport = MemoryTransport()

    (receipt,) = a_test(site, transport, "Me@Example.ORG")

    assert receipt.outcome is Outcome.ACCEPTED
    assert [letter.recipient for letter in transport.letters] == ["Me@example.org"]
    assert status(site) == {}
    run(site, transport)
    assert len({letter.id for letter in transport.letters}) == len(transport.letters) == 5


def test_a_test_needs_no_store(tmp_path: Path) -> None:
    write_settings(tmp_path)
    write_article(tmp_path, "hello")

    a_test(tmp_path, MemoryTransport())

    assert not [*tmp_path.glob("digest.db*")]


def test_a_test_without_anything_to_read_is_an_error(tmp_path: Path) -> None:
    write_settings(tmp_path)
    (tmp_path / "content").mkdir()

    with pytest.raises(NotFoundError, match="has nothing to read: see `digest select weekly"):
        a_test(tmp_path, MemoryTransport())


def test_a_test_to_what_is_no_address_is_an_error_that_does_not_repeat_it(site: Path) -> None:
    with pytest.raises(NotFoundError, match="the test address is not") as caught:
        a_test(site, MemoryTransport(), "not<me>@example.org")

    assert "me>" not in str(caught.value)


def test_a_plan_says_what_a_run_does_and_changes_nothing(site: Path) -> None:
    write_article(site, "robots-dance", topic="Robots")
    with opened(site) as pipeline:
        subscribe(pipeline, "fay", topics=("Gardening",))

    planned = a_plan(site)
    before = status(site)
    report = run(site)

    assert before == {}
    assert (planned.issue.id, planned.letters, planned.editions, planned.without_news) == (
        ISSUE,
        5,
        2,
        1,
    )
    assert (report.accepted, report.suppressed) == (5, 1)


def test_the_size_of_a_plan_is_that_of_the_letters(site: Path) -> None:
    transport = MemoryTransport()

    planned = a_plan(site)
    run(site, transport)

    sent = sum(len(letter.data) for letter in transport.letters)
    assert planned.bytes == pytest.approx(sent, rel=0.01)


def test_a_plan_without_a_store_makes_none(tmp_path: Path) -> None:
    write_settings(tmp_path)
    write_article(tmp_path, "hello")

    planned = a_plan(tmp_path)

    assert (planned.letters, planned.editions, planned.bytes) == (0, 0, 0)
    assert not [*tmp_path.glob("digest.db*")]


def test_the_standing_of_an_issue_adds_up_at_every_step(site: Path) -> None:
    run(site, away_after(1))
    unfinished = status(site)
    run(site)

    assert unfinished == {ISSUE: ("unfinished", Tally(accepted=1, waiting=3, suppressed=1))}
    assert status(site, ISSUE) == {ISSUE: ("done", Tally(accepted=4, suppressed=1))}


def test_an_issue_that_is_being_sent_is_told_so(site: Path) -> None:
    seen: list[dict[str, tuple[str, Tally]]] = []

    def look(letter: Letter) -> Receipt:
        seen.append(status(site))
        return accept(letter)

    run(site, MemoryTransport(look))

    assert [each[ISSUE][0] for each in seen] == ["sending"] * 4
    assert {each[ISSUE][1].letters for each in seen} == {5}
    assert {each[ISSUE][1].in_doubt for each in seen} == {0}


def test_an_issue_that_was_never_made_has_no_standing(site: Path) -> None:
    with pytest.raises(NotFoundError, match='no issue "weekly/2020-01-06": `digest status`'):
        status(site, "weekly/2020-01-06")


def test_without_a_store_nothing_stands(tmp_path: Path) -> None:
    write_settings(tmp_path)

    assert status(tmp_path) == {}
