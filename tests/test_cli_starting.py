"""
`digest init`: a project that works as it is made.
"""

import re
from pathlib import Path

from digest.settings import load_settings
from tests.program import Project, contents, run_digest

#: An option of the starter that is commented out; prose is not.
OPTION = re.compile(r"^# (\[|\w+ = )", re.MULTILINE)

FILES = ["content/harbour-clock.md", "digest.toml", "subscribers.csv"]


def test_init_makes_the_three_files_and_says_what_is_next(tmp_path: Path) -> None:
    ran = run_digest("init", "site", cwd=tmp_path)

    assert ran.status == 0
    assert not ran.out
    assert sorted(contents(tmp_path / "site")) == FILES
    assert str(tmp_path / "site") in ran.err
    assert "digest check" in ran.err
    assert "Next: cd site, then digest check" in ran.err


def test_init_works_where_one_stands(tmp_path: Path) -> None:
    ran = run_digest("init", cwd=tmp_path)

    assert ran.status == 0
    assert sorted(contents(tmp_path)) == FILES
    assert "Next: digest check" in ran.err


def test_what_init_makes_is_without_problems_and_has_something_to_read(tmp_path: Path) -> None:
    run_digest("init", cwd=tmp_path)
    project = Project(tmp_path)

    checked = project.json("check")
    selected = project.json("select", "weekly")

    assert checked == {"problems": [], "articles": 1}
    assert [len(section["articles"]) for section in selected["sections"]] == [1]


def test_what_init_makes_can_be_sent(tmp_path: Path) -> None:
    run_digest("init", cwd=tmp_path)
    project = Project(tmp_path)
    project.done("subscribers", "import", "weekly", "subscribers.csv")

    sent = project.json("send", "--force")

    assert sent["issues"][0]["accepted"] == len(project.letters) == 2


def test_every_option_that_init_comments_out_is_valid(tmp_path: Path) -> None:
    run_digest("init", cwd=tmp_path)
    file = tmp_path / "digest.toml"
    text = file.read_text("utf-8")

    file.write_text(OPTION.sub(r"\1", text), "utf-8")
    settings = load_settings(file, {})

    assert len(OPTION.findall(text)) > 30
    assert settings.smtp is not None
    assert settings.bounces.imap is not None
    assert settings.pace.domains["gmail.com"].rate == 5
    assert [each.selector for each in settings.dkim] == ["digest202611"]
    assert settings.newsletter("weekly").brand.accent == "#0b57a4"


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "subscribers.csv").write_text("mine")

    ran = run_digest("init", ".", cwd=tmp_path)

    assert ran.status == 1
    assert ran.err == "digest: subscribers.csv is there already: name an empty folder\n"
    assert contents(tmp_path) == {"subscribers.csv": b"mine"}


def test_init_says_that_a_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    ran = run_digest("init", "file/site", cwd=tmp_path)

    assert ran.status == 1
    assert ran.err == "digest: file/site cannot be written: Not a directory\n"
