"""
One's own data: by a fresh link to one's own mailbox, once, and by no other.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.errors import NotFoundError
from digest.model import State
from tests.factories import an_entry
from tests.program import a_full_project
from tests.website import OTHER, WEEKLY, Website, serving


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Website]:
    with serving(a_full_project(tmp_path, WEEKLY, OTHER)) as website:
        yield website


def fresh_link(site: Website) -> str:
    """
    The path that Ann gets when she asks for it on her preferences page.
    """
    before = len(site.mails(0))
    site.post(site.path("preferences", site.reader()), {"do": "mail"})
    return site.mailed_path(before + 1)


def test_a_copy_holds_all_that_is_known(site: Website) -> None:
    link = fresh_link(site)

    answer = site.post(link, {"do": "export"})

    document = json.loads(answer.text)
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert document["email"] == "ann@example.org"
    assert "weekly" in answer.text


@pytest.mark.parametrize("do", ["export", "erase", "address"])
def test_the_link_is_good_once(site: Website, do: str) -> None:
    link = fresh_link(site)
    fields: dict[str, str | list[str]] = {"do": do, "email": "new@example.org"}

    answers = [site.post(link, fields).status_code for _ in range(2)]

    assert answers == [200, 404]
    assert site.get(link).status_code == 404


@pytest.mark.parametrize(
    ("do", "change", "table"),
    [
        ("export", "DELETE", "requests"),
        ("erase", "DELETE", "subscribers"),
        ("address", "INSERT", "requests"),
        ("address", "INSERT", "mails"),
        ("address", "DELETE", "requests"),
    ],
)
def test_a_link_stays_good_where_the_store_fails(
    site: Website, do: str, change: str, table: str
) -> None:
    link = fresh_link(site)
    fields: dict[str, str | list[str]] = {"do": do, "email": "new@example.org"}

    with site.without(change, table):
        failed = site.post(link, fields).status_code
    answers = [site.post(link, fields).status_code for _ in range(2)]

    assert failed == 503
    assert answers == [200, 404]


def test_a_link_to_a_new_address_stays_good_where_the_store_fails(site: Website) -> None:
    site.post(fresh_link(site), {"do": "address", "email": "new@example.net"})
    confirmation = site.mailed_path(2)

    with site.without("UPDATE", "subscribers"):
        failed = site.post(confirmation).status_code
    changed = site.post(confirmation).text

    assert failed == 503
    assert "Your address is changed." in changed
    assert site.state("new@example.net") == State.ACTIVE


def test_looking_does_not_use_it_up(site: Website) -> None:
    link = fresh_link(site)

    answers = [site.get(link).status_code for _ in range(3)]
    answers += [site.client.head(link).status_code, site.post(link, {"do": "?"}).status_code]

    assert answers == [200, 200, 200, 200, 404]
    assert site.post(link, {"do": "export"}).status_code == 200


def test_the_link_ends_after_half_an_hour(site: Website) -> None:
    link = fresh_link(site)
    site.clock.pass_(minutes=31)

    answers = site.get(link).status_code, site.post(link, {"do": "erase"}).status_code

    assert answers == (404, 404)
    assert site.state() == State.ACTIVE


def test_a_letter_s_link_opens_nothing_of_it(site: Website) -> None:
    token = site.path("preferences", site.reader())[3:]

    answers = [site.get(f"{path}{token}").status_code for path in ("/d/", "/n/", "/c/")]

    assert answers == [404, 404, 404]


def test_who_is_erased_is_nobody_and_stays_it(site: Website) -> None:
    ann, link = site.reader(), fresh_link(site)

    page = site.post(link, {"do": "erase"})
    site.store.subscribers.merge("weekly", [an_entry(address="ann@example.org")])

    assert "You are forgotten." in page.text
    with pytest.raises(NotFoundError):
        site.store.subscribers.find("ann@example.org")
    assert site.get(site.path("preferences", ann)).status_code == 404
    assert site.get(site.path("unsubscribe", ann)).status_code == 404
    assert site.post(site.path("unsubscribe", ann)).text == "Unsubscribed.\n"


def test_who_was_erased_may_come_back_themselves(site: Website) -> None:
    site.post(fresh_link(site), {"do": "erase"})

    site.sign_up("ann@example.org")
    site.post(site.mailed_path(2))

    assert site.state() == State.ACTIVE


def test_an_address_is_changed_when_both_mailboxes_have_said_so(site: Website) -> None:
    link = fresh_link(site)
    page = site.post(link, {"do": "address", "email": "New@Example.net"})
    before = site.state("ann@example.org")
    (_, mail) = site.mails(2)
    confirmation = site.mailed_path(2)
    site.get(confirmation)

    changed = site.post(confirmation)

    assert "new mailbox" in page.text
    assert mail["To"] == "New@example.net"
    assert before == State.ACTIVE
    assert "Your address is changed." in changed.text
    assert site.state("new@example.net") == State.ACTIVE
    assert site.post(confirmation).status_code == 404


def test_a_mistyped_address_does_not_use_the_link_up(site: Website) -> None:
    link = fresh_link(site)

    page = site.post(link, {"do": "address", "email": "nonsense"})

    assert "does not look like a mail address" in page.text
    assert site.get(link).status_code == 200


def test_somebody_else_s_address_is_not_taken_over(site: Website) -> None:
    site.reader("bob@example.org")
    site.post(fresh_link(site), {"do": "address", "email": "bob@example.org"})

    page = site.post(site.mailed_path(2))

    assert "Nothing was changed." in page.text
    assert site.post(site.mailed_path(2)).status_code == 404
    assert site.state("ann@example.org") == State.ACTIVE
    assert site.state("bob@example.org") == State.ACTIVE
