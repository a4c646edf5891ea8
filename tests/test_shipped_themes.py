"""
The shipped themes with all that articles can hold, in every language that has words.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from lxml import html as lxml_html

from digest.composer import size_of_html
from digest.model import (
    Article,
    Brand,
    Edition,
    Hand,
    Page,
    Picture,
    Provider,
    Related,
    Section,
)
from digest.reader import read_articles
from digest.renderer import Renderer, shipped_themes
from digest.renderer.themes import theme_names
from digest.text import clean_line, safe_url

from .factories import ISSUE, MARKS, SITE, a_newsletter, a_related, an_article, an_edition
from .test_renderer import NASTY

THEMES = theme_names([shipped_themes()])
LANGUAGES = ["en", "ar", "de"]
RENDERER = Renderer([shipped_themes()])
PICTURE = Picture(name="ab/abcd.jpg", width=240, height=160, colour="#123456")
MORE_NASTY = [
    "{% include 'x' %}", "{{ 7 * 7 }}", "\x00", "\x92", "\u202e", "\u2066", "\ufeff", "\u200b",
    "<img src=x onerror=alert(1)>", "javascript:alert(1)", "%(title)s", "%s", "x" * 300,
    "Donaudampfschifffahrtsgesellschaft" * 6, "👩‍👩‍👧‍👦" * 20, "العربية", "עברית",
    "مرحبا 123 (abc)",
    "&#x202e;", "&lt;script&gt;", "]]>", "<mj-raw>", "</td></tr></table>", "<!--[if mso]>", "\t\n",
]  # fmt: skip


def render(
    edition: Edition, *, theme: str = "default", language: str = "en", hand: Hand | None = None,
    **newsletter: Any,
) -> Page:  # fmt: skip
    return RENDERER.render(
        edition,
        newsletter=a_newsletter(theme=theme, language=language, **newsletter),
        issue=ISSUE,
        site=SITE,
        pictures={article.slug: PICTURE for article in edition.articles},
        marks=MARKS,
        hand=hand,
    )


def dozens(articles: Sequence[Article]) -> Iterator[Sequence[Article]]:
    return (articles[start : start + 12] for start in range(0, len(articles), 12))


def parsed(page: Page) -> Any:
    return lxml_html.fromstring(page.html)


def titles_of(page: Page) -> list[str]:
    """
    The headlines, letter by letter.
    """
    document = parsed(page)
    lead = document.find_class("t")
    return [each.text_content() for each in (*lead, *document.iter("h3"))]


def a_fuzzed_article(number: int, random: Random) -> Article:
    def text(most: int) -> str:
        parts = random.choices([*NASTY, *MORE_NASTY, "plain", "words"], k=random.randint(1, most))
        return clean_line(" ".join(parts)) or "empty"

    def provider() -> Provider:
        return Provider(name=text(3), domain="x.example")

    return an_article(
        slug=f"a{number}",
        title=text(6),
        excerpt=text(30),
        url=safe_url(f"https://x.example/{number}?q={text(2)}"),
        heat=random.randint(-1, 100),
        provider=provider(),
        kind=random.choice(["article", "video"]),
        topics=(text(2),),
        related=tuple(
            Related(title=text(4), url=f"https://x.example/r{number}", provider=provider())
            for _ in range(random.randint(0, 3))
        ),
    )


@pytest.mark.parametrize("part", range(5))
def test_nothing_in_1500_fuzzed_articles_fails_runs_or_changes(part: int) -> None:
    random = Random(part)  # noqa: S311 - the same articles every time
    articles = [a_fuzzed_article(number, random) for number in range(300)]
    for place, some in enumerate(dozens(articles)):
        edition = an_edition(*some, topic=some[0].topics[0])

        page = render(edition, theme=THEMES[place % 3], language=LANGUAGES[place // 3 % 3])

        document = parsed(page)
        assert Counter(titles_of(page)) == Counter(each.title for each in some)
        assert not [*document.iter("script", "iframe", "object", "form")]
        attributes = {name for each in document.iter() for name in each.attrib}
        assert not [name for name in attributes if name.startswith("on")]
        assert len([*document.iter("img")]) <= len(some)
        addresses = [each.get("href") for each in document.iter("a")]
        assert all(each.startswith(("https://", "#")) for each in addresses)
        text = page.text.split()
        for article in some:
            assert " ".join(article.title.split()) in " ".join(text)
            assert article.url in page.text


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_all_real_articles_keep_their_titles_and_fit(
    shared: Any, theme: str, language: str
) -> None:
    found = read_articles(shared / "corpus" / "google-cloud")
    articles = [each for each in found if isinstance(each, Article)]
    assert len(articles) == 783
    for some in dozens(articles):
        page = render(an_edition(*some), theme=theme, language=language)

        assert Counter(titles_of(page)) == Counter(each.title for each in some)
        assert size_of_html(page) < 100_000


FULL = replace(
    an_article(slug="full", title="A <full> story", heat=1, kind="video"),
    related=(a_related(title="Related & co", provider=Provider(name="Other Paper")),),
)
HAND = Hand(introduction="Good *morning*.", note="Until [then](https://x.example/then).")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", [*LANGUAGES, "fr", "es"])
def test_html_and_text_say_all_that_a_letter_has_to_say(theme: str, language: str) -> None:
    lead = an_article(slug="lead", title="The lead", heat=9)
    page = render(an_edition(lead, FULL), theme=theme, language=language, hand=HAND)

    shown = " ".join(parsed(page).text_content().split())
    for text in (shown, " ".join(page.text.split())):
        for expected in (
            "The Weekly", "The lead", "A <full> story", "Example News", "Related & co", "AI",
            "Other Paper", "An excerpt.", "Good morning.", "Until then.", SITE.name, SITE.address,
        ):  # fmt: skip
            assert expected in text
    links = [each.get("href") for each in parsed(page).iter("a")]
    lines = page.text.split("\n")
    for url in (
        lead.url, FULL.url, FULL.related[0].url, "https://x.example/then",
        f"{SITE.url}/u/{MARKS['unsubscribe']}", f"{SITE.url}/p/{MARKS['preferences']}",
        f"{SITE.url}/w/{MARKS['view']}/2026-11-23",
    ):  # fmt: skip
        assert url in links
        assert [line.strip() for line in lines].count(url) == 1


@pytest.mark.parametrize("theme", THEMES)
def test_the_topic_of_the_lead_story_stands_above_its_title(theme: str) -> None:
    lead = an_article(slug="lead", title="The lead", heat=9)
    page = render(an_edition(lead, FULL, topic="Art"), theme=theme)

    (label,) = parsed(page).xpath("//h2[contains(@class, 't')]/preceding-sibling::p[1]")
    assert label.text_content() == "Art"
    assert "\n\nART\nThe lead\n" in page.text


def headings(page: Page) -> list[tuple[str, str]]:
    levels = ("h1", "h2", "h3", "h4", "h5", "h6")
    return [(each.tag, each.text_content()) for each in parsed(page).iter(*levels)]


@pytest.mark.parametrize("theme", THEMES)
def test_headings_are_in_order_and_topics_have_anchors(theme: str) -> None:
    edition = sections_of(("AI", 2), ("Art", 1))

    page = render(edition, theme=theme)

    assert [tag for tag, _ in headings(page)] == ["h1", "h2", "h2", "h3", "h2", "h3"]
    anchors = [each.get("id") for each in parsed(page).iter("h2") if each.get("id")]
    assert anchors == ["topic-1", "topic-2"]


def sections_of(*topics: tuple[str, int]) -> Edition:
    sections = tuple(
        Section(
            topic=topic,
            articles=tuple(
                an_article(slug=f"{topic}-{number}", title=f"{topic} {number}", heat=90 - number)
                for number in range(stories)
            ),
        )
        for topic, stories in topics
    )
    return Edition(topics=tuple(topic for topic, _ in topics), sections=sections)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_long_issue_has_a_table_of_contents_and_a_short_one_has_none(
    theme: str, language: str
) -> None:
    said = {"en": "In this issue:", "de": "In dieser Ausgabe:"}[language]

    long = render(sections_of(("AI", 7), ("Art", 7)), theme=theme, language=language)
    short = render(sections_of(("AI", 2), ("Art", 2)), theme=theme, language=language)

    anchors = {f"#{each.get('id')}" for each in parsed(long).iter("h2")}
    (contents,) = parsed(long).find_class("ct")
    assert {each.get("href") for each in contents.iter("a")} <= anchors
    assert " ".join(contents.text_content().split()) == f"{said} AI 6 · Art 7"
    assert said in long.text
    assert said not in short.html + short.text


def test_the_theme_without_pictures_shows_none() -> None:
    document = parsed(render(an_edition(), theme="plain"))

    assert not RENDERER.pictured("plain").replace("none", "")
    assert [each.get("src") for each in document.iter("img")] != [None]


@pytest.mark.parametrize("theme", THEMES)
def test_from_right_to_left_everything_is_turned(theme: str) -> None:
    page = render(an_edition(an_article(heat=9), FULL), theme=theme, language="ar")

    document = parsed(page)
    turned = [each for each in document.iter("td") if "direction:" in (each.get("style") or "")]
    assert document.get("dir") == "rtl"
    assert turned
    assert not [each for each in turned if "direction:ltr" in each.get("style")]
    assert "letter-spacing" not in page.html.split("<body")[1]
    assert "padding-left:12px" not in page.html


@pytest.mark.parametrize("theme", THEMES)
def test_names_of_either_direction_leave_the_words_around_them_in_place(theme: str) -> None:
    lead = replace(FULL, slug="lead", heat=9)
    edition = replace(an_edition(lead, FULL), topics=("Science", "Art & co"))

    document = parsed(render(edition, theme=theme, language="ar"))

    isolated = [each.text_content() for each in document.xpath("//span[@dir='auto']")]
    assert isolated.count("Other Paper") == 2
    assert isolated[-2:] == ["Science", "Art & co"]


@pytest.mark.parametrize("theme", THEMES)
def test_layout_tables_say_so_and_pictures_have_text_or_none_and_no_link(theme: str) -> None:
    document = parsed(render(an_edition(an_article(heat=9), FULL), theme=theme))

    assert {each.get("role") for each in document.iter("table")} == {"presentation"}
    for image in document.iter("img"):
        assert image.get("alt") == ""
        assert image.get("width").isdigit()
        assert image.get("height").isdigit()
        assert not [each for each in image.iterancestors() if each.tag == "a"]


def test_a_brand_is_in_the_page_by_day_and_in_the_dark() -> None:
    brand = Brand(
        accent="#0b57a4",
        background="#fffdf5",
        width=640,
        radius=6,
        heading_font="My Serif, serif",
        topics=(("ai", "#006633"),),
    )

    html = render(sections_of(("AI", 2), ("Art", 1)), brand=brand, hand=HAND).html

    head, body = html.split("<body")
    for expected in ("#fffdf5", "max-width:640px", "border-radius:6px", "My Serif"):
        assert expected in body
    (own, *_) = parsed(render(sections_of(("AI", 2)), brand=brand)).find_class("k1")
    assert "color:#063" in own.get("style") or "color:#006633" in own.get("style")
    assert brand.dark.accent in head
    assert brand.dark.topics["ai"] in head
    assert brand.dark.background in head


def test_a_logo_stands_for_the_title_and_says_it() -> None:
    logo = Picture(name="cd/cdef.png", width=560, height=64, colour="#ffffff")
    edition = an_edition()
    page = RENDERER.render(
        edition,
        newsletter=a_newsletter(title='The "Weekly"'),
        issue=ISSUE,
        site=SITE,
        pictures={},
        marks=MARKS,
        logo=logo,
    )

    (title,) = parsed(page).iter("h1")
    (image,) = title.iter("img")
    assert image.get("alt") == 'The "Weekly"'
    assert (image.get("width"), image.get("height")) == ("280", "32")
    assert page.pictures == ("cd/cdef.png",)


def test_the_same_styles_as_premailer_by_itself() -> None:
    """
    The parsed style sheets are kept from page to page, behind premailer's back.
    """
    from premailer import Premailer

    from digest.renderer.inliner import Inliner

    class Stock(Inliner):
        _parse_style_rules = Premailer._parse_style_rules

    sources: Sequence[str] = [
        (
            "<style>p{color:#111}p.a{color:red !important}a:hover{x:y}@media x{p{a:b}}</style>"
            "<p class='a' style='margin:0'>x</p><a>y</a>"
        ),
        "<style></style><p>x</p>",
    ]
    for source in sources:
        for _ in range(2):
            assert Inliner(source).transform() == Stock(source).transform()
