"""
An SMTP server in a process of its own that writes down each letter it took responsibility for.

    python -m benchmarks.sink LOG [--rude SEED]

It prints its port. A Message-ID is in the log before the reply leaves; a rude server sometimes
closes the line after that without replying, closes it in the middle of a letter, refuses at any
verb, or keeps silent for a while.
"""

import argparse
import os
import socketserver
import time
from pathlib import Path
from random import Random

REFUSALS = (421, 450, 451, 452, 550, 552, 554)
OFFERS = "250-sink.example.org\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-8BITMIME\r\n250 SIZE"
NAME = b"message-id:"
#: One letter in so many meets a rude server.
SELDOM = 60
SILENCE = 1.5
#: Seconds for each letter, or a run would be over before it can be killed.
PAUSE = 0.02


class Server(socketserver.ThreadingTCPServer):
    """
    Threads end with the process, whatever they wait for.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, log: Path, seed: int | None) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.random = Random(seed) if seed is not None else None  # noqa: S311 - no secret

    def mood(self) -> str:
        """
        What happens to the next letter.
        """
        if self.random is None or self.random.randrange(SELDOM):
            return ""
        return self.random.choice(["MAIL", "RCPT", "DATA", "END", "cut", "silent", "mute"])

    def refusal(self) -> int:
        """
        One of them.
        """
        return self.random.choice(REFUSALS) if self.random else REFUSALS[0]

    def handle_error(self, *_: object) -> None:
        pass  # Clients are killed here.


class Conversation(socketserver.StreamRequestHandler):
    """
    One connection.
    """

    server: Server

    def handle(self) -> None:
        self._say("220 sink.example.org ESMTP")
        mood, self._refused = "", False
        while line := self.rfile.readline():
            verb, _, rest = line.decode("ascii", "replace").strip().upper().partition(" ")
            if verb == "MAIL":
                mood, self._refused = self.server.mood(), False
            if not (self._refuse() if verb == mood else self._answer(verb, rest, mood)):
                return

    def _answer(self, verb: str, rest: str, mood: str) -> bool:
        """
        Whether the conversation goes on.
        """
        if verb == "BDAT":
            return self._chunk(int(rest.split(maxsplit=1)[0]), mood)
        if verb == "DATA":
            self._say("354 go on")
            return self._content(mood)
        replies = {"EHLO": OFFERS, "QUIT": "221 bye"}
        self._say(replies.get(verb, "250 OK"))
        return verb != "QUIT"

    def _refuse(self) -> bool:
        """
        Whether the conversation goes on.
        """
        self._refused = True
        code = self.server.refusal()
        self._say(f"{code} no")
        return code != REFUSALS[0]

    def _content(self, mood: str) -> bool:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line or mood == "cut":
                return False
            lines.append(line)
        return self._take(lines, mood)

    def _chunk(self, size: int, mood: str) -> bool:
        content = self.rfile.read(0 if mood == "cut" else size)
        if len(content) < size:
            return False
        if size and not self._refused:
            return self._take(content.splitlines(), mood)
        self._say("503 no envelope" if self._refused else "250 OK")
        return True

    def _take(self, lines: list[bytes], mood: str) -> bool:
        """
        Responsibility for a letter.
        """
        names = (line.partition(b":")[2] for line in lines if line.lower().startswith(NAME))
        time.sleep(PAUSE)
        if mood == "END":
            return self._refuse()
        os.write(self.server.log, next(names).strip() + b"\n")
        if mood == "silent":
            time.sleep(SILENCE)
        if mood in {"silent", "mute"}:
            return False
        self._say("250 OK")
        return True

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode("ascii") + b"\r\n")


def main() -> None:
    """
    Serve until killed.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("--rude", type=int)
    arguments = parser.parse_args()
    with Server(arguments.log, arguments.rude) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
