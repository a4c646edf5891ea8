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

from ...errors import TransportAway, TransportError
from ...model import Letter, Outcome, Receipt
from ...text import clean_line, mask_address
from ..pace import Pace
from .transaction import CLOSING, COMMAND_TIMEOUT, TEMPORARY, LostError, decoded, transact

CONNECT_TIMEOUT = 60
#: With one letter: a server may hate it, and like the next.
MAX_TRIES = 2
#: In a row, whatever the letter.
MAX_LOST_CONNECTIONS = 3
ADDRESS = re.compile(r"""[^\s<>()"']+@[^\s<>()"',;:]+""")


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
        session = _Session(self._connect, self._away)
        try:
            for letter in letters:
                self._pace.wait()
                yield session.send(letter)
                session.give_up_if_hopeless()
        finally:
            session.close()

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        try:
            line = self._open()
        except smtplib.SMTPAuthenticationError as error:
            self._refuse_login(error)
        except smtplib.SMTPNotSupportedError as error:
            raise TransportError(f"mail server {server}: {error}") from None
        except ssl.SSLCertVerificationError as error:
            message = f"mail server {server}: its certificate is not valid: {error.verify_message}"
            raise TransportError(message) from None
        except ssl.SSLError as error:
            message = f"mail server {server}: no TLS there ({error.reason}): check smtp.security"
            raise TransportError(message) from None
        except UnicodeError:
            message = f"mail server {server}: its name, the user name or the password is not ASCII"
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


class _Session:
    """
    One connection at a time, and how many in a row were lost.
    """

    def __init__(
        self, connect: Callable[[], smtplib.SMTP], away: Callable[[Exception], TransportAway]
    ) -> None:
        self._connect, self._away = connect, away
        self._line: smtplib.SMTP | None = None
        self._lost = 0
        self._last_loss = ""

    def send(self, letter: Letter) -> Receipt:
        """
        A receipt for one letter. One that no connection survives is deferred, for the others' sake.
        """
        for _ in range(MAX_TRIES):
            self._line = self._line or self._connect()
            try:
                receipt = transact(self._line, letter)
            except LostError as error:
                self._lose(str(error))
                self.give_up_if_hopeless()
                continue
            if receipt.outcome is Outcome.IN_DOUBT:
                self._lose("it takes letters and gives no reply")
            else:
                self._lost = 0
            if receipt.code == CLOSING:
                self._drop()
            return receipt
        return Receipt(letter=letter, outcome=Outcome.DEFERRED, text=self._last_loss)

    def give_up_if_hopeless(self) -> None:
        """
        TransportAway after too many losses in a row.
        """
        if self._lost >= MAX_LOST_CONNECTIONS:
            raise self._away(LostError(self._last_loss)) from None

    def close(self) -> None:
        if self._line:
            _quit(self._line)

    def _lose(self, reason: str) -> None:
        self._lost += 1
        self._last_loss = reason
        self._drop()

    def _drop(self) -> None:
        if self._line:
            _hang_up(self._line)
        self._line = None


def _reason(error: Exception) -> str:
    """
    What an error says, in one line and without anybody's address.
    """
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        text = decoded(reply if isinstance(reply, bytes) else reply.encode())
        reason = f"{error.smtp_code} {text}"
    else:
        reason = getattr(error, "strerror", None) or clean_line(str(error)) or type(error).__name__
    return ADDRESS.sub(lambda found: mask_address(found[0]), reason)


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
