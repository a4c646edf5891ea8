"""
The commands that deliver: send, status, resolve; over real SMTP, with exit statuses as promised.
"""

import email.policy
import os
import pty
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.factories import a_store
from tests.program import (
    AT,
    ISSUE,
    ROOT,
    SITE,
    WEEKLY,
    Project,
    Ran,
    a_full_project,
    a_project,
    environment,
)
from tests.rude import rude_server
from tests.smtpd import CLOSE, Recorder, smtp_server

COUNTS = ("accepted", "deferred", "refused", "in_doubt", "suppressed")
SEND_FIELDS = {"issue", "letters", *COUNTS, "seconds"}
STATUS_FIELDS = {"issue", "due", "state", "letters", *COUNTS, "waiting"}
MONTHLY = """
    [newsletters.monthly]
    title = "The Monthly"
    from = "monthly@example.org"
    topics = ["Science"]
    """
ANN, BEN, CY = READERS = ("ann@example.org", "ben@example.org", "cy@example.org")
TOKEN = re.compile(r"/u/([\w-]{32})")


def mail_server(port: int, *more: str) -> str:
    lines = ("[smtp]", 'host = "127.0.0.1"', f"port = {port}", 'security = "none"', *more)
    return "\n".join(lines) + "\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """
    Three subscribers; letters go to the outbox.
    """
    project = a_full_project(tmp_path / "project")
    project.subscribe(*READERS)
    return project


@contextmanager
def served(project: Project, recorder: Recorder) -> Iterator[Recorder]:
    """
    The project's letters go to this server.
    """
    with smtp_server(recorder):
        project.configure(SITE, WEEKLY, mail_server(recorder.port, "connections = 2"))
        yield recorder


def one_line(ran: Ran) -> tuple[int, str]:
    """
    The exit status, and the outcome as the only line that was printed has it.
    """
    line = re.fullmatch(rf"{ISSUE}: (.*) in \d+\.\d s\n", ran.err)
    assert line, ran
    assert ran.out == ""
    return ran.status, line[1]


def standing(project: Project, issue: str = ISSUE) -> dict[str, int]:
    """
    The letters of an issue by state, after their sum was checked.
    """
    (row,) = project.json("status", issue)["issues"]
    assert set(row) >= STATUS_FIELDS
    assert row["letters"] == sum(row[name] for name in (*COUNTS, "waiting"))
    return {name: row[name] for name in (*COUNTS, "waiting") if row[name]}


# What is promised about send


def test_every_subscriber_gets_one_letter_and_cron_gets_one_line(project: Project) -> None:
    ran = project.run("send", "--due", *AT)
    again = project.run("send", "--due", *AT)

    assert one_line(ran) == (0, "3 accepted")
    assert again == Ran(0, "", "")
    recipients = [message_from_bytes(path.read_bytes())["To"] for path in project.letters]
    assert sorted(recipients) == list(READERS)


def test_a_report_is_one_json_document_of_the_promised_shape(project: Project) -> None:
    (report,) = project.json("send", *AT)["issues"]

    assert set(report) >= SEND_FIELDS
    assert report["issue"] == ISSUE
    assert [report[name] for name in ("letters", *COUNTS)] == [3, 3, 0, 0, 0, 0]
    assert report["seconds"] >= 0


def test_an_issue_that_is_skipped_is_told_to_who_asked_for_it(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project", f"{WEEKLY}min_articles = 3\n")
    project.subscribe("ann@example.org")

    asked, due = project.done("send", "weekly", *AT), project.done("send", "--due", *AT)

    assert asked.err == (
        f"{ISSUE}: fewer than 3 stories (min_articles) in its window:"
        " see `digest select weekly --explain`\n"
    )
    assert due.err == ""


def test_running_again_sends_nothing_and_says_nothing(project: Project) -> None:
    project.done("send", *AT)
    for letter in project.letters:
        letter.unlink()

    again = project.run("send", *AT, "--json")

    (report,) = again.json["issues"]
    assert (again.status, again.err) == (0, "")
    assert not project.letters
    assert (report["letters"], report["note"]) == (0, "sent already")


def test_a_limit_stops_in_between_and_the_next_run_goes_on(project: Project) -> None:
    first = project.json("send", *AT, "--limit", "2")
    between = standing(project)
    second = project.json("send", *AT)

    assert first["issues"][0]["accepted"] == 2
    assert between == {"accepted": 2, "waiting": 1}
    assert second["issues"][0]["accepted"] == 1
    assert len(project.letters) == 3


def test_an_issue_once_begun_is_finished_with_the_same_words(project: Project) -> None:
    project.done("send", *AT, "--limit", "1")
    project.add_article("hotter", title="Hotter than all", heat=99)

    project.done("send", *AT)

    pages = {path.read_bytes().partition(b"\r\n\r\n")[2] for path in project.letters}
    assert len(project.letters) == 3
    assert not any(b"Hotter" in page for page in pages)


def test_a_new_subscriber_is_not_sent_an_issue_that_was_made_before(project: Project) -> None:
    project.done("send", *AT)
    project.subscribe("late@example.org")

    project.done("send", *AT)

    assert standing(project) == {"accepted": 3}


def test_who_left_meanwhile_gets_no_letter(project: Project) -> None:
    project.done("send", *AT, "--limit", "1")
    sent = message_from_bytes(project.letters[0].read_bytes())["To"]
    leaving = next(address for address in READERS if address != sent)
    project.done("subscribers", "remove", "weekly", leaving)

    (report,) = project.json("send", *AT)["issues"]

    assert (report["accepted"], report["suppressed"]) == (1, 1)
    assert standing(project) == {"accepted": 2, "suppressed": 1}


def test_readers_without_news_are_suppressed(project: Project) -> None:
    project.subscribe(CY, topics="Games")

    (report,) = project.json("send", *AT)["issues"]

    assert report["accepted"] == 2
    assert standing(project) == {"accepted": 2, "suppressed": 1}


def test_a_dry_run_says_what_would_be_sent_and_sends_nothing(project: Project) -> None:
    project.subscribe(CY, topics="Cities")

    (plan,) = project.json("send", *AT, "--dry-run")["issues"]

    assert (plan["issue"], plan["letters"], plan["editions"]) == (ISSUE, 3, 2)
    assert plan["bytes"] > 3_000
    assert not project.letters
    assert project.json("status") == {"issues": []}


def test_a_dry_run_says_what_a_new_sender_would_leave_unsent(project: Project) -> None:
    project.configure(SITE, WEEKLY, "[pace]\nramp_up = 1")
    project.subscribe(*(f"r{number}@example.org" for number in range(10)))

    said = project.done("send", *AT, "--dry-run").err
    (plan,) = project.json("send", *AT, "--dry-run")["issues"]

    assert f"digest: {ISSUE}: max_delay: a new sender needs 4 days for 13 letters" in said
    assert plan["unsent"] in said


def test_what_send_prints_has_one_shape_whether_it_sends_tries_or_tests(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project")
    project.subscribe("ann@example.org")
    shape = ("issue", "letters", "accepted", "deferred", "refused", "in_doubt", "suppressed")

    runs = [("--dry-run",), ("--test", "me@example.com"), ()]
    printed = [project.json("send", *AT, *options)["issues"][0] for options in runs]

    assert all({*shape, "seconds"} <= each.keys() for each in printed)
    assert [each["accepted"] for each in printed] == [0, 1, 1]


def test_a_test_letter_goes_to_one_address_and_the_ledger_hears_nothing(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project")

    ran = project.done("send", *AT, "--test", "me@example.com")

    (letter,) = project.letters
    assert message_from_bytes(letter.read_bytes())["To"] == "me@example.com"
    assert ran.err == f"{ISSUE}: test letter accepted (250)\n"
    assert not project.store.exists()


def test_a_test_letter_of_nothing_is_an_error(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")

    ran = project.run("send", *AT, "--test", "me@example.com")

    assert ran.status == 1
    assert ran.err == (
        f"digest: {ISSUE} has nothing to read: see `digest select weekly --explain`\n"
    )


def test_an_issue_outside_the_schedule_has_its_own_name_and_window(project: Project) -> None:
    extra = ("--issue", "extra.1", "--since", "2026-11-01", "--until", "2026-11-02")

    project.done("send", "weekly", *AT, *extra)

    assert standing(project, "weekly/extra.1") == {"accepted": 3}
    assert all(b"Old news" in path.read_bytes() for path in project.letters)


def test_since_last_goes_on_where_the_last_issue_ended(project: Project) -> None:
    project.configure(SITE, WEEKLY.replace('"7d"', '"since-last"'))
    project.add_article("earlier", publishedDateTime="2026-11-05T12:00:00Z")
    project.done("send", "--at", "2026-11-09T08:00", "--force")
    project.done("send", "--at", "2026-11-16T08:00", "--force")

    document = project.json("select", "weekly", "--at", "2026-12-07T08:00")

    # Nothing was in the second week: no issue was made of it, and it is looked through again.
    assert document["window"] == {"start": "2026-11-09T06:00:00Z", "end": "2026-12-07T06:00:00Z"}


def test_an_overdue_issue_is_only_sent_by_force(project: Project) -> None:
    late = ("--at", "2026-11-24T20:00")

    refused = project.run("send", *late)
    for_cron = project.run("send", "--due", *late)
    between = list(project.letters)
    project.done("send", "--force", *late)

    assert refused.status == 1
    assert refused.err.startswith(f"digest: {ISSUE} is not sent: due longer ago")
    assert "--force" in refused.err
    assert for_cron == Ran(0, "", "")
    assert not between
    assert len(project.letters) == 3


def test_nobody_to_send_to_is_no_error(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project")

    (report,) = project.json("send", *AT)["issues"]

    assert report["letters"] == 0
    assert report["note"] == "nobody is subscribed: see `digest subscribers import`"


def test_a_theme_with_an_error_stops_its_newsletter_before_it_is_made_and_no_other(
    project: Project,
) -> None:
    project.configure(SITE, WEEKLY + "theme = 'mine'\n", MONTHLY)
    theme = project.folder / "templates" / "mine"
    shutil.copytree(ROOT / "templates" / "default", theme)
    template = theme / "issue.txt.j2"
    template.write_text("{{ nonsense.here }}\n" + template.read_text())
    project.subscribe("dora@example.org", newsletter="monthly")

    ran = project.run("send", *AT, "--json")

    assert ran.status == 1
    assert ran.err == f'digest: {template}:1: "nonsense" is undefined\n'
    assert [each["issue"] for each in ran.json["issues"]] == ["monthly/2026-11-23"]
    assert [each["issue"] for each in project.json("status")["issues"]] == ["monthly/2026-11-23"]
    assert len(project.letters) == 1


def test_two_newsletters_are_two_issues(project: Project) -> None:
    project.configure(SITE, WEEKLY, MONTHLY)
    project.subscribe("zoe@example.net", newsletter="monthly")

    both = project.json("send", *AT)
    rows = project.json("status")["issues"]

    assert [each["accepted"] for each in both["issues"]] == [3, 1]
    assert {each["issue"] for each in rows} == {ISSUE, "monthly/2026-11-23"}
    assert all(each["state"] == "done" for each in rows)


# Mail servers


def test_refused_letters_end_the_run_with_3(project: Project) -> None:
    with served(project, Recorder(on_rcpt=lambda name: "550 no" if name == ANN else None)):
        ran = project.run("send", *AT, "--json")

    assert ran.status == 3
    assert [ran.json["issues"][0][name] for name in COUNTS] == [2, 0, 1, 0, 0]
    assert standing(project) == {"accepted": 2, "refused": 1}


def test_deferred_letters_end_the_run_with_75_and_go_with_the_next(project: Project) -> None:
    with served(project, Recorder(on_rcpt=lambda _: "450 later")) as recorder:
        first = project.run("send", *AT, "--json")
        between = standing(project)
        recorder.on_rcpt = lambda _: None
        second = project.run("send", *AT)

    assert first.status == 75
    assert first.json["issues"][0]["deferred"] == 3
    assert between == {"deferred": 3}
    assert one_line(second) == (0, "3 accepted")
    assert sorted(recorder.recipients) == list(READERS)


def test_a_server_that_is_away_is_75_and_nothing_is_lost(project: Project) -> None:
    with served(project, Recorder()):
        pass

    away = project.run("send", *AT)
    between = standing(project)
    with served(project, Recorder()) as recorder:
        again = project.run("send", *AT)

    assert away.status == 75
    assert re.fullmatch(
        r"digest: mail server 127.0.0.1:\d+ is away .*: run again later\n", away.err
    )
    assert between == {"waiting": 3}
    assert one_line(again) == (0, "3 accepted")
    assert sorted(recorder.recipients) == list(READERS)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_refused_login_is_1_and_names_the_remedy(project: Project) -> None:
    with smtp_server(login=("digest", "right")) as recorder:
        project.configure(SITE, WEEKLY, mail_server(recorder.port, 'username = "digest"'))

        ran = project.run("send", *AT, environ={"DIGEST_SMTP_PASSWORD": "wrong"})

    assert ran.status == 1
    assert ran.err == (
        f"digest: mail server 127.0.0.1:{recorder.port} refused the login:"
        " check smtp.username and the password\n"
    )
    assert standing(project) == {"waiting": 3}


@pytest.mark.parametrize(
    ("choice", "settled", "in_the_end"),
    [
        ("--resend", "1 letter to be sent again\n", {"accepted": 3}),
        ("--drop", "1 letter given up\n", {"accepted": 2, "suppressed": 1}),
    ],
)
def test_a_letter_in_doubt_waits_for_a_word(
    project: Project, choice: str, settled: str, in_the_end: dict[str, int]
) -> None:
    with served(project, Recorder(on_data=lambda name: CLOSE if name == BEN else None)) as server:
        first = project.run("send", *AT, "--json")
        told = project.done("status")
        server.on_data = lambda _: None
        resolved = project.done("resolve", ISSUE, choice)
        last = project.run("send", *AT)

    assert first.status == 3
    assert first.err == (
        f"digest: {ISSUE}: 1 letter in doubt: settle them with"
        f" `digest resolve {ISSUE} --resend` or `--drop`\n"
    )
    assert f"In doubt: see `digest resolve {ISSUE} --help`" in told.err
    assert resolved.err == settled
    assert last.status == 0
    assert standing(project) == in_the_end


def test_another_run_at_work_is_75(project: Project) -> None:
    store = a_store(project.folder)
    with store.lock():
        ran = project.run("send", *AT)
    store.close()

    assert ran.status == 75
    assert ran.err == (
        f"digest: another run is at work on {project.store}: try again when it is done\n"
    )
    assert not project.letters


def test_a_run_told_to_end_finishes_what_is_under_way_and_the_next_goes_on(
    project: Project,
) -> None:
    many = [f"r{number}@example.org" for number in range(60)]
    project.subscribe(*many)
    with served(project, Recorder(on_data=lambda _: time.sleep(0.05))) as recorder:
        run = started(project, "send", *AT)
        wait_for(lambda: len(recorder.messages) >= 3)
        run.terminate()
        _, told = run.communicate(timeout=30)
        between = standing(project)
        recorder.on_data = lambda _: None
        last = project.run("send", *AT)

    assert run.returncode == 75
    stopping, line = told.decode().splitlines()
    assert stopping == "digest: stopping after the letters under way"
    assert line.startswith(f"{ISSUE}: ")
    assert set(between) == {"accepted", "waiting"}
    assert last.status == 0
    assert sorted(recorder.recipients) == sorted((*READERS, *many))


def started(project: Project, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "digest", "--config", str(project.config), *arguments],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# What is shown, and what never is


def test_no_address_is_ever_told(project: Project) -> None:
    """
    Not even where a server's reply repeats it.
    """
    project.add_article("untitled", title="")
    answers = {ANN: "550 5.1.1 <{}> unknown", BEN: "451 4.7.1 <{}> greylisted"}
    with served(project, Recorder(on_rcpt=lambda name: answers.get(name, "").format(name) or None)):
        project.run("send", *AT, "--json")
    with served(project, Recorder(on_rcpt=lambda name: f"421 4.7.0 {name} goes too far")):
        project.run("send", *AT)
    with served(project, Recorder(on_data=lambda _: CLOSE)):
        project.run("send", *AT)
    project.run("status")
    project.run("resolve", ISSUE, "--drop")
    project.run("subscribers", "add", "weekly", ANN)
    project.run("subscribers", "topics", "weekly", ANN, "Cities")
    project.run("subscribers", "remove", "weekly", ANN)
    project.run("subscribers", "remove", "weekly", "dora@example.org")
    project.run("subscribers", "show", "dora@example.org")
    project.run("select", "weekly", "--subscriber", ANN)
    list_ = project.write("again.csv", f"email\n{ANN}\n{BEN}\n{BEN.upper()}\n{CY} x\n")
    project.run("subscribers", "import", "weekly", str(list_), "--json")

    told = "".join(project.printed).lower()

    assert not [name for name in (*READERS, "dora@example.org") if name in told]


def test_on_a_terminal_a_table_goes_to_standard_output(project: Project) -> None:
    shown, done = on_terminal(project, "topics", *AT, terminal="stdout")

    assert "Science" in shown
    assert "\x1b[" in shown
    assert done.stderr == b""


def test_on_a_terminal_a_bar_shows_the_letters_and_json_stays_alone(project: Project) -> None:
    with served(project, Recorder()):
        shown, done = on_terminal(project, "send", *AT, "--json", terminal="stderr")

    assert ISSUE in shown
    assert "3/3" in shown
    assert f"{ISSUE}: 3 accepted in " in shown
    assert done.stdout.startswith(b"{")
    assert done.stdout.endswith(b"}\n")


def on_terminal(
    project: Project, *arguments: str, terminal: str
) -> tuple[str, "subprocess.CompletedProcess[bytes]"]:
    """
    What a command shows on a terminal, which is one of its outputs; the other one is a pipe.
    """
    ours, theirs = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "digest", "--config", str(project.config), *arguments],
        env=environment() | {"TERM": "xterm", "COLUMNS": "120"},
        stdout=theirs if terminal == "stdout" else subprocess.PIPE,
        stderr=theirs if terminal == "stderr" else subprocess.PIPE,
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:
        pass  # So Linux says that the other end was closed.
    os.close(ours)
    out, err = run.communicate(timeout=30)
    assert run.returncode == 0, shown
    return shown.decode(), subprocess.CompletedProcess(run.args, 0, out, err)


def test_a_file_that_is_no_store_is_named(project: Project) -> None:
    project.store.write_bytes(b"no database " * 1_000)

    for command in (("send", *AT), ("status",), ("preview", *AT)):
        ran = project.run(*command)
        assert ran.status == 1
        assert ran.err == f"digest: the store {project.store} refuses: file is not a database\n"


# The real articles


@pytest.fixture(scope="module")
def corpus(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """
    Three topics of real articles, for a thousand subscribers.
    """
    project = a_project(tmp_path_factory.mktemp("corpus") / "project")
    project.subscribe(*(f"reader{number}@example.org" for number in range(1_000)))
    return project


GOOGLE_CLOUD = """
    [content]
    path = "{shared}/corpus/google-cloud"
    [newsletters.weekly]
    title = "Google Cloud Weekly"
    from = "Google Cloud Weekly <cloud@example.org>"
    topics = ["Google Cloud", "AI", "Containers"]
    """


def test_a_thousand_subscribers_get_letters_of_their_own(shared: Path, corpus: Project) -> None:
    at = ("--at", "2020-05-06T12:05:25Z")
    with smtp_server() as recorder:
        corpus.configure(SITE, GOOGLE_CLOUD.format(shared=shared), mail_server(recorder.port))
        (edition,) = corpus.json("preview", *at)["editions"]
        (report,) = corpus.json("send", *at)["issues"]

    wanted = {f"reader{number}@example.org" for number in range(1_000)}
    assert edition["subscribers"] == report["accepted"] == len(recorder.messages) == 1_000
    assert edition["bytes"] < 100_000
    assert set(recorder.recipients) == wanted
    tokens = {checked_letter(to, data, edition["subject"]) for _, to, data in recorder.messages}
    assert len(tokens) == 1_000


def checked_letter(recipient: str, data: bytes, subject: str) -> str:
    """
    The token of a letter that is whole, its reader's alone, and keeps what mail programs need.
    """
    letter = message_from_bytes(data, policy=email.policy.default)
    text, html = letter.iter_parts()
    page = html.get_content()
    assert not [part.defects for part in letter.walk() if part.defects]
    assert (letter["To"], letter["Subject"]) == (recipient, subject)
    assert page.startswith("<!DOCTYPE html>")
    assert "@media" in page
    assert "prefers-color-scheme" in page
    (token,) = set(TOKEN.findall(page + text.get_content() + letter["List-Unsubscribe"]))
    assert all(TOKEN.search(each) for each in (page, text.get_content()))
    return str(token)


@pytest.mark.parametrize("understood", [True, False])
def test_an_address_beyond_ascii_goes_from_the_list_to_the_wire(
    project: Project, *, understood: bool
) -> None:
    project.write("more.csv", "email,name\n用户@example.org,Zoë\n")
    project.done("subscribers", "import", "weekly", "more.csv")
    with rude_server(lambda _: None, *(("SMTPUTF8", "8BITMIME") if understood else ())) as rude:
        project.configure(SITE, WEEKLY, mail_server(rude.port))
        (report,) = project.json("send", *AT, status=0 if understood else 3)["issues"]

    assert (report["accepted"], report["refused"]) == ((4, 0) if understood else (3, 1))
    assert ("RCPT TO:<用户@example.org>" in rude.said("RCPT")) is understood
    assert any("<用户@example.org>".encode() in each for each in rude.contents) is understood
