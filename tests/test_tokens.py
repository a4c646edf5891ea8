"""
Signed links: short, good for one purpose, and nothing without the key.
"""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.tokens import (
    MAILED_PATHS,
    NONCE_BITS,
    PATHS,
    Key,
    MailedPurpose,
    Purpose,
    letter_hash,
    marks_for,
    read_nonce,
    read_token,
    sign_nonce,
    sign_token,
)

from .factories import KEY

OTHER_KEY = Key(number=1, secret=b"x" * 32)
URL_SAFE = frozenset(string.ascii_letters + string.digits + "-_")

keys = st.builds(
    lambda number, secret: Key(number=number, secret=secret),
    st.integers(0, 15),
    st.binary(min_size=32, max_size=64),
)
purposes: st.SearchStrategy[Purpose] = st.sampled_from(tuple(PATHS))
subscriber_ids = st.integers(0, 2**40 - 1)
newsletter_numbers = st.integers(0, 2**16 - 1)


def a_token(
    key: Key = KEY, purpose: Purpose = "unsubscribe", subscriber_id: int = 7, number: int = 1
) -> str:
    return sign_token(key, purpose, subscriber_id=subscriber_id, newsletter_number=number)


@given(key=keys, purpose=purposes, subscriber_id=subscriber_ids, number=newsletter_numbers)
def test_a_token_is_32_url_safe_characters_and_says_whose_it_is(
    key: Key, purpose: Purpose, subscriber_id: int, number: int
) -> None:
    token = a_token(key, purpose, subscriber_id, number)

    assert len(token) == 32
    assert set(token) <= URL_SAFE
    assert read_token([key], purpose, token) == (subscriber_id, number)


@given(place=st.integers(0, 31), char=st.sampled_from(sorted(URL_SAFE)))
def test_a_token_with_one_other_character_is_nothing(place: int, char: str) -> None:
    token = a_token()
    forged = token[:place] + char + token[place + 1 :]

    read = read_token([KEY], "unsubscribe", forged)

    assert read == ((7, 1) if forged == token else None)


@given(st.text(max_size=40) | st.text("aA0-_=+/!. \n", min_size=32, max_size=32))
def test_any_other_text_is_nothing(text: str) -> None:
    assert read_token([KEY], "unsubscribe", text) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        a_token()[:-1],
        a_token() + "A",
        a_token() + "=",
        " " + a_token()[1:],
        a_token()[:-1] + "!",
        a_token()[:-2] + "==",
        a_token()[:-1] + "é",
        a_token()[:-1] + "\N{FULLWIDTH LATIN CAPITAL LETTER A}",
        a_token() + "\n",
    ],
)
def test_a_damaged_token_is_nothing(token: str) -> None:
    assert read_token([KEY], "unsubscribe", token) is None


def test_a_token_has_one_spelling_only() -> None:
    tokens = [a_token(subscriber_id=number) for number in range(50)]
    spelled_otherwise = [each.replace("-", "+").replace("_", "/") for each in tokens]

    read = [
        read_token([KEY], "unsubscribe", other)
        for other, each in zip(spelled_otherwise, tokens, strict=True)
        if other != each
    ]

    assert read
    assert set(read) == {None}


def test_a_token_is_good_for_its_purpose_only() -> None:
    assert read_token([KEY], "preferences", a_token(purpose="unsubscribe")) is None
    assert read_token([KEY], "unsubscribe", a_token(purpose="preferences")) is None


def test_a_token_of_another_key_is_nothing() -> None:
    assert read_token([OTHER_KEY], "unsubscribe", a_token()) is None
    assert read_token([], "unsubscribe", a_token()) is None


def test_a_key_under_another_number_does_not_know_its_tokens() -> None:
    renumbered = Key(number=2, secret=KEY.secret)

    assert read_token([renumbered], "unsubscribe", a_token()) is None


@pytest.mark.parametrize("new_number", [1, 2])
def test_tokens_of_the_old_and_the_new_key_are_good_while_both_are_known(new_number: int) -> None:
    new = Key(number=new_number, secret=b"n" * 32)

    read = [read_token([new, KEY], "unsubscribe", a_token(key)) for key in (KEY, new)]

    assert read == [(7, 1), (7, 1)]


mailed: st.SearchStrategy[MailedPurpose] = st.sampled_from(tuple(MAILED_PATHS))


@given(key=keys, purpose=mailed, nonce=st.integers(0, 2**NONCE_BITS - 1))
def test_a_mailed_token_looks_like_any_other_and_holds_its_number(
    key: Key, purpose: MailedPurpose, nonce: int
) -> None:
    token = sign_nonce(key, purpose, nonce)

    assert len(token) == 32
    assert set(token) <= URL_SAFE
    assert read_nonce([key], purpose, token) == nonce
    others = MAILED_PATHS.keys() - {purpose}
    assert [read_nonce([key], each, token) for each in others] == [None, None]
    assert [read_token([key], each, token) for each in PATHS] == [None, None, None]


def test_a_letter_s_token_is_no_mailed_one() -> None:
    read = [read_nonce([KEY], each, a_token(purpose="preferences")) for each in MAILED_PATHS]

    assert read == [None, None, None]


def test_paths_are_as_many_as_purposes() -> None:
    paths = [*PATHS.values(), *MAILED_PATHS.values()]

    assert len(set(paths)) == len(paths) == 6


def test_marks_differ_by_issue_purpose_and_key() -> None:
    sets = [
        marks_for(KEY, "weekly/2026-11-23"),
        marks_for(KEY, "weekly/2026-11-30"),
        marks_for(OTHER_KEY, "weekly/2026-11-23"),
    ]

    marks = [mark for each in sets for mark in each.values()]
    assert all(each.keys() == PATHS.keys() for each in sets)
    assert len(set(marks)) == len(marks) == 3 * len(PATHS)


def test_marks_take_the_room_of_a_token_and_are_none() -> None:
    for purpose, mark in marks_for(KEY, "weekly/2026-11-23").items():
        assert len(mark) == 32
        assert set(mark) <= URL_SAFE
        assert read_token([KEY], purpose, mark) is None  # type: ignore[arg-type]


def test_marks_are_the_same_every_time() -> None:
    assert marks_for(KEY, "weekly/2026-11-23") == marks_for(KEY, "weekly/2026-11-23")


def test_a_letter_s_hash_differs_by_issue_subscriber_and_key() -> None:
    hashes = {
        letter_hash(KEY, "weekly/2026-11-23", 7),
        letter_hash(KEY, "weekly/2026-11-23", 8),
        letter_hash(KEY, "weekly/2026-11-30", 7),
        letter_hash(OTHER_KEY, "weekly/2026-11-23", 7),
        letter_hash(KEY, "weekly/2026-11-2", 37),
    }

    assert len(hashes) == 5
    assert all(len(each) == 20 and set(each) <= set(string.hexdigits) for each in hashes)


def test_a_key_does_not_show_its_secret() -> None:
    assert "kkk" not in repr(KEY)
