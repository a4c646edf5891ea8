"""
What `[bounces]` comes to: the mailboxes that are written back to.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .secrets import read_password

After = Literal["keep", "flag", "move"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapSettings:
    """
    A mailbox on a server, and where its password is; the file is read when it is needed.
    """

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str
    password: str | None = field(repr=False)
    password_file: Path | None
    ca_file: Path | None
    folder: str

    def read_password(self) -> str | None:
        """
        The password, or None. SettingsError if its file cannot be read.
        """
        return read_password("bounces.imap.password_file", self.password_file, self.password)


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceSettings:
    """
    Where letters come back to, and what is done with reports that were read.
    """

    address: str | None
    unsubscribe: str | None
    after: After
    done: str  #: the folder that reports are moved to
    imap: ImapSettings | None
