"""
The words of our own pages and mails: every one of them, in every language that is shipped.
"""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

import digest.pages
import digest.web
from digest.languages import FOLDER

LANGUAGES = ("ar", "de", "es", "fr")
IN_TEMPLATE = re.compile(r"\bt\(\"((?:[^\"\\]|\\.)*)\"")
CODE = [
    path
    for package in (digest.web, digest.pages)
    for path in Path(str(package.__file__)).parent.glob("*.py")
]


def messages() -> set[str]:
    """
    What templates and code say.
    """
    folder = Path(str(digest.pages.__file__)).parent
    said = {
        message
        for path in folder.glob("*.j2")
        for message in IN_TEMPLATE.findall(path.read_text("utf-8"))
    }
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                said |= set(said_by(node))
            if isinstance(node, ast.Return) and path.stem == "frequency":
                said |= {each.value for each in ast.walk(node) if is_text(each)}  # type: ignore[attr-defined]
    return said


def said_by(call: ast.Call) -> list[str]:
    """
    The heading, sentence, button and link of a message; whatever a translator is given.
    """
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in {"_", "t"}:
        return [each.value for each in call.args[:1] if is_text(each)]  # type: ignore[attr-defined]
    if name != "message":
        return []
    tuples = [each.value for each in call.keywords if isinstance(each.value, ast.Tuple)]
    found = [*call.args, *(each.elts[1] for each in tuples)]
    return [each.value for each in found if is_text(each)]  # type: ignore[attr-defined]


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def catalogue(language: str) -> dict[str, str]:
    with (FOLDER / "web" / f"{language}.po").open("rb") as file:
        read = read_po(file, locale=language, abort_invalid=True)
    return {str(each.id): str(each.string) for each in read if each.id and not each.fuzzy}


def fields(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name is not None}


def test_pages_say_something() -> None:
    assert {"Unsubscribe", "Save", "You are subscribed.", "every day"} <= messages()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_message_and_no_other(language: str) -> None:
    assert catalogue(language).keys() == messages()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_says_something_and_has_the_same_values(language: str) -> None:
    translated = catalogue(language)

    assert all(translated.values())
    assert {each: fields(text) for each, text in translated.items()} == {
        each: fields(each) for each in translated
    }
