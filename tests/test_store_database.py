"""
The database: who may read it, who may write it, and what goes wrong with it.
"""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server
from threading import Barrier, Event, Thread
from time import sleep

import pytest
from sqlalchemy import text

from digest.errors import StoreBusy, StoreError
from digest.store.newsletters import number_for
from digest.store.postgres import PostgresDatabase
from digest.store.sqlite import SqliteDatabase

from .factories import a_store, an_entry

IMPATIENCE = "idle_in_transaction_session_timeout"
HOLD_LOCK = """
import sys, time
from pathlib import Path
from socket import create_server
from digest.store.sqlite import SqliteDatabase
with SqliteDatabase(Path(sys.argv[1])).lock():
    print("locked", flush=True)
    time.sleep(600)
"""


@contextmanager
def another_run(path: Path) -> Iterator[subprocess.Popen[str]]:
    """
    A process that has the lock of the store.
    """
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "locked\n"
        try:
            yield process
        finally:
            process.kill()


def a_database(
    tmp_path: Path, *, read_only: bool = False, busy_timeout: float = 30
) -> SqliteDatabase:
    return SqliteDatabase(tmp_path / "digest.db", read_only=read_only, busy_timeout=busy_timeout)


def modes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


def test_the_file_its_journals_and_its_lock_are_for_their_owner_alone(tmp_path: Path) -> None:
    store = a_store(tmp_path)

    with store.lock():
        store.key()

    names = ("digest.db", "digest.db-wal", "digest.db-shm", "digest.db.lock")
    assert modes(tmp_path) == dict.fromkeys(names, 0o600)


def test_a_folder_that_is_made_for_the_store_is_for_its_owner_alone(tmp_path: Path) -> None:
    a_store(tmp_path / "state")

    assert modes(tmp_path) == {"state": 0o700}


def test_looking_changes_no_byte_of_the_file(tmp_path: Path) -> None:
    a_store(tmp_path).close()
    before = (tmp_path / "digest.db").read_bytes()

    store = a_store(tmp_path, read_only=True)
    store.issues.all()
    store.close()

    assert (tmp_path / "digest.db").read_bytes() == before
    assert set(modes(tmp_path).values()) == {0o600}


def test_who_only_looks_cannot_write(tmp_path: Path) -> None:
    a_store(tmp_path).close()
    store = a_store(tmp_path, read_only=True)

    with pytest.raises(StoreError, match="readonly"):
        store.subscribers.add("weekly", an_entry())


def test_looking_needs_no_lock(tmp_path: Path) -> None:
    writer = a_database(tmp_path)

    with writer.lock(), writer.writing() as connection:
        number_for(connection, "weekly")
        reader = a_database(tmp_path, read_only=True, busy_timeout=0)
        with reader.reading() as looking:
            seen = looking.execute(text("SELECT count(*) FROM newsletters")).scalar()

    assert seen == 0


def test_asking_whether_a_run_is_at_work_leaves_no_file_behind(tmp_path: Path) -> None:
    store = a_store(tmp_path)

    assert not store.running
    assert not (tmp_path / "digest.db.lock").exists()


def test_a_reader_sees_one_state_of_the_database(tmp_path: Path) -> None:
    database = a_database(tmp_path)
    count = text("SELECT count(*) FROM newsletters")

    with database.reading() as looking:
        before = looking.execute(count).scalar()
        with database.writing() as connection:
            number_for(connection, "weekly")
        after = looking.execute(count).scalar()

    assert (before, after) == (0, 0)


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    database = a_database(tmp_path)

    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        number_for(connection, "weekly")
        raise ZeroDivisionError

    with database.reading() as looking:
        assert looking.execute(text("SELECT count(*) FROM newsletters")).scalar() == 0


def test_writers_wait_for_one_another(tmp_path: Path) -> None:
    database = a_database(tmp_path)
    numbers: list[int] = []

    def write(name: str) -> None:
        with database.writing() as connection:
            numbers.append(number_for(connection, name))

    threads = [Thread(target=write, args=(f"newsletter-{place}",)) for place in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(numbers) == list(range(1, 13))


def test_many_threads_each_have_a_connection_of_their_own(tmp_path: Path) -> None:
    database = a_database(tmp_path)
    everybody = Barrier(40, timeout=20)
    seen: list[int] = []

    def look() -> None:
        with database.reading() as looking:
            everybody.wait()
            seen.append(looking.execute(text("SELECT count(*) FROM newsletters")).scalar_one())
            everybody.wait()

    threads = [Thread(target=look) for _ in range(everybody.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [0] * everybody.parties


def test_the_lock_excludes_another_process_until_that_is_killed(tmp_path: Path) -> None:
    database = a_database(tmp_path)

    with another_run(database.path) as process:
        assert database.locked
        with pytest.raises(StoreBusy, match="another run is at work") as caught, database.lock():
            pytest.fail("two runs at once")
        process.kill()
        process.wait()
        assert not database.locked
        with database.lock():
            assert database.locked

    assert caught.value.exit_status == 75


def test_a_run_that_fails_frees_the_lock(tmp_path: Path) -> None:
    database = a_database(tmp_path)

    with pytest.raises(ZeroDivisionError), database.lock():
        raise ZeroDivisionError

    assert not database.locked


def test_whoever_asks_about_runs_keeps_no_run_from_starting(tmp_path: Path) -> None:
    database, asking = a_database(tmp_path), a_database(tmp_path)
    done = Event()

    def ask() -> None:
        while not done.is_set():
            _ = asking.locked

    thread = Thread(target=ask)
    thread.start()
    try:
        for _ in range(1000):
            with database.lock():
                pass
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path, *, read_only: bool) -> None:
    a_store(tmp_path).close()
    with sqlite3.connect(tmp_path / "digest.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    with pytest.raises(StoreError, match=r"newer digest .* 9999\): upgrade digest"):
        a_database(tmp_path, read_only=read_only)


def test_a_store_without_tables_is_not_brought_up_to_date_by_looking(tmp_path: Path) -> None:
    (tmp_path / "digest.db").touch()

    with pytest.raises(StoreError, match="older version: the next `digest send`"):
        a_database(tmp_path, read_only=True)

    a_database(tmp_path)
    a_database(tmp_path, read_only=True)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_database_is_said_so_in_one_line(
    tmp_path: Path, *, read_only: bool
) -> None:
    (tmp_path / "digest.db").write_bytes(b"email,name\n" * 500)

    with pytest.raises(StoreError, match="not a database") as caught:
        a_database(tmp_path, read_only=read_only)

    assert "\n" not in str(caught.value)
    assert (tmp_path / "digest.db").read_bytes() == b"email,name\n" * 500


@pytest.mark.parametrize("read_only", [False, True])
def test_a_folder_in_place_of_the_store_is_an_error(tmp_path: Path, *, read_only: bool) -> None:
    (tmp_path / "digest.db").mkdir()

    with pytest.raises(StoreError, match=r"digest\.db cannot be used.*; see to the ") as caught:
        a_database(tmp_path, read_only=read_only)

    assert "\n" not in str(caught.value)


def test_a_store_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match=r"digest\.db cannot be made: "):
        a_database(tmp_path / "file" / "below")


def test_a_lock_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    database = a_database(tmp_path)
    (tmp_path / "digest.db.lock").mkdir()

    with pytest.raises(StoreError, match="cannot lock the store"), database.lock():
        pytest.fail("no lock")


def test_a_store_that_stays_locked_is_busy(tmp_path: Path) -> None:
    writer, other = a_database(tmp_path), a_database(tmp_path, busy_timeout=0.05)

    with (
        writer.writing(),
        pytest.raises(StoreBusy, match="busy: run again") as caught,
        other.writing(),
    ):
        pytest.fail("two writers at once")

    assert "\n" not in str(caught.value)


def test_an_error_of_the_database_names_no_address(tmp_path: Path) -> None:
    store = a_store(tmp_path)

    with pytest.raises(StoreError) as caught:
        store.subscribers.merge("weekly", [an_entry(), an_entry(address="ANN@example.org")])

    assert "UNIQUE" in str(caught.value)
    assert "example.org" not in str(caught.value).lower()
    assert "\n" not in str(caught.value)


def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    folder = tmp_path / "a ?b#c%20d'é"

    a_store(folder).close()

    assert (folder / "digest.db").stat().st_size


def test_a_postgresql_that_lacks_the_database_is_an_error_with_its_remedy(postgres: str) -> None:
    with pytest.raises(
        StoreError, match=r"turns us away .*does not exist.* make the database"
    ) as e:
        a_store(f"{postgres}_missing")

    assert not isinstance(e.value, StoreBusy)


def test_a_postgresql_that_is_away_is_asked_again() -> None:
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(StoreBusy, match="cannot be reached"):
        a_store(f"postgresql://postgres@127.0.0.1:{port}/digest")


def test_a_process_that_falls_silent_within_a_transaction_holds_it_no_longer_than_a_lease(
    empty_postgres: str,
) -> None:
    database = PostgresDatabase(empty_postgres)

    with database.writing() as connection:
        limit = connection.scalar(text(f"SHOW {IMPATIENCE}"))
    database.close()

    assert limit == "1min"


def test_a_server_that_waits_less_long_is_heeded_and_who_was_too_slow_may_try_again(
    impatient_postgres: Callable[[str, str], str],
) -> None:
    database = PostgresDatabase(impatient_postgres(IMPATIENCE, "200ms"))

    with pytest.raises(StoreBusy, match="run again"), database.writing() as held:
        sleep(1)
        held.scalar(text("SELECT 1"))
    with database.writing() as again:
        limit = again.scalar(text(f"SHOW {IMPATIENCE}"))
    database.close()

    assert limit == "200ms"


def test_nobody_waits_for_ever_for_a_run_that_does_not_end(
    impatient_postgres: Callable[[str, str], str],
) -> None:
    url = impatient_postgres("lock_timeout", "200ms")
    frozen, other = PostgresDatabase(url), PostgresDatabase(url)

    with frozen.making("weekly/2026-11-23"):
        with (
            pytest.raises(StoreBusy, match="does not end: run again, or end it"),
            other.making("weekly/2026-11-23"),
        ):
            pytest.fail("two at once")
        with other.making("weekly/2026-11-30"):
            pass
    with other.making("weekly/2026-11-23"):
        pass

    frozen.close()
    other.close()


def test_who_makes_an_issue_is_watched_by_the_server(empty_postgres: str) -> None:
    database = PostgresDatabase(empty_postgres)

    with database.making("weekly/2026-11-23"):
        pass
    with database.reading() as connection:  # It is the only one there is.
        names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
        seconds = [connection.scalar(text(f"SHOW {name}")) for name in names]
    database.close()

    assert seconds == ["5", "2", "3"]
