"""
Several letters in flight on one line, by BDAT (RFC 3030): for links with a long way to go.

A letter is in doubt from its last byte to its reply, and here so many are at once. Each brings
its own RSET, so that the refusal of one means nothing for the next.
"""

from collections import deque
from collections.abc import Iterator

from ...model import Letter, Receipt
from ..stream import Stream
from .dialogue import Begun, Dialogue, Refused
from .judging import in_doubt, refusal, verdict
from .line import CLOSING, LostError, Reply
from .server import Times

VERBS = ("RSET", "MAIL", "RCPT", "BDAT")
NEEDED = frozenset({"CHUNKING", "PIPELINING"})


class Window:
    """
    The letters in flight on one line.
    """

    def __init__(self, dialogue: Dialogue, size: int, times: Times) -> None:
        self._dialogue, self._size, self._times = dialogue, size, times
        self._line = dialogue.line
        self._flying: deque[Letter] = deque()
        self._fault: Refused | None = None
        self._failure: Exception | None = None
        self._goodbye: Reply | None = None

    def deliver(self, stream: Stream, begun: Begun) -> Iterator[Receipt]:
        """
        Receipts in the order of the letters. LostError once the line has ended; the letters
        that may have arrived have had theirs by then.
        """
        try:
            while True:
                letter = self._next(stream)
                if letter is None and not self._flying:
                    break
                unable = self._dialogue.unable(letter) if letter else None
                if letter and not unable:
                    self._launch(letter, stream, begun)
                    continue
                yield unable or self._land()
                if self._goodbye:
                    raise LostError.goodbye(self._goodbye)
        except LostError as error:
            for letter in self._flying:
                yield in_doubt(letter, f"no reply after the last byte: {error}")
            raise

    def complain(self) -> None:
        """
        Raise what ended the letters: a failure where they come from, or our sender refused.
        """
        if self._failure:
            raise self._failure
        if self._fault:
            self._dialogue.refuse_sender(*self._fault)

    def _next(self, stream: Stream) -> Letter | None:
        if (
            self._fault
            or self._failure
            or not self._dialogue.usable
            or len(self._flying) >= self._size
        ):
            return None
        try:
            return stream.ahead(len(self._flying)) if self._flying else stream.first()
        except Exception as error:  # noqa: BLE001 - raised once what is in flight has landed
            self._failure = error
            return None

    def _launch(self, letter: Letter, stream: Stream, begun: Begun) -> None:
        mail, rcpt, _ = self._dialogue.envelope(letter)
        size = b"BDAT %d LAST" % len(letter.data)
        data = b"\r\n".join((b"RSET", mail, rcpt, size, letter.data))
        try:
            wanted = begun(letter)
        except Exception as error:  # noqa: BLE001 - raised once what is in flight has landed
            self._failure = error
            return
        if not wanted:
            stream.settle(letter)
            return
        if self._line.write(data, timeout=self._times.block) < len(data):
            raise LostError("the line broke")
        self._dialogue.letters += 1
        self._flying.append(letter)

    def _land(self) -> Receipt:
        """
        What became of the letter that is in flight for the longest.
        """
        letter = self._flying[0]
        refused: Refused | None = None
        for verb in VERBS:
            self._line.hurry()
            reply = self._line.reply(timeout=self._times.reply)
            if reply.code == CLOSING and verb != "BDAT":
                raise LostError.goodbye(reply)
            if refused is None and not reply.fine and verb != "RSET":
                refused = verb, reply
        self._flying.popleft()
        self._goodbye = reply if reply.code == CLOSING else None
        if refused is None or refused[0] == "BDAT":
            return verdict(letter, reply)
        if not (reply.temporary or reply.permanent):
            return in_doubt(letter, f"it was refused, and taken: {refused[1]}", reply.code)
        if refused[0] == "MAIL":
            self._fault = self._fault or refused
        return refusal(letter, refused[1])
