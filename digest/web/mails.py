"""
The mails of the web side: a sentence, one link, and nothing that anybody typed into a form.
"""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr

from ..model import Letter, Newsletter
from ..pages import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """
    What a reader asked to be mailed.
    """

    newsletter: Newsletter  #: in whose name and language
    recipient: str
    kind: str  #: confirm, data or address
    url: str


def compose_mail(mail: Mail, pages: Pages, *, number: int, now: datetime) -> Letter:
    """
    The mail as a letter to nobody on any list. `number` makes its Message-ID.
    """
    name, sender = parseaddr(mail.newsletter.sender)
    texts = pages.mail(mail.newsletter, mail.kind, mail.url)
    # An address beyond ASCII stands in the headers as it is, for servers that can (RFC 6532).
    message = EmailMessage(policy=SMTP if mail.recipient.isascii() else SMTPUTF8)
    local, _, domain = mail.recipient.rpartition("@")
    message["From"] = Address(name, addr_spec=sender)
    # As one text the library would refuse such an address.
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = texts.subject
    message["Date"] = format_datetime(now)
    identity = f"<{mail.kind}.{number:016x}@{sender.rpartition('@')[2]}>"
    message["Message-ID"] = identity
    # RFC 3834, and the same for Exchange: no answers from holidays.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    message.set_content(texts.text, cte="quoted-printable")
    message.add_alternative(texts.html, subtype="html", cte="quoted-printable")
    return Letter(
        id=identity,
        subscriber_id=0,
        sender=sender,
        recipient=mail.recipient,
        data=message.as_bytes(),
    )
