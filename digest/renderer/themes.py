"""
Where themes and their templates are: folders of folders, one theme building on another.

    <folder>/<theme>/issue.mjml.j2      the letter; may extend that of another theme
    <folder>/<theme>/issue.txt.j2       its text part; without it, that of the theme it extends
    <folder>/<theme>/theme.toml         pictures = "all", "lead" or "none"
    <folder>/<theme>/languages/de.po    words of its own

A name in a template is looked for beside it, then in the theme and the themes it builds on, then
as THEME/FILE in all folders. A theme that extends its own name gets the shipped one.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal, cast

from jinja2 import BaseLoader, Environment, TemplateNotFound
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import ThemeError
from ..languages import Wording
from ..model import Article, Brand, Edition, Issue, Newsletter, Palette, Provider, Related, Site
from .compiled import Compiled
from .context import Chapter, Shown
from .linemarks import LineMarks
from .unknown import Unknown

HTML_TEMPLATE = "issue.mjml.j2"
TEXT_TEMPLATE = "issue.txt.j2"
SETTINGS = "theme.toml"
LANGUAGES = "languages"
#: By how they are compiled: with autoescaping, and with marks.
COMPILED = {(html, marked): Compiled() for html in (False, True) for marked in (False, True)}
LINE_IN_TOML = re.compile(r"\(at line (\d+)")
EXTENDS = re.compile(r"\{%-?\s*extends\s+[\"']([^\"']+)[\"']\s*-?%\}")

#: Our own values, which hold no functions and no files.
PLAIN = frozenset(
    {Article, Brand, Chapter, Edition, Issue, Newsletter, Palette, Provider, Related, Shown, Site}
)

Pictured = Literal["all", "lead", "none"]
PICTURED: tuple[Pictured, ...] = ("all", "lead", "none")


@dataclass(frozen=True, kw_only=True)
class Theme:
    """
    A theme and those it builds on, itself first.
    """

    roots: tuple[Path, ...]
    lineage: tuple[Path, ...]

    @property
    def folder(self) -> Path:
        return self.lineage[0]

    @cached_property
    def pictured(self) -> Pictured:
        """
        Which stories have pictures. ThemeError if `theme.toml` does not say it in these words.
        """
        for folder in self.lineage:
            if (file := folder / SETTINGS).is_file():
                return _pictured(file)
        return "all"

    @cached_property
    def languages(self) -> tuple[Path, ...]:
        """
        The folders of its own catalogues, and of those of the themes it builds on.

        A folder of that name anywhere adds words to a theme, to a shipped one as well.
        """
        names = dict.fromkeys(folder.name for folder in self.lineage)
        folders = (root / name / LANGUAGES for name in names for root in self.roots)
        return tuple(folder for folder in folders if folder.is_dir())

    @cached_property
    def templates(self) -> tuple[Path, ...]:
        """
        All files of its own that are templates.
        """
        return tuple(sorted(path for path in self.folder.rglob("*.j2") if path.is_file()))

    @cached_property
    def all_templates(self) -> tuple[Path, ...]:
        """
        Its templates, those of the themes it builds on, and those that belong to no theme.
        """
        shared = (
            folder
            for root in self.roots
            for folder in root.glob("*")
            if not (folder / HTML_TEMPLATE).is_file()
        )
        folders = dict.fromkeys((*self.lineage, *shared))
        return tuple(path for folder in folders for path in sorted(folder.rglob("*.j2")))

    @cached_property
    def names(self) -> frozenset[str]:
        """
        By which its templates can name others.
        """
        folders = (*self.lineage, *self.roots)
        return frozenset(
            path.relative_to(folder).as_posix()
            for folder in folders
            for path in folder.rglob("*.j2")
        )

    def find(self, name: str, *, beside: Path | None = None) -> Path | None:
        """
        The template of that name, as seen from another; never outside the folders of themes.
        """
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts:
            return None
        folders = (*self.lineage, *self.roots)
        if beside:
            folders = (beside.parent, *folders)
        paths = (folder.joinpath(*parts) for folder in folders)
        return next((path for path in paths if path != beside and self.is_ours(path)), None)

    def holds(self, file: str) -> bool:
        """
        Whether a file is in a folder of themes, by its name.
        """
        return any(Path(file).is_relative_to(root) for root in self.roots)

    def is_ours(self, path: Path) -> bool:
        try:
            real = path.resolve()
            return path.is_file() and any(
                real.is_relative_to(root.resolve()) for root in self.roots
            )
        except (OSError, RuntimeError, ValueError):  # Links in a circle, or a NUL.
            return False


def find_theme(roots: Sequence[Path], name: str) -> Theme:
    """
    The theme of that name; the first folder that has it wins. ThemeError lists those there are.
    """
    for root in roots:
        if (root / name / HTML_TEMPLATE).is_file() and name == Path(name).name:
            return Theme(roots=tuple(roots), lineage=tuple(_lineage(roots, root / name)))
    there_are = ", ".join(theme_names(roots))
    raise ThemeError(f'there is no theme "{name}"; there are: {there_are}', key="theme")


def theme_names(roots: Sequence[Path]) -> list[str]:
    """
    All themes there are.
    """
    return sorted({path.parent.name for root in roots for path in root.glob(f"*/{HTML_TEMPLATE}")})


def _lineage(roots: Sequence[Path], folder: Path) -> Iterator[Path]:
    """
    The folders of a theme, of the one its letter extends, and so on.
    """
    met: set[Path] = set()
    while folder not in met:
        met.add(folder)
        yield folder
        file = folder / HTML_TEMPLATE
        try:
            extended = EXTENDS.search(file.read_text("utf-8")) if file.is_file() else None
        except (OSError, UnicodeDecodeError):
            return  # Told when it is rendered.
        if not extended:
            return
        parent = extended[1].partition("/")[0]
        others = (root / parent for root in roots)
        folder = next((each for each in others if each.is_dir() and each not in met), folder)


def _pictured(file: Path) -> Pictured:
    source, found = _loaded(file)
    unknown = sorted(found.keys() - {"pictures"})
    key = unknown[0] if unknown else "pictures"
    place = re.search(rf"^[\s\[]*[\"']?{re.escape(key)}\b", source, re.MULTILINE)
    line = source.count("\n", 0, place.end()) + 1 if place else None
    if unknown:
        raise ThemeError(f'unknown key "{key}"; known is: pictures', file=str(file), line=line)
    pictured = found.get("pictures", "all")
    if pictured not in PICTURED:
        shown = json.dumps(pictured, ensure_ascii=False, default=str)
        message = f'pictures: found {shown}, should be "all", "lead" or "none"'
        raise ThemeError(message, file=str(file), line=line)
    return cast("Pictured", pictured)


def _loaded(file: Path) -> tuple[str, dict[str, Any]]:
    """
    A file's text and what it says. ThemeError if it is no TOML.
    """
    try:
        data = file.read_bytes()
        source = data.decode("utf-8-sig")
        return source, tomllib.loads(source)
    except OSError as error:
        raise ThemeError(f"cannot be read: {error.strerror}", file=str(file)) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = "not UTF-8 text: save the file as UTF-8"
        raise ThemeError(message, file=str(file), line=line) from None
    except tomllib.TOMLDecodeError as error:
        found = LINE_IN_TOML.search(str(error))
        line = int(found[1]) if found else source.rstrip().count("\n") + 1
        raise ThemeError(f"not valid TOML: {error}", file=str(file), line=line) from None


class ThemeEnvironment(ImmutableSandboxedEnvironment):
    """
    Jinja for one theme in one language; a template's name is the path of its file.

    Sandboxed: themes are passed on by people who do not read them.
    """

    def __init__(self, theme: Theme, words: Wording, *, html: bool, marked: bool = False) -> None:
        extensions: list[type | str] = ["jinja2.ext.i18n"]
        super().__init__(
            loader=ThemeLoader(theme),
            autoescape=html,
            undefined=Unknown,
            trim_blocks=not html,
            lstrip_blocks=not html,
            keep_trailing_newline=True,
            auto_reload=False,
            bytecode_cache=COMPILED[html, marked],
            extensions=[*extensions, LineMarks] if marked else extensions,
        )
        self.policies["ext.i18n.trimmed"] = True
        self.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
        self._theme = theme
        self._joined: dict[tuple[str, str], str] = {}

    def getattr(self, obj: Any, attribute: str) -> Any:
        # Nearly all that a theme asks for, and there is nothing in it to keep from a theme.
        if type(obj) in PLAIN and not attribute.startswith("_"):
            try:
                return getattr(obj, attribute)
            except AttributeError:
                return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def join_path(self, template: str, parent: str) -> str:
        key = template, parent
        if key not in self._joined:
            found = self._theme.find(template, beside=Path(parent))
            self._joined[key] = str(found) if found else template
        return self._joined[key]


class ThemeLoader(BaseLoader):
    """
    Templates of a theme by name, or by the path that was found for a name before.
    """

    def __init__(self, theme: Theme) -> None:
        self._theme = theme

    def get_source(self, _environment: Environment, template: str) -> tuple[str, str, None]:
        found = self._theme.find(template)
        path = found or Path(template)
        if found is None and not self._theme.is_ours(path):
            raise TemplateNotFound(template)
        return path.read_text("utf-8"), str(path), None
