"""
A reader's whole way in a real browser without JavaScript, from sign-up to leaving, by real mail.
"""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.factories import a_store
from tests.program import Project, a_project, contents, environment
from tests.secrecy import SECURED, leaks, tokens_in
from tests.smtpd import Recorder, smtp_server

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
WIDTHS = (320, 375, 1280)


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    """
    Playwright takes the event loop of this thread, so the mail server is there before it.
    """
    with smtp_server() as server:
        yield server


@pytest.fixture(scope="module")
def browser(chromium: str, recorder: Recorder) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


def a_project_on(folder: Path, port: int, smtp: int, language: str = "en") -> Project:
    project = a_project(
        folder,
        f'[smtp]\nhost = "127.0.0.1"\nport = {smtp}\nsecurity = "none"\n',
        f"[web]\nport = {port}\n",
        f"""
        [newsletters.weekly]
        title = "The Weekly"
        from = "The Weekly <weekly@example.org>"
        topics = ["Science", "Cities"]
        public = true
        archive = "public"
        language = "{language}"
        [newsletters.other]
        title = "The Other One"
        from = "The Other One <other@example.org>"
        topics = ["Arts"]
        public = true
        """,
    )
    text = project.config.read_text("utf-8")
    site = f"http://127.0.0.1:{port}"
    project.config.write_text(text.replace("https://digests.example.org", site), "utf-8")
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    common = {"publishedDateTime": yesterday, "secured": SECURED}
    project.add_article("tides", title="Tides, explained", heat=90, **common)
    project.add_article("trams", title="Trams at night", topics=["Cities"], **common)
    return project


@contextmanager
def served(project: Project, port: int) -> Iterator[None]:
    """
    The real program; what it says is in `serve.log` beside the project.
    """
    command = [sys.executable, "-m", "digest", "--config", str(project.config), "serve"]
    with (project.folder / "serve.log").open("w") as log:
        process = subprocess.Popen(command, env=environment(), stdout=log, stderr=log)
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) in {0, -signal.SIGTERM}


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def mail_to(address: str, recorder: Recorder, number: int) -> EmailMessage:
    """
    The mail of that number to somebody, from 1, as soon as it arrives.
    """
    for _ in range(200):
        found = [content for _, to, content in recorder.messages if to == address]
        if len(found) >= number:
            parsed = message_from_bytes(found[number - 1], policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            return parsed
        time.sleep(0.05)
    raise AssertionError("no such mail")


def html_of(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def link_in(html: str, letter: str) -> str:
    found = re.search(rf'href="(http://127\.0\.0\.1:\d+/{letter}/[^"]+)"', html)
    assert found
    return found[1]


def test_a_reader_s_way_from_sign_up_to_leaving(
    browser: Browser, recorder: Recorder, tmp_path: Path
) -> None:
    port = a_free_port()
    project = a_project_on(tmp_path, port, recorder.port)
    project.subscribe("bob@example.org")
    with served(project, port):
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        _sign_up(page, port, recorder)
        _choose_cities(page)
        _receive_and_leave(page, project, recorder)
        _leave_by_header(recorder, project)
        page.goto(link_in(html_of(mail_to("bob@example.org", recorder, 1)), "p"))
        texts = [page.content(), *_archive_of(project, port)]
        context.close()
    _check_secrecy(project, recorder, (project.folder / "serve.log").read_text(), texts)


def _sign_up(page: Page, port: int, recorder: Recorder) -> None:
    page.goto(f"http://127.0.0.1:{port}/s/weekly")
    page.get_by_label("Your mail address").fill("ann@example.org")
    page.wait_for_timeout(3_100)
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    mail = mail_to("ann@example.org", recorder, 1)
    page.goto(link_in(html_of(mail), "c"))
    page.get_by_role("button", name="Confirm the subscription").click()
    expect(page.get_by_role("heading", name="You are subscribed.")).to_be_visible()


def _choose_cities(page: Page) -> None:
    page.get_by_role("link", name="Choose your topics").click()
    expect(page.get_by_text("Tides, explained")).to_be_visible()
    page.get_by_label("Science").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_text("Trams at night")).to_be_visible()
    expect(page.get_by_text("Tides, explained")).not_to_be_visible()


def _receive_and_leave(page: Page, project: Project, recorder: Recorder) -> None:
    project.done("send", "weekly")
    letter = html_of(mail_to("ann@example.org", recorder, 2))
    assert "Trams at night" in letter
    assert "Tides, explained" not in letter
    assert "Tides, explained" in html_of(mail_to("bob@example.org", recorder, 1))
    page.goto(link_in(letter, "u"))
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You have left.")).to_be_visible()
    assert _state(project) == "unsubscribed"
    page.get_by_role("button", name="That was a mistake: undo it").click()
    expect(page.get_by_role("heading", name="Welcome back!")).to_be_visible()
    assert _state(project) == "active"


def _leave_by_header(recorder: Recorder, project: Project) -> None:
    """
    As RFC 8058 section 3.2 has mail programs do it.
    """
    letter = mail_to("ann@example.org", recorder, 2)
    found = re.search(r"<(http[^>]+)>", str(letter["List-Unsubscribe"]))
    assert found
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    answer = httpx2.post(found[1], data={"List-Unsubscribe": "One-Click"}, trust_env=False)
    assert answer.status_code == 200
    assert _state(project) == "unsubscribed"


def _state(project: Project) -> str:
    store = a_store(project.folder)
    _, (subscription, *_) = store.subscribers.find("ann@example.org")
    store.close()
    return str(subscription.state)


def _archive_of(project: Project, port: int) -> list[str]:
    project.done("archive", "build", "public")
    files = contents(project.folder / "public")
    texts = [data.decode() for path, data in files.items() if not path.startswith("i/")]
    site = f"http://127.0.0.1:{port}"
    return texts + [httpx2.get(f"{site}/a/{each}").text for each in ("", "weekly/feed.xml")]


def _check_secrecy(project: Project, recorder: Recorder, log: str, texts: list[str]) -> None:
    """
    Nothing that was written anywhere but into readers' mailboxes says who they are.
    """
    people, secured = {"ann@example.org", "bob@example.org"}, {*SECURED.split(";")}
    anns, bobs = (
        {token for _, to, mail in recorder.messages if to == who for token in tokens_in(mail)}
        for who in sorted(people)
    )
    told = {"log": log, "commands": "\n".join(project.printed)}
    pages = {f"page {number}": text for number, text in enumerate(texts)}
    letters = {f"letter {n}": mail for n, (_, _, mail) in enumerate(recorder.messages)}

    assert len(anns) >= 3
    assert len(bobs) >= 2
    assert "POST /u/{token} 200" in log
    assert "Trams at night" in "".join(texts)
    assert leaks(told, {*anns, *bobs, *people, *secured}) == []
    assert leaks(pages, {*anns, *people, *secured}) == []
    assert leaks(letters, secured) == []


@pytest.mark.parametrize(("language", "schemes"), [("en", ("light", "dark")), ("ar", ("dark",))])
def test_pages_are_accessible_and_fit_every_screen(
    browser: Browser, recorder: Recorder, tmp_path: Path, language: str, schemes: tuple[Scheme, ...]
) -> None:
    port, reader = a_free_port(), f"reader-{language}@example.org"
    project = a_project_on(tmp_path, port, recorder.port, language)
    project.subscribe(reader)
    project.subscribe(reader, newsletter="other")
    project.done("send", "weekly")
    letter = html_of(mail_to(reader, recorder, 1))
    with served(project, port):
        httpx2.post(link_in(letter, "p"), data={"do": "mail"}, trust_env=False)
        mail = html_of(mail_to(reader, recorder, 2))
        site = f"http://127.0.0.1:{port}"
        paths = ["/", "/s/weekly", "/a/", "/a/weekly/", "/u/", "/nothing"]
        addresses = [link_in(letter, "u"), link_in(letter, "p"), link_in(mail, "d")]
        addresses += [site + path for path in paths]
        for scheme in schemes:
            # The checks are a script, which our policy would not let in.
            context = browser.new_context(color_scheme=scheme, bypass_csp=True)
            for address in addresses:
                _check_page(context.new_page(), address)
            context.close()


def _check_page(page: Page, address: str) -> None:
    page.goto(address)
    found = Axe().run(page)
    assert found.violations_count == 0, f"{address}: {found.generate_report()}"
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    page.close()
