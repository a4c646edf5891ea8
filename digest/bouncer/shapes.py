"""
Mails for people that mean the same as a report: bounces of odd shapes, and auto-replies.
"""

import logging
import re
from collections.abc import Iterator
from email.message import Message

from ..model import Meaning
from .evidence import content_of, text_of
from .reports import Failure
from .status import judge_status

#: RFC 3834 section 5, and what was used before it.
AUTO_HEADERS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Response-Suppress",
    "X-AutoReply-From",
)
AUTO_PRECEDENCE = frozenset({"auto_reply", "auto-reply"})
AUTO_SUBJECT = re.compile(
    r"^(auto(matic|mated)?[ -]?(reply|response|antwort)|automatische antwort|out of (the )?office"
    r"|abwesenheit|réponse automatique|absence|vacation|respuesta automática|risposta automatica"
    r"|autosvar|afwezig)",
    re.IGNORECASE,
)
DAEMON = re.compile(
    r"mailer-daemon|postmaster|mail delivery|maildelivery|mailerdaemon", re.IGNORECASE
)
FAILED_SUBJECT = re.compile(
    r"undeliver|not delivered|returned mail|failure notice|delivery (status|failure|has failed)"
    r"|mail delivery failed|unzustellbar|delivery notification|non remis",
    re.IGNORECASE,
)
DELAYED_SUBJECT = re.compile(r"warning|delay|still being retried", re.IGNORECASE)
#: How Microsoft forwards a complaint, without a report around it.
FORWARDS_COMPLAINTS = re.compile(r"staff@hotmail\.com", re.IGNORECASE)
MAX_WORDS = 20_000


def is_auto_reply(mail: Message) -> bool:
    """
    Whether a machine answered for the reader: on holiday, moved, ticket opened.
    """
    automatic = text_of(mail, "Auto-Submitted").lower()
    if automatic.startswith("auto-replied") and not _is_bounce(mail):
        return True
    if text_of(mail, "Precedence").lower() in AUTO_PRECEDENCE and not _is_bounce(mail):
        return True
    marked = any(mail[name] for name in AUTO_HEADERS) and not _is_bounce(mail)
    return marked or bool(AUTO_SUBJECT.match(text_of(mail, "Subject")))


def judge_odd_shape(mail: Message) -> Failure:
    """
    A bounce written for people, if it is one.
    """
    if FORWARDS_COMPLAINTS.search(text_of(mail, "From")):
        return Failure(kind=Meaning.COMPLAINT)
    words = "\n".join(_words(mail))[:MAX_WORDS]
    temporary, permanent = _detected(mail)
    recipient = next(iter((*permanent, *temporary)), b"").decode("ascii", "replace")
    if not recipient and not _is_bounce(mail):
        return Failure(kind=Meaning.OTHER)
    if _is_empty(mail):
        return Failure(kind=Meaning.UNREADABLE)
    if (temporary and not permanent) or DELAYED_SUBJECT.search(text_of(mail, "Subject")):
        return Failure(kind=Meaning.DELAYED, recipient=recipient)
    kind, status = judge_status("", words)
    return Failure(kind=kind, status=status, recipient=recipient)


def _detected(mail: Message) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """
    Addresses that failed for now and for good, where the library for that is installed.
    """
    try:
        from flufl.bounce import all_failures
    except ModuleNotFoundError:
        return frozenset(), frozenset()
    # It logs what its detectors stumble over, with lines of the mail.
    logging.getLogger("flufl.bounce").disabled = True
    try:
        temporary, permanent = all_failures(mail)
    except Exception:  # noqa: BLE001 - its detectors were not written for hostile mail
        return frozenset(), frozenset()
    return frozenset(temporary), frozenset(permanent)


def _is_bounce(mail: Message) -> bool:
    """
    From nobody, or from a mail server that says so.
    """
    if mail["X-Failed-Recipients"]:
        return True
    daemon = DAEMON.search(text_of(mail, "From")) or text_of(mail, "Return-Path") == "<>"
    return bool(daemon and FAILED_SUBJECT.search(text_of(mail, "Subject")))


def _is_empty(mail: Message) -> bool:
    """
    Whether it was cut within its own headers.
    """
    return not any(content_of(each).strip() for each in mail.walk() if not each.is_multipart())


def _words(mail: Message) -> Iterator[str]:
    for part in mail.walk():
        if part.get_content_type() == "text/plain" and not part.is_multipart():
            yield content_of(part)
        if part.get_content_type() == "message/rfc822":
            return
