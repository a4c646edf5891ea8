"""
Texts as they travel, with room for the tokens of each reader.
"""

import re
from binascii import b2a_base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from ..tokens import TOKEN_LENGTH

LINE_LENGTH = 76
#: Room for the longest encoded character, three bytes, and the soft break.
FULL_LINE = LINE_LENGTH - 4
#: Base64 turns three bytes into four characters; so many bytes make a line of 76.
GROUP, FULL_BASE64 = 3, 57
#: Spaces as RFC 6376 section 3.4.4 sees them.
SPACES = re.compile(rb"[ \t]{2,}|\t")
SPACE_AT_END = re.compile(rb"[ \t]+(?=\r\n)")
#: What quoted-printable leaves as it is. Spaces are treated apart: they may not end a line.
PLAIN = bytes(code for code in range(ord(" "), ord("~") + 1) if code != ord("="))
#: What it does not, but for the breaks between lines and the equals sign, which goes first.
UNPRINTABLE = re.compile(rb"[^ -~\n]")
#: At the start of a line: "." ends a message in SMTP, "From " is changed by mailboxes.
RISKY_START = frozenset({b".", b"F"})
SOFT_BREAK = b"=\r\n"
ENCODED = len("=2E")
#: What a mark adds at most: a break before it and one after it, and a token, a start of a line and
#: a space at an end that have to be encoded.
AROUND_A_MARK = 2 * len(SOFT_BREAK) + 3 * (ENCODED - 1)


def quote_text(text: str) -> bytes:
    """
    Quoted-printable lines of at most 76 characters, ending in a break that does not count.

    No line begins with a dot or an F, so that nothing on the way has reason to change one.
    """
    data = text.encode().replace(b"\r\n", b"\n").replace(b"=", b"=3D")
    lines = UNPRINTABLE.sub(lambda found: b"=%02X" % ord(found[0]), data).split(b"\n")
    return b"\r\n".join(map(_quote_line, lines)) + SOFT_BREAK


def _quote_line(chars: bytes) -> bytes:
    """
    Characters that are encoded where they have to be, on lines that are short enough.
    """
    if chars[-1:] == b" ":
        chars = chars[:-1] + b"=20"
    if len(chars) <= FULL_LINE and chars[:1] not in RISKY_START:
        return chars
    done: list[bytes] = []
    place = 0
    while place < len(chars):
        start, end = b"", place + FULL_LINE
        if chars[place : place + 1] in RISKY_START:
            start = b"=%02X" % chars[place]
            place, end = place + 1, end - len(start) + 1
        # No break within an encoded character, of which only the first is an equals sign.
        if chars[end - 1 : end] == b"=":
            end += 2
        elif chars[end - 2 : end - 1] == b"=":
            end += 1
        done.append(start + chars[place:end])
        place = end
    return SOFT_BREAK.join(done)


@dataclass(frozen=True, slots=True)
class Blank:
    """
    Where a reader's own token belongs; tokens are of one length, so all around it stays put.
    """

    purpose: str
    before: bytes = b""  #: what is encoded together with it
    after: bytes = b""
    base64: bool = False

    def filled(self, tokens: Mapping[str, bytes]) -> bytes:
        """
        The token as it travels, on lines of its own.
        """
        token = tokens[self.purpose]
        if self.base64:
            return b2a_base64(self.before + token + self.after, newline=False) + b"\r\n"
        return (b"=46" + token[1:] if token[:1] == b"F" else token) + SOFT_BREAK

    def __len__(self) -> int:
        """
        As long as it may get.
        """
        if self.base64:
            return 4 * (len(self.before + self.after) + TOKEN_LENGTH) // GROUP + len(b"\r\n")
        return TOKEN_LENGTH + ENCODED - 1 + len(SOFT_BREAK)


def relaxed_body(body: bytes) -> bytes:
    """
    RFC 6376 section 3.4.4, for whole lines: no space at their ends, single spaces within.
    """
    tabs = b"\t" in body
    if tabs or b" \r\n" in body:
        body = SPACE_AT_END.sub(b"", body)
    return SPACES.sub(b" ", body) if tabs or b"  " in body else body


def is_dotless(part: bytes) -> bool:
    """
    Whether none of the lines begins with a dot, which SMTP would double.
    """
    return not part.startswith(b".") and b"\n." not in part


def encoded(content: str, marks: Mapping[str, str]) -> tuple[str, list[bytes | Blank]]:
    """
    A text as it travels, in the encoding that is shorter for it.

    It is split at the marks before it is encoded, so that a token can be put in afterwards.
    """
    pattern = "|".join(map(re.escape, marks))
    pieces = re.split(f"({pattern})", content) if pattern else [content]
    texts, purposes = pieces[::2], [marks[mark] for mark in pieces[1::2]]
    quoted = _in_quoted_printable(texts, purposes)
    based = _in_base64([_canonical(text).encode() for text in texts], purposes)
    if based and length_of(based) < length_of(quoted):
        return "base64", based
    return "quoted-printable", quoted


def _in_quoted_printable(texts: Sequence[str], purposes: Sequence[str]) -> list[bytes | Blank]:
    parts: list[bytes | Blank] = []
    for text, purpose in zip_longest(texts, purposes):
        parts += [quote_text(text)] if text else []
        parts += [Blank(purpose)] if purpose else []
    return [*parts, b"\r\n"]


def _in_base64(texts: Sequence[bytes], purposes: Sequence[str]) -> list[bytes | Blank] | None:
    """
    Three bytes by three: a token shares its first and last group with its neighbours.

    None where these are too short for that.
    """
    parts: list[bytes | Blank] = []
    rest, *following = texts
    for purpose, text in zip(purposes, following, strict=True):
        whole = len(rest) - len(rest) % GROUP
        before = rest[whole:]
        wanted = -(len(before) + TOKEN_LENGTH) % GROUP
        if len(text) < wanted:
            return None
        parts += [_base64_lines(rest[:whole]), Blank(purpose, before, text[:wanted], base64=True)]
        rest = text[wanted:]
    return [*parts, _base64_lines(rest)]


def _base64_lines(data: bytes) -> bytes:
    lines = (data[start : start + FULL_BASE64] for start in range(0, len(data), FULL_BASE64))
    return b"".join(b2a_base64(line, newline=False) + b"\r\n" for line in lines)


def encoded_bound(text: str, marks: Iterable[str] = ()) -> int:
    """
    What the length of a text as it travels does not exceed, by little, and much faster to learn.
    """
    pieces = re.split("|".join(map(re.escape, marks)) or "$^", text)
    marked = len(pieces) - 1
    data = text.encode()
    length = len(data) + (ENCODED - 1) * len(data.translate(None, delete=PLAIN))
    # A line has at least so many characters, and two more where the first one is encoded, too.
    lines = length // (FULL_LINE - ENCODED + 1) + 1
    quoted = length + lines * (len(SOFT_BREAK) + ENCODED - 1) + AROUND_A_MARK * marked + ENCODED + 1
    if min(map(len, pieces[1:]), default=GROUP) < GROUP:
        return quoted  # Marks may be too close to one another for base64.
    length = len(data) + text.count("\n")
    lines = length // FULL_BASE64 + 1 + 2 * marked
    return min(quoted, 4 * (length // GROUP + 1) + lines * len(b"\r\n"))


def length_of(parts: Iterable[bytes | Blank]) -> int:
    return sum(map(len, parts))


def _canonical(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")
