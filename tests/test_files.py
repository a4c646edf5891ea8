"""
Files that are there whole or not at all.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from digest.files import (
    article_file,
    read_file,
    state_of_code,
    state_of_file,
    write_whole,
)

WRITE_OFTEN = """
import sys
from pathlib import Path
from digest.files import article_file, read_file, state_of_file, write_whole
for _ in range(50):
    write_whole(Path(sys.argv[1]), sys.argv[2].encode() * 50_000)
"""


def test_a_file_and_its_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.txt"

    write_whole(path, b"hello")

    assert path.read_bytes() == b"hello"


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "c.txt"
    path.write_bytes(b"old and longer")

    write_whole(path, b"new")

    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_its_owner_s_alone_unless_told(tmp_path: Path) -> None:
    write_whole(tmp_path / "private", b"")
    write_whole(tmp_path / "public", b"", mode=0o644)

    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "public").stat().st_mode & 0o777 == 0o644


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"untouched")
    link.symlink_to(target)

    write_whole(link, b"new")

    assert target.read_bytes() == b"untouched"
    assert link.read_bytes() == b"new"


def test_what_cannot_be_written_leaves_the_old_one_and_no_rest(tmp_path: Path) -> None:
    occupied = tmp_path / "folder"
    (occupied / "inside").mkdir(parents=True)

    with pytest.raises(OSError, match="directory"):
        write_whole(occupied, b"new")

    assert list(tmp_path.iterdir()) == [occupied]
    assert (occupied / "inside").is_dir()


def test_what_is_no_bytes_leaves_no_rest(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_whole(tmp_path / "x", "text")  # type: ignore[arg-type]

    assert list(tmp_path.iterdir()) == []


def test_processes_that_write_the_same_file_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "shared"

    writers = [
        subprocess.Popen([sys.executable, "-c", WRITE_OFTEN, str(path), letter]) for letter in "ab"
    ]

    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            seen.add(path.read_bytes())
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen | {path.read_bytes()} <= {b"a" * 50_000, b"b" * 50_000}
    assert list(tmp_path.iterdir()) == [path]


def test_threads_that_write_the_same_file_leave_one(tmp_path: Path) -> None:
    path = tmp_path / "shared"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write_whole(path, bytes([number]) * 1000), range(40)))

    assert len(set(path.read_bytes())) == 1
    assert len(path.read_bytes()) == 1000
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")

    assert read_file(path, max_bytes=5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_file(path, max_bytes=4)


def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(OSError, match="It is no file"):
            read_file(path, max_bytes=5)
        with pytest.raises(OSError, match="It is no file"):
            state_of_file(path)


def test_a_folder_and_nothing_are_no_files(tmp_path: Path) -> None:
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "none", "No such file")):
        with pytest.raises(OSError, match=reason):
            read_file(path, max_bytes=5)
        with pytest.raises(OSError, match=reason):
            state_of_file(path)


def test_the_state_of_a_file_tells_one_content_from_another(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1")
    before = state_of_file(path)

    path.write_bytes(b"12")

    assert state_of_file(path) != before


@pytest.mark.parametrize("name", ["hello.md", "hello.markdown"])
def test_an_article_s_file_is_the_one_that_is_there(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")

    assert article_file(tmp_path, "hello") == tmp_path / name


def test_an_article_without_a_file_has_the_usual_one(tmp_path: Path) -> None:
    assert article_file(tmp_path, "2026/hello") == tmp_path / "2026" / "hello.md"


def test_an_editors_lock_is_no_module(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("")
    before = state_of_code(tmp_path)

    (tmp_path / ".#module.py").symlink_to("somebody@example.org.1234")

    assert state_of_code(tmp_path) == before
