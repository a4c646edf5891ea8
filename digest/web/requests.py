"""
What is taken from a request: short bodies, named fields, where it came from.
"""

from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from ..settings.web import Network

#: Enough for any form of ours, and for one-click requests by far.
MAX_BODY = 16_384
MAX_ONE_CLICK = 4_096
MAX_FIELDS = 300
#: An IPv6 customer has at least a /64, an address of IPv4 is one.
IPV6_BITS = 64


class BadRequest(Exception):  # noqa: N818 - it says what it is
    """
    Answered with this status, and nothing of what was sent.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Form:
    """
    The fields of a small urlencoded form. Other kinds of bodies have none.
    """

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def get(self, name: str) -> str:
        """
        The first of that name, or nothing.
        """
        return next((value for each, value in self._pairs if each == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for each, value in self._pairs if each == name)


async def read_form(request: Request, *, limit: int = MAX_BODY) -> Form:
    """
    BadRequest if the body is longer than that, or no form in spite of what it says.
    """
    body = await _read_body(request, limit)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return Form([])
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise BadRequest(400) from None
    return Form(pairs)


async def _read_body(request: Request, limit: int) -> bytes:
    claimed = request.headers.get("content-length", "0")
    if not claimed.isdecimal() or int(claimed[:9]) > limit:
        raise BadRequest(413)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BadRequest(413)
        chunks.append(chunk)
    return b"".join(chunks)


def is_own(request: Request, site_url: str) -> bool:
    """
    Whether a browser says that a page of ours sent the form. Who says nothing is not believed.

    Under another name than the site's, as on a network without HTTPS, the page and the server
    have to have the same.
    """
    fetched_from = request.headers.get("sec-fetch-site")
    if fetched_from is not None:
        return fetched_from in {"same-origin", "none"}
    origin, site = urlsplit(request.headers.get("origin", "")), urlsplit(site_url)
    same = origin[:2] == site[:2]
    return same or (origin.netloc != "" and origin.netloc == request.headers.get("host"))


def client_of(scope: Any, trusted: tuple[Network, ...]) -> str:
    """
    Who is asking: an address of IPv4, or the /64 of one of IPv6.

    X-Forwarded-For is believed from the right, as far as it was written by trusted proxies.
    """
    client = scope.get("client")
    hops = [client[0] if client else ""]
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    hops += reversed(
        [each.strip() for value in forwarded for each in value.decode("latin-1").split(",")]
    )
    for hop in hops:
        address = _address(hop)
        if address is None:
            break
        if not any(address in network for network in trusted):
            return _customer(address)
    return "unknown"


def _address(text: str) -> Any:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _customer(address: Any) -> str:
    if isinstance(address, IPv6Address):
        return f"{IPv6Address(int(address) >> IPV6_BITS << IPV6_BITS)}/{IPV6_BITS}"
    return str(address)
