"""
An edition becomes a page that mail programs show, and a theme's mistakes are told with their line.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from digest.errors import ThemeError
from digest.model import Article, Edition, Page, Picture, Provider, Section
from digest.renderer import Renderer, shipped_themes
from digest.text import clean_line

from .factories import (
    ARTICLE,
    ISSUE,
    MARKS,
    SITE,
    a_newsletter,
    a_related,
    an_article,
    an_edition,
    an_issue,
)

PICTURE = Picture(name="ab/abcd.jpg", width=240, height=160, colour="#123456")
#: A theme with all that the chain must keep: line 14 holds the lead's title.
MJML = """\
<mjml lang="{{ language }}" dir="{{ direction }}">
<mj-head>
<mj-title>{{ subject }}</mj-title>
<mj-raw>
<style>p{color:#123456;margin:0 0 8px}img{width:100%}</style>
<style data-premailer="ignore">@media (prefers-color-scheme:dark){p{color:#ffffff !important}}
[data-ogsc] p{color:#eeeeee !important}</style>
</mj-raw>
</mj-head>
<mj-body>
<mj-section>
<mj-column>
<mj-text>
<h1 id="lead">{{ lead.title }}</h1>
{% for section in sections %}
<h2>{{ section.topic }}</h2>
{% for article in section.articles %}
<p class="title">{{ article.title }}</p>
<a href="{{ article.url }}" title="{{ article.title }}">{{ article.excerpt }}</a>
<img src="{{ pictures[article.slug].url }}" width="120" height="80" alt="{{ article.title }}"/>
{% endfor %}
{% endfor %}
<a href="{{ unsubscribe_url }}">Leave</a> <a href="{{ preferences_url }}">Topics</a>
</mj-text>
</mj-column>
</mj-section>
</mj-body>
</mjml>
"""
TEXT = "{{ lead.title }}\n{% for section in sections %}\n{{ section.topic }}\n{% endfor %}\n"

#: What a stranger may put into a title.
NASTY = [
    "<b>bold</b>", "<script>alert(1)</script>", "</mj-text>", "<mj-include path='/etc/passwd'/>",
    "{{ config }}", "{% raw %}", "{# comment #}", "{{ ''.__class__ }}", "&nbsp;", "&amp;amp;",
    "&mdash", "&#60;", "&", "<", ">", '"', "'", "-->", "<!--", "<![CDATA[", "]]>", "%", "${x}",
    'style="color: red; top: 0"', ' data-premailer="ignore"', '<style type="text/css">',
    "; ", "  ", "é", "李", "👩‍🚀", "مرحبا", "<!DOCTYPE html>", '<p style="a: b; c: d">', "\\",
    "`", "\xad", "\u0301", "\ud7fc", "\\u{ad}", "='a'", '="b"', "C:\\new",
]  # fmt: skip
#: Titles come out of the reader as lines that were cleaned.
TITLES = (
    (st.text(max_size=40) | st.lists(st.sampled_from(NASTY), max_size=5).map(" ".join))
    .map(clean_line)
    .filter(bool)
)


@pytest.fixture
def themes(tmp_path: Path) -> Path:
    write_theme(tmp_path / "themes" / "plain")
    return tmp_path / "themes"


def write_theme(folder: Path, files: Mapping[str, str] | None = None) -> None:
    for name, source in {"issue.mjml.j2": MJML, "issue.txt.j2": TEXT, **(files or {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source, "utf-8")


def render(
    *folders: Path, edition: Edition | None = None, theme: str = "plain", **newsletter: str
) -> Page:
    edition = edition or an_edition(ARTICLE, an_article(slug="b", title="Second", heat=1))
    return Renderer(folders).render(
        edition,
        newsletter=a_newsletter(theme=theme, **newsletter),
        issue=ISSUE,
        site=SITE,
        pictures={article.slug: PICTURE for article in edition.articles},
        marks=MARKS,
    )


def parsed(page: Page) -> Any:
    """
    The page's root element.
    """
    return lxml_html.fromstring(page.html)


def error_of(
    themes: Path, files: Mapping[str, str], *, subject: str = "{{ lead.title }}"
) -> ThemeError:
    write_theme(themes / "plain", files)
    with pytest.raises(ThemeError) as caught:
        render(themes, subject=subject)
    return caught.value


def place_of(error: ThemeError, themes: Path) -> tuple[str, int | None]:
    return str(Path(error.file).relative_to(themes / "plain")), error.line


def an_edition_of(*articles: Article) -> Edition:
    lead = an_article(slug="lead", heat=1000)
    return an_edition(lead, *articles)


def test_the_doctype_comes_first_and_in_capitals(themes: Path) -> None:
    html = render(themes).html

    assert html.startswith("<!DOCTYPE html>")
    assert html.lower().count("<!doctype") == 1


def test_own_styles_are_inlined_and_the_rest_is_left_as_it_is(themes: Path) -> None:
    html = render(themes).html

    assert '<p class="title" style="color:#123456;margin:0 0 8px">Second</p>' in html
    assert "p{color:#123456" not in html
    assert "@media (prefers-color-scheme:dark){p{color:#ffffff !important}}" in html
    assert "[data-ogsc] p{color:#eeeeee !important}" in html
    assert "@media only screen and (min-width:480px)" in html


def test_pictures_keep_their_width_in_pixels(themes: Path) -> None:
    (image,) = parsed(render(themes)).iter("img")

    assert (image.get("width"), image.get("height")) == ("120", "80")


def test_nothing_is_loaded_but_our_pictures(themes: Path) -> None:
    page = render(themes)

    document = parsed(page)
    sources = [each.get("src") for each in document.iter("img", "script", "iframe")]
    assert sources == [f"{SITE.url}/i/ab/abcd.jpg"]
    assert not list(document.iter("link"))
    assert not any(word in page.html for word in ("@import", "@font-face", "googleapis", "url("))


def test_nothing_of_the_tools_is_left(themes: Path) -> None:
    html = render(themes).html

    assert "data-premailer" not in html
    assert "<mj-" not in html
    assert "\x02" not in html


def test_the_page_says_its_language_and_its_direction(themes: Path) -> None:
    root = parsed(render(themes, language="pt-BR"))

    assert (root.get("lang"), root.get("dir")) == ("pt-BR", "ltr")


@pytest.mark.parametrize("language", ["ar", "he", "fa-IR", "ur", "ar-EG"])
def test_a_language_from_right_to_left_turns_the_page(themes: Path, language: str) -> None:
    root = parsed(render(themes, language=language))

    assert (root.get("lang"), root.get("dir")) == (language, "rtl")


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(title=TITLES)
@example('Use style="color: red; top: 0" wisely')
@example('The attribute data-premailer="ignore" explained')
@example('<p style="a: b; c: d">')
@example('"<p style="a: b; c: d">')
@example("{{ config }} {% raw %} {# comment #}")
@example("&nbsp; &amp;nbsp; &mdash;")
@example("C:\\new \\u{ad} soft\xadhyphen 👩‍🚀")
def test_any_title_is_shown_letter_by_letter(themes: Path, title: str) -> None:
    edition = an_edition_of(an_article(slug="x", title=title, excerpt=title, heat=1))

    document = parsed(render(themes, edition=edition))

    (shown,) = document.find_class("title")
    (picture,) = document.iter("img")
    assert (shown.text_content(), len(shown)) == (title, 0)
    assert picture.get("alt") == title
    (link,) = [each for each in document.iter("a") if each.get("title") is not None]
    assert (link.get("title"), link.text_content(), len(link)) == (title, title, 0)
    assert not list(document.iter("script"))


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(title=TITLES)
def test_any_title_can_be_the_subject_and_the_lead(themes: Path, title: str) -> None:
    page = render(themes, edition=an_edition(an_article(title=title)))

    lead = parsed(page).get_element_by_id("lead")
    assert lead.text_content() == title
    assert page.subject == title[:200].strip()
    assert title in page.text


def test_named_entities_of_a_theme_are_what_html_means_by_them(themes: Path) -> None:
    source = MJML.replace("{{ lead.title }}", "a&nbsp;b&mdash;c &amp; &lt;d&gt; &copy;&hellip;")
    write_theme(themes / "plain", {"issue.mjml.j2": source})

    lead = parsed(render(themes)).get_element_by_id("lead")

    assert lead.text_content() == "a\N{NO-BREAK SPACE}b—c & <d> ©…"


def test_styles_keep_their_own_characters(themes: Path) -> None:
    rule = 'q::before{content:"\\201C"}[lang="é"]{color:red}'
    source = MJML.replace("[data-ogsc]", rule + "[data-ogsc]")
    write_theme(themes / "plain", {"issue.mjml.j2": source})

    assert rule in render(themes).html


def test_what_is_read_out_is_the_subject_letter_by_letter(themes: Path) -> None:
    title = "A soft\xadhyphen, C:\\new and 👩‍🚀"

    document = parsed(render(themes, edition=an_edition(an_article(title=title))))

    labels = [each.get("aria-label") for each in document.iter() if each.get("aria-label")]
    assert (labels, document.findtext(".//title")) == ([title], title)


def test_an_attribute_over_two_lines_keeps_its_words_and_later_lines_their_numbers(
    themes: Path,
) -> None:
    source = MJML.replace('id="lead"', 'id="lead" title="two\nlines"')
    write_theme(themes / "plain", {"issue.mjml.j2": source})

    lead = parsed(render(themes)).get_element_by_id("lead")
    error = error_of(
        themes, {"issue.mjml.j2": source.replace("</mj-column>", "</mj-column><mj-x/>")}
    )

    assert lead.get("title").split() == ["two", "lines"]
    assert place_of(error, themes) == ("issue.mjml.j2", 26)


def test_links_of_readers_hold_the_marks(themes: Path) -> None:
    page = render(themes)

    assert page.marks == MARKS
    for path, purpose in (("u", "unsubscribe"), ("p", "preferences")):
        assert f'"{SITE.url}/{path}/{MARKS[purpose]}"' in page.html


def test_links_start_where_the_issue_says(themes: Path) -> None:
    page = Renderer([themes]).render(
        an_edition(ARTICLE),
        newsletter=a_newsletter(theme="plain"),
        issue=an_issue(site_url="https://old.example.org/news"),
        site=SITE,
        pictures={},
        marks=MARKS,
    )

    assert f'"https://old.example.org/news/u/{MARKS["unsubscribe"]}"' in page.html


def test_addresses_of_articles_are_kept(themes: Path) -> None:
    url = "https://news.example.org/a?b=1&c=%20x&copy=2#d'e"
    edition = an_edition_of(an_article(slug="x", url=url, heat=1))

    document = parsed(render(themes, edition=edition))

    assert url in [link.get("href") for link in document.iter("a")]


def test_a_page_lists_each_picture_once(themes: Path) -> None:
    assert render(themes).pictures == ("ab/abcd.jpg",)


def test_the_lead_is_not_repeated_and_sections_without_others_are_left_out(themes: Path) -> None:
    lead = an_article(slug="lead", title="The lead", heat=99)
    other = an_article(slug="other", title="The other", heat=1, topics=("Art",))
    edition = Edition(
        topics=("AI", "Art"),
        sections=(
            Section(topic="AI", articles=(lead,)),
            Section(topic="Art", articles=(other,)),
        ),
    )

    document = parsed(render(themes, edition=edition))

    assert [each.text_content() for each in document.iter("h2")] == ["Art"]
    assert [each.text_content() for each in document.find_class("title")] == ["The other"]


def test_rendering_twice_gives_the_same_page(themes: Path) -> None:
    assert render(themes) == render(themes)


def test_a_theme_that_was_edited_is_used_by_the_next_renderer(themes: Path) -> None:
    before = render(themes)
    write_theme(themes / "plain", {"issue.txt.j2": "edited"})

    assert (before.text == "edited", render(themes).text) == (False, "edited")


def test_dates_are_the_newsletter_s_own(themes: Path) -> None:
    write_theme(themes / "plain", {"issue.txt.j2": "{{ date(lead.published_at) }}"})
    late = an_article(published_at=datetime(2026, 11, 22, 23, 30, tzinfo=UTC))

    page = render(themes, edition=an_edition(late), timezone="Europe/Paris")

    assert page.text == "November 23, 2026"


def test_the_text_part_is_not_escaped_and_its_blocks_leave_no_lines(themes: Path) -> None:
    edition = an_edition_of(an_article(slug="x", heat=1))
    source = TEXT.replace("{{ lead.title }}", '{{ "<&>" }}')
    write_theme(themes / "plain", {"issue.txt.j2": source})

    assert render(themes, edition=edition).text == "<&>\nAI\n"


def test_text_is_wrapped_without_breaking_words(themes: Path) -> None:
    source = '{{ lead.excerpt | wrap }}\n{{ lead.title | wrap("  ") }}\n'
    write_theme(themes / "plain", {"issue.txt.j2": source})
    word = "https://example.org/" + "x" * 100
    article = an_article(title="two-hundred words " * 12, excerpt=f"see {word} and more")

    lines = render(themes, edition=an_edition(article)).text.splitlines()

    assert lines[:3] == ["see", word, "and more"]
    assert all(line.startswith("  ") and len(line) <= 72 for line in lines[3:])


def test_the_subject_is_a_template_over_the_edition(themes: Path) -> None:
    subject = (
        "{{ newsletter.title }}: {{ lead.title }}, {{ sections | length }} more, {{ language }}"
    )

    page = render(themes, subject=subject)

    assert page.subject == "The Weekly: Hello, 1 more, en"


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("a\nb", "a b"),
        ("{{ 1 + 1 }}", "{{ 1 + 1 }}"),
        ('Tom & "Jerry" <b>', 'Tom & "Jerry" <b>'),
        ("\u202eabc\0", "abc"),
        (" \0 ", "The Weekly"),
        ("\u200b", "The Weekly"),
        ("x" * 500, "x" * 200),
    ],
)
def test_a_subject_is_one_line_of_plain_text(themes: Path, title: str, subject: str) -> None:
    write_theme(themes / "plain", {"issue.mjml.j2": "<mjml><mj-body></mj-body></mjml>"})

    assert render(themes, edition=an_edition(an_article(title=title))).subject == subject


@pytest.mark.parametrize(
    "subject", ["{{ lead.nothing }}", "{{ lead.title", "{% if %}", "{{ 1 / 0 }}", "{{ nobody }}"]
)
def test_a_subject_that_does_not_render_is_an_error_that_names_the_newsletter(
    themes: Path, subject: str
) -> None:
    error = error_of(themes, {}, subject=subject)

    assert "the subject of weekly does not render: " in str(error)


def test_an_unknown_theme_is_an_error_that_lists_the_known_ones(themes: Path) -> None:
    write_theme(themes / "another")

    with pytest.raises(ThemeError) as caught:
        render(themes, shipped_themes(), theme="plian")

    known = "another, compact, default, plain"
    assert str(caught.value) == f'there is no theme "plian"; there are: {known}'


def test_a_theme_of_the_user_wins_over_the_shipped_one(themes: Path) -> None:
    write_theme(themes / "default", {"issue.txt.j2": "mine"})

    assert render(themes, shipped_themes(), theme="default").text == "mine"
    assert render(themes / "none", shipped_themes(), theme="default").text != "mine"


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        pytest.param("</mj-text>", "</mj-txt>", 24, "<mj-text> is closed with </mj-txt>", id="tag"),
        pytest.param("</h1>", "", 14, "<h1> is closed with </mj-text>", id="unclosed"),
        pytest.param("</mj-text>", "</mj-text", 24, "", id="half a tag"),
        pytest.param("{{ lead.title }}", "a < b", 14, "", id="bare less-than"),
        pytest.param("{{ lead.title }}", "{{ nothing }}", 14, '"nothing" is undefined', id="name"),
        pytest.param("lead.title }}</h1>", "lead.nope }}</h1>", 14, "nope", id="attribute"),
        pytest.param("{{ lead.title }}", "{{ 1 / 0 }}", 14, "division by zero", id="exception"),
        pytest.param("{{ lead.title }}", "{{ {}[[]] }}", 14, "no element", id="unhashable"),
        pytest.param("{{ lead.title }}", "{{ lead.title", 14, "", id="unclosed expression"),
        pytest.param("{{ section.topic }}", "{{ x | nope }}", 16, "nope", id="filter"),
        pytest.param("{% for section", "{% fro section", 15, "fro", id="unknown block"),
        pytest.param("{{ lead.title }}", '{% include "x.j2" %}', 14, '"x.j2"', id="include"),
        pytest.param(
            "{{ lead.title }}", '{% from "x.j2" import y %}', 14, '"x.j2"', id="import"
        ),
        pytest.param("{{ lead.title }}", "&nbps;", 14, "nbps", id="entity"),
        pytest.param(' id="lead"', " id=lead", 14, "", id="attribute without quotes"),
        pytest.param("<mj-column>", "<mj-column><mj-txt>a</mj-txt>", 12, "no <mj-txt>", id="mj"),
        pytest.param(
            "<mj-head>", "<mj-head><mj-nope></mj-nope>", 2, "unexpected element", id="mj in head"
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_a_theme_is_told_with_file_and_line(
    themes: Path, old: str, new: str, line: int, reason: str
) -> None:
    assert old in MJML

    error = error_of(themes, {"issue.mjml.j2": MJML.replace(old, new, 1)})

    assert place_of(error, themes) == ("issue.mjml.j2", line)
    assert reason in error.message
    assert error.message
    assert "\n" not in str(error)
    assert str(error).startswith(f"{themes}/plain/issue.mjml.j2:{line}: ")


INCLUDED = "<p>\none\n{}\n</p>\n"


@pytest.mark.parametrize("file", ["footer.j2", "parts/footer.j2", "footer.html", "footer"])
@pytest.mark.parametrize(
    "mistake",
    [
        "<b>two</i>",
        "{{ nothing }}",
        "{{ 1 / 0 }}",
        "{% fro %}",
        '{% include "missing.j2" %}',
        "&nbps;",
    ],
)
def test_a_mistake_in_an_included_file_is_told_with_that_file(
    themes: Path, file: str, mistake: str
) -> None:
    source = MJML.replace("{{ lead.title }}", f'{{% include "{file}" %}}')

    error = error_of(themes, {"issue.mjml.j2": source, file: INCLUDED.replace("{}", mistake)})

    assert place_of(error, themes) == (file, 3)


@pytest.mark.parametrize("mistake", ["<b>{{ x }}</i>", "{{ nothing }}", "{{ x.nope }}"])
def test_a_mistake_in_a_macro_is_told_with_the_macro_s_file(themes: Path, mistake: str) -> None:
    macros = f"{{% macro title(x) -%}}\n<b>ok</b>\n{mistake}\n{{%- endmacro %}}\n"
    source = '{% import "macros.j2" as make with context %}\n' + MJML.replace(
        "{{ lead.title }}", "{{ make.title(lead.title) }}"
    )

    error = error_of(themes, {"issue.mjml.j2": source, "macros.j2": macros})

    assert place_of(error, themes) == ("macros.j2", 3)


@pytest.mark.parametrize(
    ("block", "line", "message"),
    [
        ("\n<h1>{{ lead.title }}\n", 3, "<h1> is closed with </mj-text>"),
        ("<p>\n<b>a</b><b>b\n</p>", 3, "<b> is closed with </p>"),
        ("<h1>a</h1>\n</div>\n", 3, "<mj-text> is closed with </div>"),
        ("<h1>a</h1><p>\nb</i></p>\n", 3, "<p> is closed with </i>"),
        ("\n<p>a<br>\nb</p>", 3, "<br> is not closed: write <br/>"),
        ('<p>\n<img src="{{ site.url }}" alt="">\n</p>', 3, "<img> is not closed: write <img/>"),
    ],
)
def test_a_tag_left_open_in_a_theme_is_not_the_fault_of_the_one_it_extends(
    themes: Path, block: str, line: int, message: str
) -> None:
    source = f'{{% extends "base/issue.mjml.j2" %}}\n{{% block own %}}{block}{{% endblock %}}\n'
    base = MJML.replace("<h1 ", "{% block own %}{% endblock %}<h1 ")

    error = error_of(themes, {"issue.mjml.j2": source, "../base/issue.mjml.j2": base})

    assert place_of(error, themes) == ("issue.mjml.j2", line)
    assert error.message == message


def test_a_mistake_after_a_loop_is_told_with_the_template_s_line(themes: Path) -> None:
    many = [an_article(slug=f"{number}", heat=number) for number in range(30)]
    write_theme(themes / "plain", {"issue.mjml.j2": MJML.replace(">Topics</a>", ">Topics</b>")})

    with pytest.raises(ThemeError) as caught:
        render(themes, edition=an_edition(*many))

    assert place_of(caught.value, themes) == ("issue.mjml.j2", 23)


def test_a_mistake_in_the_text_part_is_told_with_file_and_line(themes: Path) -> None:
    error = error_of(themes, {"issue.txt.j2": "one\n\n{{ nothing }}\n"})

    assert place_of(error, themes) == ("issue.txt.j2", 3)


def test_a_theme_cut_short_names_the_tag_that_is_left_open(themes: Path) -> None:
    error = error_of(themes, {"issue.mjml.j2": MJML.removesuffix("</mjml>\n")})

    assert Path(error.file).name == "issue.mjml.j2"
    assert error.line is not None
    assert error.line >= 27
    assert "<mjml>" in error.message
    assert "line" not in error.message


def test_an_empty_theme_is_an_error(themes: Path) -> None:
    error = error_of(themes, {"issue.mjml.j2": ""})

    assert Path(error.file).name == "issue.mjml.j2"


def test_a_theme_without_a_text_part_is_an_error_that_names_it(themes: Path) -> None:
    (themes / "plain" / "issue.txt.j2").unlink()

    with pytest.raises(ThemeError, match=r'there is no template "issue\.txt\.j2"'):
        render(themes)


def test_a_theme_in_another_encoding_is_an_error_that_names_the_file(themes: Path) -> None:
    (themes / "plain" / "issue.txt.j2").write_bytes(b"\xff\xfe")

    with pytest.raises(ThemeError, match=r"issue\.txt\.j2"):
        render(themes)


def test_an_error_without_words_says_what_kind_it_is(themes: Path) -> None:
    error = error_of(themes, {"issue.txt.j2": "{{ [].index(1) }}"})

    assert "ValueError" in error.message


def test_the_shipped_theme_renders_the_barest_article() -> None:
    bare = an_article(excerpt="", url="", provider=Provider(), topics=("AI",))

    page = render(shipped_themes(), edition=an_edition(bare), theme="default")

    assert "Hello" in page.html
    assert "Hello" in page.text
    assert SITE.address in page.text


def test_the_shipped_theme_shows_all_of_an_article() -> None:
    article = replace(
        ARTICLE,
        slug="x",
        title="A <Title>",
        heat=1,
        kind="video",
        related=(a_related(title="Related & co", provider=Provider(name="Other")),),
    )

    page = render(shipped_themes(), edition=an_edition_of(article), theme="default")

    text = parsed(page).text_content()
    for expected in ("A <Title>", "An excerpt.", "Example News", "Related & co", "Other", "Video"):
        assert expected in text
    for expected in ("A <Title>", "An excerpt.", article.url, "Related & co", MARKS["unsubscribe"]):
        assert expected in page.text


@pytest.mark.parametrize("count", [1, 2, 40])
def test_the_shipped_theme_renders_any_number_of_articles(count: int) -> None:
    articles = [an_article(slug=f"{number}", title=f"No {number}.") for number in range(count)]

    page = render(shipped_themes(), edition=an_edition(*articles), theme="default")

    for article in articles:
        assert len(_links_named(page, article.title)) == 1


def _links_named(page: Page, text: str) -> list[str | None]:
    links = parsed(page).iter("a")
    return [link.get("href") for link in links if link.text_content() == text]


def test_themes_are_shipped() -> None:
    assert (shipped_themes() / "default" / "issue.mjml.j2").is_file()
