"""
A mail becomes a verdict: a bounce, a complaint, a wish to leave, an auto-reply, or none of these.

Mail is hostile: it may be cut, nested, huge or forged. Whoever it claims to be about is believed
only where it carries a token of ours; other claims are for the ledger to check.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import Message
from email.utils import parsedate_to_datetime
from hashlib import sha256

from ..model import Meaning, Verdict
from ..tokens import Key, read_token
from .evidence import Evidence, text_of
from .reports import Failure, judge_report
from .shapes import is_auto_reply, judge_odd_shape

#: Of one mail; a report says what it has to say at its beginning.
MAX_MAIL = 1024 * 1024
MAX_DEPTH = 20
NOT_MUCH = (Meaning.OTHER, Meaning.AUTO_REPLY)


class Bouncer:
    """
    Knows the keys that our tokens are signed with.
    """

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = tuple(keys)

    def judge(self, data: bytes) -> Verdict:
        """
        What a mail says. Never raises, whatever it holds.
        """
        data = _unpacked(data)[:MAX_MAIL]
        identity = _identity(data)
        if _depth(data) > MAX_DEPTH:
            return Verdict(kind=Meaning.UNREADABLE, hash=identity)
        try:
            return self._judged(message_from_bytes(data, policy=policy.compat32), identity)
        except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
            # What the parser of the standard library raises at some garbled mails.
            return Verdict(kind=Meaning.UNREADABLE, hash=identity)

    def _judged(self, mail: Message, identity: str) -> Verdict:
        evidence = Evidence.of(mail)
        failure = _failure(mail)
        kind = failure.kind
        wish = self._first("unsubscribe", evidence.addressed)
        if wish and kind in NOT_MUCH:
            kind = Meaning.LEAVE
        tokens = (*evidence.addressed, *failure.tokens, *evidence.returned)
        reader = wish if kind is Meaning.LEAVE else self._first("bounce", tokens)
        return Verdict(
            kind=kind,
            hash=identity,
            status=failure.status,
            reader=reader or self._first("unsubscribe", evidence.links),
            # PostgreSQL refuses to be asked for some of what cannot be seen, and no address has it.
            letter_ids=tuple(
                each
                for each in dict.fromkeys((*failure.letter_ids, *evidence.letter_ids))
                if each.isprintable()
            ),
            recipient=failure.recipient if failure.recipient.isprintable() else "",
            report_id=text_of(mail, "Message-ID")[:255],
            at=_date(mail),
        )

    def _first(self, purpose: str, tokens: Sequence[str]) -> tuple[int, int] | None:
        read = (read_token(self._keys, purpose, token) for token in tokens)  # type: ignore[arg-type]
        return next((found for found in read if found), None)


def _failure(mail: Message) -> Failure:
    if found := judge_report(mail):
        return found
    if is_auto_reply(mail):
        return Failure(kind=Meaning.AUTO_REPLY)
    return judge_odd_shape(mail)


def _unpacked(data: bytes) -> bytes:
    """
    Without the line that mailboxes and pipes put before a mail.
    """
    if data.startswith((b"From ", b">From ")):
        return data.partition(b"\n")[2]
    return data


def _identity(data: bytes) -> str:
    """
    A hash of what does not change on the way from one mailbox to the other.
    """
    head, _, body = data.replace(b"\r\n", b"\n").partition(b"\n\n")
    own = [
        line
        for line in head.split(b"\n")
        if line.lower().startswith((b"message-id:", b"date:", b"from:", b"subject:"))
    ]
    return sha256(b"\n".join((*own, b"", body.rstrip()))).hexdigest()


def _depth(data: bytes) -> int:
    """
    How often a mail within a mail begins, at most; the parser goes down all the way.
    """
    lowered = data.lower()
    return max(lowered.count(b"message/rfc822"), lowered.count(b"multipart/"))


def _date(mail: Message) -> datetime | None:
    try:
        found = parsedate_to_datetime(text_of(mail, "Date"))
        return found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
