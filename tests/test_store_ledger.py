"""
The ledger: nobody is sent a letter twice, and nobody is forgotten, whatever happens in between.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from digest.model import Cause, Meaning, Outcome, State, Tally
from digest.store import Store
from digest.store.accounts import Verdict
from digest.store.choices import Choice
from digest.store.drafts import BATCH_SIZE
from digest.store.feedback import Report
from digest.store.findings import Found
from digest.store.ledger import FIRST_WAIT

from .factories import (
    MONDAY,
    PAGE,
    a_receipt,
    a_store,
    an_edition,
    an_entry,
    an_issue,
    an_issue_of,
    intended,
    readers_of,
)

ISSUE = "weekly/2026-11-23"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = a_store(store_url)
    yield store
    store.close()


def tally(store: Store) -> Tally:
    return store.accounts.tally(ISSUE, running=False)


def resolved(store: Store, verdict: Verdict) -> int:
    return store.accounts.resolve(ISSUE, store.accounts.in_doubt(ISSUE), verdict)


def claimed(store: Store, run: str = "run") -> list[int]:
    return [each.subscriber.id for each in store.ledger.claim_batches(ISSUE, run)]


def test_what_is_intended_once_is_not_given_again(store: Store) -> None:
    ids = an_issue_of(store, 3)

    first = intended(store, ids[:2])
    second = intended(store, ids)
    third = intended(store, ids, "another")

    assert (first, second, third) == (set(ids[:2]), {ids[2]}, set())


def test_of_two_processes_one_may_send(store_url: str, store: Store) -> None:
    ids = an_issue_of(store, 3)
    other = a_store(store_url)

    both = intended(store, ids), intended(other, ids, "another")

    other.close()
    assert both == (set(ids), set())


def test_only_readers_of_the_issue_may_be_sent_it(store: Store) -> None:
    an_issue_of(store, 1)
    (other,) = readers_of(store, 1, "daily")
    store.subscribers.add("weekly", an_entry(address="late@example.org"))
    late = store.subscribers.find("late@example.org")[0].id

    assert intended(store, [late, 12_345]) == set()
    assert intended(store, [other]) == {other}


def test_a_batch_is_claimed_once(store: Store) -> None:
    ids = an_issue_of(store, 3)

    assert claimed(store) == sorted(ids)
    assert claimed(store, "another") == []


def test_as_many_batches_are_claimed_at_once_as_hold_the_letters_that_are_wanted(
    store: Store,
) -> None:
    ids = sorted(an_issue_of(store, 2 * BATCH_SIZE + 1))

    first = store.ledger.claim_batches(ISSUE, "run", BATCH_SIZE + 1)
    second = store.ledger.claim_batches(ISSUE, "another", BATCH_SIZE + 1)

    claims = [[each.subscriber.id for each in claim] for claim in (first, second)]
    assert claims == [ids[: 2 * BATCH_SIZE], ids[2 * BATCH_SIZE :]]


def test_what_is_being_sent_waits_while_a_run_is_at_work_and_is_in_doubt_after_it(
    store: Store,
) -> None:
    ids = an_issue_of(store, 3)

    intended(store, ids[:1])

    assert store.accounts.tally(ISSUE, running=True) == Tally(waiting=3)
    assert store.accounts.tally(ISSUE, running=False) == Tally(waiting=2, in_doubt=1)


def test_receipts_are_recorded(store: Store) -> None:
    ids = an_issue_of(store, 5)
    intended(store, ids[:4])

    store.ledger.record(
        ISSUE,
        [a_receipt(each, outcome) for each, outcome in zip(ids, Outcome, strict=False)],
        "run",
    )

    assert tally(store) == Tally(accepted=1, deferred=1, refused=1, in_doubt=1, waiting=1)


def test_receipts_are_kept_in_the_breath_of_an_intent(store: Store) -> None:
    ids = an_issue_of(store, 3)
    intended(store, ids[:1])

    assert store.ledger.intend(ISSUE, ids[1:], "run", [a_receipt(ids[0])]) == set(ids[1:])

    assert store.accounts.tally(ISSUE, running=True) == Tally(accepted=1, waiting=2)


def test_an_intent_that_not_all_may_have_counts_as_one_attempt_and_keeps_its_receipts(
    store: Store,
) -> None:
    ids = an_issue_of(store, 4)
    intended(store, ids[:2])
    store.subscribers.remove("weekly", "r3@example.org")

    moved = store.ledger.intend(ISSUE, ids[1:], "run", [a_receipt(ids[0])])
    store.ledger.record(ISSUE, [a_receipt(ids[2], Outcome.DEFERRED)], "run")

    assert moved == {ids[2]}
    assert store.accounts.tally(ISSUE, running=True) == Tally(
        accepted=1, deferred=1, suppressed=1, waiting=1
    )
    store.ledger.record(ISSUE, [a_receipt(ids[1])], "run")
    assert store.ledger.next_attempt(ISSUE) == MONDAY + FIRST_WAIT


def test_no_receipts_and_no_letters_are_nothing_to_record_or_release(store: Store) -> None:
    ids = an_issue_of(store, 2)
    intended(store, ids)

    store.ledger.record(ISSUE, [], "run")
    store.ledger.release(ISSUE, [], "run")

    assert store.accounts.tally(ISSUE, running=True) == Tally(waiting=2)
    assert intended(store, ids) == set()


def test_receipts_of_another_run_change_nothing(store: Store) -> None:
    ids = an_issue_of(store, 2)
    intended(store, ids[:1])

    store.ledger.record(ISSUE, [a_receipt(each) for each in ids], "another")

    assert store.accounts.tally(ISSUE, running=True) == Tally(waiting=2)


def test_the_first_receipt_counts(store: Store) -> None:
    ids = an_issue_of(store, 1)
    intended(store, ids)
    store.ledger.record(ISSUE, [a_receipt(ids[0])], "run")

    store.ledger.record(ISSUE, [a_receipt(ids[0], Outcome.DEFERRED)], "run")

    assert tally(store) == Tally(accepted=1)


def test_the_run_that_intended_a_letter_may_take_it_back(store: Store) -> None:
    ids = an_issue_of(store, 2)
    intended(store, ids)

    store.ledger.release(ISSUE, ids, "another")
    by_another = intended(store, ids, "another")
    store.ledger.release(ISSUE, ids[:1], "run")

    assert by_another == set()
    assert tally(store) == Tally(waiting=1, in_doubt=1)
    assert intended(store, ids) == {ids[0]}


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.REFUSED])
def test_a_letter_that_is_settled_cannot_be_taken_back(store: Store, outcome: Outcome) -> None:
    ids = an_issue_of(store, 1)
    intended(store, ids)
    store.ledger.record(ISSUE, [a_receipt(ids[0], outcome)], "run")

    store.ledger.release(ISSUE, ids, "run")

    assert intended(store, ids, "another") == set()


def test_what_a_dead_run_intended_is_in_doubt_and_the_rest_is_open_again(store: Store) -> None:
    ids = sorted(an_issue_of(store, 3))
    claimed(store)
    intended(store, ids[:1])

    in_doubt = store.recovery.recover(ISSUE, alone=True)

    assert in_doubt == 1
    assert tally(store) == Tally(waiting=2, in_doubt=1)
    assert claimed(store, "another") == ids[1:]
    assert intended(store, ids, "another") == set(ids[1:])


def test_recovering_again_finds_nothing_new(store: Store) -> None:
    ids = an_issue_of(store, 3)
    intended(store, ids[:1])

    assert [store.recovery.recover(ISSUE, alone=True) for _ in range(2)] == [1, 0]


def test_a_late_receipt_of_the_run_itself_settles_the_doubt(store: Store) -> None:
    ids = an_issue_of(store, 2)
    intended(store, ids)
    store.recovery.recover(ISSUE, alone=True)

    store.ledger.record(ISSUE, [a_receipt(ids[0])], "run")
    store.ledger.record(ISSUE, [a_receipt(ids[1])], "another")

    assert tally(store) == Tally(accepted=1, in_doubt=1)


def test_a_deferred_letter_waits_for_the_next_run(store: Store) -> None:
    ids = an_issue_of(store, 1)
    claimed(store)
    intended(store, ids)
    store.ledger.record(ISSUE, [a_receipt(ids[0], Outcome.DEFERRED)], "run")

    assert claimed(store) == []
    assert store.ledger.next_attempt(ISSUE) == MONDAY + FIRST_WAIT
    store.ledger.hurry(ISSUE)
    assert claimed(store, "another") == ids
    assert intended(store, ids, "another") == set(ids)


def test_a_late_receipt_does_not_reach_a_letter_that_another_run_has(store: Store) -> None:
    ids = an_issue_of(store, 1)
    intended(store, ids)
    store.ledger.record(ISSUE, [a_receipt(ids[0], Outcome.DEFERRED)], "run")
    store.ledger.hurry(ISSUE)
    intended(store, ids, "another")

    store.ledger.record(ISSUE, [a_receipt(ids[0], Outcome.REFUSED)], "run")
    store.ledger.release(ISSUE, ids, "run")

    assert store.accounts.tally(ISSUE, running=True) == Tally(waiting=1)
    assert intended(store, ids, "third") == set()


def test_who_left_before_the_batch_was_claimed_gets_no_letter(store: Store) -> None:
    ids = an_issue_of(store, 3)
    store.subscribers.remove("weekly", "r1@example.org")

    batch = claimed(store)

    assert batch == sorted([ids[0], ids[2]])
    assert tally(store) == Tally(waiting=2, suppressed=1)


def test_who_left_after_the_batch_was_claimed_gets_no_letter(store: Store) -> None:
    ids = an_issue_of(store, 3)
    claimed(store)
    store.subscribers.remove("weekly", "r1@example.org")

    left = intended(store, ids)
    store.ledger.record(ISSUE, [a_receipt(each) for each in left], "run")

    assert left == {ids[0], ids[2]}
    assert tally(store) == Tally(accepted=2, suppressed=1)


def leave(store: Store, subscriber_id: int) -> None:
    store.choices.apply([Choice(do="leave", newsletter=1, subscriber=subscriber_id)])


def bounce(store: Store, subscriber_id: int) -> None:
    found = Found(
        subscriber_id=subscriber_id,
        newsletter=1,
        issue=None,
        address="",
        newsletter_id="weekly",
        issue_id=None,
        proven=True,
    )
    report = Report(
        hash=f"mail {subscriber_id}", kind=Meaning.HARD, status="5.1.1", at=MONDAY, found=found
    )
    store.feedback.take(report, Cause(by="bounce"), lambda _: {1: State.BOUNCED})


def erase(store: Store, subscriber_id: int) -> None:
    store.people.erase(subscriber_id)


@pytest.mark.parametrize("depart", [leave, bounce, erase])
def test_who_departed_since_planning_gets_no_letter(
    store: Store, depart: Callable[[Store, int], None]
) -> None:
    early, late, stays = an_issue_of(store, 3)
    depart(store, early)

    batch = claimed(store)
    depart(store, late)
    left = intended(store, [early, late, stays])

    assert batch == sorted([late, stays])
    assert left == {stays}
    assert store.accounts.tally(ISSUE, running=True) == Tally(waiting=1, suppressed=2)


def test_a_clock_that_is_set_back_a_day_repeats_nothing(store_url: str) -> None:
    now = [MONDAY]
    store = a_store(store_url, clock=lambda: now[0])
    sent, begun, *others = sorted(an_issue_of(store, 5))
    intended(store, [sent, begun], "before")
    store.ledger.record(ISSUE, [a_receipt(sent)], "before")

    now[0] -= timedelta(days=1)
    store.recovery.recover(ISSUE, alone=True)
    batch = claimed(store, "after")
    left = store.ledger.intend(ISSUE, [sent, begun, *others], "after")

    assert batch == others
    assert left == set(others)
    assert tally(store) == Tally(accepted=1, in_doubt=4)
    store.close()


def test_who_left_another_newsletter_gets_this_one(store: Store) -> None:
    ids = an_issue_of(store, 1)
    store.subscribers.add("daily", an_entry(address="r0@example.org"))
    store.subscribers.remove("daily", "r0@example.org")

    assert claimed(store) == ids


def test_a_batch_of_which_everybody_left_is_passed_over(store: Store) -> None:
    ids = sorted(readers_of(store, 201))
    store.issues.freeze(an_issue(), [(an_edition(), PAGE)], [(each, 0) for each in ids])
    last = ids[-1]
    for each in list(store.subscribers.active_iter("weekly"))[:-1]:
        store.subscribers.remove("weekly", each.address)

    assert claimed(store) == [last]
    assert tally(store) == Tally(waiting=1, suppressed=200)


def test_letters_in_doubt_wait_again_when_a_person_says_so(store: Store) -> None:
    ids = an_issue_of(store, 2)
    intended(store, ids[:1])
    store.recovery.recover(ISSUE, alone=True)

    settled = resolved(store, "resend")
    store.recovery.recover(ISSUE, alone=True)

    assert settled == 1
    assert tally(store) == Tally(waiting=2)
    assert claimed(store, "another") == sorted(ids)


def test_letters_in_doubt_are_given_up_when_a_person_says_so(store: Store) -> None:
    ids = an_issue_of(store, 2)
    intended(store, ids[:1])
    store.recovery.recover(ISSUE, alone=True)

    settled = resolved(store, "drop")
    store.recovery.recover(ISSUE, alone=True)

    assert settled == 1
    assert tally(store) == Tally(waiting=1, suppressed=1)
    assert claimed(store, "another") == ids[1:]


def test_resolving_touches_only_what_is_in_doubt(store: Store) -> None:
    ids = an_issue_of(store, 2)
    intended(store, ids[:1])

    assert resolved(store, "resend") == 0
    assert resolved(store, "drop") == 0
    assert store.accounts.tally(ISSUE, running=True) == Tally(waiting=2)


def test_issues_do_not_touch_one_another(store: Store) -> None:
    ids = an_issue_of(store, 2)
    store.issues.freeze(
        an_issue(id="weekly/extra"), [(an_edition(), PAGE)], [(each, 0) for each in sorted(ids)]
    )

    intended(store, ids)
    store.ledger.record(ISSUE, [a_receipt(each) for each in ids], "run")

    assert store.accounts.tally("weekly/extra", running=False) == Tally(waiting=2)
    assert store.recovery.recover("weekly/extra", alone=True) == 0
    store.ledger.claim_batches("weekly/extra", "run")
    assert store.ledger.intend("weekly/extra", ids, "run") == set(ids)


def test_each_wait_is_twice_as_long_up_to_a_longest(tmp_path: Path) -> None:
    now = [MONDAY]
    store = a_store(tmp_path, clock=lambda: now[0])
    ids = an_issue_of(store, 1)
    waits = []

    for _ in range(6):
        assert intended(store, ids) == set(ids)
        store.ledger.record(ISSUE, [a_receipt(ids[0], Outcome.DEFERRED)], "run")
        retry_at = store.ledger.next_attempt(ISSUE)
        assert retry_at
        waits.append((retry_at - now[0]).total_seconds() / 60)
        assert claimed(store) == []
        now[0] = retry_at

    store.close()
    assert waits == [5, 10, 20, 40, 67, 67]


def test_what_is_deferred_until_the_deadline_is_refused_with_its_reason(store: Store) -> None:
    ids = an_issue_of(store, 2)
    intended(store, ids[:1])
    store.ledger.record(ISSUE, [a_receipt(ids[0], Outcome.DEFERRED, text="451 later")], "run")

    before = store.ledger.expire(ISSUE, MONDAY + timedelta(seconds=1))
    after = store.ledger.expire(ISSUE, MONDAY)

    (account,) = store.accounts.problems_iter(ISSUE, running=False)
    assert (before, after) == (0, 1)
    assert tally(store) == Tally(refused=1, waiting=1)
    assert account.reason == "deferred until its deadline: 451 later"


READERS = 4
SOME = st.sets(st.integers(0, READERS - 1), min_size=1)
ONE = st.integers(0, READERS - 1)
RUNS = st.integers(0, 2)


class Runs(RuleBasedStateMachine):
    """
    Runs that die, come back late and overtake one another, against a simple model of each letter.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.store = a_store(Path(self.folder.name))
        self.ids = an_issue_of(self.store, READERS)
        self.state = dict.fromkeys(self.ids, "waiting")
        self.owner: dict[int, str] = {}
        self.subscribed = dict.fromkeys(self.ids, True)
        #: Who may be handed out: everybody once, then only with somebody's leave.
        self.leave = set(self.ids)

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    def unsent(self) -> set[int]:
        return {each for each in self.ids if self.state[each] in {"waiting", "deferred"}}

    def under_way(self, run: str) -> set[int]:
        return {
            each
            for each in self.ids
            if self.owner.get(each) == run and self.state[each] in {"sending", "in_doubt"}
        }

    @property
    def holder(self) -> str | None:
        """
        Whose the only batch is.
        """
        with closing(sqlite3.connect(Path(self.folder.name) / "digest.db")) as plain:
            run: str | None = plain.execute("SELECT run FROM batches").fetchone()[0]
        return run

    @rule(number=RUNS)
    def claim(self, number: int) -> None:
        before, unsent = self.holder, self.unsent()
        departed = {each for each in unsent if not self.subscribed[each]}
        waiting = {each for each in unsent - departed if self.state[each] == "waiting"}

        got = set(claimed(self.store, f"run {number}"))

        if before or not self.holder:
            assert not got
        else:
            self.state |= dict.fromkeys(departed, "suppressed")
            # What was deferred just now has its time later.
            assert waiting <= got <= unsent - departed

    @rule(number=RUNS, places=SOME, said=st.none() | st.tuples(ONE, st.sampled_from(Outcome)))
    def intend(self, number: int, places: set[int], said: tuple[int, Outcome] | None) -> None:
        wanted = [self.ids[place] for place in places]
        receipts = [a_receipt(self.ids[said[0]], said[1])] if said else []

        holder = self.holder
        intended = self.store.ledger.intend(ISSUE, wanted, f"run {number}", receipts)

        if said:
            self.hear(number, *said)
            if not {"waiting", "sending"} & {*self.state.values()}:
                holder = None  # It is done with the batch.
        assert intended <= self.leave
        departed = {each for each in wanted if not self.subscribed[each]} & self.unsent()
        may = self.unsent().intersection(wanted) if holder == f"run {number}" else set()
        assert intended == may - departed
        self.state |= dict.fromkeys(departed, "suppressed")
        self.leave -= intended
        self.state |= dict.fromkeys(intended, "sending")
        self.owner |= dict.fromkeys(intended, f"run {number}")

    @rule(number=RUNS, place=ONE, outcome=st.sampled_from(Outcome))
    def record(self, number: int, place: int, outcome: Outcome) -> None:
        receipt = a_receipt(self.ids[place], outcome)

        self.store.ledger.record(ISSUE, [receipt], f"run {number}")

        self.hear(number, place, outcome)

    def hear(self, number: int, place: int, outcome: Outcome) -> None:
        """
        What a receipt changes.
        """
        each = self.ids[place]
        if each in self.under_way(f"run {number}"):
            self.state[each] = outcome.value
            if outcome is Outcome.DEFERRED:
                self.leave.add(each)

    @rule(number=RUNS, places=SOME)
    def release(self, number: int, places: set[int]) -> None:
        wanted = {self.ids[place] for place in places}

        self.store.ledger.release(ISSUE, wanted, f"run {number}")

        released = wanted & self.under_way(f"run {number}")
        self.state |= dict.fromkeys(released, "waiting")
        self.leave |= released

    @rule()
    def recover(self) -> None:
        dead = [each for each in self.ids if self.state[each] == "sending"]

        assert self.store.recovery.recover(ISSUE, alone=True) == len(dead)

        self.state |= dict.fromkeys(dead, "in_doubt")

    @precondition(lambda self: "in_doubt" in self.state.values())
    @rule(resend=st.booleans())
    def resolve(self, *, resend: bool) -> None:
        doubtful = [each for each in self.ids if self.state[each] == "in_doubt"]

        assert resolved(self.store, "resend" if resend else "drop") == len(doubtful)

        self.state |= dict.fromkeys(doubtful, "waiting" if resend else "suppressed")
        if resend:
            self.leave |= set(doubtful)

    @rule(place=ONE)
    def leave_or_come_back(self, place: int) -> None:
        each, address = self.ids[place], f"r{place}@example.org"

        if self.subscribed[each]:
            self.store.subscribers.remove("weekly", address)
        else:
            self.store.subscribers.add("weekly", an_entry(address=address))

        self.subscribed[each] = not self.subscribed[each]

    @invariant()
    def everybody_is_accounted_for(self) -> None:
        counts = Counter(self.state.values())
        sending = counts.pop("sending", 0)
        working = self.store.accounts.tally(ISSUE, running=True)
        idle = self.store.accounts.tally(ISSUE, running=False)

        assert working.letters == idle.letters == READERS
        assert working == Tally(**counts | {"waiting": counts["waiting"] + sending})
        assert idle == Tally(**counts | {"in_doubt": counts["in_doubt"] + sending})


TestRuns = Runs.TestCase
TestRuns.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
