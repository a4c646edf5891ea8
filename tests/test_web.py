"""
All routes at once: which method does what with which token from where, and what no page may do.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from digest.tokens import Key, sign_nonce, sign_token
from digest.web import create_app
from tests.factories import MONDAY, a_page, an_edition, an_entry, an_issue, signed_up
from tests.program import a_full_project
from tests.website import OTHER, WEEKLY, Website, serving

FOREIGN = Key(number=1, secret=b"f" * 32)
#: Where a request says that it comes from; a mail program says nothing.
ORIGINS: dict[str, dict[str, str]] = {
    "nowhere": {},
    "here": {"Sec-Fetch-Site": "same-origin"},
    "elsewhere": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    "null": {"Origin": "null"},
}
NO_SUCH_METHOD = 405
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH")
#: Route -> the status of each method in this order, for whoever has the right token.
TABLE: dict[str, tuple[int, int, int, int, int, int]] = {
    "/u/{token}": (200, 200, 200, 405, 405, 405),
    "/p/{token}": (200, 200, 200, 405, 405, 405),
    "/c/{token}": (200, 200, 200, 405, 405, 405),
    "/d/{token}": (200, 200, 404, 405, 405, 405),
    "/n/{token}": (200, 200, 200, 405, 405, 405),
    "/w/{token}/2026-11-23": (200, 200, 405, 405, 405, 405),
}
#: The same for what needs no token.
OPEN: dict[str, tuple[int, int, int, int, int, int]] = {
    "/s/weekly": (200, 200, 200, 405, 405, 405),
    "/s/other": (404, 404, 404, 405, 405, 405),
    "/s/nothing": (404, 404, 404, 405, 405, 405),
    "/u/": (200, 200, 405, 405, 405, 405),
    "/p/": (200, 200, 405, 405, 405, 405),
    "/a/": (200, 200, 405, 405, 405, 405),
    "/a/weekly/": (200, 200, 405, 405, 405, 405),
    "/a/weekly": (308, 308, 405, 405, 405, 405),
    "/a/other": (404, 404, 405, 405, 405, 405),
    "/a/nothing": (404, 404, 405, 405, 405, 405),
    "/a/other/": (404, 404, 405, 405, 405, 405),
    "/i/ab/picture.jpg": (404, 404, 405, 405, 405, 405),
    "/": (200, 200, 405, 405, 405, 405),
    "/docs": (404, 404, 404, 404, 404, 404),
}
#: Tokens of ours for somebody who is not here: their mail program is told that it is done.
UNSUBSCRIBED = ("of nobody for unsubscribe", "of another list")
SECURE = {
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    project = a_full_project(tmp_path_factory.mktemp("site"), WEEKLY, OTHER)
    with serving(project) as website:
        ann = website.reader()
        store = website.store
        store.issues.freeze(an_issue(), [(an_edition(), a_page())], [(ann.id, 0)])
        yield website


def token_of(site: Website, route: str, key: Key | None = None) -> str:
    """
    A token that is good for that route, if the key is.
    """
    key, ann = key or site.store.key(), site.store.subscribers.find("ann@example.org")[0]
    number = site.store.subscribers.number("weekly")
    match route[1]:
        case "c":
            entry = an_entry(address="new@example.org")
            return sign_nonce(key, "confirm", signed_up(site.store, entry, {"weekly": None}, {}))
        case "d":
            lifetime = MONDAY - MONDAY.replace(hour=5)
            nonce = site.store.requests.ask("data", ann.id, "weekly", lifetime)
            return sign_nonce(key, "data", nonce)
        case "n":
            lifetime = MONDAY - MONDAY.replace(hour=5)
            value = "weekly ann@example.org"
            nonce = site.store.requests.ask("address", ann.id, value, lifetime)
            return sign_nonce(key, "address", nonce)
        case letter:
            purpose = {"u": "unsubscribe", "p": "preferences", "w": "view"}[letter]
            return sign_token(key, purpose, subscriber_id=ann.id, newsletter_number=number)  # type: ignore[arg-type]


def bad_tokens(site: Website, route: str) -> dict[str, str]:
    """
    All kinds of tokens that are not good for a route.
    """
    good, number = token_of(site, route), site.store.subscribers.number("weekly")
    unknown = {
        each: sign_token(site.store.key(), each, subscriber_id=1, newsletter_number=number)
        for each in ("unsubscribe", "preferences", "view")
    }
    gone = {each: sign_nonce(site.store.key(), each, 1) for each in ("confirm", "data", "address")}
    other_list = sign_token(
        site.store.key(), "unsubscribe", subscriber_id=7, newsletter_number=number + 9
    )
    others = {f"for {each}": token_of(site, each) for each in TABLE if each[1] != route[1]}
    return {
        "forged": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "with another reader": good[:4] + ("A" if good[4] != "A" else "B") + good[5:],
        "foreign": token_of(site, route, FOREIGN),
        "truncated": good[:-1],
        "longer": good + "A",
        "odd": "%20" * 32,
        "short": "x",
        "of another list": other_list,
        **{f"of nobody for {each}": token for each, token in (unknown | gone).items()},
        **others,
    }


def snapshot(site: Website) -> list[object]:
    """
    Everything that a request could change about readers.
    """
    document = site.store.subscribers.story("ann@example.org")
    return [document, [*site.store.subscribers.active_iter("weekly")]]


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", TABLE)
def test_whoever_has_the_right_token_may_from_anywhere(
    site: Website, route: str, method: str, origin: str
) -> None:
    path = route.replace("{token}", token_of(site, route))

    answer = site.client.request(method, path, headers=ORIGINS[origin])

    assert answer.status_code == TABLE[route][METHODS.index(method)]
    assert not answer.headers.get("set-cookie")
    assert {name: answer.headers[name] for name in SECURE} == SECURE


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", OPEN)
def test_what_needs_no_token_is_the_same_from_anywhere(
    site: Website, path: str, method: str, origin: str
) -> None:
    before = snapshot(site)

    answer = site.client.request(method, path, headers=ORIGINS[origin])

    assert answer.status_code == OPEN[path][METHODS.index(method)]
    assert snapshot(site) == before


@pytest.mark.parametrize(
    ("route", "method"),
    [
        (route, method)
        for route, statuses in TABLE.items()
        for method, status in zip(METHODS, statuses, strict=True)
        if method != "HEAD" and status != NO_SUCH_METHOD
    ],
)
def test_all_that_leads_nowhere_is_one_and_the_same_answer(
    site: Website, route: str, method: str
) -> None:
    before = snapshot(site)
    clicked = UNSUBSCRIBED if (route, method) == ("/u/{token}", "POST") else ()

    answers = {
        kind: site.client.request(method, route.replace("{token}", token))
        for kind, token in bad_tokens(site, route).items()
        if kind not in clicked
    }

    nothing = site.get("/nothing")
    assert {kind: each.status_code for kind, each in answers.items()} == dict.fromkeys(answers, 404)
    assert {each.content for each in answers.values()} == {nothing.content}
    assert {headers_of(each) for each in answers.values()} == {headers_of(nothing)}
    assert snapshot(site) == before


@pytest.mark.parametrize("kind", UNSUBSCRIBED)
def test_one_click_by_our_own_token_is_heard_also_where_nobody_is_left(
    site: Website, kind: str
) -> None:
    before = snapshot(site)

    answer = site.post(f"/u/{bad_tokens(site, '/u/{token}')[kind]}")

    assert (answer.status_code, answer.text) == (200, "Unsubscribed.\n")
    assert snapshot(site) == before


def headers_of(answer: httpx2.Response) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in answer.headers.items() if name != "date")


def test_every_route_is_in_a_table(site: Website) -> None:
    app: Any = create_app(site.pipeline, random_bits=int)

    tested = [*TABLE, *OPEN]
    untested = [
        route.path
        for route in app.app.app.routes
        if not any(route.path_regex.match(path.replace("{token}", "x")) for path in tested)
    ]
    assert untested == []


@pytest.mark.parametrize("size", [4_097, 20_000, 1_000_000])
@pytest.mark.parametrize("route", ["/u/{token}", "/p/{token}", "/c/{token}", "/s/weekly"])
def test_long_bodies_are_refused(site: Website, route: str, size: int) -> None:
    if size == 4_097 and route != "/u/{token}":
        size = 16_385
    path = route.replace("{token}", token_of(site, route)) if "{" in route else route

    answer = site.client.post(path, content=b"x" * size)

    assert answer.status_code == 413


def test_a_body_without_a_length_is_cut_all_the_same(site: Website) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 1_000

    answer = site.client.post(f"/u/{token_of(site, '/u')}", content=endless())

    assert answer.status_code == 413


def test_a_form_that_is_none_is_an_error_without_an_echo(site: Website) -> None:
    path = f"/p/{token_of(site, '/p')}"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    for body in (b"\xff\xfe=1", b"&".join(b"a=1" for _ in range(400)), b"a=%ff%fe"):
        answer = site.client.post(path, content=body, headers=kind)

        assert answer.status_code == 400
        assert answer.text == "This request is not understood.\n"


def test_no_page_says_what_was_in_its_address(site: Website) -> None:
    answer = site.get("/s/<script>alert(1)</script>?q=<b>evil</b>")

    assert answer.status_code == 404
    assert "evil" not in answer.text
    assert "alert" not in answer.text


def test_logs_name_routes_and_neither_tokens_nor_addresses(site: Website) -> None:
    token = token_of(site, "/u")
    site.get(f"/u/{token}")
    site.get(f"/nothing/{token}")

    lines = "\n".join(site.log)
    assert "GET /u/{token} 200" in lines
    assert "GET - 404" in lines
    assert token not in lines
    assert "@" not in lines
    assert "127.0.0.1" not in lines


def test_a_path_of_the_site_s_address_may_or_may_not_be_there(tmp_path: Path) -> None:
    project = a_full_project(tmp_path, WEEKLY)
    text = project.config.read_text().replace("digests.example.org", "example.org/digests")
    project.config.write_text(text)
    with serving(project) as website:
        path = website.path("unsubscribe", website.reader())

        taken_away, passed_on = website.get(path), website.get(f"/digests{path}")

        assert taken_away.status_code == passed_on.status_code == 200
        assert taken_away.text == passed_on.text
        assert 'href="/digests/p/' in passed_on.text
