"""
A page becomes letters that every mail program reads alike, whatever names and texts hold.
"""

from datetime import UTC, datetime
from email import message_from_bytes, message_from_string, policy
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader, DateHeader
from email.message import EmailMessage
from typing import cast

import pytest
from dkim.canonicalization import Relaxed
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.composer import Composer, encode_text, format_address, quote_text, size_of_html
from digest.errors import LetterError
from digest.model import Issue, Letter, Page
from digest.text import clean_name
from digest.tokens import PATHS, Key, marks_for, read_token, sign_token

from .factories import ISSUE, KEY, MARKS, SITE, a_page, a_subscriber, an_issue

HEADERS = [
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "Feedback-ID",
    "From",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Message-ID",
    "Precedence",
    "Subject",
    "To",
    "X-Auto-Response-Suppress",
]
TOKENS = {
    purpose: sign_token(KEY, purpose, subscriber_id=7, newsletter_number=1) for purpose in PATHS
}
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
NAMES = st.one_of(
    ANY_TEXT,
    st.lists(
        st.sampled_from(
            [
                "Ann", "O'Neill", '"', "\\", ",", ";", "<", ">", "@", "(", ")", ".", " ", "\t",
                "\r\n", "\r", "\n", "\0", "\x85", "\u2028", "\u202e", "\u200b", "é", "李", "👩‍🚀",
                "=?utf-8?q?x?=", "=?", "?=", "\ud800", "Bcc: eve@example.org", "<eve@example.org>",
            ]
        ),
        max_size=12,
    ).map("".join),
)  # fmt: skip
#: What quoted-printable, SMTP and mailboxes each have their own views on, and the marks.
PAGE_TEXTS = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            [
                *MARKS.values(),
                ".", "..", "\n.\n", "From ", "\nFrom here\n", " ", "  \n", "\t\n", "=", "=3D",
                "=\n", "\r\n", "\r", "\n\n", "é", "👩‍🚀", "x" * 90, "é" * 40, "--", "\0", "\u2028",
            ]
        ),
    ),
    max_size=15,
).map("".join)  # fmt: skip


def a_composer(page: Page | None = None, issue: Issue = ISSUE, key: Key = KEY) -> Composer:
    return Composer(page or a_page(), issue, key=key, newsletter_number=1)


def parsed(letter: Letter) -> EmailMessage:
    """
    The message as Python reads it, which must find nothing wrong with it.
    """
    message = message_from_bytes(letter.data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not any(part.defects for part in message.walk())
    assert not any(value.defects for part in message.walk() for value in part.values())
    return message


def texts_of(letter: Letter) -> dict[str, str]:
    """
    The decoded parts by their type, with line ends as in a page.
    """
    parts = cast("list[EmailMessage]", parsed(letter).get_payload())
    return {
        part.get_content_type(): _bytes_of(part).decode().replace("\r\n", "\n") for part in parts
    }


def _bytes_of(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload


def with_tokens(text: str) -> str:
    for purpose, mark in MARKS.items():
        text = text.replace(mark, TOKENS[purpose])  # type: ignore[index]
    return text.replace("\r\n", "\n")


def raw_header(letter: Letter, name: str) -> bytes:
    head = letter.data.partition(b"\r\n\r\n")[0]
    (value,) = [
        line.partition(b": ")[2]
        for line in head.replace(b"\r\n ", b"\0 ").split(b"\r\n")
        if line.startswith(name.encode() + b":")
    ]
    return value


def assert_travels_well(letter: Letter) -> None:
    """
    What SMTP and RFC 5322 ask of lines.
    """
    head, _, body = letter.data.partition(b"\r\n\r\n")
    lines = letter.data.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines)
    assert not any(line.startswith(b".") for line in lines)
    assert letter.data.isascii()
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert not any(line.startswith(b"From ") for line in body.split(b"\r\n"))


def test_providers_count_complaints_by_issue_newsletter_and_site() -> None:
    letter = a_composer().compose(a_subscriber())

    assert parsed(letter)["Feedback-ID"] == "weekly.2026-11-23:weekly:digest:digests-example"


@settings(max_examples=150, deadline=None)
@given(name=NAMES)
@example("")
@example('Ann "the Cat", Esq.')
@example("Eve\r\nBcc: victim@example.org")
@example("=?utf-8?q?=2C_victim=40example.org?=")
@example("=?utf-8?q?x?= ünïcode =?utf-8?b?eA==?=")
@example("李" * 100)
@example('"' * 100)
@example("x" * 300)
def test_whatever_the_name_holds_there_is_one_recipient_and_no_other_header(name: str) -> None:
    letter = a_composer().compose(a_subscriber(name=name))

    message = parsed(letter)
    to = cast("AddressHeader", message["To"])
    assert sorted(message.keys()) == HEADERS
    assert [each.addr_spec for each in to.addresses] == ["ann@example.org"]
    assert _letters(to.addresses[0].display_name) == _letters(clean_name(name))
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert_travels_well(letter)


def _letters(name: str) -> str:
    """
    Without spaces: Python 3.11 puts one between the encoded words of a name (not RFC 2047).
    """
    return "".join(name.split())


@pytest.mark.parametrize("name", ["李" * 100, "Ünï Cödé " * 11 + "x", "=?utf-8?q?x?= y"])
def test_a_long_name_is_whole_again_once_decoded(name: str) -> None:
    letter = a_composer().compose(a_subscriber(name=name))

    raw = raw_header(letter, "To").decode().replace("\0", "\r\n")
    assert str(make_header(decode_header(raw))) == f"{name} <ann@example.org>"


@settings(max_examples=150, deadline=None)
@given(html=PAGE_TEXTS, text=PAGE_TEXTS)
@example("", "")
@example(MARKS["unsubscribe"], MARKS["preferences"] + MARKS["preferences"])
@example("a" * 71 + MARKS["unsubscribe"] + ".", "é" * 23 + " ")
@example("a" * 72, "a" * 73 + "\n" + "a" * 76)
def test_a_letter_says_what_the_page_says_with_the_tokens_in_place(html: str, text: str) -> None:
    letter = a_composer(a_page(html=html, text=text)).compose(a_subscriber())

    assert texts_of(letter) == {"text/plain": with_tokens(text), "text/html": with_tokens(html)}
    assert_travels_well(letter)


@given(text=PAGE_TEXTS)
def test_quoted_text_has_no_line_that_a_mail_server_would_change(text: str) -> None:
    lines = quote_text(text).split(b"\r\n")

    assert lines.pop() == b""
    assert max(map(len, lines)) <= 76
    assert not any(line.startswith((b".", b"F")) or line.endswith((b" ", b"\t")) for line in lines)


def test_the_tokens_of_a_letter_are_its_reader_s_own() -> None:
    page = a_page(html=f"{MARKS['unsubscribe']} {MARKS['preferences']}", text="")

    html = texts_of(a_composer(page).compose(a_subscriber(id=99)))["text/html"]

    unsubscribe, preferences = html.split()
    assert read_token([KEY], "unsubscribe", unsubscribe) == (99, 1)
    assert read_token([KEY], "preferences", preferences) == (99, 1)


def test_the_mark_of_another_page_gets_no_token() -> None:
    foreign = [
        marks_for(KEY, "weekly/2026-11-16")["unsubscribe"],
        marks_for(Key(number=1, secret=b"x" * 32), ISSUE.id)["unsubscribe"],
    ]
    page = a_page(text="\n".join(foreign))

    text = texts_of(a_composer(page).compose(a_subscriber()))["text/plain"]

    assert text == "\n".join(foreign)


@pytest.mark.parametrize("length", [40, 43, 44, 45, 76, 77, 200, 900])
def test_list_headers_are_neither_folded_nor_encoded(length: int) -> None:
    url = SITE.url + "/" + "a" * (length - len(SITE.url) - 1)

    letter = a_composer(issue=an_issue(site_url=url)).compose(a_subscriber())

    expected = f"<{url}/u/{TOKENS['unsubscribe']}>"
    assert raw_header(letter, "List-Unsubscribe") == expected.encode()
    assert parsed(letter)["List-Unsubscribe"] == expected
    assert raw_header(letter, "List-Unsubscribe-Post") == b"List-Unsubscribe=One-Click"
    assert raw_header(letter, "List-Id") == b"The Weekly <weekly.digests.example.org>"
    assert_travels_well(letter)


@pytest.mark.parametrize(
    ("title", "phrase"),
    [
        ("Wind, Water & Stars", '"Wind, Water & Stars"'),
        ('The "Best" News', '"The \\"Best\\" News"'),
        ("Die Woche für Köche", "Die Woche für Köche"),
        ("=?utf-8?q?x?=", "=?utf-8?q?x?="),
        ("週刊" * 40, "週刊" * 40),
        ("x" * 2000, "x" * 100),
    ],
)
def test_any_title_leaves_the_id_of_the_list_alone(title: str, phrase: str) -> None:
    letter = a_composer(issue=an_issue(title=title)).compose(a_subscriber())

    assert raw_header(letter, "List-Id").endswith(b" <weekly.digests.example.org>")
    assert parsed(letter)["List-Id"] == f"{phrase} <weekly.digests.example.org>"
    assert_travels_well(letter)


def test_a_letter_says_that_a_machine_sent_it() -> None:
    message = parsed(a_composer().compose(a_subscriber()))

    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert message["Precedence"] == "bulk"


def test_the_date_is_when_the_issue_was_made() -> None:
    made_at = datetime(2026, 11, 23, 6, 0, 1, tzinfo=UTC)

    message = parsed(a_composer(issue=an_issue(made_at=made_at)).compose(a_subscriber()))

    assert cast("DateHeader", message["Date"]).datetime == made_at


def test_composing_twice_gives_the_same_bytes() -> None:
    first = a_composer().compose(a_subscriber())

    again = a_composer().compose(a_subscriber())

    assert again == first


def test_a_letter_s_id_is_of_one_issue_one_subscriber_and_one_site() -> None:
    letters = [
        a_composer().compose(a_subscriber()),
        a_composer().compose(a_subscriber(id=8)),
        a_composer(issue=an_issue(id="weekly/2026-11-30")).compose(a_subscriber()),
        a_composer(key=Key(number=1, secret=b"x" * 32)).compose(a_subscriber()),
    ]

    assert len({letter.id for letter in letters}) == 4
    assert all(parsed(letter)["Message-ID"] == letter.id for letter in letters)


def test_a_letter_s_id_says_nothing_about_its_reader() -> None:
    by_address = a_composer().compose(a_subscriber(address="bob@elsewhere.example", name="Bob"))

    assert by_address.id == a_composer().compose(a_subscriber()).id
    assert by_address.id.startswith("<weekly.2026-11-23.")
    assert by_address.id.endswith("@example.org>")


def test_the_envelope_has_the_bare_addresses() -> None:
    letter = a_composer().compose(a_subscriber())

    assert (letter.sender, letter.recipient) == ("weekly@example.org", "ann@example.org")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@example.org",
        "ann@",
        "ann@example.org\r\nBcc: eve@example.org",
        "ann@example.org\n",
        "ann\r@example.org",
        "ann\0@example.org",
        "ann\x01@example.org",
        "ann\x7f@example.org",
        "ann@example.org, eve@example.org",
        "ann@example.org>, <eve@example.org",
        "Ann <ann@example.org>",
        '"ann"@example.org',
        "ann(eve)@example.org",
        "ann@exämple.org",
        "ä\u202enn@example.org",
        "ä<nn@example.org",
        ".ann@example.org",
        "ann.@example.org",
        "an..n@example.org",
        "ann@example..org",
        "ann@.example.org",
        "ann@eve@example.org",
        "=?utf-8?q?eve=40example.com=3E?=@example.org",
        "a" * 65 + "@example.org",
        "a@" + "b" * 253 + ".org",
    ],
)
def test_an_address_that_would_break_a_header_is_an_error_that_does_not_name_it(
    address: str,
) -> None:
    with pytest.raises(LetterError) as caught:
        a_composer().compose(a_subscriber(address=address))

    assert "ann" not in str(caught.value)
    assert "example" not in str(caught.value)
    assert "correct or remove it" in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(
    local=st.text(st.characters(max_codepoint=0x17F), max_size=70),
    domain=st.text("ab.-_@ >\r\n\0é", max_size=12),
)
def test_any_address_is_refused_or_the_one_recipient(local: str, domain: str) -> None:
    address = f"{local}@{domain}"

    try:
        letter = a_composer().compose(a_subscriber(address=address))
    except LetterError:
        return

    # From text, as a header with an address beyond ASCII is UTF-8 (RFC 6532 section 3.2).
    message = message_from_string(letter.data.decode(), policy=policy.default)
    to = cast("AddressHeader", message["To"])
    assert [each.addr_spec for each in to.addresses] == [address]


@pytest.mark.parametrize(
    "address",
    ["o'neill+news@example.org", "a.b-c_d@sub.example.org", "x=y/z!{|}~#$%&*^`?@e.org", "7@a"],
)
def test_odd_but_rightful_addresses_pass(address: str) -> None:
    assert format_address("", address) == address


@settings(max_examples=150, deadline=None)
@given(subject=ANY_TEXT)
@example("")
@example(" \0 ")
@example("word " * 60)
@example("x" * 200)
@example("Ünïcödé " * 40)
@example("=?utf-8?q?not_an_encoded_word?=")
@example("Hello\r\nBcc: eve@example.org")
@example("a, b; c: d <e@example.org>")
def test_any_subject_survives(subject: str) -> None:
    letter = a_composer(a_page(subject=subject)).compose(a_subscriber())

    message = parsed(letter)
    assert message["Subject"] == _visible(subject)
    assert sorted(message.keys()) == HEADERS
    assert_travels_well(letter)


def _visible(subject: str) -> str:
    """
    Without what `encode_text` must drop, in a line.
    """
    dropped = {"\x85", "\u200b", "\u200e", "\u200f", "\ufeff"}
    spaced = " ".join(subject.split())
    kept = [
        char
        for char in spaced
        if char not in dropped
        and not (ord(char) < 32 or 0x7F <= ord(char) <= 0x9F)
        and not 0x202A <= ord(char) <= 0x202E
        and not 0x2060 <= ord(char) <= 0x2069
        and not 0xD800 <= ord(char) <= 0xDFFF
    ]
    return " ".join("".join(kept).split())


def test_a_plain_subject_is_readable_as_it_travels() -> None:
    assert encode_text("Hello, world", "Subject") == "Hello, world"


@pytest.mark.parametrize("sender", ["Jörg's Wöche", "Doe, Jane", 'The "Best" News', "x" * 100])
def test_the_sender_s_name_arrives(sender: str) -> None:
    quoted = sender.replace('"', '\\"')
    issue = an_issue(sender=f'"{quoted}" <weekly@example.org>')

    message = parsed(a_composer(issue=issue).compose(a_subscriber()))

    (address,) = cast("AddressHeader", message["From"]).addresses
    assert (address.display_name, address.addr_spec) == (sender, "weekly@example.org")


def test_the_size_of_the_html_is_what_travels() -> None:
    page = a_page(html="é<p>" * 5000 + MARKS["unsubscribe"])

    letter = a_composer(page).compose(a_subscriber())

    html = cast("list[EmailMessage]", parsed(letter).get_payload())[1]
    assert len(cast("str", html.get_payload())) == pytest.approx(size_of_html(page), rel=0.03)


def test_no_address_stands_in_the_parts_of_a_letter() -> None:
    letter = a_composer().compose(a_subscriber(address="somebody@elsewhere.example"))

    assert letter.data.count(b"somebody@elsewhere.example") == 1


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Hello, world. " * 50, "quoted-printable"), ("ニュースです。" * 50, "base64")],
)
def test_a_text_travels_in_the_encoding_that_is_shorter_for_it(text: str, encoding: str) -> None:
    letter = a_composer(a_page(text=f"{text}{MARKS['unsubscribe']}{text}")).compose(a_subscriber())

    part = parsed(letter).get_body(("plain",))
    assert part
    assert part["Content-Transfer-Encoding"] == encoding
    assert texts_of(letter)["text/plain"] == with_tokens(f"{text}{MARKS['unsubscribe']}{text}")


@pytest.mark.parametrize("before", ["", "あ", "ab", "あい"])
@pytest.mark.parametrize("after", ["", "x", "あいう"])
def test_a_token_may_stand_anywhere_in_a_text_of_foreign_letters(before: str, after: str) -> None:
    text = f"{'ニュース' * 30}{before}{MARKS['unsubscribe']}{after}{MARKS['preferences']}{before}"

    letter = a_composer(a_page(text=text)).compose(a_subscriber())

    assert texts_of(letter)["text/plain"] == with_tokens(text)


@given(text=PAGE_TEXTS, html=PAGE_TEXTS)
def test_the_relaxed_body_is_what_dkim_makes_of_the_letter(text: str, html: str) -> None:
    letter = a_composer(a_page(text=text, html=html)).compose(a_subscriber())

    body = letter.data.partition(b"\r\n\r\n")[2]
    assert b"".join(letter.relaxed) == Relaxed.canonicalize_body(body)


MAILBOXES = {"bounces_to": "bounce@b.example.org", "unsubscribe_to": "unsub@b.example.org"}


def test_a_letter_comes_back_to_an_address_of_its_own() -> None:
    issue = an_issue(**MAILBOXES)

    letters = [
        Composer(a_page(), issue, key=KEY, newsletter_number=1).compose(a_subscriber(id=each))
        for each in (7, 8)
    ]

    for letter, reader in zip(letters, (7, 8), strict=True):
        local, _, domain = letter.sender.partition("@")
        mailbox, _, token = local.partition("+")
        assert (mailbox, domain, len(local) <= 64) == ("bounce", "b.example.org", True)
        assert read_token([KEY], "bounce", token) == (reader, 1)
        assert read_token([KEY], "unsubscribe", token) is None


@pytest.mark.parametrize("length", [20, 60, 400])
def test_who_leaves_by_mail_has_a_second_address_on_a_line_of_its_own(length: int) -> None:
    site = "https://digests.example.org/" + "x" * length
    issue = an_issue(site_url=site, **MAILBOXES)

    letter = Composer(a_page(), issue, key=KEY, newsletter_number=1).compose(a_subscriber())

    token = TOKENS["unsubscribe"]
    by_mail = f"mailto:unsub+{token}@b.example.org?subject=unsubscribe"
    assert raw_header(letter, "List-Unsubscribe") == f"<{site}/u/{token}>,\0 <{by_mail}>".encode()
    assert_travels_well(letter)
    assert parsed(letter)["List-Unsubscribe"] == f"<{site}/u/{token}>, <{by_mail}>"


def test_without_mailboxes_for_it_nothing_is_added() -> None:
    letter = Composer(a_page(), ISSUE, key=KEY, newsletter_number=1).compose(a_subscriber())

    assert letter.sender == "weekly@example.org"
    assert "mailto:" not in parsed(letter)["List-Unsubscribe"]


@pytest.mark.parametrize("address", ["änn@example.org", "用户@example.org", "हिन्दी@example.org"])
def test_an_address_beyond_ascii_stands_in_its_header_as_it_is(address: str) -> None:
    letter = Composer(a_page(), ISSUE, key=KEY, newsletter_number=1).compose(
        a_subscriber(address=address, name="Änn")
    )

    assert letter.recipient == address
    assert raw_header(letter, "To").endswith(f" <{address}>".encode())
    assert letter.data.replace(address.encode(), b"").isascii()
    assert not letter.ascii


def test_a_composed_letter_says_that_it_is_ascii_where_its_reader_s_address_is() -> None:
    page = a_page(html="<p>Größe</p>", text="Größe", subject="Größe")

    letter = Composer(page, ISSUE, key=KEY, newsletter_number=1).compose(a_subscriber(name="Änn"))

    assert letter.ascii
    assert letter.data.isascii()


def test_a_composed_letter_says_that_no_line_begins_with_a_dot() -> None:
    dots = a_page(html="<p>\n.\n..</p>", text=".\n.\n")

    letter = Composer(dots, ISSUE, key=KEY, newsletter_number=1).compose(a_subscriber())

    assert letter.dotless
    assert b"\n." not in letter.data
