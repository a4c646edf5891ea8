"""
What is shipped: the wheel holds all it needs, and works far from the checkout.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.program import AT, Project, contents, environment

ROOT = Path(__file__).parent.parent
PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!-]+")
NAME = re.compile(r"[A-Za-z0-9._-]+")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    Built from the checkout, with what is installed already.
    """
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"),
            *("--no-index", "--no-deps", "--no-build-isolation"),
            *("--wheel-dir", str(folder), str(ROOT)),
        ],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A folder with nothing but the wheel's files.
    """
    folder = tmp_path_factory.mktemp("installed")
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def names_in(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_wheel_holds_every_file_of_the_package_and_the_themes(wheel: Path) -> None:
    code = {f"digest/{name}" for name in contents(ROOT / "digest") if "__pycache__" not in name}
    themes = {f"digest/templates/{name}" for name in contents(ROOT / "templates")}

    names = {name for name in names_in(wheel) if ".dist-info/" not in name}

    assert names == code | themes
    assert {"digest/templates/default/issue.mjml.j2", "digest/cli/starter/digest.toml"} <= names
    assert any(name.startswith("digest/store/migrations/versions/0001") for name in names)
    assert any(name.startswith("digest/gallery/") and name.endswith(".j2") for name in names)


def test_the_wheel_has_the_licence_and_the_command(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (entry_points,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        text = archive.read(entry_points).decode()

    assert "digest = digest.__main__:main" in text
    assert any(name.endswith("licenses/LICENSE") for name in names_in(wheel))


def test_the_installed_wheel_works_in_another_folder(installed: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "digest", *arguments],
            cwd=tmp_path,
            env=environment() | {"PYTHONPATH": str(installed)},
            capture_output=True,
            encoding="utf-8",
            check=True,
        )

    run("init", "site")
    config = ("--config", "site/digest.toml")
    run(*config, "check")
    previewed = run(*config, "preview", "--json")
    run(*config, "subscribers", "import", "weekly", "site/subscribers.csv")

    assert '"eml": "preview/weekly-science-cities.eml"' in previewed.stdout
    assert (tmp_path / "preview" / "index.html").is_file()
    assert (tmp_path / "site" / "digest.db").is_file()


def test_an_editable_install_finds_its_themes(tmp_path: Path) -> None:
    program = "from digest.renderer import shipped_themes; print(shipped_themes())"

    shown = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert Path(shown.stdout.strip()) == ROOT / "templates"


def test_the_sample_site_has_no_problems_and_something_to_read() -> None:
    project = Project(ROOT / "content")

    checked = project.json("check")
    selected = project.json("select", "wind-and-water", *AT)

    assert checked["problems"] == []
    assert [each["topic"] for each in selected["sections"]] == ["Space", "Oceans", "Energy"]


def test_constraints_are_pins_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()

    assert lines
    assert not [line for line in lines if not PIN.fullmatch(line)]
    names = [normalized(line.partition("==")[0]) for line in lines]
    assert len(set(names)) == len(names)


def test_every_direct_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(each for group in project["project"]["optional-dependencies"].values() for each in group),
        *(each for group in project["dependency-groups"].values() for each in group),
    ]
    pinned = {
        normalized(line.partition("==")[0])
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    }

    names = {normalized(match[0]) for each in wanted if (match := NAME.match(each))}

    assert len(names) > 10
    assert names <= pinned
