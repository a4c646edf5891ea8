"""
SMTP, against real servers on loopback: polite ones and rude ones.
"""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from socket import create_server
from threading import Barrier, Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import TransportAway, TransportError
from digest.model import Letter, Outcome, Receipt
from digest.transports.smtp import Server, SmtpTransport, Times

from .factories import LETTER, a_letter, unheeded
from .rude import DROP, Turn, rude_server
from .smtpd import CLOSE, Recorder, smtp_server

QUICK = Times(back_off=0.01)


def a_server(port: int, **fields: str | None) -> Server:
    return Server(host="127.0.0.1", port=port, **{"security": "none"} | fields)  # type: ignore[arg-type]


def a_transport(recorder: Recorder) -> SmtpTransport:
    return SmtpTransport(a_server(recorder.port))


def deliver(port: int, *letters: Letter) -> list[Receipt]:
    return list(SmtpTransport(a_server(port), times=QUICK).deliver(letters, unheeded))


def outcomes(receipts: list[Receipt]) -> list[Outcome]:
    return [receipt.outcome for receipt in receipts]


def letters_to(*names: str) -> list[Letter]:
    return [
        a_letter(subscriber_id=number, recipient=f"{name}@example.org", id=f"<{name}@example.org>")
        for number, name in enumerate(names, 1)
    ]


def test_an_accepted_letter_arrives_byte_for_byte() -> None:
    letter = a_letter()

    with smtp_server() as recorder:
        receipts = list(a_transport(recorder).deliver([letter], unheeded))

    assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED]
    assert recorder.messages == [("weekly@example.org", "ann@example.org", letter.data)]


def test_no_connection_is_made_before_there_is_a_letter() -> None:
    with smtp_server() as recorder:
        assert list(a_transport(recorder).deliver([], unheeded)) == []

    assert recorder.connections == 0


def test_letters_of_one_stream_share_a_connection_but_no_transaction() -> None:
    letters = letters_to("ann", "ben", "cat")

    with smtp_server() as recorder:
        receipts = list(a_transport(recorder).deliver(letters, unheeded))

    assert [receipt.letter for receipt in receipts] == letters
    assert recorder.connections == 1
    assert recorder.recipients == [letter.recipient for letter in letters]


def test_streams_are_connections_of_their_own() -> None:
    together = Barrier(3)

    def letters_iter(name: str) -> Iterator[Letter]:
        together.wait()
        yield from letters_to(f"{name}1", f"{name}2")

    with smtp_server() as recorder:
        transport = SmtpTransport(a_server(recorder.port), connections=3)
        threads = [
            Thread(
                target=lambda name: list(transport.deliver(letters_iter(name), unheeded)),
                args=(name,),
            )
            for name in "abc"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert recorder.connections == transport.connections == 3
    assert sorted(recorder.recipients) == [f"{a}{n}@example.org" for a in "abc" for n in (1, 2)]


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with smtp_server() as recorder:
        yield recorder


LINES = st.lists(st.text(".a=", max_size=4).map(str.encode), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(lines=LINES)
def test_dots_arrive_as_they_were(recorder: Recorder, lines: list[bytes]) -> None:
    letter = a_letter(data=b"\r\n".join(lines) + b"\r\n")
    recorder.messages.clear()

    (receipt,) = a_transport(recorder).deliver([letter], unheeded)

    assert receipt.outcome is Outcome.ACCEPTED
    assert [content for _, _, content in recorder.messages] == [letter.data]


def test_dots_at_line_starts_are_doubled_on_the_wire() -> None:
    with rude_server(lambda _: None) as rude:
        deliver(rude.port, a_letter(data=b".a\r\n..\r\nb.\r\n.\r\n"))

    assert rude.contents == [b"..a\r\n...\r\nb.\r\n..\r\n"]


def test_a_letter_without_a_last_line_break_gets_one() -> None:
    with rude_server(lambda _: None) as rude:
        deliver(rude.port, a_letter(data=b"Hello"))

    assert rude.contents == [b"Hello\r\n"]


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("450 4.2.1 busy", Outcome.DEFERRED),
        ("452 4.2.2 full", Outcome.DEFERRED),
        ("550 5.1.1 nobody", Outcome.REFUSED),
        ("553 5.1.3 what", Outcome.REFUSED),
    ],
)
@pytest.mark.parametrize("step", ["on_rcpt", "on_data"])
def test_a_refusal_is_the_letters_own_and_the_rest_goes_on(
    step: str, reply: str, outcome: Outcome
) -> None:
    recorder = Recorder()
    setattr(recorder, step, lambda address: reply if address.startswith("ben@") else None)

    with smtp_server(recorder):
        receipts = list(a_transport(recorder).deliver(letters_to("ann", "ben", "cat"), unheeded))

    assert outcomes(receipts) == [Outcome.ACCEPTED, outcome, Outcome.ACCEPTED]
    assert (receipts[1].code, receipts[1].text) == (int(reply[:3]), reply[4:])
    assert recorder.recipients == ["ann@example.org", "cat@example.org"]
    assert recorder.connections == 1


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [("451 try later", Outcome.DEFERRED), ("554 no", Outcome.REFUSED), ("250 ?", Outcome.DEFERRED)],
)
def test_a_refusal_of_the_data_command_is_no_delivery(reply: str, outcome: Outcome) -> None:
    def script(turn: Turn) -> str | None:
        return reply if turn.verb == "DATA" and len(rude.said("DATA")) == 1 else None

    with rude_server(script) as rude:
        receipts = deliver(rude.port, *letters_to("ann", "ben"))

    assert outcomes(receipts) == [outcome, Outcome.ACCEPTED]
    assert len(rude.contents) == 1


@pytest.mark.parametrize("verb", ["RCPT", "DATA"])
def test_a_server_that_hangs_up_after_a_refusal_has_refused_that_letter_alone(verb: str) -> None:
    def script(turn: Turn) -> str | None:
        if turn.connection == 1:
            return {verb: "550 nobody", "RSET": DROP}.get(turn.verb)
        return None

    with rude_server(script) as rude:
        receipts = deliver(rude.port, *letters_to("ann", "ben"))

    assert outcomes(receipts) == [Outcome.REFUSED, Outcome.ACCEPTED]
    assert rude.said("RCPT") == ["RCPT TO:<ann@example.org>", "RCPT TO:<ben@example.org>"]


@pytest.mark.parametrize("reply", ["251 forwarded", "252 cannot verify"])
def test_a_recipient_who_is_taken_in_other_words_is_sent_the_letter(reply: str) -> None:
    with rude_server(lambda turn: reply if turn.verb == "RCPT" else None) as rude:
        receipts = deliver(rude.port, LETTER)

    assert outcomes(receipts) == [Outcome.ACCEPTED]
    assert len(rude.contents) == 1


def test_a_line_that_breaks_after_the_last_byte_leaves_the_letter_in_doubt() -> None:
    with smtp_server(Recorder(on_data=lambda _: CLOSE)) as recorder:
        receipts = list(a_transport(recorder).deliver([a_letter()], unheeded))

    assert [receipt.outcome for receipt in receipts] == [Outcome.IN_DOUBT]


@pytest.mark.parametrize("reply", ["hello", "999 what", "354 more", "25", "250-" + "o" * 9_000])
def test_a_reply_that_says_neither_yes_nor_no_leaves_the_letter_in_doubt(reply: str) -> None:
    with rude_server(lambda turn: reply if turn.verb == "END" else None) as rude:
        receipts = deliver(rude.port, LETTER)

    assert outcomes(receipts) == [Outcome.IN_DOUBT]
    assert rude.said("END") == [""]


def test_after_a_doubt_the_next_letter_has_a_new_connection() -> None:
    def script(turn: Turn) -> str | None:
        return DROP if turn.verb == "END" and turn.connection == 1 else None

    with rude_server(script) as rude:
        receipts = deliver(rude.port, *letters_to("ann", "ben"))

    assert outcomes(receipts) == [Outcome.IN_DOUBT, Outcome.ACCEPTED]
    assert rude.said("RCPT") == ["RCPT TO:<ann@example.org>", "RCPT TO:<ben@example.org>"]


def test_a_server_that_never_answers_a_letter_gets_no_more_than_three() -> None:
    receipts: list[Receipt] = []

    with (
        rude_server(lambda turn: DROP if turn.verb == "END" else None) as rude,
        pytest.raises(TransportAway, match="gives no reply"),
    ):
        letters = letters_to(*"abcdef")
        receipts.extend(SmtpTransport(a_server(rude.port), times=QUICK).deliver(letters, unheeded))

    assert outcomes(receipts) == [Outcome.IN_DOUBT] * 3
    assert len(rude.said("END")) == 3


def test_a_line_that_breaks_within_the_content_has_delivered_nothing() -> None:
    def script(turn: Turn) -> str | None:
        return DROP if turn.verb == "CONTENT" and turn.connection == 1 else None

    # More than the kernel takes at once, so that the last byte is still here.
    letter = a_letter(data=(b"x" * 998 + b"\r\n") * 32 * 1024)
    with rude_server(script) as rude:
        receipts = deliver(rude.port, letter)

    assert outcomes(receipts) == [Outcome.ACCEPTED]
    assert rude.contents == [letter.data]


BEFORE_CONTENT = ("MAIL", "RCPT", "DATA")


@pytest.mark.parametrize("answer", ["421 4.3.2 closing", DROP])
@pytest.mark.parametrize("verb", BEFORE_CONTENT)
def test_a_goodbye_before_the_content_means_another_connection(verb: str, answer: str) -> None:
    def script(turn: Turn) -> str | None:
        return answer if turn.verb == verb and turn.connection == 1 else None

    with rude_server(script) as rude:
        receipts = deliver(rude.port, *letters_to("ann", "ben"))

    assert outcomes(receipts) == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert len(rude.contents) == len(rude.said("GREETING")) == 2


@pytest.mark.parametrize("answer", ["421 4.3.2 closing", DROP])
@pytest.mark.parametrize("verb", ["GREETING", "EHLO", *BEFORE_CONTENT])
def test_a_server_that_always_says_goodbye_is_away(verb: str, answer: str) -> None:
    def script(turn: Turn) -> str | None:
        return answer if turn.verb in {verb, verb.replace("EHLO", "HELO")} else None

    with (
        rude_server(script) as rude,
        pytest.raises(TransportAway, match=r"is away \(.+\): run again later") as caught,
    ):
        deliver(rude.port, *letters_to("ann", "ben"))

    assert rude.contents == []
    assert caught.value.exit_status == 75
    assert f"127.0.0.1:{rude.port}" in str(caught.value)
    assert "b'" not in str(caught.value)


@pytest.mark.parametrize("answer", ["421 4.3.2 closing", DROP])
def test_a_letter_that_no_connection_survives_is_deferred_and_the_others_go(answer: str) -> None:
    def script(turn: Turn) -> str | None:
        return answer if turn.verb == "RCPT" and "ann" in turn.line else None

    with rude_server(script) as rude:
        receipts = deliver(rude.port, *letters_to("ann", "ben", "cy"))

    assert outcomes(receipts) == [Outcome.DEFERRED, Outcome.ACCEPTED, Outcome.ACCEPTED]


def test_a_goodbye_in_place_of_a_receipt_defers_the_letter() -> None:
    def script(turn: Turn) -> str | None:
        return "421 4.3.2 closing" if turn.verb == "END" and turn.connection == 1 else None

    with rude_server(script) as rude:
        receipts = deliver(rude.port, *letters_to("ann", "ben"))

    assert outcomes(receipts) == [Outcome.DEFERRED, Outcome.ACCEPTED]
    assert len(rude.said("GREETING")) == 2


def test_a_server_may_limit_the_letters_of_a_connection() -> None:
    def script(turn: Turn) -> str | None:
        return "421 too many" if turn.verb == "MAIL" and turn.letter == 3 else None

    with rude_server(script) as rude:
        receipts = deliver(rude.port, *letters_to(*"abcdefghi"))

    assert outcomes(receipts) == [Outcome.ACCEPTED] * 9
    assert len(rude.contents) == 9
    assert len(rude.said("GREETING")) == 5


def test_a_server_that_cannot_be_reached_is_away() -> None:
    with create_server(("127.0.0.1", 0)) as closed:
        port: int = closed.getsockname()[1]

    with pytest.raises(TransportAway, match=r"is away \(Connection refused\): run again later"):
        deliver(port, LETTER)


def test_a_server_that_has_no_address_is_away() -> None:
    transport = SmtpTransport(Server(host="mail.invalid", port=25, security="none"))

    with pytest.raises(TransportAway, match=r"mail server mail\.invalid:25 is away"):
        list(transport.deliver([LETTER], unheeded))


@pytest.mark.parametrize("host", ["mail..example.org", "m" * 64 + ".example.org"])
def test_a_server_whose_name_is_none_is_an_error(host: str) -> None:
    transport = SmtpTransport(Server(host=host, port=25, security="none"))

    with pytest.raises(TransportError):
        list(transport.deliver([LETTER], unheeded))


@pytest.mark.parametrize("after", [None, DROP])
@pytest.mark.parametrize(
    ("reply", "error", "said"),
    [
        ("451 4.7.1 later", TransportAway, r"defers our sender \(451 4\.7\.1 later\)"),
        ("550 5.7.1 no", TransportError, r"refuses our sender \(550 5\.7\.1 no\): check the from"),
    ],
)
def test_a_refused_sender_ends_the_run_before_the_list_is_burnt(
    reply: str, error: type[TransportError], said: str, after: str | None
) -> None:
    def script(turn: Turn) -> str | None:
        return {"MAIL": reply, "RSET": after}.get(turn.verb)

    with rude_server(script) as rude, pytest.raises(TransportError, match=said) as caught:
        deliver(rude.port, *letters_to("ann", "ben"))

    assert type(caught.value) is error
    assert len(rude.said("MAIL")) == 1
    assert rude.said("RCPT") == []


@pytest.mark.parametrize("announced", [True, False])
def test_the_size_of_a_letter_is_told_where_it_is_asked_for(*, announced: bool) -> None:
    def script(turn: Turn) -> str | None:
        return "250-rude\r\n250 SIZE 1000000" if announced and turn.verb == "EHLO" else None

    with rude_server(script) as rude:
        deliver(rude.port, LETTER)

    size = f" SIZE={len(LETTER.data)}" if announced else ""
    assert rude.said("MAIL") == [f"MAIL FROM:<weekly@example.org>{size}"]


def test_a_server_that_is_rude_at_the_end_changes_nothing() -> None:
    with rude_server(lambda turn: DROP if turn.verb == "QUIT" else None) as rude:
        receipts = deliver(rude.port, LETTER)

    assert outcomes(receipts) == [Outcome.ACCEPTED]


def test_who_stops_listening_has_the_connection_closed() -> None:
    with rude_server(lambda _: None) as rude:
        receipts = SmtpTransport(a_server(rude.port), times=QUICK).deliver(
            letters_to("ann", "ben"), unheeded
        )
        next(receipts)
        receipts.close()  # type: ignore[attr-defined]

    assert len(rude.contents) == len(rude.said("QUIT")) == 1


def test_a_hostile_reply_is_one_short_line() -> None:
    reply = "550-5.7.1 \x1b[31mred\r\n550 " + "spam " * 1_000

    with rude_server(lambda turn: reply if turn.verb == "RCPT" else None) as rude:
        (receipt,) = deliver(rude.port, LETTER)

    assert receipt.text.startswith("5.7.1 [31mred spam spam")
    assert len(receipt.text) <= 500
    assert receipt.text.isprintable()


@pytest.mark.parametrize("verb", BEFORE_CONTENT)
def test_no_error_names_a_reader(verb: str) -> None:
    def script(turn: Turn) -> str | None:
        return "421 4.7.0 <ann@example.org>: too many" if turn.verb == verb else None

    with rude_server(script) as rude, pytest.raises(TransportAway, match="too many") as caught:
        deliver(rude.port, *letters_to("ann", "ben"))

    assert "ann@example.org" not in str(caught.value)


def test_a_letter_and_its_receipt_do_not_show_the_reader() -> None:
    with rude_server(
        lambda turn: f"550 {LETTER.recipient}" if turn.verb == "RCPT" else None
    ) as rude:
        (receipt,) = deliver(rude.port, LETTER)

    assert LETTER.recipient not in repr(receipt)


#: What the recording server says where a login is asked for without TLS.
IN_THE_CLEAR = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@IN_THE_CLEAR
def test_a_login_opens_the_door() -> None:
    with smtp_server(login=("digest", "swordfish")) as recorder:
        server = a_server(recorder.port, username="digest", password="swordfish")
        receipts = list(SmtpTransport(server).deliver([LETTER], unheeded))

    assert outcomes(receipts) == [Outcome.ACCEPTED]


@pytest.mark.parametrize("password", ["swordfish", None, "schwertfisch\u00e4"])
def test_a_refused_login_is_an_error_that_tells_no_secret(password: str | None) -> None:
    def script(turn: Turn) -> str | None:
        refusal = f"535 5.7.8 digest, {password}: no"
        return {"EHLO": "250-rude\r\n250 AUTH PLAIN LOGIN", "AUTH": refusal}.get(turn.verb)

    with rude_server(script) as rude:
        server = a_server(rude.port, username="digest", password=password)
        with pytest.raises(TransportError, match="password") as caught:
            list(SmtpTransport(server).deliver([LETTER], unheeded))

    assert type(caught.value) is TransportError
    assert caught.value.__context__ is None
    assert not password or password not in str(caught.value) + repr(server)
    assert rude.said("MAIL") == []


def test_a_login_that_is_deferred_is_a_server_that_is_away() -> None:
    def script(turn: Turn) -> str | None:
        return {"EHLO": "250-rude\r\n250 AUTH PLAIN", "AUTH": "454 4.7.0 later"}.get(turn.verb)

    with rude_server(script) as rude:
        server = a_server(rude.port, username="digest", password="swordfish")
        with pytest.raises(TransportAway, match=r"away \(454 4\.7\.0 later\)") as caught:
            list(SmtpTransport(server).deliver([LETTER], unheeded))

    assert "swordfish" not in str(caught.value)


def test_a_server_that_knows_no_login_is_an_error() -> None:
    with rude_server(lambda _: None) as rude:
        server = a_server(rude.port, username="digest", password="swordfish")
        with pytest.raises(TransportError, match="AUTH extension not supported") as caught:
            list(SmtpTransport(server).deliver([LETTER], unheeded))

    assert type(caught.value) is TransportError


def a_certificate(folder: Path, name: str, address: str) -> tuple[Path, ssl.SSLContext]:
    """
    A certificate that vouches for itself and that address, and a server's context with it.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))]), False)  # noqa: FBT003
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)  # noqa: FBT003
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return file, context


SECURITIES = pytest.mark.parametrize("security", ["starttls", "tls"])


@SECURITIES
def test_letters_and_the_password_travel_encrypted(tmp_path: Path, security: str) -> None:
    file, context = a_certificate(tmp_path, "good", "127.0.0.1")

    login = ("digest", "swordfish") if security == "starttls" else None

    with smtp_server(tls=context, implicit_tls=security == "tls", login=login) as recorder:
        username, password = login or (None, None)
        server = a_server(
            recorder.port,
            security=security,
            ca_file=str(file),
            username=username,
            password=password,
        )
        receipts = list(SmtpTransport(server).deliver(letters_to("ann", "ben"), unheeded))

    assert outcomes(receipts) == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert recorder.recipients == ["ann@example.org", "ben@example.org"]


@SECURITIES
@pytest.mark.parametrize(
    ("address", "trusted", "said"),
    [("127.0.0.1", False, "self-signed"), ("127.0.0.2", True, "IP address mismatch")],
    ids=["unknown issuer", "another server's"],
)
def test_a_wrong_certificate_is_an_error(
    tmp_path: Path, security: str, address: str, said: str, *, trusted: bool
) -> None:
    file, context = a_certificate(tmp_path, "wrong", address)

    with smtp_server(tls=context, implicit_tls=security == "tls") as recorder:
        server = a_server(recorder.port, security=security, ca_file=str(file) if trusted else None)
        with pytest.raises(TransportError, match=f"certificate is not valid: .*{said}") as caught:
            list(SmtpTransport(server).deliver([LETTER], unheeded))

    assert type(caught.value) is TransportError
    assert recorder.messages == []


def test_a_server_without_starttls_gets_nothing_in_the_clear() -> None:
    with rude_server(lambda _: None) as rude:
        server = a_server(rude.port, security="starttls", username="digest", password="swordfish")
        with pytest.raises(TransportError, match="STARTTLS extension not supported") as caught:
            list(SmtpTransport(server).deliver([LETTER], unheeded))

    assert type(caught.value) is TransportError
    assert rude.said("AUTH") == rude.said("MAIL") == []


def test_a_server_that_does_not_speak_tls_is_an_error_of_ours() -> None:
    with rude_server(lambda _: None) as rude:
        server = a_server(rude.port, security="tls")
        with pytest.raises(TransportError, match=r"check smtp\.security") as caught:
            list(SmtpTransport(server).deliver([LETTER], unheeded))

    assert caught.value.exit_status == 1


@SECURITIES
@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_certificates_that_cannot_be_read_are_an_error(
    tmp_path: Path, security: str, content: bytes | None
) -> None:
    file = tmp_path / "ca.pem"
    if content:
        file.write_bytes(content)

    with rude_server(
        lambda turn: "250-rude\r\n250 STARTTLS" if turn.verb == "EHLO" else None
    ) as rude:
        server = a_server(rude.port, security=security, ca_file=str(file))
        with pytest.raises(TransportError, match=r"smtp\.ca_file: .*ca\.pem cannot be") as caught:
            list(SmtpTransport(server).deliver([LETTER], unheeded))

    assert type(caught.value) is TransportError
