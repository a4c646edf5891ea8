"""
What becomes of a subscription: its states, and who changed it, when and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """
    Where a subscription stands. Only who is active gets letters.
    """

    PENDING = "pending"  #: signed up, not confirmed
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"  #: they left
    BOUNCED = "bounced"  #: their mail server has no such mailbox, or said no too often
    COMPLAINED = "complained"  #: they called a letter spam
    ERASED = "erased"  #: they asked to be forgotten; only a hash is left


#: States that hold for all newsletters, whichever they came about on: who is in one joins no other.
BARRED = frozenset((State.BOUNCED, State.COMPLAINED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """
    Who changes something, and what shows it: consent as well as a bounce.

    `by` is "operator", "import", "reader", "mail" (one that the reader sent), "bounce",
    "complaint" or "server" (what it answered while a letter was sent).
    """

    by: str
    reason: str = ""
    evidence: Mapping[str, str | int] = field(default_factory=dict)  #: no text of any mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    One entry of a person's story.
    """

    at: datetime
    newsletter: str | None  #: None: the person themselves, such as their address
    what: str  #: state, topics or address
    before: str | None
    after: str | None
    cause: Cause


class Meaning(StrEnum):
    """
    What a mail says about one of our letters.
    """

    HARD = "hard"  #: there is no such mailbox
    SOFT = "soft"  #: full, away, or refused without saying why
    POLICY = "policy"  #: the letter or its sender was refused, the mailbox is fine
    COMPLAINT = "complaint"  #: the reader called it spam
    LEAVE = "leave"  #: the reader's mail program asks to unsubscribe them
    DELAYED = "delayed"  #: the server still tries
    DELIVERED = "delivered"
    AUTO_REPLY = "auto_reply"  #: on holiday, or such
    OTHER = "other"  #: no report
    UNREADABLE = "unreadable"  #: a report, but cut or garbled


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    One mail, judged. What it says of itself is a claim, until a token or the ledger proves it.
    """

    kind: Meaning
    hash: str  #: the same however often and wherever the same report is read
    status: str = ""  #: such as 5.1.1 (RFC 3463)
    reader: tuple[int, int] | None = None  #: (subscriber id, newsletter number), by a token
    letter_ids: tuple[str, ...] = ()  #: Message-IDs that may be of our letters
    recipient: str = field(default="", repr=False)
    report_id: str = ""  #: the report's own Message-ID
    at: datetime | None = None  #: the report's own date


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    Something that was reported, or a letter that was delivered and about which nothing was.
    """

    at: datetime
    kind: Meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    A subscription that a report may end, and what happened to its reader's letters since it was
    last made active.
    """

    newsletter: int  #: its number
    newsletter_id: str
    events: tuple[Event, ...]  #: the oldest first, those of other newsletters included
