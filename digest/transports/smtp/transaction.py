"""
One letter over an open connection: envelope, content, and what the server said.
"""

import smtplib
from collections.abc import Callable

from ...errors import TransportAway, TransportError
from ...model import Letter, Outcome, Receipt
from ...text import clean_line

#: RFC 5321 section 4.5.3.2: five minutes for an envelope, ten for the reply to the last dot.
COMMAND_TIMEOUT = 300
REPLY_TIMEOUT = 600
MAX_REPLY = 500

START_INPUT = 354
CLOSING = 421
FINE, TEMPORARY, PERMANENT = range(200, 300), range(400, 500), range(500, 600)


class LostError(Exception):
    """
    The line broke, or the server said goodbye, before the letter was handed over.
    """


def transact(line: smtplib.SMTP, letter: Letter) -> Receipt:
    """
    One letter. LostError if it has to be tried again on another connection.
    """
    options = [f"size={len(letter.data)}"] if line.has_extn("size") else []
    _expect_sender(line, lambda: line.mail(letter.sender, options))
    code, reply = _ask(lambda: line.rcpt(letter.recipient))
    if code not in FINE:
        _reset(line)
        return _receipt(letter, _refusal(code), code, reply)
    code, reply = _ask(lambda: line.docmd("DATA"))
    if code != START_INPUT:
        _reset(line)
        return _receipt(letter, _refusal(code), code, reply)
    return _content(line, letter)


def _content(line: smtplib.SMTP, letter: Letter) -> Receipt:
    try:
        line.send(_as_content(letter.data))
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        # The kernel did not take all of it, so the dot at its end never left.
        raise LostError(str(error)) from None
    try:
        if line.sock:
            line.sock.settimeout(REPLY_TIMEOUT)
        code, reply = line.getreply()
        if line.sock:
            line.sock.settimeout(COMMAND_TIMEOUT)
    except (OSError, smtplib.SMTPException) as error:
        text = f"no reply after the last byte: {clean_line(str(error))}"
        return Receipt(letter=letter, outcome=Outcome.IN_DOUBT, text=text[:MAX_REPLY])
    if code in FINE:
        return _receipt(letter, Outcome.ACCEPTED, code, reply)
    if code in TEMPORARY or code in PERMANENT:
        return _receipt(letter, _refusal(code), code, reply)
    return _receipt(letter, Outcome.IN_DOUBT, max(code, 0), reply)


def _expect_sender(line: smtplib.SMTP, command: Callable[[], tuple[int, bytes]]) -> None:
    """
    A refused sender is nobody's address but ours: TransportError, before the list is burnt.
    """
    code, reply = _ask(command)
    if code in FINE:
        return
    _reset(line)
    text = decoded(reply)
    if code in TEMPORARY:
        raise TransportAway(f"the mail server defers our sender ({code} {text}): run again later")
    raise TransportError(
        f"the mail server refuses our sender ({code} {text}): check the from address"
    )


def _ask(command: Callable[[], tuple[int, bytes]]) -> tuple[int, bytes]:
    try:
        code, reply = command()
    except (OSError, smtplib.SMTPException) as error:
        raise LostError(str(error)) from None
    if code == CLOSING:
        raise LostError(f"{code} {decoded(reply)}")
    return code, reply


def _reset(line: smtplib.SMTP) -> None:
    """
    Forget the letter that was refused. A line that breaks over it does not undo the refusal.
    """
    try:
        line.rset()
    except (OSError, smtplib.SMTPException):
        line.close()


def _refusal(code: int) -> Outcome:
    return Outcome.REFUSED if code in PERMANENT else Outcome.DEFERRED


def _receipt(letter: Letter, outcome: Outcome, code: int, reply: bytes) -> Receipt:
    return Receipt(letter=letter, outcome=outcome, code=code, text=decoded(reply))


def decoded(reply: bytes) -> str:
    return clean_line(reply.decode("utf-8", "replace"))[:MAX_REPLY]


def _as_content(data: bytes) -> bytes:
    """
    Dots at line starts doubled, and the dot that ends it. Our own letters need no doubling.
    """
    if b"\r\n." in data or data.startswith(b"."):
        data = (b"\r\n" + data).replace(b"\r\n.", b"\r\n..")[2:]
    return data + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")
