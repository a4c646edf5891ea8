"""
`digest` as people start it: a Ctrl-C is no accident, however early it comes.
"""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.program import Project, a_full_project, environment

IMPORTED = "import time:"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return a_full_project(tmp_path_factory.mktemp("main") / "project")


def interrupted(
    project: Project, module: str, *arguments: str, before: Sequence[str] = ()
) -> tuple[int, list[str]]:
    """
    Status and last words of a command that gets SIGINT as soon as it has loaded a module.
    """
    said = []
    with subprocess.Popen(
        [*before, sys.executable, "-X", "importtime", "-m", "digest", *arguments],
        cwd=project.folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stderr or ():
            if not line.startswith(IMPORTED):
                said.append(line)
            elif line.rpartition("|")[2].strip() == module:
                process.send_signal(signal.SIGINT)
    return process.returncode, said


@pytest.mark.parametrize(
    "module",
    ["typer.colors", "typer", "digest.cli.shared", "digest.cli", "digest.model", "digest.settings"],
)
def test_ctrl_c_ends_a_command_without_a_word_while_it_is_loaded(
    project: Project, module: str
) -> None:
    assert interrupted(project, module, "check") == (130, [])


@pytest.mark.parametrize("module", ["digest.reader", "digest.pipeline.checks", "digest.renderer"])
def test_ctrl_c_ends_a_command_without_a_word_while_it_is_at_work(
    project: Project, module: str
) -> None:
    assert interrupted(project, module, "check") == (130, [])


def test_ctrl_c_ends_a_command_without_a_word_that_needs_no_configuration(tmp_path: Path) -> None:
    project = Project(tmp_path)

    assert interrupted(project, "digest.cli", "--help") == (130, [])


def test_who_wants_ctrl_c_ignored_is_obeyed(project: Project) -> None:
    ignoring = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")

    status, said = interrupted(project, "digest.model", "check", before=ignoring)

    assert (status, said[-1]) == (0, "3 articles, 0 problems\n")
