"""
The table `[bounces]`: where mail servers and readers write back to, and what follows.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ...addresses import normalize_own_address
from ...model import Policy
from ..bounces import After, BounceSettings, ImapSettings
from ..secrets import secret_file
from .values import Duration, Line, Table

Scope = Literal["all", "this", "none"]
#: RFC 5321 section 4.5.3.1.1 allows 64 before the @: a plus sign and a token have to fit in.
MAX_LOCAL = 64 - 33


def _mailbox(value: str) -> str:
    try:
        address = normalize_own_address(value)
    except ValueError as error:
        raise ValueError(f"the address {error}") from None
    local = address.partition("@")[0]
    if "+" in local or len(local) > MAX_LOCAL:
        raise ValueError(
            f"should have no plus sign and {MAX_LOCAL} characters at most before the @:"
            " a token is put there"
        )
    return address


Mailbox = Annotated[str, AfterValidator(_mailbox)]
#: 0 is never.
Times = Annotated[int, Field(ge=0, le=1_000)]


class PolicyTable(Table):
    hard: Times | None = None
    soft: Times | None = None
    within: Duration | None = None
    complaint: Scope | None = None


class ImapTable(Table):
    host: Line
    port: int | None = Field(default=None, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "tls"
    username: Line
    password_file: Line | None = None
    ca_file: Line | None = None
    folder: Line = "INBOX"

    def settings(self, folder: Path, environ: Mapping[str, str]) -> ImapSettings:
        return ImapSettings(
            host=self.host,
            port=self.port or (993 if self.security == "tls" else 143),
            security=self.security,
            username=self.username,
            password=environ.get("DIGEST_IMAP_PASSWORD"),
            password_file=secret_file(folder, "imap_password", self.password_file, environ),
            ca_file=Path(folder, self.ca_file) if self.ca_file else None,
            folder=self.folder,
        )


class BouncesTable(Table):
    address: Mailbox | None = None
    unsubscribe: Mailbox | None = None
    hard: Times = 1
    soft: Times = 3
    within: Duration = timedelta(days=30)
    complaint: Scope = "all"
    after: After = "keep"
    done: Line = "digest-done"
    imap: ImapTable | None = None

    def settings(self, folder: Path, environ: Mapping[str, str]) -> BounceSettings:
        return BounceSettings(
            address=self.address,
            unsubscribe=self.unsubscribe,
            after=self.after,
            done=self.done,
            imap=self.imap.settings(folder, environ) if self.imap else None,
        )

    def policy(self, own: PolicyTable) -> Policy:
        """
        What holds for a newsletter that says some of it itself.
        """
        return Policy(
            hard=self.hard if own.hard is None else own.hard,
            soft=self.soft if own.soft is None else own.soft,
            within=own.within or self.within,
            complaint=own.complaint or self.complaint,
        )
