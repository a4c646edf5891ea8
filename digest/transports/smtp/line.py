"""
A connection to a mail server: written so that we know what left, read within bounds.
"""

import socket
import ssl
from collections.abc import Sequence
from select import POLLIN, POLLOUT, poll
from time import monotonic
from typing import NamedTuple, Self

from ...text import clean_line

MAX_LINE = 8_192
MAX_LINES = 128
MAX_TEXT = 500
RECEIVED_AT_ONCE = 65_536
#: The most that is one TLS record: of such a piece either all arrives, or nothing.
RECORD = 16_384
CODE_DIGITS = 3
CLOSING = 421
QUICK_ACK = getattr(socket, "TCP_QUICKACK", None)


class Reply(NamedTuple):
    """
    What the server said, in full: hostile, but short.
    """

    code: int
    lines: tuple[bytes, ...]

    @property
    def text(self) -> str:
        """
        One clean line without the code.
        """
        return clean_line(b" ".join(self.lines).decode("utf-8", "replace"))[:MAX_TEXT]

    @property
    def fine(self) -> bool:
        return 200 <= self.code < 300  # noqa: PLR2004 - RFC 5321 section 4.2.1

    @property
    def temporary(self) -> bool:
        return 400 <= self.code < 500  # noqa: PLR2004

    @property
    def permanent(self) -> bool:
        return 500 <= self.code < 600  # noqa: PLR2004

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


class LostError(Exception):
    """
    Nothing more can be said over this line. With a reply the server said goodbye.
    """

    def __init__(self, reason: str, reply: Reply | None = None) -> None:
        super().__init__(reason)
        self.reply = reply

    @classmethod
    def goodbye(cls, reply: Reply) -> Self:
        """
        The server's right at any step.
        """
        return cls(str(reply), reply)


class Line:
    """
    One connection. What breaks it is a LostError, or a short count of bytes written.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        # A socket with a time-out asks the kernel three times where once would do.
        connected.settimeout(0)
        self._socket = connected
        self._waits = {event: _waiting(connected, event) for event in (POLLIN, POLLOUT)}
        self._buffer = b""

    def encrypt(self, context: ssl.SSLContext, host: str, *, timeout: float) -> None:
        """
        From here on TLS. OSError if there is none, or the certificate is not that host's.
        """
        self._socket.settimeout(timeout)
        self._socket = context.wrap_socket(self._socket, server_hostname=host)

    def write(self, *pieces: bytes, timeout: float) -> int:
        """
        How many of the bytes the kernel took: all of them, unless the line broke.
        """
        deadline = monotonic() + timeout
        size = sum(map(len, pieces))
        taken = 0
        try:
            taken = self._at_once(pieces)
            if taken == size:
                return size
            view = memoryview(b"".join(pieces))
            while taken < size:
                self._wait_until(deadline, POLLOUT)
                taken += self._socket.send(view[taken : taken + (RECORD if self._secure else size)])
        except OSError:
            return taken
        return taken

    def say(self, commands: bytes, *, timeout: float) -> None:
        """
        Write commands, which are nothing unless they are whole.
        """
        if self.write(commands, timeout=timeout) < len(commands):
            raise LostError("the line broke")

    def ask(self, command: bytes, *, timeout: float) -> Reply:
        """
        Write a command and wait for the reply to it alone.
        """
        self.expect_silence()
        self.say(command + b"\r\n", timeout=timeout)
        return self.reply(timeout=timeout)

    def expect_silence(self) -> None:
        """
        LostError if there is a reply before it was asked for: it would be taken for another's.
        """
        if self._buffer:
            said = clean_line(self._buffer[:MAX_TEXT].decode("utf-8", "replace"))
            raise LostError(f"it spoke out of turn: {said}")

    def reply(self, *, timeout: float) -> Reply:
        """
        The next reply, within that time in all.
        """
        deadline = monotonic() + timeout
        lines: list[bytes] = []
        while len(lines) < MAX_LINES:
            line = self._read_line(deadline)
            code, mark, text = line[:CODE_DIGITS], line[CODE_DIGITS : CODE_DIGITS + 1], line[4:]
            if not (len(code) == CODE_DIGITS and code.isdigit() and mark in b" -"):
                raise LostError("its reply is none")
            lines.append(text)
            if mark != b"-":
                return Reply(int(code), tuple(lines))
        raise LostError("its reply does not end")

    def hurry(self) -> None:
        """
        Acknowledge what comes at once: Postfix waits 40 ms for that after each BDAT otherwise.
        """
        if QUICK_ACK is not None:
            self._socket.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)

    def is_quiet(self) -> bool:
        """
        Whether nothing was said on an idle line, not even goodbye.
        """
        if self._buffer:
            return False
        try:
            self._socket.settimeout(0)
            self._buffer += self._socket.recv(RECEIVED_AT_ONCE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        self._socket.close()

    @property
    def _secure(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)

    def _at_once(self, pieces: Sequence[bytes]) -> int:
        """
        What the kernel takes without waiting, and without the pieces being joined.
        """
        if self._secure:
            return 0
        try:
            return self._socket.sendmsg(pieces)
        except BlockingIOError:
            return 0

    def _read_line(self, deadline: float) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0 and len(self._buffer) <= MAX_LINE:
            self._receive(deadline)
        if not 0 <= end <= MAX_LINE:
            raise LostError("a line of its reply does not end")
        line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
        return line.rstrip(b"\r")

    def _receive(self, deadline: float) -> None:
        try:
            self._wait_until(deadline, POLLIN)
            received = self._socket.recv(RECEIVED_AT_ONCE)
        except OSError as error:
            raise LostError(reason_of(error)) from None
        if not received:
            raise LostError("it hung up")
        self._buffer += received

    def _wait_until(self, deadline: float, event: int) -> None:
        """
        Until the line is ready, or broken. What is encrypted may be here already: it waits itself.
        """
        left = deadline - monotonic()
        if left > 0 and self._secure:
            self._socket.settimeout(left)
        elif left <= 0 or not self._waits[event].poll(left * 1_000):
            raise TimeoutError("timed out")


def _waiting(connected: socket.socket, event: int) -> poll:
    """
    What waits for this event of a socket, or for its end.
    """
    waiting = poll()
    waiting.register(connected, event)
    return waiting


def reason_of(error: Exception) -> str:
    """
    What an error of the system says, in one line.
    """
    said = getattr(error, "strerror", None) or clean_line(str(error))
    return said or type(error).__name__
