"""
Sign-up: nobody is subscribed without a click in their own mailbox, and nobody's mailbox is bombed.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from digest import web
from digest.errors import NotFoundError
from digest.model import State
from digest.store.limits import EPOCH
from digest.web import mailer
from tests.program import a_full_project
from tests.website import OTHER, STAMP, WEEKLY, Website, serving

HERE = {"Sec-Fetch-Site": "same-origin"}
Fields = dict[str, str | list[str]]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Website]:
    with serving(a_full_project(tmp_path, WEEKLY, OTHER)) as website:
        yield website


def is_known(site: Website, address: str) -> bool:
    try:
        site.store.subscribers.find(address)
    except NotFoundError:
        return False
    return True


def eventually(reached: Callable[[], bool]) -> None:
    for _ in range(100):
        if reached():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to that")


def stamp_of(site: Website) -> str:
    return str(STAMP.findall(site.get("/s/weekly").text)[0])


def test_sign_up_is_complete_with_the_click_in_the_mail(site: Website) -> None:
    inbox = site.sign_up("New@Example.org")
    path = site.mailed_path(1)
    looked = site.get(path)
    known_before = is_known(site, "new@example.org")
    welcome = site.post(path)

    assert "Look into your mailbox" in inbox.text
    assert not known_before
    assert "One more click" in looked.text
    assert "You are subscribed." in welcome.text
    assert site.state("new@example.org") == State.ACTIVE


def test_the_mail_has_one_link_and_nothing_that_anybody_typed(site: Website) -> None:
    stamp = stamp_of(site)
    site.clock.pass_(seconds=5)
    fields: Fields = {
        "email": "new@example.org",
        "stamp": stamp,
        "name": "Buy pills at evil.example",
    }
    site.post("/s/weekly", fields, **HERE)

    (mail,) = site.mails(1)

    assert mail["To"] == "new@example.org"
    assert mail["From"] == "The Weekly <weekly@example.org>"
    assert mail["Subject"] == "Confirm your subscription to The Weekly"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert b"pills" not in mail.as_bytes()
    assert mail.as_bytes().count(b"/c/") == 2


@pytest.mark.parametrize("address", ["jörg@example.org", "漢字@example.org", "o'neil@example.org"])
def test_an_address_of_any_script_is_mailed_and_the_site_starts_again(
    tmp_path: Path, address: str
) -> None:
    project = a_full_project(tmp_path, WEEKLY)
    with serving(project) as site:
        page = site.sign_up(address)
        (mail,) = site.mails(1)
        site.post(site.mailed_path(1))
        state = site.state(address)
    with serving(project) as site:
        front = site.get("/")

    assert "Look into your mailbox" in page.text
    assert mail["To"] == address
    assert state == State.ACTIVE
    assert front.status_code == 200


def test_a_mail_server_that_was_away_for_long_gets_the_mail_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailer, "PAUSES", ())
    monkeypatch.setattr(web, "LOOK_EVERY", 0.05)
    outbox = tmp_path / "outbox"
    outbox.write_text("no folder")
    with serving(a_full_project(tmp_path, WEEKLY)) as site:
        site.sign_up("new@example.org")
        eventually(lambda: "a mail that a reader asked for was deferred" in "".join(site.log))
        outbox.unlink()
        early = site.mails(0)
        site.clock.pass_(minutes=21)

        (mail,) = site.mails(1)
        eventually(lambda: site.store.mails.waiting() == ())

    assert early == []
    assert mail["To"] == "new@example.org"


def test_who_has_confirmed_is_not_asked_again_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailer, "PAUSES", ())
    project = a_full_project(tmp_path, WEEKLY)
    with serving(project) as site, site.without("DELETE", "mails"):
        site.sign_up("new@example.org")
        site.post(site.mailed_path(1))
        eventually(lambda: "a mail may come twice" in "".join(site.log))
    with serving(project) as site:
        eventually(lambda: site.store.mails.waiting() == ())

        assert len(site.mails(1)) == 1


def test_confirming_twice_is_confirming_once(site: Website) -> None:
    site.sign_up("new@example.org")
    path = site.mailed_path(1)

    answers = [site.post(path).status_code for _ in range(2)]

    assert answers == [200, 200]
    assert len(site.store.subscribers.find("new@example.org")[1]) == 1


def test_a_link_that_was_used_subscribes_nobody_who_left_since(site: Website) -> None:
    site.sign_up("new@example.org")
    path = site.mailed_path(1)
    site.post(path)
    site.store.subscribers.remove("weekly", "new@example.org")

    pages = [site.get(path).text, site.post(path).text]

    assert not [each for each in pages if "You are subscribed." in each or "about to" in each]
    assert all("The Weekly does not come to n•••@example.org." in each for each in pages)
    assert all("Subscribe again" in each for each in pages)
    assert site.state("new@example.org") == State.UNSUBSCRIBED


@pytest.mark.parametrize("state", [State.BOUNCED, State.COMPLAINED])
def test_a_link_that_was_used_is_no_way_back_for_who_may_not(site: Website, state: State) -> None:
    site.sign_up("new@example.org")
    path = site.mailed_path(1)
    site.post(path)
    site.stands(state)

    page = site.post(path).text

    assert "The Weekly does not come to" in page
    assert "Subscribe again" not in page
    assert site.state("new@example.org") == state


def test_a_link_that_was_used_says_that_it_holds_while_it_does(site: Website) -> None:
    site.sign_up("new@example.org")
    path = site.mailed_path(1)
    site.post(path)

    assert "You are subscribed." in site.get(path).text


def test_the_consent_is_kept_with_what_shows_it(site: Website) -> None:
    site.sign_up("new@example.org")
    site.post(site.mailed_path(1))

    story = str(site.store.subscribers.story("new@example.org"))

    assert "signed up, and confirmed it by mail" in story
    assert "confirmed_from" in story
    assert "127.0.0.1" not in story


def test_whoever_complained_is_not_bothered_by_others(site: Website) -> None:
    site.reader("ann@example.org")
    with site.store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE subscriptions SET state = 'complained'")

    page = site.sign_up("ann@example.org")
    site.sign_up("new@example.org")

    assert "Look into your mailbox" in page.text
    assert [each["To"] for each in site.mails(1)] == ["new@example.org"]


def test_a_link_to_confirm_ends_after_a_week(site: Website) -> None:
    site.sign_up("new@example.org")
    path = site.mailed_path(1)
    site.clock.pass_(days=8)

    answers = site.get(path).status_code, site.post(path).status_code

    assert answers == (404, 404)
    assert not is_known(site, "new@example.org")


def test_known_and_unknown_addresses_get_the_same_answer(site: Website) -> None:
    site.reader("ann@example.org")

    answers = [site.sign_up(each) for each in ("ann@example.org", "new@example.org")]

    assert answers[0].content == answers[1].content
    assert [each.status_code for each in answers] == [200, 200]


def test_signing_up_again_does_not_touch_topics(site: Website) -> None:
    site.project.subscribe("ann@example.org", topics="Cities")

    site.sign_up("ann@example.org")
    site.post(site.mailed_path(1))

    assert site.topics() == ("Cities",)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_form_from_elsewhere_is_shown_once_more_here(
    site: Website, headers: dict[str, str]
) -> None:
    stamp = stamp_of(site)
    site.clock.pass_(seconds=5)

    page = site.post("/s/weekly", {"email": "new@example.org", "stamp": stamp}, **headers)

    assert 'value="new@example.org"' in page.text
    assert "once more" in page.text
    assert not site.mails(0)


def test_an_origin_of_our_own_will_do(site: Website) -> None:
    stamp = stamp_of(site)
    site.clock.pass_(seconds=5)
    origin = {"Origin": "https://digests.example.org"}

    site.post("/s/weekly", {"email": "new@example.org", "stamp": stamp}, **origin)

    assert len(site.mails(1)) == 1


@pytest.mark.parametrize(("seconds", "mails"), [(0, 0), (2, 0), (4, 1), (86_000, 1), (90_000, 0)])
def test_a_form_is_good_after_three_seconds_and_for_a_day(
    site: Website, seconds: int, mails: int
) -> None:
    stamp = stamp_of(site)
    site.clock.pass_(seconds=seconds)

    site.post("/s/weekly", {"email": "new@example.org", "stamp": stamp}, **HERE)

    assert len(site.mails(mails)) == mails


def test_who_types_fast_needs_only_press_again(site: Website) -> None:
    page = site.post("/s/weekly", {"email": "new@example.org", "stamp": stamp_of(site)}, **HERE)
    site.clock.pass_(seconds=4)
    fields: Fields = {"email": "new@example.org", "stamp": STAMP.findall(page.text)[0]}

    site.post("/s/weekly", fields, **HERE)

    assert len(site.mails(1)) == 1


@pytest.mark.parametrize("stamp", ["", "x", "A" * 32])
def test_a_form_without_our_stamp_is_none(site: Website, stamp: str) -> None:
    site.post("/s/weekly", {"email": "new@example.org", "stamp": stamp}, **HERE)

    assert not site.mails(0)


def test_a_robot_that_fills_in_every_field_gets_the_answer_and_no_mail(site: Website) -> None:
    stamp = stamp_of(site)
    site.clock.pass_(seconds=5)
    fields: Fields = {"email": "new@example.org", "stamp": stamp, "website": "https://x.example"}

    page = site.post("/s/weekly", fields, **HERE)

    assert "Look into your mailbox" in page.text
    assert not site.mails(0)


@pytest.mark.parametrize(
    "typed", ["", "ann", "ann@", "a b@example.org", "a@b\r\nBcc: x@example.org"]
)
def test_what_is_no_address_is_said_to_be_none(site: Website, typed: str) -> None:
    page = site.sign_up(typed)

    assert "does not look like a mail address" in page.text
    assert not site.mails(0)


@pytest.mark.parametrize("table", ["signups", "mails"])
def test_a_sign_up_that_was_not_kept_does_not_count(site: Website, table: str) -> None:
    with site.without("INSERT", table):
        failed = site.sign_up("new@example.org").status_code
    page = site.sign_up("new@example.org").text

    assert failed == 503
    assert "Look into your mailbox" in page
    assert [mail["To"] for mail in site.mails(1)] == ["new@example.org"]


def test_an_address_gets_one_mail_a_day_and_three_a_month(site: Website) -> None:
    month = timedelta(days=30)  # They are counted from 1970 on; this one begins in a moment.
    site.clock.ahead = month - (site.clock() - EPOCH) % month + timedelta(minutes=1)
    for _ in range(8):
        site.sign_up("new@example.org")
        site.sign_up("NEW@example.org")
        site.clock.pass_(days=1)

    assert len(site.mails(3)) == 3


def test_a_customer_gets_five_an_hour(site: Website) -> None:
    answers = {site.sign_up(f"r{place}@example.org").text for place in range(9)}

    assert len(answers) == 1
    assert len(site.mails(5)) in {5, 6}  # So may the hour.


def test_all_together_get_no_more_than_is_configured(tmp_path: Path) -> None:
    project = a_full_project(tmp_path, "[web]\nsign_ups_per_hour = 2\n", WEEKLY)
    with serving(project) as site:
        for place in range(5):
            site.client.headers["X-Forwarded-For"] = f"198.51.100.{place}"
            site.sign_up(f"r{place}@example.org")

        assert len(site.mails(2)) in {2, 3, 4}
        assert any("sign_ups_per_hour is 2" in line for line in site.log)


def test_the_title_of_a_newsletter_is_no_markup(tmp_path: Path) -> None:
    table = WEEKLY.replace('"The Weekly"', '"The <b>Weekly</b> {site} & Co"')
    with serving(a_full_project(tmp_path, table)) as site:
        page = site.sign_up("new@example.org")
        (mail,) = site.mails(1)

        assert "&lt;b&gt;Weekly&lt;/b&gt; {site} &amp; Co" in page.text
        assert "<b>Weekly" not in page.text
        body = mail.get_body(("html",))
        assert body is not None
        assert "<b>Weekly" not in body.get_content()
