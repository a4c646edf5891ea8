"""
What only others can tell, asked of real name servers and real web servers.
"""

import ssl
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from io import BufferedIOBase
from pathlib import Path
from random import Random

import pytest
import trustme

from digest.domains.lookup import Kind
from digest.errors import LookupFailed
from digest.model import Problem
from digest.pipeline import Moment, Pipeline
from digest.pipeline.online import DNS_SECONDS, Patience, online_problems
from digest.settings import load_settings

from .factories import MONDAY
from .nameserver import Zone, a_name_server
from .program import Project, a_project
from .webd import Answer, Asked, Web, a_deaf_port, http, web_server

GOOD: Zone = {
    ("example.org", "TXT"): ['"v=spf1 ip4:192.0.2.1 -all"'],
    ("example.org", "MX"): ["10 mail.example.org."],
    ("_dmarc.example.org", "TXT"): ['"v=DMARC1; p=none"'],
}
UNSIGNED = "letters of example.org are not signed"
#: No name that the DNS could know: its first label is too long.
NOBODY = f"http://{'a' * 64}.example.org/"
SITE = """
    [site]
    name = "Example Digests"
    url = "{site}"
    address = "Example Ltd, 1 High Street, Anytown"
    [images]
    allow_nets = ["127.0.0.0/8"]
    connect_seconds = 1
    read_seconds = 1
    [dns]
    servers = ["{server[0]}:{server[1]}"]
    [newsletters.weekly]
    title = "The Weekly"
    from = "The Weekly <weekly@example.org>"
    topics = ["Science"]
    max_articles = 20
    per_topic = 20
    """


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server({"/": http(b"a page")}) as web:
        yield web


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_project(tmp_path / "project")


def configure(project: Project, web: Web, server: tuple[str, int], *more: str) -> None:
    project.configure(SITE.format(site=web.url("/site"), server=server), *more)


def add_links(project: Project, *urls: str) -> None:
    now = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    for number, url in enumerate(urls):
        project.add_article(
            f"a{number}", webUrl=url, publishedDateTime=now, title=f"Story {number}"
        )


def problems(
    project: Project, web: Web, *more: str, zone: Zone = GOOD, broken: bool = False
) -> Sequence[Problem]:
    """
    What is found online, without what loopback cannot help.
    """
    with a_name_server(zone, broken=broken) as server:
        configure(project, web, server, *more)
        found = check(project)
    return [each for each in found if "is not https" not in each.message]


def check(project: Project) -> Sequence[Problem]:
    pipeline = Pipeline(
        load_settings(project.config, {}),
        clock=lambda: datetime.now(UTC),
        random_bits=Random().getrandbits,  # noqa: S311 - no secret
    )
    try:
        return online_problems(pipeline, Moment(at=datetime.now(UTC)))
    finally:
        pipeline.close()


def links(found: Sequence[Problem]) -> Sequence[Problem]:
    return [each for each in found if "the link" in each.message]


def messages(found: Sequence[Problem], level: str) -> str:
    return "\n".join(each.message for each in found if each.level == level)


def test_only_check_online_asks_anybody(project: Project, web: Web) -> None:
    add_links(project, web.url("/gone"))
    with a_name_server(GOOD) as server:
        configure(project, web, server)

        project.done("check")
        before = list(web.asked)
        found = project.json("check", "--online", status=1)["problems"]

    assert before == []
    assert f'{web.url("/gone")}" is dead (HTTP 404)' in "".join(each["message"] for each in found)


def test_the_domain_of_each_sender_is_looked_up(project: Project, web: Web) -> None:
    zone = {**GOOD, ("_dmarc.example.org", "TXT"): ['"v=DMARC1; rua=mailto:a@b.c"']}

    found = problems(project, web, zone=zone)

    assert "the DMARC record of example.org lacks p=none" in messages(found, "error")
    assert messages(found, "error").count(UNSIGNED) == 1
    assert {each.file for each in found} == {str(project.config)}


def test_letters_return_to_the_domain_that_takes_bounces(project: Project, web: Web) -> None:
    zone = {**GOOD, ("b.example.org", "MX"): ["10 mail.example.org."]}

    found = problems(project, web, '[bounces]\naddress = "bounce@b.example.org"\n', zone=zone)

    assert "b.example.org has no SPF record" in messages(found, "error")


def test_a_name_server_that_fails_is_a_warning(project: Project, web: Web) -> None:
    found = problems(project, web, broken=True)

    assert [each.message for each in found if each.level == "error"] == [
        each.message for each in found if UNSIGNED in each.message
    ]
    assert "could not be looked up" in messages(found, "warning")


def test_a_dead_link_is_an_error_in_its_article(project: Project, web: Web) -> None:
    web.answers["/taken-down"] = http(status=410)
    add_links(project, web.url("/"), web.url("/gone"), web.url("/taken-down"), NOBODY)

    found = links(problems(project, web))

    assert {Path(each.file).name for each in found} == {"a1.md", "a2.md", "a3.md"}
    assert all(each.level == "error" and each.line for each in found)
    assert '"Story 1"' in messages(found, "error")
    for reason in ("(HTTP 404)", "(HTTP 410)", "(there is no host aaa"):
        assert reason in messages(found, "error")


def test_what_may_be_better_tomorrow_is_a_warning(project: Project, web: Web) -> None:
    web.answers["/down"] = http(status=503)
    web.answers["/silent"] = lambda *_: time.sleep(3)
    add_links(project, web.url("/down"), web.url("/silent"), "http://127.0.0.1:9/")

    found = links(problems(project, web))

    assert {each.level for each in found} == {"warning"}
    told = messages(found, "warning")
    for reason in ("HTTP 503", "sent nothing for 1 s", "cannot be connected to"):
        assert f"does not work just now ({reason}" in told


def test_a_certificate_of_somebody_else_is_a_dead_link(project: Project, web: Web) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("other.test").configure_cert(server)
    with web_server({"/": http(b"a page")}, tls=server) as secure:
        add_links(project, secure.url("/"))

        found = problems(project, web)

    assert "CERTIFICATE_VERIFY_FAILED" in messages(found, "error")


def test_an_address_of_an_inner_network_is_named_and_not_asked(project: Project, web: Web) -> None:
    add_links(project, "http://10.1.2.3/wiki")

    found = problems(project, web)

    assert "was not followed: 10.1.2.3 leads to an address that is not public" in messages(
        found, "warning"
    )


def test_a_server_that_knows_no_head_is_asked_by_get(project: Project, web: Web) -> None:
    def no_head(asked: Asked, out: BufferedIOBase) -> None:
        out.write(http(status=404 if asked.method == "HEAD" else 200))

    web.answers["/no-head"] = no_head
    add_links(project, web.url("/no-head"))

    found = problems(project, web)

    assert not links(found)
    assert [each.method for each in web.asked if each.path == "/no-head"] == ["HEAD", "GET"]


def test_a_server_that_turns_programs_away_says_nothing(project: Project, web: Web) -> None:
    web.answers["/browsers-only"] = http(status=403)
    add_links(project, web.url("/browsers-only"))

    assert not links(problems(project, web))


def test_a_link_of_the_editor_is_named_with_their_file(project: Project, web: Web) -> None:
    add_links(project, web.url("/"))
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    hand = project.write(
        f"issues/weekly/{today}.toml", f'introduction = "[Look]({web.url("/gone")})"\n'
    )

    (found,) = links(problems(project, web))

    assert found.file == str(hand)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (http(status=502), "HTTP 502; is `digest serve` running"),
        (http(status=405), "HTTP 405 to a POST (RFC 8058)"),
        (http(status=301, Location="/elsewhere"), "redirects, which mail programs do not follow"),
        (http(status=404), ""),
    ],
)
def test_the_site_is_asked_as_a_mail_program_does_it(
    project: Project, web: Web, answer: bytes, expected: str
) -> None:
    web.answers = OneClick(answer)

    found = problems(project, web)

    clicks = [each for each in web.asked if each.path.startswith("/site/u/")]

    told = [each for each in found if "unsubscribe" in each.message]
    assert {each.method for each in clicks} == {"POST"}
    assert len(told) == bool(expected)
    assert expected in messages(told, "error")


class OneClick(dict[str, Answer]):
    """
    One answer to everybody who unsubscribes.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__({"unsubscribe": answer})

    def get(self, path: str, default: object = None) -> Answer:
        return self["unsubscribe"] if path.startswith("/site/u/") else http(status=404)


@pytest.mark.parametrize("broken", [True, False])
def test_no_network_is_said_in_one_line(project: Project, *, broken: bool) -> None:
    add_links(project, *(f"http://{'a' * 64}{number}.example.org/" for number in range(9)))
    away = Web({}, port=9)

    found = problems(project, away, zone={}, broken=broken)

    assert [each.level for each in found] == ["warning"]
    assert "is there a network?" in found[0].message


def test_where_nothing_answers_few_links_are_waited_for(project: Project) -> None:
    """
    Nor turns a call away, as behind a firewall that drops all there is.
    """
    with a_deaf_port() as port, a_name_server({}, broken=True) as server:
        away = Web({}, port=port, scheme="https")
        add_links(project, *(away.url("/", f"127.0.0.{number}") for number in range(2, 22)))
        configure(project, away, server)
        one_by_one = project.config.read_text("utf-8").replace("[dns]", "at_once = 1\n[dns]")
        project.config.write_text(one_by_one, "utf-8")
        started = time.monotonic()

        (found,) = check(project)

    assert time.monotonic() - started < 10
    assert "is there a network?" in found.message


def test_name_servers_are_addresses(project: Project, web: Web) -> None:
    configure(project, web, ("ns.example.org", 53))

    ran = project.run("check")

    assert ran.status == 1
    assert 'should be an address such as "192.0.2.53", or "127.0.0.1:5353"' in ran.err


def test_questions_to_the_dns_end_in_time() -> None:
    now = [MONDAY]

    def look_up(name: str, kind: Kind, /) -> tuple[str, ...]:
        now[0] += DNS_SECONDS
        return ()

    patience = Patience(look_up, lambda: now[0])

    assert patience("example.org", "MX") == ()
    now[0] += timedelta(seconds=1)
    with pytest.raises(LookupFailed, match="no time left"):
        patience("example.org", "TXT")
