"""
What `[web]` comes to.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

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
