"""
`digest bounces`: what comes back changes who gets the next issue, once, and can be undone.
"""

import mailbox
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from digest.sender import CHUNK
from tests.factories import a_store
from tests.imapd import Post, imap_server
from tests.program import AT, ISSUE, SITE, WEEKLY, Project, Ran, a_full_project, run_digest
from tests.reports import DATE, Sent, a_dsn, a_plain, an_arf, mail_to_leave, out_of_office
from tests.smtpd import Recorder, smtp_server

BOUNCES = """
    [bounces]
    address = "bounce@b.example.org"
    unsubscribe = "unsub@b.example.org"
    """
SECOND = WEEKLY.replace("newsletters.weekly", "newsletters.second")
NOBODY = "postmaster@b.example.org"


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    Three readers, and an issue that was sent to them.
    """
    project = a_full_project(tmp_path_factory.mktemp("sent") / "project", BOUNCES, WEEKLY)
    project.subscribe("ann@example.org", "ben@example.org", "cyd@example.org")
    project.done("send", *AT)
    return project.folder


@pytest.fixture
def project(tmp_path: Path, sent: Path) -> Project:
    """
    A copy of that project.
    """
    return Project(Path(shutil.copytree(sent, tmp_path / "project")))


def sent_to(project: Project, address: str, newsletter: str = "weekly") -> Sent:
    store = a_store(project.folder)
    sent = Sent(
        key=store.key(),
        issue=ISSUE.replace("weekly", newsletter),
        subscriber_id=store.subscribers.find(address)[0].id,
        newsletter=store.subscribers.number(newsletter),
        address=address,
    )
    store.close()
    return sent


def pipe(project: Project, mail: str, *options: str) -> Ran:
    """
    A mail as a mail server hands it over.
    """
    arguments = ("--config", str(project.config), "bounces", "-", *options)
    ran = run_digest(*arguments, cwd=project.folder, text=mail)
    project.printed += [ran.out, ran.err]
    return ran


def told(project: Project, mail: str) -> Any:
    ran = pipe(project, mail, "--json")
    assert ran.status == 0, ran
    return ran.json


def states(project: Project) -> dict[str, str]:
    """
    What the weekly's readers are.
    """
    with closing(sqlite3.connect(project.store)) as plain:
        rows = plain.execute(
            "SELECT address, state FROM subscriptions JOIN subscribers s ON s.id = subscriber_id"
            " JOIN newsletters n ON n.number = newsletter WHERE n.id = 'weekly'"
        )
        return {address.partition("@")[0]: state for address, state in rows}


def put(project: Project, *mails: str) -> Path:
    box = mailbox.Maildir(project.folder / "mail", create=True)
    for mail in mails:
        box.add(mail.encode())
    return project.folder / "mail"


def test_a_hard_bounce_ends_the_subscription_and_is_told_masked(project: Project) -> None:
    document = told(project, a_dsn(sent_to(project, "ann@example.org")))

    assert document == {
        "read": 1,
        "again": 0,
        "unidentified": 0,
        "unproven": 0,
        "refused": 0,
        "verdicts": {"hard": 1},
        "changes": [
            {
                "newsletter": "weekly",
                "subscriber": "a•••@example.org",
                "state": "bounced",
                "kind": "hard",
                "status": "5.1.1",
                "issue": ISSUE,
            }
        ],
        "set_aside": [],
    }
    assert states(project) == {"ann": "bounced", "ben": "active", "cyd": "active"}


@pytest.mark.parametrize("trouble", ["store", "configuration"])
def test_whoever_hands_a_mail_over_keeps_it_where_it_cannot_be_heeded(
    project: Project, trouble: str
) -> None:
    mail, text = an_arf(sent_to(project, "ann@example.org")), project.config.read_text("utf-8")
    if trouble == "store":
        with closing(sqlite3.connect(project.store)) as plain:
            plain.execute(
                "CREATE TRIGGER full BEFORE INSERT ON reports BEGIN SELECT RAISE(ABORT, 'x'); END"
            )
    else:
        project.config.write_text(f"{text}\n[web]\nport =")

    failed = pipe(project, mail)
    with closing(sqlite3.connect(project.store)) as plain:
        plain.execute("DROP TRIGGER IF EXISTS full")
    project.config.write_text(text)
    told(project, mail)

    assert (failed.status, failed.err[:8]) == (75, "digest: ")
    assert states(project)["ann"] == "complained"


@pytest.mark.parametrize("date", ["Thu, 01 Jan 1970 00:00:00 +0000", "nonsense"])
def test_a_report_with_a_wrong_clock_counts_as_of_now(project: Project, date: str) -> None:
    mail = a_dsn(sent_to(project, "ann@example.org")).replace(DATE, date)

    assert [each["state"] for each in told(project, mail)["changes"]] == ["bounced"]


def test_the_evidence_is_kept_and_the_change_taken_back(project: Project) -> None:
    pipe(project, a_dsn(sent_to(project, "ann@example.org")))

    story = project.json("subscribers", "show", "ann@example.org")
    restored = project.done("subscribers", "restore", "weekly", "ann@example.org")

    change = story["history"][-1]
    assert (change["before"], change["after"], change["by"]) == ("active", "bounced", "bounce")
    assert change["evidence"] == {
        "kind": "hard",
        "status": "5.1.1",
        "letter": ISSUE,
        "message_id": "<20261123.1@mx.example.net>",
        "date": "2026-11-23T07:12:00Z",
    }
    assert [each["kind"] for each in story["reports"]] == ["hard"]
    assert restored.err == "a•••@example.org is active on weekly again, no longer bounced\n"
    assert states(project)["ann"] == "active"


def test_a_report_counts_once_however_often_and_wherever_it_is_read(project: Project) -> None:
    mail = a_dsn(sent_to(project, "ann@example.org"))
    told(project, mail)
    project.done("subscribers", "restore", "weekly", "ann@example.org")

    again = told(project, mail)
    folder = project.json("bounces", "--maildir", str(put(project, mail)))

    assert again["again"] == folder["again"] == 1
    assert again["changes"] == folder["changes"] == []
    assert states(project)["ann"] == "active"


def test_a_complaint_ends_all_lists_at_once(project: Project) -> None:
    project.configure(SITE, BOUNCES, WEEKLY, SECOND)
    project.subscribe("ann@example.org", newsletter="second")

    document = told(project, an_arf(sent_to(project, "ann@example.org")))

    assert [(each["newsletter"], each["state"]) for each in document["changes"]] == [
        ("weekly", "complained"),
        ("second", "complained"),
    ]


def test_a_list_may_keep_a_complaint_to_itself(project: Project) -> None:
    project.configure(SITE, BOUNCES, WEEKLY + 'bounces = { complaint = "this" }\n', SECOND)
    project.subscribe("ann@example.org", newsletter="second")

    document = told(project, an_arf(sent_to(project, "ann@example.org")))

    assert [each["newsletter"] for each in document["changes"]] == ["weekly"]


def test_who_complained_is_not_brought_back_by_a_list(project: Project) -> None:
    pipe(project, an_arf(sent_to(project, "ann@example.org")))
    file = project.write("list.csv", "email\nann@example.org\n")

    again = project.done("subscribers", "import", "weekly", str(file), "--resubscribe")
    added = project.run("subscribers", "add", "weekly", "ann@example.org")

    assert "1 complained" in again.err
    assert added.status == 1
    assert "called a letter of weekly, or of another newsletter, spam" in added.err
    assert states(project)["ann"] == "complained"


def test_a_complaint_after_leaving_keeps_every_list_from_bringing_them_back(
    project: Project,
) -> None:
    project.done("subscribers", "remove", "weekly", "ann@example.org")
    pipe(project, an_arf(sent_to(project, "ann@example.org")))
    file = project.write("list.csv", "email\nann@example.org\n")

    again = project.done("subscribers", "import", "weekly", str(file), "--resubscribe")

    assert "1 complained" in again.err
    assert states(project)["ann"] == "complained"


def test_a_mail_to_leave_unsubscribes_from_its_list_alone(project: Project) -> None:
    project.configure(SITE, BOUNCES, WEEKLY, SECOND)
    project.subscribe("ann@example.org", newsletter="second")

    document = told(project, mail_to_leave(sent_to(project, "ann@example.org")))

    assert [(each["newsletter"], each["state"]) for each in document["changes"]] == [
        ("weekly", "unsubscribed")
    ]


def test_a_mail_to_leave_is_about_whichever_rhythm_comes_by_now(project: Project) -> None:
    project.configure(SITE, BOUNCES, WEEKLY, SECOND + 'frequency_of = "weekly"\n')
    project.subscribe("ann@example.org", newsletter="second")
    project.done("subscribers", "remove", "weekly", "ann@example.org")

    document = told(project, mail_to_leave(sent_to(project, "ann@example.org")))

    assert [(each["newsletter"], each["state"]) for each in document["changes"]] == [
        ("second", "unsubscribed")
    ]


def test_soft_bounces_count_until_they_are_too_many(project: Project) -> None:
    sent = sent_to(project, "ann@example.org")

    for day in (24, 25):
        mail = a_dsn(sent, status="5.2.2", diagnostic=f"smtp; 552 5.2.2 full on {day}")
        assert told(project, mail)["changes"] == []
    third = told(project, a_dsn(sent, status="4.2.2", diagnostic="smtp; 452 4.2.2 full"))

    assert [each["state"] for each in third["changes"]] == ["bounced"]


def test_what_is_no_fault_of_the_mailbox_changes_nothing(project: Project) -> None:
    sent = sent_to(project, "ann@example.org")
    path = put(
        project,
        a_dsn(sent, status="5.7.1", diagnostic="smtp; 550 5.7.1 spam"),
        a_dsn(sent, action="delayed", status="4.4.1"),
        out_of_office(sent),
        an_arf(sent, feedback="not-spam"),
        a_plain(sent, headers="From: Ann <ann@example.org>\nSubject: Hi", text="Hi."),
    )

    document = project.json("bounces", "--maildir", str(path))

    assert document["verdicts"] == {"auto_reply": 1, "delayed": 1, "other": 2, "policy": 1}
    assert document["changes"] == []
    assert set(states(project).values()) == {"active"}


def test_without_a_return_path_of_its_own_a_letter_is_still_known(project: Project) -> None:
    ann, ben, cyd = (sent_to(project, f"{name}@example.org") for name in ("ann", "ben", "cyd"))
    path = put(
        project,
        a_dsn(ann, to=NOBODY, body=f"Message-ID: {ann.id}\n"),
        a_dsn(ben, to=NOBODY, returned="", per_message=f"Original-Envelope-Id: {ben.id}"),
        a_dsn(cyd, to=NOBODY, body=f"List-Unsubscribe: <{cyd.link}>\n"),
    )

    document = project.json("bounces", "--maildir", str(path))

    assert len(document["changes"]) == 3
    assert set(states(project).values()) == {"bounced"}


def test_a_message_id_is_enough_where_all_addresses_are_struck_out(project: Project) -> None:
    sent = sent_to(project, "ben@example.org")

    document = told(project, an_arf(sent, body=f"To: redacted@x\nMessage-ID: {sent.id}\n"))

    assert document["changes"][0]["subscriber"] == "b•••@example.org"


def test_a_forged_bounce_changes_nobody(project: Project) -> None:
    ann = sent_to(project, "ann@example.org")
    forged = Sent(subscriber_id=ann.subscriber_id, newsletter=ann.newsletter)
    stranger = Sent(address="nobody@example.org")

    by_address = told(project, a_dsn(ann, to=NOBODY, returned=""))
    forged_tokens = told(project, a_dsn(forged))
    others = told(project, a_dsn(stranger))

    assert (by_address["unproven"], by_address["changes"]) == (1, [])
    assert (forged_tokens["unproven"], forged_tokens["changes"]) == (1, [])
    assert (others["unidentified"], others["changes"]) == (1, [])
    assert set(states(project).values()) == {"active"}


def test_a_maildir_is_read_as_a_whole_and_what_is_not_ours_stays(project: Project) -> None:
    project.configure(SITE, BOUNCES + 'after = "move"\n', WEEKLY)
    path = put(
        project,
        a_dsn(sent_to(project, "ann@example.org")),
        an_arf(sent_to(project, "ben@example.org")),
        a_plain(headers="From: x@example.net\nSubject: Invoice", text="Hello."),
        "Content-Type: multipart/report; boundary=B\n\n--B\n",
    )

    document = project.json("bounces", "--maildir", str(path))
    again = project.json("bounces", "--maildir", str(path))

    assert document["verdicts"] == {"complaint": 1, "hard": 1, "other": 1, "unreadable": 1}
    assert len(document["set_aside"]) == 1
    assert len(list((path / ".digest-done" / "cur").iterdir())) == 2
    assert again["verdicts"] == {"other": 1, "unreadable": 1}
    assert states(project) == {"ann": "bounced", "ben": "complained", "cyd": "active"}


def test_an_mbox_file_is_read(project: Project) -> None:
    mails = [a_dsn(sent_to(project, f"{name}@example.org")) for name in ("ann", "ben")]
    path = project.write("mbox", "")
    path.write_text("".join(f"From x Mon Nov 23 07:12:00 2026\n{mail}\n" for mail in mails))

    ran = project.done("bounces", "--mbox", str(path))

    assert "2 mails read: 2 hard" in ran.err
    assert states(project) == {"ann": "bounced", "ben": "bounced", "cyd": "active"}


def test_a_mailbox_on_a_server_is_read(project: Project) -> None:
    with imap_server(Post()) as post:
        project.configure(
            SITE,
            BOUNCES + 'after = "flag"\n',
            f"[bounces.imap]\nhost = '127.0.0.1'\nport = {post.port}\nsecurity = 'none'\n"
            "username = 'digest'\n",
            WEEKLY,
        )
        post.put(
            a_plain(headers="From: x@example.net\nSubject: Invoice", text="Hello."),
            a_dsn(sent_to(project, "ann@example.org")),
        )
        without = project.run("bounces", "--imap")
        ran = project.run("bounces", "--imap", environ={"DIGEST_IMAP_PASSWORD": "secret"})

    assert without.status == 1
    assert "set DIGEST_IMAP_PASSWORD" in without.err
    assert ran.status == 0, ran
    assert [each.flags for each in post.folders["INBOX"]] == [set(), {r"\Seen"}]
    assert states(project)["ann"] == "bounced"


@pytest.mark.parametrize("arguments", [("x",), ("-", "--imap"), ("--mbox", "x", "--maildir", "y")])
def test_one_source_at_a_time(project: Project, arguments: tuple[str, ...]) -> None:
    ran = project.run("bounces", *arguments)

    assert ran.status == 2
    assert "name one of --maildir DIR, --mbox FILE, --imap and -" in " ".join(ran.err.split())


def test_an_imap_mailbox_has_to_be_named(project: Project) -> None:
    ran = project.run("bounces", "--imap")

    assert ran.status == 1
    assert "there is no [bounces.imap]" in ran.err


def test_a_mail_of_junk_is_no_error(project: Project) -> None:
    ran = pipe(project, "\x00 \n\n From nobody")

    assert (ran.status, ran.err) == (0, "1 mail read: 1 other\n")


def test_no_address_is_told(project: Project) -> None:
    mails = [a_dsn(sent_to(project, f"{name}@example.org")) for name in ("ann", "ben", "cyd")]

    project.done("bounces", "--maildir", str(put(project, *mails)))
    project.done("bounces", "--maildir", str(project.folder / "mail"), "--json")

    assert not [text for text in project.printed if "@example.org" in text.replace("•@", "")]
    assert not [text for text in project.printed if "Warning" in text]


def test_what_a_server_refuses_for_good_counts_as_well(tmp_path: Path) -> None:
    answers = {
        "ann@example.org": "550 5.1.1 no such user",
        "ben@example.org": "550 5.7.1 we do not like you",
        "cyd@example.org": "552 5.2.2 mailbox full",
    }
    project = a_full_project(tmp_path / "project", WEEKLY)
    project.subscribe(*answers, "dan@example.org")
    with smtp_server(Recorder(on_rcpt=answers.get)) as server:
        smtp = f"[smtp]\nhost = '127.0.0.1'\nport = {server.port}\nsecurity = 'none'\n"
        project.configure(SITE, smtp, WEEKLY)
        ran = project.run("send", *AT)

    story = project.json("subscribers", "show", "ann@example.org")
    assert ran.status == 3
    assert states(project) == {
        "ann": "bounced",
        "ben": "active",
        "cyd": "active",
        "dan": "active",
    }
    assert story["history"][-1]["by"] == "server"
    assert story["letters"][0]["code"] == 550
    assert project.json("bounces")["refused"] == 0


def test_what_a_killed_run_heard_and_did_not_heed_counts_with_the_next_one(tmp_path: Path) -> None:
    answers = {
        "ann@example.org": "550 5.1.1 no such user",
        "ben@example.org": "451 4.3.0 not now",
    }
    project = a_full_project(tmp_path / "project", WEEKLY)
    project.subscribe(*answers)
    with smtp_server(Recorder(on_rcpt=answers.get)) as server:
        smtp = f"[smtp]\nhost = '127.0.0.1'\nport = {server.port}\nsecurity = 'none'\n"
        project.configure(SITE, smtp, WEEKLY)
        assert project.run("send", *AT).status == 75
        with closing(sqlite3.connect(project.store)) as plain:
            plain.execute("DELETE FROM reports")
            plain.execute("UPDATE subscriptions SET state = 'active'")
            plain.commit()
        del answers["ben@example.org"]
        project.run("send", *AT)

    assert states(project) == {"ann": "bounced", "ben": "active"}


def test_every_letter_has_its_own_return_path_and_both_ways_to_leave(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project", WEEKLY)
    project.subscribe("ann@example.org", "ben@example.org")
    with smtp_server() as server:
        smtp = f"[smtp]\nhost = '127.0.0.1'\nport = {server.port}\nsecurity = 'none'\n"
        project.configure(SITE, BOUNCES, smtp, WEEKLY)
        project.done("send", *AT)

    for sender, recipient, data in server.messages:
        sent = sent_to(project, recipient)
        assert sender == sent.return_path
        assert (
            f"List-Unsubscribe: <{sent.link}>,\r\n"
            f" <mailto:unsub+{sent.token('unsubscribe')}@b.example.org?subject=unsubscribe>\r\n"
        ).encode() in data


def test_who_unsubscribes_in_mid_send_gets_no_letter_that_is_not_on_its_way(
    tmp_path: Path,
) -> None:
    """
    The server holds the first letter until the others' readers have left by the command line.
    """
    project = a_full_project(tmp_path / "project", WEEKLY)
    project.subscribe(*(f"r{number:02}@example.org" for number in range(CHUNK + 10)))
    store = a_store(project.folder)
    leaving = [each.address for each in store.subscribers.active_iter("weekly")][-3:]
    store.close()
    waiting = [*leaving]

    def leave_meanwhile(_: str) -> None:
        while waiting:
            project.done("subscribers", "remove", "weekly", waiting.pop())

    with smtp_server(Recorder(on_data=leave_meanwhile)) as server:
        smtp = f"[smtp]\nhost = '127.0.0.1'\nport = {server.port}\nsecurity = 'none'\n"
        project.configure(SITE, smtp + "connections = 1\n", WEEKLY)
        project.run("send", *AT)

    (issue,) = project.json("status", ISSUE)["issues"]
    assert (issue["accepted"], issue["suppressed"]) == (CHUNK + 7, 3)
    assert not set(leaving) & set(server.recipients)
