"""
The table `[dns]`: who is asked about the domains that letters are sent from.
"""

from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, Field

from .values import Table

PORT = 53
MAX_PORT = 65_535


def _name_server(value: str) -> str:
    name_server(value)
    return value


class DnsTable(Table):
    servers: list[Annotated[str, AfterValidator(_name_server)]] = Field(default_factory=list)


def name_server(value: str) -> tuple[str, int]:
    """
    Its address and port. ValueError if it is written in another way.
    """
    host, _, port = value.rpartition(":") if _has_port(value) else (value, "", str(PORT))
    host = host.removeprefix("[").removesuffix("]")
    try:
        ip_address(host)
        number = int(port)
    except ValueError:
        number = 0
    if not 0 < number <= MAX_PORT:
        raise ValueError('should be an address such as "192.0.2.53", or "127.0.0.1:5353"')
    return host, number


def _has_port(value: str) -> bool:
    return "]:" in value or value.count(":") == 1
