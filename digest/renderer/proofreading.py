"""
What is wrong with the templates of a theme, also where MJML passes over it in silence. Pure but
for reading them: every template is looked at as it is written, whatever would be printed of it.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables

from ..languages import ENGLISH, wording
from ..model import Problem
from .context import FILTERS
from .themes import Theme, ThemeEnvironment
from .unknown import meant
from .vocabulary import ELEMENTS, EVERY_ATTRIBUTE, FOR_ALL

#: Comments, statements and expressions of Jinja.
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
STATEMENT = re.compile(r"\{%.*?%\}", re.DOTALL)
EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
#: Of HTML, but for the conditional ones, whose content Outlook reads, or all others.
REMARK = re.compile(r"<!--(?!\[if|>|<!\[endif).*?-->", re.DOTALL)
STYLES = re.compile(r"<(style|mj-style)\b[^>]*>.*?</\1>", re.DOTALL)
TAG = re.compile(r"<(/?)([A-Za-z][\w:-]*)((?:\"[^\"]*\"|'[^']*'|[^\"'<>])*)>")
ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]*)")
#: Stands where Jinja writes something.
WRITTEN = "\x1a"


def proofread(theme: Theme, *, names: Collection[str]) -> list[Problem]:
    """
    The problems of a theme's own templates. `names` are those that templates are given.
    """
    environment = ThemeEnvironment(theme, wording(ENGLISH, "letter"), html=True)
    environment.filters |= FILTERS
    made = {path: _made_by(path) for path in _within_reach(theme)}
    # Blocks see the names of what they are put into.
    names_made = chain.from_iterable(each.names for each in made.values())
    everywhere = {*names, *environment.globals, *names_made}
    problems: list[Problem] = []
    for file in theme.templates:
        try:
            source = file.read_text("utf-8", "replace")
        except OSError as error:
            message = f"cannot be read: {error.strerror}"
            problems.append(Problem(file=str(file), message=message))
            continue
        if ".mjml" in file.name or "<mj-" in source:
            problems += (_problem(file, source, *each) for each in _markup_faults(source))
        try:
            tree = environment.parse(source)
        except TemplateSyntaxError as error:
            message = error.message or "syntax error"
            problems.append(Problem(file=str(file), line=error.lineno, message=message))
            continue
        unknown = [*_unknown_filters(file, tree, environment)]
        # Jinja finds no names where it does not know a filter.
        problems += unknown or _unknown_names(file, tree, everywhere)
        others = {name for path, each in made.items() if path != file for name in each.blocks}
        problems += _idle_blocks(file, tree, others)
    return problems


def _problem(file: Path, source: str, place: int, level: str, message: str) -> Problem:
    line = source.count("\n", 0, place) + 1
    return Problem(file=str(file), line=line, level=level, message=message)


def _markup_faults(source: str) -> Iterator[tuple[int, str, str]]:
    """
    Place, level and message of what is wrong with tags.
    """
    text = source
    for pattern in (COMMENT, STATEMENT, REMARK, STYLES):
        text = pattern.sub(blank, text)
    text = EXPRESSION.sub(_written, text)
    in_attributes = False
    for match in TAG.finditer(text):
        closing, tag, rest = match.groups()
        if tag == "mj-attributes":
            in_attributes = not closing
        if closing:
            continue
        for message in _faults_of_tag(tag, in_attributes=in_attributes):
            yield match.start(), "error", message
        for place, level, message in _faults_of_attributes(tag, rest):
            yield match.start(3) + place, level, message


def blank(match: re.Match[str]) -> str:
    """
    As many lines and characters as before, so that places stay what they are.
    """
    return re.sub(r"[^\n]", " ", match[0])


def _written(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", WRITTEN, match[0])


def _faults_of_tag(tag: str, *, in_attributes: bool) -> Iterator[str]:
    if tag == "mj-include":
        yield '<mj-include> is not followed: write {% include "…" %}'
    elif tag.startswith("mj") and tag not in ELEMENTS and not (in_attributes and tag in FOR_ALL):
        yield f"there is no <{tag}> in MJML{meant(tag, ELEMENTS)}"


def _faults_of_attributes(tag: str, rest: str) -> Iterator[tuple[int, str, str]]:
    known = ELEMENTS[tag].attributes if tag in ELEMENTS else EVERY_ATTRIBUTE | {"name"}
    for match in ATTRIBUTE.finditer(rest):
        name, value = match.groups()
        if tag.startswith("mj") and name not in known:
            message = f"<{tag}> has no attribute {name}{meant(name, known)}"
            yield match.start(), "error", message
        if not value.startswith(('"', "'")):
            message = f"the value of {name} is not in quotes: MJML needs double ones"
            yield match.start(), "error", message
        elif value.startswith("'") and WRITTEN in value:
            message = (
                f"{name}='…' holds what articles may say: with double quotes around it,"
                " nothing in it can end the attribute"
            )
            yield match.start(), "error", message


def _within_reach(theme: Theme) -> list[Path]:
    """
    All templates that its own may extend, include or import.
    """
    folders = (*theme.lineage, *theme.roots)
    return sorted({path for folder in folders for path in folder.rglob("*.j2")})


@dataclass(frozen=True, slots=True)
class _Made:
    """
    The names that a template sets, loops over or imports, and its blocks.
    """

    names: frozenset[str] = frozenset()
    blocks: frozenset[str] = frozenset()


def _made_by(file: Path) -> _Made:
    try:
        return _made_in(file.read_text("utf-8", "replace"))
    except OSError:
        return _Made()


@lru_cache(maxsize=256)
def _made_in(source: str) -> _Made:
    # Kept, as a live preview asks again and again, and parsing takes time.
    try:
        tree = Environment(extensions=["jinja2.ext.i18n"]).parse(source)  # noqa: S701 - only parses
    except TemplateSyntaxError:
        return _Made()
    names = {each.name for each in tree.find_all(nodes.Name) if each.ctx in {"store", "param"}}
    names |= {each.target for each in tree.find_all(nodes.Import)}
    names |= {each.name for each in tree.find_all(nodes.Macro)}
    blocks = frozenset(each.name for each in tree.find_all(nodes.Block))
    return _Made(frozenset(names), blocks)


def _idle_blocks(file: Path, tree: nodes.Template, known: Collection[str]) -> Iterator[Problem]:
    """
    Blocks of a template that extends another, which has none of that name: nobody prints them.
    """
    if not any(tree.find_all(nodes.Extends)):
        return
    for block in tree.body:
        if isinstance(block, nodes.Block) and block.name not in known:
            message = f'no theme it builds on has a block "{block.name}"{meant(block.name, known)}'
            yield Problem(file=str(file), line=block.lineno, message=message)


def _unknown_names(file: Path, tree: nodes.Template, known: Collection[str]) -> Iterator[Problem]:
    unknown = find_undeclared_variables(tree) - {*known}
    lines: dict[str, int] = {}
    for name in tree.find_all(nodes.Name):
        if name.name in unknown and name.ctx == "load":
            lines.setdefault(name.name, name.lineno)
    for each, line in sorted(lines.items(), key=lambda item: item[1]):
        message = f'"{each}" is undefined{meant(each, known)}'
        yield Problem(file=str(file), line=line, message=message)


def _unknown_filters(
    file: Path, tree: nodes.Template, environment: Environment
) -> Iterator[Problem]:
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        kind = "filter" if isinstance(node, nodes.Filter) else "test"
        known = environment.filters if isinstance(node, nodes.Filter) else environment.tests
        if node.name not in known:
            message = f'there is no {kind} "{node.name}"{meant(node.name, known)}'
            yield Problem(file=str(file), line=node.lineno, message=message)
