"""
What is believed of a request: who asks, and from where.
"""

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from digest.web.requests import client_of, is_own

TRUSTED = tuple(map(ip_network, ("127.0.0.1", "::1", "10.0.0.0/8")))


def a_request(client: str = "127.0.0.1", **headers: str) -> Request:
    pairs = [
        (name.replace("_", "-").encode(), value.encode("latin-1"))
        for name, value in headers.items()
    ]
    return Request({"type": "http", "method": "POST", "client": (client, 1), "headers": pairs})


@pytest.mark.parametrize(
    ("client", "forwarded", "expected"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        # Nobody but a trusted proxy may say where a request came from.
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9, 10.1.2.3", "203.0.113.9"),
        # What stands further left, the client may have written itself.
        ("127.0.0.1", "192.0.2.1, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9, nonsense", "unknown"),
        ("127.0.0.1", "", "unknown"),
        ("127.0.0.1", "10.0.0.1", "unknown"),
        # A customer has a /64, and may use any of its addresses.
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("::1", "2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", "", "198.51.100.7"),
        ("::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("testclient", "203.0.113.9", "unknown"),
    ],
)
def test_the_client_is_who_the_last_trusted_proxy_says(
    client: str, forwarded: str, expected: str
) -> None:
    headers = {"x_forwarded_for": forwarded} if forwarded else {}

    assert client_of(a_request(client, **headers).scope, TRUSTED) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site", "origin": "https://digests.example.org"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"origin": "https://digests.example.org"}, True),
        ({"origin": "http://digests.example.org"}, False),
        ({"origin": "https://digests.example.org.evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://192.0.2.7:8025", "host": "192.0.2.7:8025"}, True),
        ({"origin": "http://192.0.2.7:8025", "host": "192.0.2.7"}, False),
        ({"origin": "https://evil.example", "host": "digests.example.org"}, False),
        ({"origin": "null", "host": "null"}, False),
        ({"origin": "", "host": ""}, False),
        ({}, False),
    ],
)
def test_a_form_is_ours_if_a_browser_says_so(headers: dict[str, str], *, expected: bool) -> None:
    request = a_request(**headers)

    assert is_own(request, "https://digests.example.org/news") == expected
