"""
An SMTP server on a free port of loopback that breaks any rule at any step, as it is told.
"""

import socket
import socketserver
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Thread

#: What a script may say instead of a reply: drop the line.
DROP = "drop"
NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Turn:
    """
    One step of a conversation. The greeting and the end of the content are steps, too.
    """

    verb: str  #: GREETING, EHLO, MAIL, RCPT, DATA, CONTENT (its first byte), END (its last one) …
    line: str
    connection: int  #: counted from 1
    letter: int  #: on this connection, counted from 1


#: The reply to a step, DROP, or None: what a polite server says.
Script = Callable[[Turn], str | None]


@dataclass
class Rude:
    """
    What was said to the server, and the contents for which it took responsibility.
    """

    script: Script
    port: int = 0
    turns: list[Turn] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def said(self, verb: str) -> list[str]:
        return [turn.line for turn in self.turns if turn.verb == verb]


@contextmanager
def rude_server(script: Script) -> Iterator[Rude]:
    """
    Serve until the block ends.
    """
    rude = Rude(script)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            _Conversation(rude, self).run()

    class Server(socketserver.ThreadingTCPServer):
        def handle_error(self, *_: object) -> None:
            pass  # The line broke, as it was meant to.

    with Server(("127.0.0.1", 0), Handler) as server:
        rude.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield rude
        finally:
            server.shutdown()
            thread.join()


class _Conversation:
    def __init__(self, rude: Rude, handler: socketserver.StreamRequestHandler) -> None:
        self._rude, self._handler = rude, handler
        self._connection = next(rude.numbers)
        self._letter = 0

    def run(self) -> None:
        if not self._answer("GREETING", "", "220 rude.example.org"):
            return
        while line := self._handler.rfile.readline().decode("utf-8", "replace").strip():
            verb = line[:4].upper()
            self._letter += verb == "MAIL"
            polite = {"EHLO": "250 rude.example.org", "DATA": "354 go on", "QUIT": "221 bye"}
            reply = self._answer(verb, line, polite.get(verb, "250 OK"))
            if not reply or verb == "QUIT":
                return
            if reply.startswith("354") and not self._take_content():
                return

    def _take_content(self) -> bool:
        data = bytearray()
        while not data.endswith(b"\r\n.\r\n"):
            line = self._handler.rfile.readline()
            if not data and self._script("CONTENT", "") == DROP:
                self._drop()
                return False
            data += line
        self._rude.contents.append(bytes(data[:-3]))
        return bool(self._answer("END", "", "250 OK"))

    def _script(self, verb: str, line: str) -> str | None:
        turn = Turn(verb, line, self._connection, self._letter)
        self._rude.turns.append(turn)
        return self._rude.script(turn)

    def _answer(self, verb: str, line: str, polite: str) -> str:
        reply = self._script(verb, line)
        if reply == DROP:
            self._drop()
            return ""
        reply = polite if reply is None else reply
        self._handler.wfile.write(reply.encode() + b"\r\n")
        return reply

    def _drop(self) -> None:
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self._handler.connection.close()
