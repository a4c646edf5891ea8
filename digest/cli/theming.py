"""
Commands for themes: theme new, theme check.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ThemeError
from .shared import AsJson, counted, moment_of, opened, print_json, say

if TYPE_CHECKING:
    from ..model import Problem

app = typer.Typer(no_args_is_help=True, help="Make themes of your own, and find what is wrong.")

STARTER = Path(__file__).parent / "starter" / "theme.mjml.j2"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
BLOCK = re.compile(r"\{%-?\s*block\s+(\w+)")


@app.command("new")
def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the theme, and its folder.")],
    base: Annotated[
        str, typer.Option("--from", metavar="THEME", help="The theme that it changes.")
    ] = "default",
) -> None:
    """
    Make a theme that is another one but for single blocks.
    """
    from ..renderer import shipped_themes
    from ..renderer.themes import HTML_TEMPLATE, find_theme

    if not NAME.fullmatch(name):
        raise typer.BadParameter(f'found "{name}", needed is a name such as my-theme')
    with opened(context) as pipeline:
        templates = pipeline.settings.templates
    file = templates / name / HTML_TEMPLATE
    theme = find_theme((templates, shipped_themes()), base)
    if file.parent.exists():
        raise ThemeError(f"{file.parent} is there already: choose another name")
    sources = [(folder / HTML_TEMPLATE).read_text("utf-8") for folder in theme.lineage]
    blocks = dict.fromkeys(block for source in sources for block in BLOCK.findall(source))
    text = STARTER.read_text("utf-8").replace("{blocks}", ", ".join(blocks))
    try:
        file.parent.mkdir(parents=True)
        file.write_text(text.replace("{base}", base).replace("{name}", name), "utf-8")
    except OSError as error:
        raise ThemeError(f"{file} cannot be written: {error.strerror}") from None
    say(f"Made {file}")
    say(f"Next: digest theme check {name}, then digest serve --preview")


@app.command("check")
def check(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="Default: all of your own.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """
    Name everything that is wrong with themes, with file and line. Exit status 1 at any error.
    """
    problems = _problems(context, names)
    if as_json:
        fields = ("file", "line", "level", "message")
        print_json(
            {"problems": [{name: getattr(each, name) for name in fields} for each in problems]}
        )
    else:
        for each in problems:
            place = each.file if each.line is None else f"{each.file}:{each.line}"
            say(f"{place}: {each.level}: {each.message}")
        say(counted(len(problems), "problem"))
    raise typer.Exit(any(each.level == "error" for each in problems))


def _problems(context: typer.Context, names: list[str] | None) -> list["Problem"]:
    from ..pipeline.theming import check_theme, own_themes

    with opened(context) as pipeline:
        wanted = names or own_themes(pipeline)
        if not wanted:
            say(f"There is no theme in {pipeline.settings.templates}: `digest theme new` makes one")
        found = (
            problem for name in wanted for problem in check_theme(pipeline, name, moment_of(None))
        )
        return [*dict.fromkeys(found)]
