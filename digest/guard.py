"""
Where no request of ours may go: into the networks behind us.

Every request that leaves the program is judged here twice: its web address as it is written, and
every network address that its host's name leads to. The network layer dials only what was judged,
so that a name cannot lead elsewhere a moment later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

from .errors import FetchError
from .text import safe_url

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = {"http": 80, "https": 443}

#: Written out, because `ipaddress.is_global` lets many of these pass and differs by version.
#: The registries: RFC 6890, RFC 5771 (multicast), RFC 6598 (carriers), RFC 7526 (6to4 relays).
REFUSED_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's own: metadata and keys of the machine.
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
#: All that is given out of IPv6, without tunnels (Teredo, 6to4) and examples.
GIVEN_V6 = IPv6Network("2000::/3")
REFUSED_V6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
#: IPv6 addresses that stand for an IPv4 address in their last 32 bits (RFC 4291, RFC 6052).
TRANSLATED = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """
    A web address, taken apart once: what is judged is what is asked for.
    """

    scheme: str
    host: str  #: ASCII, without brackets
    port: int
    path: str  #: with the query

    @property
    def place(self) -> str:
        """
        Host and port as addresses and the header `Host` have them.
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if PORTS[self.scheme] == self.port else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.place}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """
    The rules, and the exceptions that the configuration makes from them.

    What is excepted may be reached on every port, or, written `host:port`, on that one.
    """

    hosts: frozenset[str] = frozenset()
    nets: tuple[Network, ...] = ()

    def target(self, url: str) -> Target:
        """
        The address that may be asked for, as far as it is written. FetchError if it may not.
        """
        try:
            parts = urlsplit(safe_url(_without_user(url)))
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            host, port = "", None
        if not host:
            raise FetchError("is no web address", refused=True)
        return Target(
            scheme=parts.scheme,
            host=host,
            port=PORTS[parts.scheme] if port is None else port,
            path=f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}",
        )

    def judge(self, host: str, port: int, addresses: Sequence[str]) -> None:
        """
        Let a host pass if every single address that its name leads to may be dialled there.
        """
        if not self.hosts.isdisjoint({host.lower(), f"{host.lower()}:{port}"}):
            return
        found = [_plain(each) for each in addresses]
        if any(each is None or not (self._excepts(each) or is_public(each)) for each in found):
            raise FetchError(_refusal(host), refused=True)
        if port not in PORTS.values() and not all(each and self._excepts(each) for each in found):
            raise FetchError(f"port {port} is refused: only 80 and 443 are asked", refused=True)

    def _excepts(self, address: Address) -> bool:
        return any(address in net for net in self.nets)


def is_public(address: Address) -> bool:
    """
    Whether anybody on the Internet may have that address, and nobody else.
    """
    if isinstance(address, IPv4Address):
        return not any(address in net for net in REFUSED_V4)
    return address in GIVEN_V6 and not any(address in net for net in REFUSED_V6)


def parse_host(text: str) -> str:
    """
    A host that is excepted, with or without a port. ValueError if it is neither.
    """
    try:
        parts = urlsplit(safe_url(f"http://{text}"))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.path or parts.query or parts.fragment:
        raise ValueError('should be a host such as "media.intranet" or "media.intranet:8080"')
    return host if port is None else f"{host}:{port}"


def parse_net(text: str) -> Network:
    """
    A network that is excepted. ValueError if it is none.
    """
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError('should be a network such as "10.20.0.0/16" or "fd00::/8"') from None


def _without_user(url: str) -> str:
    """
    The same address. FetchError for what no request of ours has a use for.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in PORTS:
        raise FetchError("is neither http nor https", refused=True)
    if "@" in parts.netloc:
        raise FetchError("names a user before the host, which is refused", refused=True)
    return url


def _plain(text: str) -> Address | None:
    """
    The address that is meant, if it is written in another one. None for a zone of one machine.
    """
    if "%" in text:
        return None
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in TRANSLATED:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _refusal(host: str) -> str:
    # The addresses themselves are nobody's business: they may be those of an inner network.
    return (
        f"{host} leads to an address that is not public, which is refused"
        " (images.allow_hosts and images.allow_nets make exceptions)"
    )
