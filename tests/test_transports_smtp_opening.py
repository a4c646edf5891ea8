"""
From an address to a line on which letters may go.
"""

import ssl
from base64 import b64decode
from pathlib import Path
from socket import create_server, socket
from threading import Thread

import pytest
import trustme

from digest.errors import TransportAway, TransportError
from digest.model import Outcome, Receipt
from digest.transports.smtp import Server, SmtpTransport, Times

from .factories import LETTER, unheeded
from .rude import Rude, Turn, rude_server
from .smtpd import smtp_server


def deliver(port: int, **fields: object) -> list[Receipt]:
    server = Server(**{"host": "127.0.0.1", "port": port, "security": "none"} | fields)  # type: ignore[arg-type]
    times = Times(command=2, reply=2, back_off=0.01)
    return [*SmtpTransport(server, times=times).deliver([LETTER], unheeded)]


def decoded(line: str) -> str:
    return b64decode(line.rpartition(" ")[2]).decode()


def challenges(rude: Rude) -> list[str]:
    """
    What was said after AUTH.
    """
    return [decoded(turn.line) for turn in rude.turns if turn.verb not in KNOWN]


KNOWN = {"GREETING", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "CONTENT", "END", "QUIT"}


def welcoming(turn: Turn) -> str | None:
    return "235 OK" if turn.verb == "AUTH" else None


def forbidding(turn: Turn) -> str | None:
    return "535 no" if turn.verb == "AUTH" else None


def test_a_login_is_in_one_step_where_plain_is_offered() -> None:
    with rude_server(welcoming, "AUTH LOGIN PLAIN") as rude:
        deliver(rude.port, username="digest", password="schwertfischä")

    assert [decoded(line) for line in rude.said("AUTH")] == ["\0digest\0schwertfischä"]


def logging_in(turn: Turn) -> str | None:
    if turn.verb == "AUTH":
        return "334 VXNlcm5hbWU6"
    if turn.line == "ZGlnZXN0":
        return "334 UGFzc3dvcmQ6"
    return "235 OK" if turn.verb not in KNOWN else None


def test_a_login_is_in_three_steps_where_login_alone_is_offered() -> None:
    with rude_server(logging_in, "AUTH LOGIN") as rude:
        receipts = deliver(rude.port, username="digest", password="swordfish")

    assert receipts[0].outcome is Outcome.ACCEPTED
    assert challenges(rude) == ["digest", "swordfish"]


def test_a_server_that_lies_about_plain_is_asked_for_login() -> None:
    def script(turn: Turn) -> str | None:
        return "504 5.5.4 what" if "PLAIN" in turn.line else logging_in(turn)

    with rude_server(script, "AUTH PLAIN LOGIN") as rude:
        assert deliver(rude.port, username="digest", password="x")[0].outcome is Outcome.ACCEPTED


def test_a_refused_password_is_not_tried_in_another_way() -> None:
    with (
        rude_server(forbidding, "AUTH=PLAIN LOGIN") as rude,
        pytest.raises(TransportError, match="refused the login"),
    ):
        deliver(rude.port, username="digest", password="x")

    assert len(rude.said("AUTH")) == 1


def test_a_token_is_asked_for_at_every_login() -> None:
    tokens = iter(["first", "second"])
    server = {"username": "me@example.org", "token": lambda: next(tokens)}

    with rude_server(welcoming, "AUTH XOAUTH2") as rude:
        deliver(rude.port, **server)
        deliver(rude.port, **server)

    assert [decoded(line) for line in rude.said("AUTH")] == [
        f"user=me@example.org\1auth=Bearer {token}\1\1" for token in ("first", "second")
    ]


def test_a_bad_token_is_a_refused_login() -> None:
    """
    The server's first answer is a riddle; it says no after an empty line.
    """
    with create_server(("127.0.0.1", 0)) as listener:
        said = [
            b"220 x\r\n",
            b"250-x\r\n250 AUTH XOAUTH2\r\n",
            b"334 e30=\r\n",
            b"535 5.7.8 no\r\n",
        ]
        heard: list[bytes] = []
        thread = Thread(target=_recite, args=(listener, said, heard))
        thread.start()
        with pytest.raises(TransportError, match="refused the login"):
            deliver(listener.getsockname()[1], username="me", token=lambda: "old")
        thread.join()

    assert heard[2] == b"\r\n"


def _recite(listener: socket, said: list[bytes], heard: list[bytes]) -> None:
    line, _ = listener.accept()
    with line:
        for each in said:
            line.sendall(each)
            heard.append(line.recv(4096))


def test_a_server_of_ways_we_do_not_know_is_an_error() -> None:
    with (
        rude_server(lambda _: None, "AUTH GSSAPI") as rude,
        pytest.raises(TransportError, match="none of our ways to log in; it offers GSSAPI"),
    ):
        deliver(rude.port, username="me", password="x")


def test_a_server_that_knows_no_ehlo_is_greeted_as_in_1982() -> None:
    with rude_server(lambda turn: "502 what" if turn.verb == "EHLO" else None) as rude:
        assert deliver(rude.port)[0].outcome is Outcome.ACCEPTED

    assert len(rude.said("HELO")) == 1


@pytest.mark.parametrize("injected", ["250 OK", "250-evil\r\n250 AUTH PLAIN"])
def test_what_came_before_tls_is_not_believed_after_it(injected: str) -> None:
    def script(turn: Turn) -> str | None:
        return f"220 go\r\n{injected}" if turn.verb == "STAR" else None

    with (
        rude_server(script, "STARTTLS") as rude,
        pytest.raises(TransportError, match="before TLS it spoke out of turn") as caught,
    ):
        deliver(rude.port, security="starttls", username="me", password="x")

    assert type(caught.value) is TransportError
    assert rude.said("AUTH") == rude.said("MAIL") == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_a_known_authority_for_that_name_is_trusted(
    tmp_path: Path, security: str
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    with smtp_server(tls=context, implicit_tls=security == "tls") as recorder:
        receipts = deliver(
            recorder.port, host="localhost", security=security, ca_file=str(tmp_path / "ca.pem")
        )
        with pytest.raises(TransportError, match="certificate is not valid"):
            deliver(recorder.port, security=security, ca_file=str(tmp_path / "ca.pem"))

    assert receipts[0].outcome is Outcome.ACCEPTED


def test_a_server_that_greets_with_a_refusal_is_away() -> None:
    with (
        rude_server(lambda turn: "554 no service" if turn.verb == "GREETING" else None) as rude,
        pytest.raises(TransportAway, match="554 no service"),
    ):
        deliver(rude.port)
