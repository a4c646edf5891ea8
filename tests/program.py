"""
The real program in a process of its own, at work on a project in a temporary folder.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

from tests.factories import a_store, an_entry

ROOT = Path(__file__).parent.parent
#: Eight in the morning of the Monday on which the newsletters of these projects were due at seven.
AT = ("--at", "2026-11-23T08:00+01:00")
ISSUE = "weekly/2026-11-23"
SITE = """
    [site]
    name = "Example Digests"
    url = "https://digests.example.org"
    address = "Example Ltd, 1 High Street, Anytown"
    """
WEEKLY = """
    [newsletters.weekly]
    title = "The Weekly"
    from = "The Weekly <weekly@example.org>"
    topics = ["Science", "Cities"]
    per_topic = 2
    schedule = { every = "week", on = "monday", at = "07:00", timezone = "Europe/Paris" }
    window = "7d"
    max_delay = "36h"
    """


@dataclass(frozen=True)
class Ran:
    """
    What a command printed, and its exit status.
    """

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """
        The one document on standard output.
        """
        return json.loads(self.out)


@dataclass
class Project:
    """
    A folder with a digest.toml. It remembers all that its commands printed.
    """

    folder: Path
    printed: list[str] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.folder / "digest.toml"

    @property
    def store(self) -> Path:
        return self.folder / "digest.db"

    @property
    def letters(self) -> list[Path]:
        return sorted((self.folder / "outbox").glob("*.eml"))

    def run(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Ran:
        """
        A command as cron runs it, with no terminal anywhere. No error may end in a traceback.
        """
        ran = run_digest("--config", str(self.config), *arguments, cwd=self.folder, environ=environ)
        self.printed += [ran.out, ran.err]
        return ran

    def done(self, *arguments: str) -> Ran:
        """
        A command that has to succeed.
        """
        ran = self.run(*arguments)
        assert ran.status == 0, ran
        return ran

    def json(self, *arguments: str, status: int = 0) -> Any:
        """
        The document that a command prints with --json.
        """
        ran = self.run(*arguments, "--json")
        assert ran.status == status, ran
        return ran.json

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), "utf-8")
        return path

    def configure(self, *tables: str) -> None:
        self.write("digest.toml", "\n".join(dedent(table) for table in tables))

    def add_article(self, slug: str, **fields: object) -> None:
        self.write(f"content/{slug}.md", article_text(slug, **fields))

    def subscribe(self, *addresses: str, newsletter: str = "weekly", topics: str = "") -> None:
        """
        Put many on a list at once, without a process.
        """
        own = tuple(topics.split(";")) if topics else None
        store = a_store(self.folder)
        store.subscribers.merge(
            newsletter, [an_entry(address=each, topics=own) for each in addresses]
        )
        store.close()


def a_project(folder: Path, *tables: str) -> Project:
    """
    A project without articles; the weekly newsletter is its only one, unless tables are named.
    """
    project = Project(folder)
    (folder / "content").mkdir(parents=True)
    project.configure(SITE, *(tables or (WEEKLY,)))
    return project


def a_full_project(folder: Path, *tables: str) -> Project:
    """
    The same with articles: for the Monday one on each topic, and one that is too old.
    """
    project = a_project(folder, *tables)
    project.add_article("tides", title="Tides, explained", heat=90)
    project.add_article("trams", title="Trams at night", heat=70, topics=["Cities"])
    project.add_article("old", title="Old news", publishedDateTime="2026-11-01T12:00:00Z")
    return project


def article_text(slug: str, **fields: object) -> str:
    values: dict[str, object] = {
        "title": slug.capitalize(),
        "excerpt": f"About {slug}.",
        "publishedDateTime": "2026-11-20T12:00:00Z",
        "webUrl": f"https://news.example.org/{slug}",
        "heat": 50,
        "quality": 40,
        "topics": ["Science"],
        "provider": {"name": "Example News", "domain": "news.example.org"},
    } | fields
    # JSON is YAML.
    lines = "".join(f"{name}: {json.dumps(value)}\n" for name, value in values.items())
    return f"---\n{lines}---\n"


def run_digest(
    *arguments: str, cwd: Path, environ: Mapping[str, str] | None = None, text: str | None = None
) -> Ran:
    done = subprocess.run(
        [sys.executable, "-m", "digest", *arguments],
        cwd=cwd,
        env=environment() | dict(environ or {}),
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def environment() -> dict[str, str]:
    """
    That of these tests, without what would configure digest or colour what it prints.
    """
    ours = ("DIGEST_", "CREDENTIALS_DIRECTORY", "COLUMNS", "FORCE_COLOR", "TTY_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PYTHONPATH": str(ROOT)}


def contents(folder: Path) -> dict[str, bytes]:
    """
    Every file below a folder, with its bytes.
    """
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
