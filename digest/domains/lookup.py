"""
Questions to the DNS, each with a time limit.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, Protocol

from ..errors import LookupFailed, SettingsError

if TYPE_CHECKING:
    from dns.resolver import Resolver

TIME_LIMIT = 5.0  #: seconds, for all tries of one question

Kind = Literal["TXT", "MX", "A", "AAAA"]


class Lookup(Protocol):
    """
    All records of one kind, as text; none if there are none.
    """

    def __call__(self, name: str, kind: Kind, /) -> tuple[str, ...]: ...


def open_lookup(servers: Iterable[tuple[str, int]] = ()) -> Lookup:
    """
    Asks these name servers, or those of this machine.
    """
    try:
        from dns.exception import DNSException
        from dns.resolver import NXDOMAIN, NoAnswer
    except ImportError:
        message = "looking at DNS needs an extra: pip install 'newsletter-digest[dkim]'"
        raise SettingsError(message) from None
    resolver = _resolver(tuple(servers))

    def look_up(name: str, kind: Kind, /) -> tuple[str, ...]:
        try:
            answer = resolver.resolve(name, kind, lifetime=TIME_LIMIT, search=False)
        except (NXDOMAIN, NoAnswer):
            return ()
        except DNSException as error:
            raise LookupFailed(f"{type(error).__name__}") from None
        if kind == "TXT":
            return tuple(b"".join(each.strings).decode("utf-8", "replace") for each in answer)
        return tuple(each.to_text() for each in answer)

    return look_up


def _resolver(servers: tuple[tuple[str, int], ...]) -> "Resolver":
    from dns.exception import DNSException
    from dns.nameserver import Do53Nameserver
    from dns.resolver import Resolver

    try:
        resolver = Resolver(configure=not servers)
    except DNSException:
        raise LookupFailed("this machine names no name server") from None
    if servers:
        resolver.nameservers = [Do53Nameserver(host, port) for host, port in servers]
    return resolver
