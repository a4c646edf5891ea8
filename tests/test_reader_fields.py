"""
Which fields an article takes, under which names, and what it does with odd values.
"""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import ArticleError
from digest.model import Article, Image, Provider, Related
from digest.reader.fields import to_article
from digest.reader.frontmatter import load_front_matter

#: A number that Python reads but does not write: it has more than 4,300 digits.
ENDLESS = "0x" + "f" * 5_000


def an_article_of(*lines: str, slug: str = "2026-11-20-hello", delimiter: str = "---") -> Article:
    source = "\n".join((delimiter, *lines, delimiter, ""))
    return to_article(load_front_matter(source.encode()), slug=slug)


def refusal_of(*lines: str, slug: str = "2026-11-20-hello") -> ArticleError:
    with pytest.raises(ArticleError) as caught:
        an_article_of(*lines, slug=slug)
    return caught.value


FULL = """\
category: news
title: "A &amp; B"
excerpt: "First\\nsecond &lt;b&gt;"
publishedDateTime: 2026-11-20T08:15:00+02:00
webUrl: "https://news.example.org/a---b?q=1&amp;r"
originalUrl: https://publisher.example.org/a
ampWebUrl: https://amp.example.org/a
type: video
quality: 255
heat: -1
published: false
removed: true
provider: {name: News, domain: news.example.org, images: [{url: "https://x.org/l.png", width: 50}]}
topics: [AI, "  Computer   Vision ", ai]
images:
  - {url: "https://x.org/i?a=1", width: 9790, height: 6480, title: T, isCached: true}
  - url: ../pictures/a.png
related:
  - {title: Other, webUrl: "https://other.example.org/a", provider: {name: Other}, heat: 3}
""".splitlines()


def test_every_field_of_our_own_format_is_read() -> None:
    article = an_article_of(*FULL)

    assert article == Article(
        slug="2026-11-20-hello",
        title="A & B",
        excerpt="First second <b>",
        url="https://news.example.org/a---b?q=1&amp;r",
        published_at=datetime(2026, 11, 20, 6, 15, tzinfo=UTC),
        heat=-1,
        quality=255,
        topics=("AI", "Computer Vision"),
        provider=Provider(
            name="News",
            domain="news.example.org",
            images=(Image(url="https://x.org/l.png", width=50),),
        ),
        kind="video",
        published=False,
        removed=True,
        images=(
            Image(url="https://x.org/i?a=1", width=9790, height=6480),
            Image(url="../pictures/a.png"),
        ),
        related=(
            Related(
                title="Other",
                url="https://other.example.org/a",
                provider=Provider(name="Other"),
            ),
        ),
    )


def test_a_title_and_a_dated_name_are_enough() -> None:
    article = an_article_of("title: Hello", slug="news/2026-11-20-hello")

    assert article.published_at == datetime(2026, 11, 20, tzinfo=UTC)
    assert (article.heat, article.quality, article.kind) == (0, 0, "article")
    assert (article.published, article.removed) == (True, False)
    assert (article.url, article.topics, article.images, article.related) == ("", (), (), ())
    assert article.provider == Provider()


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(
            [
                "layout: post",
                "title: Hello",
                "description: Words",
                "date: 2026-11-20 09:00:00 +0100",
                "link: https://example.org/a",
                "tags: [AI, Vision]",
                "image: {path: /a.png, alt: A}",
            ],
            id="Jekyll",
        ),
        pytest.param(
            [
                'title: "Hello"',
                "summary: Words",
                "publishDate: 2026-11-20T09:00:00+01:00",
                "external_url: https://example.org/a",
                "categories: [AI, Vision]",
                "images: [/a.png]",
            ],
            id="Hugo",
        ),
        pytest.param(
            [
                "title: Hello",
                "description: Words",
                "date: 2026-11-20T08:00:00Z",
                "link: https://example.org/a",
                "tags: AI, Vision",
                "image: /a.png",
            ],
            id="Eleventy",
        ),
    ],
)
def test_the_names_of_other_site_generators_are_read(lines: list[str]) -> None:
    article = an_article_of(*lines)

    assert (article.title, article.excerpt) == ("Hello", "Words")
    assert article.published_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert article.url == "https://example.org/a"
    assert article.topics == ("AI", "Vision")
    assert article.images == (Image(url="/a.png"),)
    assert article.provider == Provider(name="example.org", domain="example.org")


def test_toml_front_matter_is_read() -> None:
    article = an_article_of(
        "title = 'Hello'",
        "date = 2026-11-20T09:00:00+01:00",
        "draft = true",
        "tags = ['AI']",
        "heat = 90",
        "[[images]]",
        "url = 'https://x.org/a.png'",
        "width = 10",
        delimiter="+++",
    )

    assert article.published_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert (article.published, article.heat, article.topics) == (False, 90, ("AI",))
    assert article.images == (Image(url="https://x.org/a.png", width=10),)


def test_our_own_names_win_over_those_of_others() -> None:
    article = an_article_of(
        "title: Hello",
        "description: Theirs",
        "excerpt: Ours",
        "date: 2020-01-01",
        "publishedDateTime: 2026-11-20",
        "link: https://theirs.example.org/",
        "webUrl: https://ours.example.org/",
        "tags: [Theirs]",
        "topics: [Ours]",
    )

    assert article.excerpt == "Ours"
    assert article.published_at.year == 2026
    assert article.url == "https://ours.example.org/"
    assert article.topics == ("Ours",)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23 07:00:00", datetime(2026, 11, 23, 7, tzinfo=UTC)),
        ("2026-11-23T07:00:00Z", datetime(2026, 11, 23, 7, tzinfo=UTC)),
        ("2026-11-23T07:00:00-05:30", datetime(2026, 11, 23, 12, 30, tzinfo=UTC)),
        ('" 2026-11-23T07:00 "', datetime(2026, 11, 23, 7, tzinfo=UTC)),
        ('"2026-11-23T07:00:00+01:00"', datetime(2026, 11, 23, 6, tzinfo=UTC)),
    ],
)
def test_dates_are_moments_in_utc(value: str, moment: datetime) -> None:
    article = an_article_of("title: Hello", f"date: {value}")

    assert article.published_at == moment
    assert article.published_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("slug", "day"),
    [
        ("2026-11-20-hello", 20),
        ("2026-11-21_hello", 21),
        ("2020-01-01-folder/2026-11-22-hello", 22),
    ],
)
def test_the_date_may_stand_in_the_name_of_the_file(slug: str, day: int) -> None:
    assert an_article_of("title: Hello", slug=slug).published_at.day == day


def test_a_date_field_wins_over_the_name() -> None:
    article = an_article_of("title: Hello", "date: 2026-11-23", slug="2020-01-01-hello")

    assert article.published_at.year == 2026


def test_published_may_be_a_date_and_then_does_not_hide() -> None:
    article = an_article_of("title: Hello", "published: 2026-11-23", slug="hello")

    assert article.published
    assert article.published_at == datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "slug", ["hello", "2026-11-20", "2026-11-20-folder/hello", "a2026-11-20-b"]
)
def test_an_article_without_a_date_is_refused_with_an_example(slug: str) -> None:
    error = refusal_of("title: Hello", slug=slug)

    assert str(error) == "publishedDateTime: missing: an article needs one, as 2026-11-23T07:00:00Z"


def test_a_name_with_an_impossible_date_is_refused() -> None:
    error = refusal_of("title: Hello", slug="2026-13-45-hello")

    assert str(error).startswith("date: found '2026-13-45', needed is a moment such as")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("date: soon", "date: found 'soon', needed is a moment such as 2026-11-23T07:00:00Z"),
        ("date: 20", "date: found '20', needed is a moment"),
        ("date: [2026-11-23]", "date: found a list, needed is a moment"),
        ("publishDate: ''", "publishDate: found '', needed is a moment"),
        ("date: 9999-12-31T23:59:59-12:00", "date: found '9999-12-31 23:59:59-12:00', needed"),
        ("heat: warm", "heat: found 'warm', needed is a whole number"),
        ("heat: yes", "heat: found 'True', needed is a whole number"),
        ("heat: 0.9", "heat: found '0.9', needed is a whole number"),
        ("heat: .nan", "heat: found 'nan', needed is a whole number"),
        ("heat: .inf", "heat: found 'inf', needed is a whole number"),
        ("heat: [90]", "heat: found a list, needed is a whole number"),
        ("heat: 10000000000", "needed is a whole number, 1,000,000,000 at most"),
        pytest.param(
            f"heat: {ENDLESS}", "needed is a whole number, 1,000,000,000 at most", id="endless"
        ),
        ("quality: 2026-11-23", "quality: found '2026-11-23', needed is a whole number"),
        ("published: maybe", "published: found 'maybe', needed is true or false"),
        ("draft: 'no'", "draft: found 'no', needed is true or false"),
        ("removed: 1", "removed: found '1', needed is true or false"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_line(line: str, message: str) -> None:
    error = refusal_of("title: Hello", "", line)

    assert message in str(error)
    assert error.line == 4


@pytest.mark.parametrize(
    "value",
    ["", "''", "'  '", "~", "'\u200b\u202e'", "'&#8203;'", pytest.param(ENDLESS, id="endless")],
)
def test_a_title_that_shows_nothing_is_missing(value: str) -> None:
    error = refusal_of(f"title: {value}")

    assert str(error) == "title: missing: an article needs one"


@pytest.mark.parametrize("value", ["No", "on", "[a, b]", "{a: b}"])
def test_a_title_that_yaml_takes_for_something_else_is_refused(value: str) -> None:
    error = refusal_of(f"title: {value}")

    assert "needed is a text: put it into quotes" in str(error)
    assert error.line == 2


@pytest.mark.parametrize(
    ("value", "title"), [("2026", "2026"), ("2026-11-23", "2026-11-23"), ('"No"', "No")]
)
def test_a_title_may_be_a_number_or_a_date(value: str, title: str) -> None:
    assert an_article_of(f"title: {value}").title == title


@pytest.mark.parametrize(("value", "heat"), [("90", 90), ("'90'", 90), ("90.0", 90), ("~", 0)])
def test_whole_numbers_are_read_however_they_are_written(value: str, heat: int) -> None:
    assert an_article_of("title: Hello", f"heat: {value}").heat == heat


@pytest.mark.parametrize(
    ("lines", "published"),
    [
        ([], True),
        (["published: false"], False),
        (["draft: true"], False),
        (["draft: false"], True),
        (["published: true", "draft: true"], False),
    ],
)
def test_a_draft_is_not_published(lines: list[str], *, published: bool) -> None:
    assert an_article_of("title: Hello", *lines).published is published


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.org/a",
        "/a",
        "ftp://example.org/a",
        "https://user:pw@example.org/",
        "5",
        "[https://example.org/]",
    ],
)
def test_an_address_that_is_none_is_left_out_and_the_next_is_taken(address: str) -> None:
    lines = ("title: Hello", f"webUrl: {address}")

    assert an_article_of(*lines).url == ""
    assert (
        an_article_of(*lines, "originalUrl: https://example.org/b").url == "https://example.org/b"
    )


def test_the_provider_may_be_a_mere_name() -> None:
    article = an_article_of("title: Hello", "link: https://www.example.org/a", "provider: The News")

    assert article.provider == Provider(name="The News", domain="example.org")


@pytest.mark.parametrize("provider", ["{}", "[a]", "5", "{name: '', domain: ~}"])
def test_a_provider_that_says_nothing_is_the_host(provider: str) -> None:
    article = an_article_of("title: Hello", "link: https://example.org/a", f"provider: {provider}")

    assert article.provider == Provider(name="example.org", domain="example.org")


@pytest.mark.parametrize(
    "image",
    [
        "''",
        "~",
        "{}",
        "{width: 5}",
        "javascript://x/%0aalert(1)",
        "file:///etc/passwd",
        "ftp://example.org/a.png",
        '"pictures/\\0.png"',
        '"\\u202egnp.a"',
    ],
)
def test_pictures_that_are_neither_web_addresses_nor_paths_are_left_out(image: str) -> None:
    article = an_article_of("title: Hello", f"images: [{image}, b.png]")

    assert article.images == (Image(url="b.png"),)


def test_an_address_without_a_scheme_is_one_of_https() -> None:
    article = an_article_of("title: Hello", "images: ['//cdn.example.org/a.png']")

    assert article.images == (Image(url="https://cdn.example.org/a.png"),)


@pytest.mark.parametrize("width", ["'810'", "-1", "0", "true", "81.0", "99999999999"])
def test_a_size_that_is_none_is_left_out(width: str) -> None:
    article = an_article_of("title: Hello", f"images: [{{url: a.png, width: {width}}}]")

    assert article.images == (Image(url="a.png"),)


def test_related_stories_without_title_or_address_are_left_out_and_sixteen_are_kept() -> None:
    stories = [f"{{title: S{n}, webUrl: 'https://example.org/{n}'}}" for n in range(20)]
    odd = ["5", "{title: T}", "{webUrl: 'https://example.org/x'}", "{title: T, webUrl: 'x:y'}"]

    few = an_article_of("title: Hello", f"related: [{', '.join([*odd, *stories[:2]])}]")
    many = an_article_of("title: Hello", f"related: [{', '.join(stories)}]")

    assert [related.title for related in few.related] == ["S0", "S1"]
    assert [related.title for related in many.related] == [f"S{n}" for n in range(16)]


@pytest.mark.parametrize("value", ["5", "{a: b}", "~", "[]", "['', '  ']"])
def test_topics_that_are_none_leave_the_article_without(value: str) -> None:
    assert an_article_of("title: Hello", f"topics: {value}").topics == ()


@settings(deadline=None)
@given(st.text(alphabet="ab0+/=;", min_size=24))
def test_unknown_fields_end_with_the_text_of_the_file(secret: str) -> None:
    article = an_article_of("title: Hello", f'secured: "{secret}"', f'x: ["{secret}"]')

    assert article == an_article_of("title: Hello")
