"""
The README is true: its commands run, and say what it says they do; its keys are those there are.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from digest.settings.tables.root import Root

README = Path(__file__).parent.parent / "README.md"
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
CONFIGURATION = re.compile(r"^## Configuration\n.*?^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEADER = re.compile(r"\[+(.+?)\]+(?: |$)")
KEY = re.compile(r"(# )?(\w+) = ")
#: A relay has keys of [smtp], which the README does not say again.
SHORTENED = "smtp.relays"


def test_a_new_user_gets_from_init_to_letters(tmp_path: Path) -> None:
    script = "".join(SHELL.findall(README.read_text("utf-8")))
    digest = f'digest() {{ "{sys.executable}" -m digest "$@"; }}\nset -euo pipefail\n'

    done = subprocess.run(
        ["bash", "-c", digest + script], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "news" / "preview" / "index.html").is_file()
    # The test letter, and one for each of the two subscribers.
    assert len(list((tmp_path / "news" / "outbox").glob("*.eml"))) == 3


def test_the_crontab_line_says_nothing_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    digest = [sys.executable, "-m", "digest"]
    subprocess.run([*digest, "init"], cwd=tmp_path, capture_output=True, check=True)

    done = subprocess.run(
        [*digest, "send", "--due"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def help_of(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "digest", *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def commands_of(*command: str) -> set[str]:
    _, _, listed = help_of(*command).partition("\nCommands:\n")
    return set(re.findall(r"^  (\w+)  ", listed, re.MULTILINE))


def readme_of(command: str = r"\w+") -> list[str]:
    """
    What the section on commands says behind the name of one of them.
    """
    listed = README.read_text("utf-8").partition("\n## Commands\n")[2].partition("\n## ")[0]
    return re.findall(rf"^    digest ({command} .*)", listed, re.MULTILINE)


def test_every_command_is_in_the_readme_and_there() -> None:
    named = [line.partition(" ")[0] for line in readme_of()]

    assert sorted(named) == sorted(commands_of())


@pytest.mark.parametrize("group", ["subscribers", "images", "archive", "theme", "dkim", "keys"])
def test_every_command_of_a_group_is_in_the_readme(group: str) -> None:
    (line,) = readme_of(group)

    assert {each for each in commands_of(group) if not re.search(rf"\b{each}\b", line)} == set()


@pytest.mark.parametrize(
    "command",
    ["check", "select", "preview", "send", "status", "resolve", "worker", "serve", "bounces"],
)
def test_options_that_the_readme_names_exist(command: str) -> None:
    (line,) = readme_of(command)

    assert {each for each in re.findall(r"--\w+", line) if each not in help_of(command)} == set()


def tables_of(
    model: type[BaseModel], place: tuple[str, ...] = ()
) -> Iterator[tuple[str, type[BaseModel]]]:
    """
    Every table that digest.toml may have; `*` stands for a name of the user's.
    """
    yield ".".join(place), model
    for key, field in fields_of(model).items():
        inner = table_in(field.annotation)
        if inner is not None and not (place and place[0] == "newsletters"):
            star = ("*",) if "dict[" in str(field.annotation) else ()
            yield from tables_of(inner, (*place, key, *star))


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def table_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := table_in(each))), None)


def documented() -> dict[str, list[str]]:
    """
    The lines of each table of the README's configuration.
    """
    (block,) = CONFIGURATION.findall(README.read_text("utf-8"))
    lines: dict[str, list[str]] = {}
    table = ""
    for line in filter(None, block.splitlines()):
        if header := HEADER.match(line):
            table = re.sub(r"^(newsletters|topics|pace\.domains)\..*", r"\1.*", header[1])
            assert table not in lines, f"[{table}] is there twice"
            lines[table] = []
        else:
            lines[table].append(line)
    return lines


TABLES = {name: model for name, model in tables_of(Root) if name}


def test_every_table_is_in_the_readme_once() -> None:
    assert sorted(documented()) == sorted(TABLES)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_key_is_in_the_readme_once_with_its_default(table: str) -> None:
    fields = {
        key: field
        for key, field in fields_of(TABLES[table]).items()
        if not {f"{table}.{key}", f"{table}.{key}.*"} & set(TABLES)
    }
    keys = []
    for line in documented().get(table, []):
        match = KEY.match(line)
        assert match, line
        keys.append(match[2])
        _check_line(line, fields[match[2]], example=bool(match[1]))

    if table == SHORTENED:
        assert set(keys) <= set(fields)
    else:
        assert sorted(keys) == sorted(fields)


def _annotated(field: FieldInfo) -> Any:
    kind: Any = field.annotation
    for each in field.metadata:
        kind = Annotated[kind, each]
    return kind


def _check_line(line: str, field: FieldInfo, *, example: bool) -> None:
    (value,) = tomllib.loads(line.removeprefix("# ")).values()
    needed = field.is_required()
    default = None if needed else field.get_default(call_default_factory=True)
    kind: TypeAdapter[Any] = TypeAdapter(_annotated(field))

    read = kind.validate_python(value)

    if example:
        assert not default or isinstance(default, BaseModel), f"has a default: {line}"
        assert not needed or "needed" in line, line
    else:
        assert read == default, line
