"""
Nothing twice: who gets which edition, over issues, newsletters and choices of topics.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Article, Edition, Issue, Letter, Newsletter, Tally
from digest.pipeline import Moment, Pipeline
from digest.pipeline.daybook import DayBook
from digest.pipeline.delivery import Report, deliver
from digest.pipeline.plans import plan
from digest.sender import Allowance
from digest.settings import load_settings
from digest.transports.memory import MemoryTransport

from .factories import (
    MONDAY,
    PAGE,
    a_related,
    an_article,
    an_edition,
    an_entry,
    an_issue,
)
from .program import AT, SITE, WEEKLY, Project, a_full_project, a_project, environment

WEEK, DAY, HOUR = timedelta(days=7), timedelta(days=1), timedelta(hours=1)
OTHER = WEEKLY.replace("weekly", "other").replace("The Weekly", "The Other")
#: Looks two weeks back, and so meets last week's stories again.
LONG = WEEKLY.replace('"7d"', '"14d"')

Open = Callable[..., Pipeline]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_full_project(tmp_path / "project", LONG, OTHER)


@pytest.fixture
def opened() -> Iterator[Open]:
    """
    Opens pipelines as new processes have them, and closes them at the end.
    """
    pipelines: list[Pipeline] = []

    def open_pipeline(project: Project, at: datetime = MONDAY) -> Pipeline:
        bits = Random(len(pipelines)).getrandbits  # noqa: S311 - no secret
        pipelines.append(
            Pipeline(load_settings(project.config, {}), clock=lambda: at, random_bits=bits)
        )
        return pipelines[-1]

    yield open_pipeline
    for each in pipelines:
        each.close()


def at_hand(pipeline: Pipeline, newsletter_id: str = "weekly") -> tuple[Newsletter, Issue]:
    newsletter = pipeline.settings.newsletter(newsletter_id)
    return newsletter, pipeline.issue(newsletter, Moment(at=pipeline.clock()))


def send(pipeline: Pipeline, newsletter_id: str = "weekly") -> tuple[list[Letter], Report]:
    """
    `digest send`, and the letters that left.
    """
    transport = pipeline.transport = MemoryTransport()
    with pipeline.store.lock():
        report = deliver(
            pipeline,
            pipeline.settings.newsletter(newsletter_id),
            Moment(at=pipeline.clock()),
            allowance=Allowance(),
            progress=lambda *_: None,
        )
    return transport.letters, report


def stories_of(letter: Letter) -> set[str]:
    text = letter.data.replace(b"=\r\n", b"")
    return {
        name
        for name in ("tides", "trams", "news", "old")
        if f"news.example.org/{name}".encode() in text
    }


def editions_of(
    pipeline: Pipeline, newsletter_id: str = "weekly", book: DayBook | None = None
) -> dict[str, list[str]]:
    """
    Reader -> the stories that an issue would have for them.
    """
    newsletter, issue = at_hand(pipeline, newsletter_id)
    readers = pipeline.readers(newsletter)
    edited, without_news = pipeline.edit(newsletter, issue, readers, book=book)
    found = {
        reader.address.partition("@")[0]: [each.slug for each in edition.articles]
        for edition, readers in edited
        for reader in readers
    }
    return found | {each.address.partition("@")[0]: [] for each in without_news}


def test_who_was_there_last_week_gets_what_is_new_and_a_newcomer_gets_all(
    project: Project, opened: Open
) -> None:
    project.subscribe("ann@example.org")
    send(opened(project))
    project.subscribe("new@example.org")
    project.add_article("news", publishedDateTime="2026-11-25T12:00:00Z")

    letters, _ = send(opened(project, MONDAY + WEEK))

    assert {each.recipient: stories_of(each) for each in letters} == {
        "ann@example.org": {"news"},
        "new@example.org": {"tides", "trams", "news"},
    }


@pytest.mark.parametrize("order", [("weekly", "other"), ("other", "weekly")])
@pytest.mark.parametrize("one_process", [True, False])
def test_of_two_lists_due_together_a_reader_of_both_gets_each_story_once(
    project: Project, opened: Open, order: tuple[str, str], *, one_process: bool
) -> None:
    project.subscribe("ann@example.org", "ben@example.org", topics="Cities")
    project.subscribe("ann@example.org", "cat@example.org", newsletter="other")
    first = opened(project)

    letters, _ = send(first, order[0])
    more, _ = send(first if one_process else opened(project), order[1])

    read = [
        (each.recipient.partition("@")[0], story)
        for each in (*letters, *more)
        for story in stories_of(each)
    ]
    assert sorted(read) == [
        ("ann", "tides"),
        ("ann", "trams"),
        ("ben", "trams"),
        ("cat", "tides"),
        ("cat", "trams"),
    ]


@pytest.mark.parametrize("order", [("weekly", "other"), ("other", "weekly")])
def test_looked_at_together_they_are_what_would_be_sent(
    project: Project, opened: Open, order: tuple[str, str]
) -> None:
    project.subscribe("ann@example.org", "ben@example.org", topics="Cities")
    project.subscribe("ann@example.org", "cat@example.org", newsletter="other")
    looked_at, book = opened(project), DayBook()

    expected = [editions_of(looked_at, each, book) for each in order]
    planned = [
        plan(looked_at, looked_at.settings.newsletter(each), Moment(at=MONDAY), book=DayBook())
        for each in order[:1]
    ]

    assert planned[0].letters == sum(map(bool, expected[0].values()))
    for newsletter, readers in zip(order, expected, strict=True):
        letters, _ = send(opened(project), newsletter)
        found = {each.recipient.partition("@")[0]: stories_of(each) for each in letters}
        assert found == {name: set(stories) for name, stories in readers.items() if stories}


def test_what_another_issue_of_the_day_tells_is_named_as_the_reason(
    project: Project, opened: Open
) -> None:
    project.subscribe("ann@example.org", topics="Cities")
    project.subscribe("ann@example.org", newsletter="other")
    pipeline, book = opened(project), DayBook()
    editions_of(pipeline, "weekly", book)
    newsletter, issue = at_hand(pipeline, "other")

    edited, _ = pipeline.edit(
        newsletter, issue, pipeline.readers(newsletter), explain=True, book=book
    )

    (edition,) = (edition for edition, readers in edited if readers)
    reasons = {each.slug: each.reason for each in edition.rejected}
    assert reasons["trams"] == "sent in weekly/2026-11-23, just before"


def test_previews_and_plans_of_two_lists_know_of_one_another(project: Project) -> None:
    project.subscribe("ann@example.org")
    project.subscribe("ann@example.org", "ben@example.org", newsletter="other")

    editions = project.json("preview", *AT)["editions"]
    issues = project.json("send", "--dry-run", *AT)["issues"]

    assert [
        (each["newsletter"], each["subscribers"]) for each in editions if each["subscribers"]
    ] == [
        ("weekly", 1),
        ("other", 1),
    ]
    assert [(each["issue"], each["letters"]) for each in issues] == [
        ("weekly/2026-11-23", 1),
        ("other/2026-11-23", 1),
    ]


def test_an_issue_that_is_made_stays_as_it_is_among_others(project: Project, opened: Open) -> None:
    project.subscribe("ann@example.org")
    project.subscribe("ann@example.org", newsletter="other")
    send(opened(project), "other")
    pipeline, book = opened(project), DayBook()

    assert editions_of(pipeline, "weekly", book) == {"ann": []}
    assert editions_of(pipeline, "other", book) == {"ann": ["tides", "trams"]}


def test_a_pipeline_that_looked_before_there_was_a_store_finds_the_history(
    project: Project, opened: Open
) -> None:
    pipeline = opened(project)
    assert pipeline.existing_store is None
    for newsletter in ("weekly", "other"):
        pipeline.store.subscribers.merge(newsletter, [an_entry()])
    assert pipeline.existing_store is pipeline.store

    letters, _ = send(pipeline)
    more, report = send(pipeline, "other")

    assert (len(letters), more, report.tally) == (1, [], Tally(suppressed=1))


def test_a_reader_who_was_sent_all_of_it_gets_no_letter_and_the_ledger_says_why(
    project: Project, opened: Open
) -> None:
    project.subscribe("ann@example.org")
    send(opened(project))

    letters, report = send(opened(project, MONDAY + WEEK))

    assert (letters, report.tally) == ([], Tally(suppressed=1))
    assert (
        b"no news on their topics"
        in project.store.read_bytes() + (project.folder / "digest.db-wal").read_bytes()
    )


def test_without_news_on_their_topics_readers_may_get_the_top_less_what_they_were_sent(
    project: Project, opened: Open
) -> None:
    project.configure(SITE, LONG + 'no_news = "top"\n', OTHER)
    project.subscribe("ann@example.org", topics="Cities")
    project.subscribe("all@example.org")
    send(opened(project))
    project.add_article("news", publishedDateTime="2026-11-25T12:00:00Z")
    pipeline = opened(project, MONDAY + WEEK)
    newsletter, issue = at_hand(pipeline)
    ann, _ = pipeline.store.subscribers.find("ann@example.org")

    shown = pipeline.select(newsletter, issue, ("Cities",), subscriber=ann)

    assert editions_of(pipeline) == {"ann": ["tides", "news"], "all": ["news"]}
    assert [each.slug for each in shown.articles] == ["tides", "news"]


def test_readers_of_different_histories_share_what_is_the_same_for_them(
    project: Project, opened: Open
) -> None:
    project.subscribe("ann@example.org", newsletter="other", topics="Cities")
    project.subscribe("ben@example.org", newsletter="other", topics="Science")
    send(opened(project), "other")
    project.subscribe("ann@example.org", "ben@example.org", "cat@example.org", topics="Cities")
    pipeline = opened(project)
    newsletter, issue = at_hand(pipeline)

    printed, without_news = pipeline.print_editions(newsletter, issue, pipeline.readers(newsletter))

    of_cities = [each for each in printed if each.readers]
    assert len(of_cities) == 1
    assert {each.address for each in of_cities[0].readers} == {"ben@example.org", "cat@example.org"}
    assert [each.address for each in without_news] == ["ann@example.org"]


def test_an_issue_that_was_sent_looks_as_it_did(project: Project, opened: Open) -> None:
    project.subscribe("ann@example.org", "ben@example.org", topics="Cities")
    project.subscribe("cat@example.org")
    project.subscribe("ann@example.org", "cat@example.org", newsletter="other")
    pipeline = opened(project)
    before = editions_of(pipeline)
    listed = pipeline.select(*at_hand(pipeline))
    for newsletter in ("weekly", "other"):
        send(opened(project), newsletter)

    again = opened(project)

    assert editions_of(again) == before
    assert again.select(*at_hand(again)) == listed


def test_select_says_when_a_story_was_sent_to_the_list_and_to_whom(
    project: Project, opened: Open
) -> None:
    project.subscribe("ann@example.org", "ben@example.org")
    send(opened(project))
    project.subscribe("new@example.org")
    pipeline = opened(project, MONDAY + WEEK)
    newsletter, issue = at_hand(pipeline)
    ann, new = (
        pipeline.store.subscribers.find(f"{name}@example.org")[0] for name in ("ann", "new")
    )

    listed = pipeline.select(newsletter, issue)
    for_ann = pipeline.select(newsletter, issue, subscriber=ann)
    for_new = pipeline.select(newsletter, issue, subscriber=new)

    assert ("tides", "sent to this list on 2026-11-23") in reasons_of(listed)
    assert ("tides", "sent on 2026-11-23 (weekly)") in reasons_of(for_ann)
    assert [each.slug for each in for_new.articles] == ["tides", "trams"]


def test_a_list_whose_topics_changed_still_knows_what_it_was_sent(
    project: Project, opened: Open
) -> None:
    project.subscribe("ann@example.org")
    send(opened(project))
    project.configure(SITE, LONG.replace('["Science", "Cities"]', '["Cities", "Science", "Art"]'))
    pipeline = opened(project, MONDAY + WEEK)

    edition = pipeline.select(*at_hand(pipeline))

    assert not edition.sections
    assert ("trams", "sent to this list on 2026-11-23") in reasons_of(edition)


def test_select_orders_a_subscribers_topics_as_their_letter_does(
    project: Project, opened: Open
) -> None:
    project.subscribe("ann@example.org", topics="cities;SCIENCE")
    pipeline = opened(project)
    newsletter, issue = at_hand(pipeline)
    (ann,) = pipeline.readers(newsletter)

    shown = pipeline.select(newsletter, issue, ann.topics, subscriber=ann)

    edited, _ = pipeline.edit(newsletter, issue, [ann])
    assert shown.key == edited[0][0].key
    assert [each.topic for each in shown.sections] == ["Science", "Cities"]


def test_a_story_folded_under_one_of_a_like_title_was_sent_with_it(
    project: Project, opened: Open
) -> None:
    title = "The harbour bridge opens after seven years of work"
    project.add_article("first", title=title, heat=99)
    project.add_article("second", title=f"{title} again", heat=60)
    project.subscribe("ann@example.org")
    first = editions_of(opened(project))
    send(opened(project))

    later = editions_of(opened(project, MONDAY + WEEK))

    assert first == {"ann": ["first", "tides", "trams"]}
    assert later == {"ann": []}


def test_readers_who_share_an_edition_know_all_that_was_folded_for_any_of_them(
    project: Project, opened: Open
) -> None:
    """
    Cat was sent the second one before, so that it was folded for Ann alone.
    """
    title = "The harbour bridge opens after seven years of work"
    first = an_article(slug="first", title=title, heat=99, topics=("Cities",))
    second = an_article(slug="a", title=f"{title} again", heat=60, topics=("Cities",))
    cool = [an_article(slug=slug, heat=1, topics=("Cities",)) for slug in ("b", "c")]
    project.configure(SITE, LONG.replace("per_topic = 2", "per_topic = 1"))
    project.subscribe("ann@example.org", "cat@example.org", topics="Cities")
    pipeline = opened(project)
    vars(pipeline)["articles"] = (first, second, *cool)
    newsletter, issue = at_hand(pipeline)
    readers = {each.address: each for each in pipeline.readers(newsletter)}
    sent = {"cat@example.org": second, "ann@example.org": cool[0]}
    for place, (address, article) in enumerate(sent.items()):
        pipeline.store.issues.freeze(
            an_issue(id=f"other/{place}", newsletter="other"),
            [(an_edition(article), PAGE)],
            [(readers[address].id, 0)],
        )

    edited, _ = pipeline.edit(newsletter, issue, list(readers.values()))

    ((edition, both),) = [each for each in edited if each[1]]
    assert len(both) == 2
    assert edition.told >= {first.story, second.story}


def test_a_related_story_was_sent_with_the_one_it_was_printed_under(
    project: Project, opened: Open
) -> None:
    related = {"title": "More", "webUrl": "https://news.example.org/more"}
    project.add_article("tides", heat=90, related=[related])
    project.subscribe("ann@example.org")
    send(opened(project))
    project.add_article("more", heat=99, publishedDateTime="2026-11-25T12:00:00Z")

    assert editions_of(opened(project, MONDAY + WEEK)) == {"ann": []}


def test_a_widened_window_brings_nothing_back(project: Project, opened: Open) -> None:
    project.configure(SITE, WEEKLY + 'min_articles = 3\nthin_week = "widen"\n')
    project.subscribe("ann@example.org")
    send(opened(project))
    project.subscribe("new@example.org")
    project.add_article("news", publishedDateTime="2026-11-25T12:00:00Z")

    later = editions_of(opened(project, MONDAY + WEEK))

    assert later == {"ann": ["news"], "new": ["tides", "news", "trams"]}


def test_the_program_shows_a_subscriber_what_they_will_get(project: Project) -> None:
    project.subscribe("ann@example.org", "ben@example.org", newsletter="other", topics="Science")
    project.subscribe("ann@example.org", "cat@example.org")
    project.done("send", "other", *AT)

    def selected(*arguments: str) -> list[str]:
        document = project.json("select", "weekly", *AT, *arguments)
        return [each["slug"] for section in document["sections"] for each in section["articles"]]

    explained = project.json(
        "select", "weekly", *AT, "--subscriber", "ann@example.org", "--explain"
    )
    (previewed,) = project.json("preview", "weekly", *AT, "--subscriber", "ann@example.org")[
        "editions"
    ]
    page = Path(project.folder, previewed["text"]).read_text()

    assert selected() == selected("--subscriber", "cat@example.org") == ["tides", "trams"]
    assert selected("--subscriber", "ann@example.org") == ["trams"]
    reasons = {each["slug"]: each["reason"] for each in explained["rejected"]}
    assert reasons["tides"] == "sent on 2026-11-23 (other)"
    assert ("news.example.org/trams" in page, "news.example.org/tides" in page) == (True, False)


def test_newsletters_due_together_are_sent_by_one_command(project: Project) -> None:
    project.subscribe("ann@example.org", "ben@example.org")
    project.subscribe("ann@example.org", "cat@example.org", newsletter="other")

    issues = project.json("send", *AT)["issues"]

    assert [(each["issue"], each["accepted"], each["suppressed"]) for each in issues] == [
        ("weekly/2026-11-23", 2, 0),
        ("other/2026-11-23", 1, 1),
    ]


def test_two_processes_at_once_give_nobody_a_story_twice(project: Project) -> None:
    """
    One of them may find the other at work; it is run again then, as its exit status asks for.
    """
    for newsletter in ("weekly", "other"):
        project.subscribe(*(f"r{n}@example.org" for n in range(30)), newsletter=newsletter)
    command = [sys.executable, "-m", "digest", "--config", str(project.config), "send"]
    processes = [
        subprocess.Popen(
            [*command, newsletter, *AT], env=environment(), stderr=subprocess.PIPE, text=True
        )
        for newsletter in ("weekly", "other")
    ]
    for process in processes:
        process.communicate(timeout=60)
    for newsletter, process in zip(("weekly", "other"), processes, strict=True):
        if process.returncode:
            assert process.returncode == 75
            project.done("send", newsletter, *AT)

    issues = project.json("status")["issues"]

    assert len(project.letters) == 30
    assert sorted((each["accepted"], each["suppressed"]) for each in issues) == [(0, 30), (30, 0)]


def reasons_of(edition: Edition) -> set[tuple[str, str]]:
    return {(each.slug, each.reason) for each in edition.rejected}


TOPICS = ("Science", "Cities")
CHOICES = st.sampled_from([(), ("Science",), ("Cities",), ("Cities", "Science")])
STORIES = st.lists(
    st.tuples(
        st.integers(0, 27),  # days before the last issue
        st.integers(0, 5),  # heat
        st.sampled_from([("Science",), ("Cities",), TOPICS]),
        st.integers(0, 9),  # what it is like
        st.one_of(st.none(), st.integers(0, 9)),  # what it is related to
    ),
    min_size=3,
    max_size=14,
)
RUNS = st.lists(
    st.tuples(st.sampled_from(["weekly", "other"]), st.integers(0, 3)), min_size=2, max_size=6
)
RULES = st.sampled_from(
    ["", 'no_news = "top"', 'min_articles = 2\nthin_week = "widen"', "near_duplicates = false"]
)


def made_of(stories: Sequence[tuple[int, int, tuple[str, ...], int, int | None]]) -> list[Article]:
    """
    Articles of which some share an address, a title or a related story.
    """
    return [
        an_article(
            slug=f"s{place}",
            url=f"https://news.example.org/{like}" if place % 3 == 0 else f"https://n/{place}",
            title=f"{'alpha bravo charlie delta echo' if like % 2 else place} {'x' * like}",
            heat=heat,
            topics=topics,
            published_at=MONDAY - days * DAY - HOUR,
            related=(a_related(url=f"https://news.example.org/{related}"),) if related else (),
        )
        for place, (days, heat, topics, like, related) in enumerate(stories)
    ]


@settings(max_examples=30)
@given(stories=STORIES, runs=RUNS, choices=st.tuples(*[CHOICES] * 6), rules=RULES)
def test_nobody_is_ever_sent_an_address_twice(
    tmp_path_factory: pytest.TempPathFactory,
    stories: list[tuple[int, int, tuple[str, ...], int, int | None]],
    runs: list[tuple[str, int]],
    choices: tuple[tuple[str, ...], ...],
    rules: str,
) -> None:
    more = f"{rules}\n"
    project = a_project(tmp_path_factory.mktemp("site") / "project", LONG + more, OTHER + more)
    for place, topics in enumerate(choices):
        newsletter = ("weekly", "other")[place % 2]
        project.subscribe(
            f"r{place // 2}@example.org", newsletter=newsletter, topics=";".join(topics)
        )
    told: set[tuple[int, str]] = set()
    for newsletter_id, week in sorted(runs, key=lambda run: run[1]):
        for edition, ids in made(
            project, newsletter_id, MONDAY - (3 - week) * WEEK, made_of(stories)
        ):
            printed = {(each, article.story) for article in edition.articles for each in ids}
            assert len(printed) == edition.size * len(ids)
            assert told.isdisjoint(printed)
            told |= {(each, story) for story in edition.told for each in ids}


def made(
    project: Project, newsletter_id: str, at: datetime, articles: list[Article]
) -> list[tuple[Edition, list[int]]]:
    """
    The editions of an issue with their readers; nothing if it was made before.
    """
    bits = Random(1).getrandbits  # noqa: S311 - no secret
    pipeline = Pipeline(load_settings(project.config, {}), clock=lambda: at, random_bits=bits)
    vars(pipeline)["articles"] = tuple(articles)
    try:
        newsletter, issue = at_hand(pipeline, newsletter_id)
        if pipeline.store.issues.get(issue.id):
            return []
        edited, _ = pipeline.edit(newsletter, issue, pipeline.readers(newsletter))
        ids = [[reader.id for reader in readers] for _, readers in edited]
        letters = sorted((each, place) for place, group in enumerate(ids) for each in group)
        pipeline.store.issues.freeze(issue, [(edition, PAGE) for edition, _ in edited], letters)
        return [(edition, group) for (edition, _), group in zip(edited, ids, strict=True)]
    finally:
        pipeline.close()
