"""
Signed links: who may leave or change a subscription, without a login.

A token is 32 characters: version and key number (1 byte), subscriber (5), newsletter (2) and
an HMAC-SHA256 cut to 16 bytes over purpose and payload. With it a List-Unsubscribe header
stays short enough for every mail program.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

VERSION = 1

Purpose = Literal["unsubscribe", "preferences"]

#: Where `digest serve` answers to a token of each purpose.
PATHS: Mapping[Purpose, str] = {"unsubscribe": "/u/", "preferences": "/p/"}

#: Checked before decoding, which raises at some other characters and skips or replaces the rest.
TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
MAC_LENGTH = 16


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
    payload = (
        bytes([VERSION << 4 | key.number])
        + subscriber_id.to_bytes(5, "big")
        + newsletter_number.to_bytes(2, "big")
    )
    return urlsafe_b64encode(payload + _mac(key, purpose, payload)).decode("ascii")


def read_token(keys: Iterable[Key], purpose: Purpose, token: str) -> tuple[int, int] | None:
    """
    (subscriber id, newsletter number), or None: forged, cut, or made for another purpose.
    """
    if not TOKEN.fullmatch(token):
        return None
    raw = urlsafe_b64decode(token)
    payload, mac = raw[:-MAC_LENGTH], raw[-MAC_LENGTH:]
    signed = [
        hmac.compare_digest(mac, _mac(key, purpose, payload))
        for key in keys
        if payload[:1] == bytes([VERSION << 4 | key.number])
    ]
    if not any(signed):
        return None
    return int.from_bytes(payload[1:6], "big"), int.from_bytes(payload[6:8], "big")


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


def letter_hash(key: Key, issue_id: str, subscriber_id: int) -> str:
    """
    20 hexadecimal digits, always the same for one issue and subscriber.
    """
    payload = f"{issue_id}\0{subscriber_id}".encode()
    return _mac(key, "letter", payload, 10).hex()


def _mac(key: Key, purpose: str, payload: bytes, length: int = MAC_LENGTH) -> bytes:
    message = purpose.encode("ascii") + b"\0" + payload
    return hmac.digest(key.secret, message, "sha256")[:length]
