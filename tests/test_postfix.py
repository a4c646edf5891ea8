"""
Through a real mail server into a real mailbox.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from .postfix import Postfix, postfix_server, why_not
from .program import AT, WEEKLY, Project, a_full_project

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())
READERS = ("ann@example.org", "ben@example.org", "cat@example.org")
SETTINGS = """
    [smtp]
    host = "127.0.0.1"
    port = {port}
    security = "none"
    in_flight = {in_flight}
    connections = 2
    [dkim]
    domain = "example.org"
    selector = "news"
    key_file = "key.pem"
    """
#: What differs from reader to reader, and from run to run.
OWN = re.compile(
    rb"DKIM-Signature:.*?(?=\r\nFrom:)|\r\nTo: [^\r]*|\r\nDate: [^\r]*"
    rb"|(?<=\.)[0-9a-f]{20}(?=@)|/[upw]/(=\r\n)?[A-Za-z0-9_=-]{32,34}",
    re.DOTALL,
)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    with postfix_server() as server:
        yield server


def lookup(name: bytes, timeout: int = 5) -> bytes:
    public = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + b64encode(public)


def a_signing_project(folder: Path, port: int, in_flight: int) -> Project:
    project = a_full_project(folder, WEEKLY, SETTINGS.format(port=port, in_flight=in_flight))
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    project.subscribe(*READERS)
    return project


@pytest.mark.parametrize("in_flight", [1, 4])
def test_what_a_mail_program_opens_is_the_preview_but_for_its_tokens(
    tmp_path: Path, postfix: Postfix, in_flight: int
) -> None:
    project = a_signing_project(tmp_path / "project", postfix.port, in_flight)
    before = len([*postfix.mailbox.glob("new/*")])
    project.done("preview", *AT, "--out", "preview")
    (preview,) = project.folder.glob("preview/**/*.eml")

    sent = project.json("send", *AT)["issues"][0]

    letters = postfix.letters(before + 3)
    assert sent["accepted"] == 3
    assert all(dkim.verify(letter, dnsfunc=lookup) for letter in letters)
    shown = OWN.sub(b"", preview.read_bytes())
    assert {OWN.sub(b"", letter) for letter in letters} == {shown}
