"""
What in a mail may lead to the letter that it is about: tokens and Message-IDs of our shapes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

#: `bounce+TOKEN@` and `unsub+TOKEN@`, whatever stands before the plus sign.
IN_ADDRESS = re.compile(r"\+([A-Za-z0-9_-]{32})@")
#: In the address of List-Unsubscribe.
IN_LINK = re.compile(r"/u/([A-Za-z0-9_-]{32})(?![A-Za-z0-9_-])")
LETTER_ID = re.compile(
    r"<[a-z0-9-]{1,63}\.[A-Za-z0-9._-]{1,80}\.[0-9a-f]{20}@[A-Za-z0-9.-]{1,253}>"
)
#: Where mail servers write for whom a mail came.
ADDRESSED = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
TEXTS = frozenset({"text/plain", "text/rfc822-headers", "message/delivery-status"})
MAX_FOUND = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    Tokens and Message-IDs, in the order in which they are believed.
    """

    addressed: tuple[str, ...]  #: in the addresses that the mail itself came to
    returned: tuple[str, ...]  #: in addresses further down
    links: tuple[str, ...]
    letter_ids: tuple[str, ...]

    @classmethod
    def of(cls, mail: Message) -> "Evidence":
        own = "\n".join(text_of(mail, name) for name in ADDRESSED)
        returned = "\n".join(_texts(mail))
        return cls(
            addressed=_found(IN_ADDRESS, own),
            returned=_found(IN_ADDRESS, returned),
            links=_found(IN_LINK, returned),
            letter_ids=_found(LETTER_ID, returned),
        )


def text_of(mail: Message, name: str) -> str:
    """
    A header as one line; empty if there is none.
    """
    return " ".join(" ".join(str(each) for each in mail.get_all(name, [])).split())


def content_of(part: Message) -> str:
    """
    The text of a part that is one, decoded as well as can be.
    """
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    return data.decode("utf-8", "replace")


def _texts(mail: Message) -> Iterator[str]:
    """
    All headers but the mail's own, and all texts.
    """
    for part in mail.walk():
        if part is not mail:
            yield "\n".join(f"{name}: {value}" for name, value in part.items())
        if not part.is_multipart() and part.get_content_type() in TEXTS:
            yield content_of(part)
    yield text_of(mail, "In-Reply-To")
    yield text_of(mail, "References")


def _found(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    found = dict.fromkeys(match[pattern.groups] for match in pattern.finditer(text))
    return tuple(found)[:MAX_FOUND]
