"""
When a newsletter stops writing to somebody: by its own policy, forgetting what is long ago.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.bouncer.deciding import decide, is_enough
from digest.bouncer.status import judge_reply
from digest.model import Event, Meaning, Policy, Standing, State

from .factories import MONDAY

POLICY = Policy()
H, S, D, P = Meaning.HARD, Meaning.SOFT, Meaning.DELIVERED, Meaning.POLICY


def events(*kinds: Meaning, days_apart: int = 1) -> tuple[Event, ...]:
    """
    One a day, the last one now.
    """
    return tuple(
        Event(at=MONDAY - timedelta(days=days_apart * ago), kind=kind)
        for ago, kind in zip(range(len(kinds) - 1, -1, -1), kinds, strict=True)
    )


def standing(number: int, *kinds: Meaning, name: str = "weekly") -> Standing:
    return Standing(newsletter=number, newsletter_id=name, events=events(*kinds))


@pytest.mark.parametrize(
    ("kinds", "enough"),
    [
        ((H,), True),
        ((S, S), False),
        ((S, S, S), True),
        ((P, P, P, P, P), False),
        ((S, S, D, S), False),
        ((S, D, S, D, S, D, S, D), False),
        ((S, S, D, S, S), True),
        ((D, D, D, D, S, S, S), True),
        ((), False),
    ],
)
def test_hard_once_soft_three_times_and_a_delivery_takes_one_off(
    kinds: tuple[Meaning, ...], *, enough: bool
) -> None:
    assert is_enough(events(*kinds), POLICY, MONDAY) is enough


def test_what_is_longer_ago_than_the_policy_looks_does_not_count() -> None:
    spread = events(S, S, S, days_apart=16)

    assert not is_enough(spread, POLICY, MONDAY)
    assert is_enough(spread, replace(POLICY, within=timedelta(days=40)), MONDAY)
    assert not is_enough(events(H), POLICY, MONDAY + timedelta(days=31))


def test_no_number_is_never() -> None:
    assert not is_enough(events(*[H] * 9), replace(POLICY, hard=0, soft=0), MONDAY)
    assert is_enough(events(H, H), replace(POLICY, hard=2, soft=0), MONDAY)


@given(st.lists(st.sampled_from([S, D, P]), max_size=30))
def test_one_more_delivery_never_makes_it_worse(kinds: list[Meaning]) -> None:
    before = is_enough(events(*kinds), POLICY, MONDAY)
    after = is_enough(events(*kinds, D), POLICY, MONDAY)

    assert before or not after


def test_a_dead_mailbox_is_dead_for_every_list_by_its_own_policy() -> None:
    standings = [standing(1, H), standing(2, H, name="patient")]
    policies = {"weekly": POLICY, "patient": Policy(hard=2)}

    assert decide(H, 1, standings, policies, MONDAY) == {1: State.BOUNCED}


@pytest.mark.parametrize(
    ("scope", "ended"),
    [
        ("all", {1: State.COMPLAINED, 2: State.COMPLAINED}),
        ("this", {1: State.COMPLAINED}),
        ("none", {}),
    ],
)
def test_a_complaint_ends_what_its_list_says(scope: str, ended: dict[int, State]) -> None:
    standings = [standing(1), standing(2, name="daily")]
    policies = {"weekly": Policy(complaint=scope), "daily": POLICY}

    assert decide(Meaning.COMPLAINT, 1, standings, policies, MONDAY) == ended


def test_who_is_not_on_the_list_any_more_ends_nothing() -> None:
    others = [standing(2, name="daily")]

    assert decide(Meaning.COMPLAINT, 1, others, {}, MONDAY) == {}
    assert decide(Meaning.LEAVE, 1, others, {}, MONDAY) == {}


def test_leaving_ends_one_list() -> None:
    standings = [standing(1), standing(2, name="daily")]

    assert decide(Meaning.LEAVE, 2, standings, {}, MONDAY) == {2: State.UNSUBSCRIBED}


@pytest.mark.parametrize(
    "kind", [Meaning.POLICY, Meaning.DELAYED, Meaning.AUTO_REPLY, Meaning.OTHER]
)
def test_other_kinds_end_nothing(kind: Meaning) -> None:
    assert decide(kind, 1, [standing(1, H, H, S, S, S)], {}, MONDAY) == {}


@pytest.mark.parametrize(
    ("code", "text", "verdict"),
    [
        (550, "5.1.1 <x@example.org>: Recipient address rejected", (H, "5.1.1")),
        (550, "no such user here", (H, "5.0.0")),
        (550, "Requested action not taken: mailbox unavailable", (H, "5.0.0")),
        (552, "5.2.2 over quota", (S, "5.2.2")),
        (550, "mailbox full", (S, "5.0.0")),
        (554, "5.7.1 relay access denied", (P, "5.7.1")),
        (550, "blocked using a blocklist", (P, "5.0.0")),
        (554, "transaction failed", (S, "5.0.0")),
        (450, "4.2.1 try later", (S, "4.2.1")),
        (550, "Invalid recipient version 12.5.1.1.7", (H, "5.0.0")),
        (550, "", (S, "5.0.0")),
    ],
)
def test_an_answer_while_sending_is_judged_alike(
    code: int, text: str, verdict: tuple[Meaning, str]
) -> None:
    assert judge_reply(code, text) == verdict


@given(st.integers(400, 599), st.text(max_size=200))
def test_any_answer_is_judged(code: int, text: str) -> None:
    kind, _ = judge_reply(code, text)

    assert kind in {H, S, P}
