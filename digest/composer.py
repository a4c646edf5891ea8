"""
Stage 5. A page becomes letters: encoded once, each reader's own tokens patched into the bytes.

The headers are written here byte by byte, because Python's `EmailMessage` turns a long
List-Unsubscribe address into encoded words that no mail program follows.
"""

import re
from collections.abc import Iterator, Mapping
from email.header import Header
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from itertools import pairwise
from urllib.parse import urlsplit

from .errors import LetterError
from .model import Issue, Letter, Page, Subscriber
from .text import UNWANTED, clean_name
from .tokens import PATHS, Key, Purpose, letter_hash, sign_token

LINE_LENGTH = 76
#: Room for the longest encoded character, three bytes, and the soft break.
FULL_LINE = LINE_LENGTH - 4
MAX_ADDRESS = 254
#: As a byte of a quoted-printable line. Spaces are treated apart: they may not end a line.
QUOTED = [
    bytes([code])
    if code == ord(" ") or (ord("!") <= code <= ord("~") and code != ord("="))
    else b"=%02X" % code
    for code in range(256)
]
#: At the start of a line: "." ends a message in SMTP, "From " is changed by mailboxes.
RISKY_START = frozenset({b".", b"F"})
SOFT_BREAK = b"=\r\n"
ATOM_TEXT = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]*")
#: RFC 5322 section 3.4.1 without quotes and comments, nor what could be read as an encoded word.
ADDRESS = re.compile(
    r"(?=[^@]{1,64}@)(?!.*=\?)[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*"
    r"@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*",
    re.ASCII,
)


class Composer:
    """
    A page of an issue, encoded once. Composing a letter only joins bytes.
    """

    def __init__(self, page: Page, issue: Issue, *, key: Key, newsletter_number: int) -> None:
        self._issue = issue
        self._key = key
        self._newsletter_number = newsletter_number
        self._name, self._sender = parseaddr(issue.sender)
        self._before_to = _header("From", format_address(self._name, self._sender))
        self._after_to = _header("Subject", encode_text(page.subject, "Subject")) + _header(
            "Date", format_datetime(issue.made_at)
        )
        marks = {mark: purpose for purpose, mark in page.marks.items()}
        boundary = "=_" + sha256(page.html.encode()).hexdigest()[:24]
        self._after_id = _constant_headers(issue, boundary)
        self._parts = [*_multipart(boundary, page, marks)]

    def compose(self, subscriber: Subscriber) -> Letter:
        """
        Address the page to one subscriber. LetterError if their address would break a header.

        The same issue and subscriber give the same letter, byte for byte, at any time.
        """
        letter_id = self._letter_id(subscriber.id)
        tokens = {purpose: self._token(purpose, subscriber.id) for purpose in PATHS}
        to = format_address(clean_name(subscriber.name), subscriber.address)
        unsubscribe = f"<{self._issue.site_url}{PATHS['unsubscribe']}{tokens['unsubscribe']}>"
        quoted: dict[str, bytes] = {name: quote_text(token) for name, token in tokens.items()}
        data = b"".join(
            (
                self._before_to,
                _header("To", to),
                self._after_to,
                _header("Message-ID", letter_id),
                _header("List-Unsubscribe", unsubscribe),
                self._after_id,
                *(part if isinstance(part, bytes) else quoted[part] for part in self._parts),
            )
        )
        return Letter(
            id=letter_id,
            subscriber_id=subscriber.id,
            sender=self._sender,
            recipient=subscriber.address,
            data=data,
        )

    def _letter_id(self, subscriber_id: int) -> str:
        digest = letter_hash(self._key, self._issue.id, subscriber_id)
        domain = self._sender.rpartition("@")[2]
        return f"<{self._issue.id.replace('/', '.')}.{digest}@{domain}>"

    def _token(self, purpose: Purpose, subscriber_id: int) -> str:
        return sign_token(
            self._key,
            purpose,
            subscriber_id=subscriber_id,
            newsletter_number=self._newsletter_number,
        )


def format_address(name: str, address: str) -> str:
    """
    An address for a header, whatever the name holds. LetterError if the address is unusable.
    """
    if len(address) > MAX_ADDRESS or not ADDRESS.fullmatch(address):
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
    """
    return len(quote_text(page.html))


def quote_text(text: str) -> bytes:
    """
    Quoted-printable lines of at most 76 characters, ending in a break that does not count.

    No line begins with a dot or an F, so that nothing on the way has reason to change one.
    """
    lines = text.encode().replace(b"\r\n", b"\n").split(b"\n")
    return b"\r\n".join(map(_quote_line, lines)) + SOFT_BREAK


def _quote_line(line: bytes) -> bytes:
    done: list[bytes] = []
    current: list[bytes] = []
    length = 0
    for place, code in enumerate(line):
        char = QUOTED[code]
        at_end = place == len(line) - 1
        if length >= FULL_LINE:
            done.append(b"".join(current) + SOFT_BREAK)
            current, length = [], 0
        if (at_end and char == b" ") or (not length and char in RISKY_START):
            char = b"=%02X" % code
        current.append(char)
        length += len(char)
    return b"".join((*done, *current))


def _split_at(text: str, marks: Mapping[str, str]) -> Iterator[bytes | str]:
    """
    Encoded stretches of text, and between them the purposes of the tokens that belong there.
    """
    pattern = "|".join(map(re.escape, marks))
    pieces = re.split(f"({pattern})", text) if pattern else [text]
    for piece in pieces:
        if piece in marks:
            yield marks[piece]
        elif piece:
            yield quote_text(piece)


def _multipart(boundary: str, page: Page, marks: Mapping[str, str]) -> Iterator[bytes | str]:
    """
    Text first, HTML last: mail programs show the last part that they can.
    """
    for subtype, content in (("plain", page.text), ("html", page.html)):
        yield (
            f"--{boundary}\r\n"
            f"Content-Type: text/{subtype}; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        ).encode("ascii")
        yield from _split_at(content, marks)
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode("ascii")


def _constant_headers(issue: Issue, boundary: str) -> bytes:
    """
    What no reader's letter differs in, after the Message-ID, and the line that ends the headers.
    """
    host = urlsplit(issue.site_url).hostname or "localhost"
    fields = {
        # RFC 8058 section 3.1: exactly this value.
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"{_phrase(clean_name(issue.title), 'List-Id')} <{issue.newsletter}.{host}>",
        "Feedback-ID": f"{issue.id.replace('/', '.')}:{issue.newsletter}:digest",
        "Precedence": "bulk",
        # RFC 3834, and the same for Exchange: no answers from holidays.
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    return b"".join(_header(name, value) for name, value in fields.items()) + b"\r\n"


def _header(name: str, value: str) -> bytes:
    line = f"{name}: {value}\r\n".encode("ascii")
    folded = line[:-2].split(b"\r\n")
    if any(b"\r" in each or b"\n" in each or b"\0" in each for each in folded):
        raise LetterError(f"a line break in the {name} header")
    if any(not after.startswith(b" ") for _, after in pairwise(folded)):
        raise LetterError(f"a line break in the {name} header")
    return line
