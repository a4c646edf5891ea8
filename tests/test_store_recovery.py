"""
What is known of dead runs: as much as their journals prove, and nothing more.
"""

from collections.abc import Iterator

import pytest

from digest.journal import Fate
from digest.model import Outcome, Tally
from digest.store import Store

from .factories import a_receipt, a_store, an_issue_of, intended

ISSUE = "weekly/2026-11-23"
SENT, BEGUN = Fate(outcome=Outcome.ACCEPTED, code=250), Fate()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = a_store(store_url)
    yield store
    store.close()


def tally(store: Store) -> Tally:
    return store.accounts.tally(ISSUE, running=False)


def test_a_journal_says_what_was_sent_what_was_begun_and_what_never_left(store: Store) -> None:
    ids = an_issue_of(store, 5)
    intended(store, ids[:4])
    refused = Fate(outcome=Outcome.REFUSED, code=550)

    store.recovery.settle(ISSUE, "run", {ids[0]: SENT, ids[1]: refused, ids[2]: BEGUN})

    assert tally(store) == Tally(accepted=1, refused=1, in_doubt=1, waiting=2)
    assert intended(store, ids, "another") == {ids[3], ids[4]}


def test_what_a_journal_will_prove_is_told_before_it_is_settled(store: Store) -> None:
    ids = an_issue_of(store, 4)
    intended(store, ids[:3])
    journals = {"run": {ids[0]: SENT, ids[1]: BEGUN}}

    foreseen = store.accounts.tally(ISSUE, running=False, journals=journals)
    doubtful = list(store.accounts.problems_iter(ISSUE, running=False, journals=journals))
    store.recovery.settle(ISSUE, "run", journals["run"])

    assert foreseen == tally(store) == Tally(accepted=1, in_doubt=1, waiting=2)
    assert [(each.subscriber_id, each.state) for each in doubtful] == [(ids[1], "in_doubt")]


def test_the_journal_of_another_run_changes_nothing(store: Store) -> None:
    """
    Letters of a run that died before were once taken for sent because of such a file.
    """
    ids = an_issue_of(store, 3)
    intended(store, ids[:2])

    store.recovery.settle(ISSUE, "stale", dict.fromkeys(ids, SENT))

    assert tally(store) == Tally(in_doubt=2, waiting=1)


def test_a_late_journal_settles_what_was_put_in_doubt_meanwhile(store: Store) -> None:
    ids = an_issue_of(store, 3)
    intended(store, ids)
    store.recovery.recover(ISSUE, alone=True)
    assert tally(store) == Tally(in_doubt=3)

    store.recovery.settle(ISSUE, "run", {ids[0]: SENT, ids[1]: BEGUN})

    assert tally(store) == Tally(accepted=1, in_doubt=1, waiting=1)


def test_what_a_person_has_settled_no_journal_changes(store: Store) -> None:
    ids = an_issue_of(store, 3)
    intended(store, ids)
    store.recovery.recover(ISSUE, alone=True)
    store.accounts.resolve(ISSUE, [ids[0]], "resend")
    store.accounts.resolve(ISSUE, [ids[1]], "drop")
    store.accounts.resolve(ISSUE, [ids[2]], "sent")

    store.recovery.settle(ISSUE, "run", dict.fromkeys(ids, SENT))

    assert tally(store) == Tally(waiting=1, suppressed=1, accepted=1)


def test_a_receipt_in_doubt_stays_in_doubt(store: Store) -> None:
    ids = an_issue_of(store, 1)
    intended(store, ids)
    store.ledger.record(ISSUE, [a_receipt(ids[0], Outcome.IN_DOUBT)], "run")

    store.recovery.settle(ISSUE, "run", {ids[0]: BEGUN})

    assert tally(store) == Tally(in_doubt=1)


def test_a_run_is_known_once_it_began(store: Store) -> None:
    an_issue_of(store, 1)
    store.ledger.open_run(ISSUE, "run")

    assert store.recovery.knows("run")
    assert not store.recovery.knows("another")


def test_a_store_and_its_copies_have_a_name(store: Store, store_url: str) -> None:
    again = a_store(store_url)

    assert again.recovery.store_id() == store.recovery.store_id()
    assert len(store.recovery.store_id()) == 32
    again.close()


def test_a_journal_from_after_the_copy_keeps_its_readers_from_a_second_letter(
    store: Store,
) -> None:
    ids = an_issue_of(store, 4)

    settled = store.recovery.replay(ISSUE, "lost", {ids[0]: SENT, ids[1]: BEGUN}, complete=True)

    assert settled == 2
    assert tally(store) == Tally(accepted=1, in_doubt=1, waiting=2)
    assert store.recovery.knows("lost")
    assert intended(store, ids) == set(ids[2:])


def test_where_a_journal_is_not_all_there_is_to_know_the_rest_is_in_doubt(store: Store) -> None:
    ids = an_issue_of(store, 4)

    store.recovery.replay(ISSUE, "lost", {ids[0]: SENT}, complete=False)

    assert tally(store) == Tally(accepted=1, in_doubt=3)
    assert intended(store, ids) == set()


def test_an_issue_that_is_lost_with_the_copy_waits_until_it_is_made_again(store: Store) -> None:
    assert store.recovery.replay(ISSUE, "lost", {1: SENT}, complete=True) is None
    assert not store.recovery.knows("lost")


def test_beside_others_only_those_are_dead_whose_lease_is_over(store: Store) -> None:
    ids = an_issue_of(store, 3)
    intended(store, ids[:2])

    alive = store.recovery.recover(ISSUE, alone=False)
    dead = store.recovery.recover(ISSUE, alone=True)

    assert (alive, dead) == (0, 2)


@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, None])
def test_what_comes_back_from_a_run_that_was_given_up_is_sent_by_the_next(
    store: Store, outcome: Outcome | None
) -> None:
    first, second = sorted(an_issue_of(store, 2))
    intended(store, [first], "slow")
    store.recovery.recover(ISSUE, alone=True)
    intended(store, [second], "quick")
    store.ledger.record(ISSUE, [a_receipt(second)], "quick")
    store.ledger.let_go(ISSUE, "quick")

    if outcome:
        store.ledger.record(ISSUE, [a_receipt(first, outcome)], "slow")
        store.ledger.hurry(ISSUE)
    else:
        store.ledger.release(ISSUE, [first], "slow")
    batch = store.ledger.claim_batches(ISSUE, "third")

    assert [each.subscriber.id for each in batch] == [first]


def test_what_a_late_journal_says_never_left_is_sent_by_the_next(store: Store) -> None:
    first, second = sorted(an_issue_of(store, 2))
    store.ledger.open_run(ISSUE, "dead")
    intended(store, [first], "dead")
    store.recovery.recover(ISSUE, alone=True)
    intended(store, [second], "quick")
    store.ledger.record(ISSUE, [a_receipt(second)], "quick")
    store.ledger.let_go(ISSUE, "quick")

    store.recovery.settle(ISSUE, "dead", {})
    batch = store.ledger.claim_batches(ISSUE, "third")

    assert [each.subscriber.id for each in batch] == [first]
