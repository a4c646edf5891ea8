"""
Where reports lie: a folder, a file, a server's mailbox, or one mail on standard input.

A mailbox is read without changing it. What was ours may be flagged or moved, nothing else.
"""

import imaplib
import mailbox
import re
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from .errors import StoreError, TransportAway, TransportError

#: Of one mail; the rest of a larger one is not read.
MAX_MAIL = 1024 * 1024
MAX_LINE = 64 * 1024
MAX_SAID = 200
TIMEOUT = 60.0
UIDS_AT_ONCE = 200
QUOTED_FROM = re.compile(rb">+From ")
#: In every locale.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
After = Literal["keep", "flag", "move"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """
    One mail, and by which name its mailbox knows it.
    """

    name: str
    data: bytes = field(repr=False)


class Mailbox(Protocol):
    """
    Somewhere mails lie.
    """

    def mails_iter(self) -> Iterator[Mail]:
        """
        Every mail, at most once.
        """
        ...

    def settle(self, names: Iterable[str]) -> None:
        """
        Flag or move these, as configured.
        """
        ...


class MaildirFolder:
    """
    A maildir. What is flagged is seen; what is moved lies in a maildir folder beside it.
    """

    def __init__(self, path: Path, *, after: After = "keep", done: str = "") -> None:
        if not (path / "new").is_dir() or not (path / "cur").is_dir():
            raise StoreError(f"{path} is no maildir: it should have the folders cur, new and tmp")
        self._path, self._box = path, mailbox.Maildir(path, create=False)
        self._after, self._done = after, done

    def mails_iter(self) -> Iterator[Mail]:
        for name in sorted(self._box.keys()):
            try:
                with self._box.get_file(name) as file:
                    yield Mail(name=name, data=file.read(MAX_MAIL))
            except (OSError, KeyError):
                # Another program took it away.
                continue

    def settle(self, names: Iterable[str]) -> None:
        if self._after == "keep":
            return
        for name in names:
            try:
                self._settle(name)
            except (OSError, KeyError):
                continue

    def _settle(self, name: str) -> None:
        message = self._box.get_message(name)
        info = message.get_info()
        here = self._path / message.get_subdir() / (f"{name}:{info}" if info else name)
        message.add_flag("S")
        there = self._path
        if self._after == "move":
            self._box.add_folder(self._done)
            there /= f".{self._done}"
        # Written anew, a garbled report would be another one, and count again.
        here.rename(there / "cur" / f"{name}:{message.get_info()}")


class MboxFile:
    """
    An mbox file. It is only read.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise StoreError(f"{path} is no mbox file")
        self._path = path

    def mails_iter(self) -> Iterator[Mail]:
        with self._path.open("rb") as file:
            yield from _mbox_mails(file)

    def settle(self, names: Iterable[str]) -> None:
        """
        There is nothing that could be changed without writing the file anew.
        """


class Pipe:
    """
    One mail, as a mail server hands it to a command.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def mails_iter(self) -> Iterator[Mail]:
        data = self._stream.read(MAX_MAIL)
        while self._stream.read(MAX_MAIL):
            # Who hands it over would see a broken pipe, and try again.
            pass
        if data.strip():
            yield Mail(name="standard input", data=data)

    def settle(self, names: Iterable[str]) -> None:
        """
        It is not kept anywhere.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """
    A mailbox on an IMAP server.
    """

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str
    password: str = field(repr=False)
    ca_file: str | None
    folder: str


class ImapFolder:
    """
    A folder of an IMAP mailbox. It never says EXPUNGE, which would remove what others marked.
    """

    def __init__(
        self, account: Account, *, since: date, after: After = "keep", done: str = ""
    ) -> None:
        self._account, self._since = account, since
        self._after, self._done = after, done

    def mails_iter(self) -> Iterator[Mail]:
        with self._opened(read_only=True) as client:
            # RFC 3501 section 6.4.4: by the day on which it came.
            day = f"{self._since.day}-{MONTHS[self._since.month - 1]}-{self._since.year}"
            _, (found,) = client.uid("SEARCH", "UNDELETED", "SINCE", day)
            for uid in (found or b"").decode("ascii").split():
                # PEEK: whoever looks into this mailbox sees that nobody has read it.
                _, parts = client.uid("FETCH", uid, f"(BODY.PEEK[]<0.{MAX_MAIL}>)")
                data = next((part[1] for part in parts if isinstance(part, tuple)), None)
                if data is not None:
                    yield Mail(name=uid, data=data)

    def settle(self, names: Iterable[str]) -> None:
        uids = list(names)
        if self._after == "keep" or not uids:
            return
        with self._opened(read_only=False) as client:
            for start in range(0, len(uids), UIDS_AT_ONCE):
                self._settle(client, ",".join(uids[start : start + UIDS_AT_ONCE]))

    def _settle(self, client: imaplib.IMAP4, uids: str) -> None:
        done = _quoted(self._done)
        if self._after == "flag":
            _checked(client.uid("STORE", uids, "+FLAGS.SILENT", r"(\Seen)"))
            return
        client.create(done)  # NO, if it is there.
        if "MOVE" in client.capabilities:
            _checked(client.uid("MOVE", uids, done))
        else:
            _checked(client.uid("COPY", uids, done))
            _checked(client.uid("STORE", uids, "+FLAGS.SILENT", r"(\Seen \Deleted)"))

    @contextmanager
    def _opened(self, *, read_only: bool) -> Iterator[imaplib.IMAP4]:
        account = self._account
        try:
            client = _connected(account)
            try:
                client.login(account.username, account.password)
                _checked(client.select(_quoted(account.folder), readonly=read_only))
                yield client
            finally:
                with suppress(imaplib.IMAP4.error, OSError):
                    client.logout()
        except imaplib.IMAP4.abort:
            raise TransportAway(f"the IMAP server {account.host} hung up: run again") from None
        except imaplib.IMAP4.error as error:
            said = str(error)[:MAX_SAID].replace(account.password, "…")
            raise TransportError(f"the IMAP server {account.host} refuses: {said}") from None
        except ssl.SSLError as error:
            message = f"no TLS with the IMAP server {account.host}: {error.reason or error}"
            raise TransportError(message) from None
        except OSError as error:
            message = f"the IMAP server {account.host}:{account.port} cannot be reached: {error}"
            raise TransportAway(message) from None


def _connected(account: Account) -> imaplib.IMAP4:
    context = ssl.create_default_context(cafile=account.ca_file)
    if account.security == "tls":
        return imaplib.IMAP4_SSL(account.host, account.port, ssl_context=context, timeout=TIMEOUT)
    client = imaplib.IMAP4(account.host, account.port, timeout=TIMEOUT)
    if account.security == "starttls":
        client.starttls(context)
    return client


def _checked(answer: tuple[str, Sequence[object]]) -> None:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(
            data[0].decode("utf-8", "replace") if isinstance(data[0], bytes) else status
        )


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _mbox_mails(file: BinaryIO) -> Iterator[Mail]:
    """
    Line by line, so that a large file is no large memory; each begins with a From line.
    """
    lines: list[bytes] = []
    number = size = 0
    blank = True
    while line := file.readline(MAX_LINE):
        if blank and line.startswith(b"From "):
            if number:
                yield Mail(name=f"mail {number}", data=b"".join(lines))
            lines, size, number = [], 0, number + 1
        elif size < MAX_MAIL:
            # RFC 4155: what began like that within the mail was quoted.
            lines.append(line[1:] if QUOTED_FROM.match(line) else line)
            size += len(line)
        blank = line in {b"\n", b"\r\n"}
    if number:
        yield Mail(name=f"mail {number}", data=b"".join(lines))
