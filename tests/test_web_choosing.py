"""
Preferences: what is ticked holds, what is only looked at does not, and both are shown.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.model import Issue, State, Subscriber
from digest.pipeline import Moment
from tests.factories import PAGE, an_edition
from tests.program import Project, a_project
from tests.website import OTHER, WEEKLY, Website, serving

EVERY_DAY = """
    [newsletters.daily]
    title = "The Daily"
    from = "The Daily <daily@example.org>"
    topics = ["Science", "Cities"]
    schedule = { every = "day", at = "07:00", timezone = "UTC" }
    frequency_of = "weekly"
    """
ARTS = OTHER + "    public = true\n"


def a_site_of_today(folder: Path, *tables: str) -> Project:
    """
    A project with a story of yesterday on each topic.
    """
    project = a_project(folder, *tables)
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    project.add_article("tides", title="Tides, explained", publishedDateTime=yesterday)
    project.add_article(
        "trams", title="Trams <at> night", topics=["Cities"], publishedDateTime=yesterday
    )
    return project


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Website]:
    with serving(a_site_of_today(tmp_path, WEEKLY, EVERY_DAY, ARTS)) as website:
        yield website


def preview_in(page: str) -> str:
    """
    The part of the page that shows the next issue.
    """
    return page.partition('id="preview"')[2].partition("Your data")[0]


def frozen(site: Website, newsletter_id: str = "weekly") -> Issue:
    """
    An issue whose letters wait.
    """
    newsletter = site.pipeline.settings.newsletters[newsletter_id]
    issue = site.pipeline.issue(newsletter, Moment(at=site.clock()))
    assert site.pipeline.freeze(newsletter, issue) == ""
    return issue


def titles_for(site: Website, issue: Issue, reader: Subscriber) -> list[str]:
    """
    The stories of the letter that a reader is sent.
    """
    page = site.store.issues.page_for(issue.id, reader.id)
    assert page
    return [each for each in ("Tides, explained", "Trams <at> night") if each in page.text]


def test_the_page_shows_topics_and_the_next_issue(site: Website) -> None:
    page = site.get(site.path("preferences", site.reader())).text

    assert page.count('name="topic"') == page.count(" checked") - 1 == 2
    assert "Tides, explained" in preview_in(page)
    assert "Trams &lt;at&gt; night" in preview_in(page)


def test_topics_are_kept_and_seen_in_the_preview_at_once(site: Website) -> None:
    path = site.path("preferences", site.reader())

    page = site.post(path, {"topic": "Cities", "do": "save", "rhythm": "weekly"}).text

    assert "Saved." in page
    assert "Trams" in preview_in(page)
    assert "Tides" not in preview_in(page)
    assert site.topics() == ("Cities",)


def test_looking_keeps_nothing(site: Website) -> None:
    path = site.path("preferences", site.reader())

    page = site.post(path, {"topic": "Cities", "do": "show"}).text

    assert "not saved yet" in page
    assert "Tides" not in preview_in(page)
    assert site.topics() is None


def test_all_topics_are_the_newsletter_s_whatever_they_will_be(site: Website) -> None:
    path = site.path("preferences", site.reader())
    site.post(path, {"topic": "Cities", "do": "save"})

    site.post(path, {"topic": ["Science", "Cities"], "do": "save"})

    assert site.topics() is None


def test_no_topic_at_all_is_not_kept(site: Website) -> None:
    path = site.path("preferences", site.reader())

    page = site.post(path, {"do": "save", "list": "other", "shown": "lists"}).text

    assert "Nothing was saved" in page
    assert site.topics() is None
    assert len(site.store.subscribers.find("ann@example.org")[1]) == 1


def test_topics_that_were_not_offered_are_not_taken(site: Website) -> None:
    path = site.path("preferences", site.reader())

    site.post(path, {"topic": ["Cities", "Weapons", "<b>"], "do": "save"})

    assert site.topics() == ("Cities",)


def test_a_public_list_can_be_joined_and_left(site: Website) -> None:
    path = site.path("preferences", site.reader())
    fields: dict[str, str | list[str]] = {"topic": ["Science", "Cities"], "do": "save"}

    site.post(path, {**fields, "list": "other", "shown": "lists"})
    joined = site.state(newsletter="other")
    site.post(path, {**fields, "shown": "lists"})

    assert joined == State.ACTIVE
    assert site.state(newsletter="other") == State.UNSUBSCRIBED
    assert site.state(newsletter="weekly") == State.ACTIVE


@pytest.mark.parametrize("state", [State.BOUNCED, State.COMPLAINED])
def test_who_complained_or_bounced_joins_no_list_by_a_tick(site: Website, state: State) -> None:
    ann = site.reader()
    site.stands(state)

    page = site.post(
        site.path("preferences", ann),
        {"topic": "Cities", "do": "save", "list": "other", "shown": "lists"},
    ).text

    assert "The Other One" not in page
    assert len(site.store.subscribers.find("ann@example.org")[1]) == 1


def test_a_list_that_is_not_public_is_neither_shown_nor_joined(tmp_path: Path) -> None:
    with serving(a_site_of_today(tmp_path, WEEKLY, OTHER)) as site:
        path = site.path("preferences", site.reader())

        page = site.post(
            path, {"topic": "Cities", "do": "save", "list": "other", "shown": "lists"}
        ).text

        assert "The Other One" not in page
        assert len(site.store.subscribers.find("ann@example.org")[1]) == 1


def test_the_rhythm_is_changed_with_the_topics_and_changed_back(site: Website) -> None:
    path = site.path("preferences", site.reader())

    page = site.post(path, {"topic": "Cities", "do": "save", "rhythm": "daily"}).text
    states = [site.state(newsletter=each) for each in ("weekly", "daily")]
    site.post(path, {"topic": "Cities", "do": "save", "rhythm": "weekly"})

    assert "The Daily comes to a•••@example.org." in page
    assert states == [State.UNSUBSCRIBED, State.ACTIVE]
    assert [site.state(newsletter=each) for each in ("weekly", "daily")] == states[::-1]
    assert site.topics() == ("Cities",)


def test_who_changed_the_rhythm_leaves_by_an_older_letter_and_comes_back(site: Website) -> None:
    ann = site.reader()
    path = site.path("unsubscribe", ann)
    fields: dict[str, str | list[str]] = {"topic": "Cities", "do": "save", "rhythm": "daily"}
    site.post(site.path("preferences", ann), fields)

    asked = site.get(path).text
    done = site.post(path, {"List-Unsubscribe": "One-Click"})
    left = [site.state(newsletter=each) for each in ("weekly", "daily")]
    gone = site.get(path).text
    back = site.post(path, {"do": "return"}).text

    assert "The Daily comes to a•••@example.org." in asked
    assert (done.text, left) == ("Unsubscribed.\n", ["unsubscribed", "unsubscribed"])
    assert "The Daily does not come to a•••@example.org." in gone
    assert "The Daily comes to a•••@example.org again." in back
    assert [site.state(newsletter=each) for each in ("weekly", "daily")] == [
        "unsubscribed",
        "active",
    ]


@pytest.mark.parametrize("state", [State.BOUNCED, State.COMPLAINED, State.UNSUBSCRIBED])
def test_another_rhythm_brings_nobody_back(site: Website, state: State) -> None:
    ann = site.reader()
    site.stands(state)

    page = site.post(
        site.path("preferences", ann), {"topic": "Cities", "do": "save", "rhythm": "daily"}
    ).text

    assert "The Weekly does not come to a•••@example.org." in page
    assert 'name="rhythm"' not in page
    assert site.state() == state
    assert len(site.store.subscribers.find("ann@example.org")[1]) == 1


def test_nobody_moves_to_a_rhythm_that_they_complained_about(site: Website) -> None:
    ann = site.reader()
    site.reader(newsletter="daily")
    site.stands(State.COMPLAINED, "daily")

    site.post(site.path("preferences", ann), {"topic": "Cities", "do": "save", "rhythm": "daily"})

    assert [site.state(newsletter=each) for each in ("weekly", "daily")] == ["active", "complained"]


@pytest.mark.parametrize("rhythm", ["other", "nothing", "", "weekly"])
def test_what_is_no_other_rhythm_moves_nobody(site: Website, rhythm: str) -> None:
    path = site.path("preferences", site.reader())

    site.post(path, {"topic": "Cities", "do": "save", "rhythm": rhythm})

    assert site.state() == State.ACTIVE
    assert len(site.store.subscribers.find("ann@example.org")[1]) == 1


def test_new_articles_are_seen_within_a_minute(site: Website) -> None:
    path = site.path("preferences", site.reader())
    site.get(path)
    today = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    site.project.add_article("moon", title="A new moon", publishedDateTime=today)
    site.clock.pass_(seconds=61)

    page = site.get(path).text

    assert "A new moon" in preview_in(page)


def test_topics_hold_for_a_letter_that_nobody_has_claimed(site: Website) -> None:
    ann, bob = site.reader(), site.reader("bob@example.org")
    issue = frozen(site)

    page = site.post(site.path("preferences", ann), {"topic": "Cities", "do": "save"}).text
    site.project.done("send", "weekly")

    assert "It holds for every letter that is not on its way yet." in page
    assert titles_for(site, issue, bob) == ["Tides, explained", "Trams <at> night"]
    assert titles_for(site, issue, ann) == ["Trams <at> night"]
    letters = {str(mail["To"]): mail.as_string() for mail in site.mails(2)}
    assert "Tides" in letters["bob@example.org"]
    assert "Tides" not in letters["ann@example.org"]
    assert "Trams" in letters["ann@example.org"]


def test_topics_do_not_reach_a_letter_that_is_claimed(site: Website) -> None:
    ann = site.reader()
    issue = frozen(site)
    site.store.ledger.claim_batches(issue.id, "run")

    path = site.path("preferences", ann)
    pages = [site.post(path, {"topic": "Cities", "do": "save"}).text for _ in range(2)]

    assert titles_for(site, issue, ann) == ["Tides, explained", "Trams <at> night"]
    assert not [page for page in pages if "It holds for every letter" in page]
    assert all("it holds from the next issue on" in page for page in pages)


def test_topics_do_not_reach_an_issue_in_the_making(site: Website) -> None:
    """
    Its readers were read before; then pictures are fetched, for up to two minutes.
    """
    ann, newsletter = site.reader(), site.pipeline.settings.newsletters["weekly"]
    issue = site.pipeline.issue(newsletter, Moment(at=site.clock()))
    draft, path = site.store.issues.draft(issue), site.path("preferences", ann)
    draft.add_pages([(an_edition(), PAGE)])
    draft.add_letters([(ann.id, 0)])

    during = site.post(path, {"topic": "Cities", "do": "save"}).text
    site.clock.pass_(hours=1)
    left_behind = site.post(path, {"topic": "Science", "do": "save"}).text
    draft.discard()

    assert "it holds from the next issue on" in during
    assert "It holds for every letter" in left_behind


def test_topics_hold_at_the_second_try_where_the_store_failed_at_the_first(site: Website) -> None:
    ann = site.reader()
    issue, path = frozen(site), site.path("preferences", ann)

    with site.without("INSERT", "editions"):
        first = site.post(path, {"topic": "Cities", "do": "save"}).text
    second = site.post(path, {"topic": "Cities", "do": "save"}).text

    assert "it holds from the next issue on" in first
    assert "It holds for every letter" in second
    assert titles_for(site, issue, ann) == ["Trams <at> night"]


@pytest.mark.parametrize("topics", [["Science", "Cities"], ["Cities"]])
def test_a_letter_that_has_these_topics_stays_as_it_is(site: Website, topics: list[str]) -> None:
    ann, number = site.reader(), site.store.subscribers.number("weekly")
    site.store.choices.set_topics(number, ann.id, topics)
    issue, path = frozen(site), site.path("preferences", ann)
    before = site.store.issues.page_for(issue.id, ann.id)
    site.project.add_article("trains", topics=["Cities"], title="Trains", heat=99)
    site.clock.pass_(minutes=2)

    waiting = site.post(path, {"topic": topics, "do": "save"}).text
    site.store.ledger.claim_batches(issue.id, "run")
    claimed = site.post(path, {"topic": topics, "do": "save"}).text

    assert "It holds for every letter" in waiting
    assert "It holds for every letter" in claimed
    assert site.store.issues.page_for(issue.id, ann.id) == before


def test_who_has_their_letter_is_promised_every_other_one(site: Website) -> None:
    ann = site.reader()
    site.project.done("send", "weekly")

    page = site.post(site.path("preferences", ann), {"topic": "Cities", "do": "save"}).text

    assert "It holds for every letter that is not on its way yet." in page


@pytest.mark.parametrize("state", [State.BOUNCED, State.COMPLAINED, State.UNSUBSCRIBED])
def test_who_is_gone_is_promised_nothing_and_may_come_back_if_they_left(
    site: Website, state: State
) -> None:
    ann = site.reader()
    site.stands(state)
    path = site.path("preferences", ann)

    looked = site.get(path).text
    saved = site.post(path, {"topic": "Cities", "do": "save"}).text
    shown = site.post(path, {"topic": "Cities", "do": "show"}).text

    assert not [each for each in (looked, saved, shown) if 'id="preview"' in each]
    assert "It holds for every letter" not in saved
    assert ("Subscribe again" in looked) is (state is State.UNSUBSCRIBED)


def test_who_left_comes_back_by_the_button_of_their_preferences(site: Website) -> None:
    ann = site.reader()
    site.stands(State.UNSUBSCRIBED)
    page = site.get(site.path("preferences", ann)).text
    (action,) = re.findall(r'action="(?:https://[^/"]+)?(/u/[^"]+)"', page)

    assert "Welcome back!" in site.post(action, {"do": "return"}).text
    assert site.state() == State.ACTIVE


def test_no_letter_leaves_where_there_is_no_news_on_the_topics_chosen(tmp_path: Path) -> None:
    with serving(a_site_of_today(tmp_path, WEEKLY)) as site:
        (tmp_path / "content" / "trams.md").unlink()
        ann = site.reader()
        issue = frozen(site)

        site.post(site.path("preferences", ann), {"topic": "Cities", "do": "save"})

        assert site.store.accounts.tally(issue.id, running=False).suppressed == 1


def test_a_letter_stays_where_another_newsletter_counts_on_it(tmp_path: Path) -> None:
    also = OTHER.replace("Arts", "Cities")
    with serving(a_site_of_today(tmp_path, WEEKLY, also)) as site:
        ann = site.reader()
        site.store.choices.set_topics(site.store.subscribers.number("weekly"), ann.id, ["Science"])
        site.reader(newsletter="other")
        issue, later = frozen(site), frozen(site, "other")

        site.post(site.path("preferences", ann), {"topic": "Cities", "do": "save"})

        assert titles_for(site, issue, ann) == ["Tides, explained"]
        assert titles_for(site, later, ann) == ["Trams <at> night"]


def test_the_link_to_one_s_data_is_mailed_and_never_shown(site: Website) -> None:
    path = site.path("preferences", site.reader())

    page = site.post(path, {"do": "mail"})
    (mail,) = site.mails(1)

    assert "a•••@example.org" in page.text
    assert "/d/" not in page.text
    assert mail["To"] == "ann@example.org"


def test_links_to_one_s_data_are_mailed_a_few_times_only(site: Website) -> None:
    path = site.path("preferences", site.reader())

    answers = {site.post(path, {"do": "mail"}).text for _ in range(6)}
    site.post(site.path("preferences", site.reader("bob@example.org")), {"do": "mail"})

    assert len(answers) == 1
    assert [str(each["To"])[:3] for each in site.mails(4)] == ["ann", "ann", "ann", "bob"]


def test_a_list_that_is_not_configured_any_more_can_still_be_left_and_asked(
    site: Website,
) -> None:
    ann = site.reader(newsletter="gone")
    path = site.path("preferences", ann, "gone")

    page, mailed = site.get(path), site.post(path, {"do": "mail"})
    left = site.post(site.path("unsubscribe", ann, "gone"), {"do": "leave"})

    assert [each.status_code for each in (page, mailed, left)] == [200, 200, 200]
    assert site.mails(1)[0]["From"] == "The Weekly <weekly@example.org>"


@pytest.mark.parametrize(
    ("language", "direction", "words"),
    [("de", "ltr", "Ihre Briefe"), ("ar", "rtl", "رسائلك"), ("xx", "ltr", "Your letters")],
)
def test_pages_speak_the_newsletter_s_language(
    tmp_path: Path, language: str, direction: str, words: str
) -> None:
    table = WEEKLY + f'    language = "{language}"\n'
    with serving(a_site_of_today(tmp_path, table)) as site:
        page = site.get(site.path("preferences", site.reader())).text

        assert f'<html lang="{language}" dir="{direction}">' in page
        assert f"<h1>{words}</h1>" in page
