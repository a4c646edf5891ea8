"""
Reading again: what was sent, to whoever may see it, and nobody's links in it.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from digest.model import Outcome
from tests.factories import PAGE, a_page, a_receipt, an_article, an_edition, an_issue
from tests.program import AT, SITE, Project, a_full_project, contents
from tests.program import WEEKLY as DUE
from tests.website import OTHER, Website, serving

ATOM = "{http://www.w3.org/2005/Atom}"
PUBLIC = DUE + '    public = true\n    archive = "public"\n'
UNLISTED = OTHER + '    archive = "unlisted"\n'
OFF = """
    [newsletters.closed]
    title = "Closed"
    from = "Closed <closed@example.org>"
    topics = ["Science"]
    """
TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
PICTURE = re.compile(r"/i/[0-9a-f]{2}/[0-9a-f]{32}\.(?:jpg|png)")


def a_sent_project(folder: Path) -> Project:
    """
    An issue of each newsletter, delivered to Ann and Bob.
    """
    project = a_full_project(folder, PUBLIC, UNLISTED, OFF)
    project.add_article("opera", title="An opera <b>outdoors</b>", topics=["Arts"])
    for newsletter in ("weekly", "other", "closed"):
        project.subscribe("ann@example.org", "bob@example.org", newsletter=newsletter)
    project.subscribe("bob@example.org", topics="Cities")
    project.done("send", *AT, "--force")
    return project


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    with serving(a_sent_project(tmp_path_factory.mktemp("sent"))) as website:
        yield website


def all_paths(site: Website) -> list[str]:
    """
    Every address of the archive that a reader can click to, from both newsletters on.
    """
    found: list[str] = []
    todo = ["/a/", "/a/other/"]
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.append(path)
        page = site.get(path)
        assert page.status_code == 200, path
        if path.endswith("/"):
            links = re.findall(r'<a href="([^":]+)"', page.text)
            todo += [path + link for link in links if not link.startswith("..")]
    return found


def test_the_archive_has_pages_and_feeds_of_what_it_is_open_for(site: Website) -> None:
    assert sorted(all_paths(site)) == [
        "/a/",
        "/a/other/",
        "/a/other/2026-11-23.html",
        "/a/other/feed.xml",
        "/a/other/topics/arts.xml",
        "/a/weekly/",
        "/a/weekly/2026-11-23.html",
        "/a/weekly/feed.xml",
        "/a/weekly/topics/cities.xml",
        "/a/weekly/topics/science.xml",
    ]


def test_only_public_newsletters_are_listed_and_found(site: Website) -> None:
    index = site.get("/a/").text

    robots = {
        path: (site.get(path).headers["x-robots-tag"], "noindex" in site.get(path).text)
        for path in ("/a/weekly/2026-11-23.html", "/a/other/2026-11-23.html", "/a/other/")
    }

    assert "The Weekly" in index
    assert "The Other One" not in index
    assert robots == {
        "/a/weekly/2026-11-23.html": ("all", False),
        "/a/other/2026-11-23.html": ("noindex", True),
        "/a/other/": ("noindex", True),
    }


@pytest.mark.parametrize(
    "path",
    [
        "/a/closed",
        "/a/closed/",
        "/a/closed/2026-11-23.html",
        "/a/closed/feed.xml",
        "/a/weekly/2026-11-16.html",
        "/a/weekly/2026-11-23",
        "/a/weekly/topics/arts.xml",
        "/a/weekly/topics/science",
        "/a/weekly/../../digest.db",
        "/a/%2e%2e/digest.toml",
    ],
)
def test_everything_else_is_not_there(site: Website, path: str) -> None:
    assert site.get(path).status_code == 404


def test_only_the_address_of_a_public_archive_may_lack_its_slash(site: Website) -> None:
    moved = site.get("/a/weekly")

    assert (moved.status_code, moved.headers["location"]) == (308, "/a/weekly/")
    assert {site.get(path).content for path in ("/a/other", "/a/closed", "/a/nothing")} == {
        site.get("/nothing").content
    }


def test_no_page_and_no_feed_holds_a_token_or_an_address(site: Website) -> None:
    people = [site.store.subscribers.find(f"{each}@example.org")[0] for each in ("ann", "bob")]
    tokens = {
        site.path(purpose, person, newsletter)[3:]
        for purpose in ("unsubscribe", "preferences", "view")
        for person in people
        for newsletter in ("weekly", "other", "closed")
    }
    marks = {
        mark
        for issue in site.store.issues.all()
        for page in site.store.issues.pages(issue.id).values()
        for mark in page.marks.values()
    }

    texts = "\n".join(site.get(path).text for path in all_paths(site))

    # Names of pictures look like tokens.
    left = set(TOKEN.findall(PICTURE.sub("", texts)))
    assert not left & (tokens | marks)
    assert not re.search(r"/[upw]/[A-Za-z0-9_-]{20}", texts)
    assert "ann@" not in texts
    assert "bob@" not in texts
    assert "/p/" in texts  # The links are there, and lead to nobody's page.
    assert site.get("/p/").status_code == 200


def test_an_issue_is_kept_in_a_sandbox(site: Website) -> None:
    answer = site.get("/a/weekly/2026-11-23.html")

    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy


def test_feeds_are_atom_with_what_a_reader_needs(site: Website) -> None:
    issues = ET.fromstring(site.get("/a/weekly/feed.xml").content)  # noqa: S314 - ours
    stories = ET.fromstring(site.get("/a/other/topics/arts.xml").content)  # noqa: S314

    assert issues.tag == f"{ATOM}feed"
    assert issues.findtext(f"{ATOM}updated") == "2026-11-23T06:00:00Z"
    assert issues.findtext(f"{ATOM}entry/{ATOM}title") == "Tides, explained"
    assert issues.findtext(f"{ATOM}entry/{ATOM}id") == (
        "https://digests.example.org/a/weekly/2026-11-23.html"
    )
    assert stories.findtext(f"{ATOM}entry/{ATOM}title") == "An opera <b>outdoors</b>"
    assert stories.findtext(f"{ATOM}entry/{ATOM}id") == "https://news.example.org/opera"
    assert stories.findtext(f"{ATOM}entry/{ATOM}content") == "About opera."


def test_a_feed_without_entries_is_as_new_as_the_issues_that_had_none(tmp_path: Path) -> None:
    project = a_full_project(tmp_path, PUBLIC.replace('"Cities"]', '"Cities", "Arts"]'))
    with serving(project) as site:
        asked_at = f"{site.clock():%Y-%m-%dT%H:%M:%SZ}"
        before = ET.fromstring(site.get("/a/weekly/feed.xml").content)  # noqa: S314 - ours
        project.subscribe("ann@example.org")
        project.done("send", *AT)
        after = ET.fromstring(site.get("/a/weekly/topics/arts.xml").content)  # noqa: S314 - ours

    assert (before.findtext(f"{ATOM}updated") or "") >= asked_at
    assert after.findtext(f"{ATOM}updated") == "2026-11-23T06:00:00Z"


def test_the_built_archive_is_the_served_one(site: Website, tmp_path: Path) -> None:
    site.project.done("archive", "build", str(tmp_path / "public"))

    built = contents(tmp_path / "public")
    noted = built.pop(".digest-archive")
    served = {
        f"{path.removeprefix('/')}{'index.html' if path.endswith('/') else ''}": site.get(path)
        for path in [*all_paths(site), "/u/", "/p/"]
    }
    pictures = {f"/{path}" for path in built if path.startswith("i/")}
    assert {path: data for path, data in built.items() if not path.startswith("i/")} == {
        path: answer.content for path, answer in served.items()
    }
    assert pictures
    assert all(site.get(path).content == built[path[1:]] for path in pictures)
    assert b"other" not in noted


def test_a_built_archive_that_is_closed_is_taken_away_and_nothing_else(tmp_path: Path) -> None:
    project, out = a_sent_project(tmp_path / "project"), tmp_path / "public"
    project.done("archive", "build", str(out))
    (out / "a" / "other" / "mine.html").write_text("Mine.")
    before = contents(out)
    project.configure(SITE, PUBLIC.replace('"public"', '"off"'), OTHER, OFF)

    ran = project.done("archive", "build", str(out))
    again = project.json("archive", "build", str(out))

    left = contents(out)
    assert {path for path in left if path.startswith("a/")} == {"a/index.html", "a/other/mine.html"}
    assert {path for path in before if path[0] in "iup"} <= set(left)
    assert not (out / "a" / "weekly").exists()
    assert ran.err.endswith(f"in {out}, 9 removed\n")
    assert again["removed"] == 0


def test_a_picture_of_a_built_archive_is_never_there_in_part(site: Website, tmp_path: Path) -> None:
    site.project.done("archive", "build", str(tmp_path))
    whole, damaged, *_ = sorted((tmp_path / "i").rglob("*.jpg"))
    data, number = damaged.read_bytes(), whole.stat().st_ino
    damaged.write_bytes(data[:10])

    with damaged.open("rb") as loaded:
        site.project.done("archive", "build", str(tmp_path))
        seen_by_who_was_loading_it = loaded.read()

    assert seen_by_who_was_loading_it == data[:10]
    assert damaged.read_bytes() == data
    assert whole.stat().st_ino == number


def test_a_picture_that_is_damaged_in_the_cache_damages_none_of_a_built_archive(
    tmp_path: Path,
) -> None:
    project, out = a_sent_project(tmp_path / "project"), tmp_path / "public"
    project.done("archive", "build", str(out))
    picture, *_ = (out / "i").rglob("*.jpg")
    data = picture.read_bytes()
    (kept,) = project.folder.rglob(picture.name)
    kept.write_bytes(data[:10])

    project.done("archive", "build", str(out))

    assert picture.read_bytes() == data


def test_two_builds_at_once_take_away_what_is_closed_together(tmp_path: Path) -> None:
    project, out = a_full_project(tmp_path / "project", OFF), tmp_path / "public"
    paths = [f"a/closed/{place // 10}/{place}.html" for place in range(4_000)]
    for path in paths:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text("")
    noted = "".join(f"{sha256(path.encode()).hexdigest()}\n" for path in paths)
    (out / ".digest-archive").write_text(noted)

    with ThreadPoolExecutor() as pool:
        builds = [pool.submit(project.done, "archive", "build", str(out)) for _ in range(3)]

    assert all(each.result() for each in builds)
    assert not (out / "a" / "closed").exists()


def test_pictures_are_for_ever_and_nothing_but_pictures(site: Website) -> None:
    html = site.get("/a/weekly/2026-11-23.html").text
    path = PICTURE.findall(html)[0]

    answer = site.get(path)

    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert site.get(path, Range="bytes=0-1,0-1,0-1").status_code == 200


def test_a_damaged_picture_is_none(site: Website) -> None:
    path = PICTURE.findall(site.get("/a/weekly/2026-11-23.html").text)[0]
    (file,) = site.project.folder.rglob(path.rpartition("/")[2])
    file.write_bytes(file.read_bytes() + b"<script>")

    assert site.get(path).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "ab/../../digest.db",
        "%2e%2e/digest.toml",
        "ab/abcd.jpg",
        "ab/ab345678901234567890123456789012.svg",
        "cd/ab345678901234567890123456789012.jpg",
        "ab/ab345678901234567890123456789012.jpg",
        "AB/AB345678901234567890123456789012.jpg",
        "sources/ab345678901234567890123456789012.json",
        "ab/ab345678901234567890123456789012.jpg%0a",
    ],
)
def test_other_files_are_no_pictures(site: Website, name: str) -> None:
    answer = site.get(f"/i/{name}")

    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


def test_a_reader_sees_their_own_edition_without_their_links(site: Website) -> None:
    ann, bob = (site.store.subscribers.find(f"{each}@example.org")[0] for each in ("ann", "bob"))

    pages = [site.get(site.path("view", each) + "/2026-11-23") for each in (ann, bob)]

    assert [each.status_code for each in pages] == [200, 200]
    assert ["Tides" in each.text for each in pages] == [True, False]
    assert all("Trams" in each.text for each in pages)
    assert not re.search(r"/[upw]/[A-Za-z0-9_-]{20}", pages[0].text + pages[1].text)
    assert pages[0].headers["cache-control"] == "no-store"


def test_there_is_no_copy_of_what_was_never_sent_to_them(site: Website) -> None:
    path = site.path("view", site.reader("new@example.org"))

    assert site.get(f"{path}/2026-11-23").status_code == 404
    assert site.get(f"{path}/nothing").status_code == 404


def test_an_issue_is_not_in_the_archive_before_a_letter_of_it_was_taken(tmp_path: Path) -> None:
    with serving(a_full_project(tmp_path, PUBLIC)) as site:
        ann, store = site.reader(), site.store
        store.issues.freeze(an_issue(), [(an_edition(an_article()), a_page())], [(ann.id, 0)])
        before = site.get("/a/weekly/2026-11-23.html").status_code
        store.ledger.claim_batches(an_issue().id, "run")
        store.ledger.intend(an_issue().id, [ann.id], "run")
        during = site.get("/a/weekly/2026-11-23.html").status_code
        store.ledger.record(an_issue().id, [a_receipt(ann.id, Outcome.ACCEPTED)], "run")

        assert (before, during) == (404, 404)
        assert site.get("/a/weekly/2026-11-23.html").status_code == 200


def test_a_link_to_view_the_page_leads_to_its_place_in_the_archive(tmp_path: Path) -> None:
    link = f"https://digests.example.org/w/{PAGE.marks['view']}/2026-11-23"
    page = a_page(html=f'<html><head></head><body><a href="{link}">View</a></body></html>')
    with serving(a_full_project(tmp_path, PUBLIC)) as site:
        ann, store = site.reader(), site.store
        store.issues.freeze(an_issue(), [(an_edition(), page)], [(ann.id, 0)])
        store.ledger.claim_batches(an_issue().id, "run")
        store.ledger.intend(an_issue().id, [ann.id], "run")
        store.ledger.record(an_issue().id, [a_receipt(ann.id, Outcome.ACCEPTED)], "run")

        archived = site.get("/a/weekly/2026-11-23.html").text
        viewed = site.get(site.path("view", ann) + "/2026-11-23").text

    assert 'href="https://digests.example.org/a/weekly/2026-11-23.html"' in archived
    assert 'href=""' in viewed
