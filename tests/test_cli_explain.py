"""
One command says of every story why it is in, or why it is not.
"""

import re
from pathlib import Path

import pytest

from tests.program import AT, WEEKLY, Project, a_project

HAND = """
introduction = "Good **morning**."
note = "Back soon."
drop = ["dull"]

[[pin]]
story = "small"
topic = "Science"
place = 1
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """
    Something for every rule: pinned, dropped, folded, too cool, too many, too early, too late.
    """
    project = a_project(tmp_path / "project", WEEKLY + "min_heat = 5\nper_provider = 4\n")
    project.add_article(
        "tides", heat=90, related=[{"title": "Side", "webUrl": "https://x.org/side"}]
    )
    project.add_article("side", heat=80, webUrl="https://x.org/side")
    project.add_article("moons", heat=70)
    project.add_article("small", heat=6)
    project.add_article("cool", heat=4)
    project.add_article("dull", heat=60)
    project.add_article("early", heat=99, publishedDateTime="2026-11-16T05:59:00Z")
    project.add_article("late", heat=98, publishedDateTime="2026-11-23T06:00:00Z")
    project.add_article("chess", topics=["Games"])
    project.write("issues/weekly/2026-11-23.toml", HAND)
    return project


def test_every_story_has_its_reason_in_json(project: Project) -> None:
    document = project.json("select", "weekly", *AT, "--explain")

    (section,) = document["sections"]
    assert {each["slug"]: each["reason"] for each in section["articles"]} == {
        "small": "pinned by the editor",
        "tides": "heat 90, 2nd of 2 in Science",
    }
    assert {each["slug"]: (each["topic"], each["reason"]) for each in document["rejected"]} == {
        "moons": ("Science", "heat 70, 3rd of 2 in Science"),
        "side": (None, "folded under tides (related)"),
        "cool": (None, "heat 4, below min_heat 5"),
        "dull": (None, "dropped by the editor"),
        "chess": (None, "on none of the topics"),
        "early": (
            None,
            "published 2026-11-16 05:59, before the window began at 2026-11-16 06:00",
        ),
        "late": (None, "published 2026-11-23 06:00, after the window ended at 2026-11-23 06:00"),
    }
    assert all(set(each) == {"slug", "topic", "reason"} for each in document["rejected"])


def test_the_same_is_told_as_a_table(project: Project) -> None:
    ran = project.done("select", "weekly", *AT, "--explain")

    assert ran.out == ""
    for told in (
        "pinned by the editor",
        "heat 70, 3rd of 2 in Science",
        "folded under tides (related)",
        "before the window began at 2026-11-16 06:00",
        "2026-11-23.toml: 1 pinned, 1 dropped, introduction, note",
    ):
        assert told in ran.err


def test_only_pins_that_are_in_the_edition_are_counted(project: Project) -> None:
    ran = project.done("select", "weekly", *AT, "--topics", "Games")

    assert "2026-11-23.toml: 0 of 1 pinned, 1 dropped" in ran.err


def test_without_explain_nothing_is_explained_but_the_editor_is_shown(project: Project) -> None:
    document = project.json("select", "weekly", *AT)

    assert "rejected" not in document
    assert all("reason" not in each for each in document["sections"][0]["articles"])
    assert document["editor"] == {
        "file": str(project.folder / "issues" / "weekly" / "2026-11-23.toml"),
        "pins": [{"slug": "small", "topic": "Science", "place": 1, "lead": False}],
        "drops": ["dull"],
        "introduction": "Good **morning**.",
        "note": "Back soon.",
    }


def test_without_an_editors_file_none_is_shown(project: Project) -> None:
    (project.folder / "issues" / "weekly" / "2026-11-23.toml").unlink()

    assert "editor" not in project.json("select", "weekly", *AT)


def test_introduction_and_note_are_in_the_preview(project: Project) -> None:
    (edition,) = project.json("preview", *AT)["editions"]

    page = (project.folder / edition["html"]).read_text("utf-8")
    text = (project.folder / edition["text"]).read_text("utf-8")
    assert re.search("<strong[^>]*>morning</strong>", page)
    assert "Back soon." in page
    assert page.index("morning") < page.rindex("About tides.") < page.index("Back soon.")
    assert text.index("morning") < text.index("Tides") < text.index("Back soon.")


def test_a_keyword_that_gave_a_topic_is_told(project: Project) -> None:
    project.write(
        "content/topics/science.yaml", "taxonomy: topic\nname: Science\nkeywords: [quark]\n"
    )
    project.add_article("q", title="The quark", topics=[], heat=95)

    document = project.json("select", "weekly", *AT, "--explain")

    reasons = {each["slug"]: each["reason"] for each in document["sections"][0]["articles"]}
    assert reasons["q"] == 'heat 95, 2nd of 2 in Science; Science by the word "quark"'


def test_other_names_of_topics_and_children_may_be_selected(project: Project) -> None:
    project.write("content/topics/play.yaml", "taxonomy: topic\nname: Play\naliases: [Fun]\n")
    project.write("content/topics/games.yaml", "taxonomy: topic\nname: Games\nparent: Play\n")

    for topics, section in (("fun", "Play"), ("PLAY", "Play"), ("play/*", "Games")):
        document = project.json("select", "weekly", *AT, "--topics", topics)

        assert [each["topic"] for each in document["sections"]] == [section]


def test_a_broken_editors_file_is_named(project: Project) -> None:
    file = project.write("issues/weekly/2026-11-23.toml", "[[pin]]\nplace = 0\nstory = 'x'\n")

    ran = project.run("select", "weekly", *AT)

    assert ran.status == 1
    assert f"{file}:1: the place of a pin counts from 1" in ran.err
