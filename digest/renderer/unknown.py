"""
What a template asks for and does not get, told in the words of its author.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined
from jinja2.environment import TemplateModule
from jinja2.utils import missing

#: The types of Python by what they are to a theme.
PLAIN_WORDS = {
    "str": "text",
    "Markup": "text",
    "int": "number",
    "float": "number",
    "list": "list",
    "tuple": "list",
    "dict": "table",
    "datetime": "date",
}
#: Those of ours that have another name in templates.
OUR_WORDS = {"Shown": "picture", "Chapter": "section"}


class Unknown(StrictUndefined):
    """
    A name or an attribute that is not there.
    """

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        found, name = self._undefined_obj, self._undefined_name
        if self._undefined_hint or found is missing or not isinstance(name, str):
            return str(super()._undefined_message)
        return _message(found, name)


def _message(found: Any, name: str) -> str:
    kind = type(found).__name__
    if found is None:
        return f'asks for "{name}" where there is nothing: put {{% if … %}} around it'
    if isinstance(found, TemplateModule):
        return f'{Path(str(found.__name__)).name} has no macro "{name}"{meant(name, _names(found))}'
    if isinstance(found, dict):
        return f'a table has no "{name}"{meant(name, map(str, found))}'
    if kind in PLAIN_WORDS:
        return f'a {PLAIN_WORDS[kind]} has no "{name}"{meant(name, _names(found))}'
    word = OUR_WORDS.get(kind, kind.lower())
    return f"there is no {word}.{name}{meant(name, _names(found), f'{word}.')}"


def _names(found: Any) -> Iterable[str]:
    return (each for each in dir(found) if not each.startswith("_"))


def meant(name: str, known: Iterable[str], before: str = "") -> str:
    """
    The end of a message about a name that is not known: the one that is most like it, if any is.
    """
    close = get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {before}{close[0]}?" if close else ""
