"""
Stage 5. A page becomes letters: encoded once, each reader's own tokens patched into the bytes.

The headers are written here byte by byte, because Python's `EmailMessage` turns a long
List-Unsubscribe address into encoded words that no mail program follows.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from email.header import Header
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from itertools import groupby, pairwise
from types import MappingProxyType
from urllib.parse import urlsplit

from ..errors import LetterError
from ..model import Issue, Letter, Page, Subscriber
from ..text import UNWANTED, clean_name
from ..tokens import PATHS, TOKEN_LENGTH, Key, Purpose, letter_id, sign_token
from .embedding import point_inside
from .encoding import (
    FULL_LINE,
    LINE_LENGTH,
    Blank,
    encoded,
    encoded_bound,
    is_dotless,
    quote_text,
    relaxed_body,
)

__all__ = [
    "Composer",
    "bound_of_html",
    "encode_text",
    "encoded_bound",
    "format_address",
    "quote_text",
    "size_of_html",
]

MAX_ADDRESS = 254
ATOM_TEXT = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]*")
#: RFC 5322 section 3.4.1 without quotes and comments, nor what could be read as an encoded word.
ADDRESS = re.compile(
    r"(?=[^@]{1,64}@)(?!.*=\?)[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*"
    r"@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*",
    re.ASCII,
)
#: RFC 6531 section 3.3: any script in the local part. Such a letter goes to servers with SMTPUTF8
#: alone, with the address as it is in its header.
ADDRESS_BEYOND_ASCII = re.compile(
    r"(?=[^@]{1,64}@)(?!.*=\?)[^\s\"(),.:;<>@\[\\\]]+(\.[^\s\"(),.:;<>@\[\\\]]+)*"
    r"@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"
)


class Composer:
    """
    A page of an issue, encoded once. Composing a letter only joins bytes.
    """

    def __init__(
        self,
        page: Page,
        issue: Issue,
        *,
        key: Key,
        newsletter_number: int,
        inside: Mapping[str, bytes] = MappingProxyType({}),  #: name -> part, of pictures
    ) -> None:
        self._issue = issue
        self._key = key
        self._newsletter_number = newsletter_number
        self._name, self._sender = parseaddr(issue.sender)
        self._domain = self._sender.rpartition("@")[2]
        self._before_to = _header("From", format_address(self._name, self._sender))
        self._after_to = _header("Subject", encode_text(page.subject, "Subject")) + _header(
            "Date", format_datetime(issue.made_at)
        )
        marks = {mark: purpose for purpose, mark in page.marks.items()}
        boundary = _boundary(page)
        self._after_id = _constant_headers(issue, boundary)
        parts = _joined(_multipart(boundary, page, marks, inside))
        self._fixed = [b"" if isinstance(part, Blank) else part for part in parts]
        self._relaxed = [relaxed_body(part) for part in self._fixed]
        self._blanks = [
            (place, part) for place, part in enumerate(parts) if isinstance(part, Blank)
        ]
        printed = {blank.purpose for _, blank in self._blanks}
        self._purposes = [each for each in PATHS if each == "unsubscribe" or each in printed]
        self._ascii = all(map(bytes.isascii, self._fixed))
        self._dotless = all(map(is_dotless, self._fixed))

    def compose(self, subscriber: Subscriber) -> Letter:
        """
        Address the page to one subscriber. LetterError if their address would break a header.

        The same issue and subscriber give the same letter, byte for byte, at any time.
        """
        message_id = letter_id(self._key, self._issue.id, subscriber.id, self._domain)
        tokens = {purpose: self._token(purpose, subscriber.id) for purpose in self._purposes}
        own = {str(name): token.encode("ascii") for name, token in tokens.items()}
        body, relaxed = self._fixed.copy(), self._relaxed.copy()
        for place, blank in self._blanks:
            body[place] = relaxed[place] = blank.filled(own)
        to = format_address(clean_name(subscriber.name), subscriber.address)
        unsubscribe = f"<{self._issue.site_url}{PATHS['unsubscribe']}{tokens['unsubscribe']}>"
        if mailbox := self._issue.unsubscribe_to:
            by_mail = _tagged(mailbox, tokens["unsubscribe"])
            unsubscribe += f",\r\n <mailto:{by_mail}?subject=unsubscribe>"
        head = (
            self._before_to,
            _header("To", to),
            self._after_to,
            _header("Message-ID", message_id),
            _header("List-Unsubscribe", unsubscribe),
            self._after_id,
        )
        return Letter(
            id=message_id,
            subscriber_id=subscriber.id,
            sender=self._return_path(subscriber.id),
            recipient=subscriber.address,
            data=b"".join((*head, *body)),
            relaxed=tuple(relaxed),
            dotless=self._dotless,
            ascii=self._ascii and all(map(bytes.isascii, head)),
        )

    def _return_path(self, subscriber_id: int) -> str:
        """
        Where bounces go: to an address of the letter's own, if there is a mailbox for them.
        """
        if not self._issue.bounces_to:
            return self._sender
        return _tagged(self._issue.bounces_to, self._token("bounce", subscriber_id))

    def _token(self, purpose: Purpose, subscriber_id: int) -> str:
        return sign_token(
            self._key,
            purpose,
            subscriber_id=subscriber_id,
            newsletter_number=self._newsletter_number,
        )


def _joined(parts: Iterable[bytes | Blank]) -> list[bytes | Blank]:
    """
    Blanks, and all that is between two of them in one piece.
    """
    joined: list[bytes | Blank] = []
    for fixed, group in groupby(parts, key=lambda part: isinstance(part, bytes)):
        pieces = [*group]
        joined += (
            [b"".join(each for each in pieces if isinstance(each, bytes))] if fixed else pieces
        )
    return joined


def _tagged(mailbox: str, token: str) -> str:
    """
    `bounce+TOKEN@example.org`: it arrives in `bounce@example.org`.
    """
    local, _, domain = mailbox.partition("@")
    return f"{local}+{token}@{domain}"


def format_address(name: str, address: str) -> str:
    """
    An address for a header, whatever the name holds. LetterError if the address is unusable.
    """
    shape = ADDRESS if address.isascii() else ADDRESS_BEYOND_ASCII
    usable = shape.fullmatch(address) and address.isprintable()
    if not usable or len(address.encode()) > MAX_ADDRESS:
        raise LetterError("an address that would break a header: correct or remove it")
    return f"{_phrase(name, 'From')} <{address}>" if name else address


def encode_text(text: str, header: str) -> str:
    """
    Free text for a header: as it is if it can be, in encoded words otherwise (RFC 2047).
    """
    text = " ".join(UNWANTED.sub("", " ".join(text.split())).split())
    plain = text.isascii() and "=?" not in text
    if plain and len(header) + 2 + len(text) <= LINE_LENGTH:
        return text
    if plain and max(map(len, text.split(" "))) < FULL_LINE - len(header):
        return Header(text, "us-ascii", LINE_LENGTH, header).encode(linesep="\r\n")
    return Header(text, "utf-8", LINE_LENGTH, header).encode(linesep="\r\n")


def _phrase(name: str, header: str) -> str:
    """
    A display name: bare, in quotes, or in encoded words (RFC 5322 section 3.2.5).
    """
    if not name.isascii() or "=?" in name:
        return encode_text(name, header) + "\r\n"
    if ATOM_TEXT.fullmatch(name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def size_of_html(page: Page) -> int:
    """
    Bytes of a page's HTML as it travels; mail programs cut a letter by them.

    A mark is as long as the token that takes its place.
    """
    _, parts = encoded(page.html, {mark: purpose for purpose, mark in page.marks.items()})
    tokens = dict.fromkeys(page.marks, bytes(TOKEN_LENGTH))
    return sum(len(part if isinstance(part, bytes) else part.filled(tokens)) for part in parts)


def bound_of_html(page: Page) -> int:
    """
    What that size does not exceed, by little, and much faster to learn.
    """
    return encoded_bound(page.html, page.marks.values())


def _boundary(page: Page) -> str:
    """
    The same for a preview and a letter, whose marks are others.
    """
    html = page.html
    for mark in page.marks.values():
        html = html.replace(mark, "")
    return "=_" + sha256(html.encode()).hexdigest()[:24]


def _multipart(
    boundary: str, page: Page, marks: Mapping[str, str], inside: Mapping[str, bytes]
) -> Iterator[bytes | Blank]:
    """
    Text first, HTML last: mail programs show the last part that they can.
    """
    around = f"{boundary}-related" if inside else boundary
    yield from _part(boundary, "plain", page.text, marks)
    if inside:
        yield (
            f"--{boundary}\r\n"
            f'Content-Type: multipart/related; type="text/html"; boundary="{around}"\r\n\r\n'
        ).encode("ascii")
    yield from _part(around, "html", point_inside(page.html, inside), marks)
    for picture in inside.values():
        yield f"--{around}\r\n".encode("ascii")
        yield picture
    if inside:
        yield f"--{around}--\r\n".encode("ascii")
    yield f"--{boundary}--\r\n".encode("ascii")


def _part(
    boundary: str, subtype: str, content: str, marks: Mapping[str, str]
) -> Iterator[bytes | Blank]:
    encoding, parts = encoded(content, marks)
    yield (
        f"--{boundary}\r\n"
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    ).encode("ascii")
    yield from parts


def _constant_headers(issue: Issue, boundary: str) -> bytes:
    """
    What no reader's letter differs in, after the Message-ID, and the line that ends the headers.
    """
    host = urlsplit(issue.site_url).hostname or "localhost"
    # Gmail wants 5 to 15 characters, the same in all letters of a sender.
    counted_as = "-".join(re.findall("[a-z0-9]+", host))[:15].ljust(5, "-")
    fields = {
        # RFC 8058 section 3.1: exactly this value.
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"{_phrase(clean_name(issue.title), 'List-Id')} <{issue.newsletter}.{host}>",
        "Feedback-ID": f"{issue.id.replace('/', '.')}:{issue.newsletter}:digest:{counted_as}",
        "Precedence": "bulk",
        # RFC 3834, and the same for Exchange: no answers from holidays.
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    return b"".join(_header(name, value) for name, value in fields.items()) + b"\r\n"


def _header(name: str, value: str) -> bytes:
    line = f"{name}: {value}\r\n".encode()
    if value.isprintable():
        return line
    folded = line[:-2].split(b"\r\n")
    if any(b"\r" in each or b"\n" in each or b"\0" in each for each in folded):
        raise LetterError(f"a line break in the {name} header")
    if any(not after.startswith(b" ") for _, after in pairwise(folded)):
        raise LetterError(f"a line break in the {name} header")
    return line
