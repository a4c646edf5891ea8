"""
Whatever comes in, what goes out is one line, one name, or one web address.
"""

import unicodedata
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.text import (
    MAX_NAME,
    MAX_URL,
    ODD_IN_URL,
    PLAIN_URL,
    clean_line,
    clean_name,
    is_unclean,
    mask_address,
    safe_url,
    topic_key,
)

ANY_TEXT = st.text(alphabet=st.characters(), max_size=60)  # surrogates, too
BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("Plain text", "Plain text"),
        ("  two  spaces\tand\r\na line  ", "two spaces and a line"),
        ("A &amp; B &lt;b&gt; &eacute; &#39;", "A & B <b> é '"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("&#8238;evil&#x202e; &#0;", "evil \ufffd"),
        ("zero\u200bwidth\ufeff \u202egpj.exe", "zerowidth gpj.exe"),
        ("letter\u061cmark", "lettermark"),
        ("bell\x07 escape\x1b[31m next\x85line", "bell escape[31m next line"),
        ("no\ufffe\uffffcharacters\ud800", "nocharacters"),
        ("paragraph\u2029separator", "paragraph separator"),
        ("نمی\u200cشود", "نمی\u200cشود"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("", ""),
        ("\u200b \u2060", ""),
    ],
)
def test_a_line_is_plain_text(raw: str, line: str) -> None:
    assert clean_line(raw) == line


@settings(deadline=None)
@given(ANY_TEXT)
def test_a_line_holds_nothing_that_breaks_hides_or_reorders(raw: str) -> None:
    line = clean_line(raw)

    assert line == " ".join(line.split())
    assert not BIDI_CONTROLS & set(line)
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in line)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("  Ann   Example ", "Ann Example"),
        ("Ann\r\nBcc: eve@example.org", "Ann Bcc: eve@example.org"),
        ("Zoe\u0308", "Zoë"),
        ("Zoe\u200b\u0308", "Zoë"),
        ("A\0n\u2028n", "A n n"),
        ("\u202eAnn", "Ann"),
        ("&amp;", "&amp;"),
        ("田中 みどり", "田中 みどり"),
        ("a" * 99 + " bcd", "a" * 99),
    ],
)
def test_a_name_cannot_break_a_header(raw: str, name: str) -> None:
    assert clean_name(raw) == name


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=130))
def test_a_clean_name_is_short_normal_and_stays_as_it_is(raw: str) -> None:
    name = clean_name(raw)

    assert len(name) <= MAX_NAME
    assert clean_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in name)
    assert not BIDI_CONTROLS & set(name)


@pytest.mark.parametrize("name", ["Computer Vision", "computer vision", " COMPUTERVISION\t"])
def test_case_and_spaces_make_no_other_topic(name: str) -> None:
    assert topic_key(name) == topic_key("Computer Vision")
    assert topic_key("Straße") == topic_key("STRASSE")
    assert topic_key("C") != topic_key("C++")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "http://example.org:8080/a/b?c=d&e=f#g",
        "https://example.org/a---b?q=%20%C3%A9&x=(1)!*'",
        "https://[2001:db8::1]/a",
        "https://xn--strae-oqa.example/",
    ],
)
def test_an_address_that_is_fine_stays_as_it_is(url: str) -> None:
    assert safe_url(f" {url}\n") == url


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        ("https://example.org/a b.png", "https://example.org/a%20b.png"),
        ("https://example.org/2000\xd71000.png", "https://example.org/2000%C3%971000.png"),
        ('https://example.org/"><script>', "https://example.org/%22%3E%3Cscript%3E"),
        ("https://example.org/?q=é#ü", "https://example.org/?q=%C3%A9#%C3%BC"),
        ("https://example.org/%41 é", "https://example.org/%41%20%C3%A9"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://bücher.example:81/é", "https://xn--bcher-kva.example:81/%C3%A9"),
        ("https://[::1]:81/é", "https://[::1]:81/%C3%A9"),
        ("https://example.org/a\\b", "https://example.org/a%5Cb"),
        ("https://exa\nmple.org/a\tb", "https://example.org/ab"),
        ("HTTPS://News.Example.ORG:81/A?B#C", "https://news.example.org:81/A?B#C"),
        ("https://News.Example.org/é", "https://news.example.org/%C3%A9"),
    ],
)
def test_odd_characters_of_an_address_are_encoded(raw: str, url: str) -> None:
    assert safe_url(raw) == url


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "example.org",
        "/path",
        "//example.org/",
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>",
        "ftp://example.org/",
        "mailto:ann@example.org",
        "http:",
        "http:///path",
        "https://?q",
        "https://user@example.org/",
        "https://user:pw@example.org/",
        "https://example.org@evil.example/",
        "https://example.org\\@evil.example/",
        "https://exa mple.org/",
        'https://exa"mple.org/',
        "https://evil.example\\.example.org/",
        "https://example.org:99999/",
        "https://example.org:port/",
        "https://[::1",
        "https://\u2100.example/",
        f"https://{'é' * 80}.example/",
        "https://example.org/\x00",
        "https://example.org/\u202egnp.exe",
        "https://example.org/\ud800",
        "https://example.org/" + "a" * MAX_URL,
        "https://example.org/" + "é" * 1_000,
    ],
    ids=lambda raw: ascii(raw)[:40],
)
def test_what_is_no_web_address_is_nothing(raw: str) -> None:
    assert safe_url(raw) == ""


@settings(deadline=None)
@given(
    st.sampled_from(["http://", "https://", "HTTPS://", "//", "javascript:", ""]),
    st.text(alphabet=st.characters() | st.sampled_from("aé.:/?#[]@%\\\"'<> \n"), max_size=40),
)
def test_a_safe_address_is_ascii_on_the_web_and_stays_as_it_is(scheme: str, rest: str) -> None:
    url = safe_url(scheme + rest)

    if url:
        parts = urlsplit(url)
        assert parts.scheme in {"http", "https"}
        assert parts.hostname
        assert parts.username is None
        assert url.isascii()
        assert not set(url) & set(' "<>\\^`{|}\n\r\t')
        assert safe_url(url) == url


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ann@example.org", "a•••@example.org"),
        ("a@example.org", "a•••@example.org"),
        ("@example.org", "•••@example.org"),
        ("ann", "•••"),
        ("", "•••"),
    ],
)
def test_a_masked_address_shows_one_letter(address: str, shown: str) -> None:
    assert mask_address(address) == shown


@pytest.mark.parametrize(
    ("raw", "unclean"),
    [
        ("Ann Example", False),
        ("  Zoë  Müller\n", False),
        ("Ann\r\nBcc: eve@example.org", True),
        ("Ann\u2028", False),
        ("A\u2028nn", True),
        ("A\u202enn", True),
        ("A\u200bnn", True),
        ("x" * 100, False),
        ("x" * 101, True),
        ("é" * 101, True),
    ],
)
def test_a_name_that_has_to_be_cleaned_is_known(raw: str, *, unclean: bool) -> None:
    assert is_unclean(raw) is unclean


@given(st.from_regex(PLAIN_URL, fullmatch=True))
def test_an_address_that_looks_plain_is_one(url: str) -> None:
    parts = urlsplit(url)

    assert parts.scheme in {"http", "https"}
    assert parts.netloc == parts.hostname
    assert not ODD_IN_URL.search(url)
