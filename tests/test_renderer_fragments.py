"""
Stories met before come out as they would have by themselves.
"""

from pathlib import Path

import pytest

from digest.renderer.fragments import Fragments
from digest.renderer.mjml import MjmlError, to_html

PAGE = """\
<mjml><mj-head><mj-raw><style>{styles}</style></mj-raw></mj-head><mj-body><mj-section><mj-column>
<mj-text>
{stories}
</mj-text></mj-column></mj-section></mj-body></mjml>
"""
STYLES = "p{color:#123456}p.a{margin:0}"


def page(*stories: str, styles: str = STYLES) -> str:
    marked = "\n".join(f"<!--story 1a-->{each}<!--/story-->" for each in stories)
    return PAGE.format(styles=styles, stories=marked)


def plain(source: str) -> str:
    return to_html(source.replace("<!--story 1a-->", "").replace("<!--/story-->", ""))


ONE, TWO = '<p class="a">One &amp; <b>only</b></p>', "<p>Two</p>"


def test_a_page_is_the_same_with_stories_new_and_met_before() -> None:
    fragments = Fragments()

    for stories in ([ONE], [ONE, TWO], [TWO, ONE], [TWO, TWO], []):
        assert fragments.to_html(page(*stories)) == plain(page(*stories))


def test_other_styles_make_other_stories() -> None:
    fragments = Fragments()
    fragments.to_html(page(ONE))

    assert "color:#654321" in fragments.to_html(page(ONE, styles="p{color:#654321}"))


@pytest.mark.parametrize("selector", ["p + p", "div > p", "p:first-child", "p ~ p"])
def test_stories_whose_styles_depend_on_their_neighbours_are_always_new(selector: str) -> None:
    fragments = Fragments()
    styles = f"{selector}{{color:#123456}}"

    for stories in ([ONE], [TWO, ONE], [ONE, TWO]):
        source = page(*stories, styles=styles)
        assert fragments.to_html(source) == plain(source)


def test_a_mistake_after_a_story_met_before_has_its_line() -> None:
    fragments = Fragments()
    long = ONE.replace("only", "\n\nonly\n\n")
    fragments.to_html(page(long))

    with pytest.raises(MjmlError) as caught:
        fragments.to_html(page(long, "<p>wrong</b>"))

    assert caught.value.line == 8


def test_comments_of_a_theme_s_own_are_kept_out_of_it() -> None:
    source = page(ONE).replace("</mj-text>", "<!-- kept 0 --><!--kept 7--></mj-text>")

    assert "<!--kept 7-->" in Fragments().to_html(source)


def test_the_shipped_theme_marks_its_stories() -> None:
    template = Path(__file__).parent.parent / "templates" / "default" / "issue.mjml.j2"

    assert template.read_text().count("<!--story {{ section.mark }}-->") == 1
