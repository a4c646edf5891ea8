"""
Hostile text made harmless: one-line texts, web addresses, names.
"""

import re
import unicodedata
from urllib.parse import quote, urlsplit, urlunsplit

#: C0 and C1 controls, which MJML and Gmail choke on, and characters that reorder or hide text,
#: or are none at all.
UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
SPACES = re.compile(r"\s+")
ODD_IN_URL = re.compile(r"[^!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]")
#: What nearly every address looks like: nothing in it has to be encoded, or written small.
PLAIN_URL = re.compile(
    r"https?://[0-9a-z-]+(?:\.[0-9a-z-]+)*(?:[/?#][!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]*)?"
)
MAX_URL = 2_048
MAX_NAME = 100


def clean_line(raw: str) -> str:
    """
    One line of plain text: entities decoded once, no control or bidirectional characters.
    """
    if raw.isascii() and raw.isprintable() and "&" not in raw and "  " not in raw:
        return raw.strip()
    import html

    # Some controls are spaces, too, and keep two words apart.
    return " ".join(UNWANTED.sub("", SPACES.sub(" ", html.unescape(raw))).split())


def clean_name(raw: str) -> str:
    """
    A person's name that cannot break a header: NFC, no line breaks, 100 characters at most.
    """
    if raw.isascii() and raw.isprintable() and "  " not in raw:
        return raw.strip()[:MAX_NAME].rstrip()
    spaced = (" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in raw)
    kept = UNWANTED.sub("", "".join(spaced))
    return SPACES.sub(" ", unicodedata.normalize("NFC", kept)).strip()[:MAX_NAME].rstrip()


def is_unclean(raw: str) -> bool:
    """
    Whether a name holds what would break a header or cannot be seen, or is too long.
    """
    if raw.isascii() and raw.isprintable():
        return len(raw) > MAX_NAME
    hidden = any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in raw.strip())
    return hidden or bool(UNWANTED.search(raw)) or len(raw) > MAX_NAME


def shorten(text: str, length: int) -> str:
    """
    At most so many characters and an ellipsis, cut between words where there are any.
    """
    if len(text) <= length:
        return text
    head = text[:length]
    cut = head.rpartition(" ")[0] if " " in head[length // 2 :] else head
    return cut.rstrip(" ,;:.!?-\N{EN DASH}\N{EM DASH}(") + "\N{HORIZONTAL ELLIPSIS}"


def topic_key(topic: str) -> str:
    """
    Names of one topic have one key: case and spaces do not count.
    """
    return "".join(topic.casefold().split())


def safe_url(raw: str) -> str:
    """
    An http or https address with odd characters percent-encoded, or "" if it is not one.

    Its host is written in small letters: the same address is the same text.
    """
    raw = raw.strip()
    if len(raw) <= MAX_URL and PLAIN_URL.fullmatch(raw):
        return raw
    if len(raw) > MAX_URL or UNWANTED.search(raw):
        return ""
    try:
        parts = urlsplit(raw)
        host = parts.hostname or ""
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        return ""
    if not ODD_IN_URL.search(raw):
        host_ends = len(parts.scheme) + len("://") + len(parts.netloc)
        return raw[:host_ends].lower() + raw[host_ends:]
    url = _encoded(parts.scheme, host, port, parts.path, parts.query, parts.fragment)
    return url if len(url) <= MAX_URL else ""


def alone(*words: str) -> re.Pattern[str]:
    """
    Any of the words where it stands by itself: between spaces, quotes, brackets or commas.
    """
    return re.compile(rf"(?<![^\s\"'\[{{,])(?:{'|'.join(map(re.escape, words))})(?![^\s\"',\]}}])")


ADDRESSES = re.compile(r"""[^\s<>()"':;,]+@[^\s<>()"':;,]+""")


def mask_addresses(text: str) -> str:
    """
    A text with every address in it masked.
    """
    return ADDRESSES.sub(lambda found: mask_address(found[0]), text)


def mask_address(address: str) -> str:
    """
    Enough of an address for its owner to recognise it, too little for anybody else.
    """
    local, _, domain = address.partition("@")
    return f"{local[:1]}•••@{domain}" if domain else "•••"


def _encoded(scheme: str, host: str, port: int | None, *rest: str) -> str:
    try:
        ascii_host = host if host.isascii() else _to_ascii(host)
    except UnicodeError:
        return ""
    if ODD_IN_URL.search(ascii_host):
        return ""
    netloc = f"[{ascii_host}]" if ":" in ascii_host else ascii_host
    netloc = netloc if port is None else f"{netloc}:{port}"
    path, query, fragment = (quote(part, safe="!#$%&'()*+,-./:;=?@[]~") for part in rest)
    return urlunsplit((scheme, netloc, path, query, fragment))


def _to_ascii(host: str) -> str:
    """
    As browsers do it (UTS 46): the codec of the standard library leads to other hosts.
    """
    import idna

    return idna.encode(host, uts46=True).decode("ascii")
