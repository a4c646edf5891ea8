"""
DKIM signatures that another implementation verifies.
"""

import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import dkim
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from digest.composer import Composer
from digest.errors import SettingsError
from digest.model import Letter
from digest.signer import Signer

from .factories import KEY, MARKS, a_letter, a_page, a_subscriber, an_issue

MONDAY_MORNING = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()


@pytest.fixture(params=["rsa", "ed25519"])
def key(request: pytest.FixtureRequest) -> Any:
    return RSA if request.param == "rsa" else ED25519


@pytest.fixture(autouse=True)
def ed25519_for_dkimpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What dkimpy asks of PyNaCl, answered by `cryptography`.
    """

    class VerifyKey:
        def __init__(self, key: bytes, encoder: object) -> None:
            self._key = ed25519.Ed25519PublicKey.from_public_bytes(b64decode(key))

        def verify(self, message: bytes, signature: bytes) -> bytes:
            self._key.verify(signature, message)
            return message

    nacl = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
    )
    monkeypatch.setattr(dkim, "nacl", nacl, raising=False)


def pem(key: Any, password: bytes = b"") -> bytes:
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    data: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    return data


def a_signer(key: Any) -> Signer:
    return Signer(domain="example.org", selector="news", private_key=pem(key))


def signed(key: Any, letter: Letter | None = None) -> bytes:
    return a_signer(key).sign(letter or composed(), at=MONDAY_MORNING).data


def composed(**page: str) -> Letter:
    page.setdefault("html", f"<!DOCTYPE html><p>Größe  =  2</p> {MARKS['unsubscribe']} \n\n\n")
    composer = Composer(
        a_page(subject="Ünïcödé " * 30, **page),
        an_issue(title="Die Woche"),
        key=KEY,
        newsletter_number=1,
    )
    return composer.compose(a_subscriber(name="李" * 60))


def dns_of(key: Any) -> Callable[..., bytes]:
    """
    The TXT record of the key, and of no other selector.
    """
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        kind, raw = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        kind, raw = "ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    record = f"v=DKIM1; k={kind}; p={b64encode(raw).decode()}".encode()

    def lookup(name: bytes, timeout: int = 5) -> bytes:
        return record if name == b"news._domainkey.example.org." else b""

    return lookup


def verifies(key: Any, data: bytes) -> bool:
    return bool(dkim.verify(data, dnsfunc=dns_of(key)))


def tags_of(data: bytes) -> dict[str, str]:
    header = data.partition(b"\r\nFrom:")[0].decode().partition(":")[2]
    pairs = (tag.strip().partition("=") for tag in "".join(header.split()).split(";"))
    return {name: value for name, _, value in pairs}


def test_another_implementation_verifies_a_composed_letter(key: Any) -> None:
    assert verifies(key, signed(key))


@pytest.mark.parametrize(
    ("html", "text"),
    [("", ""), ("\n\n\n", " \n \n"), ("  a  b\t\n", "\t"), ("x" * 500, "é" * 500), ("-- \n", ".")],
)
def test_any_page_s_signature_verifies(key: Any, html: str, text: str) -> None:
    assert verifies(key, signed(key, composed(html=html, text=text)))


@pytest.mark.parametrize(
    "data",
    [
        b"From: a@example.org\r\n\r\n",
        b"From: a@example.org\r\n\r\n\r\n\r\n",
        b"From:a@example.org\r\nSubject:\r\n\r\nx",
        b"From: a@example.org\r\nSubject:  two\r\n\t words  \r\n \r\n\r\n x \t y \r\n\r\n",
        b"FROM: a@example.org\r\nsubject: Hello\r\nTo: b@example.org\r\n\r\nx\r\n",
    ],
)
def test_odd_letters_verify_too(key: Any, data: bytes) -> None:
    assert verifies(key, signed(key, a_letter(data=data)))


def test_what_unsubscribing_rests_on_is_covered() -> None:
    covered = tags_of(signed(RSA))["h"].split(":")

    assert {"list-unsubscribe", "list-unsubscribe-post", "to", "subject", "date"} <= set(covered)


def test_the_sender_is_signed_twice_so_that_nobody_can_add_another(key: Any) -> None:
    data = signed(key)

    assert tags_of(data)["h"].split(":").count("from") == 2
    assert not verifies(key, data.replace(b"\r\nFrom:", b"\r\nFrom: eve@example.org\r\nFrom:", 1))
    assert not verifies(key, data.replace(b"\r\nTo:", b"\r\nFrom: eve@example.org\r\nTo:", 1))


@pytest.mark.parametrize(
    "part",
    [
        b"weekly@example.org", b"ann@example.org", b"digests.example.org/u/", b"One-Click",
        b"23 Nov", b"2026-11-23", b"quoted-printable", b"weekly.digests", b"multipart/alternative",
    ],
)  # fmt: skip
def test_a_changed_byte_is_noticed(key: Any, part: bytes) -> None:
    head, separator, rest = signed(key).partition(b"\r\nFrom:")
    assert part in rest

    changed = rest.replace(part, part[:-1] + bytes([part[-1] ^ 1]))

    assert not verifies(key, head + separator + changed)


def test_another_key_does_not_verify() -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    assert not verifies(other, signed(RSA))


def test_a_signature_names_domain_selector_and_moment() -> None:
    tags = tags_of(signed(RSA))

    assert (tags["d"], tags["s"], tags["c"]) == ("example.org", "news", "relaxed/relaxed")
    assert tags["t"] == str(int(MONDAY_MORNING.timestamp()))


def test_signing_twice_gives_the_same_bytes(key: Any) -> None:
    assert signed(key) == signed(key)


def test_only_the_signature_is_added(key: Any) -> None:
    letter = composed()

    after = a_signer(key).sign(letter, at=MONDAY_MORNING)

    signature = after.data.removesuffix(letter.data)
    assert signature.startswith(b"DKIM-Signature: v=1;")
    assert signature.endswith(b"\r\n")
    assert all(len(line) <= 200 for line in signature.split(b"\r\n"))
    assert (after.id, after.recipient, after.sender) == (letter.id, letter.recipient, letter.sender)


def short_rsa() -> rsa.RSAPrivateKey:
    """
    Of 648 bits and two famous primes: `cryptography` makes none that are so short any more.
    """
    p, q, e = 2**521 - 1, 2**127 - 1, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(e, p * q),
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def bad_keys() -> Iterator[Any]:
    yield pytest.param(b"", id="empty")
    yield pytest.param(b"no key", id="no PEM")
    yield pytest.param(b"\xff\0", id="no text")
    yield pytest.param(pem(RSA)[:200], id="cut")
    yield pytest.param(pem(RSA, b"secret"), id="with a password")
    yield pytest.param(pem(ec.generate_private_key(ec.SECP256R1())), id="elliptic curve")
    yield pytest.param(pem(x25519.X25519PrivateKey.generate()), id="key exchange")
    yield pytest.param(
        RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), id="public"
    )
    yield pytest.param(pem(short_rsa()), id="too short")


@pytest.mark.parametrize("private_key", list(bad_keys()))
def test_a_key_that_dkim_does_not_know_is_an_error_that_names_the_setting(
    private_key: bytes,
) -> None:
    with pytest.raises(SettingsError, match=r"^dkim\.key_file "):
        Signer(domain="example.org", selector="news", private_key=private_key)


def test_without_cryptography_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = "cryptography.hazmat.primitives.serialization"
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(SettingsError, match=r"pip install 'newsletter-digest\[dkim\]'"):
        Signer(domain="example.org", selector="news", private_key=pem(RSA))


@pytest.mark.parametrize("address", ["ann@example.org", "用户@example.org"])
def test_a_letter_with_two_signatures_verifies_under_both(address: str) -> None:
    letter = Composer(a_page(), an_issue(), key=KEY, newsletter_number=1).compose(
        a_subscriber(address=address)
    )

    for signer in (a_signer(RSA), a_signer(ED25519)):
        letter = signer.sign(letter, at=MONDAY_MORNING)

    # The signature that was added last stands first.
    assert dkim.DKIM(letter.data).verify(idx=0, dnsfunc=dns_of(ED25519))
    assert dkim.DKIM(letter.data).verify(idx=1, dnsfunc=dns_of(RSA))
    assert letter.dotless
