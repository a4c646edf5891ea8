"""
All of it together, as the program runs it: a letter too long for mail programs, its pictures, its
reader's links, on either store, with two servers and while an issue is being sent.
"""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import sync_playwright

from digest.store import Waiting
from digest.tokens import sign_token

from .factories import a_store
from .photos import a_photo
from .program import AT, ISSUE, SITE, Project, a_project, environment
from .smtpd import Recorder, smtp_server

STORIES = 160
EXCERPT = "A story of many words, told as ever by people who were there when it happened. " * 4
WEEKLY = """
    [newsletters.weekly]
    title = "The Weekly"
    from = "The Weekly <weekly@example.org>"
    topics = ["Science", "Cities"]
    per_topic = 100
    schedule = { every = "week", on = "monday", at = "07:00", timezone = "Europe/Paris" }
    window = "7d"
    public = true
    archive = "public"
    """
BRAND = '[brand]\naccent = "#0b7a75"\nlogo = "logo.png"\n'
TOKEN = re.compile(r"/[upw]/([A-Za-z0-9_-]{32})")
PICTURE = re.compile(r"/i/([0-9a-f]{2}/[0-9a-f]{32}\.(?:jpg|png))")
#: In `[images]`.
HOSTED = ("", 'delivery = "embedded"', 'public_url = "{elsewhere}"\npublish = "published"')


def a_long_project(project: Project, port: int, *tables: str) -> Project:
    """
    An issue that no mail program would show whole, the first story with a picture.
    """
    site = SITE.replace("https://digests.example.org", f"http://127.0.0.1:{port}")
    project.configure(site, BRAND, f"[web]\nport = {port}\n", *tables, WEEKLY)
    (project.folder / "logo.png").write_bytes(a_photo(600, 120))
    (project.folder / "content" / "lead.png").write_bytes(a_photo(1600, 900))
    for number in range(STORIES):
        images = [] if number else [{"url": "lead.png"}]
        project.add_article(
            f"story-{number}",
            title=f"Story number {number}.",
            excerpt=EXCERPT,
            heat=99 - number // 2,
            topics=[("Science", "Cities")[number % 2]],
            images=images,
        )
    return project


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def served(
    project: Project, port: int, end: signal.Signals = signal.SIGTERM
) -> Iterator[httpx2.Client]:
    """
    The real program. What it says is remembered with what the project's commands printed.
    """
    command = [sys.executable, "-m", "digest", "--config", str(project.config), "serve"]
    log = project.folder / f"serve-{port}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--port", str(port)], env=environment(), stdout=out, stderr=out
        )
        try:
            for _ in range(400):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            url = f"http://127.0.0.1:{port}"
            with httpx2.Client(base_url=url, timeout=30, trust_env=False) as client:
                yield client
        finally:
            process.send_signal(end)
            process.wait(20)
    project.printed.append(log.read_text())


def parsed(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def html_of(letter: EmailMessage) -> str:
    body = letter.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def path_in(html: str, place: str) -> str:
    found = re.search(rf'href="http://127\.0\.0\.1:\d+(/{place}/[^"#]+)"', html)
    assert found
    return found[1]


def stories_in(html: str) -> set[int]:
    return {int(each) for each in re.findall(r"Story number (\d+)\.", html)}


@pytest.mark.parametrize("images", HOSTED)
def test_what_a_letter_had_to_leave_out_is_on_its_page(tmp_path: Path, images: str) -> None:
    port = a_free_port()
    table = "[images]\n" + images.format(elsewhere=f"http://127.0.0.1:{port}/i")
    project = a_long_project(a_project(tmp_path), port, table)
    project.subscribe("ann@example.org")
    with served(project, port) as client:
        project.done("send", *AT)
        letter = html_of(parsed(project.letters[0].read_bytes()))
        tokens, path = {*TOKEN.findall(letter)}, path_in(letter, "w")
        page, kept = client.get(path), client.get("/a/weekly/2026-11-23.html")
        pictures = [client.get(f"/i/{each}") for each in PICTURE.findall(page.text)]

    assert path.endswith("/2026-11-23")
    assert len(stories_in(letter)) < STORIES
    assert stories_in(page.text) == stories_in(kept.text) == {*range(STORIES)}
    assert len(pictures) > 1
    assert {(each.status_code, each.headers["content-type"][:6]) for each in pictures} == {
        (200, "image/")
    }
    assert "cid:" not in page.text
    assert tokens
    assert not [each for each in tokens if each in page.text + kept.text]


def test_the_page_of_a_letter_is_whole_in_a_browser(chromium: str, tmp_path: Path) -> None:
    port = a_free_port()
    project = a_long_project(a_project(tmp_path), port)
    project.subscribe("ann@example.org")
    project.done("send", *AT)
    letter = html_of(parsed(project.letters[0].read_bytes()))

    with served(project, port) as client, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.location["url"]))
        widths = []
        for path in (path_in(letter, "w"), path_in(letter, "u"), "/a/weekly/"):
            page.goto(f"{client.base_url}".rstrip("/") + path, wait_until="load")
            widths += page.eval_on_selector_all("img", "all => all.map(each => each.naturalWidth)")
        browser.close()

    assert len(widths) > 3
    assert 0 not in widths
    assert {each.rpartition("/")[2] for each in said} <= {"favicon.ico"}


def test_two_servers_on_either_store_are_one_site(tmp_path: Path, store_url: str) -> None:
    ports = a_free_port(), a_free_port()
    recorder = Recorder()
    with smtp_server(recorder) as server, ExitStack() as stack:
        smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
        store = f'[store]\nurl = "{store_url}"\n'
        project = a_long_project(a_project(tmp_path), ports[0], store, smtp)
        addresses = [f"reader-{number}@example.org" for number in range(4)]
        for address in addresses:
            project.done("subscribers", "add", "weekly", address)
        project.done("send", *AT)
        letters = [html_of(parsed(data)) for _, _, data in recorder.messages]
        clients = [stack.enter_context(served(project, port)) for port in ports]
        paths = [path_in(letter, "u") for letter in letters]

        answers = [
            clients[number % 2].post(path, data={"List-Unsubscribe": "One-Click"}).text
            for number, path in enumerate(paths)
        ]
        seen = [clients[(number + 1) % 2].get(path).text for number, path in enumerate(paths)]
        back = clients[0].post(paths[1], data={"do": "return"}).text

    assert answers == ["Unsubscribed.\n"] * 4
    assert ["You get no letters." in each for each in seen] == [True] * 4
    assert "Welcome back!" in back
    left = project.json("subscribers", "list", "weekly", "--state", "unsubscribed")
    assert len(left["subscribers"]) == 3
    assert "5432" not in "".join(project.printed)


def test_who_leaves_by_the_web_while_an_issue_is_sent_gets_no_letter_later(tmp_path: Path) -> None:
    """
    The mail server takes its time with the first letter, until the last readers have left.
    """
    port = a_free_port()
    project = a_long_project(a_project(tmp_path), port)
    project.subscribe(*(f"r{number:03}@example.org" for number in range(60)))
    leaving: list[str] = []

    def leave_meanwhile(_: str) -> None:
        while leaving:
            assert client.post(leaving.pop(), data={"List-Unsubscribe": "One-Click"}).is_success

    with (
        served(project, port) as client,
        smtp_server(Recorder(on_data=leave_meanwhile)) as server,
    ):
        leaving += _paths_of_the_last(project, 3)
        smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
        project.config.write_text(project.config.read_text("utf-8") + smtp + "connections = 1\n")
        project.done("send", *AT)

    (issue,) = project.json("status", ISSUE)["issues"]
    assert (issue["accepted"], issue["suppressed"]) == (57, 3)


def test_a_mail_that_was_asked_for_outlives_a_killed_server(tmp_path: Path) -> None:
    port, nowhere = a_free_port(), a_free_port()
    project = a_long_project(a_project(tmp_path), port, _smtp(nowhere))

    with served(project, port, signal.SIGKILL) as client:
        stamp = re.findall(r'name="stamp" value="([^"]+)"', client.get("/s/weekly").text)[0]
        time.sleep(3.1)
        fields = {"email": "ann@example.org", "stamp": stamp}
        headers = {"Sec-Fetch-Site": "same-origin"}
        assert client.post("/s/weekly", data=fields, headers=headers).is_success
    with smtp_server() as recorder:
        a_long_project(project, port, _smtp(recorder.port))
        with served(project, port) as client:
            wait_for(lambda: len(recorder.messages) == 1)
            link = re.search(r"(/c/[A-Za-z0-9_-]{32})", recorder.messages[0][2].decode())
            assert link
            assert client.post(link[1], data={"do": "confirm"}).is_success
            wait_for(lambda: waiting_in(project) == ())
        with served(project, port):
            pass

    assert recorder.recipients == ["ann@example.org"]
    (ann,) = project.json("subscribers", "list", "weekly")["subscribers"]
    assert ann["email"] == "ann@example.org"


def _smtp(port: int) -> str:
    return f'[smtp]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'


def wait_for(reached: Callable[[], bool]) -> None:
    for _ in range(200):
        if reached():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to that")


def waiting_in(project: Project) -> tuple[Waiting, ...]:
    with closing(a_store(project.folder)) as store:
        return store.mails.waiting()


def _paths_of_the_last(project: Project, number: int) -> list[str]:
    with closing(a_store(project.folder)) as store:
        key, weekly = store.key(), store.subscribers.number("weekly")
        last = [*store.subscribers.active_iter("weekly")][-number:]
        return [
            "/u/" + sign_token(key, "unsubscribe", subscriber_id=each.id, newsletter_number=weekly)
            for each in last
        ]
