"""
Workers on one PostgreSQL store: each letter once, whatever becomes of them.
"""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest

from digest.model import Tally
from digest.sender import CHUNK
from digest.store import Store

from .factories import a_receipt, a_store, an_issue_of, intended
from .program import AT, ISSUE, SITE, WEEKLY, Project, a_full_project, environment
from .smtpd import Recorder, smtp_server

READERS = [f"r{number}@example.org" for number in range(450)]
CONNECTIONS = 2
SMTP = """
    [smtp]
    host = "127.0.0.1"
    port = {port}
    security = "none"
    connections = {connections}
    {more}
    """

#: What the server says of connections of ours.
SESSIONS = """
    SELECT FROM pg_stat_activity
    WHERE application_name = 'digest' AND datname = current_database()
    """


AT_WORK: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _nobody_is_left_at_work() -> Iterator[None]:
    """
    What a test that failed has started would hold the next one up.
    """
    yield
    while AT_WORK:
        process = AT_WORK.pop()
        process.kill()
        with process:
            pass


@pytest.fixture
def project(tmp_path: Path, empty_postgres: str) -> Project:
    project = a_full_project(tmp_path / "project")
    project.write("readers.csv", "\n".join(["email", *READERS, ""]))
    project.write("store.toml", f'[store]\nurl = "{empty_postgres}"\n')
    return project


def prepared(project: Project, recorder: Recorder, more: str = "") -> None:
    """
    Everybody is subscribed, and letters go to the recorder.
    """
    smtp = SMTP.format(port=recorder.port, connections=CONNECTIONS, more=more)
    project.configure(SITE, WEEKLY, smtp, (project.folder / "store.toml").read_text())
    project.done("subscribers", "import", "weekly", "readers.csv")


def add_pace(project: Project, lines: str) -> None:
    config = project.config
    config.write_text(f"{config.read_text()}\n[pace]\n{lines}\n")


def worker(project: Project, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "digest", "--config", str(project.config), "worker", *arguments],
        cwd=project.folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    AT_WORK.append(process)
    return process


def standing(project: Project) -> dict[str, int]:
    (issue,) = project.json("status", ISSUE)["issues"]
    states = ("accepted", "deferred", "refused", "in_doubt", "suppressed", "waiting")
    assert issue["letters"] == sum(issue[state] for state in states) == len(READERS)
    return {state: issue[state] for state in states if issue[state]}


def wait_for(recorder: Recorder, letters: int) -> None:
    until = monotonic() + 30
    while len(recorder.messages) < letters:
        assert monotonic() < until
        sleep(0.01)


def freeze_between_transactions(process: subprocess.Popen[str], url: str) -> None:
    until = monotonic() + 30
    with psycopg.connect(url, autocommit=True) as connection:
        while monotonic() < until:
            process.send_signal(signal.SIGSTOP)
            sleep(0.05)  # The server ends what it was asked for.
            if not connection.execute(f"{SESSIONS} AND state <> 'idle'").fetchall():
                return
            process.send_signal(signal.SIGCONT)
            sleep(0.01)
    pytest.fail("it is always within a transaction")


def freeze_within_a_transaction(process: subprocess.Popen[str], url: str) -> None:
    until = monotonic() + 30
    with (
        psycopg.connect(url) as holder,
        psycopg.connect(url, autocommit=True) as watcher,
    ):
        holder.execute("SELECT FROM batches FOR UPDATE")
        while not watcher.execute(f"{SESSIONS} AND wait_event_type = 'Lock'").fetchall():
            assert monotonic() < until
            sleep(0.01)
        process.send_signal(signal.SIGSTOP)


@contextmanager
def cut_off(url: str) -> Iterator[None]:
    """
    As long as the block lasts nobody reaches the database.
    """
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        try:
            yield
        finally:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_what_is_left_to_workers_is_sent_by_them(project: Project) -> None:
    with smtp_server() as recorder:
        prepared(project, recorder)
        left = project.done("send", *AT, "--no-wait")
        again = project.done("send", *AT, "--no-wait")
        before = standing(project)
        workers = [worker(project, "--once") for _ in range(2)]
        ended = [each.communicate(timeout=60) for each in workers]

    assert before == {"waiting": 450}
    assert left.err == f"{ISSUE}: left to the workers (450 waiting)\n"
    assert left.out == again.out == again.err == ""
    assert [each.returncode for each in workers] == [0, 0], ended
    assert standing(project) == {"accepted": 450}
    assert Counter(recorder.recipients) == Counter(READERS)


def test_a_worker_that_is_killed_loses_nothing_and_repeats_nothing(project: Project) -> None:
    with smtp_server(Recorder(on_data=lambda _: sleep(0.002))) as recorder:
        prepared(project, recorder)
        project.done("send", *AT, "--no-wait")
        victim, other = worker(project), worker(project)
        wait_for(recorder, 60)
        victim.kill()
        victim.communicate()
        project.run("send", *AT)
        other.send_signal(signal.SIGTERM)
        said = other.communicate(timeout=60)[1]

    sent = standing(project)
    assert other.returncode == 0, said
    assert sent.get("in_doubt", 0) <= CONNECTIONS
    assert sent["accepted"] + sent.get("in_doubt", 0) == 450
    received = Counter(recorder.recipients)
    assert max(received.values()) == 1
    assert len(received) >= sent["accepted"]


@pytest.mark.parametrize("freeze", [freeze_between_transactions, freeze_within_a_transaction])
def test_a_worker_that_is_frozen_past_its_lease_and_woken_repeats_nothing(
    project: Project,
    impatient_postgres: Callable[[str, str], str],
    freeze: Callable[[subprocess.Popen[str], str], None],
) -> None:
    url = impatient_postgres("idle_in_transaction_session_timeout", "2s")
    with smtp_server(Recorder(on_data=lambda _: sleep(0.005))) as recorder:
        prepared(project, recorder)
        project.done("send", *AT, "--no-wait")
        frozen = worker(project)
        wait_for(recorder, 60)
        freeze(frozen, url)
        let_leases_pass(url)
        project.run("send", *AT)
        meanwhile = standing(project)
        frozen.send_signal(signal.SIGCONT)
        sleep(2)
        frozen.send_signal(signal.SIGTERM)
        said = frozen.communicate(timeout=60)[1]
        project.run("send", *AT)

    assert frozen.returncode == 0, said
    assert "waiting" not in meanwhile
    assert meanwhile["in_doubt"] <= CONNECTIONS * CHUNK
    # Awake again it finished what it had begun, and said of the rest that it never left.
    assert standing(project) == {"accepted": 450}
    assert Counter(recorder.recipients) == Counter(READERS)


def test_a_worker_whose_job_was_given_to_another_says_so_in_one_line(
    project: Project, empty_postgres: str
) -> None:
    with smtp_server(Recorder(on_data=lambda _: sleep(0.005))) as recorder:
        prepared(project, recorder)
        project.done("send", *AT, "--no-wait")
        process = worker(project)
        wait_for(recorder, 20)
        with psycopg.connect(empty_postgres, autocommit=True) as connection:
            # As whoever took it over does when it is done.
            connection.execute("DELETE FROM procrastinate_jobs")
        wait_for(recorder, 450)
        sleep(1)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[1]

    assert process.returncode == 0
    assert len([line for line in said.splitlines() if "another has it by now" in line]) == 1
    assert "Traceback" not in said
    assert standing(project) == {"accepted": 450}


def test_the_first_letters_are_one_worker_s_until_they_are_accepted(project: Project) -> None:
    with smtp_server(Recorder(on_data=lambda _: "550 5.7.1 spam")) as recorder:
        prepared(project, recorder)
        add_pace(project, "canary = 5")
        project.done("send", *AT, "--no-wait")
        workers = [worker(project, "--once") for _ in range(2)]
        said = "".join(each.communicate(timeout=60)[1] for each in workers)
        refused = standing(project)
        recorder.on_data = lambda _: None
        project.done("send", *AT, "--no-wait")
        workers = [worker(project, "--once") for _ in range(2)]
        for each in workers:
            each.communicate(timeout=60)

    assert refused == {"refused": 5, "waiting": 445}
    assert said.count("(pace.canary) 0 were accepted") == 1
    assert standing(project) == {"refused": 5, "accepted": 445}


def test_of_a_new_sender_all_workers_together_send_a_day_s_letters(project: Project) -> None:
    with smtp_server() as recorder:
        prepared(project, recorder)
        add_pace(project, "ramp_up = 70")
        project.done("send", *AT, "--no-wait")
        workers = [worker(project, "--once") for _ in range(2)]
        said = "".join(each.communicate(timeout=60)[1] for each in workers)

    assert standing(project) == {"accepted": 70, "waiting": 380}
    assert "(pace.ramp_up)" in said


def test_sigterm_ends_a_worker_after_the_letters_under_way(project: Project) -> None:
    with smtp_server(Recorder(on_data=lambda _: sleep(0.005))) as recorder:
        prepared(project, recorder)
        project.done("send", *AT, "--no-wait")
        process = worker(project)
        wait_for(recorder, 20)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert process.returncode == 0
    assert standing(project) == {
        "accepted": len(recorder.messages),
        "waiting": 450 - len(recorder.messages),
    }


def test_a_worker_that_is_cut_off_from_the_store_stops_sending(
    project: Project, empty_postgres: str
) -> None:
    with smtp_server(Recorder(on_data=lambda _: sleep(0.005))) as recorder:
        prepared(project, recorder)
        project.done("send", *AT, "--no-wait")
        process = worker(project)
        wait_for(recorder, 20)
        with cut_off(empty_postgres):
            sleep(2)
            soon_after = len(recorder.messages)
            sleep(2)
            at_the_end = len(recorder.messages)
            process.kill()
            process.communicate()
        project.run("send", *AT)

    assert soon_after == at_the_end

    assert at_the_end < 450
    sent = standing(project)
    assert sent.get("in_doubt", 0) <= CONNECTIONS
    assert max(Counter(recorder.recipients).values()) == 1
    assert sent["accepted"] + sent.get("in_doubt", 0) == 450


def test_several_runs_of_one_issue_at_once_share_its_letters(project: Project) -> None:
    with smtp_server() as recorder:
        prepared(project, recorder)
        command = [sys.executable, "-m", "digest", "--config", str(project.config), "send", *AT]
        runs = [
            subprocess.Popen(
                command, cwd=project.folder, env=environment(), stderr=subprocess.PIPE, text=True
            )
            for _ in range(5)
        ]
        said = [each.communicate(timeout=90)[1] for each in runs]

    assert [each.returncode for each in runs] == [0] * 5, said
    assert standing(project) == {"accepted": 450}
    assert Counter(recorder.recipients) == Counter(READERS)


def test_a_run_that_the_store_did_not_let_begin_puts_no_letter_in_doubt(
    project: Project, empty_postgres: str
) -> None:
    with smtp_server() as recorder:
        prepared(project, recorder)
        with psycopg.connect(empty_postgres, autocommit=True) as connection:
            connection.execute("ALTER TABLE runs ADD CONSTRAINT nobody CHECK (false) NOT VALID")
            refused = project.run("send", *AT)
            connection.execute("ALTER TABLE runs DROP CONSTRAINT nobody")
        project.run("send", *AT)

    assert refused.status == 1
    assert standing(project) == {"accepted": 450}


def test_the_rate_holds_over_all_workers_together(project: Project) -> None:
    with smtp_server() as recorder:
        prepared(project, recorder, 'rate = "100/s"')
        project.done("send", *AT, "--no-wait")
        workers = [worker(project, "--once") for _ in range(2)]
        wait_for(recorder, 1)
        started = monotonic()
        wait_for(recorder, 450)
        seconds = monotonic() - started
        for each in workers:
            each.communicate(timeout=60)

    assert seconds >= 449 / 100 - 1.5


def test_with_sqlite_there_are_no_workers(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project")

    ran = project.run("worker", "--once")

    assert ran.status == 1
    assert "workers need a PostgreSQL store" in ran.err


@pytest.fixture
def store(empty_postgres: str) -> Iterator[Store]:
    store = a_store(empty_postgres)
    yield store
    store.close()


def let_leases_pass(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE batches SET lease_until = now() - interval '1 second'")


def test_a_worker_frozen_past_its_lease_and_woken_again_repeats_nothing(
    store: Store, empty_postgres: str
) -> None:
    ids = sorted(an_issue_of(store, 3))
    intended(store, ids[:1], "frozen")
    let_leases_pass(empty_postgres)

    batch = store.ledger.claim_batches(ISSUE, "another")
    taken_over = store.accounts.tally(ISSUE, running=True)
    woken = store.ledger.intend(ISSUE, ids, "frozen")
    store.ledger.record(ISSUE, [a_receipt(ids[0])], "frozen")

    assert [each.subscriber.id for each in batch] == ids[1:]
    assert taken_over == Tally(in_doubt=1, waiting=2)
    assert woken == set()
    assert store.accounts.tally(ISSUE, running=True) == Tally(accepted=1, waiting=2)


def test_who_began_to_claim_before_a_lease_was_taken_leaves_it_alone(
    store: Store, empty_postgres: str
) -> None:
    ids = sorted(an_issue_of(store, 3))
    intended(store, ids[:1], "run")
    with psycopg.connect(empty_postgres, autocommit=True) as connection:
        # As the slower of two sees it: the time of a transaction is that of its beginning.
        connection.execute("UPDATE batches SET lease_until = lease_until + interval '2 seconds'")

    assert store.ledger.claim_batches(ISSUE, "another") == ()
    assert store.accounts.tally(ISSUE, running=True) == Tally(waiting=3)


def test_a_lease_of_somebody_whose_clock_was_wrong_is_none(
    store: Store, empty_postgres: str
) -> None:
    ids = sorted(an_issue_of(store, 3))
    intended(store, ids[:1], "run")
    with psycopg.connect(empty_postgres, autocommit=True) as connection:
        connection.execute("UPDATE batches SET lease_until = lease_until + interval '1 day'")

    assert [each.subscriber.id for each in store.ledger.claim_batches(ISSUE, "next")] == ids[1:]
    assert store.accounts.tally(ISSUE, running=True) == Tally(in_doubt=1, waiting=2)


def test_a_lease_that_lasts_is_left_alone(store: Store) -> None:
    ids = sorted(an_issue_of(store, 3))
    intended(store, ids[:1], "run")

    assert store.ledger.claim_batches(ISSUE, "another") == ()
    assert store.recovery.recover(ISSUE, alone=False) == 0
