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

#: What a script may say instead of a reply: drop the line, or say nothing and wait.
DROP = "drop"
HANG = "hang"
#: Before a reply: say only half of it and drop the line.
CUT = "cut: "
NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Turn:
    """
    One step of a conversation. The greeting and the end of the content are steps, too.
    """

    #: GREETING, EHLO, MAIL, RCPT, DATA, CONTENT (its first byte), END (its last one),
    #: BDAT (a chunk that is not the last) …
    verb: str
    line: str
    connection: int  #: counted from 1
    letter: int  #: on this connection, counted from 1
    ahead: Callable[[], bytes] = bytes  #: what came already, behind this step


#: The reply to a step, DROP, or None: what a polite server says.
Script = Callable[[Turn], str | None]


@dataclass
class Rude:
    """
    What was said to the server, and the contents for which it took responsibility.
    """

    script: Script
    offers: tuple[str, ...] = ()
    port: int = 0
    turns: list[Turn] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)  #: to the contents, in their order
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def said(self, verb: str) -> list[str]:
        return [turn.line for turn in self.turns if turn.verb == verb]


@contextmanager
def rude_server(script: Script, *offers: str) -> Iterator[Rude]:
    """
    Serve until the block ends. What is offered is also done, unless the script says otherwise.
    """
    rude = Rude(script, offers)

    class Handler(socketserver.StreamRequestHandler):
        # Replies to a group of commands are small, and would wait 40 ms for one another.
        disable_nagle_algorithm = True

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
        self._step = 0  #: 1 with a sender, 2 with a recipient, too

    def run(self) -> None:
        if not self._answer("GREETING", "", "220 rude.example.org"):
            return
        while line := self._handler.rfile.readline().decode("utf-8", "replace").strip():
            verb = line[:4].upper()
            self._letter += verb == "MAIL"
            if verb == "BDAT" and "CHUNKING" in self._rude.offers:
                goes_on = self._take_chunk(line)
            else:
                reply = self._answer(verb, line, self._polite(verb))
                self._advance(verb, reply)
                goes_on = bool(reply) and verb != "QUIT"
                goes_on = goes_on and (not reply.startswith("354") or self._take_content())
            if not goes_on:
                return

    def _polite(self, verb: str) -> str:
        offers = ["rude.example.org", *self._rude.offers]
        if verb == "EHLO":
            return "\r\n".join([*(f"250-{each}" for each in offers[:-1]), f"250 {offers[-1]}"])
        if (verb, self._step) in {("MAIL", 1), ("MAIL", 2), ("RCPT", 0), ("DATA", 0), ("DATA", 1)}:
            return "503 5.5.1 out of turn"
        known = {"MAIL", "RCPT", "RSET", "NOOP", "HELO", "AUTH"}
        return {"DATA": "354 go on", "QUIT": "221 bye"}.get(
            verb, "250 OK" if verb in known else "502 5.5.2 unknown"
        )

    def _advance(self, verb: str, reply: str) -> None:
        if reply.startswith("2") and verb in {"MAIL", "RCPT", "RSET"}:
            self._step = {"MAIL": 1, "RCPT": 2, "RSET": 0}[verb]

    def _take_content(self) -> bool:
        data = bytearray()
        while not data.endswith(b"\r\n.\r\n"):
            line = self._handler.rfile.readline()
            if not line:
                return False
            if not data and self._script("CONTENT", "") == DROP:
                self._drop()
                return False
            data += line
        return self._end(bytes(data[:-3]), "250 OK")

    def _take_chunk(self, line: str) -> bool:
        _, size, *last = line.split()
        data = self._handler.rfile.read(int(size))
        polite = "250 OK" if self._step == 2 else "503 5.5.1 out of turn"
        if len(data) < int(size):
            return False
        return self._end(data, polite) if last else bool(self._answer("BDAT", line, polite))

    def _end(self, data: bytes, polite: str) -> bool:
        self._rude.contents.append(data)
        place = len(self._rude.answers)
        self._rude.answers.append("")
        self._step = 0
        reply = self._answer("END", "", polite)
        self._rude.answers[place] = reply
        return bool(reply)

    def _script(self, verb: str, line: str) -> str | None:
        ahead = self._handler.rfile.peek  # type: ignore[attr-defined]
        turn = Turn(verb, line, self._connection, self._letter, ahead)
        self._rude.turns.append(turn)
        return self._rude.script(turn)

    def _answer(self, verb: str, line: str, polite: str) -> str:
        reply = self._script(verb, line)
        if reply == HANG:
            self._handler.rfile.read()
            return ""
        if reply == DROP or (reply and reply.startswith(CUT)):
            self._handler.wfile.write((reply or "").removeprefix(DROP).removeprefix(CUT).encode())
            self._drop()
            return ""
        reply = polite if reply is None else reply
        self._handler.wfile.write(reply.encode() + b"\r\n")
        return reply

    def _drop(self) -> None:
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self._handler.connection.close()
