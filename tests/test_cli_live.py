"""
The live preview: seen by one person on one machine, and as new as what was saved last.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright

from tests.program import AT, WEEKLY, Project, a_full_project, environment

#: Longer than anything takes on a machine that is busy.
PATIENCE = 30
THEME = '{% extends "default/issue.mjml.j2" %}\n{% block note %}\n'


@dataclass
class Serving:
    """
    `digest serve --preview` at work, and what it says on one line after another.
    """

    process: subprocess.Popen[str]
    url: str

    def get(self, path: str = "", **headers: str) -> AbstractContextManager[HTTPResponse]:
        return self.ask(f"{urlsplit(self.url).path}{path}", **headers)

    @contextmanager
    def ask(self, path: str, method: str = "GET", **headers: str) -> Iterator[HTTPResponse]:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        with closing(connection):
            connection.request(method, path, headers=headers)
            with connection.getresponse() as answer:
                yield answer

    def page(self, path: str = "") -> str:
        with self.get(path) as answer:
            assert answer.status == 200, path
            return answer.read().decode()

    @contextmanager
    def events(self) -> Iterator[Iterator[dict[str, Any]]]:
        with self.get("events") as answer:
            lines = (line for line in answer if line.startswith(b"data: "))
            yield (json.loads(line.removeprefix(b"data: ")) for line in lines)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


Serve = Callable[..., Serving]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_full_project(tmp_path / "project", WEEKLY + 'theme = "own"\n')


@contextmanager
def serving_in(project: Project, *arguments: str) -> Iterator[Serving]:
    command = ("--config", str(project.config), "serve", "--preview", *AT, *arguments)
    with subprocess.Popen(
        [sys.executable, "-m", "digest", *command],
        cwd=project.folder,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        said = iter(process.stderr)
        found = (re.search(r"http://\S+", line) for line in said)
        try:
            yield Serving(process, next(each[0] for each in found if each))
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture
def serve(project: Project) -> Iterator[Serve]:
    with ExitStack() as stack:
        project.write("templates/own/issue.mjml.j2", THEME + "<p>First</p>{% endblock %}")
        yield lambda *arguments: stack.enter_context(serving_in(project, *arguments))


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """
    One for all that only look.
    """
    with serving_in(a_full_project(tmp_path_factory.mktemp("served") / "project")) as serving:
        yield serving


def test_the_gallery_is_shown_with_its_pages_and_pictures(serving: Serving) -> None:
    index = serving.page()

    assert "Tides, explained" in index
    (view, *_) = re.findall(r'src="(views/[^"]+)"', index)
    page = serving.page(view)
    (picture, *_) = re.findall(r'src="\.\./(pictures/[^"]+)"', page)
    with serving.get(picture) as answer:
        assert answer.status == 200
        assert answer.getheader("Content-Type") == "image/jpeg"
    (letter, *_) = re.findall(r'href="([^"]+\.eml)"', index)
    assert serving.page(letter).startswith("From: The Weekly")


def test_pages_made_of_articles_may_run_nothing(serving: Serving) -> None:
    (view, *_) = re.findall(r'src="(views/[^"]+)"', serving.page())

    for path in (view, view.removeprefix("views/").replace(".letter", "")):
        with serving.get(path) as answer:
            policy = str(answer.getheader("Content-Security-Policy"))
            assert policy.startswith("sandbox ")
            assert "default-src 'none'" in policy
            assert "script" not in policy
            assert answer.getheader("X-Content-Type-Options") == "nosniff"
            assert answer.getheader("Cache-Control") == "no-store"


@pytest.mark.parametrize("host", ["attacker.example", "attacker.example:80", "10.0.0.1", ""])
def test_another_name_for_this_machine_gets_nothing(serving: Serving, host: str) -> None:
    with serving.get(Host=host) as answer:
        assert answer.status == 400


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/index.html", "/events", "/x/", "TOKEN/../digest.toml", "TOKEN/%2e%2e/digest.toml"),
        *("TOKEN/pictures/../../digest.db", "TOKEN/nothing.html", "TOKEN//etc/passwd"),
    ],
)
def test_what_is_not_in_the_gallery_is_not_there(serving: Serving, path: str) -> None:
    token = urlsplit(serving.url).path.rstrip("/")
    with serving.ask(path.replace("TOKEN", token)) as answer:
        assert answer.status == 404
        assert b"Example" not in answer.read()


def test_only_this_machine_can_ask_and_only_for_pages(serving: Serving) -> None:
    assert urlsplit(serving.url).hostname == "127.0.0.1"
    assert len(urlsplit(serving.url).path) > 20
    with serving.ask(urlsplit(serving.url).path, "POST") as answer:
        assert answer.status == 405


@pytest.mark.parametrize(
    ("file", "text", "shown"),
    [
        ("templates/own/issue.mjml.j2", THEME + "<p>Second</p>{% endblock %}", "Second"),
        ("content/fresh.md", None, "A fresh story"),
        ("issues/weekly/2026-11-23.toml", 'introduction = "Good morning!"\n', "Good morning!"),
    ],
)
def test_what_is_saved_is_told_and_shown(
    serve: Serve, project: Project, file: str, text: str | None, shown: str
) -> None:
    serving = serve()
    with serving.events() as events:
        first = next(events)
        if text is None:
            project.add_article("fresh", title="A fresh story", heat=99)
        else:
            project.write(file, text)
        second = next(events)

    assert second == {"edition": first["edition"] + 1, "trouble": ""}
    (view, *_) = re.findall(r'src="(views/[^"]+)"', serving.page())
    assert shown in serving.page(view)


def test_a_broken_template_is_told_with_its_line_until_it_is_mended(
    serve: Serve, project: Project
) -> None:
    serving = serve()
    file = project.folder / "templates/own/issue.mjml.j2"
    with serving.events() as events:
        first = next(events)
        file.write_text(THEME + "{{ lead.heading }}{% endblock %}")
        broken = next(events)
        file.write_text(THEME + "<p>Mended</p>{% endblock %}")
        mended = next(events)

    assert broken["edition"] == first["edition"]
    assert broken["trouble"].startswith(f"{file}:3: ")
    assert mended == {"edition": first["edition"] + 1, "trouble": ""}


def test_it_starts_with_a_broken_configuration_and_shows_it_once_mended(
    serve: Serve, project: Project
) -> None:
    sound = project.config.read_text()
    project.config.write_text(sound.replace("per_topic = 2", "per_topic = 0"))
    serving = serve()
    with serving.events() as events:
        broken = next(events)
        assert "0 editions" in serving.page()
        project.config.write_text(sound)
        mended = next(events)

    assert "per_topic" in broken["trouble"]
    assert mended["trouble"] == ""
    assert "Tides, explained" in serving.page()


def test_one_subscribers_own_edition_can_be_shown(serve: Serve, project: Project) -> None:
    project.subscribe("ann@example.org", "ben@example.org")
    project.subscribe("cy@example.org", topics="Cities")

    index = serve("--subscriber", "cy@example.org").page()

    assert "1 edition." in index
    assert "Trams at night" in index
    assert "cy@example.org" not in index


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_although_somebody_looks(serve: Serve, number: int) -> None:
    serving = serve()
    with serving.events() as events:
        next(events)
        began = monotonic()
        status = serving.end(number)

    assert status == 0
    assert monotonic() - began < PATIENCE / 2
    assert serving.process.stderr
    assert serving.process.stderr.read() == ""


def test_a_port_that_is_taken_is_told_if_it_was_asked_for(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ran = project.run("serve", "--preview", "--port", str(port))

    assert ran.status == 1
    assert ran.err == (
        f"digest: port {port} cannot be used: Address already in use; name another by --port\n"
    )


def test_two_previews_stand_beside_each_other(serve: Serve) -> None:
    one, other = serve(), serve()

    assert urlsplit(one.url).port != urlsplit(other.url).port
    assert "Tides, explained" in other.page()


def test_without_the_extra_a_line_says_what_to_install(project: Project) -> None:
    blocked = project.folder / "blocked"
    blocked.mkdir()
    (blocked / "starlette.py").write_text("raise ModuleNotFoundError(name='starlette')")

    path = os.pathsep.join((str(blocked), environment()["PYTHONPATH"]))
    ran = project.run("serve", "--preview", environ={"PYTHONPATH": path})

    assert ran.status == 1
    assert ran.err == "digest: serving needs an extra: pip install 'newsletter-digest[web]'\n"


@pytest.fixture
def tab(chromium: str) -> Iterator[Tab]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1280, "height": 700})
        browser.close()


@pytest.mark.browser
def test_a_change_is_shown_where_one_was_reading(serve: Serve, project: Project, tab: Tab) -> None:
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(serve().url)
    tab.locator("label:has(#scheme-dark)").click()
    tab.locator("summary", has_text="Headers").click()
    letter = tab.frames[1]
    letter.locator("h1").first.wait_for()
    letter.evaluate("window.scrollTo(0, 200)")
    tab.evaluate("window.scrollTo(0, 120)")
    places = letter.evaluate("window.scrollY"), tab.evaluate("window.scrollY")
    assert min(places) > 100

    project.write("templates/own/issue.mjml.j2", THEME + "<p>Second</p>{% endblock %}")
    letter.locator("p", has_text="Second").wait_for()

    assert (letter.evaluate("window.scrollY"), tab.evaluate("window.scrollY")) == places
    assert tab.locator("#scheme-dark").is_checked()
    assert tab.locator("details[open] summary", has_text="Headers").count() == 1
    assert complaints == []


@pytest.mark.browser
def test_trouble_is_shown_above_the_last_good_gallery_and_vanishes(
    serve: Serve, project: Project, tab: Tab
) -> None:
    tab.goto(serve().url)
    trouble = tab.locator("#trouble")

    file = project.write("templates/own/issue.mjml.j2", THEME + "{{ lead.heading }}{% endblock %}")
    trouble.filter(has_text=f"{file}:3: ").wait_for()
    assert tab.locator("h2", has_text="Tides").is_visible()
    file.write_text(THEME + "{% endblock %}")

    trouble.filter(has_text=re.compile("^$")).wait_for(state="attached")
    assert not trouble.is_visible()
