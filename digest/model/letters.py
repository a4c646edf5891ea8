"""
What is sent: pages with their pictures, letters, receipts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .editions import Subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """
    A place for a picture: the pixels it is stored with, twice those it is shown with.
    """

    name: str
    width: int
    height: int


LEAD = Slot(name="lead", width=1104, height=621)


THUMBNAIL = Slot(name="thumbnail", width=240, height=160)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """
    A checked and resized image in the cache, named by the hash of its bytes.
    """

    name: str  #: `ab/abcdef….jpg`, below the cache and below the pictures' address alike
    width: int  #: in pixels, of the file
    height: int
    colour: str  #: the dominant one, `#rrggbb`, for the box before it loads
    drawn: bool = False  #: a placeholder of ours


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


class Outcome(StrEnum):
    """
    What became of a letter.
    """

    ACCEPTED = "accepted"  #: the server took responsibility for it
    DEFERRED = "deferred"  #: refused for now; the next run tries again
    REFUSED = "refused"  #: refused for good; never tried again
    IN_DOUBT = "in_doubt"  #: the line broke after the last byte; never retried unasked


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """
    What the mail server said about one letter. Its text is hostile, and may name the reader.
    """

    letter: Letter
    outcome: Outcome
    code: int = 0
    text: str = field(default="", repr=False)


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
