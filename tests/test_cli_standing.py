"""
`digest status` and `digest resolve`, letter by letter, after servers that broke the line.
"""

import shutil
from email import message_from_bytes
from pathlib import Path

import pytest

from .program import AT, ISSUE, SITE, WEEKLY, Project, a_full_project
from .smtpd import CLOSE, Recorder, smtp_server

ANN, BEN, CAT, DAN = (f"{name}@example.org" for name in ("ann", "ben", "cat", "dan"))
SMTP = """
    [smtp]
    host = "127.0.0.1"
    port = {port}
    security = "none"
    connections = 1
    """


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """
    Ann has her letter; Ben's and Cat's are in doubt; Dan was refused.
    """
    project = a_full_project(tmp_path / "project")
    project.subscribe(ANN, BEN, CAT, DAN)

    def on_data(address: str) -> str | None:
        return CLOSE if address in {BEN, CAT} else None

    def on_rcpt(address: str) -> str | None:
        return f"550 5.1.1 <{address}>: who is that?" if address == DAN else None

    with smtp_server(Recorder(on_data=on_data, on_rcpt=on_rcpt)) as recorder:
        project.configure(SITE, WEEKLY, SMTP.format(port=recorder.port))
        project.run("send", *AT)
    return project


def problems(project: Project, *arguments: str) -> dict[str, dict[str, object]]:
    (issue,) = project.json("status", ISSUE, *arguments)["issues"]
    return {str(each["address"]): each for each in issue["problems"]}


def counts(project: Project) -> dict[str, int]:
    (issue,) = project.json("status", ISSUE)["issues"]
    states = ("accepted", "deferred", "refused", "in_doubt", "suppressed", "waiting")
    assert issue["letters"] == sum(issue[state] for state in states)
    return {state: issue[state] for state in states if issue[state]}


def test_each_letter_that_is_a_problem_is_listed_with_its_reason(project: Project) -> None:
    found = problems(project)

    assert {name: each["state"] for name, each in found.items()} == {
        "b•••@example.org": "in_doubt",
        "c•••@example.org": "in_doubt",
        "d•••@example.org": "refused",
    }
    refused = found["d•••@example.org"]
    assert (refused["code"], refused["kind"], refused["attempts"]) == (550, "address", 1)
    assert "who is that?" in str(refused["reason"])


def test_addresses_are_shown_in_full_only_to_those_who_ask(project: Project) -> None:
    full = problems(project, "--addresses")
    project.printed.clear()

    project.run("status", ISSUE)
    project.run("status", ISSUE, "--json")

    assert set(full) == {BEN, CAT, DAN}
    assert not [text for text in project.printed if any(each in text for each in (BEN, CAT, DAN))]


def test_one_letter_is_settled_by_its_message_id(project: Project) -> None:
    message_id = str(problems(project)["b•••@example.org"]["message_id"])

    resolved = project.json("resolve", ISSUE, "--sent", "--letter", message_id)

    assert resolved == {"issue": ISSUE, "settled": 1, "in_doubt": 1}
    assert counts(project) == {"accepted": 2, "in_doubt": 1, "refused": 1}


def test_a_letter_that_is_not_in_doubt_cannot_be_settled(project: Project) -> None:
    message_id = str(problems(project)["d•••@example.org"]["message_id"])

    ran = project.run("resolve", ISSUE, "--resend", "--letter", message_id)

    assert ran.status == 1
    assert "is not in doubt: see `digest status weekly/2026-11-23`" in ran.err
    assert counts(project) == {"accepted": 1, "in_doubt": 2, "refused": 1}


def test_a_mail_log_settles_what_it_proves_and_the_rest_stays_in_doubt(project: Project) -> None:
    ids = {name: str(each["message_id"]) for name, each in problems(project).items()}
    log = project.folder / "mail.log"
    log.write_text(
        f"mx postfix/cleanup[1]: A1: message-id={ids['b•••@example.org']}\n"
        "mx postfix/qmgr[2]: A1: from=<weekly@example.org>, size=9, nrcpt=1 (queue active)\n"
        f"mx postfix/cleanup[1]: A2: message-id={ids['c•••@example.org']}\n"
    )

    ran = project.done("resolve", ISSUE, "--log", str(log))

    assert ran.err == "1 letter counted as sent, 1 still in doubt\n"
    assert counts(project) == {"accepted": 2, "in_doubt": 1, "refused": 1}


@pytest.mark.parametrize("choice", [(), ("--resend", "--drop"), ("--sent", "--log", "x")])
def test_one_verdict_at_a_time(project: Project, choice: tuple[str, ...]) -> None:
    ran = project.run("resolve", ISSUE, *choice)

    assert ran.status == 2
    assert "say one of --resend, --drop, --sent and --log FILE" in ran.err


def test_an_issue_that_is_not_made_has_nothing_to_settle(project: Project) -> None:
    ran = project.run("resolve", "weekly/2020-01-06", "--drop")

    assert (ran.status, ran.err) == (
        1,
        'digest: there is no issue "weekly/2020-01-06": `digest status` lists them\n',
    )


def test_a_store_restored_from_an_old_copy_sends_nobody_a_second_letter(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project")
    readers = [f"r{number}@example.org" for number in range(30)]
    project.subscribe(*readers)
    with smtp_server() as recorder:
        project.configure(SITE, WEEKLY, SMTP.format(port=recorder.port))
        project.run("send", *AT, "--limit", "10")
        shutil.copy(project.store, tmp_path / "copy.db")
        project.run("send", *AT, "--limit", "12")
        for each in project.folder.glob("digest.db-*"):
            each.unlink()
        shutil.copy(tmp_path / "copy.db", project.store)
        restored = counts(project)
        project.done("send", *AT)

    assert restored == {"accepted": 10, "waiting": 20}
    assert counts(project) == {"accepted": 30}
    assert sorted(recorder.recipients) == sorted(readers)
    ids = {message_from_bytes(content)["Message-ID"] for _, _, content in recorder.messages}
    assert len(ids) == 30


def test_an_issue_that_the_copy_lacks_is_made_again_and_sent_to_nobody_twice(
    tmp_path: Path,
) -> None:
    project = a_full_project(tmp_path / "project")
    readers = [f"r{number}@example.org" for number in range(12)]
    project.subscribe(*readers)
    shutil.copy(project.store, tmp_path / "copy.db")
    with smtp_server() as recorder:
        project.configure(SITE, WEEKLY, SMTP.format(port=recorder.port))
        project.run("send", *AT, "--limit", "5")
        for each in project.folder.glob("digest.db-*"):
            each.unlink()
        shutil.copy(tmp_path / "copy.db", project.store)
        project.done("send", *AT)

    assert counts(project) == {"accepted": 12}
    assert sorted(recorder.recipients) == sorted(readers)
