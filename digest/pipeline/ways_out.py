"""
The transport, the signers, the host of pictures and the mailbox that the settings name.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..errors import SettingsError
from ..ports import PictureHost, Transport
from ..settings import Settings
from ..settings.delivery import RelaySettings
from ..signer import Signer
from ..transports.folder import FolderTransport
from ..transports.pace import Limit, Pace
from ..transports.smtp import Server, SmtpTransport, Times

if TYPE_CHECKING:
    from ..mailboxes import ImapFolder

#: Older reports are not looked for: nothing follows from them any more.
LOOK_BACK = timedelta(days=35)


def open_transport(settings: Settings) -> Transport:
    """
    SMTP where a mail server is named, else the outbox. Connects when the first letter is there.
    """
    smtp = settings.smtp
    if smtp is None:
        return FolderTransport(settings.outbox)
    limits = {
        name: Limit(rate=each.rate, connections=each.connections)
        for name, each in settings.pace.domains.items()
    }
    return SmtpTransport(
        *map(_server, smtp.relays),
        connections=smtp.connections,
        in_flight=smtp.in_flight,
        letters_per_connection=smtp.letters_per_connection,
        pace=Pace(smtp.rate, domains=limits),
        times=Times(command=smtp.timeout, reply=smtp.reply_timeout),
    )


def _server(relay: RelaySettings) -> Server:
    password = relay.read_password()
    if relay.username and password is None and relay.token_file is None:
        raise SettingsError(
            "smtp.username has no password: name a file in smtp.password_file,"
            " or set DIGEST_SMTP_PASSWORD"
        )
    return Server(
        host=relay.host,
        port=relay.port,
        security=relay.security,
        username=relay.username,
        password=password,
        token=relay.read_token if relay.token_file else None,
        mechanism=relay.auth,
        ca_file=str(relay.ca_file) if relay.ca_file else None,
        weight=relay.weight,
    )


def open_signers(settings: Settings) -> tuple[Signer, ...]:
    """
    What signs with DKIM, one for each key.
    """
    return tuple(
        Signer(domain=key.domain, selector=key.selector, private_key=key.read_key())
        for key in settings.dkim
    )


def open_picture_host(settings: Settings) -> PictureHost | None:
    """
    A bucket or a folder; None where the cache itself is what readers load from.
    """
    hosting = settings.hosting
    if hosting.s3:
        from ..pictures.s3 import Bucket, S3Host

        access_key, secret_key = hosting.s3.read_keys()
        bucket = Bucket(
            name=hosting.s3.bucket,
            endpoint=hosting.s3.endpoint,
            region=hosting.s3.region,
            prefix=hosting.s3.prefix,
            access_key=access_key,
            secret_key=secret_key,
        )
        return S3Host(bucket)
    if hosting.publish:
        from ..pictures.publishing import FolderHost

        return FolderHost(hosting.publish)
    return None


def open_mailbox(settings: Settings, now: datetime) -> "ImapFolder":
    """
    The mailbox that bounces come to. Connects when it is read.
    """
    from ..mailboxes import Account, ImapFolder

    bounces = settings.bounces
    if bounces.imap is None:
        raise SettingsError(
            "there is no [bounces.imap] in digest.toml: name its host and username there"
        )
    password = bounces.imap.read_password()
    if password is None:
        raise SettingsError(
            "bounces.imap.username has no password: name a file in bounces.imap.password_file,"
            " or set DIGEST_IMAP_PASSWORD"
        )
    account = Account(
        host=bounces.imap.host,
        port=bounces.imap.port,
        security=bounces.imap.security,
        username=bounces.imap.username,
        password=password,
        ca_file=str(bounces.imap.ca_file) if bounces.imap.ca_file else None,
        folder=bounces.imap.folder,
    )
    since = (now - LOOK_BACK).date()
    return ImapFolder(account, since=since, after=bounces.after, done=bounces.done)
