"""
Frozen issues: whole or not at all, and the same for ever.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import NotFoundError, StoreBusy, StoreError
from digest.model import Tally, Window
from digest.store import Store
from digest.store.drafts import BATCH_SIZE

from .factories import (
    ISSUE,
    MONDAY,
    PAGE,
    a_page,
    a_receipt,
    a_store,
    an_edition,
    an_issue,
    an_issue_of,
    readers_of,
)

WEEK = timedelta(days=7)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = a_store(store_url)
    yield store
    store.close()


def test_a_frozen_issue_comes_back_as_it_was(store: Store) -> None:
    issue = an_issue(made_at=MONDAY + timedelta(minutes=3, microseconds=7))

    store.issues.freeze(issue, [(an_edition(), PAGE)], [])

    assert store.issues.get(issue.id) == issue
    assert store.issues.all() == (issue,)


def test_there_is_no_issue_before_it_is_frozen(store: Store) -> None:
    assert store.issues.get("weekly/2026-11-23") is None
    assert store.issues.pages("weekly/2026-11-23") == {}


def test_issues_come_the_latest_first(store: Store) -> None:
    for weeks in (1, 0, 2):
        due_at = MONDAY + weeks * WEEK
        store.issues.freeze(an_issue(id=f"weekly/{due_at:%Y-%m-%d}", due_at=due_at), [], [])

    assert [issue.due_at for issue in store.issues.all()] == [
        MONDAY + 2 * WEEK,
        MONDAY + WEEK,
        MONDAY,
    ]


def test_a_draft_that_another_run_has_begun_anew_is_left_to_that_run(store: Store) -> None:
    ids = sorted(readers_of(store, 2))
    mine, theirs = (an_issue(made_at=MONDAY + timedelta(seconds=each)) for each in (1, 2))
    draft = store.issues.draft(mine)
    draft.add_pages([(an_edition(), a_page(html="mine"))])

    another = store.issues.draft(theirs)
    with pytest.raises(StoreBusy, match="another run"):
        draft.add_pages([(an_edition(), a_page(html="mine"))])
    with pytest.raises(StoreBusy, match="another run"):
        draft.add_letters([(each, 0) for each in ids])
    with pytest.raises(StoreBusy, match="another run"):
        draft.discard()
    another.add_pages([(an_edition(), a_page(html="theirs"))])
    another.add_letters([(each, 0) for each in ids])
    another.freeze([an_edition()])
    with pytest.raises(StoreBusy, match="another run"):
        draft.freeze([an_edition()])

    assert store.issues.get(mine.id) == theirs
    assert [page.html for page in store.issues.pages(mine.id).values()] == ["theirs"]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@settings(max_examples=40, deadline=None)
@given(html=TEXTS, text=TEXTS, subject=TEXTS)
def test_pages_come_back_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, html: str, text: str, subject: str
) -> None:
    folder = tmp_path_factory.mktemp("store")
    store = a_store(folder)
    pages = [
        PAGE,
        a_page(html=html, text=text, subject=subject, pictures=("ab/abc.jpg", "cd/cde.jpg")),
    ]

    store.issues.freeze(an_issue(), [(an_edition(), page) for page in pages], [])
    store.close()

    again = a_store(folder)
    assert dict(again.issues.pages("weekly/2026-11-23")) == dict(enumerate(pages))
    again.close()


def test_readers_that_fail_half_way_leave_nothing(store: Store) -> None:
    ids = readers_of(store, 3)

    def failing() -> Iterator[tuple[int, int | None]]:
        yield ids[0], 0
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.issues.freeze(an_issue(), [(an_edition(), PAGE)], failing())

    assert store.issues.all() == ()
    store.issues.freeze(an_issue(), [(an_edition(), PAGE)], [(each, 0) for each in ids])
    assert store.accounts.tally("weekly/2026-11-23", running=False) == Tally(waiting=3)


def test_more_readers_than_one_batch_that_fail_leave_nothing(store: Store) -> None:
    def failing() -> Iterator[tuple[int, int | None]]:
        yield from ((each, 0) for each in range(1, 2 * BATCH_SIZE))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.issues.freeze(an_issue(), [(an_edition(), PAGE)], failing())

    assert store.issues.all() == ()


@pytest.mark.parametrize(
    "readers", [[(7, 0), (7, 0)], [(7, 1)]], ids=["a reader twice", "an edition that is not there"]
)
def test_readers_that_contradict_the_issue_leave_nothing(
    store: Store, readers: list[tuple[int, int | None]]
) -> None:
    with pytest.raises(StoreError):
        store.issues.freeze(an_issue(), [(an_edition(), PAGE)], readers)

    assert store.issues.all() == ()


def test_an_issue_is_frozen_once(store: Store) -> None:
    an_issue_of(store, 2)

    with pytest.raises(StoreError):
        store.issues.freeze(an_issue(title="Another"), [(an_edition(), a_page(html="Another"))], [])

    issue = store.issues.get("weekly/2026-11-23")
    assert issue == an_issue()
    assert dict(store.issues.pages(issue.id)) == {0: PAGE}
    assert store.accounts.tally(issue.id, running=False) == Tally(waiting=2)


def test_batches_hold_two_hundred_letters(store: Store) -> None:
    ids = an_issue_of(store, 2 * BATCH_SIZE + 1)

    claimed = [store.ledger.claim_batches("weekly/2026-11-23", "run") for _ in range(4)]

    assert [len(batch) for batch in claimed] == [200, 200, 1, 0]
    assert sorted(each.subscriber.id for batch in claimed for each in batch) == sorted(ids)


def test_who_has_nothing_to_read_gets_no_letter_and_the_ledger_says_why(
    store: Store,
) -> None:
    ids = sorted(readers_of(store, 3))

    store.issues.freeze(
        an_issue(), [(an_edition(), PAGE)], [(ids[0], 0), (ids[1], None), (ids[2], 0)]
    )

    batch = store.ledger.claim_batches("weekly/2026-11-23", "run")
    assert [each.subscriber.id for each in batch] == [ids[0], ids[2]]
    tally = store.accounts.tally("weekly/2026-11-23", running=False)
    assert tally == Tally(waiting=2, suppressed=1)
    (account,) = store.accounts.problems_iter("weekly/2026-11-23", running=False)
    assert (account.subscriber_id, account.reason) == (ids[1], "no news on their topics")


def test_everybody_gets_their_own_edition(store: Store) -> None:
    ids = sorted(readers_of(store, 4))
    pages = [(an_edition(topic=topic), a_page(subject=topic)) for topic in ("AI", "Robots")]

    store.issues.freeze(an_issue(), pages, [(each, place % 2) for place, each in enumerate(ids)])

    batch = store.ledger.claim_batches("weekly/2026-11-23", "run")
    assert [(each.subscriber.id, each.edition) for each in batch] == [
        (each, place % 2) for place, each in enumerate(ids)
    ]


def test_a_newsletter_that_sent_nothing_has_no_last_window(store: Store) -> None:
    an_issue_of(store, 1)

    assert store.issues.last_window_end("daily", before=MONDAY + WEEK) is None
    assert store.issues.last_window_end("weekly", before=MONDAY) is None


def a_week_of(store: Store, newsletter: str, weeks: int) -> str:
    """
    An issue of one letter, so many weeks after that Monday; its id.
    """
    end = MONDAY + weeks * WEEK
    issue_id = f"{newsletter}/{end:%Y-%m-%d}"
    window = Window(start=end - WEEK, end=end)
    an_issue_of(store, 1, id=issue_id, newsletter=newsletter, due_at=end, window=window)
    return issue_id


def sent(store: Store, issue_id: str) -> None:
    (recipient,) = store.ledger.claim_batches(issue_id, "run")
    store.ledger.intend(issue_id, [recipient.subscriber.id], "run")
    store.ledger.record(issue_id, [a_receipt(recipient.subscriber.id)], "run")


def test_the_last_window_is_that_of_the_latest_earlier_issue_of_the_newsletter(
    store: Store,
) -> None:
    for newsletter, weeks in (("weekly", 0), ("weekly", 1), ("weekly", 3), ("daily", 2)):
        sent(store, a_week_of(store, newsletter, weeks))

    ends = [store.issues.last_window_end("weekly", before=MONDAY + n * WEEK) for n in (1, 2, 4)]

    assert ends == [MONDAY, MONDAY + WEEK, MONDAY + 3 * WEEK]


def test_an_issue_of_which_no_letter_left_does_not_count_as_the_last(store: Store) -> None:
    sent(store, a_week_of(store, "weekly", 0))
    a_week_of(store, "weekly", 1)

    end = store.issues.last_window_end("weekly", before=MONDAY + 2 * WEEK)

    assert end == MONDAY


def test_an_unknown_issue_has_no_ledger(store: Store) -> None:
    with pytest.raises(NotFoundError, match=r'no issue "weekly/2020-01-01": `digest status`'):
        store.accounts.tally("weekly/2020-01-01", running=False)


def test_a_page_is_found_by_its_reader(store: Store) -> None:
    ids = sorted(readers_of(store, 3))
    web = a_page(subject="Robots", web="<p>All of it</p>")
    pages = [(an_edition(), PAGE), (an_edition(topic="Robots"), web)]
    store.issues.freeze(an_issue(), pages, [(ids[0], 1), (ids[1], None)])

    assert store.issues.page_for("weekly/2026-11-23", ids[0]) == web
    assert store.issues.page_for("weekly/2026-11-23", ids[1]) is None
    assert store.issues.page_for("weekly/2026-11-23", ids[2]) is None
    assert store.issues.page("weekly/2026-11-23", 0) == PAGE


def test_nobody_sees_a_draft_and_a_new_one_replaces_it(store: Store) -> None:
    ids = sorted(readers_of(store, 2))
    draft = store.issues.draft(an_issue())
    draft.add_pages([(an_edition(), PAGE)])
    draft.add_letters([(ids[0], 0)])

    assert store.issues.get("weekly/2026-11-23") is None
    assert store.issues.pages("weekly/2026-11-23") == {}
    assert store.history.seen(ids, [an_edition().lead.url], besides="weekly/later") == {}

    store.issues.freeze(an_issue(), [(an_edition(), PAGE)], [(each, 0) for each in ids])

    assert store.accounts.tally("weekly/2026-11-23", running=False) == Tally(waiting=2)


def test_a_draft_may_be_thrown_away(store: Store) -> None:
    draft = store.issues.draft(an_issue())
    draft.add_pages([(an_edition(), PAGE)])

    draft.discard()

    an_issue_of(store, 1)
    assert store.issues.pages("weekly/2026-11-23") == {0: PAGE}


def test_the_issue_sent_last_is_the_latest_of_which_a_letter_left(store: Store) -> None:
    for weeks in (0, 1):
        sent(store, a_week_of(store, "weekly", weeks))
    a_week_of(store, "weekly", 2)

    (last,) = store.issues.last_sent("weekly", until=MONDAY + 3 * WEEK)

    assert last.issue == "weekly/2026-11-30"
    assert (last.topics, last.slugs) == (("AI",), ("2026-11-20-hello",))
    assert (last.page.subject, last.page.text, last.page.html) == (PAGE.subject, PAGE.text, "")
    assert store.issues.last_sent("weekly", until=MONDAY)[0].issue == "weekly/2026-11-23"
    assert store.issues.last_sent("weekly", until=MONDAY - WEEK) == ()
    assert store.issues.last_sent("other", until=MONDAY) == ()


def test_what_a_new_issue_holds_is_known_to_whoever_plans_its_statements(
    empty_postgres: str,
) -> None:
    store = a_store(empty_postgres)
    with psycopg.connect(empty_postgres, autocommit=True) as connection:
        for number, day in ((1, "09"), (300, "16")):
            an_issue_of(store, number, id=f"weekly/2026-11-{day}")
        believed = connection.execute(
            "SELECT reltuples, most_common_freqs[1] FROM pg_class"
            " JOIN pg_stats ON tablename = relname AND attname = 'issue' WHERE relname = 'letters'"
        ).fetchone()
    store.close()

    assert believed == (301, pytest.approx(300 / 301))


def test_an_issue_is_frozen_also_while_somebody_cleans_up_the_table(
    impatient_postgres: Callable[[str, str], str],
) -> None:
    url = impatient_postgres("lock_timeout", "200ms")
    store = a_store(url)
    with psycopg.connect(url) as cleaning:
        cleaning.execute("LOCK TABLE letters IN SHARE UPDATE EXCLUSIVE MODE")
        an_issue_of(store, 2)
        tally = store.accounts.tally(ISSUE.id, running=False)
    store.close()

    assert tally.waiting == 2
