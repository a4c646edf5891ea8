"""
Where letters are handed over, as whom, and how long a server is waited for.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Security = Literal["starttls", "tls", "none"]
Mechanism = Literal["auto", "plain", "login", "xoauth2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """
    One mail server. The secret is asked for at every login, because tokens are renewed.
    """

    host: str
    port: int = 587
    security: Security = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: Callable[[], str] | None = field(default=None, repr=False)
    mechanism: Mechanism = "auto"
    ca_file: str | None = None  #: certificates to trust instead of the system's
    weight: int = 1  #: its share of the connections, beside other servers

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """
    Limits in seconds: RFC 5321 section 4.5.3.2, and our own.
    """

    connect: float = 60
    command: float = 300  #: for the greeting and each reply before the content
    block: float = 180  #: for the server to take the content
    reply: float = 600  #: for the reply to the last dot; RFC 1047 tells why it is so long
    group: float = 30  #: for replies to a group of commands, before groups are given up
    back_off: float = 1  #: after the second loss in a row, doubled with each more
    patience: float = 60  #: with a server that was there a moment ago
    idle: float = 30  #: how long an unused connection is trusted
