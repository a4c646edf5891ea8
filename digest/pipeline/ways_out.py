"""
The transport and the signer that the settings name.
"""

from ..errors import SettingsError
from ..ports import Transport
from ..settings import Settings
from ..signer import Signer
from ..transports.folder import FolderTransport
from ..transports.smtp import Server, SmtpTransport


def open_transport(settings: Settings) -> Transport:
    """
    SMTP where a mail server is named, else the outbox. Connects when the first letter is there.
    """
    smtp = settings.smtp
    if smtp is None:
        return FolderTransport(settings.outbox)
    password = smtp.read_password()
    if smtp.username and password is None:
        raise SettingsError(
            "smtp.username has no password: name a file in smtp.password_file,"
            " or set DIGEST_SMTP_PASSWORD"
        )
    server = Server(
        host=smtp.host,
        port=smtp.port,
        security=smtp.security,
        username=smtp.username,
        password=password,
        ca_file=str(smtp.ca_file) if smtp.ca_file else None,
    )
    return SmtpTransport(server, connections=smtp.connections, rate=smtp.rate)


def open_signer(settings: Settings) -> Signer | None:
    """
    What signs with DKIM, where a key is named.
    """
    dkim = settings.dkim
    if dkim is None:
        return None
    return Signer(domain=dkim.domain, selector=dkim.selector, private_key=dkim.read_key())
