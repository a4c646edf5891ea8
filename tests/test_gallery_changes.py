"""
What is new, gone and moved since the issue that was sent last.
"""

from hypothesis import given
from hypothesis import strategies as st

from digest.gallery.changes import Changes, changes_between
from digest.store.issues import Sent
from tests.factories import MARKS, a_page, an_article, an_edition

TITLES = {slug: slug.upper() for slug in "abcdef"}


def changes(before: str, now: str, *, was: str = "", text: str = "") -> Changes:
    edition = an_edition(*(an_article(slug=slug) for slug in now))
    page = a_page(text=was, subject="Before")
    sent = Sent(issue="weekly/2026-11-16", topics=edition.topics, slugs=tuple(before), page=page)
    found = changes_between([sent], edition, a_page(text=text), TITLES)
    assert found
    return found


def test_stories_are_new_or_gone_by_their_titles() -> None:
    found = changes("abx", "bc")

    assert (found.new, found.gone, found.moved) == (("C",), ("A", "x"), ())
    assert (found.since, found.subject, found.count) == ("weekly/2026-11-16", "Before", 3)


def test_a_story_that_stands_elsewhere_among_the_others_has_moved() -> None:
    assert changes("abcd", "bcda").moved == ("A",)
    assert changes("abcd", "xbcd").moved == ()


def test_the_text_is_compared_line_by_line() -> None:
    found = changes("a", "a", was="One\nTwo\nThree\n", text="One\n2\nThree\n")

    assert [(line.state, line.text) for line in found.lines] == [
        ("kept", "One"),
        ("gone", "Two"),
        ("new", "2"),
        ("kept", "Three"),
    ]


def test_tokens_are_no_difference_and_are_not_shown() -> None:
    mark = MARKS["unsubscribe"]

    found = changes("a", "a", was=f"/u/{mark}", text=f"/u/{mark}")

    assert [(line.state, line.text) for line in found.lines] == [("kept", "/u/(unsubscribe)")]


def test_readers_of_other_topics_were_sent_something_else() -> None:
    sent = Sent(issue="weekly/2026-11-16", topics=("Art",), slugs=("a",), page=a_page())

    assert changes_between([sent], an_edition(), a_page(), TITLES) is None
    assert changes_between([], an_edition(), a_page(), TITLES) is None


@given(st.permutations("abcdef"), st.permutations("abcdef"))
def test_those_that_did_not_move_are_still_in_order(before: list[str], now: list[str]) -> None:
    found = changes("".join(before), "".join(now))

    staying = [slug for slug in now if slug.upper() not in found.moved]
    assert [slug for slug in before if slug in staying] == staying
    assert (found.new, found.gone) == ((), ())
