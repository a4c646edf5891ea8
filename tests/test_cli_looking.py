"""
The commands that look: check, topics, select, preview. They change nothing.
"""

import email.policy
import json
import re
import shutil
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.program import (
    AT,
    ISSUE,
    ROOT,
    SITE,
    WEEKLY,
    Project,
    a_full_project,
    a_project,
    contents,
)

SHARED = Path(__file__).parent.parent.parent / "shared"
REPLAYS = sorted(path.name for path in (SHARED / "replay").glob("*"))
ARTICLE_FIELDS = {
    "slug",
    "title",
    "url",
    "heat",
    "quality",
    "published_at",
    "provider",
    "related",
}
NEW_YORK = """
    [newsletters.american]
    title = "The American"
    from = "american@example.org"
    topics = ["Science"]
    schedule = { every = "day", at = "08:00", timezone = "America/New_York" }
    window = "1d"
    """


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """
    Read only, by all tests that say so little of it that they can share it.
    """
    project = a_full_project(tmp_path_factory.mktemp("looking") / "project")
    project.add_article("reefs", heat=60, related=[a_related("reefs-again")])
    project.add_article("reefs-again", published=False)
    project.add_article("cool", heat=10)
    project.add_article("gone", removed=True)
    project.add_article("chess", topics=["Games"])
    return project


def a_related(slug: str) -> dict[str, str]:
    return {"title": slug.capitalize(), "webUrl": f"https://news.example.org/{slug}"}


# check


def test_check_of_a_sound_project_says_how_much_it_read(project: Project) -> None:
    ran = project.run("check")

    assert (ran.status, ran.out, ran.err) == (0, "", "8 articles, 0 problems\n")


def test_check_names_file_line_and_remedy_of_every_bad_file(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project")
    project.write("content/brackets.md", f"---\ntitle: {'[' * 28_000}\n---\n")
    project.write("content/plain.md", "No front matter at all.\n")
    project.add_article("untitled", title="")
    (project.folder / "content" / "binary.md").write_bytes(bytes(range(256)))
    (project.folder / "content" / "dangling.md").symlink_to("nowhere.md")

    document = project.json("check", status=1)
    told = project.run("check")

    problems = {Path(each["file"]).name: each for each in document["problems"]}
    assert {name: each["line"] for name, each in problems.items()} == {
        "binary.md": 2,
        "brackets.md": 2,
        "dangling.md": None,
        "plain.md": 1,
        "untitled.md": 2,
    }
    assert all(set(each) == {"file", "line", "level", "message"} for each in problems.values())
    assert {each["level"] for each in problems.values()} == {"error"}
    assert "an article needs one" in problems["untitled.md"]["message"]
    assert "save the file as UTF-8" in problems["binary.md"]["message"]
    assert document["articles"] == 3
    assert told.err.splitlines()[-1] == "3 articles, 5 problems"
    assert f"{problems['plain.md']['file']}:1: error: no front matter" in told.err


def test_check_warns_of_a_topic_that_no_article_has(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project", WEEKLY.replace("Cities", "Citties"))

    (problem,) = project.json("check")["problems"]

    assert problem["level"] == "warning"
    assert problem["file"] == str(project.config)
    assert 'no article has the topic "Citties"' in problem["message"]


def test_check_names_file_and_line_of_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    project.configure(SITE, WEEKLY + "themes = 'x'\n")

    document = project.json("check", status=1)

    (problem,) = document["problems"]
    line = project.config.read_text().splitlines()[problem["line"] - 1]
    assert problem["file"] == str(project.config)
    assert line.strip() == "themes = 'x'"
    assert document["articles"] == 0


def test_check_names_a_broken_configuration_once(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    project.configure(SITE, "= nonsense")

    (problem,) = project.json("check", status=1)["problems"]

    assert problem["file"] == str(project.config)
    assert problem["message"].startswith("not valid TOML: ")
    source = project.config.read_text().splitlines()
    assert source[problem["line"] - 1] == "= nonsense"
    assert str(project.config) not in problem["message"]


def test_check_says_that_the_content_folder_is_missing(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    (project.folder / "content").rmdir()

    (problem,) = project.json("check", status=1)["problems"]

    assert "there is no content folder" in problem["message"]
    assert "content.path" in problem["message"]


def test_check_names_the_line_of_what_the_configuration_lets_go_wrong(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project")
    reached = '[images]\nallow_hosts = ["intranet.example.org"]\n'
    project.configure(SITE, WEEKLY, reached, '[content]\npath = "nowhere"\n')
    missing = line_named(project, "no content folder")
    project.configure(SITE, WEEKLY, reached)

    assert missing == 'path = "nowhere"'
    assert line_named(project, "intranet") == 'allow_hosts = ["intranet.example.org"]'


def line_named(project: Project, what: str) -> str:
    """
    The line of the configuration that the problem of such a message names.
    """
    problems = json.loads(project.run("check", "--json").out)["problems"]
    line = next(int(each["line"]) for each in problems if what in each["message"])
    return project.config.read_text().splitlines()[line - 1]


def test_check_names_file_and_line_of_a_mistake_in_a_theme(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project", WEEKLY + "theme = 'mine'\n")
    theme = project.folder / "templates" / "mine"
    shutil.copytree(ROOT / "templates" / "default", theme)
    template = theme / "issue.mjml.j2"
    template.write_text(template.read_text().replace("</mjml>", "{{ nonsense.here }}\n</mjml>"))

    (problem,) = project.json("check", status=1)["problems"]

    assert problem["file"] == str(template)
    assert "nonsense" in template.read_text().splitlines()[problem["line"] - 1]
    assert "nonsense" in problem["message"]


def test_check_names_a_theme_that_does_not_exist(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project", WEEKLY + "theme = 'nowhere'\n")

    (problem,) = project.json("check", status=1)["problems"]

    assert problem["message"] == 'there is no theme "nowhere"; there are: compact, default, plain'


# topics


def test_topics_counts_articles_those_in_the_window_and_newsletters(project: Project) -> None:
    document = project.json("topics", *AT)

    assert document == {
        "topics": [
            {"topic": "Science", "articles": 4, "window": 3, "newsletters": ["weekly"]},
            {"topic": "Cities", "articles": 1, "window": 1, "newsletters": ["weekly"]},
            {"topic": "Games", "articles": 1, "window": 1, "newsletters": []},
        ]
    }


# select


def test_a_selection_is_one_json_document_of_the_promised_shape(project: Project) -> None:
    document = project.json("select", "weekly", *AT)

    assert document["newsletter"] == "weekly"
    assert document["issue"] == ISSUE
    assert document["window"] == {"start": "2026-11-16T06:00:00Z", "end": "2026-11-23T06:00:00Z"}
    assert [each["topic"] for each in document["sections"]] == ["Science", "Cities"]
    assert [each["slug"] for each in document["sections"][0]["articles"]] == ["tides", "reefs"]
    assert "rejected" not in document
    _, reefs = document["sections"][0]["articles"]
    assert set(reefs) == ARTICLE_FIELDS
    assert reefs["published_at"] == "2026-11-20T12:00:00Z"
    assert reefs["provider"] == "Example News"
    assert reefs["related"] == [
        {"title": "Reefs-again", "url": "https://news.example.org/reefs-again"}
    ]


def test_explain_says_why_each_other_article_of_the_window_is_out(project: Project) -> None:
    document = project.json("select", "weekly", *AT, "--explain")

    reasons = {each["slug"]: each for each in document["rejected"]}
    assert all(set(each) == {"slug", "topic", "reason"} for each in reasons.values())
    assert set(reasons) == {"cool", "gone", "chess", "reefs-again"}
    assert reasons["cool"]["topic"] == "Science"
    assert "heat 10" in reasons["cool"]["reason"]
    assert "removed" in reasons["gone"]["reason"]
    assert "on none of the topics" in reasons["chess"]["reason"]
    assert "not published" in reasons["reefs-again"]["reason"]


def test_explain_prints_the_reasons_for_people(project: Project) -> None:
    ran = project.done("select", "weekly", *AT, "--explain")

    assert not ran.out
    assert "Not in it" in ran.err
    assert "on none of the topics" in ran.err


def test_a_table_that_no_terminal_shows_breaks_no_name_into_lines(tmp_path: Path) -> None:
    slug = f"2026-11-20-{'a-name-that-goes-on-' * 9}to-its-end"
    project = a_full_project(tmp_path / "project")
    project.add_article(slug, heat=99, title="Long. " * 40)

    ran = project.done("select", "weekly", *AT, "--explain")

    assert re.search(rf"^{slug} +heat 99, 1st of \d+ in ", ran.err, re.MULTILINE)


def test_a_table_of_nothing_is_not_printed(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project")

    assert "Not in it" not in project.done("select", "weekly", *AT, "--explain").err
    assert "No issue was made yet" in project.done("status").err


def test_a_selection_may_be_made_for_other_topics(project: Project) -> None:
    document = project.json("select", "weekly", *AT, "--topics", "games, CITIES")

    assert [each["topic"] for each in document["sections"]] == ["Games", "Cities"]


@pytest.mark.parametrize(
    ("at", "issue"),
    [
        ("2026-11-23T07:00", "weekly/2026-11-23"),
        ("2026-11-23T06:59:59", "weekly/2026-11-16"),
        ("2026-11-23T06:00Z", "weekly/2026-11-23"),
        ("2026-11-23T05:59:59Z", "weekly/2026-11-16"),
        ("2026-11-23", "weekly/2026-11-16"),
    ],
)
def test_a_time_without_a_zone_is_the_newsletters(project: Project, at: str, issue: str) -> None:
    assert project.json("select", "weekly", "--at", at)["issue"] == issue


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01", "0001-01-05T00:00Z"])
def test_a_time_at_the_end_of_the_calendar_is_refused(project: Project, at: str) -> None:
    ran = project.run("select", "weekly", "--at", at)

    assert ran.status == 1
    assert ran.err == f"digest: no issue is due in the year {at[:4]}: name a time nearer now\n"


@pytest.mark.parametrize(
    "window",
    [("--since", "0001-01-01"), ("--until", "0001-01-05"), ("--until", "9999-12-31T23-01")],
)
def test_a_window_that_leaves_the_calendar_is_refused(
    project: Project, window: tuple[str, str]
) -> None:
    ran = project.run("select", "weekly", *AT, *window)

    assert ran.status == 1
    assert ran.err == "digest: the window leaves the calendar: name times nearer now\n"


def test_each_newsletter_has_a_zone_of_its_own(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project", WEEKLY, NEW_YORK)

    document = project.json("select", "american", "--at", "2026-11-23T07:30")

    assert document["issue"] == "american/2026-11-22"
    assert document["window"]["end"] == "2026-11-22T13:00:00Z"


def test_since_and_until_are_the_window_for_looking(project: Project) -> None:
    span = ("--since", "2026-11-01T13:00+01:00", "--until", "2026-11-02T00:00")

    document = project.json("select", "weekly", *AT, *span)

    assert document["window"] == {"start": "2026-11-01T12:00:00Z", "end": "2026-11-01T23:00:00Z"}
    assert [each["slug"] for each in document["sections"][0]["articles"]] == ["old"]


def test_a_window_holds_its_start_and_not_its_end(project: Project) -> None:
    moment = "2026-11-20T12:00Z"

    starting = project.json("select", "weekly", "--since", moment, "--until", "2026-11-21")
    ending = project.json("select", "weekly", "--since", "2026-11-19", "--until", moment)

    assert starting["sections"]
    assert not ending["sections"]


def test_files_left_out_are_mentioned_beside_the_selection(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project")
    project.add_article("untitled", title="")

    ran = project.done("select", "weekly", *AT, "--json")

    assert [each["topic"] for each in ran.json["sections"]] == ["Science", "Cities"]
    assert ran.err == "digest: left out 1 file: see `digest check`\n"


@pytest.mark.parametrize(
    "command",
    [
        ("select", "weekly", "--json"),
        ("preview", "weekly", "--out", "out", "--json"),
        ("send", "weekly", "--dry-run", "--json"),
        ("send", "weekly", "--json"),
    ],
)
def test_an_index_that_was_made_anew_is_told_once(tmp_path: Path, command: tuple[str, ...]) -> None:
    project = a_full_project(tmp_path / "project")
    project.subscribe("ann@example.org")
    index = project.write(".digest-articles.index", "no database\n" * 100)

    first, second = project.done(*command, *AT), project.done(*command, *AT)

    assert first.err.startswith(f"digest: {index}: the index was damaged (")
    assert first.err.endswith("was made anew: if that repeats, check the disk\n")
    assert first.err.count("\n") == 1
    assert second.err == ""


def test_contradictions_of_topics_are_no_files_left_out(tmp_path: Path) -> None:
    topics = "[topics.A]\nparent = 'B'\n[topics.B]\nparent = 'A'\n"
    project = a_full_project(tmp_path / "project", WEEKLY, topics)

    ran = project.done("select", "weekly", *AT, "--json")

    assert ran.err == "digest: 1 contradiction in the topics: see `digest check`\n"


@pytest.mark.parametrize("topics", ["", ",", " , "])
def test_a_selection_for_no_topic_at_all_is_refused(project: Project, topics: str) -> None:
    ran = project.run("select", "weekly", "--topics", topics)

    assert ran.status == 2
    assert "--topics: names no topic" in ran.err


def test_a_selection_for_a_subscriber_has_their_topics(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project")
    project.subscribe("ann@example.org", topics="Cities")

    document = project.json("select", "weekly", *AT, "--subscriber", "Ann@Example.org")

    assert [each["topic"] for each in document["sections"]] == ["Cities"]


def test_a_selection_for_somebody_who_left_is_refused(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project")
    project.subscribe("ann@example.org")
    project.done("subscribers", "remove", "weekly", "ann@example.org")

    ran = project.run("select", "weekly", *AT, "--subscriber", "ann@example.org")

    assert ran.status == 1
    assert ran.err == ("digest: they are not subscribed to weekly: see `digest subscribers show`\n")


@pytest.mark.parametrize("name", REPLAYS)
def test_newsletters_that_were_really_sent_come_out_again(
    name: str, shared: Path, tmp_path: Path
) -> None:
    expected = json.loads((shared / "replay" / name / "expected.json").read_text())
    project = a_project(
        tmp_path / "project",
        f'[content]\npath = "{shared / "replay" / name / "content"}"\n',
        f"""
        [newsletters.replayed]
        title = "Replayed"
        from = "replayed@example.org"
        topics = ["{expected["topic"]}"]
        per_topic = {expected["count"]}
        window = "{expected["window_days"]:.0f}d"
        """,
    )

    document = project.json("select", "replayed", "--at", expected["sent"])

    stories = [each for section in document["sections"] for each in section["articles"]]
    wanted = [(each["url"], each["heat"]) for each in expected["stories"]]
    assert [(each["url"], each["heat"]) for each in stories] == wanted


# preview


@pytest.fixture(scope="module")
def previewed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """
    With two editions, written to preview/, and what that printed in preview.json.
    """
    project = a_full_project(tmp_path_factory.mktemp("preview") / "project")
    project.subscribe("ann@example.org", "ben@example.org")
    project.subscribe("cy@example.org", topics="Cities")
    project.write("preview.json", project.done("preview", *AT, "--json").out)
    return project


def test_previews_are_one_json_document_of_the_promised_shape(previewed: Project) -> None:
    document = json.loads((previewed.folder / "preview.json").read_text())

    own, cities = document["editions"]
    assert document["out"] == "preview"
    assert set(own) >= {
        "newsletter",
        "issue",
        "topics",
        "subscribers",
        "html",
        "text",
        "eml",
        "bytes",
    }
    assert (own["newsletter"], own["issue"]) == ("weekly", ISSUE)
    assert (own["topics"], own["subscribers"]) == (["Science", "Cities"], 2)
    assert (cities["topics"], cities["subscribers"]) == (["Cities"], 1)
    assert 0 < own["bytes"] < 100_000
    names = [each[kind] for each in (own, cities) for kind in ("html", "text", "eml")]
    assert all((previewed.folder / name).stat().st_size for name in names)
    assert len(set(names)) == 6


def test_the_gallery_leads_to_every_edition(previewed: Project) -> None:
    document = json.loads((previewed.folder / "preview.json").read_text())

    index = (previewed.folder / "preview" / "index.html").read_text()

    for edition in document["editions"]:
        for kind in ("html", "text", "eml"):
            assert f'href="{Path(edition[kind]).name}"' in index


def test_the_previewed_letter_is_whole_and_addressed_to_nobody(previewed: Project) -> None:
    document = json.loads((previewed.folder / "preview.json").read_text())

    data = (previewed.folder / document["editions"][0]["eml"]).read_bytes()

    letter = message_from_bytes(data, policy=email.policy.default)
    assert not letter.defects
    assert letter["To"] == "Reader <reader@example.org>"
    assert letter["Subject"] == "Tides, explained"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]


def test_no_subscriber_is_in_a_preview(previewed: Project) -> None:
    written = b"".join(contents(previewed.folder / "preview").values())

    assert all(name not in written for name in (b"ann@", b"ben@", b"cy@"))


def test_a_preview_for_a_subscriber_is_their_edition_alone(
    previewed: Project, tmp_path: Path
) -> None:
    out = str(tmp_path / "out")

    document = previewed.json("preview", *AT, "--subscriber", "cy@example.org", "--out", out)

    (edition,) = document["editions"]
    assert document["out"] == out
    assert edition["topics"] == ["Cities"]
    assert "cy@example.org" not in Path(edition["eml"]).read_text()


def test_a_preview_may_look_through_another_window(previewed: Project, tmp_path: Path) -> None:
    span = ("--since", "2026-11-01", "--until", "2026-11-02")

    document = previewed.json("preview", "weekly", *span, "--out", str(tmp_path / "out"))

    (edition,) = document["editions"]
    assert edition["subject"] == "Old news"


def test_a_preview_of_nothing_says_where_to_look(previewed: Project, tmp_path: Path) -> None:
    at = ("--at", "2026-06-01T08:00")

    ran = previewed.done("preview", *at, "--out", str(tmp_path / "out"), "--json")

    assert ran.json["editions"] == []
    assert ran.err == (
        "weekly/2026-06-01 has nothing to read: see `digest select weekly --explain`\n"
    )


def test_a_preview_says_that_its_folder_cannot_be_written(previewed: Project) -> None:
    previewed.write("occupied", "a file where a folder should be")

    ran = previewed.run("preview", *AT, "--out", "occupied")

    assert ran.status == 1
    assert ran.err == "digest: the folder occupied cannot be written: Not a directory\n"


@pytest.mark.parametrize(
    "command",
    [
        ("select", "weekly", *AT, "--json"),
        ("select", "weekly", *AT, "--subscriber", "ann@example.org"),
        ("check",),
        ("status",),
        ("subscribers", "show", "ann@example.org"),
        ("subscribers", "export", "weekly"),
        ("preview", *AT),
        ("send", *AT, "--dry-run"),
    ],
    ids=" ".join,
)
def test_looking_leaves_the_store_as_it_is(previewed: Project, command: tuple[str, ...]) -> None:
    before = _stores(previewed)
    assert before["digest.db"]

    previewed.done(*command)

    assert _stores(previewed) == before


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("preview", *AT),
        ("send", *AT, "--dry-run"),
    ],
    ids=" ".join,
)
def test_looking_makes_no_store(project: Project, command: tuple[str, ...]) -> None:
    project.done(*command)

    assert not _stores(project)


def _stores(project: Project) -> dict[str, bytes]:
    """
    The store and whatever lies beside it.
    """
    return {path.name: path.read_bytes() for path in project.folder.glob("digest.db*")}
