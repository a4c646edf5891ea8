"""
With an index only changed files are read again, and nobody can tell, but for the time it takes.
"""

import os
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.errors import ArticleError
from digest.model import Article, Image, Problem, Provider, Related, Window
from digest.reader import parallel, read_articles
from digest.reader.frontmatter import YAML
from digest.reader.index import Index
from digest.reader.records import Record, Wanted, to_article, to_problems, to_record, to_text
from digest.reader.values import load_values

from .factories import an_article

ROOT = Path(__file__).parent.parent
SECRET = "QUJDREVGR0hJSktMTU5PUA=="
NOVEMBER = Window(start=datetime(2026, 11, 1, tzinfo=UTC), end=datetime(2026, 12, 1, tzinfo=UTC))


def later() -> int:
    """
    A moment at which all changes so far are long past.
    """
    return time.time_ns() + 60_000_000_000


class Site:
    """
    A content folder and its index.
    """

    def __init__(self, folder: Path) -> None:
        self.content, self.index = folder / "content", folder / "cache" / "articles.index"
        self.content.mkdir()

    def write(self, name: str, **fields: str) -> Path:
        values = {"title": "Hello", "date": "2026-11-20", "link": "https://example.org/a"} | fields
        path = self.content / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (f"{field}: {value}\n" for field, value in values.items())
        path.write_text(f"---\n{''.join(lines)}---\n", "utf-8")
        return path

    def read(self, **more: Any) -> list[Article | Problem]:
        options: dict[str, Any] = {"clock": later, "processes": 1} | more
        return list(read_articles(self.content, index=self.index, **options))

    def titles(self, **more: Any) -> list[str]:
        return [each.title for each in self.read(**more) if isinstance(each, Article)]

    def change_kept(self, statement: str) -> None:
        """
        Meddle with the index: what it then says shows whether a file was read again.
        """
        database = sqlite3.connect(self.index)
        with database:
            database.execute(statement)
        database.close()

    def mark_kept(self) -> None:
        self.change_kept("UPDATE articles SET text = replace(text, '\"Hello\"', '\"Kept\"')")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def as_ever(site: Site) -> list[Article | Problem]:
    return list(read_articles(site.content))


def test_what_is_read_is_the_same_in_the_same_order_with_and_without_an_index(site: Site) -> None:
    for name in ("b.md", "a.markdown", "a.md", "news/c.md", "news-old/d.md", "news/x/e.md"):
        site.write(name)
    site.write("bad.md", heat="warm")
    site.write("control.md", title="One\x07")
    os.link(os.fsencode(site.content / "b.md"), os.fsencode(site.content) + b"/b\xff.md")
    (site.content / "dangling.md").symlink_to("gone.md")
    (site.content / "z.md").symlink_to("b.md")

    expected = as_ever(site)

    assert len(expected) == 12
    assert site.read() == expected
    assert site.read() == expected


def test_a_file_that_has_not_changed_is_not_read_again(site: Site) -> None:
    site.write("a.md")
    site.read()
    site.mark_kept()

    assert site.titles() == ["Kept"]


def replace_content(site: Site, path: Path) -> None:
    """
    Another file of the same size and modification time, moved into the place of the first one.
    """
    times = path.stat()
    new = site.content / "new"
    new.write_bytes(path.read_bytes().replace(b"Hello", b"Other"))
    os.utime(new, ns=(times.st_atime_ns, times.st_mtime_ns))
    new.replace(path)


def edit_in_place(site: Site, path: Path) -> None:
    """
    Same inode, same size, same modification time.
    """
    times = path.stat()
    path.write_bytes(path.read_bytes().replace(b"Hello", b"Other"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def turn_its_clock_back(site: Site, path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"Hello", b"Other"))
    os.utime(path, (0, 0))


def replace_by_a_link(site: Site, path: Path) -> None:
    path.rename(site.content / "aside")
    (site.content / "elsewhere").write_bytes(
        (site.content / "aside").read_bytes().replace(b"Hello", b"Other")
    )
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    "change", [replace_content, edit_in_place, turn_its_clock_back, replace_by_a_link]
)
def test_a_change_shows_however_it_was_made(
    site: Site, change: Callable[[Site, Path], None]
) -> None:
    path = site.write("a.md")
    assert site.titles() == ["Hello"]
    time.sleep(0.02)  # The times of files come in steps; see the next test.

    change(site, path)

    assert site.titles() == ["Other"]
    assert site.titles() == ["Other"]


def test_a_change_within_one_step_of_the_clock_shows(site: Site) -> None:
    for number in range(200):
        title = f"T{number:03}"
        site.write("a.md", title=title)

        assert site.titles(clock=time.time_ns) == [title]


def test_what_a_link_leads_to_may_change(site: Site) -> None:
    target = site.write("a.md").rename(site.content / "target")
    (site.content / "a.md").symlink_to("target")
    assert site.titles() == ["Hello"]

    target.write_bytes(target.read_bytes().replace(b"Hello", b"Other"))

    assert site.titles() == ["Other"]


def test_a_renamed_file_has_its_new_slug_and_no_old_one(site: Site) -> None:
    path = site.write("a.md")
    site.read()

    (site.content / "sub").mkdir()
    path.rename(site.content / "sub" / "b.md")

    assert [each.slug for each in site.read() if isinstance(each, Article)] == ["sub/b"]
    assert site.read() == as_ever(site)


def test_nothing_is_kept_of_a_file_that_is_gone(site: Site) -> None:
    site.write("a.md")
    site.write("sub/b.md", title="Secret plans")
    site.write("sub/c.md", heat="plans")
    site.read()

    for path in (site.content / "sub").iterdir():
        path.unlink()
    (site.content / "sub").rmdir()

    assert site.titles() == ["Hello"]
    database = sqlite3.connect(site.index)
    assert database.execute("SELECT name FROM files").fetchall() == [("a.md",)]
    assert database.execute("SELECT count(*) FROM articles").fetchone() == (1,)
    database.close()


def test_the_second_file_of_a_slug_comes_into_its_own_when_the_first_goes(site: Site) -> None:
    first = site.write("a.markdown", title="First")
    site.write("a.md", title="Second")
    assert site.read() == as_ever(site)

    first.unlink()

    assert site.titles() == ["Second"]


def test_a_file_that_could_not_be_read_is_tried_again(site: Site) -> None:
    target = site.content / "target"
    (site.content / "a.md").symlink_to("target")
    (problem,) = site.read()
    assert isinstance(problem, Problem)

    site.write("b.md").rename(target)

    assert site.titles() == ["Hello"]


def test_problems_come_again_without_reading(site: Site) -> None:
    site.write("a.md", heat="warm")
    site.write("b.md", title="One\x07")
    expected = as_ever(site)
    site.read()

    assert site.read() == expected
    assert site.read(window=Window(start=NOVEMBER.end, end=NOVEMBER.end)) == [
        each for each in expected if isinstance(each, Problem)
    ]


@pytest.mark.parametrize("with_index", [True, False])
def test_a_window_is_half_open_and_others_come_by_their_slugs(
    site: Site, *, with_index: bool
) -> None:
    dates = ("2026-10-31T23:59:59.999999Z", "2026-11-01", "2026-11-30T23:59:59.999999Z")
    for name, date in zip("abc", dates, strict=True):
        site.write(f"{name}.md", date=date, title=name)
    site.write("d.md", date="2026-12-01", title="d")
    site.write("sub/e.md", date="2020-01-01", title="e")
    site.write("sub/f.md", date="2020-01-01", title="f")

    for _ in range(2):
        more: dict[str, Any] = {"index": site.index, "clock": later} if with_index else {}
        found = read_articles(site.content, window=NOVEMBER, also=["sub/e", "no/such"], **more)

        assert [each.title for each in found if isinstance(each, Article)] == ["b", "c", "e"]


def test_an_index_serves_several_folders_without_confusing_them(site: Site) -> None:
    site.write("a.md", title="One")
    site.write("sub/a.md", title="Two")
    assert site.titles() == ["One", "Two"]

    below = read_articles(site.content / "sub", index=site.index, clock=later)

    assert [each.slug for each in below if isinstance(each, Article)] == ["a"]
    assert site.titles() == ["One", "Two"]


def test_only_its_owner_reads_the_index(site: Site) -> None:
    site.write("a.md")

    site.read()
    site.index.chmod(0o644)
    site.read()

    assert stat.S_IMODE(site.index.stat().st_mode) == 0o600


def test_secured_is_not_in_the_index(site: Site) -> None:
    site.write("a.md", secured=SECRET)
    site.write("b.md", secured=SECRET, heat="warm")
    site.write("c.md", secured=f"*{SECRET}")

    site.read()

    assert SECRET.encode() not in site.index.read_bytes()


def test_an_index_of_another_version_is_made_anew_without_a_word(site: Site) -> None:
    site.write("a.md")
    site.read()
    site.mark_kept()
    site.change_kept("PRAGMA user_version = 1")

    assert site.read() == as_ever(site)
    site.mark_kept()
    assert site.titles() == ["Kept"]


def test_what_another_version_keeps_is_not_taken_for_what_was_known(site: Site) -> None:
    with closing(Index(site.index)) as index:
        index.keep([("", name, "stamp", Record(1, name)) for name in ("a.md", "b.md")])
        known = index.files("")
        site.change_kept("PRAGMA user_version = 1")

        with closing(Index(site.index)) as another:
            another.keep([("", name, "stamp", Record(1, name)) for name in ("b.md", "a.md")])

        assert {index.text(each) for each in known.values()} == {""}


def truncated(index: Path) -> None:
    os.truncate(index, index.stat().st_size // 2)


def garbage(index: Path) -> None:
    index.write_bytes(b"garbage " * 1_000)


def garbage_inside(index: Path) -> None:
    data = bytearray(index.read_bytes())
    data[4_096:] = b"\xa5" * len(data[4_096:])
    index.write_bytes(data)


def without_tables(index: Path) -> None:
    database = sqlite3.connect(index)
    database.execute("DROP TABLE files")
    database.close()


def no_text(index: Path) -> None:
    index.write_bytes(index.read_bytes().replace(b"2026-11-20", b"2026-11-\xff0"))


@pytest.mark.parametrize("damage", [truncated, garbage, garbage_inside, without_tables, no_text])
def test_a_damaged_index_is_made_anew_and_that_is_said(
    site: Site, damage: Callable[[Path], None]
) -> None:
    for number in range(20):
        site.write(f"{number}.md")
    site.read()

    damage(site.index)
    warning, *found = site.read()

    assert isinstance(warning, Problem)
    assert (warning.file, warning.level) == (str(site.index), "warning")
    assert "was damaged" in warning.message
    assert "check the disk" in warning.message
    assert found == as_ever(site)
    assert site.read() == found


def test_an_article_that_is_damaged_in_the_index_is_read_again(site: Site) -> None:
    site.write("a.md")
    site.read()
    for text in ("", "[]", "[1, 2", "null", '{"a": 1}'):
        site.change_kept(f"UPDATE articles SET text = '{text}'")  # noqa: S608

        assert site.read() == as_ever(site)
    site.mark_kept()
    assert site.titles() == ["Kept"]


def in_a_file(site: Site) -> None:
    site.index.parent.write_text("")


def a_folder(site: Site) -> None:
    site.index.mkdir(parents=True)


def a_pipe(site: Site) -> None:
    site.index.parent.mkdir()
    os.mkfifo(site.index)


def of_another_program(site: Site) -> None:
    site.index.parent.mkdir()
    site.change_kept("CREATE TABLE precious (thing)")


@pytest.mark.parametrize("spoil", [in_a_file, a_folder, a_pipe, of_another_program])
def test_where_no_index_can_be_the_files_are_read_and_that_is_said(
    site: Site, spoil: Callable[[Site], None]
) -> None:
    site.write("a.md")
    spoil(site)

    for _ in range(2):
        warning, *found = site.read()

        assert isinstance(warning, Problem)
        assert (warning.file, warning.level) == (str(site.index), "warning")
        assert "cannot be used (" in warning.message
        assert "remove it" in warning.message
        assert found == as_ever(site)


def test_another_programs_database_is_left_alone(site: Site) -> None:
    of_another_program(site)
    before = site.index.read_bytes()

    site.read()

    assert site.index.read_bytes() == before


def test_a_full_disk_does_not_stop_the_reading(site: Site) -> None:
    site.write("a.md")
    site.read()
    site.write("b.md")
    site.change_kept(
        "CREATE TRIGGER full BEFORE INSERT ON files BEGIN SELECT raise(ABORT, 'disk full'); END"
    )

    warning, *found = site.read()

    assert isinstance(warning, Problem)
    assert "cannot be used (disk full)" in warning.message
    assert found == as_ever(site)


def test_nobody_looks_at_what_is_kept_of_each_file_while_its_folder_is_sealed(site: Site) -> None:
    site.write("a.md")
    site.write("sub/b.md")
    site.read()
    site.mark_kept()

    site.change_kept("UPDATE files SET stamp = 'another'")

    assert site.titles() == ["Kept", "Kept"]


def test_a_change_breaks_the_seal_of_its_folder_alone(site: Site) -> None:
    site.write("a.md")
    site.write("sub/b.md")
    site.read()
    site.mark_kept()

    site.write("sub/c.md", title="New")

    assert site.titles() == ["Kept", "Kept", "New"]
    site.change_kept("UPDATE files SET stamp = 'another' WHERE name = 'b.md'")
    assert site.titles() == ["Kept", "Kept", "New"]


@pytest.mark.parametrize("seconds", [0, -1_000_000_000])
def test_a_file_as_old_as_can_be_is_kept_like_any_other(site: Site, seconds: int) -> None:
    os.utime(site.write("a.md"), (seconds, seconds))
    site.read()
    site.mark_kept()

    site.change_kept("UPDATE files SET stamp = 'another'")

    assert site.titles() == ["Kept"]


def test_a_folder_with_a_file_that_may_still_change_has_no_seal(site: Site) -> None:
    site.write("a.md")

    site.read(clock=time.time_ns)

    database = sqlite3.connect(site.index)
    assert database.execute("SELECT count(*) FROM seals").fetchone() == (0,)
    database.close()


def test_a_seal_is_for_the_files_that_are_kept_and_no_others(site: Site) -> None:
    """
    Another run may have kept what it found, between our look at a folder and its seal.
    """
    record = to_record([an_article()])
    index = Index(site.content / "index")

    index.keep([("folder", "a.md", "1", record)])
    index.seal("folder", {"a.md": "2"}, b"seal")
    assert index.seal_of("folder") is None

    index.seal("folder", {"a.md": "1"}, b"seal")
    assert index.seal_of("folder") == b"seal"

    index.keep([("folder", "b.md", "1", record)])
    assert index.seal_of("folder") is None
    index.seal("folder", {"a.md": "1", "b.md": "1"}, b"seal")
    index.forget([("folder", "b.md")])
    assert index.seal_of("folder") is None
    index.close()


READ = """
import sys, time
from pathlib import Path
from digest.reader import read_articles
content, index = map(Path, sys.argv[1:])
found = list(read_articles(content, index=index, clock=lambda: time.time_ns() + 6 * 10**10))
print(len(found), len({each.slug for each in found}))
"""


def test_two_runs_at_once_both_read_everything(site: Site) -> None:
    for number in range(500):
        site.write(f"{number % 7}/{number}.md", title=f"Title {number}")
    command = [sys.executable, "-c", READ, str(site.content), str(site.index)]

    runs = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]

    assert [run.communicate()[0] for run in runs] == ["500 500\n"] * 3
    assert site.read() == as_ever(site)
    database = sqlite3.connect(site.index)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert database.execute("SELECT count(*) FROM articles").fetchone() == (500,)
    database.close()


def test_many_files_are_read_by_several_processes_with_the_same_result(site: Site) -> None:
    for number in range(parallel.ENOUGH):
        site.write(f"{number % 3}/{number}.md", heat="warm" if number % 10 == 0 else "1")

    found = site.read(processes=2)

    assert found == as_ever(site)
    assert site.read() == found


def test_without_other_processes_this_one_reads(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(parallel.ENOUGH):
        site.write(f"{number}.md")
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")

    assert len(site.titles(processes=2)) == parallel.ENOUGH


def test_the_work_of_processes_that_die_is_done_by_this_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(parallel.ENOUGH):
        site.write(f"{number}.md")
    monkeypatch.setattr(sys, "executable", "/bin/false")

    assert len(site.titles(processes=2)) == parallel.ENOUGH


TEXTS = st.text(max_size=20)
SIZES = st.none() | st.integers(1, 10**9)
IMAGES = st.lists(st.builds(Image, url=TEXTS, width=SIZES, height=SIZES), max_size=2).map(tuple)
PROVIDERS = st.builds(Provider, name=TEXTS, domain=TEXTS, images=IMAGES)
RELATED = st.builds(Related, title=TEXTS, url=TEXTS, provider=PROVIDERS, images=IMAGES)
ARTICLES = st.builds(
    Article,
    slug=TEXTS,
    title=TEXTS,
    excerpt=TEXTS,
    url=TEXTS,
    published_at=st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0)),
    heat=st.integers(-(10**9), 10**9),
    quality=st.integers(-(10**9), 10**9),
    topics=st.lists(TEXTS, max_size=3).map(tuple),
    provider=PROVIDERS,
    kind=st.sampled_from(["article", "video"]),
    published=st.booleans(),
    removed=st.booleans(),
    images=IMAGES,
    related=st.lists(RELATED, max_size=2).map(tuple),
)


@settings(max_examples=100)
@given(ARTICLES)
def test_every_article_comes_back_as_it_was(article: Article) -> None:
    text = to_text(article)

    assert repr(to_article(text)) == repr(article)
    assert text.isascii()
    assert not set(text) & {"\n", "\t"}


def test_no_field_of_an_article_is_left_out_of_the_property() -> None:
    given_fields = {name for name in Article.__dataclass_fields__ if name in repr(ARTICLES)}

    assert given_fields == Article.__dataclass_fields__.keys()


@given(st.datetimes(timezones=st.timezones()), st.integers(-2, 2))
def test_a_moment_is_in_a_window_by_its_number_as_by_itself(
    start: datetime, microseconds: int
) -> None:
    start = min(max(start, datetime(1000, 1, 1, tzinfo=UTC)), datetime(9000, 1, 1, tzinfo=UTC))
    window = Window(start=start, end=start + timedelta(microseconds=1))
    article = an_article(published_at=start.astimezone(UTC) + timedelta(microseconds=microseconds))

    taken = Wanted(window, ()).takes(to_record([article]).published, article.slug)

    assert taken == (article.published_at in window)


def test_problems_come_back_as_they_were() -> None:
    problems = [
        Problem(file="a.md", line=3, message='"\n\udcff'),
        Problem(file="a.md", level="warning", message="x"),
    ]

    assert list(to_problems(to_record(problems).problems, "a.md")) == problems


SCALARS = ["a", "title", "1", "~", "yes", "=", "<<", "0x1f", ".5", "1:30", "1e3", ".inf", "0o7"]
DATES = ["2026-11-23", "2020-13-45", "2026-11-23T07:00:00Z"]
SIGNS = ["- ", ": ", "\n", "\n  ", "? ", "[", "]", "{", "}", ", ", "'", '"', "| ", "# ", "\t", "\\"]
ODD = ["!!str ", "!!str [a]", "&a ", "*a", "!x ", "--- ", "...\n", "%"]
PIECES = st.sampled_from([*SCALARS, *DATES, *SIGNS, *ODD])


def value_or_refusal(load: Callable[[str], Any], text: str) -> str:
    try:
        return repr(load(text))
    except ArticleError:
        return "no article"
    except (yaml.YAMLError, ValueError, OverflowError, TypeError):
        return "refused"


@settings(max_examples=1_000)
@given(st.lists(PIECES, max_size=16).map("".join))
@example("&a : &a ")
def test_values_built_from_events_are_those_that_the_loader_would_make(text: str) -> None:
    built = value_or_refusal(lambda text: load_values(text, YAML.load), text)

    assert built in {value_or_refusal(YAML.load, text), "no article"}
