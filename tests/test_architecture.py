"""
What every module has to keep to, beside what the linters check.
"""

import ast
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from digest import model

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "digest"
MODULES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8"))
    for folder in ("digest", "tests", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.read_text("utf-8")
}
OF_PACKAGE = [name for name in MODULES if name.startswith("digest/")]
MAX_FUNCTION = 60
MAX_MODULE = 300


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (
        node
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is(name: str) -> None:
    docstring = ast.get_docstring(MODULES[name], clean=False)

    assert docstring
    assert docstring.startswith("\n")


@pytest.mark.parametrize("name", OF_PACKAGE)
def test_docstrings_open_on_a_new_line(name: str) -> None:
    classes = [node for node in ast.walk(MODULES[name]) if isinstance(node, ast.ClassDef)]
    docstrings = [
        ast.get_docstring(node, clean=False) for node in (*classes, *functions(MODULES[name]))
    ]

    assert not [each for each in docstrings if each and not each.startswith("\n")]


@pytest.mark.parametrize("name", OF_PACKAGE)
def test_functions_fit_on_a_screen(name: str) -> None:
    lengths = {
        each.name: (each.end_lineno or each.lineno) - each.lineno + 1
        for each in functions(MODULES[name])
    }

    assert not {each: length for each, length in lengths.items() if length > MAX_FUNCTION}


@pytest.mark.parametrize("name", OF_PACKAGE)
def test_modules_stay_short(name: str) -> None:
    lines = len((ROOT / name).read_text("utf-8").splitlines())

    assert lines <= MAX_MODULE


def test_the_contract_names_every_module() -> None:
    """
    So that `lint-imports` lets nothing in that nobody has put in its place.
    """
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (contract,) = settings["tool"]["importlinter"]["contracts"]
    named = {name for layer in contract["layers"] for name in layer.split(" | ")}
    existing = {
        path.stem
        for path in PACKAGE.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").is_file())
    }

    assert contract["exhaustive"]
    assert named == existing - {"__init__", *contract["exhaustive_ignores"]}


@pytest.mark.parametrize("name", OF_PACKAGE)
def test_only_the_edge_asks_for_clock_environment_and_chance(name: str) -> None:
    """
    Below `cli` they are arguments.
    """
    asked = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(MODULES[name])
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }

    forbidden = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "os.environ"}
    forbidden |= {"secrets.randbits", "secrets.token_bytes", "random.random", "os.urandom"}
    assert name.startswith("digest/cli/") or not asked & forbidden


def test_every_noun_is_where_the_model_looks_for_it() -> None:
    """
    Its modules are loaded one by one, by a list beside the imports that type checkers read.
    """
    assert sorted(model.HOMES) == sorted(model.__all__)
    for noun, home in model.HOMES.items():
        assert getattr(model, noun) is getattr(import_module(f"digest.model.{home}"), noun)
