"""
No request leads into a network that is not everybody's, however its address is written.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import FetchError
from digest.guard import REFUSED_V4, Guard, is_public, parse_host, parse_net

STRICT = Guard()
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
#: What the lists of imgproxy, go-camo and thumbor name, and what those lists forgot.
INNER = [
    "0.0.0.0",  # noqa: S104 - it is refused
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::172.16.0.1",
    "64:ff9b::100.64.0.1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:c0a8:101::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700:4700::1111%1",
    "fec0::1",
    "ff02::1",
]


def refusal(guard: Guard, *addresses: str, port: int = 443) -> str:
    with pytest.raises(FetchError) as caught:
        guard.judge("host.test", port, addresses)
    assert caught.value.refused
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_everybodys_may_be_dialled(address: str) -> None:
    STRICT.judge("host.test", 443, [address])


@pytest.mark.parametrize("address", INNER)
def test_what_is_not_everybodys_is_refused(address: str) -> None:
    message = refusal(STRICT, address)

    assert "host.test leads to an address that is not public" in message
    assert "images.allow_nets" in message


@pytest.mark.parametrize("address", INNER)
@pytest.mark.parametrize("public", PUBLIC[:3])
def test_one_inner_address_among_public_ones_is_enough(address: str, public: str) -> None:
    refusal(STRICT, public, address)
    refusal(STRICT, address, public)


def test_a_refusal_does_not_tell_the_inner_address() -> None:
    assert "10.20.30.40" not in refusal(STRICT, "10.20.30.40")


@pytest.mark.parametrize("net", REFUSED_V4)
def test_networks_are_refused_from_their_first_to_their_last_address(net: object) -> None:
    network = ip_network(str(net))
    for address in (network.network_address, network.broadcast_address):
        refusal(STRICT, str(address))
        refusal(STRICT, f"::ffff:{address}")
        refusal(STRICT, str(IPv6Address(int(IPv6Address("64:ff9b::")) + int(address))))


@given(st.ip_addresses(v=4))
def test_nothing_passes_that_python_calls_private(address: IPv4Address) -> None:
    if address.is_private or address.is_loopback or address.is_multicast or address.is_reserved:
        assert not is_public(address)


@given(st.ip_addresses(v=6))
def test_nothing_passes_that_python_calls_private_in_ipv6(address: IPv6Address) -> None:
    if is_public(address):
        assert address in ip_network("2000::/3")
        assert not address.is_private
        assert address.sixtofour is None
        assert address.teredo is None


@pytest.mark.parametrize("port", [0, 1, 22, 25, 6379, 8080, 11211, 65535])
def test_other_ports_than_those_of_the_web_are_refused(port: int) -> None:
    assert f"port {port} is refused" in refusal(STRICT, "8.8.8.8", port=port)


def test_an_excepted_network_may_be_dialled_on_every_port() -> None:
    guard = Guard(nets=(parse_net("10.20.0.0/16"), parse_net("fd00::/8")))

    guard.judge("host.test", 8080, ["10.20.1.2", "::ffff:10.20.1.2", "fd00::7"])

    refusal(guard, "10.21.0.1")
    refusal(guard, "10.20.1.2", "10.21.0.1")
    refusal(guard, "10.20.1.2", "8.8.8.8", port=8080)


def test_an_excepted_host_may_be_anywhere() -> None:
    guard = Guard(hosts=frozenset({"media.intranet", "cache.intranet:8080"}))

    guard.judge("media.intranet", 9000, ["10.0.0.1"])
    guard.judge("MEDIA.intranet", 80, ["10.0.0.1"])
    guard.judge("cache.intranet", 8080, ["10.0.0.1"])

    for host, port in (("cache.intranet", 80), ("other.intranet", 80), ("a.media.intranet", 80)):
        with pytest.raises(FetchError):
            guard.judge(host, port, ["10.0.0.1"])


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.org/a.jpg", "neither http nor https"),
        ("file:///etc/passwd", "neither http nor https"),
        ("gopher://127.0.0.1:6379/_x", "neither http nor https"),
        ("javascript:alert(1)", "neither http nor https"),
        ("data:image/png;base64,AAAA", "neither http nor https"),
        ("//example.org/a.jpg", "neither http nor https"),
        ("", "neither http nor https"),
        ("https://user:secret@example.org/a.jpg", "names a user"),
        ("https://example.org@127.0.0.1/a.jpg", "names a user"),
        ("https://@example.org/a.jpg", "names a user"),
        ("https:///a.jpg", "no web address"),
        ("https://example.org:99999/a.jpg", "no web address"),
        ("https://[::1/a.jpg", "no web address"),
        ("https://exa\r\nmple.org/a.jpg\x00", "no web address"),
        ("https://./a.jpg", "no web address"),
    ],
)
def test_what_is_no_plain_web_address_is_refused(url: str, reason: str) -> None:
    with pytest.raises(FetchError, match=re.escape(reason)) as caught:
        STRICT.target(url)
    assert "secret" not in str(caught.value)


def test_an_address_is_taken_apart_once() -> None:
    target = STRICT.target("https://Example.org./a b.jpg?x=1#fragment")

    assert (target.host, target.port, target.path) == ("example.org", 443, "/a%20b.jpg?x=1")
    assert target.url == "https://example.org/a%20b.jpg?x=1"
    assert STRICT.target("http://[2606:4700::1]:8080").url == "http://[2606:4700::1]:8080/"


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_an_error_of_ours(text: str) -> None:
    try:
        target = STRICT.target(text)
    except FetchError:
        return
    assert target.host
    assert target.host.isascii()


@pytest.mark.parametrize("text", ["media.intranet", "10.0.0.1", "media.intranet:8080", "[fd00::7]"])
def test_hosts_are_excepted_with_or_without_a_port(text: str) -> None:
    assert parse_host(text) == text.strip("[]")


@pytest.mark.parametrize("text", ["", "a b", "http://x", "x/y", "x:port", "u@x", "x:80:80"])
def test_an_exception_that_is_no_host_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"media\.intranet:8080"):
        parse_host(text)


@pytest.mark.parametrize("text", ["", "10.0.0.0/40", "10.0.0.1/8", "intranet"])
def test_an_exception_that_is_no_network_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape("10.20.0.0/16")):
        parse_net(text)


def test_a_plain_address_is_a_network_of_one() -> None:
    assert ip_address("10.0.0.1") in parse_net("10.0.0.1")
