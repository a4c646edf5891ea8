"""
Colours too faint to read and logos that are no pictures are named, with line and remedy.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from digest.model import Problem
from digest.pictures import FolderCache
from digest.pipeline.branding import brand_problems, logo_of
from digest.settings import Settings, load_settings

from .test_settings_brand import SETTINGS

BEFORE = SETTINGS.count("\n")


def settings_of(folder: Path, lines: str) -> Settings:
    (folder / "digest.toml").write_text(SETTINGS + lines, "utf-8")
    return load_settings(folder / "digest.toml", {})


def problems_of(folder: Path, lines: str) -> Sequence[Problem]:
    settings = settings_of(folder, lines)
    return brand_problems(settings, FolderCache(folder / "cache"), settings.newsletters.values())


def test_nothing_is_wrong_with_our_own_colours(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "") == ()


@pytest.mark.parametrize("background", ["#101020", "#808080"])
def test_nothing_is_said_about_colours_that_nobody_wrote(tmp_path: Path, background: str) -> None:
    assert problems_of(tmp_path, f"[brand]\nbackground = '{background}'\n") == ()


@pytest.mark.parametrize(
    ("lines", "line", "name"),
    [
        ("[brand]\nwidth = 600\naccent = '#ff8800'\n", 3, "accent"),
        ("[brand]\n[brand.topics]\nAI = '#ff8800'\n", 3, "topics.AI"),
        ("brand = { accent = '#ff8800' }\n", 1, "accent"),
        ("[newsletters.weekly.brand]\naccent = '#ff8800'\n[brand]\naccent = '#000'\n", 2, "accent"),
    ],
)
def test_a_faint_colour_is_named_with_what_stands_in_for_it(
    tmp_path: Path, lines: str, line: int, name: str
) -> None:
    (problem,) = problems_of(tmp_path, lines)

    assert (problem.file, problem.line) == (str(tmp_path / "digest.toml"), BEFORE + line)
    assert problem.level == "warning"
    assert problem.message == (
        f"brand.{name}: #ff8800 on #ffffff has a contrast of 2.4 : 1, and text needs 4.5 : 1:"
        " letters have #b56000 instead; choose that, or a stronger one"
    )


def test_one_colour_of_the_site_is_named_once(tmp_path: Path) -> None:
    second = "[newsletters.second]\n" + SETTINGS.partition("[newsletters.weekly]\n")[2]
    lines = f"{second}[brand]\naccent = '#ff8800'\n"

    assert len(problems_of(tmp_path, lines)) == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, " cannot be read: No such file or directory; correct the path"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ": no picture in JPEG, PNG,"),
        (b"", ": no picture in JPEG, PNG,"),
    ],
)
def test_a_logo_that_is_no_picture_is_an_error(
    tmp_path: Path, data: bytes | None, reason: str
) -> None:
    if data is not None:
        (tmp_path / "logo.svg").write_bytes(data)

    (problem,) = problems_of(tmp_path, "[brand]\nlogo = 'logo.svg'\n")

    assert (problem.level, problem.line) == ("error", BEFORE + 2)
    assert problem.message.startswith(f"brand.logo: {tmp_path / 'logo.svg'}{reason}")
    assert "; save it as PNG or JPEG" in problem.message or data is None


def test_a_logo_is_shrunk_and_never_cropped(tmp_path: Path) -> None:
    Image.new("RGB", (3000, 300), "red").save(tmp_path / "logo.png")
    settings = settings_of(tmp_path, "[brand]\nlogo = 'logo.png'\n")
    cache = FolderCache(tmp_path / "cache")

    logo, problems = logo_of(settings, settings.newsletter("weekly"), cache)

    assert logo is not None
    assert (logo.width, logo.height, problems) == (560, 56, ())
    assert cache.path_of(logo.name).is_file()


def test_a_logo_that_is_a_pipe_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "logo.png")

    (problem,) = problems_of(tmp_path, "[brand]\nlogo = 'logo.png'\n")

    assert "cannot be read: It is no file" in problem.message
