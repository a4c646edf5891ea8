"""
The table `[web]`: where `digest serve` listens, whom it believes, and how many may sign up.
"""

from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, Field

from ..web import WebSettings
from .values import Line, Table


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
