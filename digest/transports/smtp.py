"""
SMTP, one letter per transaction, so that one reader's address never touches another's letter.

What is in doubt is known exactly: a letter whose last byte was handed to the kernel and whose
reply never came. A line that breaks earlier has delivered nothing (checked with Postfix).
"""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from ..errors import TransportAway, TransportError
from ..model import Letter, Outcome, Receipt
from ..text import clean_line, mask_address
from .pace import Pace

CONNECT_TIMEOUT = 60
#: RFC 5321 section 4.5.3.2: five minutes for an envelope, ten for the reply to the last dot.
COMMAND_TIMEOUT = 300
REPLY_TIMEOUT = 600
#: In a row and without a letter delivered in between.
MAX_LOST_CONNECTIONS = 3
MAX_REPLY = 500
ADDRESS = re.compile(r"""[^\s<>()"']+@[^\s<>()"',;:]+""")

START_INPUT = 354
CLOSING = 421
FINE, TEMPORARY, PERMANENT = range(200, 300), range(400, 500), range(500, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """
    Where letters are handed over, and as whom.
    """

    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None  #: certificates to trust instead of the system's

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class _LostError(Exception):
    """
    The line broke, or the server said goodbye, before the letter was handed over.
    """


class SmtpTransport:
    """
    One mail server, by several connections at once.
    """

    def __init__(self, server: Server, *, connections: int = 4, rate: float | None = None) -> None:
        self.connections = connections
        self._server = server
        self._pace = Pace(rate)
        self._hostname = _hostname()

    def deliver(self, letters: Iterable[Letter], /) -> Iterator[Receipt]:
        """
        Connects when the first letter is there, again when the server ends a connection.
        """
        line: smtplib.SMTP | None = None
        lost = 0
        try:
            for letter in letters:
                self._pace.wait()
                receipt: Receipt | None = None
                while receipt is None:
                    line = line or self._connect()
                    try:
                        receipt = _transact(line, letter)
                    except _LostError as error:
                        _hang_up(line)
                        line, lost = None, lost + 1
                        self._count_lost(lost, error)
                if receipt.outcome is Outcome.IN_DOUBT or receipt.code == CLOSING:
                    _hang_up(line)
                    line = None
                lost = lost + 1 if receipt.outcome is Outcome.IN_DOUBT else 0
                yield receipt
                self._count_lost(lost, _LostError("it takes letters and gives no reply"))
        finally:
            if line:
                _quit(line)

    def _count_lost(self, lost: int, error: _LostError) -> None:
        if lost >= MAX_LOST_CONNECTIONS:
            raise self._away(error) from None

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        try:
            line = self._open()
        except smtplib.SMTPAuthenticationError as error:
            self._refuse_login(error)
        except smtplib.SMTPNotSupportedError as error:
            raise TransportError(f"mail server {server}: {error}") from None
        except UnicodeError:
            message = f"mail server {server}: its name, the user name or the password is not ASCII"
            raise TransportError(message) from None
        except ssl.SSLCertVerificationError as error:
            message = f"mail server {server}: its certificate is not valid: {error.verify_message}"
            raise TransportError(message) from None
        except (OSError, smtplib.SMTPException) as error:
            raise self._away(error) from None
        if line.sock:
            line.sock.settimeout(COMMAND_TIMEOUT)
        return line

    def _open(self) -> smtplib.SMTP:
        server = self._server
        line = self._dial()
        try:
            if server.security == "starttls":
                line.starttls(context=self._context())
            line.ehlo_or_helo_if_needed()
            if server.username:
                line.login(server.username, server.password or "")
        except BaseException:
            _hang_up(line)
            raise
        return line

    def _dial(self) -> smtplib.SMTP:
        host, port, name = self._server.host, self._server.port, self._hostname
        if self._server.security == "tls":
            context = self._context()
            return smtplib.SMTP_SSL(host, port, name, timeout=CONNECT_TIMEOUT, context=context)
        return smtplib.SMTP(host, port, name, timeout=CONNECT_TIMEOUT)

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._server.ca_file)
        except OSError as error:
            message = f"smtp.ca_file: {self._server.ca_file} cannot be used: {error.strerror}"
            raise TransportError(message) from None

    def _refuse_login(self, error: smtplib.SMTPAuthenticationError) -> NoReturn:
        if error.smtp_code in TEMPORARY:
            raise self._away(error) from None
        message = (
            f"mail server {self._server} refused the login: check smtp.username and the password"
        )
        raise TransportError(message) from None

    def _away(self, error: Exception) -> TransportAway:
        return TransportAway(
            f"mail server {self._server} is away ({_reason(error)}): run again later"
        )


def _transact(line: smtplib.SMTP, letter: Letter) -> Receipt:
    """
    One letter. _LostError if it has to be tried again on another connection.
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
        raise _LostError(str(error)) from None
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
    text = _decoded(reply)
    if code in TEMPORARY:
        raise TransportAway(f"the mail server defers our sender ({code} {text}): run again later")
    raise TransportError(
        f"the mail server refuses our sender ({code} {text}): check the from address"
    )


def _ask(command: Callable[[], tuple[int, bytes]]) -> tuple[int, bytes]:
    try:
        code, reply = command()
    except (OSError, smtplib.SMTPException) as error:
        raise _LostError(str(error)) from None
    if code == CLOSING:
        raise _LostError(f"{code} {_decoded(reply)}")
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
    return Receipt(letter=letter, outcome=outcome, code=code, text=_decoded(reply))


def _decoded(reply: bytes) -> str:
    return clean_line(reply.decode("utf-8", "replace"))[:MAX_REPLY]


def _reason(error: Exception) -> str:
    """
    What an error says, in one line and without anybody's address.
    """
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        text = _decoded(reply if isinstance(reply, bytes) else reply.encode())
        reason = f"{error.smtp_code} {text}"
    else:
        reason = getattr(error, "strerror", None) or clean_line(str(error)) or type(error).__name__
    return ADDRESS.sub(lambda found: mask_address(found[0]), reason)


def _as_content(data: bytes) -> bytes:
    """
    Dots at line starts doubled, and the dot that ends it. Our own letters need no doubling.
    """
    if b"\r\n." in data or data.startswith(b"."):
        data = (b"\r\n" + data).replace(b"\r\n.", b"\r\n..")[2:]
    return data + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")


def _hostname() -> str:
    """
    A name for EHLO: the machine's full one, or an address literal (RFC 5321 section 4.1.3).
    """
    name = socket.getfqdn()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _quit(line: smtplib.SMTP) -> None:
    try:
        line.quit()
    except (OSError, smtplib.SMTPException):
        line.close()


def _hang_up(line: smtplib.SMTP | None) -> None:
    if line:
        line.close()
