"""
Every mail gets its verdict: as its server meant it, whoever wrote it, however garbled it is.
"""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.bouncer import MAX_MAIL, Bouncer
from digest.model import Meaning, Verdict
from digest.tokens import Key

from . import reports
from .factories import KEY
from .reports import DAEMON, SENT, Sent, a_dsn, a_plain, an_arf

ANN = (7, 1)
NOBODY = "postmaster@b.example.org"


def judge(mail: str | bytes) -> Verdict:
    data = mail if isinstance(mail, bytes) else mail.encode()
    return Bouncer([KEY]).judge(data)


SHAPES = {
    "postfix, unknown user": (
        a_dsn(
            per_message="X-Postfix-Queue-ID: 4C1",
            diagnostic="smtp; 550 5.1.1 <ann@example.org>: Recipient address rejected: unknown",
        ),
        Meaning.HARD,
        "5.1.1",
    ),
    "postfix, no such host": (
        a_dsn(
            status="5.4.4",
            diagnostic="X-Postfix; Host or domain name not found. Name service error",
        ),
        Meaning.SOFT,
        "5.4.4",
    ),
    "postfix, null MX": (
        a_dsn(status="5.1.10", diagnostic="X-Postfix; Domain does not accept mail (nullMX)"),
        Meaning.HARD,
        "5.1.10",
    ),
    "postfix, expired after five days": (
        a_dsn(status="4.4.1", diagnostic="X-Postfix; connect to mx.example.net: timed out"),
        Meaning.SOFT,
        "4.4.1",
    ),
    "postfix, still trying": (
        a_dsn(
            subject="Delayed Mail (still being retried)",
            action="delayed",
            status="4.4.1",
            diagnostic="X-Postfix; connect to mx.example.net: Connection refused",
        ),
        Meaning.DELAYED,
        "4.4.1",
    ),
    "postfix, delivered": (
        a_dsn(action="delivered", status="2.0.0", diagnostic="smtp; 250 ok"),
        Meaning.DELIVERED,
        "2.0.0",
    ),
    "postfix, relayed to one and failed for another": (
        reports.two_recipients(SENT),
        Meaning.HARD,
        "5.1.1",
    ),
    "sendmail, comment after the action": (
        a_dsn(
            sender="Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>",
            subject="Returned mail: see transcript for details",
            action="failed (unknown user)",
            diagnostic="SMTP; 550 5.1.1 <ann@example.org>... User unknown",
            returned="message/rfc822",
        ),
        Meaning.HARD,
        "5.1.1",
    ),
    "exim, status that says nothing": (
        a_dsn(
            status="5.0.0",
            diagnostic="smtp; 550-5.1.1 The email account does not exist\n 550 5.1.1 see below",
            returned="message/rfc822",
        ),
        Meaning.HARD,
        "5.1.1",
    ),
    "exim, for people": (reports.exim(SENT), Meaning.HARD, "5.1.1"),
    "qmail": (reports.qmail(SENT), Meaning.HARD, "5.1.1"),
    "opensmtpd, its own action": (
        a_dsn(action="error", status="5.0.0", diagnostic="smtp; 550 Invalid recipient"),
        Meaning.HARD,
        "5.0.0",
    ),
    "exchange, unknown recipient": (
        a_dsn(
            sender="Microsoft Outlook <MicrosoftExchange329e71ec@example.net>",
            subject="Undeliverable: Hello",
            status="5.1.10",
            diagnostic="smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found by SMTP",
            returned="message/rfc822",
        ),
        Meaning.HARD,
        "5.1.10",
    ),
    "exchange online, access denied": (
        a_dsn(
            status="5.4.1",
            diagnostic="smtp;550 5.4.1 Recipient address rejected: Access denied.",
            returned="message/rfc822",
        ),
        Meaning.SOFT,
        "5.4.1",
    ),
    "exchange, mailbox full": (
        a_dsn(
            subject="Undeliverable: Hello",
            status="5.2.2",
            diagnostic="smtp;554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceeded",
        ),
        Meaning.SOFT,
        "5.2.2",
    ),
    "exchange, blocked sender": (
        a_dsn(
            status="5.7.1",
            diagnostic="smtp;550 5.7.606 Access denied, banned sending IP [192.0.2.25]",
        ),
        Meaning.POLICY,
        "5.7.1",
    ),
    "gmail, no such account": (
        a_dsn(
            by="googlemail.com",
            sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
            subject="Delivery Status Notification (Failure)",
            per_message=f"X-Original-Message-ID: {SENT.id}",
            diagnostic="smtp; 550-5.1.1 The email account that you tried to reach does not exist.",
            returned="message/rfc822",
        ),
        Meaning.HARD,
        "5.1.1",
    ),
    "gmail, over quota": (
        a_dsn(
            by="googlemail.com",
            status="4.2.2",
            diagnostic="smtp; 452-4.2.2 The recipient's inbox is out of storage space.",
        ),
        Meaning.SOFT,
        "4.2.2",
    ),
    "gmail, unauthenticated": (
        a_dsn(
            by="googlemail.com",
            status="5.7.26",
            diagnostic="smtp; 550-5.7.26 Your email has been blocked because it is unauthenticated",
        ),
        Meaning.POLICY,
        "5.7.26",
    ),
    "gmail, too fast": (
        a_dsn(status="4.7.28", diagnostic="smtp; 421-4.7.28 unusual rate of mail"),
        Meaning.POLICY,
        "4.7.28",
    ),
    "gmail, disabled": (
        a_dsn(status="5.2.1", diagnostic="smtp; 550 5.2.1 The email account is disabled."),
        Meaning.SOFT,
        "5.2.1",
    ),
    "yahoo, no account": (
        a_dsn(
            by="mta.mail.yahoo.example",
            status="5.0.0",
            diagnostic="smtp; 554 delivery error: dd This user doesn't have a yahoo.com account",
            returned="message/rfc822",
        ),
        Meaning.HARD,
        "5.0.0",
    ),
    "yahoo, deferred for complaints": (
        a_dsn(status="4.7.0", diagnostic="smtp; 421 4.7.0 [TSS04] Messages temporarily deferred"),
        Meaning.POLICY,
        "4.7.0",
    ),
    "amazon SES, which writes Message-IDs of its own": (
        a_dsn(
            by="a8-50.smtp-out.amazonses.example",
            sender="MAILER-DAEMON@amazonses.com",
            subject="Delivery Status Notification (Failure)",
            to=NOBODY,
            diagnostic="smtp; 550 5.1.1 user unknown",
            returned="message/rfc822",
            body=SENT.headers.replace(SENT.id, "<0100018f-4b2e@email.amazonses.com>"),
        ),
        Meaning.HARD,
        "5.1.1",
    ),
    "amazon SES, on its suppression list": (
        a_dsn(
            by="amazonses.com",
            status="5.1.1",
            diagnostic="Amazon SES did not send the message to this address because it is on the"
            " suppression list",
        ),
        Meaning.HARD,
        "5.1.1",
    ),
    "domino, without diagnostics": (
        a_dsn(status="5.0.0", diagnostic="X-Notes; User ann (ann@example.org) not listed"),
        Meaning.SOFT,
        "5.0.0",
    ),
    "too large": (
        a_dsn(status="5.3.4", diagnostic="smtp; 552 5.3.4 Message size exceeds fixed limit"),
        Meaning.POLICY,
        "5.3.4",
    ),
    "spam, without an enhanced status": (
        a_dsn(status="5.0.0", diagnostic="smtp; 554 rejected as spam by content filter"),
        Meaning.POLICY,
        "5.0.0",
    ),
    "without the returned letter": (a_dsn(returned=""), Meaning.HARD, "5.1.1"),
    "with a list footer around it": (
        a_dsn().replace("multipart/report; report-type=delivery-status;", "multipart/mixed;"),
        Meaning.HARD,
        "5.1.1",
    ),
    "yahoo, complaint": (
        an_arf(fields="Original-Mail-From: <weekly@example.org>\nReported-Domain: example.org"),
        Meaning.COMPLAINT,
        "",
    ),
    "amazon SES, complaint": (
        an_arf(
            sender="complaints@email-abuse.amazonses.com",
            fields="Original-Rcpt-To: <ann@example.org>\nSource-IP: 192.0.2.25",
        ),
        Meaning.COMPLAINT,
        "",
    ),
    "fraud": (an_arf(feedback="fraud"), Meaning.COMPLAINT, ""),
    "not spam after all": (an_arf(feedback="not-spam"), Meaning.OTHER, ""),
    "a failed signature": (an_arf(feedback="auth-failure"), Meaning.OTHER, ""),
    "a wish to leave in a report": (
        an_arf(feedback="opt-out", fields="Removal-Recipient: <ann@example.org>"),
        Meaning.LEAVE,
        "",
    ),
    "hotmail, complaint": (reports.microsoft_complaint(SENT), Meaning.COMPLAINT, ""),
    "out of the office": (reports.out_of_office(SENT), Meaning.AUTO_REPLY, ""),
    "on holiday, in German": (reports.german_holiday(SENT), Meaning.AUTO_REPLY, ""),
    "unsubscribe by mail": (reports.mail_to_leave(SENT), Meaning.LEAVE, ""),
    "a reader's answer": (
        a_plain(
            headers="From: Ann <ann@example.org>\nSubject: Re: Hello",
            text="> 550 5.1.1 user unknown\nSo interesting! I had undeliverable mail once.",
        ),
        Meaning.OTHER,
        "",
    ),
    "a read receipt": (
        a_dsn(action="displayed").replace("delivery-status", "disposition-notification"),
        Meaning.OTHER,
        "",
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_each_shape_has_its_verdict(name: str) -> None:
    mail, kind, status = SHAPES[name]

    verdict = judge(mail)

    assert (verdict.kind, verdict.status) == (kind, status)


@pytest.mark.parametrize("name", SHAPES)
def test_each_shape_leads_to_its_reader_by_a_token(name: str) -> None:
    mail, kind, _ = SHAPES[name]

    verdict = judge(mail)

    told = kind not in {Meaning.OTHER, Meaning.AUTO_REPLY}
    assert not told or verdict.reader == ANN


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends_make_no_difference(line_end: str) -> None:
    for mail, kind, status in SHAPES.values():
        verdict = judge(mail.replace("\n", line_end))

        assert (verdict.kind, verdict.status) == (kind, status)


def test_a_report_is_the_same_wherever_it_is_read() -> None:
    mail = a_dsn()
    elsewhere = "From MAILER-DAEMON Mon Nov 23 07:12:00 2026\n" + mail.replace(
        "Return-Path: <>", "Return-Path: <>\nDelivered-To: x@example.org\nStatus: RO"
    ).replace("\n", "\r\n")

    assert judge(mail).hash == judge(elsewhere).hash
    assert judge(mail).hash != judge(a_dsn(diagnostic="smtp; 550 5.1.1 other")).hash


def test_a_status_may_stand_in_the_words_alone() -> None:
    verdict = judge(a_dsn(status="", diagnostic="smtp; 550 mailbox unavailable"))

    assert (verdict.kind, verdict.status) == (Meaning.HARD, "5.0.0")


@pytest.mark.parametrize(
    ("mail", "letter_ids"),
    [
        (a_dsn(to=NOBODY, body=f"Message-ID: {SENT.id}\n"), (SENT.id,)),
        (a_dsn(to=NOBODY, returned="", per_message=f"Original-Envelope-Id: {SENT.id}"), (SENT.id,)),
        (
            a_dsn(
                to=NOBODY,
                returned="",
                per_message=f"Original-Envelope-Id: {SENT.id.strip('<>').replace('.', '+2E')}",
            ),
            (SENT.id,),
        ),
        (a_dsn(to=NOBODY, body="Message-ID: <x@example.org>\n"), ()),
        (a_dsn(to=NOBODY, returned=""), ()),
    ],
)
def test_without_a_token_the_message_id_is_a_claim(mail: str, letter_ids: tuple[str, ...]) -> None:
    verdict = judge(mail)

    assert (verdict.reader, verdict.letter_ids) == (None, letter_ids)
    assert verdict.recipient == "ann@example.org"


def test_a_token_in_the_envelope_id_counts() -> None:
    envelope = f"Original-Envelope-Id: {SENT.token('bounce')}"

    assert judge(a_dsn(to=NOBODY, returned="", per_message=envelope)).reader == ANN


def test_the_address_that_the_report_came_to_counts_before_what_it_returns() -> None:
    other = Sent(subscriber_id=8)

    assert judge(a_dsn(SENT, to=other.return_path)).reader == (8, 1)


@pytest.mark.parametrize("header", ["Delivered-To", "X-Original-To", "Envelope-To"])
def test_a_server_may_note_elsewhere_for_whom_it_was(header: str) -> None:
    mail = a_dsn(to=NOBODY, returned="")

    assert judge(f"{header}: {SENT.return_path}\n{mail}").reader == ANN


@pytest.mark.parametrize(
    "token",
    [
        SENT.token("unsubscribe"),
        Sent(key=Key(number=1, secret=b"x" * 32)).token("bounce"),
        "A" * 32,
    ],
    ids=["of another purpose", "of another key", "made up"],
)
def test_a_token_that_is_not_ours_leads_to_nobody(token: str) -> None:
    mail = a_dsn(to=f"bounce+{token}@b.example.org", returned="")

    assert judge(mail).reader is None


def test_who_writes_to_the_bounce_address_does_not_leave() -> None:
    mail = a_plain(headers="From: Ann <ann@example.org>\nSubject: unsubscribe", text="")

    assert judge(mail).kind is Meaning.OTHER


def test_a_bounce_of_a_mail_to_leave_is_no_wish_to_leave() -> None:
    to = f"unsub+{SENT.token('unsubscribe')}@b.example.org"

    assert judge(a_dsn(to=to, returned="")).kind is Meaning.HARD


def test_a_returned_letter_in_base64_is_read() -> None:
    encoded = base64.encodebytes(SENT.headers.encode()).decode()
    mail = a_dsn(to=NOBODY, returned="text/rfc822-headers", body="X").replace(
        "text/rfc822-headers\n\nX",
        f"text/rfc822-headers\nContent-Transfer-Encoding: base64\n\n{encoded}",
    )

    assert judge(mail).reader == ANN


def cut(mail: str, where: str) -> str:
    return mail[: mail.index(where)]


GARBLED = {
    "cut before the recipient": cut(a_dsn(), "Final-Recipient"),
    "cut before the action": cut(a_dsn(), "Action"),
    "cut within the action": cut(a_dsn(action="delayed"), "ayed"),
    "cut within the headers": cut(a_dsn(), "Auto-Submitted"),
    "cut within the type": cut(a_dsn(), "ort; report-type"),
    "cut after the headers, exim": cut(reports.exim(SENT), "This message was"),
    "cut after the headers, qmail": cut(reports.qmail(SENT), "Hi."),
    "no status part": a_dsn().replace("message/delivery-status", "text/plain"),
    "an empty status part": a_dsn()[: a_dsn().index("Reporting-MTA")] + "\n--B--\n",
    "an empty feedback part": an_arf().replace("Feedback-Type: abuse", ""),
    "no boundary": a_dsn().replace('; boundary="B"', ""),
    "a status part as base64 that is none": a_dsn().replace(
        "Content-Type: message/delivery-status",
        "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64",
    ),
    "nested without end": "Content-Type: message/rfc822\n\n" * 5_000 + a_dsn(),
    "parts within parts": "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(2_000)
    ),
}


@pytest.mark.parametrize("name", GARBLED)
def test_what_cannot_be_read_is_set_aside(name: str) -> None:
    verdict = judge(GARBLED[name])

    assert verdict.kind in {Meaning.UNREADABLE, Meaning.OTHER, Meaning.HARD, Meaning.SOFT}
    if name.startswith(("cut", "an empty", "nested", "parts", "no status", "no boundary")):
        assert verdict.kind is Meaning.UNREADABLE


def test_of_a_huge_mail_the_beginning_is_read() -> None:
    mail = a_dsn(returned="message/rfc822", body=SENT.headers + "\n" + "x" * (3 * MAX_MAIL))

    verdict = judge(mail)

    assert (verdict.kind, verdict.reader) == (Meaning.HARD, ANN)


@pytest.mark.parametrize("name", ["exim, for people", "qmail"])
def test_every_cut_of_a_mail_is_judged(name: str) -> None:
    mail = SHAPES[name][0].encode()

    for end in range(0, len(mail), 7):
        assert isinstance(judge(mail[:end]).kind, Meaning)


@given(st.binary(max_size=500), st.integers(0, 2_000), st.integers(0, 200))
def test_no_bytes_are_too_much(junk: bytes, start: int, length: int) -> None:
    mail = a_dsn().encode()

    verdict = judge(mail[:start] + junk + mail[start + length :])

    assert isinstance(verdict.kind, Meaning)


@pytest.mark.parametrize("unseen", ["\0", "\x1b"])
def test_what_cannot_be_seen_is_no_claim(unseen: str) -> None:
    envelope_id = f"Original-Envelope-Id: weekly+{ord(unseen):02X}.0a1b@example.org"
    mail = a_dsn(Sent(address=f"a{unseen}nn@example.org"), per_message=envelope_id)

    verdict = judge(mail)

    assert verdict.kind is Meaning.HARD
    assert verdict.recipient == ""
    assert not [each for each in verdict.letter_ids if unseen in each]


def test_a_bounce_for_people_without_a_reason_is_soft() -> None:
    mail = a_plain(
        headers=f"{DAEMON}\nSubject: Undeliverable: Hello", text="Something went wrong, sorry."
    )

    assert judge(mail).kind is Meaning.SOFT


def test_a_bounce_in_html_alone_is_soft() -> None:
    mail = a_plain(headers=f"{DAEMON}\nSubject: Undeliverable: Hello", text="<p>Sorry.</p>")

    assert judge(mail.replace("text/plain", "text/html")).kind is Meaning.SOFT


def test_a_failure_without_a_status_is_still_one() -> None:
    mail = a_dsn()

    assert judge(cut(mail, "Status")).kind is Meaning.SOFT


def test_a_verdict_shows_no_address() -> None:
    assert "ann@" not in repr(judge(a_dsn()))
