"""
Lines of 72 columns, and the editor's Markdown as plain text.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.renderer.texts import TEXT_COLUMNS, html_from_markdown, text_from_markdown, wrap

LONG = "word " * 40
LINES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")))


@given(text=LINES, indent=st.sampled_from(["", "  ", "  * "]))
def test_wrapping_loses_nothing_and_breaks_no_word(text: str, indent: str) -> None:
    lines = wrap(text, indent, " " * len(indent)).split("\n")

    assert " ".join(lines).removeprefix(indent).split() == text.split()
    for line in lines:
        assert len(line) <= TEXT_COLUMNS or len(line[len(indent) :].split()) <= 1


def test_an_address_stays_whole_on_a_line_of_its_own() -> None:
    url = "https://example.org/" + "x-" * 60

    assert wrap(f"see {url} and more").split("\n") == ["see", url, "and more"]


def test_further_lines_have_their_own_indent() -> None:
    first, second, *_ = wrap(LONG, "  * ", "    ").split("\n")

    assert (first[:8], second[:8]) == ("  * word", "    word")


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("", ""),
        ("One **two**\nthree", "One two three"),
        ("One\n\nTwo", "One\n\nTwo"),
        (
            "See [this](https://a.example/1) and [that](https://b.example/2).",
            "See this and that.\nhttps://a.example/1\nhttps://b.example/2",
        ),
        ("- one\n- two\n\nafter", "  - one\n\n  - two\n\nafter"),
        ("1. one\n2. two", "  1. one\n\n  2. two"),
        ("# Head\n\n<b>raw</b> & `code`", "Head\n\n<b>raw</b> & code"),
        ("one  \ntwo", "one\ntwo"),
        ("    Good morning,\n    all\n\n    - one", "Good morning, all\n\n  - one"),
        ("```\nif  x:\n    y\n```", "if  x:\n    y"),
        ("a\u202eb\x00", "ab"),
    ],
)
def test_markdown_becomes_plain_text(markdown: str, text: str) -> None:
    assert text_from_markdown(markdown) == text


@pytest.mark.parametrize("markdown", [LONG, f"    {LONG}", f"```\n  {LONG}\n```"])
def test_paragraphs_are_wrapped_and_so_is_code(markdown: str) -> None:
    assert max(map(len, text_from_markdown(markdown).split("\n"))) <= TEXT_COLUMNS


def test_indented_text_is_text_and_no_code() -> None:
    assert html_from_markdown("    Good\n    *morning*") == "<p>Good\n<em>morning</em></p>\n"


def test_a_long_line_of_code_keeps_its_indent() -> None:
    text = text_from_markdown(f"```\n  {LONG}\n```")

    assert all(line.startswith("  word") for line in text.split("\n"))


@given(text=st.text())
def test_any_text_of_an_editor_becomes_lines(text: str) -> None:
    assert "\x02" not in text_from_markdown(text)


@pytest.mark.parametrize(
    "markdown", ["<script>x</script>", "[x](javascript:alert(1))", "![x](https://x.example/p.gif)"]
)
def test_markup_and_bad_links_of_an_editor_do_nothing(markdown: str) -> None:
    html = html_from_markdown(markdown)

    assert not any(bad in html for bad in ("<script", 'href="javascript', "<img"))
