"""
What a reply means: by its enhanced status code (RFC 3463), by its words where it has none.
"""

import re

from ...model import Kind, Letter, Outcome, Receipt
from ...text import mask_address
from .line import CLOSING, Reply

ADDRESS = re.compile(r"""[^\s<>()"']+@[^\s<>()"',;:]+""")
ENHANCED = re.compile(r"[245]\.(\d{1,3})\.(\d{1,3})(?=\D|$)")
#: By subject and detail. Those of 7.x that Gmail and Microsoft say to senders whose SPF, DKIM,
#: DMARC, PTR record or TLS is wanting are our own fault, whoever the reader is.
KINDS: dict[tuple[int, int], Kind] = {
    **dict.fromkeys([(1, 1), (1, 2), (1, 3), (1, 6), (1, 10)], Kind.ADDRESS),
    **dict.fromkeys([(1, 7), (1, 8), (5, 2), (5, 4)], Kind.OURS),
    **dict.fromkeys([(2, 0), (2, 1), (2, 4)], Kind.INACTIVE),
    (2, 2): Kind.FULL,
    **dict.fromkeys([(2, 3), (3, 4)], Kind.SIZE),
    **dict.fromkeys([(4, 5), (5, 3), (7, 28)], Kind.RATE),
    **dict.fromkeys([(7, detail) for detail in (8, 9, *range(20, 28), 29, 30, 31, 32)], Kind.OURS),
    **dict.fromkeys([(7, detail) for detail in (40, 57, 60, 509, 511, 515)], Kind.OURS),
    (7, 708): Kind.RATE,
}
#: Microsoft: access denied for a while, and a banned sender.
THROTTLED, BANNED = range(650, 700), range(606, 650)
SECURITY = 7
OF_SECURITY = frozenset({Kind.GREYLISTED, Kind.RATE, Kind.OURS})
#: What a subject means where its detail tells nothing more.
SUBJECTS = {
    1: Kind.ADDRESS,
    2: Kind.INACTIVE,
    3: Kind.SYSTEM,
    4: Kind.SYSTEM,
    5: Kind.SYSTEM,
    6: Kind.POLICY,
    7: Kind.POLICY,
}
LOGIN_FIRST = frozenset({530, 534, 535, 538})
CODES = {
    CLOSING: Kind.SYSTEM,
    451: Kind.SYSTEM,
    452: Kind.SYSTEM,
    551: Kind.ADDRESS,
    552: Kind.FULL,
    553: Kind.ADDRESS,
}
#: But for a limit of the line, after which another line may do.
TOO_FAST = re.compile(
    r"(?!.*\b(this|per|one|a single) (connection|session))"
    r".*(throttl|too fast|too much mail|rate.?limit|sending rate"
    r"|too many (mails|messages|requests|recipients|connections|concurrent))",
    re.IGNORECASE,
)
#: Tried in this order. A greylist has no code of its own, and says 4.7.1 or nothing.
WORDS = (
    (Kind.GREYLISTED, re.compile(r"gr[ae]y-?list", re.IGNORECASE)),
    (Kind.RATE, TOO_FAST),
    (Kind.OURS, re.compile(r"relay(ing)? (access )?(is )?(denied|not)|unauth", re.IGNORECASE)),
    (Kind.SIZE, re.compile(r"too (large|big)|message size|size limit", re.IGNORECASE)),
    (Kind.FULL, re.compile(r"quota|(mailbox|storage) (is )?(full|exceed)", re.IGNORECASE)),
    (Kind.ADDRESS, re.compile(r"(unknown|no such|invalid|not exist|nobody)", re.IGNORECASE)),
)
#: What only these words say, whatever the code: the codes around them are used for all and sundry.
VAGUE = frozenset({(0, 0), (7, 0), (7, 1), (5, 0), (3, 2), (4, 0), (2, 0)})


def kind_of(reply: Reply) -> Kind:
    """
    Why the server said no.
    """
    if reply.code in LOGIN_FIRST:
        return Kind.OURS
    match = ENHANCED.match(reply.text)
    if match is None:
        return _worded(reply) or CODES.get(
            reply.code, Kind.POLICY if reply.permanent else Kind.SYSTEM
        )
    subject, detail = int(match[1]), int(match[2])
    worded = _worded(reply) if (subject, detail) in VAGUE else None
    if worded and (subject != SECURITY or worded in OF_SECURITY):
        return worded
    if subject == SECURITY and detail in THROTTLED:
        return Kind.RATE
    if subject == SECURITY and detail in BANNED:
        return Kind.OURS
    found = KINDS.get((subject, detail)) or SUBJECTS.get(subject)
    return found or (Kind.POLICY if reply.permanent else Kind.SYSTEM)


def refusal(letter: Letter, reply: Reply) -> Receipt:
    """
    The letter was not taken. What is our own fault is never held against its reader.
    """
    kind = kind_of(reply)
    final = reply.permanent and kind is not Kind.OURS
    outcome = Outcome.REFUSED if final else Outcome.DEFERRED
    return Receipt(letter=letter, outcome=outcome, code=reply.code, text=reply.text, kind=kind)


def verdict(letter: Letter, reply: Reply) -> Receipt:
    """
    What the reply to a whole letter makes of it.
    """
    if reply.fine:
        return Receipt(letter=letter, outcome=Outcome.ACCEPTED, code=reply.code, text=reply.text)
    if reply.temporary or reply.permanent:
        return refusal(letter, reply)
    return in_doubt(letter, f"its reply to the letter is none: {reply}", reply.code)


def in_doubt(letter: Letter, text: str, code: int = 0) -> Receipt:
    """
    The last byte left, and nobody knows what became of it.
    """
    return Receipt(letter=letter, outcome=Outcome.IN_DOUBT, code=code, text=text)


def without_addresses(text: str) -> str:
    """
    The text, with enough left of each address for its owner alone.
    """
    return ADDRESS.sub(lambda found: mask_address(found[0]), text)


def _worded(reply: Reply) -> Kind | None:
    return next((kind for kind, words in WORDS if words.search(reply.text)), None)
