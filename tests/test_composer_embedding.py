"""
Pictures inside letters: the first few, whole, and shown from there.
"""

from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.composer import Composer
from digest.composer.embedding import choose_pictures, picture_part, point_inside

from .factories import ISSUE, KEY, MARKS, SITE, a_page, a_subscriber

NAMES = [f"{code}{code}/{code * 32}.jpg" for code in "abcdef"]


def shown(*names: str, base: str = f"{SITE.url}/i") -> str:
    images = "".join(f'<img src="{base}/{name}" width="120">' for name in names)
    leave = f'<a href="{SITE.url}/u/{MARKS["unsubscribe"]}">Leave</a>'
    return f"<!DOCTYPE html>{images}{leave}"


def composed(html: str, inside: dict[str, bytes]) -> EmailMessage:
    page = a_page(html=html, pictures=tuple(NAMES))
    composer = Composer(page, ISSUE, key=KEY, newsletter_number=1, inside=inside)
    data = composer.compose(a_subscriber()).data
    return message_from_bytes(data, policy=policy.default)


def parts_of(letter: MIMEPart) -> list[MIMEPart]:
    return list(letter.iter_parts())


def test_the_first_five_are_chosen_in_the_order_of_the_page() -> None:
    page = a_page(html=shown(*reversed(NAMES)), pictures=tuple(NAMES))

    assert choose_pictures(page, lambda _: 10_000) == tuple(reversed(NAMES))[:5]


def test_what_the_page_does_not_show_is_not_chosen() -> None:
    page = a_page(html=shown(NAMES[2]), pictures=tuple(NAMES))

    assert choose_pictures(page, lambda _: 1) == (NAMES[2],)


@pytest.mark.parametrize(("size", "number"), [(100_000, 5), (160_000, 3), (500_001, 0)])
def test_they_weigh_half_a_megabyte_at_most(size: int, number: int) -> None:
    page = a_page(html=shown(*NAMES), pictures=tuple(NAMES))

    assert len(choose_pictures(page, lambda _: size)) == number


def test_chosen_pictures_are_shown_from_within_wherever_they_are_published() -> None:
    for base in (f"{SITE.url}/i", "http://127.0.0.1:9000/bucket/prefix"):
        html = point_inside(shown(*NAMES[:3], base=base), NAMES[:2])

        assert html.count('src="cid:') == 2
        assert f'"{base}/{NAMES[2]}"' in html


@given(data=st.binary(min_size=1, max_size=5000))
def test_a_picture_arrives_as_it_left(data: bytes) -> None:
    letter = composed(shown(NAMES[0]), {NAMES[0]: picture_part(NAMES[0], data)})

    _, related = parts_of(letter)
    html, picture = parts_of(related)
    assert picture.get_content() == data
    assert picture["Content-ID"].strip("<>") in html.get_content()
    assert picture.get_content_type() == "image/jpeg"
    assert picture.get_filename() == "aaaaaaaa.jpg"


def test_a_letter_has_text_then_page_with_its_pictures() -> None:
    inside = {name: picture_part(name, b"\xff\xd8\xff") for name in NAMES[:2]}

    letter = composed(shown(*NAMES), inside)

    kinds = [part.get_content_type() for part in letter.walk()]
    assert kinds == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/jpeg",
        "image/jpeg",
    ]
    assert not letter.defects


def test_a_reader_s_own_links_are_in_such_a_letter_too() -> None:
    letter = composed(shown(NAMES[0]), {NAMES[0]: picture_part(NAMES[0], b"\xff\xd8\xff")})

    body = letter.get_body(("html",))
    assert body
    assert MARKS["unsubscribe"] not in body.get_content()
    assert letter["List-Unsubscribe"].strip("<>") in body.get_content()


def test_without_pictures_inside_a_letter_is_what_it_was() -> None:
    page = a_page(html=shown(*NAMES), pictures=tuple(NAMES))
    plain = Composer(page, ISSUE, key=KEY, newsletter_number=1)
    empty = Composer(page, ISSUE, key=KEY, newsletter_number=1, inside={})

    letter = plain.compose(a_subscriber())

    assert empty.compose(a_subscriber()) == letter
    assert b"multipart/related" not in letter.data
