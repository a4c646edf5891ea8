"""
What is sent: pages, letters, receipts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from .editions import Subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortening:
    """
    What an edition lost so that mail programs show it whole. The rest is on the web.
    """

    excerpts: int | None = None  #: characters of an excerpt that stay
    related: int | None = None  #: related stories that stay, of each story
    dropped: tuple[str, ...] = ()  #: slugs of stories


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """
    A rendered edition: the same for all its readers but for the `marks`.
    """

    subject: str
    html: str
    text: str
    marks: Mapping[str, str]  #: purpose -> what stands in the texts for a reader's own token
    pictures: tuple[str, ...] = ()  #: names, for as long as the issue is kept
    web: str | None = None  #: the whole edition, where `html` had to be shortened …
    shortening: Shortening | None = None  #: … by this; not kept with a frozen issue


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """
    A subscriber, and the edition of the issue that is theirs.
    """

    subscriber: Subscriber
    edition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """
    One message for one subscriber, ready for the wire.
    """

    id: str  #: the Message-ID, a function of issue and subscriber
    subscriber_id: int
    sender: str  #: bare address, for the envelope
    recipient: str = field(repr=False)  #: bare address, for the envelope
    data: bytes = field(repr=False)
    #: The body once more, in pieces, as DKIM's relaxed form has it; nothing: nobody knows.
    relaxed: tuple[bytes, ...] = field(default=(), repr=False, compare=False)
    #: Whether it is known that no line begins with a dot, which SMTP would have to double.
    dotless: bool = field(default=False, repr=False, compare=False)
    #: Whether it is known that all of it is ASCII.
    ascii: bool = field(default=False, repr=False, compare=False)

    @property
    def emptied(self) -> Self:
        """
        The same without its content, of which nobody has need once it was sent.
        """
        return type(self)(
            id=self.id,
            subscriber_id=self.subscriber_id,
            sender=self.sender,
            recipient=self.recipient,
            data=b"",
        )


class Outcome(StrEnum):
    """
    What became of a letter.
    """

    ACCEPTED = "accepted"  #: the server took responsibility for it
    DEFERRED = "deferred"  #: refused for now; the next run tries again
    REFUSED = "refused"  #: refused for good; never tried again
    IN_DOUBT = "in_doubt"  #: the line broke after the last byte; never retried unasked


class Kind(StrEnum):
    """
    Why a letter was not accepted, by the enhanced status code where the server gave one.
    """

    NONE = ""  #: it was accepted, or nobody knows
    ADDRESS = "address"  #: no such mailbox or domain; what the bounce policy counts
    FULL = "full"  #: the mailbox is full
    INACTIVE = "inactive"  #: the mailbox is there, and takes nothing
    GREYLISTED = "greylisted"  #: come again in some minutes
    RATE = "rate"  #: too many, too fast
    POLICY = "policy"  #: this letter to this reader is not wanted
    SIZE = "size"  #: too large
    OURS = "ours"  #: sender, login, signature or DNS: the same for every reader
    SYSTEM = "system"  #: trouble at the server or on the way
    UNABLE = "unable"  #: not tried: the server lacks what this address or letter needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """
    What the mail server said about one letter. Its text is hostile, and may name the reader.
    """

    letter: Letter
    outcome: Outcome
    code: int = 0
    text: str = field(default="", repr=False)
    kind: Kind = Kind.NONE

    @property
    def emptied(self) -> Self:
        """
        The same of a letter without its content.
        """
        return type(self)(
            letter=self.letter.emptied,
            outcome=self.outcome,
            code=self.code,
            text=self.text,
            kind=self.kind,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """
    The letters of an issue by state. They add up: `letters` is the sum of the others.
    """

    accepted: int = 0
    deferred: int = 0
    refused: int = 0
    in_doubt: int = 0
    suppressed: int = 0
    waiting: int = 0

    @property
    def letters(self) -> int:
        return (
            self.accepted
            + self.deferred
            + self.refused
            + self.in_doubt
            + self.suppressed
            + self.waiting
        )
