"""
Front matter is taken apart whatever it is made of: fields, or one error with line and remedy.
"""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import ArticleError
from digest.reader.fields import to_article
from digest.reader.frontmatter import FrontMatter, load_front_matter


def yaml(*lines: str) -> bytes:
    return "\n".join(("---", *lines, "---", "")).encode()


def toml(*lines: str) -> bytes:
    return "\n".join(("+++", *lines, "+++", "")).encode()


def fields_of(data: bytes) -> dict[str, Any]:
    return dict(load_front_matter(data).fields)


def refusal_of(data: bytes) -> ArticleError:
    with pytest.raises(ArticleError) as caught:
        load_front_matter(data)
    return caught.value


def test_the_fields_are_what_stands_between_the_delimiters() -> None:
    data = yaml("title: Hello", "heat: 9") + b"title: not a field\n---\nheat: 1\n"

    assert fields_of(data) == {"title": "Hello", "heat": 9}


@pytest.mark.parametrize(
    "data",
    [
        b"---\r\ntitle: Hello\r\n---\r\nBody\r\n",
        b"\xef\xbb\xbf---\ntitle: Hello\n---\n",
        b"--- \ntitle: Hello\n---\t\nBody",
        b"---\ntitle: Hello\n---",
        b"-----\ntitle: Hello\n-----\n",
        b"+++\r\ntitle = 'Hello'\r\n+++\r\n",
        b"+++\ntitle = 'Hello'\n+++",
    ],
)
def test_line_ends_spaces_and_a_byte_order_mark_do_not_matter(data: bytes) -> None:
    assert fields_of(data) == {"title": "Hello"}


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_a_text_is_read_as_programs_write_it_in_json(text: str) -> None:
    written = json.dumps(f"\U0001f600{text}")

    assert fields_of(yaml(f"title: {written}", "heat: 9")) == {
        "title": f"\U0001f600{text}",
        "heat": 9,
    }


@pytest.mark.parametrize(
    "text", ["\\ud83d x", "\\ude00\\ud83d", "\\ud83d\\ud83d", "\\\\ud83d\\ude00"]
)
def test_half_a_character_is_refused_with_line_and_remedy(text: str) -> None:
    error = refusal_of(yaml("heat: 9", r'excerpt: "\ud83d\ude00"', f'title: "{text}"'))

    assert error.line == 4
    assert str(error).startswith("not valid YAML: ")
    assert str(error).endswith("; write the character itself")


def test_halves_outside_of_double_quotes_and_behind_a_backslash_are_text() -> None:
    lines = (r"title: \ud83d\ude00", r'excerpt: "\\ud83d\\ude00 é"')

    assert fields_of(yaml(*lines)) == {"title": r"\ud83d\ude00", "excerpt": r"\ud83d\ude00 é"}


def test_dashes_inside_a_value_end_nothing() -> None:
    url = "https://example.org/a---b?x=---"

    fields = fields_of(yaml(f"webUrl: {url}", "excerpt: |", "  one", "  ---", "  two"))

    assert fields == {"webUrl": url, "excerpt": "one\n---\ntwo\n"}


def test_tables_of_toml_are_nested_fields() -> None:
    data = toml('title = "Hello"', "date = 2026-11-23T07:00:00Z", "[provider]", 'name = "News"')

    fields = fields_of(data)

    assert fields["provider"] == {"name": "News"}
    assert fields["date"].year == 2026


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x1b", "\x7f", "\x80", "\x97", "\x9f"])
def test_control_characters_are_dropped_and_counted(control: str) -> None:
    data = yaml(f"title: He{control}llo{control}")

    front_matter = load_front_matter(data)

    assert front_matter.fields == {"title": "Hello"}
    assert front_matter.dropped == 2


def test_a_tab_and_a_next_line_character_are_kept() -> None:
    front_matter = load_front_matter(yaml('title: "a\tb"', 'excerpt: "c\x85d"'))

    assert front_matter.dropped == 0
    assert front_matter.fields["title"] == "a\tb"


@pytest.mark.parametrize(
    "source",
    [
        "title: " + "[" * 28_000,
        "title: " + "{" * 28_000,
        "- " * 28_000,
        "? " * 28_000,
        "title: " + "[" * 17 + "]" * 17,
        "\n".join(" " * depth + "a:" for depth in range(20)),
    ],
    ids=["brackets", "braces", "dashes", "question marks", "closed brackets", "mappings"],
)
def test_deep_nesting_is_refused_before_it_ends_the_process(source: str) -> None:
    error = refusal_of(yaml(source))

    assert "nested deeper than 16 levels" in str(error)
    assert error.line is not None


@pytest.mark.parametrize("source", ["a = " + "[" * 15_000, "a = " + "{a=" * 4_000])
def test_deep_nesting_in_toml_is_refused(source: str) -> None:
    assert "cannot be read: correct it" in str(refusal_of(toml(source)))


def test_toml_is_refused_where_its_parser_would_stall() -> None:
    error = refusal_of(toml("a." * 16_000 + "a = 1"))

    assert "larger than 16,384 characters: shorten it" in str(error)


def test_sixteen_levels_are_read() -> None:
    fields = fields_of(yaml("title: " + "[" * 15 + "]" * 15))

    assert str(fields["title"]).count("[") == 15


def test_three_thousand_values_are_refused() -> None:
    error = refusal_of(yaml("title: Hello", "tags:", *(f"  - tag {n}" for n in range(3_000))))

    assert "more than 2,000 values: shorten it" in str(error)
    assert error.line == pytest.approx(2_000, abs=10)


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (["base: &base {a: 1}", "title: *base"], 3, "aliases (*name) are not read: write"),
        (["a: &a [x, x]", "b: [*a, *a]"], 3, "aliases (*name) are not read: write"),
        (["a: &a {x: 1}", "b:", "  <<: *a"], 4, "aliases (*name) are not read: write"),
        (["title: !env PATH"], 2, "tags (!name) are not read: remove"),
        (["title: !!python/object/apply:os.system [id]"], 2, "tags (!name) are not read: remove"),
        (["title: Hello", "heat: !!int ''"], 3, "tags (!name) are not read: remove"),
        (["title: !!timestamp then"], 2, "tags (!name) are not read: remove"),
        (["title: !!bool maybe"], 2, "tags (!name) are not read: remove"),
        (["--- !set {a}"], 2, "tags (!name) are not read: remove"),
        (["title: a", "heat: 1", "title: b"], 4, '"title" is given twice: keep one'),
        (["'title': a", '"title": b'], 3, '"title" is given twice: keep one'),
        (["{title: a, title: b}"], 2, '"title" is given twice: keep one'),
        (["my-field: a", "my-field: b"], 3, '"my-field" is given twice: keep one'),
        (["title: Hello", "", "excerpt: a: b"], 4, "put texts into quotes"),
        (["title: Hello", "\theat: 1"], 3, "tab character"),
        (["title: @home"], 2, "put texts into quotes"),
        (["title: Hello", "date: 2020-13-45"], 3, "a date that cannot be read: correct it"),
        (["date: 2020-01-01T00:00:00+99:99"], 2, "a date that cannot be read: correct it"),
        (["title: Hello", "x: [1, 2, " + "9" * 5_000 + "]"], 3, "a number or a date that cannot"),
        (["title: \ufffe"], None, "does not allow: remove"),
        (["just text"], 1, "write `name: value` lines"),
        (["- title: Hello"], 1, "write `name: value` lines"),
        ([""], 1, "write `name: value` lines"),
        (["# only a comment"], 1, "write `name: value` lines"),
        (["a: 1", "...", "b: 1"], 4, "not valid YAML"),
        (["? [a]", ": b"], 2, "not valid YAML"),
    ],
)
def test_yaml_that_is_refused_is_named_with_its_line(
    lines: list[str], line: int | None, message: str
) -> None:
    error = refusal_of(yaml(*lines))

    assert message in str(error)
    assert "\n" not in str(error)
    assert error.line == line


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (["title = 'a'", "", "title = 'b'"], 4, "not valid TOML"),
        (["title = Hello"], 2, "not valid TOML"),
        (["title: Hello"], 2, "not valid TOML"),
        (["date = 2020-13-45"], 2, "not valid TOML"),
        (["heat = " + "9" * 5_000], 1, "cannot be read: correct it"),
    ],
)
def test_toml_that_is_refused_is_named_with_its_line(
    lines: list[str], line: int, message: str
) -> None:
    error = refusal_of(toml(*lines))

    assert message in str(error)
    assert error.line == line


def test_empty_lines_after_the_delimiter_count() -> None:
    assert refusal_of(b"---\n\n \n\ntitle: [\n---\n").line == 6
    assert refusal_of(b"---\n\n\ntitle: a\ntitle: b\n---\n").line == 5
    assert refusal_of(b"+++\n\n\ntitle = a\n+++\n").line == 4


def test_the_same_name_further_inside_is_no_repetition() -> None:
    data = yaml("title: a", "related:", "  - title: b", "  - title: c", "provider: {title: d}")

    assert fields_of(data)["title"] == "a"


def test_a_text_that_looks_like_fields_is_no_repetition() -> None:
    fields = fields_of(yaml('title: "a', 'title: b"', "text: title"))

    assert fields == {"title": "a title: b", "text": "title"}


def test_a_value_marked_as_text_is_read_as_text() -> None:
    assert fields_of(yaml("title: !!str 2026")) == {"title": "2026"}


@pytest.mark.parametrize("opening", ["---\n", "---\r\n", "+++\n"])
def test_a_missing_end_says_how_to_close(opening: str) -> None:
    error = refusal_of(f"{opening}title".encode())

    assert f'close it with "{opening.strip()}"' in str(error)


@pytest.mark.parametrize(
    ("source", "field", "line"),
    [
        ("---\ntitle: a\nheat: 1\n---\n", "heat", 3),
        ("---\n\n'heat' : 1\n---\n", "heat", 3),
        ("+++\ntitle = 'a'\nheat=1\n+++\n", "heat", 3),
        ("---\nrelated:\n  - heat: 1\n---\n", "heat", None),
        ("---\nheater: 1\n---\n", "heat", None),
    ],
)
def test_a_field_is_found_on_its_line(source: str, field: str, line: int | None) -> None:
    assert FrontMatter({}, source).line_of(field) == line


def read_or_refuse(data: bytes) -> str:
    """
    What becomes of a file's bytes, as text; any other error than ours fails the test.
    """
    try:
        return repr(to_article(load_front_matter(data), slug="2026-11-20-a"))
    except ArticleError as error:
        assert "\n" not in str(error)
        return str(error)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_an_article_or_an_article_error(data: bytes) -> None:
    for whole in (data, b"---\n" + data + b"\n---\n", b"+++\n" + data + b"\n+++\n"):
        assert read_or_refuse(whole)


HARD_VALUES = st.sampled_from(
    [
        "",
        "~",
        "yes",
        "=",
        "<<",
        "0x" + "f" * 10_000,
        "0b_",
        "9" * 5_000,
        "1:" + "59:" * 3_000 + "59",
        ".nan",
        "-.inf",
        "1e999",
        "[[1, {}], a]",
        "{a: {b: c}}",
        "{? [a] : b}",
        "2026-11-23",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+12:00",
        "!!set {a, b}",
        "!!binary AAAA",
        '"\\0\\uFFFF\\u202e"',
        "http://[::1",
        '"//exa\\tmple.org:99999"',
        "'2026-W01'",
    ]
)
OF_TEXT = ["title", "excerpt", "webUrl", "type", "provider"]
OF_NUMBERS = ["heat", "quality", "publishedDateTime", "published", "draft", "removed"]
OF_LISTS = ["topics", "images", "related"]
NAMES = st.sampled_from([*OF_TEXT, *OF_NUMBERS, *OF_LISTS, "<<"])


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(NAMES, HARD_VALUES | st.text(max_size=20), max_size=6))
def test_any_values_of_known_fields_are_an_article_or_an_article_error(
    values: dict[str, str],
) -> None:
    lines = [f"{name}: {value}" for name, value in ({"title": "a"} | values).items()]

    shown = read_or_refuse(yaml(*lines))

    assert not re.search("[\x00-\x1f]", shown)
