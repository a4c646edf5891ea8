"""
One person: their data in full, another address, and being forgotten for good.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from digest.errors import NotFoundError, StoreError
from digest.model import Cause, Outcome, State, Tally
from digest.store import Store
from digest.store.changes import change_state, of_reader

from .contents import everything_in
from .factories import ISSUE, MONDAY, a_receipt, a_store, an_entry, an_issue_of, signed_up

ANN = "ann@example.org"
SELF = Cause(by="reader", reason="by a mailed link")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = a_store(store_url)
    yield store
    store.close()


def id_of(store: Store, address: str = ANN) -> int:
    return store.subscribers.find(address)[0].id


def test_an_export_holds_all_that_is_known_and_json_can_say_it(store: Store) -> None:
    store.subscribers.add("weekly", an_entry(name="Ann", topics=("AI",)))
    (reader,) = an_issue_of(store, 1)
    store.ledger.claim_batches(ISSUE.id, "run")
    store.ledger.intend(ISSUE.id, [reader], "run")
    store.ledger.record(ISSUE.id, [a_receipt(reader, code=250, text="2.0.0 ok")], "run")

    ann, other = (store.people.export(each) for each in (id_of(store), reader))

    assert (ann["email"], ann["name"], ann["letters"]) == (ANN, "Ann", [])
    assert ann["subscriptions"] == [
        {
            "newsletter": "weekly",
            "state": "active",
            "topics": ["AI"],
            "since": "2026-11-23T06:00:00Z",
            "changed": "2026-11-23T06:00:00Z",
        }
    ]
    assert [(each["issue"], each["state"], each["code"]) for each in other["letters"]] == [
        (ISSUE.id, "accepted", 250)
    ]
    assert json.loads(json.dumps(ann)) == ann


def test_another_address_is_the_same_person(store: Store) -> None:
    store.subscribers.add("weekly", an_entry(name="Ann"))
    before = id_of(store)

    store.people.change_address(before, "Ann@Elsewhere.example", SELF)

    assert id_of(store, "ann@elsewhere.example") == before
    change = store.people.export(before)["history"][-1]
    assert (change["what"], change["before"], change["after"]) == (
        "address",
        "a•••@example.org",
        "A•••@Elsewhere.example",
    )
    with pytest.raises(NotFoundError):
        store.subscribers.find(ANN)


def test_an_address_of_somebody_else_is_refused(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())
    store.subscribers.add("weekly", an_entry(address="ben@example.org"))

    with pytest.raises(StoreError, match=r"b•••@example\.org is subscribed already"):
        store.people.change_address(id_of(store), "ben@example.org", SELF)

    assert id_of(store) != id_of(store, "ben@example.org")


def test_what_bounced_at_the_old_address_is_tried_at_the_new_one(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())
    reader, number = id_of(store), store.subscribers.number("weekly")
    with store._database.writing() as connection:
        among = of_reader(number, [reader])
        change_state(connection, among, State.BOUNCED, Cause(by="bounce"), MONDAY)

    store.people.change_address(reader, "ann@elsewhere.example", SELF)

    assert [each.id for each in store.subscribers.active_iter("weekly")] == [reader]


def test_one_more_list_is_joined_and_may_be_joined_again(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())
    daily = store.subscribers.number("daily")

    for topics in (["AI"], None):
        store.people.join(daily, id_of(store), topics, SELF)

    (ann,) = store.subscribers.active_iter("daily")
    assert (ann.address, ann.topics) == (ANN, None)


def test_who_is_erased_is_nowhere_in_the_store(store: Store, store_url: str) -> None:
    store.subscribers.add("weekly", an_entry(name="Annabel Distinct"))
    signed_up(store, an_entry(), {"daily": None}, {})

    store.people.erase(id_of(store))
    store.close()

    everything = everything_in(store_url)
    assert b"weekly" in everything
    assert b"ann@example" not in everything
    assert b"Annabel" not in everything


def test_an_issue_in_the_making_is_not_exported(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())
    store.issues.draft(ISSUE).add_letters([(id_of(store), None)])

    assert store.people.export(id_of(store))["letters"] == []


def test_the_ledger_adds_up_without_who_was_erased_and_tells_no_reply(store: Store) -> None:
    sent, waiting = an_issue_of(store, 2)
    store.ledger.claim_batches(ISSUE.id, "run")
    store.ledger.intend(ISSUE.id, [sent], "run")
    refusal = a_receipt(sent, Outcome.REFUSED, code=550, text="<r0@example.org> is unknown")
    store.ledger.record(ISSUE.id, [refusal], "run")

    for each in (sent, waiting):
        store.people.erase(each)

    assert store.ledger.intend(ISSUE.id, [waiting], "run") == frozenset()
    tally = store.accounts.tally(ISSUE.id, running=False)
    assert tally == Tally(refused=1, suppressed=1)
    assert store.feedback.refused(ISSUE.id) == ()


def test_no_list_and_no_hand_brings_back_who_was_erased(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())
    store.people.erase(id_of(store))
    away: list[str] = []

    merged = store.subscribers.merge(
        "weekly",
        [an_entry(address="ANN@example.org"), an_entry(address="ben@example.org")],
        again=True,
        away=lambda _, reason: away.append(reason),
    )
    with pytest.raises(StoreError, match=r"a•••@example\.org asked to be forgotten"):
        store.subscribers.add("daily", an_entry())

    assert (merged.added, merged.erased) == (1, 1)
    assert away == ["asked to be forgotten: only they themselves can sign up again"]
    assert [each.address for each in store.subscribers.active_iter("weekly")] == ["ben@example.org"]


def test_who_was_erased_is_told_as_that(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())
    store.people.erase(id_of(store))

    story = store.subscribers.story(ANN)

    assert (story["state"], story["since"][:10]) == ("erased", "2026-11-23")
    assert [f"{at:%Y-%m-%d}" for at in store.subscribers.erased_iter()] == ["2026-11-23"]
    with pytest.raises(NotFoundError, match=r"nobody here has the address b•••@"):
        store.subscribers.story("ben@example.org")


def test_who_was_erased_may_sign_up_again_themselves(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())
    before = id_of(store)
    store.people.erase(before)

    nonce = signed_up(store, an_entry(), {"weekly": None}, {})
    store.signups.confirm(nonce, {})

    assert id_of(store) != before
    assert [each.address for each in store.subscribers.active_iter("weekly")] == [ANN]


def test_who_is_erased_cannot_be_erased_or_exported_again(store: Store) -> None:
    store.subscribers.add("weekly", an_entry())
    ann = id_of(store)
    store.people.erase(ann)

    with pytest.raises(NotFoundError):
        store.people.erase(ann)
    with pytest.raises(NotFoundError):
        store.people.export(ann)


def test_the_hash_of_an_address_is_of_this_store_alone(tmp_path: Path) -> None:
    hashes = []
    for name in ("one", "two"):
        bits = Random(name).getrandbits  # noqa: S311 - no secret
        store = a_store(tmp_path / name, random_bits=bits)
        hashes.append(store.limits.hash_of("192.0.2.1"))
        store.close()

    assert hashes[0] != hashes[1]
    assert all(len(each) == 16 for each in hashes)


def test_a_request_is_good_once_for_one_purpose_and_a_while(store_url: str) -> None:
    now = [MONDAY]
    store = a_store(store_url, clock=lambda: now[0])
    store.subscribers.add("weekly", an_entry())
    ann = id_of(store)
    nonce = store.requests.ask("address", ann, "new@example.org", timedelta(minutes=30))
    late = store.requests.ask("data", ann, "", timedelta(minutes=30))

    looked_at = store.requests.find(nonce, "address")
    other = store.requests.find(nonce, "data")
    done = [store.requests.redeem(nonce, "address") for _ in range(2)]
    now[0] += timedelta(minutes=30)

    assert looked_at == (ann, "new@example.org")
    assert other is None
    assert done == [(ann, "new@example.org"), None]
    assert store.requests.find(late, "data") is None
    store.close()
