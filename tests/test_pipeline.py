"""
The stages put together: which issue is at hand, who reads what, and where letters leave.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from digest.errors import NotFoundError, SettingsError
from digest.pipeline import Moment, Pipeline
from digest.pipeline.people import find_person, find_subscriber
from digest.pipeline.topics import by_key, known_topics
from digest.pipeline.ways_out import open_signers, open_transport
from digest.sender import Allowance
from digest.settings import load_settings
from digest.tokens import read_token
from digest.transports.folder import FolderTransport
from digest.transports.smtp import SmtpTransport
from tests.factories import MONDAY, a_newsletter, a_subscriber
from tests.program import SITE, WEEKLY, Project, a_full_project, a_project

NOW = MONDAY + timedelta(hours=1)
UNSCHEDULED = """
    [newsletters.loose]
    title = "Loose"
    from = "loose@example.org"
    topics = ["Science"]
    """
SINCE_LAST = WEEKLY.replace('"7d"', '"since-last"')

Open = Callable[..., Pipeline]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_full_project(tmp_path / "project")


@pytest.fixture
def opened() -> Iterator[Open]:
    """
    Opens pipelines, and closes them at the end.
    """
    pipelines: list[Pipeline] = []

    def open_pipeline(project: Project, *tables: str, **environ: str) -> Pipeline:
        if tables:
            project.configure(SITE, *tables)
        settings = load_settings(project.config, environ)
        bits = Random(len(pipelines)).getrandbits  # noqa: S311 - no secret
        pipelines.append(Pipeline(settings, clock=lambda: NOW, random_bits=bits))
        return pipelines[-1]

    yield open_pipeline
    for each in pipelines:
        each.close()


# Issues


def test_the_issue_at_hand_is_the_latest_due_one(project: Project, opened: Open) -> None:
    pipeline = opened(project)

    issue = pipeline.issue(
        pipeline.settings.newsletter("weekly"), Moment(at=datetime(2026, 11, 29, 23, 0, tzinfo=UTC))
    )

    assert issue.id == "weekly/2026-11-23"
    assert issue.due_at == issue.window.end == MONDAY
    assert issue.window.start == MONDAY - timedelta(days=7)
    assert issue.made_at == NOW


def test_a_window_keeps_its_length_when_the_clocks_change(project: Project, opened: Open) -> None:
    pipeline = opened(project)

    issue = pipeline.issue(
        pipeline.settings.newsletter("weekly"), Moment(at=datetime(2026, 10, 26, 12, 0, tzinfo=UTC))
    )

    assert issue.due_at == datetime(2026, 10, 26, 6, 0, tzinfo=UTC)
    assert issue.window.start == datetime(2026, 10, 19, 6, 0, tzinfo=UTC)


def test_without_a_schedule_the_issue_of_a_day_is_due_when_it_is_asked_for(
    project: Project, opened: Open
) -> None:
    pipeline = opened(project, UNSCHEDULED)

    issue = pipeline.issue(pipeline.settings.newsletter("loose"), Moment(at=NOW))

    assert (issue.id, issue.due_at) == ("loose/2026-11-23", NOW)


def test_an_issue_outside_the_schedule_is_due_when_it_is_asked_for(
    project: Project, opened: Open
) -> None:
    pipeline = opened(project)
    until = datetime(2026, 11, 20)  # noqa: DTZ001 - the newsletter's

    issue = pipeline.issue(
        pipeline.settings.newsletter("weekly"), Moment(at=NOW, until=until, name="extra")
    )

    assert (issue.id, issue.due_at) == ("weekly/extra", NOW)
    assert issue.window.end == datetime(2026, 11, 19, 23, 0, tzinfo=UTC)
    assert issue.window.start == issue.window.end - timedelta(days=7)


def test_a_window_that_ends_before_it_starts_is_refused(project: Project, opened: Open) -> None:
    pipeline = opened(project)

    with pytest.raises(SettingsError, match="before it starts"):
        pipeline.issue(pipeline.settings.newsletter("weekly"), Moment(at=NOW, since=NOW))


def test_since_last_starts_with_a_week_and_goes_on_from_issue_to_issue(
    project: Project, opened: Open
) -> None:
    project.subscribe("ann@example.org")
    pipeline = opened(project, SINCE_LAST)
    newsletter = pipeline.settings.newsletter("weekly")
    first = pipeline.issue(newsletter, Moment(at=NOW))
    assert not pipeline.freeze(newsletter, first)
    assert len(list(pipeline.sending(first, Allowance()).receipts_iter())) == 1

    later = opened(project).issue(newsletter, Moment(at=NOW + timedelta(days=21)))
    again = opened(project).issue(newsletter, Moment(at=NOW))

    assert first.window.start == MONDAY - timedelta(days=7)
    assert later.window.start == first.window.end
    assert again.window == first.window


@pytest.mark.parametrize(("hours", "overdue"), [(36, False), (36.01, True)])
def test_an_issue_may_be_as_late_as_its_delay_and_no_later(
    project: Project, opened: Open, hours: float, *, overdue: bool
) -> None:
    pipeline = opened(project)
    newsletter = pipeline.settings.newsletter("weekly")
    moment = Moment(at=MONDAY + timedelta(hours=hours))

    issue = pipeline.issue(newsletter, moment)

    assert pipeline.is_overdue(newsletter, issue, moment) is overdue


def test_what_has_no_schedule_is_never_overdue(project: Project, opened: Open) -> None:
    pipeline = opened(project)
    moment = Moment(at=NOW, name="extra")
    newsletter = pipeline.settings.newsletter("weekly")
    old = pipeline.issue(newsletter, Moment(at=NOW - timedelta(days=365)))

    assert not pipeline.is_overdue(newsletter, old, moment)
    assert not pipeline.is_overdue(a_newsletter(), old, Moment(at=NOW))


# Topics and people


def test_topics_are_spelt_as_the_newsletter_spells_them() -> None:
    newsletter = a_newsletter(topics=("Computer Vision",), any_topic=True)

    known = known_topics(
        [" computervision", "GAMES", "Computer  vision", ""],
        newsletter,
        lambda: by_key(["computer vision", "Games"]),
    )

    assert known == ("Computer Vision", "Games")


def test_articles_are_only_read_for_topics_that_the_newsletter_has_not(
    project: Project, opened: Open
) -> None:
    pipeline = opened(project, "[content]\npath = 'nowhere'\n", WEEKLY + "any_topic = true\n")
    newsletter = pipeline.settings.newsletter("weekly")

    assert known_topics(["cities"], newsletter, lambda: pipeline.topics) == ("Cities",)
    with pytest.raises(SettingsError, match="there is no content folder"):
        known_topics(["games"], newsletter, lambda: pipeline.topics)


def test_nobody_reads_anything_before_there_is_a_store(project: Project, opened: Open) -> None:
    pipeline = opened(project)

    assert pipeline.readers(pipeline.settings.newsletter("weekly")) == ()
    with pytest.raises(NotFoundError, match="nobody is subscribed yet"):
        find_person(pipeline, "ann@example.org")
    assert not project.store.exists()


def test_a_subscriber_is_found_with_the_topics_of_that_newsletter(
    project: Project, opened: Open
) -> None:
    project.subscribe("ann@example.org", topics="Cities")
    project.subscribe("ann@example.org", newsletter="loose")
    pipeline = opened(project, WEEKLY, UNSCHEDULED)
    weekly, loose = pipeline.settings.newsletters.values()

    assert find_subscriber(pipeline, weekly, "ann@example.org").topics == ("Cities",)
    assert find_subscriber(pipeline, loose, "ann@example.org").topics is None
    assert find_person(pipeline, "ann@example.org")[0].topics is None


# Editions and letters


def test_editions_are_printed_once_per_set_of_topics(project: Project, opened: Open) -> None:
    pipeline = opened(project)
    newsletter = pipeline.settings.newsletter("weekly")
    readers = [
        a_subscriber(id=1),
        a_subscriber(id=2, topics=("Cities", "Science")),
        a_subscriber(id=3, topics=("Cities",)),
        a_subscriber(id=4, topics=("Chess",)),
    ]

    printed, without_news = pipeline.print_editions(
        newsletter, pipeline.issue(newsletter, Moment(at=NOW)), readers
    )

    assert [(each.edition.topics, [reader.id for reader in each.readers]) for each in printed] == [
        (("Science", "Cities"), [1, 2]),
        (("Cities",), [3]),
    ]
    assert [reader.id for reader in without_news] == [4]


def test_the_newsletters_own_edition_is_printed_even_for_nobody(
    project: Project, opened: Open
) -> None:
    pipeline = opened(project)
    newsletter = pipeline.settings.newsletter("weekly")

    (printed,), _ = pipeline.print_editions(
        newsletter, pipeline.issue(newsletter, Moment(at=NOW)), ()
    )

    assert printed.edition.topics == newsletter.topics
    assert not printed.readers


def test_an_issue_is_not_made_for_nobody_or_of_nothing(project: Project, opened: Open) -> None:
    pipeline = opened(project)
    newsletter = pipeline.settings.newsletter("weekly")
    empty = pipeline.issue(newsletter, Moment(at=NOW - timedelta(days=70)))

    for_nobody = pipeline.freeze(newsletter, pipeline.issue(newsletter, Moment(at=NOW)))
    project.subscribe("ann@example.org")
    of_nothing = pipeline.freeze(newsletter, empty)

    assert for_nobody.startswith("nobody is subscribed")
    assert of_nothing.startswith("nothing to read in its window")
    assert pipeline.store.issues.all() == ()


def test_a_previewed_letter_has_links_that_nobody_can_use(project: Project, opened: Open) -> None:
    pipeline = opened(project)
    newsletter = pipeline.settings.newsletter("weekly")
    issue = pipeline.issue(newsletter, Moment(at=NOW))
    (printed,), _ = pipeline.print_editions(newsletter, issue, ())

    letter = message_from_bytes(pipeline.letter(issue, printed.page).data)

    token = letter["List-Unsubscribe"].rpartition("/u/")[2].rstrip(">")
    assert len(token) == 32
    assert read_token([pipeline.store.key()], "unsubscribe", token) is None


# Ways out


def test_without_a_mail_server_letters_go_to_the_outbox(project: Project, opened: Open) -> None:
    assert isinstance(open_transport(opened(project).settings), FolderTransport)


def test_the_password_of_the_mail_server_is_read_when_it_is_needed(
    project: Project, opened: Open
) -> None:
    smtp = "[smtp]\nhost = 'mail.example.org'\nconnections = 3\npassword_file = 'secret'\n"
    settings = opened(project, WEEKLY, smtp).settings

    with pytest.raises(SettingsError, match=r"smtp\.password_file: .*secret cannot be read"):
        open_transport(settings)
    project.write("secret", "swordfish\n")
    transport = open_transport(settings)

    assert isinstance(transport, SmtpTransport)
    assert transport.connections == 3
    assert "swordfish" not in repr(settings)


def test_a_username_without_a_password_is_an_error(project: Project, opened: Open) -> None:
    smtp = "[smtp]\nhost = 'mail.example.org'\nusername = 'digest'\n"

    with pytest.raises(SettingsError, match="DIGEST_SMTP_PASSWORD"):
        open_transport(opened(project, WEEKLY, smtp).settings)


def test_letters_are_signed_where_a_key_is_named(project: Project, opened: Open) -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (project.folder / "dkim.pem").write_bytes(pem)
    dkim = "[dkim]\ndomain = 'example.org'\nselector = 's1'\nkey_file = 'dkim.pem'\n"
    pipeline = opened(project, WEEKLY, dkim)
    newsletter = pipeline.settings.newsletter("weekly")
    issue = pipeline.issue(newsletter, Moment(at=NOW))
    (printed,), _ = pipeline.print_editions(newsletter, issue, ())

    letter = message_from_bytes(pipeline.letter(issue, printed.page).data)

    assert "d=example.org" in letter["DKIM-Signature"]
    assert open_signers(opened(project, WEEKLY).settings) == ()


def test_a_pipeline_that_opened_nothing_closes_without_opening(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    settings = load_settings(project.config, {})

    Pipeline(settings, clock=lambda: NOW, random_bits=Random(1).getrandbits).close()  # noqa: S311

    assert not project.store.exists()


def test_a_thin_week_is_given_as_the_reason_for_no_issue(project: Project, opened: Open) -> None:
    project.subscribe("ann@example.org")
    pipeline = opened(project, WEEKLY + "min_articles = 4\n")
    newsletter = pipeline.settings.newsletter("weekly")

    note = pipeline.freeze(newsletter, pipeline.issue(newsletter, Moment(at=NOW)))

    assert note.startswith("fewer than 4 stories (min_articles) in its window")
