"""
Signed links: who may leave or change a subscription, without a login.

A token is 32 characters: version and key number (1 byte), subscriber (5), newsletter (2) and
an HMAC-SHA256 cut to 16 bytes over purpose and payload. With it a List-Unsubscribe header
stays short enough for every mail program. What is mailed on a reader's own request carries a
random number (7 bytes) in the place of the two; the store knows whose it is, and until when.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

VERSION = 1

#: "bounce" stands in return paths, the others in links.
Purpose = Literal["unsubscribe", "preferences", "view", "bounce"]
#: Of links that are mailed to a reader who asked for them, good once and not for long.
MailedPurpose = Literal["confirm", "data", "address"]
#: Of tokens that hold a number; that of a form holds the time at which it was shown.
NumberPurpose = Literal[MailedPurpose, "form"]

#: Where `digest serve` answers to a token of each purpose: those that are in every letter …
PATHS: Mapping[Purpose, str] = {"unsubscribe": "/u/", "preferences": "/p/", "view": "/w/"}
#: … and those that a reader asked for.
MAILED_PATHS: Mapping[MailedPurpose, str] = {"confirm": "/c/", "data": "/d/", "address": "/n/"}

#: Checked before decoding, which raises at some other characters and skips or replaces the rest.
TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
MAC_LENGTH = 16
TOKEN_LENGTH = 32
#: Bytes of a payload after version and key number.
PAYLOAD_LENGTH = 7
NONCE_BITS = 8 * PAYLOAD_LENGTH
#: Decoded in the place of what is no token.
NOTHING = "A" * TOKEN_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """
    A secret of at least 32 random bytes, and its number in the tokens, 0 to 15.
    """

    number: int
    secret: bytes = field(repr=False)


#: Signs what nobody is to use: the links of a preview.
PREVIEW_KEY = Key(number=0, secret=bytes(32))


def sign_token(key: Key, purpose: Purpose, *, subscriber_id: int, newsletter_number: int) -> str:
    """
    A token good for one purpose, one subscriber and one newsletter, for ever.
    """
    payload = subscriber_id.to_bytes(5, "big") + newsletter_number.to_bytes(2, "big")
    return _signed(key, purpose, payload)


def read_token(keys: Iterable[Key], purpose: Purpose, token: str) -> tuple[int, int] | None:
    """
    (subscriber id, newsletter number), or None: forged, cut, or made for another purpose.
    """
    payload = _payload(keys, purpose, token)
    if payload is None:
        return None
    return int.from_bytes(payload[:5], "big"), int.from_bytes(payload[5:], "big")


def sign_nonce(key: Key, purpose: NumberPurpose, nonce: int) -> str:
    """
    A token that says nothing but the number under which the store keeps what it is good for.
    """
    return _signed(key, purpose, nonce.to_bytes(PAYLOAD_LENGTH, "big"))


def read_nonce(keys: Iterable[Key], purpose: NumberPurpose, token: str) -> int | None:
    """
    That number, or None: forged, cut, or made for another purpose.
    """
    payload = _payload(keys, purpose, token)
    return None if payload is None else int.from_bytes(payload, "big")


def marks_for(key: Key, issue_id: str) -> dict[str, str]:
    """
    What stands in a page where each reader's own token will be, by purpose.

    Nobody without the key can guess it, so no article can carry it and have a reader's token
    put into an address of its own.
    """
    return {
        purpose: urlsafe_b64encode(_mac(key, f"mark {purpose}", issue_id.encode(), 24)).decode()
        for purpose in PATHS
    }


def letter_id(key: Key, issue_id: str, subscriber_id: int, domain: str) -> str:
    """
    The Message-ID of a letter: without an address in it, and the same at every attempt.
    """
    hashed = letter_hash(key, issue_id, subscriber_id)
    return f"<{issue_id.replace('/', '.')}.{hashed}@{domain}>"


def read_letter_id(text: str) -> tuple[str, str]:
    """
    The id of the issue, and the hash, that such a Message-ID would hold. It proves nothing.
    """
    name, _, hashed = text.strip("<>").rpartition("@")[0].rpartition(".")
    return name.replace(".", "/", 1), hashed


def letter_hash(key: Key, issue_id: str, subscriber_id: int) -> str:
    """
    20 hexadecimal digits, always the same for one issue and subscriber.
    """
    payload = f"{issue_id}\0{subscriber_id}".encode()
    return _mac(key, "letter", payload, 10).hex()


def _signed(key: Key, purpose: str, payload: bytes) -> str:
    signed = bytes([VERSION << 4 | key.number]) + payload
    return urlsafe_b64encode(signed + _mac(key, purpose, signed)).decode("ascii")


def _payload(keys: Iterable[Key], purpose: str, token: str) -> bytes | None:
    """
    Every key is tried on every text, so that the time it takes tells nothing.
    """
    well_formed = TOKEN.fullmatch(token) is not None
    raw = urlsafe_b64decode(token if well_formed else NOTHING)
    payload, mac = raw[:-MAC_LENGTH], raw[-MAC_LENGTH:]
    signed = [
        hmac.compare_digest(mac, _mac(key, purpose, payload))
        & (payload[0] == VERSION << 4 | key.number)
        for key in keys
    ]
    return payload[1:] if well_formed and any(signed) else None


def _mac(key: Key, purpose: str, payload: bytes, length: int = MAC_LENGTH) -> bytes:
    mac = _keyed(key.secret, purpose).copy()
    mac.update(payload)
    return mac.digest()[:length]


@cache
def _keyed(secret: bytes, purpose: str) -> hmac.HMAC:
    """
    To copy: `hmac.digest` would begin anew each time, and let other threads go first.
    """
    return hmac.new(secret, purpose.encode("ascii") + b"\0", "sha256")
