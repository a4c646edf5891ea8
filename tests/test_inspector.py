"""
What is found in a page that is wrong, and that nothing is found in one that is right.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.inspector import MAX_BYTES, Finding, Link, inspect_page, links_in
from tests.factories import a_page

SOUND = """<!DOCTYPE html>
<html lang="en" dir="ltr"><head><title>The Weekly</title>
<meta name="color-scheme" content="light dark">
<style>a:hover{color:#ffffff}/* {*/
@media only screen and (min-width:480px){.wide{width:100%}}
@media (prefers-color-scheme:dark){.bg{background:#191d21 !important}
.bg h1,.bg h2,.bg p{color:#e8eaed !important}.bg a{color:#86bdf5 !important}}</style></head>
<body><div lang="en" dir="ltr" class="bg" style="background:#ffffff">
<!--[if mso | IE]><table role="presentation"><tr><td><![endif]-->
<table role="presentation"><tr><td style="color:#22262b">
<h1>The Weekly</h1>
<h2 id="science"><a href="https://news.example.org/a" style="color:#22262b">Tides</a></h2>
<p>About tides. <a href="mailto:ann@example.org" style="color:#0b57a4">Write to Ann</a></p>
<img src="https://digests.example.org/i/a.jpg" width="552" height="310" alt="">
<p><a href="#science" style="color:#0b57a4">Science</a></p>
</td></tr></table>
<!--[if mso | IE]></td></tr></table><![endif]-->
<!--[if !mso]><!--><p>Not for Outlook</p><!--<![endif]-->
</div></body></html>
"""


def found(before: str = "", after: str = "", *, html: str = SOUND) -> tuple[Finding, ...]:
    assert before in html
    return inspect_page(a_page(html=html.replace(before, after, 1), text=""), size=1)


def test_a_sound_page_has_no_findings() -> None:
    assert found() == ()


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        # Structure
        ('<html lang="en"', "<html", "the page has no language"),
        ('<html lang="en"', '<html lang="und"', "the page has no language"),
        ('<html lang="en" dir="ltr"', '<html lang="en" dir="auto"', "the page has no direction"),
        ('<div lang="en" dir="ltr"', "<div", "directly in the body has no lang and no dir"),
        ('<div lang="en" dir="ltr"', '<div lang="en"', "directly in the body has no dir"),
        ("<title>The Weekly</title>", "<title> </title>", "there is no <title>"),
        (
            '<table role="presentation"><tr><td style',
            "<table><tr><td style",
            "a layout table lacks",
        ),
        ("<h1>The Weekly</h1>", "<p>The Weekly</p>", "there is no <h1>"),
        ("<p>Not", "<h1>Again</h1><p>Not", 'a second <h1>, "Again"'),
        ("<p>Not", "<h4>Deep</h4><p>Not", 'the heading "Deep" skips a level: <h4> after <h2>'),
        ("<p>Not", "<h3> </h3><p>Not", "an empty <h3>"),
        # Links
        ("https://news.example.org/a", "", 'the link "Tides" leads nowhere'),
        ("https://news.example.org/a", "javascript:alert(1)", "mail programs do not follow"),
        ("https://news.example.org/a", "news.example.org/a", "begin it with https://"),
        ("https://news.example.org/a", "https:///a", "an address without a host"),
        ("https://news.example.org/a", "http://[a", "has an address that is none"),
        ("#science", "#arts", "leads to #arts, and nothing has that id"),
        (">Tides<", "> <", 'a link to "https://news.example.org/a" has no text'),
        (">Tides<", '><img src="https://a.example/b.png" width="1" alt=""><', "has no text"),
        (">Tides<", ">Read more …<", 'the link "Read more …" does not say where it leads'),
        (">Tides<", ">Weiterlesen<", "does not say where it leads"),
        # Pictures
        (' alt=""', "", 'the picture "https://digests.example.org/i/a.jpg" has no alt'),
        (' width="552"', "", "has no width in pixels"),
        (' width="552" height="310"', ' width="100%"', "has no width and no height in pixels"),
        ("https://digests.example.org/i/a.jpg", "", "a picture without an address"),
        ("https://digests.example.org/i/a.jpg", "data:image/png;base64,AA", "Gmail never shows"),
        ("https://digests.example.org/i/a.jpg", "/i/a.jpg", "which leads nowhere in a letter"),
        # Colours
        (
            "color:#22262b",
            "color:#999",
            'the text "The Weekly" has a contrast of 2.8:1 in the light',
        ),
        ("color:#0b57a4", "color:rgb(180, 200, 255)", "(#b4c8ff on #ffffff); needed are 4.5:1"),
        (".bg h1,", "", 'the text "The Weekly" has a contrast of 1.1:1 in the dark'),
        (".bg{background:#191d21 !important}", "", "in the dark (#e8eaed on #ffffff)"),
        ("86bdf5 !important", "86bdf5", "in the dark (#22262b on #191d21)"),
        (
            '"color:#0b57a4">Write',
            '"color:#0b57a4;text-decoration:none">Write',
            'only its colour tells the link "Write to Ann" from the text around it',
        ),
        # Outlook
        ("</td></tr></table><![endif]", "</td></tr><![endif]", "<table> is closed with </div>"),
        ("<![endif]-->\n<!--[if !mso]", "<b><![endif]-->\n<!--[if !mso]", "as Outlook reads it, "),
        ("<p>Not", "<b><p>Not", "as every other mail program reads it, <b> is closed with"),
        # Leftovers
        ("About tides.", "Hello {{ name }}.", '"{{ name }}" looks like a placeholder'),
        ("About tides.", "[INSERT TEXT]", '"[INSERT TEXT]" looks like a placeholder'),
        ("About tides.", "Lorem ipsum dolor", '"Lorem ipsum" looks like a placeholder'),
        ("About tides.", "TODO: tides", '"TODO" looks like a placeholder'),
        ("About tides.", "Dear *|FNAME|*", '"*|FNAME|*" looks like a placeholder'),
        ("<p>Not", "<p>None</p><p>Not", '"None" is shown where a value is missing'),
        ('alt=""', 'alt="%%NAME%%"', '"%%NAME%%" looks like a placeholder'),
    ],
)
def test_what_is_wrong_is_found(before: str, after: str, message: str) -> None:
    messages = [each.message for each in found(before, after)]

    assert [each for each in messages if message in each], messages


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Tables of data, and attributes in any order.
        ("<p>Not", "<table><tr><th>Data</th></tr></table><p>Not"),
        # A link that stands alone needs no line below it.
        ('"color:#0b57a4">Science', '"color:#0b57a4;text-decoration:none">Science'),
        ('"color:#0b57a4">Write', '"color:#0b57a4;text-decoration:none;font-weight:bold">Write'),
        # Large text needs less.
        ("<h1>", '<h1 style="font-size:24px;color:#888888">'),
        # What is not shown may have any colour.
        ("<h1>", '<p style="display:none;color:#fff">Hidden</p><h1>'),
        ("<p>Not", '<p style="color:#fff;background:black">White on black</p><p>Not'),
        # Words that only resemble.
        ("About tides.", "The method returns None, todo lists and mastodons, a[0] and {x}."),
        ("About tides.", "</p><p>5 < 6 &amp; <br>so on"),
    ],
)
def test_what_is_right_is_left_alone(before: str, after: str) -> None:
    assert found(before, after) == ()


def test_rules_for_outlook_dot_com_count_only_there() -> None:
    assert found("</style>", "[data-ogsc] p{color:#fff}:bogus(p){color:#fff}</style>") == ()


def test_a_page_without_dark_colours_is_read_as_in_the_light() -> None:
    html = SOUND.replace('<meta name="color-scheme" content="light dark">', "")
    html = html[: html.index("<style>")] + html[html.index("</style>") + 8 :]

    assert found(html=html) == ()


def test_a_page_that_asks_for_the_dark_and_says_no_colours_is_unreadable_there() -> None:
    html = SOUND[: SOUND.index("<style>")] + SOUND[SOUND.index("</style>") + 8 :]
    html = html.replace(' style="background:#ffffff"', "")

    assert any("(#22262b on #121212)" in each.message for each in found(html=html))


def test_one_pair_of_colours_is_told_once() -> None:
    findings = found("About tides.", '<b style="color:#aaa">a</b><b style="color:#aaa">b</b>')

    assert len([each for each in findings if "#aaaaaa" in each.message]) == 1


def test_what_is_too_large_is_an_error_at_the_very_byte() -> None:
    page = a_page(html=SOUND, text="")

    assert inspect_page(page, size=MAX_BYTES) == ()
    (finding,) = inspect_page(page, size=MAX_BYTES + 1)
    assert finding.level == "error"
    assert "100,001 bytes" in finding.message


def test_a_readers_token_is_never_shown_as_text() -> None:
    page = a_page(html=SOUND, text="")
    mark = page.marks["unsubscribe"]
    shown = a_page(html=SOUND.replace("About tides.", mark), text="")
    linked = a_page(html=SOUND.replace("example.org/a", f"example.org/u/{mark}"), text="")

    (finding,) = inspect_page(shown, size=1)

    assert finding.level == "error"
    assert mark not in finding.message
    assert inspect_page(linked, size=1) == ()


def test_the_text_part_and_the_subject_are_searched_for_placeholders() -> None:
    page = a_page(html=SOUND, text="Hello\n[YOUR NAME]\n", subject="TODO subject")

    messages = [each.message for each in inspect_page(page, size=1)]

    assert messages == [
        '"TODO" looks like a placeholder: replace it',
        '"[YOUR NAME]" looks like a placeholder: replace it',
    ]


def test_links_are_told_with_their_texts() -> None:
    assert links_in(SOUND)[:2] == (
        Link(url="https://news.example.org/a", text="Tides"),
        Link(url="mailto:ann@example.org", text="Write to Ann"),
    )


@given(st.text(), st.text(alphabet="<>/ab{}@:;,#!-[]=\"' mediastylp", max_size=60))
def test_no_page_is_too_strange(text: str, css: str) -> None:
    html = f"<html><style>{css}</style><body><p style='{css}'>{text}</p></body></html>"

    assert inspect_page(a_page(html=html, text=text), size=1)
