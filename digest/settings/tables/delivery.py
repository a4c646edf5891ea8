"""
Where letters are handed over, and how fast: `[smtp]` and `[pace]`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ..delivery import DomainPace, PaceSettings, RelaySettings, SmtpSettings
from ..secrets import below
from .values import Line, Rate, Table

SECONDS = re.compile(r"(\d{1,4})\s*(s|m|min)")
DOMAIN = re.compile(r"\*|[a-z0-9-]+(\.[a-z0-9-]+)+")
#: Letters a connection may have in flight; each of them is in doubt when the line breaks.
MAX_IN_FLIGHT = 64


def _seconds(value: object) -> float:
    match = SECONDS.fullmatch(value) if isinstance(value, str) else None
    if not match or not int(match[1]):
        raise ValueError('should be a time such as "30s" or "10m"')
    return float(int(match[1]) * (1 if match[2] == "s" else 60))


def _domains(value: "dict[str, DomainTable]") -> "dict[str, DomainTable]":
    for name in value:
        if not DOMAIN.fullmatch(name.lower()):
            raise ValueError(f'should name domains such as "gmail.com", or "*", and not "{name}"')
    return value


Seconds = Annotated[float, BeforeValidator(_seconds)]


class RelayTable(Table):
    host: Line
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Line | None = None
    password_file: Line | None = None
    auth: Literal["auto", "plain", "login", "xoauth2"] = "auto"
    token_file: Line | None = None
    ca_file: Line | None = None
    weight: int = Field(default=1, ge=1, le=1_000)

    @model_validator(mode="after")
    def _has_a_name_to_log_in(self) -> Self:
        if self.auth != "auto" and not self.username:
            raise ValueError("auth goes with a username")
        if self.auth == "xoauth2" and not (self.token_file or self.password_file):
            raise ValueError('auth = "xoauth2" goes with a token_file')
        return self


class SmtpTable(RelayTable):
    host: Line | None = None  # type: ignore[assignment]
    relays: list[RelayTable] = Field(default_factory=list)
    connections: int = Field(default=4, ge=1, le=100)
    in_flight: int = Field(default=1, ge=1, le=MAX_IN_FLIGHT)
    letters_per_connection: int | None = Field(default=None, ge=1)
    rate: Rate | None = None
    timeout: Seconds = 300.0
    reply_timeout: Seconds = 600.0

    @model_validator(mode="after")
    def _has_a_server(self) -> Self:
        if self.host is None and not self.relays:
            raise ValueError('names no server: say host = "mail.example.org"')
        return self


class DomainTable(Table):
    rate: Rate | None = None
    connections: int | None = Field(default=None, ge=1, le=100)


class PaceTable(Table):
    domains: Annotated[dict[str, DomainTable], AfterValidator(_domains)] = Field(
        default_factory=dict
    )
    canary: int | None = Field(default=None, ge=1)
    ramp_up: int | None = Field(default=None, ge=1)


def smtp_settings(folder: Path, table: SmtpTable, environ: Mapping[str, str]) -> SmtpSettings:
    """
    A server of `[smtp]` itself comes before the relays.
    """
    tables = [*([table] if table.host else []), *table.relays]
    return SmtpSettings(
        relays=tuple(_relay(folder, each, environ) for each in tables),
        connections=table.connections,
        in_flight=table.in_flight,
        letters_per_connection=table.letters_per_connection,
        rate=table.rate,
        timeout=table.timeout,
        reply_timeout=table.reply_timeout,
    )


def pace_settings(table: PaceTable) -> PaceSettings:
    domains = {
        name.lower(): DomainPace(rate=each.rate, connections=each.connections)
        for name, each in table.domains.items()
    }
    return PaceSettings(domains=domains, canary=table.canary, ramp_up=table.ramp_up)


def _relay(folder: Path, table: RelayTable, environ: Mapping[str, str]) -> RelaySettings:
    """
    The password comes from systemd, from a file, or from the environment, in this order.
    """
    credential = Path(environ.get("CREDENTIALS_DIRECTORY", "/nonexistent"), "smtp_password")
    named = table.password_file or environ.get("DIGEST_SMTP_PASSWORD_FILE")
    file = credential if credential.is_file() else below(folder, named) if named else None
    token_file = table.token_file or environ.get("DIGEST_SMTP_TOKEN_FILE")
    return RelaySettings(
        host=table.host or "",
        port=table.port,
        security=table.security,
        username=table.username,
        auth=table.auth,
        password=environ.get("DIGEST_SMTP_PASSWORD"),
        password_file=file,
        token_file=below(folder, token_file) if token_file else None,
        ca_file=below(folder, table.ca_file) if table.ca_file else None,
        weight=table.weight,
    )
