"""
SMTP, against a real server on loopback.
"""

from digest.model import Outcome
from digest.transports.smtp import Server, SmtpTransport

from .factories import a_letter
from .smtpd import CLOSE, Recorder, smtp_server


def a_transport(recorder: Recorder) -> SmtpTransport:
    return SmtpTransport(Server(host="127.0.0.1", port=recorder.port, security="none"))


def test_an_accepted_letter_arrives_byte_for_byte() -> None:
    letter = a_letter()

    with smtp_server() as recorder:
        receipts = list(a_transport(recorder).deliver([letter]))

    assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED]
    assert recorder.messages == [("weekly@example.org", "ann@example.org", letter.data)]


def test_a_line_that_breaks_after_the_last_byte_leaves_the_letter_in_doubt() -> None:
    with smtp_server(Recorder(on_data=lambda _: CLOSE)) as recorder:
        receipts = list(a_transport(recorder).deliver([a_letter()]))

    assert [receipt.outcome for receipt in receipts] == [Outcome.IN_DOUBT]
