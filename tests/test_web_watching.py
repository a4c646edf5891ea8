"""
Every change of a file is seen, and nothing else is.
"""

import os
from pathlib import Path

import pytest

from digest.web.watching import look_at


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "story.md").write_text("one")
    (tmp_path / "digest.toml").write_text("[site]")
    return tmp_path


def test_nothing_changes_while_nobody_writes(folder: Path) -> None:
    assert look_at([folder]) == look_at([folder]) != frozenset()


@pytest.mark.parametrize("name", ["a/b/story.md", "a/b/new.md", "a/new/deep.md", "digest.toml"])
def test_a_file_that_is_written_is_seen(folder: Path, name: str) -> None:
    before = look_at([folder])

    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("two, and longer")

    assert look_at([folder]) != before


def test_a_file_of_the_same_size_is_seen_by_its_time(folder: Path) -> None:
    before = look_at([folder])

    (folder / "digest.toml").write_text("[SITE]")
    os.utime(folder / "digest.toml", ns=(1, 1))

    assert look_at([folder]) != before


def test_a_file_that_is_gone_is_seen(folder: Path) -> None:
    before = look_at([folder])

    (folder / "a" / "b" / "story.md").unlink()

    assert look_at([folder]) != before


def test_single_files_and_what_is_missing_can_be_watched(folder: Path) -> None:
    paths = [folder / "digest.toml", folder / "later.toml"]
    before = look_at(paths)

    (folder / "later.toml").write_text("")

    assert len(before) == 1
    assert len(look_at(paths)) == 2


def test_hidden_files_and_folders_in_a_circle_do_not_count(folder: Path) -> None:
    before = look_at([folder])

    (folder / ".story.md.swp").write_text("half a story")
    (folder / ".git").mkdir()
    (folder / ".git" / "index").write_text("")
    (folder / "a" / "circle").symlink_to(folder, target_is_directory=True)

    assert {path for path, *_ in look_at([folder])} - {path for path, *_ in before} <= {
        str(folder / "a" / "circle")
    }
