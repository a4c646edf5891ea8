"""
Reports find whom they are about by proof alone, count once, and forget what is long past.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest

from digest.bouncer.deciding import decide
from digest.model import Cause, Event, Meaning, Outcome, Standing, State
from digest.store import Store
from digest.store.feedback import Report
from digest.store.findings import Found
from digest.tokens import Key, letter_hash

from .factories import ISSUE, KEY, MONDAY, a_receipt, a_store, an_entry, an_issue_of

BOUNCE = Cause(by="bounce", reason="no such mailbox", evidence={"status": "5.1.1"})
NOBODY = "nobody@example.org"


class Clock:
    """
    A time that tests move on.
    """

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(store_url: str, clock: Clock) -> Iterator[Store]:
    store = a_store(store_url, clock=clock)
    yield store
    store.close()


def deliver(store: Store, ids: Sequence[int], issue: str = ISSUE.id) -> None:
    store.ledger.claim_batches(issue, "run")
    store.ledger.intend(issue, ids, "run")
    store.ledger.record(issue, [a_receipt(each, code=250) for each in ids], "run")


def letter_id(subscriber_id: int, key: Key = KEY, issue: str = ISSUE.id) -> str:
    digest = letter_hash(key, issue, subscriber_id)
    return f"<{issue.replace('/', '.')}.{digest}@example.org>"


def found(store: Store, subscriber_id: int, letter: str = "") -> Found:
    letters = (letter,) if letter else ()
    found = store.feedback.find((subscriber_id, 1), letters, "", [KEY])
    assert found
    return found


def standings_seen(store: Store, report: Report) -> Sequence[Standing]:
    """
    What the policy is asked with.
    """
    seen: list[Standing] = []

    def decide(standings: Sequence[Standing]) -> dict[int, State]:
        seen.extend(standings)
        return {}

    assert store.feedback.take(report, BOUNCE, decide) == ()
    return seen


def a_report(
    found: Found, name: str = "one", kind: Meaning = Meaning.SOFT, days: int = 0
) -> Report:
    return Report(
        hash=name, found=found, kind=kind, status="4.2.2", at=MONDAY + timedelta(days=days)
    )


def test_a_token_names_the_reader_and_their_last_letter(store: Store, clock: Clock) -> None:
    (ann,) = an_issue_of(store, 1)
    deliver(store, [ann])
    clock.now += timedelta(days=7)
    later = "weekly/2026-11-30"
    an_issue_of(store, 1, id=later)
    deliver(store, [ann], later)

    last, named = found(store, ann), found(store, ann, letter_id(ann))

    assert (last.subscriber_id, last.newsletter_id, last.proven) == (ann, "weekly", True)
    assert (last.issue_id, named.issue_id) == (later, ISSUE.id)


def test_a_token_of_somebody_who_is_gone_names_nobody(store: Store) -> None:
    (ann,) = an_issue_of(store, 1)

    assert store.feedback.find((ann + 1, 1), (), "", [KEY]) is None
    assert store.feedback.find((ann, 9), (), "", [KEY]) is None


@pytest.mark.parametrize("address", ["r1@example.org", "R1@Example.org", NOBODY, ""])
def test_a_message_id_proves_whose_letter_it_is(store: Store, address: str) -> None:
    ids = an_issue_of(store, 3)

    named = store.feedback.find(None, (letter_id(ids[1]),), address, [KEY])

    assert named
    assert (named.subscriber_id, named.issue_id, named.proven) == (ids[1], ISSUE.id, True)


@pytest.mark.parametrize(
    "claim",
    [
        "<weekly.2026-11-23.0123456789abcdef0123@example.org>",
        "<weekly.2026-11-30.0123456789abcdef0123@example.org>",
        "<nonsense@example.org>",
        "<>",
    ],
)
def test_a_message_id_that_we_did_not_write_proves_nothing(store: Store, claim: str) -> None:
    ids = an_issue_of(store, 3)
    deliver(store, ids)

    by_address = store.feedback.find(None, (claim,), "r1@example.org", [KEY])

    assert store.feedback.find(None, (claim,), NOBODY, [KEY]) is None
    assert by_address
    assert (by_address.subscriber_id, by_address.proven) == (ids[1], False)


def test_an_address_that_never_had_a_letter_is_nobodys(store: Store) -> None:
    an_issue_of(store, 1)

    assert store.feedback.find(None, (), "r0@example.org", [KEY]) is None


def test_a_report_counts_once(store: Store) -> None:
    (ann,) = an_issue_of(store, 1)
    report = a_report(found(store, ann))

    first = store.feedback.take(report, BOUNCE, lambda _: {1: State.BOUNCED})
    second = store.feedback.take(report, BOUNCE, lambda _: {1: State.BOUNCED})

    assert (first, second) == ((("weekly", State.BOUNCED),), None)
    assert list(store.subscribers.active_iter("weekly")) == []


def test_without_proof_nobody_is_asked(store: Store) -> None:
    ids = an_issue_of(store, 1)
    deliver(store, ids)
    unproven = store.feedback.find(None, (), "r0@example.org", [KEY])
    assert unproven

    taken = store.feedback.take(a_report(unproven), BOUNCE, lambda _: {1: State.BOUNCED})

    assert taken == ()
    assert len(list(store.subscribers.active_iter("weekly"))) == 1
    assert [each["proven"] for each in store.people.export(ids[0])["reports"]] == [False]


def test_letters_about_which_nothing_was_reported_were_delivered(store: Store) -> None:
    (ann,) = an_issue_of(store, 1)
    deliver(store, [ann])
    an_issue_of(store, 1, id="weekly/later")
    deliver(store, [ann], "weekly/later")

    (standing,) = standings_seen(store, a_report(found(store, ann, letter_id(ann))))

    assert standing.events == (
        Event(at=MONDAY, kind=Meaning.SOFT),
        Event(at=MONDAY, kind=Meaning.DELIVERED),
    )


def test_what_was_before_somebody_came_back_does_not_count(store: Store, clock: Clock) -> None:
    (ann,) = an_issue_of(store, 1)
    store.feedback.take(a_report(found(store, ann)), BOUNCE, lambda _: {1: State.BOUNCED})
    clock.now += timedelta(days=1)
    store.subscribers.restore("weekly", "r0@example.org")
    clock.now += timedelta(days=1)

    (standing,) = standings_seen(store, a_report(found(store, ann), "two", days=2))

    assert standing.events == (Event(at=MONDAY + timedelta(days=2), kind=Meaning.SOFT),)


def test_every_active_subscription_is_asked_about(store: Store) -> None:
    (ann,) = an_issue_of(store, 1)
    for newsletter in ("daily", "monthly"):
        store.subscribers.merge(newsletter, [an_entry(address="r0@example.org")])
    store.subscribers.remove("monthly", "r0@example.org")

    standings = standings_seen(store, a_report(found(store, ann)))

    assert {each.newsletter_id for each in standings} == {"weekly", "daily"}


def stand(store: Store, ann: int, state: State) -> None:
    """
    Let her come to that state on the weekly, as it comes about.
    """
    if state is State.UNSUBSCRIBED:
        store.subscribers.remove("weekly", "r0@example.org")
    elif state is not State.ACTIVE:
        report = a_report(found(store, ann), f"before, {state}")
        store.feedback.take(report, BOUNCE, lambda _: {1: state})


@pytest.mark.parametrize(
    ("before", "kind", "after"),
    [
        (State.ACTIVE, Meaning.LEAVE, State.UNSUBSCRIBED),
        (State.BOUNCED, Meaning.LEAVE, State.UNSUBSCRIBED),
        (State.COMPLAINED, Meaning.LEAVE, None),
        (State.ACTIVE, Meaning.COMPLAINT, State.COMPLAINED),
        (State.UNSUBSCRIBED, Meaning.COMPLAINT, State.COMPLAINED),
        (State.BOUNCED, Meaning.COMPLAINT, State.COMPLAINED),
        (State.COMPLAINED, Meaning.COMPLAINT, None),
        (State.ACTIVE, Meaning.HARD, State.BOUNCED),
        (State.UNSUBSCRIBED, Meaning.HARD, None),
        (State.COMPLAINED, Meaning.HARD, None),
    ],
)
def test_a_complaint_holds_whatever_was_before_and_a_bounce_for_who_reads(
    store: Store, before: State, kind: Meaning, after: State | None
) -> None:
    (ann,) = an_issue_of(store, 1)
    stand(store, ann, before)

    def decide_for(standings: Sequence[Standing]) -> dict[int, State]:
        return decide(kind, 1, standings, {}, MONDAY)

    changed = store.feedback.take(a_report(found(store, ann), kind=kind), BOUNCE, decide_for)

    _, (subscription,) = store.subscribers.find("r0@example.org")
    assert changed == ((("weekly", after),) if after else ())
    assert subscription.state == (after or before)


def test_what_the_server_refused_is_told_with_its_words(store: Store) -> None:
    ids = sorted(an_issue_of(store, 3))
    store.ledger.claim_batches(ISSUE.id, "run")
    store.ledger.intend(ISSUE.id, ids, "run")
    receipts = [
        a_receipt(ids[0], Outcome.REFUSED, code=550, text="5.1.1 unknown"),
        a_receipt(ids[1], Outcome.REFUSED, text="an address that would break a header"),
        a_receipt(ids[2], Outcome.DEFERRED, code=450, text="later"),
    ]
    store.ledger.record(ISSUE.id, receipts, "run")

    (refusal,) = store.feedback.refused(ISSUE.id)

    assert refusal.found.subscriber_id == ids[0]
    assert (refusal.code, refusal.reply, refusal.attempts) == (550, "5.1.1 unknown", 1)
    assert "example.org" not in repr(refusal)
