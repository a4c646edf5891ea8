"""
What a reply means.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Kind, Outcome
from digest.transports.smtp.judging import kind_of, refusal, verdict
from digest.transports.smtp.line import Reply

from .factories import LETTER


def a_reply(line: str) -> Reply:
    return Reply(int(line[:3]), (line[4:].encode(),))


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("550 5.1.1 <ann@example.org>: Recipient address rejected: User unknown", Kind.ADDRESS),
        ("550 5.1.10 null MX", Kind.ADDRESS),
        ("550 No such user here", Kind.ADDRESS),
        ("553 sorry", Kind.ADDRESS),
        ("552 5.2.2 mailbox full", Kind.FULL),
        ("452 4.2.2 over quota", Kind.FULL),
        ("452 mailbox full", Kind.FULL),
        ("550 5.2.1 disabled", Kind.INACTIVE),
        ("451 4.7.1 Greylisting in action, come back later", Kind.GREYLISTED),
        ("450 4.2.0 <ann@example.org>: Recipient address rejected: Greylisted", Kind.GREYLISTED),
        ("421 4.7.28 unusual rate of mail", Kind.RATE),
        ("454 Throttling failure: Maximum sending rate exceeded.", Kind.RATE),
        ("450 4.7.1 Error: too much mail from 192.0.2.1", Kind.RATE),
        ("451 4.7.652 The mail server has exceeded the maximum number of connections", Kind.RATE),
        ("421 4.7.0 too many messages in this connection", Kind.POLICY),
        ("550 5.7.1 message looks like spam", Kind.POLICY),
        ("550 5.7.1 invalid content", Kind.POLICY),
        ("554 no", Kind.POLICY),
        ("550 5.6.0 bad content", Kind.POLICY),
        ("552 5.3.4 message too big", Kind.SIZE),
        ("552 message size exceeds fixed limit", Kind.SIZE),
        ("550 5.7.26 unauthenticated", Kind.OURS),
        ("550 5.7.27 SPF", Kind.OURS),
        ("550 5.7.30 DKIM", Kind.OURS),
        ("550 5.7.515 Access denied, sending domain does not meet the required level", Kind.OURS),
        ("550 5.7.606 banned sending IP", Kind.OURS),
        ("554 5.7.1 <ann@example.org>: Relay access denied", Kind.OURS),
        ("530 5.7.0 authentication required", Kind.OURS),
        ("451 4.3.0 try later", Kind.SYSTEM),
        ("451 oh dear", Kind.SYSTEM),
        ("421 bye", Kind.SYSTEM),
    ],
)  # fmt: skip
def test_a_refusal_has_its_kind(line: str, kind: Kind) -> None:
    assert kind_of(a_reply(line)) is kind


@given(code=st.integers(400, 599), text=st.text(max_size=60))
def test_any_refusal_has_a_kind_and_only_an_own_fault_is_held_against_nobody(
    code: int, text: str
) -> None:
    receipt = refusal(LETTER, Reply(code, (text.encode("utf-8", "replace"),)))

    assert receipt.kind is not Kind.NONE
    final = code >= 500 and receipt.kind is not Kind.OURS
    assert receipt.outcome is (Outcome.REFUSED if final else Outcome.DEFERRED)


@pytest.mark.parametrize("code", [100, 199, 300, 354, 600, 999])
def test_a_reply_that_is_neither_yes_nor_no_leaves_a_letter_in_doubt(code: int) -> None:
    assert verdict(LETTER, Reply(code, ())).outcome is Outcome.IN_DOUBT
