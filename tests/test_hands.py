"""
The editor's files: what they may say, and what is said of a fault in one.
"""

import os
from pathlib import Path

import pytest

from digest.errors import SettingsError
from digest.hands import MAX_FILE, look_at_hand, read_hand
from digest.model import Hand, Pin

WHOLE = """\
introduction = "  Good **morning**.  "
note = '''
Back soon.
'''
drop = ["2026-11-20-a-story.md", "other"]

# [[pin]]  the first of two
[[pin]]
story = "2026-11-18-another.markdown"
topic = "Science"
place = 2
lead = true

[[ pin ]]
story = "third"
"""


def read(folder: Path, text: str | bytes) -> Hand:
    path = folder / "weekly" / "2026-11-23.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_hand(folder, "weekly/2026-11-23")


def test_a_file_decides_pins_drops_and_texts(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE) == Hand(
        pins=(
            Pin(slug="2026-11-18-another", topic="Science", place=2, lead=True, line=8),
            Pin(slug="third", line=14),
        ),
        drops=("2026-11-20-a-story", "other"),
        introduction="Good **morning**.",
        note="Back soon.",
        file=str(tmp_path / "weekly" / "2026-11-23.toml"),
    )


def test_without_a_file_nothing_is_decided(tmp_path: Path) -> None:
    assert read_hand(tmp_path, "weekly/2026-11-23") == Hand()


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeffnote = 'x'").note == "x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("note = ", "not valid TOML"),
        (b"note = 'caf\xe9'", "not valid TOML"),
        ("introducton = 'x'", 'unknown key introducton; did you mean "introduction"?'),
        ("x = 1", "unknown key x; known are: drop, introduction, note, pin"),
        ("[[pin]]\nstory = 'a'\nplaze = 1", 'unknown key plaze; did you mean "place"?'),
        ("drop = 'one'", "drop a list of stories"),
        ("drop = [1]", "drop a list of stories"),
        ("note = 1", "introduction and note are texts"),
        ("pin = 'a'", "[[pin]] tables"),
        ("[[pin]]\nplace = 1", ":1: a pin needs a story"),
        ("note = 'a'\n[[pin]]\nstory = ''", ":2: a pin needs a story"),
        ("[[pin]]\nstory = 'a'\ntopic = 1", "its topic is a text"),
        ("[[pin]]\nstory = 'a'\nplace = 0", ":1: the place of a pin counts from 1"),
        ("[[pin]]\nstory = 'a'\nplace = true", "the place of a pin counts from 1"),
        ("[[pin]]\nstory = 'a'\n\n[[pin]]\nstory = 'b'\nlead = 1", ":4: the place of a pin"),
    ],
)
def test_a_fault_is_named_with_its_file_and_the_remedy(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)

    assert str(caught.value).startswith(str(tmp_path / "weekly" / "2026-11-23.toml"))
    assert message in str(caught.value)


def test_all_faults_are_named_at_once_with_their_lines(tmp_path: Path) -> None:
    text = """\
intro = "x"
note = 1

[[pin]]
place = 0
stroy = "a"
[[pins]]
story = "b"
"""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)

    file = tmp_path / "weekly" / "2026-11-23.toml"
    assert str(caught.value).splitlines() == [
        f"{file}:1: unknown key intro; known are: drop, introduction, note, pin",
        f"{file}:2: note: introduction and note are texts, drop a list of stories, [[pin]] tables",
        f"{file}:4: the place of a pin counts from 1, lead is true or false",
        f"{file}:4: a pin needs a story, and its topic is a text",
        f'{file}:6: unknown key stroy; did you mean "story"?',
        f'{file}:7: unknown key pins; did you mean "pin"?',
    ]


def test_a_fault_leaves_the_rest_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "2026-11-23.toml"
    path.write_text("drop = 'x'\nnote = 'y'\n[[pin]]\nstory = 'a'\nplace = 0\n", "utf-8")

    hand, problems = look_at_hand(path)

    assert hand == Hand(note="y", pins=(Pin(slug="a", line=3),), file=str(path))
    assert [each.line for each in problems] == [1, 3]


def test_what_is_no_toml_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "2026-11-23.toml"
    path.write_text("note = 'y'\ndrop = [\n'a'\nx\n", "utf-8")

    ((problem,)) = look_at_hand(path)[1]

    assert (problem.file, problem.line) == (str(path), 4)


def test_pins_in_one_line_are_pins_too(tmp_path: Path) -> None:
    hand = read(tmp_path, "pin = [{ story = 'a' }, { story = 'b', place = 3 }]")

    assert [(each.slug, each.place, each.line) for each in hand.pins] == [("a", 1, 1), ("b", 3, 1)]


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "weekly" / "2026-11-23.toml").mkdir(parents=True)

    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        read_hand(tmp_path, "weekly/2026-11-23")


def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    (tmp_path / "weekly").mkdir()
    os.mkfifo(tmp_path / "weekly" / "2026-11-23.toml")

    with pytest.raises(SettingsError, match="cannot be read: It is no file"):
        read_hand(tmp_path, "weekly/2026-11-23")


def test_a_file_that_is_too_large_is_told_and_not_cut_off(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: larger than 262,144 bytes"):
        read(tmp_path, f"# {'-' * MAX_FILE}\n{WHOLE}")
