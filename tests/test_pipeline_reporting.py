"""
What whoever answers for an issue is told after it, and how often.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import dkim
import pytest

from digest.domains.keys import generate_key, record_of

from .program import AT, ISSUE, SITE, WEEKLY, Project, a_full_project
from .smtpd import CLOSE, Recorder, smtp_server

OWNER = "owner@example.com"
REPORT = f'[report]\nto = "{OWNER}"\n'
TROUBLE = f'{REPORT}when = "trouble"\n'
THIN = WEEKLY + "min_articles = 3\n"
SECOND = WEEKLY.replace("newsletters.weekly", "newsletters.second")
ANN, BEN, CY = READERS = ("ann@example.org", "ben@example.org", "cy@example.org")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """
    Three subscribers and two stories.
    """
    project = a_full_project(tmp_path / "project", WEEKLY, REPORT)
    project.subscribe(*READERS)
    return project


def reports(project: Project) -> Sequence[EmailMessage]:
    return parsed([each.read_bytes() for each in project.letters if "report" in each.name])


def parsed(mails: Sequence[bytes]) -> Sequence[EmailMessage]:
    found = (message_from_bytes(each, policy=policy.default) for each in mails)
    return [each for each in found if isinstance(each, EmailMessage) and each["To"] == OWNER]


def text_of(mail: EmailMessage) -> str:
    content: str = mail.get_content()
    return content.replace("\r\n", "\n")


def send(
    project: Project, recorder: Recorder, *more: str, status: int = 0
) -> Sequence[EmailMessage]:
    """
    The reports that come in by SMTP.
    """
    with smtp_server(recorder):
        server = f'[smtp]\nhost = "127.0.0.1"\nport = {recorder.port}\nsecurity = "none"\n'
        project.configure(SITE, WEEKLY, *(more or (REPORT,)), server)
        ran = project.run("send", *AT)
    assert ran.status == status, ran
    return parsed([data for _, to, data in recorder.messages if to == OWNER])


def test_the_owner_is_told_what_became_of_an_issue(project: Project) -> None:
    project.done("send", "--due", *AT)
    project.done("send", "--due", *AT)

    (mail,) = reports(project)
    text = text_of(mail)
    assert mail["From"] == "The Weekly <weekly@example.org>"
    assert mail["Subject"] == f"{ISSUE}: 3 accepted"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "This run: 3 accepted in " in text
    assert "letters a second)" in text
    assert (
        "The issue: 3 letters = 3 accepted + 0 refused + 0 deferred + 0 in doubt"
        " + 0 suppressed + 0 waiting." in text
    )
    assert "The next issue is due at 20" in text


def test_one_letter_is_told_as_one(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project", WEEKLY, REPORT)
    project.subscribe(ANN)
    project.done("send", *AT)

    (mail,) = reports(project)
    assert "The issue: 1 letter = 1 accepted" in text_of(mail)


def test_without_an_owner_nobody_is_mailed(project: Project) -> None:
    project.configure(SITE, WEEKLY)

    project.done("send", *AT)

    assert len(project.letters) == 3


def test_refusals_are_told_by_kind_and_doubts_with_their_remedy(project: Project) -> None:
    recorder = Recorder(
        on_rcpt=lambda name: f"550 5.1.1 <{name}> unknown" if name == ANN else None,
        on_data=lambda name: CLOSE if name == BEN else None,
    )

    (mail,) = send(project, recorder, status=3)

    text = text_of(mail)
    assert mail["Subject"] == f"{ISSUE}: 1 accepted, 1 refused, 1 in doubt"
    assert "Refused:\n  1: no such mailbox or domain" in text
    assert f"`digest resolve {ISSUE} --log /var/log/mail.log`, `--resend` or `--drop`" in text
    assert not [name for name in READERS if name in mail.as_string()]


def test_the_report_is_signed_like_a_letter(project: Project) -> None:
    key = generate_key("rsa").private
    (project.folder / "key.pem").write_bytes(key)
    signed = '[dkim]\ndomain = "example.org"\nselector = "s1"\nkey_file = "key.pem"\n'
    recorder = Recorder()

    send(project, recorder, REPORT, signed)

    (data,) = [data for _, to, data in recorder.messages if to == OWNER]

    def published(name: bytes, timeout: int = 5) -> bytes:
        return record_of(key).encode()

    assert dkim.verify(data, dnsfunc=published)


def test_a_report_that_cannot_be_mailed_changes_nothing(project: Project) -> None:
    recorder = Recorder(on_rcpt=lambda name: "550 no" if name == OWNER else None)
    with smtp_server(recorder):
        server = f'[smtp]\nhost = "127.0.0.1"\nport = {recorder.port}\nsecurity = "none"\n'
        project.configure(SITE, WEEKLY, REPORT, server)

        ran = project.done("send", *AT)

    told = f"digest: the report of {ISSUE} could not be mailed: it was refused (550)\n"
    assert told in ran.err
    assert OWNER not in ran.err


def test_a_report_that_the_store_cannot_remember_keeps_no_other_newsletter(
    project: Project,
) -> None:
    project.configure(SITE, WEEKLY, SECOND, REPORT)
    for number in range(2):
        project.add_article(f"more{number}", title=f"More {number}")
    project.subscribe(ANN, newsletter="second")
    with closing(sqlite3.connect(project.store)) as plain:
        plain.execute(
            "CREATE TRIGGER full BEFORE INSERT ON told BEGIN SELECT RAISE(ABORT, 'full'); END"
        )

    ran = project.done("send", *AT)

    assert f"digest: the report of {ISSUE} may be mailed again: the store" in ran.err
    assert len(project.letters) == len(READERS) + 1 + len(reports(project))
    assert len(reports(project)) == 2


def test_only_trouble_is_told_if_that_is_wanted(project: Project) -> None:
    good = send(project, Recorder(), TROUBLE)
    project.store.unlink()
    project.subscribe(*READERS)
    bad = send(
        project, Recorder(on_rcpt=lambda name: "550 no" if name == ANN else None), TROUBLE, status=3
    )

    assert (len(good), len(bad)) == (0, 1)


def test_of_a_thin_issue_that_is_skipped_the_owner_is_told_once(project: Project) -> None:
    project.configure(SITE, THIN, TROUBLE)

    for _ in range(3):
        project.done("send", "--due", *AT)
    project.done("send", "--due", "--at", "2026-11-24T20:00")

    (mail,) = reports(project)
    assert mail["Subject"] == f"{ISSUE}: not sent"
    assert "Not sent: fewer than 3 stories (min_articles) in its window" in text_of(mail)


def test_a_skipped_issue_that_fills_up_in_time_is_reported_again(project: Project) -> None:
    project.configure(SITE, THIN, REPORT)
    project.done("send", "--due", *AT)
    project.add_article("late", title="Late, but not too late", topics=["Cities"])
    project.done("send", "--due", *AT)

    subjects = {each["Subject"] for each in reports(project)}

    assert subjects == {f"{ISSUE}: not sent", f"{ISSUE}: 3 accepted"}


def test_of_an_overdue_issue_the_owner_is_told_once(project: Project) -> None:
    late = ("--at", "2026-11-24T20:00")
    for _ in range(2):
        project.done("send", "--due", *late)

    (mail,) = reports(project)

    assert mail["Subject"] == f"{ISSUE}: not sent, it is overdue"
    assert "--force sends it all the same" in text_of(mail)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("widen", "so the window was widened, back to 2026-11-01 12:00 UTC"),
        ("merge", "so its sections were merged"),
    ],
)
def test_what_was_done_about_a_thin_week_is_told(project: Project, rule: str, told: str) -> None:
    project.configure(SITE, f'{THIN}thin_week = "{rule}"\n', TROUBLE)

    (report,) = project.json("send", *AT)["issues"]

    (mail,) = reports(project)
    assert report["thin"] == f"fewer than 3 stories (min_articles), {told}"
    assert f"A thin week: {report['thin']}." in text_of(mail)


def test_what_was_shortened_and_which_pictures_failed_is_told(project: Project) -> None:
    related = [{"title": "More " * 40, "webUrl": f"https://r.example.org/{n}"} for n in range(90)]
    for number in range(8):
        project.add_article(f"long{number}", heat=95, excerpt="word " * 900, related=related)
    project.add_article("picture", heat=99, images=[{"url": "/pictures/none.jpg"}])
    project.configure(SITE, WEEKLY.replace("per_topic = 2", "per_topic = 9"), REPORT)

    (report,) = project.json("send", "--offline", *AT)["issues"]

    (mail,) = reports(project)
    text = text_of(mail)
    assert len(report["shortened"]) == 1
    assert "Shortened, so that mail programs show it whole:\n  weekly/2026-11-23: " in text
    assert Path(report["pictures"][0]["file"]).name == "picture.md"
    assert "Pictures that readers see a placeholder for:" in text


def test_the_document_says_as_much(project: Project) -> None:
    (report,) = project.json("send", *AT)["issues"]

    assert report["rate"] >= 0
    assert report["refused_by_kind"] == {}
    assert (report["shortened"], report["pictures"], report["thin"]) == ([], [], "")
    assert report["next_due"].endswith("Z")


def test_what_workers_sent_is_told_once_by_whoever_comes_by(
    project: Project, empty_postgres: str
) -> None:
    project.configure(SITE, WEEKLY, REPORT, f'[store]\nurl = "{empty_postgres}"\n')
    for address in READERS:
        project.done("subscribers", "add", "weekly", address)
    project.done("send", "--no-wait", *AT)
    before = reports(project)
    project.done("worker", "--once")

    for _ in range(2):
        project.done("send", "--due", *AT)

    (mail,) = reports(project)
    assert before == []
    assert mail["Subject"] == f"{ISSUE}: 3 accepted"
    assert "The issue: 3 letters = 3 accepted" in text_of(mail)


def test_a_report_that_was_refused_is_not_tried_again(project: Project) -> None:
    recorder = Recorder(on_rcpt=lambda name: "550 no" if name == OWNER else None)
    late = ("--due", "--at", "2026-11-24T20:00")
    with smtp_server(recorder):
        server = f'[smtp]\nhost = "127.0.0.1"\nport = {recorder.port}\nsecurity = "none"\n'
        project.configure(SITE, WEEKLY, REPORT, server)
        first, second = project.done("send", *late), project.done("send", *late)

    assert "could not be mailed" in first.err
    assert second.err == ""


def test_an_owner_needs_an_address(project: Project) -> None:
    project.configure(SITE, WEEKLY, '[report]\nto = "nobody"\nwhen = "never"\n')

    ran = project.run("check")

    assert ran.status == 1
    assert "report.to" in ran.err
    assert "report.when" in ran.err
