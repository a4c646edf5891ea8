"""
DKIM keys, made and published: a private key in PEM, and the record that goes with it.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ..errors import SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        PrivateKeyTypes,
        PublicKeyTypes,
    )

Algorithm = Literal["rsa", "ed25519"]

#: 1024 bits are still valid, and too few (RFC 8301 section 3.2); 4096 do not fit every DNS server.
RSA_BITS = 2048
#: One string of a TXT record holds no more (RFC 1035 section 3.3.14).
MAX_STRING = 255
MISSING = "dkim needs an extra: pip install 'newsletter-digest[dkim]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """
    A new key, and what the DNS says about it.
    """

    private: bytes = field(repr=False)  #: PKCS #8 in PEM, without a password
    record: str  #: the text of its TXT record


def generate_key(algorithm: Algorithm) -> KeyPair:
    """
    A key that nobody had before.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
        )
    except ImportError:
        raise SettingsError(MISSING) from None
    key = (
        Ed25519PrivateKey.generate()
        if algorithm == "ed25519"
        else generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(private=private, record=record_of(private))


def record_of(private: bytes) -> str:
    """
    The text of the TXT record that publishes a private key. SettingsError if it is no such key.
    """
    try:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        raise SettingsError(MISSING) from None
    try:
        return _record_of(load_pem_private_key(private, password=None))
    except (ValueError, TypeError):
        raise SettingsError("dkim.key_file is no private key in PEM without a password") from None


def strings_of(record: str) -> Iterator[str]:
    """
    The text in the pieces that a zone file takes.
    """
    for start in range(0, len(record), MAX_STRING):
        yield record[start : start + MAX_STRING]


def _record_of(key: "PrivateKeyTypes") -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if isinstance(key, RSAPrivateKey):
        return f"v=DKIM1; k=rsa; p={_published(key.public_key(), raw=False)}"
    if isinstance(key, Ed25519PrivateKey):
        return f"v=DKIM1; k=ed25519; p={_published(key.public_key(), raw=True)}"
    raise SettingsError("dkim.key_file is neither an RSA nor an Ed25519 key")


def _published(key: "PublicKeyTypes", *, raw: bool) -> str:
    """
    An Ed25519 key is published bare (RFC 8463 section 4), an RSA key with its kind.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    encoding = Encoding.Raw if raw else Encoding.DER
    layout = PublicFormat.Raw if raw else PublicFormat.SubjectPublicKeyInfo
    return b64encode(key.public_bytes(encoding, layout)).decode("ascii")
