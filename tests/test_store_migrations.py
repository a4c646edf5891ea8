"""
Migrations: they make the tables that the code knows, from nothing, whoever runs them.
"""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from digest.errors import StoreError
from digest.model import Tally
from digest.store.database import HEAD
from digest.store.migrations import configuration
from digest.store.schema import metadata
from digest.store.sqlite import SqliteDatabase

from .factories import ISSUE, PAGE, a_store, an_edition

OPEN = """
import sys
from pathlib import Path
import alembic.command
from digest.store.sqlite import SqliteDatabase
print("ready", flush=True)
sys.stdin.readline()
SqliteDatabase(Path(sys.argv[1])).close()
"""
FIRST_VERSION = """
INSERT INTO newsletters VALUES (1, 'weekly');
INSERT INTO subscribers VALUES (7, 'ann@example.org', 'ann@example.org', '', '2026-11-01 06:00:00');
INSERT INTO subscriptions (newsletter, subscriber_id, state, created_at, changed_at)
VALUES (1, 7, 'active', '2026-11-01 06:00:00', '2026-11-01 06:00:00');
INSERT INTO issues
(number, id, newsletter, title, sender, site_url, due_at, window_start, window_end, made_at)
VALUES (1, 'weekly/2026-11-16', 1, 'The Weekly', 'a@example.org', 'https://digests.example.org',
'2026-11-16 06:00:00', '2026-11-09 06:00:00', '2026-11-16 06:00:00', '2026-11-16 06:00:00');
INSERT INTO editions (issue, number, topics, articles, subject, html, text, marks, pictures)
VALUES (1, 0, '["AI"]', '["2026-11-20-hello"]', 'Before', '', '', '{}', '[]');
INSERT INTO batches (issue, number, state) VALUES (1, 1, 'closed');
INSERT INTO letters (issue, subscriber_id, edition, batch, state, attempts, changed_at)
VALUES (1, 7, 0, 1, 'accepted', 1, '2026-11-16 06:00:00');
"""


def test_migrations_make_the_tables_that_the_code_knows(store_url: str) -> None:
    a_store(store_url).close()
    engine = create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"))

    with engine.connect() as connection:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            # The tables of Procrastinate are its own.
            "include_name": lambda name, *_: not str(name).startswith("procrastinate"),
        }
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_the_newest_version_is_the_one_that_is_asked_for() -> None:
    scripts = ScriptDirectory.from_config(configuration())

    assert scripts.get_current_head() == HEAD


def test_opening_again_migrates_nothing(tmp_path: Path) -> None:
    SqliteDatabase(tmp_path / "digest.db").close()
    before = (tmp_path / "digest.db").read_bytes()

    SqliteDatabase(tmp_path / "digest.db").close()

    assert (tmp_path / "digest.db").read_bytes() == before


def test_processes_that_make_a_store_at_once_all_succeed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(tmp_path / "digest.db")]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()

    assert [process.returncode for process in processes] == [0, 0, 0]


def test_a_store_of_the_first_version_is_upgraded_with_all_that_is_in_it(tmp_path: Path) -> None:
    """
    Its issues count as if nobody had read them: which stories they told was not kept.
    """
    _make_first_version(tmp_path / "digest.db")

    store = a_store(tmp_path)

    (reader,) = store.subscribers.active_iter("weekly")
    assert reader.id == 7
    assert store.issues.pages("weekly/2026-11-16")[0].subject == "Before"
    assert store.accounts.tally("weekly/2026-11-16", running=False) == Tally(accepted=1)
    url = an_edition().lead.url
    assert store.history.seen([7], [url], besides=ISSUE.id) == {}
    store.issues.freeze(ISSUE, [(an_edition(), PAGE)], [(7, 0)])
    assert store.history.seen([7], [url], besides="weekly/later") == {7: {url}}
    store.close()


def test_an_older_store_is_not_changed_by_looking(tmp_path: Path) -> None:
    path = tmp_path / "digest.db"
    _make_first_version(path)
    before = path.read_bytes()

    with pytest.raises(StoreError, match="older version: the next `digest send`"):
        a_store(tmp_path, read_only=True)

    assert path.read_bytes() == before


def _make_first_version(path: Path) -> None:
    """
    One reader, and one issue that they were sent.
    """
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0001")
    engine.dispose()
    with closing(sqlite3.connect(path)) as plain:
        plain.executescript(FIRST_VERSION)
