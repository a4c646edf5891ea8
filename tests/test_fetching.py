"""
Other people's servers, at their worst: none gets through, each is named in one line, in time.
"""

import gzip
import os
import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from io import BufferedIOBase
from itertools import count
from pathlib import Path

import anyio
import pytest
import trustme

from digest.errors import FetchError, HostAway
from digest.fetching import Fetched, FetchLimits, Request
from digest.fetching.client import Client
from digest.fetching.network import GuardedNetwork, Resolve, resolve
from digest.guard import Guard, parse_net

from .webd import Asked, Web, a_deaf_port, http, web_server

LOOPBACK = Guard(nets=(parse_net("127.0.0.0/8"),))
LIMITS = FetchLimits(max_bytes=1_000_000)
#: For servers that take their time.
TIGHT = replace(LIMITS, seconds=1, connect_seconds=0.4, read_seconds=0.6)
#: What an error may take beyond its limit on a busy machine.
GRACE = 3


def fetch(
    url: str,
    *,
    guard: Guard = LOOPBACK,
    limits: FetchLimits = LIMITS,
    resolve: Resolve = resolve,
    certificates: ssl.SSLContext | None = None,
    **fields: object,
) -> Fetched:
    """
    One request by a client of its own.
    """

    async def run() -> Fetched:
        client = Client(
            guard, limits, agent="digest-tests", resolve=resolve, certificates=certificates
        )
        request = Request(url=url, **fields)  # type: ignore[arg-type]
        async with client, client.fetch(request) as answer:
            return answer

    return anyio.run(run)


def refusal(url: str, *, limits: FetchLimits = LIMITS, **fields: object) -> str:
    """
    Why there is no answer: in one line, and in time.
    """
    started = time.monotonic()
    with pytest.raises(FetchError) as caught:
        fetch(url, limits=limits, **fields)  # type: ignore[arg-type]
    assert time.monotonic() - started < limits.seconds + GRACE
    message = str(caught.value)
    assert message
    assert message.isprintable()
    return message


def names(*addresses: str) -> Resolve:
    """
    A resolver by which every host has these addresses.
    """

    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server({"/a.jpg": http(b"picture", ETag='"1"')}) as web:
        yield web


def test_an_answer_has_its_status_headers_and_bytes(web: Web) -> None:
    answer = fetch(web.url("/a.jpg"), headers={"If-None-Match": '"0"'})

    assert (answer.status, answer.data, answer.headers["etag"]) == (200, b"picture", '"1"')
    assert answer.url == web.url("/a.jpg")
    (asked,) = web.asked
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.headers["user-agent"] == "digest-tests"
    assert asked.headers["if-none-match"] == '"0"'
    assert asked.headers["host"] == f"127.0.0.1:{web.port}"


def test_other_statuses_are_answers_without_bytes(web: Web) -> None:
    web.answers["/500"] = http(b"x" * 2_000_000, status=500)

    assert fetch(web.url("/gone")).status == 404
    answer = fetch(web.url("/500"))
    assert (answer.status, answer.data) == (500, b"")


def test_a_head_has_no_body(web: Web) -> None:
    web.answers["/head"] = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"

    answer = fetch(web.url("/head"), method="HEAD", body=False)

    assert (answer.status, answer.data) == (200, b"")
    assert web.asked[0].method == "HEAD"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "0",
        "0.0.0.0",  # noqa: S104 - it is refused
        "localhost",
        "localhost.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
    ],
)
def test_no_notation_of_an_inner_address_is_asked(web: Web, host: str) -> None:
    for port in (web.port, 80, 443):
        message = refusal(f"http://{host}:{port}/a.jpg", guard=Guard())
        assert re.search(r"not public|there is no host|no web address", message)
    assert web.asked == []


@pytest.mark.parametrize("inner", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1%1"])
def test_mixed_answers_are_refused_as_a_whole(web: Web, inner: str) -> None:
    for addresses in (("93.184.215.14", inner), (inner, "93.184.215.14")):
        message = refusal(web.url("/a.jpg", "mixed.test"), guard=Guard(), resolve=names(*addresses))
        assert "mixed.test leads to an address that is not public" in message
    assert web.asked == []


def test_a_name_that_leads_elsewhere_a_moment_later_is_judged_again(web: Web) -> None:
    """
    DNS rebinding: the address that was judged is the one that is dialled, and every connection
    asks anew.
    """
    lookups = count()

    async def rebind(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if next(lookups) == 0 else ["10.0.0.1"]

    web.answers["/a.jpg"] = http(
        status=302, Location=web.url("/b.jpg", "rebound.test"), Connection="close"
    )
    message = refusal(web.url("/a.jpg", "rebound.test"), resolve=rebind)

    assert "rebound.test leads to an address that is not public" in message
    assert web.paths == ["/a.jpg"]
    assert next(lookups) == 2


def test_the_judged_address_is_dialled_and_the_name_is_not_looked_up_again(web: Web) -> None:
    """
    The host exists for nobody but the resolver at hand.
    """
    answer = fetch(web.url("/a.jpg", "nobody-else-knows.test"), resolve=names("127.0.0.1"))

    assert answer.data == b"picture"
    assert web.asked[0].headers["host"] == f"nobody-else-knows.test:{web.port}"


def test_a_second_address_is_tried_where_the_first_is_dead(web: Web) -> None:
    answer = fetch(web.url("/a.jpg", "two.test"), resolve=names("127.0.0.99", "127.0.0.1"))

    assert answer.data == b"picture"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://10.0.0.1/a.jpg", "not public"),
        ("http://169.254.169.254/latest/meta-data/", "not public"),
        ("//10.0.0.1/a.jpg", "not public"),
        ("http://user:secret@127.0.0.1:{port}/a.jpg", "names a user"),
        ("http://[::1", "no web address"),
        ("file:///etc/passwd", "neither http nor https"),
        ("gopher://127.0.0.1:6379/x", "neither http nor https"),
        ("http://8.8.8.8:22/", "port 22 is refused"),
        ("/loop", "redirects more than 5 times"),
    ],
)
def test_every_hop_of_a_redirect_is_judged(web: Web, location: str, reason: str) -> None:
    web.answers["/loop"] = http(status=302, Location=location.format(port=web.port))

    message = refusal(web.url("/loop"))

    assert reason in message
    assert "secret" not in message
    assert set(web.paths) == {"/loop"}
    assert len(web.asked) <= LIMITS.redirects + 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(web: Web, status: int) -> None:
    web.answers["/old"] = http(status=status, Location="/a.jpg")

    answer = fetch(web.url("/old"))

    assert (answer.data, answer.url) == (b"picture", web.url("/a.jpg"))


def test_a_redirect_to_loopback_is_refused_where_only_the_first_host_is_excepted(web: Web) -> None:
    web.answers["/in"] = http(status=302, Location=web.url("/a.jpg", "localhost"))
    guard = Guard(hosts=frozenset({f"127.0.0.1:{web.port}"}))

    assert "localhost leads to an address that is not public" in refusal(
        web.url("/in"), guard=guard
    )
    assert web.paths == ["/in"]


def test_endless_redirects_end(web: Web) -> None:
    for number in range(20):
        web.answers[f"/{number}"] = http(status=302, Location=f"/{number + 1}")

    assert "redirects more than 5 times" in refusal(web.url("/0"))
    assert len(web.asked) == 6


@contextmanager
def https_server(*hosts: str) -> Iterator[tuple[Web, ssl.SSLContext]]:
    """
    A server with a certificate for these hosts, and a client's trust in it.
    """
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(server)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with web_server({"/a.jpg": http(b"picture")}, tls=server) as web:
        yield web, trust


def test_the_certificate_has_to_be_the_hosts_and_not_the_addresses() -> None:
    with https_server("good.test") as (web, trust):
        good = fetch(web.url("/a.jpg", "good.test"), resolve=names("127.0.0.1"), certificates=trust)
        message = refusal(
            web.url("/a.jpg", "other.test"), resolve=names("127.0.0.1"), certificates=trust
        )

    assert good.data == b"picture"
    assert "certificate" in message
    assert "other.test" in message


def test_a_certificate_of_nobody_known_is_refused() -> None:
    with https_server("good.test") as (web, _):
        message = refusal(web.url("/a.jpg", "good.test"), resolve=names("127.0.0.1"))

    assert "certificate" in message
    assert web.asked == []


def test_https_does_not_fall_back_to_http(web: Web) -> None:
    with https_server("good.test") as (secure, trust):
        secure.answers["/down"] = http(status=302, Location=web.url("/a.jpg"))
        message = refusal(
            secure.url("/down", "good.test"), resolve=names("127.0.0.1"), certificates=trust
        )

    assert "from https to http" in message
    assert web.asked == []


def drip(chunk: bytes, pause: float = 0.05, first: bytes = b"") -> object:
    """
    Never silent for long, and never at an end.
    """

    def answer(asked: Asked, out: BufferedIOBase) -> None:
        out.write(first)
        for _ in range(400):
            out.write(chunk)
            time.sleep(pause)

    return answer


BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (drip(b"x", first=BODY), "took longer than 1 s"),
        (drip(b"X-More: a\r\n", first=b"HTTP/1.1 200 OK\r\n"), "took longer than 1 s"),
        (drip(b"H"), "took longer than 1 s|connection broke"),
        (drip(b"", pause=0.2, first=BODY), "sent nothing for 0.6 s"),
        (drip(b"", pause=0.2), "sent nothing for 0.6 s"),
        (
            drip(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
            "took longer than 1 s",
        ),
    ],
    ids=["slow body", "header drip", "status drip", "stalled body", "silence", "endless hints"],
)
def test_slowness_ends_in_time(web: Web, answer: object, reason: str) -> None:
    web.answers["/slow"] = answer  # type: ignore[assignment]

    assert re.search(reason, refusal(web.url("/slow"), limits=TIGHT))


def test_a_host_that_takes_no_call_is_away() -> None:
    with a_deaf_port() as port, pytest.raises(HostAway, match="did not answer within"):
        fetch(f"http://127.0.0.1:{port}/", limits=TIGHT)


def test_a_host_that_takes_the_call_and_says_nothing_of_itself_is_away() -> None:
    """
    The connection is there, the handshake of TLS never ends.
    """
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(5)
        with pytest.raises(HostAway, match=r"did not answer within 0\.4 s"):
            fetch(f"https://127.0.0.1:{mute.getsockname()[1]}/", limits=TIGHT)


def test_a_dead_end_of_a_redirect_does_not_make_the_first_host_away(web: Web) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        web.answers["/out"] = http(
            status=302, Location=f"https://127.0.0.1:{closed.getsockname()[1]}/"
        )
        with pytest.raises(FetchError, match="redirects: cannot be connected to") as caught:
            fetch(web.url("/out"))

    assert not isinstance(caught.value, HostAway)


def test_a_closed_port_and_an_unknown_name_are_hosts_away(web: Web) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(HostAway, match="cannot be connected to"):
            fetch(f"http://127.0.0.1:{port}/")
    with pytest.raises(HostAway, match=r"there is no host nowhere\.invalid"):
        fetch("http://nowhere.invalid/", resolve=names())


def test_a_name_server_that_hangs_holds_up_nobody() -> None:
    async def hang(host: str, port: int) -> Sequence[str]:
        await anyio.sleep(60)
        return []

    with pytest.raises(HostAway, match=r"hung\.test did not answer within 0\.4 s"):
        fetch("http://hung.test/", resolve=hang, limits=TIGHT)


def test_the_systems_resolver_can_be_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The lookup itself cannot be ended: nobody waits for its thread.
    """

    def hang(*_: object, **__: object) -> list[object]:
        time.sleep(2)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)

    assert "did not answer" in refusal("http://hung.test/", limits=TIGHT)


def test_a_gzip_bomb_is_refused_before_its_first_byte(web: Web) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    web.answers["/bomb"] = http(bomb, Content_Encoding="gzip")
    web.answers["/odd"] = http(b"picture", Content_Encoding="identity")

    assert "compressed" in refusal(web.url("/bomb"))
    assert fetch(web.url("/odd")).data == b"picture"


def test_too_much_is_refused_as_it_is_announced(web: Web) -> None:
    web.answers["/large"] = drip(  # type: ignore[assignment]
        b"x" * 1000, first=b"HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\n"
    )

    assert "larger than 1,000,000 bytes" in refusal(web.url("/large"))


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ids=["to the end", "chunked"],
)
def test_too_much_is_refused_where_it_is_not_announced(web: Web, head: bytes) -> None:
    def endless(asked: Asked, out: BufferedIOBase) -> None:
        out.write(head)
        out.writelines(b"10000\r\n" + b"x" * 65_536 + b"\r\n" for _ in range(10_000))

    web.answers["/endless"] = endless

    assert "larger than 1,000,000 bytes" in refusal(web.url("/endless"))


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 7\r\n\r\npicture",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00\x01\x02\x03" * 100,
        b"",
    ],
    ids=range(10),
)
def test_broken_answers_are_named(web: Web, raw: bytes) -> None:
    def answer(asked: Asked, out: BufferedIOBase) -> None:
        out.write(raw)

    web.answers["/broken"] = answer

    assert "the connection broke" in refusal(web.url("/broken"))


def test_more_bytes_than_announced_are_not_read(web: Web) -> None:
    web.answers["/lie"] = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npicture and more"

    assert fetch(web.url("/lie")).data == b"picture"


def test_the_environments_proxy_is_not_asked(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setitem(os.environ, name, proxy.url())
        assert fetch(web.url("/a.jpg")).data == b"picture"

    assert proxy.asked == []


def test_no_socket_of_the_machine_is_opened(tmp_path: Path) -> None:
    network = GuardedNetwork(LOOPBACK, resolve)

    with pytest.raises(FetchError, match="a socket of this machine is refused"):
        anyio.run(network.connect_unix_socket, str(tmp_path / "docker.sock"))
