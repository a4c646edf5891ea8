"""
The command line as a whole: help, version, exit statuses, errors in one line, and what is loaded.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from digest import __version__
from tests.program import (
    AT,
    SITE,
    WEEKLY,
    Project,
    a_full_project,
    a_project,
    environment,
    run_digest,
)

COMMANDS = ("init", "check", "topics", "select", "preview", "send", "status", "resolve")
SUBSCRIBERS = ("add", "remove", "list", "show", "topics", "import", "export")
HEAVY = ("sqlalchemy", "alembic", "jinja2", "pydantic", "PIL", "lxml", "premailer", "rich", "mjml")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return a_full_project(tmp_path_factory.mktemp("cli") / "project")


def modules_after(project: Project, *arguments: str) -> set[str]:
    """
    The top-level packages that a command has loaded.
    """
    program = (
        "import sys\n"
        "from digest.cli import main\n"
        f"sys.argv = ['digest', '--config', {str(project.config)!r}, *{list(arguments)!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project.folder,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("group", ["", "subscribers", "images", "archive", "theme", "dkim", "keys"])
def test_help_breaks_off_no_sentence(tmp_path: Path, group: str) -> None:
    ran = run_digest(*group.split(), "--help", cwd=tmp_path)

    _, _, commands = ran.out.partition("\nCommands:\n")
    assert commands
    assert "..." not in commands


def test_help_names_every_command(tmp_path: Path) -> None:
    ran = run_digest("--help", cwd=tmp_path)

    assert ran.status == 0
    assert all(f"\n  {name} " in ran.out for name in (*COMMANDS, "subscribers"))
    assert not ran.err


def test_help_of_the_lists_names_every_command(tmp_path: Path) -> None:
    ran = run_digest("subscribers", "--help", cwd=tmp_path)

    assert ran.status == 0
    assert all(f"\n  {name} " in ran.out for name in SUBSCRIBERS)


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        (("send",), "[NEWSLETTER...]"),
        (("init",), "[DIR]"),
        (("status",), "[ISSUE]"),
        (("subscribers", "export"), "{NEWSLETTER} [FILE]"),
    ],
)
def test_brackets_are_around_what_may_be_left_out(
    tmp_path: Path, command: tuple[str, ...], usage: str
) -> None:
    ran = run_digest(*command, "--help", cwd=tmp_path)

    assert ran.out.startswith(f"Usage: python -m digest {' '.join(command)} [OPTIONS] {usage}\n")


def test_the_version_is_told_without_a_configuration(tmp_path: Path) -> None:
    ran = run_digest("--version", cwd=tmp_path)

    assert (ran.status, ran.out, ran.err) == (0, f"digest {__version__}\n", "")


def test_no_arguments_show_the_help(tmp_path: Path) -> None:
    ran = run_digest(cwd=tmp_path)

    assert ran.status == 2
    assert "Commands:" in ran.out + ran.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ((), "Missing command"),
        (("send", "weekly", "--issue", "x", "--due"), "--due goes with the schedule"),
        (("sned",), "No such command 'sned'"),
        (("select",), "Missing argument 'NEWSLETTER'"),
        (("select", "weekly", "--at", "yesterday"), '"yesterday", needed is a time such as'),
        (("select", "weekly", "--since", "2026-13-01"), '"2026-13-01", needed is a time such as'),
        (("send", "--limit", "0"), "'--limit'"),
        (("send", "--limit", "many"), "'--limit'"),
        (("send", "weekly", "--issue", "a/b"), "letters, digits, dots and dashes"),
        (("send", "weekly", "--issue", ""), "letters, digits, dots and dashes"),
        (("send", "--issue", "extra"), "--issue goes with one newsletter"),
        (("send", "a", "b", "--issue", "extra"), "--issue goes with one newsletter"),
        (("send", "weekly", "--since", "2026-11-01"), "--since and --until go with --issue"),
        (("send", "--test", "a@example.org", "--dry-run"), "--test and --dry-run"),
        (("resolve", "weekly/2026-11-23"), "say one of --resend, --drop"),
        (("resolve", "weekly/2026-11-23", "--resend", "--drop"), "say one of --resend, --drop"),
        (("subscribers", "add", "weekly", "nonsense"), "the address has no @"),
        (("subscribers", "add", "weekly", "a@example.org", "--name", "=1+1"), "as a formula does"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_hint(
    project: Project, arguments: tuple[str, ...], hint: str
) -> None:
    ran = project.run(*arguments)

    assert ran.status == 2
    assert hint in ran.err.splitlines()[-1]
    assert not ran.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("select", "weekl"), 'there is no newsletter "weekl"; did you mean "weekly"?'),
        (("send", "x"), 'there is no newsletter "x"; there are: weekly'),
        (
            ("select", "weekly", "--topics", "Scince"),
            'there is no topic "Scince"; did you mean "Science"?',
        ),
        (
            ("select", "weekly", "--topics", "Quantum chess"),
            'there is no topic "Quantum chess"; see `digest topics`',
        ),
        (
            ("select", "weekly", "--since", "2026-11-23", "--until", "2026-11-23"),
            "the window ends at 2026-11-22T23:00Z, before it starts",
        ),
        (
            ("preview", "--subscriber", "ann@example.org"),
            "nobody is subscribed yet: see `digest subscribers import`",
        ),
        (
            ("status", "weekly/1999-01-01"),
            'there is no issue "weekly/1999-01-01": `digest status` lists them',
        ),
        (("send", "--test", "nonsense", *AT), "the test address has no @"),
    ],
)
def test_an_error_is_one_line_with_its_remedy(
    project: Project, arguments: tuple[str, ...], message: str
) -> None:
    ran = project.run(*arguments)

    assert (ran.status, ran.out, ran.err) == (1, "", f"digest: {message}\n")


def test_a_missing_configuration_is_told_with_the_way_to_make_one(tmp_path: Path) -> None:
    ran = run_digest("status", cwd=tmp_path)

    assert ran.status == 1
    assert ran.err == (
        "digest: there is no configuration digest.toml:"
        " `digest init` makes one, --config names another\n"
    )


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    ran = run_digest("--config", str(tmp_path), "status", cwd=tmp_path)

    assert ran.status == 1
    assert ran.err == f"digest: the configuration {tmp_path} cannot be read: Is a directory\n"


def test_every_mistake_of_a_configuration_is_told_at_once(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    table = WEEKLY.replace("per_topic", "per_topics").replace('"7d"', '"soon"')
    project.configure(SITE, table)

    ran = project.run("status")

    assert ran.status == 1
    lines = ran.err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"digest: {project.config}:") for line in lines)
    assert any('per_topics: unknown key; did you mean "per_topic"?' in line for line in lines)
    assert any('"soon"' in line and '"7d"' in line for line in lines)


def test_the_environment_names_the_configuration(project: Project, tmp_path: Path) -> None:
    ran = run_digest("check", cwd=tmp_path, environ={"DIGEST_CONFIG": str(project.config)})

    assert ran.status == 0


def test_a_reader_that_has_gone_is_no_reason_to_complain(project: Project) -> None:
    source, sink = os.pipe()
    os.close(source)
    with os.fdopen(sink, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "digest", "--config", str(project.config), "topics", "--json"],
            stdout=gone,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=60,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr == b""


def test_help_loads_nothing_heavy(project: Project) -> None:
    loaded = modules_after(project, "--help")

    assert loaded.isdisjoint(HEAVY)


def test_a_selection_loads_no_database_and_no_renderer(project: Project) -> None:
    loaded = modules_after(project, "select", "weekly", *AT, "--json")

    assert loaded.isdisjoint({*HEAVY, "smtplib", "ssl"} - {"pydantic"})


def test_a_window_since_the_last_issue_needs_no_database_before_there_is_one(
    tmp_path: Path,
) -> None:
    project = a_full_project(tmp_path / "project", WEEKLY.replace('"7d"', '"since-last"'))

    loaded = modules_after(project, "select", "weekly", *AT, "--json")

    assert "sqlalchemy" not in loaded
