"""
From an address to a line on which letters may go: greeting, TLS, login.
"""

import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping

from ...errors import TransportAway, TransportError
from .judging import without_addresses
from .line import Line, LostError, Reply, reason_of
from .server import Server, Times

GO_ON = 334
#: The server knows no such way to log in; another may do.
UNKNOWN_WAY = frozenset({500, 502, 504})


class RefusedError(Exception):
    """
    The server said no before any letter.
    """

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


def open_line(
    server: Server, context: ssl.SSLContext | None, hostname: str, times: Times
) -> tuple[Line, Mapping[str, str]]:
    """
    A line ready for letters, and what the server offers. TransportError says whose fault it is.
    """
    try:
        return _open(server, context, hostname, times)
    except RefusedError as error:
        raise away(server, error) from None
    except ssl.SSLCertVerificationError as error:
        message = f"mail server {server}: its certificate is not valid: {error.verify_message}"
        raise TransportError(message) from None
    except ssl.SSLError as error:
        message = f"mail server {server}: no TLS there ({error.reason}): check smtp.security"
        raise TransportError(message) from None
    except UnicodeError:
        raise TransportError(f"mail server {server}: its name is none") from None
    except (OSError, LostError) as error:
        raise away(server, error) from None


def away(server: Server, error: Exception) -> TransportAway:
    """
    The error for a server that cannot be used now, without anybody's address.
    """
    reason = without_addresses(reason_of(error))
    return TransportAway(f"mail server {server} is away ({reason}): run again later")


def _open(
    server: Server, context: ssl.SSLContext | None, hostname: str, times: Times
) -> tuple[Line, Mapping[str, str]]:
    # The name is looked up anew each time: a server may have moved.
    line = Line(socket.create_connection((server.host, server.port), times.connect))
    try:
        if server.security == "tls" and context:
            line.encrypt(context, server.host, timeout=times.connect)
        _expect_fine(line.reply(timeout=times.command))
        offers = _hello(line, hostname, times)
        if server.security == "starttls" and context:
            _start_tls(line, server, context, offers, times)
            # What was offered in the clear may have been somebody else's offer.
            offers = _hello(line, hostname, times)
        if server.username:
            _Login(line, server, times).go(offers.get("AUTH", "").upper().split())
    except BaseException:
        line.close()
        raise
    return line, offers


def _hello(line: Line, hostname: str, times: Times) -> dict[str, str]:
    """
    Extensions by name in capitals, with their parameters; none for a server of 1982.
    """
    reply = line.ask(b"EHLO " + hostname.encode("ascii"), timeout=times.command)
    if reply.permanent:
        _expect_fine(line.ask(b"HELO " + hostname.encode("ascii"), timeout=times.command))
        return {}
    _expect_fine(reply)
    offers: dict[str, str] = {}
    for each in reply.lines[1:]:
        # Old servers write AUTH=PLAIN.
        name, _, rest = each.decode("ascii", "replace").replace("=", " ", 1).partition(" ")
        offers[name.upper()] = " ".join(filter(None, (offers.get(name.upper()), rest.strip())))
    return offers


def _start_tls(
    line: Line, server: Server, context: ssl.SSLContext, offers: Mapping[str, str], times: Times
) -> None:
    if "STARTTLS" not in offers:
        raise TransportError(f"mail server {server}: STARTTLS extension not supported by server")
    _expect_fine(line.ask(b"STARTTLS", timeout=times.command))
    try:
        # What is here already came in the clear, from whoever (CVE-2011-0411).
        line.expect_silence()
    except LostError as error:
        raise TransportError(f"mail server {server}: before TLS {error}: not trusted") from None
    line.encrypt(context, server.host, timeout=times.command)


def _expect_fine(reply: Reply) -> None:
    if not reply.fine:
        raise RefusedError(reply)


class _Login:
    """
    A way to log in that both know.
    """

    def __init__(self, line: Line, server: Server, times: Times) -> None:
        self._line, self._server, self._times = line, server, times

    def go(self, offered: list[str]) -> None:
        """
        TransportError where no way is left, or the server knows us and says no.
        """
        if not offered:
            message = "AUTH extension not supported by server: it takes no login here"
            raise TransportError(f"mail server {self._server}: {message}")
        for mechanism in self._wanted(offered):
            reply = getattr(self, f"_{mechanism.lower()}")()
            if reply.fine:
                return
            if reply.temporary:
                raise RefusedError(reply)
            if reply.code not in UNKNOWN_WAY:
                raise TransportError(
                    f"mail server {self._server} refused the login:"
                    " check smtp.username and the password"
                )
        raise TransportError(
            f"mail server {self._server} knows none of our ways to log in;"
            f" it offers {' '.join(offered)}"
        )

    def _wanted(self, offered: list[str]) -> list[str]:
        mechanism = self._server.mechanism
        if mechanism != "auto":
            return [mechanism]
        ways = ["XOAUTH2"] if self._server.token else ["PLAIN", "LOGIN"]
        return [each for each in ways if each in offered]

    def _plain(self) -> Reply:
        identity = f"\0{self._server.username}\0{self._server.password or ''}"
        return self._ask(b"AUTH PLAIN " + b64encode(identity.encode()))

    def _login(self) -> Reply:
        reply = self._ask(b"AUTH LOGIN")
        for secret in (self._server.username, self._server.password):
            if reply.code != GO_ON:
                return reply
            reply = self._ask(b64encode((secret or "").encode()))
        return reply

    def _xoauth2(self) -> Reply:
        token = self._server.token() if self._server.token else self._server.password or ""
        words = f"user={self._server.username}\1auth=Bearer {token}\1\1"
        reply = self._ask(b"AUTH XOAUTH2 " + b64encode(words.encode()))
        # The first answer to a bad token is a riddle; the refusal comes after an empty line.
        return self._ask(b"") if reply.code == GO_ON else reply

    def _ask(self, command: bytes) -> Reply:
        return self._line.ask(command, timeout=self._times.command)


def own_hostname() -> str:
    """
    A name for EHLO: the machine's full one, or an address literal (RFC 5321 section 4.1.3).
    """
    name = socket.getfqdn()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def context_for(server: Server) -> ssl.SSLContext | None:
    """
    What the server's certificate is held against; None where there is no TLS.
    """
    if server.security == "none":
        return None
    try:
        return ssl.create_default_context(cafile=server.ca_file)
    except OSError as error:
        message = f"smtp.ca_file: {server.ca_file} cannot be used: {error.strerror}"
        raise TransportError(message) from None
