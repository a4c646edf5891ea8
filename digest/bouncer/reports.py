"""
Reports for machines: delivery status (RFC 3464) and feedback (RFC 5965).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_string
from email.message import Message
from email.utils import parseaddr

from ..model import Meaning
from .evidence import content_of, text_of
from .status import judge_status

MAX_ADDRESS = 320
XTEXT = re.compile(r"\+([0-9A-F]{2})")
TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
#: RFC 5965 section 7.3 and RFC 6591; what is not named here is no reader's wish.
FEEDBACK = {
    "abuse": Meaning.COMPLAINT,
    "fraud": Meaning.COMPLAINT,
    "virus": Meaning.COMPLAINT,
    "other": Meaning.COMPLAINT,
    "opt-out": Meaning.LEAVE,
    "opt-out-list": Meaning.LEAVE,
}
ACTIONS = {
    "delayed": Meaning.DELAYED,
    "delivered": Meaning.DELIVERED,
    "relayed": Meaning.DELIVERED,
    "expanded": Meaning.DELIVERED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """
    What a mail says of a letter, and what it says which letter that was.
    """

    kind: Meaning
    status: str = ""
    recipient: str = field(default="", repr=False)
    tokens: tuple[str, ...] = ()
    letter_ids: tuple[str, ...] = ()


def judge_report(mail: Message) -> Failure | None:
    """
    What a report says; None if the mail is none.
    """
    for part in mail.walk():
        match part.get_content_type():
            case "message/delivery-status":
                return _delivery(part)
            case "message/feedback-report":
                return _feedback(part)
            case "message/disposition-notification":
                return Failure(kind=Meaning.OTHER)
            case "message/rfc822" if part is not mail:
                # Reports that somebody forwards are not about our letters.
                break
    if mail.get_content_type() == "multipart/report":
        return Failure(kind=Meaning.UNREADABLE)
    return None


def _delivery(part: Message) -> Failure:
    """
    The first recipient who failed, or the first at all: our letters have one each.

    A block that is cut before it says what happened says nothing.
    """
    blocks = [*_blocks(part)]
    about = [each for each in blocks if _says_something(each)]
    if not about:
        return Failure(kind=Meaning.UNREADABLE)
    envelope_id = _unescaped(
        next((v for each in blocks if (v := text_of(each, "Original-Envelope-Id"))), "")
    )
    failed = [each for each in about if _action(each) not in ACTIONS]
    block = (failed or about)[0]
    kind, status = judge_status(text_of(block, "Status"), text_of(block, "Diagnostic-Code"))
    recipient = _address(text_of(block, "Original-Recipient") or text_of(block, "Final-Recipient"))
    return Failure(
        kind=ACTIONS.get(_action(block), kind),
        status=status,
        recipient=recipient,
        tokens=(envelope_id,) if TOKEN.fullmatch(envelope_id) else (),
        letter_ids=(f"<{envelope_id.strip('<>')}>",) if "@" in envelope_id else (),
    )


def _feedback(part: Message) -> Failure:
    fields = next(_blocks(part), None)
    type_ = text_of(fields, "Feedback-Type").lower() if fields else ""
    if fields is None or not type_:
        return Failure(kind=Meaning.UNREADABLE)
    recipient = text_of(fields, "Original-Rcpt-To") or text_of(fields, "Removal-Recipient")
    return Failure(kind=FEEDBACK.get(type_, Meaning.OTHER), recipient=_address(recipient))


def _blocks(part: Message) -> Iterator[Message]:
    """
    The groups of fields, however the parser took them.
    """
    payload = part.get_payload()
    if isinstance(payload, list):
        for each in payload:
            if isinstance(each, Message):
                # In a message/feedback-report the fields are the headers of a mail within.
                yield each
                rest = each.get_payload()
                if isinstance(rest, str) and rest.strip():
                    yield from _fields(rest)
        return
    yield from _fields(content_of(part))


def _fields(text: str) -> Iterator[Message]:
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip()):
        yield message_from_string(block.strip() + "\n\n")


def _says_something(block: Message) -> bool:
    action = _action(block)
    told = action == "failed" or action in ACTIONS
    return told or bool(text_of(block, "Status") or text_of(block, "Diagnostic-Code"))


def _action(block: Message) -> str:
    return text_of(block, "Action").lower().partition(" ")[0].rstrip(";")


def _address(typed: str) -> str:
    """
    The address in `rfc822; ann@example.org`.
    """
    address = parseaddr(typed.rpartition(";")[2].strip())[1]
    return address if "@" in address and len(address) <= MAX_ADDRESS else ""


def _unescaped(xtext: str) -> str:
    """
    RFC 3461 section 4.
    """
    return XTEXT.sub(lambda match: chr(int(match[1], 16)), xtext)
