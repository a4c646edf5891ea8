"""
What `[smtp]`, `[pace]` and `[retries]` come to: where letters are handed over, how fast, how long.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from ..errors import SettingsError
from .secrets import read_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    """
    One mail server, and where its secrets are; their files are read when they are needed.
    """

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str | None
    auth: Literal["auto", "plain", "login", "xoauth2"]
    password: str | None = field(repr=False)
    password_file: Path | None
    token_file: Path | None
    ca_file: Path | None
    weight: int

    def read_password(self) -> str | None:
        """
        The password, or None. SettingsError if its file cannot be read.
        """
        if self.password_file is None:
            return self.password
        secret = read_secret("smtp.password_file", self.password_file)
        return secret.decode("utf-8", "replace").strip("\r\n")

    def read_token(self) -> str:
        """
        The token for XOAUTH2, as it is now: others renew it.
        """
        if self.token_file is None:
            raise SettingsError("smtp.token_file is not set")
        return read_secret("smtp.token_file", self.token_file).decode("utf-8", "replace").strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """
    The mail servers, and how letters go to them.
    """

    relays: tuple[RelaySettings, ...]
    connections: int
    in_flight: int
    letters_per_connection: int | None
    rate: float | None  #: letters per second
    timeout: float  #: in seconds, for each reply
    reply_timeout: float  #: for the reply to a whole letter

    @property
    def host(self) -> str:
        """
        Of the first server.
        """
        return self.relays[0].host

    @property
    def port(self) -> int:
        return self.relays[0].port


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPace:
    """
    What one domain is sent; None: as much as goes.
    """

    rate: float | None = None  #: letters per second
    connections: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceSettings:
    """
    How an issue spreads out.
    """

    domains: Mapping[str, DomainPace] = field(default_factory=dict)
    canary: int | None = None  #: so many letters have to succeed before the rest goes
    ramp_up: int | None = None  #: letters on the first day of a sender, doubled every day


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySettings:
    """
    When a letter is given up, and how long a run waits for its next attempt.
    """

    deadline: timedelta  #: after the issue was made
    patience: timedelta  #: of a run; the next run tries again in any case
