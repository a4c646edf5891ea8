"""
Unsubscribing: one click for mail programs, one button for people, and nothing for scanners.
"""

import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import psycopg
import pytest

from digest.errors import StoreError
from digest.model import State
from digest.store import Choice
from digest.store.sqlite import SqliteDatabase
from digest.tokens import PATHS
from tests.factories import an_issue, an_issue_of
from tests.program import AT, a_full_project
from tests.program import WEEKLY as DUE
from tests.website import OTHER, WEEKLY, Website, serving

ONE_CLICK: dict[str, str | list[str]] = {"List-Unsubscribe": "One-Click"}
UNDO = "That was a mistake: undo it"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Website]:
    with serving(a_full_project(tmp_path, WEEKLY, OTHER)) as website:
        yield website


def test_one_click_takes_effect_before_it_is_answered(site: Website) -> None:
    path = site.path("unsubscribe", site.reader())

    answer = site.post(path, ONE_CLICK)

    assert (answer.status_code, answer.text) == (200, "Unsubscribed.\n")
    assert site.state() == State.UNSUBSCRIBED


def test_one_click_is_taken_as_multipart_as_well(site: Website) -> None:
    path = site.path("unsubscribe", site.reader())

    answer = site.client.post(path, files={"List-Unsubscribe": (None, "One-Click")})

    assert (answer.status_code, answer.text) == (200, "Unsubscribed.\n")
    assert site.state() == State.UNSUBSCRIBED


@pytest.mark.parametrize("prefix", ["", "/digests"])
def test_one_click_is_heard_below_the_path_of_the_site_s_address(
    tmp_path: Path, prefix: str
) -> None:
    project = a_full_project(tmp_path, WEEKLY)
    text = project.config.read_text("utf-8").replace("s.example.org", "s.example.org/digests")
    project.config.write_text(text, "utf-8")
    with serving(project) as website:
        path = website.path("unsubscribe", website.reader())

        answer = website.post(prefix + path, ONE_CLICK)

        assert (answer.status_code, answer.text) == (200, "Unsubscribed.\n")
        assert website.state() == State.UNSUBSCRIBED


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain"])
def test_one_click_is_the_same_however_it_is_worded(site: Website, kind: str) -> None:
    """
    The request as RFC 8058 words it takes a way of its own.
    """
    bodies = (b"List-Unsubscribe=One-Click", b"list-unsubscribe=one-click&x=1", b"")
    readers = [site.reader(f"r{number}@example.org") for number, _ in enumerate(bodies)]

    answers = [
        site.client.post(
            site.path("unsubscribe", reader), content=body, headers={"Content-Type": kind}
        ).text
        for reader, body in zip(readers, bodies, strict=True)
    ]

    assert answers == ["Unsubscribed.\n"] * 3
    assert {site.state(each.address) for each in readers} == {State.UNSUBSCRIBED}


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain"])
def test_one_click_of_who_was_erased_is_answered_as_any_other(site: Website, kind: str) -> None:
    ann, bob = site.reader(), site.reader("bob@example.org")
    site.store.people.erase(ann.id)

    gone, here = (
        site.client.post(
            site.path("unsubscribe", each),
            content=b"List-Unsubscribe=One-Click",
            headers={"Content-Type": kind},
        )
        for each in (ann, bob)
    )

    assert (gone.status_code, gone.text) == (200, "Unsubscribed.\n")
    assert gone.headers.keys() == here.headers.keys()
    assert site.get(site.path("unsubscribe", ann)).status_code == 404


def test_one_click_twice_is_one_change(site: Website) -> None:
    path = site.path("unsubscribe", site.reader())

    answers = [site.post(path, ONE_CLICK).status_code for _ in range(3)]

    story = site.store.subscribers.story("ann@example.org")
    assert answers == [200, 200, 200]
    assert str(story).count("by the link in a letter") == 1


def test_only_the_list_of_the_token_is_left(site: Website) -> None:
    ann = site.reader()
    site.reader(newsletter="other")

    site.post(site.path("unsubscribe", ann), {"do": "leave"})

    assert site.state(newsletter="weekly") == State.UNSUBSCRIBED
    assert site.state(newsletter="other") == State.ACTIVE


def test_all_lists_can_be_left_and_had_back(site: Website) -> None:
    ann = site.reader()
    site.reader(newsletter="other")
    path = site.path("unsubscribe", ann)

    left = site.post(path, {"do": "leave all"})
    states = [site.state(newsletter=each) for each in ("weekly", "other")]
    back = site.post(path, {"do": "return all"})

    assert "No list of Example Digests" in left.text
    assert states == [State.UNSUBSCRIBED, State.UNSUBSCRIBED]
    assert "Welcome back!" in back.text
    assert [site.state(newsletter=each) for each in ("weekly", "other")] == [State.ACTIVE] * 2


def test_a_list_left_long_ago_does_not_come_back_with_the_others(site: Website) -> None:
    ann = site.reader()
    site.reader(newsletter="other")
    site.post(site.path("unsubscribe", ann, "other"), {"do": "leave"})
    site.clock.pass_(days=2)
    path = site.path("unsubscribe", ann)
    site.post(path, {"do": "leave all"})

    site.post(path, {"do": "return all"})

    assert site.state(newsletter="weekly") == State.ACTIVE
    assert site.state(newsletter="other") == State.UNSUBSCRIBED


@pytest.mark.parametrize("state", [State.UNSUBSCRIBED, State.BOUNCED, State.COMPLAINED])
def test_who_left_this_list_is_told_what_else_comes_and_may_leave_that(
    site: Website, state: State
) -> None:
    ann = site.reader()
    site.reader(newsletter="other")
    site.stands(state)
    path = site.path("unsubscribe", ann)

    page = site.get(path).text
    site.post(path, {"do": "leave all"})
    after = site.get(path).text

    assert "You get no letters." not in page
    assert "The Weekly does not come to a•••@example.org." in page
    assert "<bdi>The Other One</bdi>" in page
    assert "Leave all lists" in page
    assert site.state(newsletter="other") == State.UNSUBSCRIBED
    assert "You get no letters." in after
    assert "Leave all lists" not in after


def test_only_who_may_come_back_is_offered_it_after_leaving(site: Website) -> None:
    ann = site.reader()
    site.stands(State.COMPLAINED)

    assert UNDO not in site.post(site.path("unsubscribe", ann), {"do": "leave"}).text


def test_who_left_by_their_mail_program_finds_the_way_back_behind_the_link(site: Website) -> None:
    path = site.path("unsubscribe", site.reader())
    site.post(path, ONE_CLICK)

    page = site.get(path)

    assert UNDO in page.text
    assert "Welcome back!" in site.post(path, {"do": "return"}).text
    assert UNDO not in site.get(path).text


@pytest.mark.parametrize("wish", [ONE_CLICK, {"do": "leave"}, {"do": "leave all"}])
def test_whose_mail_bounced_may_leave_and_that_is_recorded(
    site: Website, wish: dict[str, str | list[str]]
) -> None:
    ann = site.reader()
    site.stands(State.BOUNCED)

    site.post(site.path("unsubscribe", ann), wish)

    change = site.store.subscribers.story("ann@example.org")["history"][-1]
    assert site.state() == State.UNSUBSCRIBED
    assert (change["before"], change["after"]) == ("bounced", "unsubscribed")


def test_who_complained_stays_known_as_that_when_they_leave(site: Website) -> None:
    ann = site.reader()
    site.stands(State.COMPLAINED)

    page = site.post(site.path("unsubscribe", ann), {"do": "leave"})

    assert page.status_code == 200
    assert site.state() == State.COMPLAINED


@pytest.mark.parametrize("state", [State.BOUNCED, State.COMPLAINED])
def test_undo_is_for_those_who_left_only(site: Website, state: State) -> None:
    ann = site.reader()
    site.stands(state)

    answers = [
        site.post(site.path("unsubscribe", ann), {"do": each}) for each in ("return", "return all")
    ]

    assert [each.status_code for each in answers] == [200, 200]
    assert not [each for each in answers if "Welcome back!" in each.text or UNDO in each.text]
    assert ["You get no letters." in each.text for each in answers] == [True, True]
    assert site.state() == state


def test_pages_mask_the_address(site: Website) -> None:
    path = site.path("unsubscribe", site.reader())

    pages = [site.get(path), site.post(path, {"do": "leave"}), site.post(path, {"do": "return"})]

    assert all("a•••@example.org" in each.text for each in pages)
    assert all("ann@" not in each.text for each in pages)


def test_an_unknown_wish_is_to_leave(site: Website) -> None:
    """
    Whatever a mail program posts: who pressed *Unsubscribe* gets no more letters.
    """
    path = site.path("unsubscribe", site.reader())

    site.post(path, {"do": "something else"})

    assert site.state() == State.UNSUBSCRIBED


def test_many_at_once_are_all_kept(site: Website) -> None:
    addresses = [f"r{place}@example.org" for place in range(300)]
    site.project.subscribe(*addresses)
    paths = [
        site.path("unsubscribe", each) for each in site.store.subscribers.active_iter("weekly")
    ]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda path: site.post(path, ONE_CLICK).status_code, paths))

    assert answers == [200] * 300
    assert not list(site.store.subscribers.active_iter("weekly"))


def test_wishes_in_one_batch_do_not_disturb_each_other(site: Website) -> None:
    ann, bob = site.reader(), site.reader("bob@example.org")
    number = site.store.subscribers.number("weekly")

    known = site.store.choices.apply(
        [
            Choice(do="leave", newsletter=number, subscriber=ann.id),
            Choice(do="return", newsletter=number, subscriber=ann.id),
            Choice(do="leave", newsletter=number, subscriber=1),
            Choice(do="leave", newsletter=number + 1, subscriber=bob.id),
        ]
    )

    assert known == [True, True, False, False]
    assert (site.state(), site.state("bob@example.org")) == (State.UNSUBSCRIBED, State.ACTIVE)


def test_when_the_store_cannot_be_written_nobody_is_told_that_they_left(
    site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = site.path("unsubscribe", site.reader())
    database = site.store._database
    assert isinstance(database, SqliteDatabase)
    database._busy_timeout = 0
    database._engine.dispose()

    with closing(sqlite3.connect(database.path, isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        answer = site.post(path, ONE_CLICK)

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert site.state() == State.ACTIVE
    assert StoreError.__name__[:5] in "\n".join(site.log)


def test_one_click_is_asked_for_again_where_the_keys_cannot_be_read(site: Website) -> None:
    path = site.path("unsubscribe", site.reader())
    site.post(path, {"do": "return"})
    site.clock.pass_(minutes=1)
    with site.store._database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE keys RENAME TO elsewhere")

    failed = site.post(path, ONE_CLICK)
    with site.store._database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO keys")
    answer = site.post(path, ONE_CLICK)

    assert (failed.status_code, failed.headers.get("retry-after")) == (503, "10")
    assert (answer.status_code, answer.text) == (200, "Unsubscribed.\n")


@pytest.mark.parametrize("seconds", [0, 60])
def test_one_click_is_heard_after_the_database_was_started_anew(
    tmp_path: Path, empty_postgres: str, seconds: int
) -> None:
    store = f'[store]\nurl = "{empty_postgres}"\n'
    project = a_full_project(tmp_path, WEEKLY, store)
    project.done("subscribers", "add", "weekly", "ann@example.org")
    with serving(project) as site:
        path = site.path("unsubscribe", site.store.subscribers.find("ann@example.org")[0])
        site.post(path, {"do": "return"})
        site.clock.pass_(seconds=seconds)
        with psycopg.connect(empty_postgres, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

        answer = site.post(path, ONE_CLICK)

        assert (answer.status_code, answer.text) == (200, "Unsubscribed.\n")
        assert site.state() == State.UNSUBSCRIBED


def scanned(url: str, paths: set[str]) -> set[int]:
    """
    What a scanner is answered that asks for every path in both ways, by one connection.
    """
    statuses = set()
    connection = HTTPConnection(url.removeprefix("http://"))
    for path in sorted(paths):
        for method in ("GET", "HEAD"):
            connection.request(method, path)
            answer = connection.getresponse()
            answer.read()
            statuses.add(answer.status)
    connection.close()
    return statuses


def test_a_scanner_that_follows_every_link_of_1000_letters_changes_nothing(tmp_path: Path) -> None:
    project = a_full_project(tmp_path, DUE)
    project.subscribe(*(f"r{place}@example.org" for place in range(1_000)))
    project.done("send", *AT, "--force")
    paths = {
        path
        for letter in project.letters
        for path in re.findall(
            r"https://digests\.example\.org(/[a-z]/[A-Za-z0-9_-]{32}(?:/[\w.-]+)?)",
            letter.read_text().replace("=\n", ""),
        )
    }
    with serving(project) as site:
        before = list(site.store.subscribers.active_iter("weekly"))

        statuses = scanned(site.url, paths)

        assert len(paths) >= 2_000
        assert {path[:3] for path in paths} >= {PATHS["unsubscribe"], PATHS["preferences"]}
        assert statuses == {200}
        assert list(site.store.subscribers.active_iter("weekly")) == before
        assert len(before) == 1_000


def test_who_leaves_in_mid_send_gets_no_letter_that_is_not_on_its_way(site: Website) -> None:
    ids = an_issue_of(site.store, 3)
    claimed = site.store.ledger.claim_batches(an_issue().id, "run")
    path = site.path("unsubscribe", claimed[1].subscriber)

    site.post(path, ONE_CLICK)
    allowed = site.store.ledger.intend(an_issue().id, sorted(ids), "run")

    assert allowed == set(ids) - {claimed[1].subscriber.id}
    assert site.store.accounts.tally(an_issue().id, running=True).suppressed == 1
