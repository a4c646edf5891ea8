"""
Letters over one line: each command by itself, or in groups where the server offers PIPELINING.

In a group (RFC 2920) the content of a letter and the envelope of the next one leave together.
The content of the next never leaves before the reply to the previous: at most one letter per
connection is in doubt.
"""

from collections.abc import Callable, Iterator, Mapping

from ...errors import TransportAway, TransportError
from ...model import Kind, Letter, Outcome, Receipt
from .judging import in_doubt, kind_of, refusal, verdict
from .line import CLOSING, Line, LostError, Reply
from .server import Times

START_INPUT = 354
BAD_SEQUENCE = 503
#: What a server says to a parameter that it has offered and does not know.
UNKNOWN_PARAMETER = frozenset({500, 501, 504, 555})
VERBS = ("MAIL", "RCPT", "DATA")
EMPTY_CHUNK = b"BDAT 0"
RESTING = "not tried: servers of its domain said several times in a row that it was too fast"
#: How long the last words of a server that takes no more content are waited for.
LAST_WORDS = 1.0

Begun = Callable[[Letter], bool]
Refused = tuple[str, Reply]


class Dialogue:
    """
    What is said on one line. `careful`: believe no offer of groups.
    """

    def __init__(
        self,
        line: Line,
        offers: Mapping[str, str],
        times: Times,
        *,
        limit: int | None = None,
        careful: bool = False,
    ) -> None:
        self.line = line
        self.offers = dict(offers)
        self.letters = 0  #: that were begun
        #: Whether nobody takes letters for that reader's domain just now.
        self.rests: Callable[[Letter], bool] = lambda _: False
        self._limit = limit
        self._times = times
        self._grouped = "PIPELINING" in offers and not careful
        self._unsettled = False  #: an envelope was refused, and the server may remember it
        self._announced: Letter | None = None
        self._spent = False

    @property
    def usable(self) -> bool:
        """
        Whether more letters may go over this line.
        """
        return not self._spent and self.letters != self._limit

    @property
    def idle(self) -> bool:
        """
        Whether nothing is under way.
        """
        return not self._spent and self._announced is None

    def send(
        self, letter: Letter, following: Callable[[], Letter | None], begun: Begun
    ) -> Receipt | None:
        """
        A receipt for one letter, or None: it must not leave any more. `following` tells the next,
        if it may go at once.

        LostError if the letter was not sent and another line may do better.
        """
        while True:
            # Once its envelope has left, the server waits for this letter and no other.
            if letter is not self._announced and (unable := self.unable(letter)):
                return unable
            refused = self._open(letter)
            if refused is None:
                return self._hand_over(letter, following, begun)
            self._unsettled = True
            if self._spent or not self.disbelieve(*refused):
                return self.refusal(letter, *refused)

    def unable(self, letter: Letter) -> Receipt | None:
        """
        A refusal of ours, where the server could not but refuse.
        """
        if self.rests(letter):
            return _unsent(letter, Outcome.DEFERRED, RESTING, Kind.SYSTEM)
        limit = self.offers.get("SIZE", "")
        if limit.isdecimal() and 0 < int(limit) < len(letter.data):
            # Nobody's but our own fault: other letters are as large.
            text = f"not sent: its {len(letter.data)} bytes are more than the server's {int(limit)}"
            return _unsent(letter, Outcome.DEFERRED, text, Kind.OURS)
        if "SMTPUTF8" not in self.offers and not letter.recipient.isascii():
            text = "not sent: the server does not take addresses beyond ASCII (SMTPUTF8)"
            return _unsent(letter, Outcome.REFUSED, text, Kind.UNABLE)
        if "8BITMIME" not in self.offers and not _is_ascii(letter):
            text = "not sent: the server does not take letters beyond ASCII (8BITMIME)"
            return _unsent(letter, Outcome.REFUSED, text, Kind.UNABLE)
        return None

    def envelope(self, letter: Letter) -> tuple[bytes, bytes, bytes]:
        """
        The commands before the content.
        """
        parameters = ""
        if "SIZE" in self.offers:
            parameters += f" SIZE={len(letter.data)}"
        if not _is_ascii(letter):
            parameters += " BODY=8BITMIME"
        if not letter.recipient.isascii():
            parameters += " SMTPUTF8"
        mail = f"MAIL FROM:<{letter.sender}>{parameters}"
        return mail.encode(), f"RCPT TO:<{letter.recipient}>".encode(), b"DATA"

    def disbelieve(self, verb: str, reply: Reply) -> bool:
        """
        Take back what the server's refusal shows to be a lie. Whether there was any.
        """
        if verb == "MAIL" and reply.code in UNKNOWN_PARAMETER:
            lies = {"SIZE", "SMTPUTF8", "8BITMIME"} & self.offers.keys()
            for lie in lies:
                del self.offers[lie]
            return bool(lies)
        if reply.code == BAD_SEQUENCE and self._grouped:
            self._grouped = False
            return True
        return False

    def refusal(self, letter: Letter, verb: str, reply: Reply) -> Receipt:
        """
        The receipt. TransportError if it is not this letter that was refused, but our sender.
        """
        self.refuse_sender(verb, reply)
        return refusal(letter, reply)

    def refuse_sender(self, verb: str, reply: Reply) -> None:
        """
        TransportError for a refused sender: nobody's address but ours, so the list is not burnt.
        """
        kind = kind_of(reply)
        if verb != "MAIL" or kind is Kind.SIZE or (kind is Kind.RATE and reply.temporary):
            return
        if reply.permanent:
            message = f"the mail server refuses our sender ({reply}): check the from address"
            raise TransportError(message)
        raise TransportAway(f"the mail server defers our sender ({reply}): run again later")

    def takes_chunks(self, letter: Letter) -> bool | None:
        """
        Whether the server means it when it offers CHUNKING; None: this letter cannot tell.

        A server that does not know BDAT would take the letter for commands, so it gets an
        empty chunk first, in its place.
        """
        mail, rcpt, _ = self.envelope(letter)
        self._unsettled = True
        for command in (b"RSET", mail, rcpt, EMPTY_CHUNK):
            reply = self.line.ask(command, timeout=self._times.command)
            if reply.code == CLOSING:
                raise LostError.goodbye(reply)
            if not reply.fine:
                return False if command == EMPTY_CHUNK else None
        return True

    def quit(self) -> None:
        """
        Say goodbye, and do not wait for an answer.
        """
        if self.idle:
            self.line.write(b"QUIT\r\n", timeout=LAST_WORDS)
        self.line.close()

    def _open(self, letter: Letter) -> Refused | None:
        """
        The envelope. None: the server waits for the content.
        """
        steps = self._group_iter if self._grouped or self._announced else self._steps_iter
        refused: Refused | None = None
        for verb, reply in steps(letter):
            if reply.code == CLOSING:
                raise LostError.goodbye(reply)
            if refused is None:
                refused = None if _welcome(verb, reply) else (verb, reply)
            elif reply.code == START_INPUT:
                # It refused, and waits for content: whatever comes now, it may deliver.
                self._spent = True
        if refused and not (refused[1].temporary or refused[1].permanent):
            # Neither yes nor no: its replies and our commands are out of step.
            self._spent = True
        return refused

    def _steps_iter(self, letter: Letter) -> Iterator[Refused]:
        """
        One command after the other, up to the first that is refused.
        """
        ask, timeout = self.line.ask, self._times.command
        if self._unsettled:
            yield "RSET", ask(b"RSET", timeout=timeout)
            self._unsettled = False
        for verb, command in zip(VERBS, self.envelope(letter), strict=True):
            reply = ask(command, timeout=timeout)
            yield verb, reply
            if not _welcome(verb, reply):
                return

    def _group_iter(self, letter: Letter) -> Iterator[Refused]:
        """
        All commands at once, unless they left together with the content before.
        """
        verbs: tuple[str, ...] = VERBS
        if self._announced is None:
            verbs = ("RSET", *VERBS) if self._unsettled else VERBS
            group = self._group(letter)
            self.line.expect_silence()
            self.line.say(group, timeout=self._times.command)
        self._announced = None
        self._unsettled = False
        for verb in verbs:
            yield verb, self.line.reply(timeout=self._times.group)

    def _group(self, letter: Letter) -> bytes:
        reset = (b"RSET",) if self._unsettled else ()
        return b"\r\n".join((*reset, *self.envelope(letter), b""))

    def _hand_over(
        self, letter: Letter, following: Callable[[], Letter | None], begun: Begun
    ) -> Receipt | None:
        """
        The content, and what the server makes of it.
        """
        self.letters += 1
        after = following() if self._grouped and self.usable else None
        after = None if after is None or self.unable(after) else after
        tail = self._group(after) if after else b""
        self.line.expect_silence()
        self._spent = True  # Whatever comes but the content, the server would take for it.
        if not begun(letter):
            return None
        content, end = as_content(letter)
        size = len(content) + len(end)
        taken = self.line.write(content, end + tail, timeout=self._times.block)
        if taken < size:
            return self._last_words(letter)
        self._announced = after
        try:
            receipt = verdict(letter, self.line.reply(timeout=self._times.reply))
        except LostError as error:
            receipt = in_doubt(letter, f"no reply after the last byte: {error}")
        broken = taken < size + len(tail) or receipt.outcome is Outcome.IN_DOUBT
        self._spent = broken or receipt.code == CLOSING
        return receipt

    def _last_words(self, letter: Letter) -> Receipt:
        """
        The line broke before the dot. Perhaps the server said why.
        """
        reply = self.line.reply(timeout=LAST_WORDS)
        if reply.code == CLOSING or not (reply.temporary or reply.permanent):
            raise LostError.goodbye(reply)
        return refusal(letter, reply)


def as_content(letter: Letter) -> tuple[bytes, bytes]:
    """
    Dots at line starts doubled, and the dot that ends it. Our own letters need no doubling.
    """
    data = letter.data
    if not letter.dotless and (b"\r\n." in data or data.startswith(b".")):
        data = (b"\r\n" + data).replace(b"\r\n.", b"\r\n..")[2:]
    return data, b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n"


def _is_ascii(letter: Letter) -> bool:
    return letter.ascii or letter.data.isascii()


def _welcome(verb: str, reply: Reply) -> bool:
    return verb == "RSET" or (reply.code == START_INPUT if verb == "DATA" else reply.fine)


def _unsent(letter: Letter, outcome: Outcome, text: str, kind: Kind) -> Receipt:
    return Receipt(letter=letter, outcome=outcome, text=text, kind=kind)
