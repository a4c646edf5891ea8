"""
Mails that come back, in the shapes in which servers write them; made after the formats.

Each is about a letter of ours, whose headers are returned in one way or the other.
"""

from collections.abc import Callable
from dataclasses import dataclass

from digest.tokens import Key, letter_hash, sign_token

from .factories import ISSUE, KEY

DOMAIN = "b.example.org"
DATE = "Mon, 23 Nov 2026 07:12:00 +0000"


@dataclass(frozen=True)
class Sent:
    """
    A letter that a report may be about.
    """

    key: Key = KEY
    issue: str = ISSUE.id
    subscriber_id: int = 7
    newsletter: int = 1
    address: str = "ann@example.org"

    @property
    def return_path(self) -> str:
        token = self.token("bounce")
        return f"bounce+{token}@{DOMAIN}"

    @property
    def id(self) -> str:
        digest = letter_hash(self.key, self.issue, self.subscriber_id)
        return f"<{self.issue.replace('/', '.')}.{digest}@example.org>"

    @property
    def link(self) -> str:
        return f"https://digests.example.org/u/{self.token('unsubscribe')}"

    @property
    def headers(self) -> str:
        return (
            f"From: The Weekly <weekly@example.org>\nTo: {self.address}\nSubject: Hello\n"
            f"Date: Mon, 23 Nov 2026 06:00:00 +0000\nMessage-ID: {self.id}\n"
            f"List-Unsubscribe: <{self.link}>,\n"
            f" <mailto:unsub+{self.token('unsubscribe')}@{DOMAIN}?subject=unsubscribe>\n"
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\nPrecedence: bulk\n"
        )

    def token(self, purpose: str) -> str:
        return sign_token(
            self.key,
            purpose,  # type: ignore[arg-type]
            subscriber_id=self.subscriber_id,
            newsletter_number=self.newsletter,
        )


SENT = Sent()
Shape = Callable[[Sent], str]


def a_dsn(
    sent: Sent = SENT,
    *,
    by: str = "mx.example.net",
    sender: str = "MAILER-DAEMON@mx.example.net (Mail Delivery System)",
    subject: str = "Undelivered Mail Returned to Sender",
    to: str = "",
    per_message: str = "",
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 User unknown",
    text: str = "I'm sorry to have to inform you that your message could not be delivered.",
    returned: str = "text/rfc822-headers",
    body: str | None = None,
    final: str = "",
) -> str:
    """
    A report after RFC 3464. Without `returned` there is no third part.
    """
    original = sent.headers if body is None else body
    third = f"\n--B\nContent-Type: {returned}\n\n{original}\n" if returned else ""
    return f"""\
Return-Path: <>
From: {sender}
To: {to or sent.return_path}
Subject: {subject}
Date: {DATE}
Message-ID: <20261123.1@{by}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

This is a MIME-encapsulated message.

--B
Content-Type: text/plain; charset=us-ascii

{text}

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; {by}
Arrival-Date: {DATE}
{per_message}
Final-Recipient: rfc822; {final or sent.address}
Action: {action}
Status: {status}
Diagnostic-Code: {diagnostic}
{third}
--B--
"""


def an_arf(
    sent: Sent = SENT,
    *,
    sender: str = "feedback@arf.mail.example.com",
    feedback: str = "abuse",
    fields: str = "",
    body: str | None = None,
) -> str:
    """
    A complaint after RFC 5965; addresses are usually struck out.
    """
    original = sent.headers.replace(sent.address, "[redacted]") if body is None else body
    return f"""\
From: <{sender}>
To: abuse@example.org
Subject: FW: Hello
Date: {DATE}
Message-ID: <complaint.1@example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="F"

--F
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report for an email message received.

--F
Content-Type: message/feedback-report

Feedback-Type: {feedback}
User-Agent: SomeGenerator/1.0
Version: 1
{fields}
--F
Content-Type: message/rfc822

{original}
Hello, this is the letter.

--F--
"""


def a_plain(sent: Sent = SENT, *, headers: str, text: str, to: str = "") -> str:
    """
    A mail without parts.
    """
    return (
        f"{headers}\nTo: {to or sent.return_path}\nDate: {DATE}\n"
        "Message-ID: <plain.1@example.net>\n"
        f"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
    )


DAEMON = "From: Mail Delivery System <Mailer-Daemon@mx.example.net>\nReturn-Path: <>"


def exim(sent: Sent) -> str:
    return a_plain(
        sent,
        headers=(
            f"{DAEMON}\nX-Failed-Recipients: {sent.address}\nAuto-Submitted: auto-replied\n"
            "Subject: Mail delivery failed: returning message to sender"
        ),
        text=(
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n"
            f"  {sent.address}\n"
            "    host mx.example.net [192.0.2.1]\n"
            "    SMTP error from remote mail server after RCPT TO:\n"
            "    550 5.1.1 The email account that you tried to reach does not exist\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n"
            f"{sent.headers}\nHello.\n"
        ),
    )


def qmail(sent: Sent) -> str:
    return a_plain(
        sent,
        headers="From: MAILER-DAEMON@mx.example.net\nReturn-Path: <>\nSubject: failure notice",
        text=(
            "Hi. This is the qmail-send program at mx.example.net.\n"
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
            "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
            f"<{sent.address}>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
            "--- Below this line is a copy of the message.\n\n"
            f"Return-Path: <{sent.return_path}>\n{sent.headers}\nHello.\n"
        ),
    )


def out_of_office(sent: Sent) -> str:
    return a_plain(
        sent,
        headers=(
            f"From: Ann <{sent.address}>\nAuto-Submitted: auto-replied\nPrecedence: bulk\n"
            f"Subject: Automatic reply: Hello\nIn-Reply-To: {sent.id}"
        ),
        text="I am out of the office until Monday. For user unknown 550 5.1.1 write to Bob.",
    )


def german_holiday(sent: Sent) -> str:
    return a_plain(
        sent,
        headers=f"From: Ann <{sent.address}>\nSubject: Abwesenheitsnotiz: Hello\nX-Autoreply: yes",
        text="Ich bin im Urlaub.",
    )


def mail_to_leave(sent: Sent) -> str:
    return a_plain(
        sent,
        headers=f"From: Ann <{sent.address}>\nSubject: unsubscribe",
        text="",
        to=f"unsub+{sent.token('unsubscribe')}@{DOMAIN}",
    )


def microsoft_complaint(sent: Sent) -> str:
    original = sent.headers.replace(sent.address, "redacted@hotmail.com")
    return f"""\
From: <staff@hotmail.com>
To: abuse@example.org
Subject: complaint about message from 192.0.2.25
Date: {DATE}
Message-ID: <jmrp.1@hotmail.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="M"

--M
Content-Type: message/rfc822
Content-Disposition: inline

{original}
Hello.

--M--
"""


def two_recipients(sent: Sent) -> str:
    """
    A list that went to two mailboxes: one got it, one did not.
    """
    return a_dsn(
        sent,
        per_message=(
            "\nFinal-Recipient: rfc822; copy@example.net\nAction: relayed\nStatus: 2.0.0\n"
        ),
    )
