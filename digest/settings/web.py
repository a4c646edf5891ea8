"""
The table `[web]`: where `digest serve` listens, whom it believes, and how many may sign up.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import AfterValidator, Field

from .values import Line, Table

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """
    What the server needs to know beside the site's address.
    """

    host: str
    port: int
    trusted_proxies: tuple[Network, ...]  #: whose X-Forwarded-For is believed
    sign_ups_per_hour: int  #: confirmation mails to all addresses together


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError:
        raise ValueError('should be an address such as "127.0.0.1" or "10.0.0.0/8"') from None
    return value


class WebTable(Table):
    host: Line = "127.0.0.1"
    port: int = Field(default=8025, ge=0, le=65_535)
    trusted_proxies: list[Annotated[str, AfterValidator(_network)]] = Field(
        default=["127.0.0.1", "::1"]
    )
    sign_ups_per_hour: int = Field(default=200, ge=1)

    def settings(self) -> WebSettings:
        return WebSettings(
            host=self.host,
            port=self.port,
            trusted_proxies=tuple(map(ip_network, self.trusted_proxies)),
            sign_ups_per_hour=self.sign_ups_per_hour,
        )
