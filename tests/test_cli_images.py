"""
digest images, and the pictures of previews and letters: the real program against a web server.
"""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from .photos import RED, a_photo
from .program import AT, WEEKLY, Project, a_project, contents, environment
from .webd import Web, http, web_server

PHOTO = a_photo(1200, 800)
IMAGES = """
    [images]
    allow_nets = ["127.0.0.0/8"]
    seconds = 3
    """


@pytest.fixture
def web() -> Iterator[Web]:
    answers = {"/a.png": http(PHOTO, ETag='"1"'), "/b.png": http(a_photo(left=RED))}
    with web_server(answers) as web:
        yield web


@pytest.fixture
def project(tmp_path: Path, web: Web) -> Project:
    """
    Two stories: the first choice of one of them is dead.
    """
    project = a_project(tmp_path / "project", WEEKLY, IMAGES)
    project.add_article("tides", heat=90, images=[{"url": web.url("/a.png")}])
    dead = [{"url": web.url("/dead.png")}, {"url": web.url("/b.png")}]
    project.add_article("trams", topics=["Cities"], images=dead)
    return project


def shown(project: Project, url: str) -> Any:
    return project.json("images", "show", url)


def test_fetch_warms_the_cache_and_a_second_run_fetches_nothing(project: Project, web: Web) -> None:
    first = project.json("images", "fetch", *AT)
    second = project.json("images", "fetch", "weekly", *AT)

    assert (first["articles"], first["fetched"], first["failed"]) == (2, 2, 1)
    assert first["problems"] == [{"url": web.url("/dead.png"), "message": "HTTP 404"}]
    assert (second["fetched"], second["kept"], second["waiting"]) == (0, 2, 1)
    assert sorted(web.paths) == ["/a.png", "/b.png", "/dead.png"]


def test_fetch_tells_people_the_same_on_standard_error(project: Project, web: Web) -> None:
    ran = project.done("images", "fetch", *AT)

    assert ran.out == ""
    assert f"{web.url('/dead.png')}: HTTP 404" in ran.err
    assert "2 articles: 2 fetched, 0 unchanged, 0 kept, 0 waiting, 1 failed" in ran.err


def test_a_run_that_was_too_short_says_so(project: Project, web: Web) -> None:
    web.answers["/a.png"] = lambda *_: time.sleep(8)
    project.configure(*_tables(project), "run_seconds = 3")

    ran = project.run("images", "fetch", *AT)

    assert ran.status == 75
    assert "the time was too short for 1 article: run it again" in ran.err


def test_show_tells_what_happened_to_a_picture(project: Project, web: Web) -> None:
    project.done("images", "fetch", *AT)

    good, dead = shown(project, web.url("/a.png")), shown(project, web.url("/dead.png"))

    assert (good["note"]["status"], good["note"]["etag"]) == (200, '"1"')
    (picture,) = good["pictures"]
    assert picture["slot"] == "lead"
    assert Path(picture["file"]).is_file()
    assert (dead["note"]["trouble"], dead["pictures"]) == ("HTTP 404", [])
    assert "HTTP 404" in project.done("images", "show", web.url("/dead.png")).err
    assert "nobody has asked for it yet" in project.done("images", "show", "https://x.test/y").err


def test_stats_count_pictures_and_troubles(project: Project) -> None:
    assert project.json("images", "stats")["pictures"] == 0
    project.done("images", "fetch", *AT)

    stats = project.json("images", "stats")

    assert (stats["pictures"], stats["sources"], stats["fresh"], stats["failing"]) == (2, 3, 3, 1)
    assert stats["bytes"] > 1000
    assert "failing" in project.done("images", "stats").err


def test_gc_takes_no_picture_that_a_letter_shows(project: Project, web: Web) -> None:
    project.subscribe("ann@example.org")
    project.configure(*_tables(project), "max_cache = 0")
    project.done("send", *AT)
    before = contents(project.folder / "pictures-cache")

    told = project.json("images", "gc", "--dry-run")
    swept = project.json("images", "gc")

    assert (told["dry_run"], swept["dry_run"]) == (True, False)
    assert swept["in_issues"] == 2
    assert (told["removed"], swept["removed"]) == ([], [])
    assert contents(project.folder / "pictures-cache") == before


def test_an_issue_of_long_ago_that_was_sent_lately_keeps_its_pictures(
    project: Project, web: Web
) -> None:
    long_ago = "2024-05-06T08:00"
    picture = {"url": web.url("/a.png")}
    project.add_article("old", publishedDateTime="2024-05-04T12:00:00Z", images=[picture])
    project.subscribe("ann@example.org")
    project.done("send", "--at", long_ago)

    assert project.json("images", "stats")["in_issues"] == 1
    assert project.json("images", "publish", "public")["copied"] >= 1


@pytest.mark.parametrize("command", ["check", "preview"])
def test_a_picture_that_the_cache_lost_is_named(project: Project, web: Web, command: str) -> None:
    project.done("images", "fetch", *AT)
    for path in (project.folder / "pictures-cache").glob("??/*.jpg"):
        path.write_bytes(path.read_bytes() + b"!")

    arguments = {"check": [], "preview": ["--offline", *AT]}[command]
    said = project.done(command, *arguments).err
    gallery = project.folder / "preview/index.html"
    said += gallery.read_text("utf-8") if gallery.exists() else ""

    assert f"picture {web.url('/a.png')}: its file in the cache is gone or damaged" in said


def test_a_preview_shows_fetched_pictures_and_names_the_others(project: Project, web: Web) -> None:
    project.done("preview", *AT)

    page = (project.folder / "preview/weekly-science-cities.html").read_text("utf-8")
    sources = re.findall(r'<img[^>]* src="(pictures/[^"]+)"', page)
    assert len(sources) == 2
    assert all((project.folder / "preview" / each).is_file() for each in sources)
    assert f"{web.url('/dead.png')}: HTTP 404" in (project.folder / "preview/index.html").read_text(
        "utf-8"
    )
    assert sorted(web.paths) == ["/a.png", "/b.png", "/dead.png"]


@pytest.mark.parametrize("command", [["preview"], ["send"], ["send", "--test", "me@example.org"]])
def test_offline_nobody_is_asked(project: Project, web: Web, command: list[str]) -> None:
    project.subscribe("ann@example.org")

    project.done(*command, "--offline", *AT)

    assert web.asked == []


def test_a_dry_run_and_a_check_ask_nobody(project: Project, web: Web) -> None:
    project.subscribe("ann@example.org")

    project.done("send", "--dry-run", *AT)
    project.done("check")

    assert web.asked == []


@pytest.mark.parametrize("test", [[], ["--test", "me@example.org"]])
def test_letters_show_fetched_pictures_and_nobody_elses_server(
    project: Project, web: Web, test: list[str]
) -> None:
    project.subscribe("ann@example.org")

    project.done("send", *test, *AT)

    (letter,) = project.letters
    assert sorted(web.paths) == ["/a.png", "/b.png", "/dead.png"]
    assert str(web.port).encode() not in letter.read_bytes()


def test_check_names_the_exceptions_of_the_guard(project: Project) -> None:
    project.configure(*_tables(project), 'allow_hosts = ["media.intranet:8080"]')

    messages = [each["message"] for each in project.json("check")["problems"]]

    assert any("images.allow_nets: requests may go to 127.0.0.0/8" in each for each in messages)
    assert any(
        "images.allow_hosts: requests may go to media.intranet:8080" in each for each in messages
    )


def test_without_exceptions_loopback_is_refused(project: Project, web: Web) -> None:
    project.configure(*_tables(project)[:2])

    problems = project.json("images", "fetch", *AT)["problems"]

    assert len(problems) == 3
    assert all("not public" in each["message"] for each in problems)
    assert web.asked == []


def test_without_a_network_that_is_said_once(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project", WEEKLY.replace("per_topic = 2", "per_topic = 30"))
    for number in range(20):
        url = f"http://{number}.invalid/a.png"
        project.add_article(f"{number}-{chr(97 + number) * 9}", images=[{"url": url}])

    ran = project.run("images", "fetch", *AT)

    assert ran.status == 75
    assert ran.err.count("no host can be reached: is there a network?") == 1


@pytest.mark.parametrize("command", [["images", "fetch"], ["preview"], ["send"], ["check"]])
def test_a_cache_that_cannot_be_written_is_said_in_one_line(
    project: Project, command: list[str]
) -> None:
    project.subscribe("ann@example.org")
    project.write("pictures-cache", "no folder")

    ran = project.run(*command, *(AT if command != ["check"] else ()))

    assert ran.status == 1
    (line,) = [each for each in ran.err.splitlines() if "picture cache" in each]
    assert "cannot be" in line
    assert "name another folder in images.cache" in line
    assert project.letters == []


def test_two_programs_at_once_leave_one_copy_of_each(tmp_path: Path) -> None:
    numbers = range(40)
    answers = {
        f"/{each}.png": http(a_photo(left=(6 * each, 255 - 6 * each, 0))) for each in numbers
    }
    with web_server(answers) as web:
        project = a_project(
            tmp_path / "project", WEEKLY.replace("per_topic = 2", "per_topic = 40"), IMAGES
        )
        for each in numbers:
            name = "".join(chr(97 + int(digit)) for digit in f"{each:02}") * 5
            project.add_article(name, title=name, images=[{"url": web.url(f"/{each}.png")}])
        with ThreadPoolExecutor() as threads:
            runs = list(threads.map(lambda _: project.json("images", "fetch", *AT), range(2)))
        stats = project.json("images", "stats")

    assert [each["articles"] for each in runs] == [40, 40]
    assert all(each["fetched"] + each["kept"] == 40 for each in runs)
    assert stats["pictures"] == 40
    assert not list(project.folder.rglob(".tmp-*"))


def test_a_run_that_is_killed_leaves_nothing_torn(project: Project, web: Web) -> None:
    for kill_after in (0.5, 0.8):
        arguments = ["--config", str(project.config), "images", "fetch", *AT]
        run = subprocess.Popen([sys.executable, "-m", "digest", *arguments], env=environment())
        try:
            run.wait(kill_after)
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()

    again = project.json("images", "fetch", *AT)

    assert again["fetched"] + again["kept"] == 2
    assert project.json("images", "stats")["pictures"] == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('allow_hosts = ["http://x/"]', "images.allow_hosts.0: found"),
        ("max_byte = 1", 'unknown key; did you mean "max_bytes"?'),
    ],
)
def test_bad_settings_are_named(project: Project, line: str, message: str) -> None:
    project.configure(*_tables(project)[:2], f"[images]\n{line}")

    ran = project.run("images", "fetch", *AT)

    assert ran.status == 1
    assert message in ran.err


def _tables(project: Project) -> tuple[str, ...]:
    """
    What is configured: the site, the newsletter, and the pictures at the end.
    """
    text = project.config.read_text("utf-8")
    place = text.index("[images]")
    return text[:place], "", text[place:]
