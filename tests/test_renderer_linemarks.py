"""
Every line of output can be traced to the template and the line that wrote it.
"""

import pytest
from jinja2 import DictLoader, Environment

from digest.renderer.linemarks import MARK, LineMarks, origin_of

TEMPLATES = {
    "page": "one\n{% for x in [1, 2] %}\n three {{ x }}\n{%- endfor %}\n{% include 'a/part' %}six",
    "a/part": "part one\npart two",
    "macros": "{% macro m(x) %}[{{ x }}\n]{% endmacro %}",
    "caller": "{% import 'macros' as macros %}\n<{{ macros.m('x') }}>",
    "raw": "{% raw %}\n{{ two }}\n{% endraw %}\n{{ 'four' }}",
    "values": "{{ 'only\na value' }}",
    "comment": "{# one\n two #}\nthree",
}


def rendered(name: str, *, marked: bool) -> str:
    environment = Environment(
        loader=DictLoader(TEMPLATES), autoescape=True, extensions=[LineMarks] if marked else []
    )
    return environment.get_template(name).render()


def origin(name: str, text: str) -> tuple[str, int]:
    """
    Where the first character of that text comes from.
    """
    before = rendered(name, marked=False).partition(text)[0].split("\n")
    return origin_of(rendered(name, marked=True), len(before), len(before[-1]) + 1)


@pytest.mark.parametrize("name", TEMPLATES)
def test_but_for_the_marks_the_output_is_the_same(name: str) -> None:
    assert MARK.sub("", rendered(name, marked=True)) == rendered(name, marked=False)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("page", "one", ("page", 1)),
        ("page", "three 1", ("page", 3)),
        ("page", "three 2", ("page", 3)),
        ("page", "part one", ("a/part", 1)),
        ("page", "part two", ("a/part", 2)),
        ("page", "six", ("page", 5)),
        ("caller", "<", ("caller", 2)),
        ("caller", "[", ("macros", 1)),
        ("caller", "]", ("macros", 2)),
        ("caller", ">", ("caller", 2)),
        ("raw", "two", ("raw", 2)),
        ("raw", "four", ("raw", 4)),
        ("comment", "three", ("comment", 3)),
    ],
)
def test_text_is_traced_to_its_template_and_line(
    name: str, text: str, expected: tuple[str, int]
) -> None:
    assert origin(name, text) == expected


def test_what_a_value_wrote_is_traced_to_the_text_before_it() -> None:
    marked = "\x02page:7\x03 \n value \n value"

    assert origin_of(marked, 3, 2) == ("page", 7)


def test_a_column_before_the_first_mark_belongs_to_the_line_above() -> None:
    marked = "\x02page:1\x03one\nvalue\x02page:2\x03two"

    assert origin_of(marked, 2, 5) == ("page", 1)
    assert origin_of(marked, 2, 6) == ("page", 2)


def test_output_without_any_mark_is_nobody_s() -> None:
    assert origin_of("", 1, 1) == ("", 1)
    assert origin_of(rendered("values", marked=True), 2, 1) == ("", 1)
