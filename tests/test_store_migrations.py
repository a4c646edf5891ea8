"""
Migrations: they make the tables that the code knows, from nothing, whoever runs them.
"""

import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from digest.store.database import HEAD, Database
from digest.store.migrations import configuration
from digest.store.schema import metadata

OPEN = """
import sys
from pathlib import Path
import alembic.command
from digest.store.database import Database
print("ready", flush=True)
sys.stdin.readline()
Database(Path(sys.argv[1])).close()
"""


def test_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    database = Database(tmp_path / "digest.db")

    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)

    assert differences == []


def test_the_newest_version_is_the_one_that_is_asked_for() -> None:
    scripts = ScriptDirectory.from_config(configuration())

    assert scripts.get_current_head() == HEAD


def test_opening_again_migrates_nothing(tmp_path: Path) -> None:
    Database(tmp_path / "digest.db").close()
    before = (tmp_path / "digest.db").read_bytes()

    Database(tmp_path / "digest.db").close()

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
