"""
What a status code and a server's own words mean for the mailbox they are about.
"""

import re

from ..model import Meaning

#: RFC 3463, anywhere in a server's answer; nothing of an address or a version number.
STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
REPLY_CODE = re.compile(r"(?<!\d)([45])\d\d(?!\d)")
#: RFC 3463 section 3.2 and RFC 7505: no such mailbox, no such domain, moved away, takes no mail.
DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
#: The letter is too large, or the server cannot take such a one.
OURS = frozenset({"5.2.3", "5.3.4", "5.6.0", "5.6.1", "5.6.3"})
POLICY_SUBJECT = "7"

#: Where the status says nothing, the words do; the first that is found counts.
WORDS: tuple[tuple[re.Pattern[str], Meaning], ...] = (
    (
        re.compile(r"quota|mailbox (is )?full|storage|too many messages", re.IGNORECASE),
        Meaning.SOFT,
    ),
    (
        re.compile(
            r"spam|block(ed|list)|blacklist|reputation|policy|\bspf\b|dkim|dmarc|relay|junk"
            r"|content (is )?reject|too large|size limit|rate limit|\brbl\b",
            re.IGNORECASE,
        ),
        Meaning.POLICY,
    ),
    (
        re.compile(
            r"(user|recipient|mailbox|address|account|addressee|name)('s)?( is)?( email)?"
            r" (account )?(unknown|not (found|known|exist|listed)|unavailable|invalid|disabled"
            r"|closed|suspended|inactive)"
            r"|(unknown|no such|invalid) (user|recipient|mailbox|address|local|account|person)"
            r"|does(n't| not) (exist|have an? \S+ account)|not a (known|valid) (user|recipient)"
            r"|no (mailbox|account|user)( here)? (by that|here|with)|could ?n[o']t be found"
            r"|recipient not found|user unknown|host (unknown|not found)|no such domain",
            re.IGNORECASE,
        ),
        Meaning.HARD,
    ),
)


def judge_status(status: str, words: str) -> tuple[Meaning, str]:
    """
    The kind of a failure, and its status as precisely as it is known.
    """
    status = precise(status, words)
    class_, subject, detail = status.split(".") if status else ("", "", "")
    if subject == POLICY_SUBJECT or status in OURS:
        return Meaning.POLICY, status
    if status in DEAD:
        return Meaning.HARD, status
    says_little = not status or (subject, detail) == ("0", "0") or subject == "5"
    if class_ != "4" and says_little:
        return _by_words(words), status
    return Meaning.SOFT, status


def judge_reply(code: int, text: str) -> tuple[Meaning, str]:
    """
    The same for what a server answered while a letter was sent.
    """
    return judge_status(f"{code // 100}.0.0", text)


def precise(status: str, words: str) -> str:
    """
    The status itself, or the one among the words if it only says that something failed.
    """
    found = STATUS.search(status)
    known = ".".join(str(int(each)) for each in found.groups()) if found else ""
    if known and not known.endswith(".0.0"):
        return known
    among = [each for each in STATUS.finditer(words) if each[1] in "45"]
    if among:
        return ".".join(str(int(each)) for each in among[-1].groups())
    code = REPLY_CODE.search(words)
    return known or (f"{code[1]}.0.0" if code else "")


def _by_words(words: str) -> Meaning:
    return next((kind for pattern, kind in WORDS if pattern.search(words)), Meaning.SOFT)
