"""
Stage 6. Letters become signed letters: DKIM, relaxed/relaxed (RFC 6376).
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from .errors import SettingsError
from .model import Letter

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

#: RFC 8058 wants both List-Unsubscribe headers covered. From is named twice, so that nobody
#: can add another one (RFC 6376 section 8.15).
SIGNED = (
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type",
    "list-id", "list-unsubscribe", "list-unsubscribe-post", "feedback-id",
)  # fmt: skip
MIN_RSA_BITS = 1024

SPACES = re.compile(rb"[ \t]+")
SPACE_AT_END = re.compile(rb"[ \t]+(?=\r\n)")
FOLD = "\r\n "
LINE_LENGTH = 72
#: Bytes. With more, hashlib would let other threads go first: that costs more than the hash.
HASHED_AT_ONCE = 2047
#: Nearly all fields are the same in all letters: so many are kept, with those of some readers.
FIELDS = 128


class Signer:
    """
    Signs with one key. SettingsError if the key is none that DKIM knows.
    """

    def __init__(self, *, domain: str, selector: str, private_key: bytes) -> None:
        self._key = _load_key(private_key)
        self._algorithm = "rsa-sha256" if hasattr(self._key, "key_size") else "ed25519-sha256"
        self._start = f"v=1; a={self._algorithm}; c=relaxed/relaxed; d={domain}; s={selector};"

    def sign(self, letter: Letter, *, at: datetime) -> Letter:
        """
        The letter with a signature of that moment above its headers.
        """
        head, _, body = letter.data.partition(b"\r\n\r\n")
        bodies = letter.relaxed or (_relaxed_body(body),)
        fields = _relaxed_fields(head)
        names = [name for name in SIGNED if name in fields]
        lines = (
            f"{self._start} t={int(at.timestamp())};",
            f"h={':'.join([*names, 'from'])};",
            f"bh={b64encode(_hash_of(bodies)).decode('ascii')};",
            "b=",
        )
        unsigned = f"dkim-signature:{' '.join(lines)}".encode("ascii")
        signature = self._signature(b"".join([fields[name] for name in names] + [unsigned]))
        value = FOLD.join(lines) + _folded(signature)
        header = f"DKIM-Signature: {value}\r\n".encode("ascii")
        return Letter(
            id=letter.id,
            subscriber_id=letter.subscriber_id,
            sender=letter.sender,
            recipient=letter.recipient,
            data=header + letter.data,
            relaxed=letter.relaxed,  # The body is the same for the next key.
            dotless=letter.dotless,
            ascii=letter.ascii,
        )

    def _signature(self, data: bytes) -> str:
        if self._algorithm == "rsa-sha256":
            from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
            from cryptography.hazmat.primitives.hashes import SHA256

            signature = self._key.sign(data, PKCS1v15(), SHA256())  # type: ignore[call-arg]
        else:
            # RFC 8463 section 3: what is signed is the hash.
            signature = self._key.sign(hashlib.sha256(data).digest())  # type: ignore[call-arg]
        return b64encode(signature).decode("ascii")


def _load_key(private_key: bytes) -> "RSAPrivateKey | Ed25519PrivateKey":
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        message = "dkim needs an extra: pip install 'newsletter-digest[dkim]'"
        raise SettingsError(message) from None
    try:
        key = load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError):
        raise SettingsError("dkim.key_file is no private key in PEM without a password") from None
    if isinstance(key, RSAPrivateKey) and key.key_size < MIN_RSA_BITS:
        raise SettingsError(f"dkim.key_file has fewer than {MIN_RSA_BITS} bits: use 2048")
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise SettingsError("dkim.key_file is neither an RSA nor an Ed25519 key")
    return key


def _relaxed_fields(head: bytes) -> dict[str, bytes]:
    """
    The header fields by name in lower case, canonicalised (RFC 6376 section 3.4.2).
    """
    lines = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n")
    return dict(map(_relaxed_field, lines))


@lru_cache(FIELDS)
def _relaxed_field(line: bytes) -> tuple[str, bytes]:
    name, _, value = line.partition(b":")
    key = name.strip().lower()
    return key.decode("ascii"), key + b":" + _relaxed_value(value) + b"\r\n"


def _relaxed_value(value: bytes) -> bytes:
    return SPACES.sub(b" ", value.replace(b"\r\n", b"")).strip()


def _relaxed_body(body: bytes) -> bytes:
    """
    RFC 6376 section 3.4.4: no space at line ends, single spaces, no empty lines at the end.
    """
    relaxed = SPACES.sub(b" ", SPACE_AT_END.sub(b"", body)).rstrip(b"\r\n")
    return relaxed + b"\r\n" if relaxed else b""


def _hash_of(pieces: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces:
        view = memoryview(piece)
        for start in range(0, len(piece), HASHED_AT_ONCE):
            digest.update(view[start : start + HASHED_AT_ONCE])
    return digest.digest()


def _folded(signature: str) -> str:
    lines: Sequence[str] = [
        signature[start : start + LINE_LENGTH] for start in range(0, len(signature), LINE_LENGTH)
    ]
    return FOLD.join(lines)
