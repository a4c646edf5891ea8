"""
What the cache forgets, and what it never does.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from digest.errors import CacheError
from digest.model import LEAD, THUMBNAIL
from digest.pictures import FolderCache, WorkerPool
from digest.pictures.sweeping import Swept, sweep

from .factories import MONDAY, a_page, a_store, an_edition, an_issue
from .photos import a_photo, files_of

DAY = timedelta(days=1)


@pytest.fixture
def cache(tmp_path: Path, workers: WorkerPool) -> FolderCache:
    return FolderCache(tmp_path / "cache", workers)


def kept(cache: FolderCache, *ages: int) -> list[str]:
    """
    The names of pictures that were used so many days before Monday.
    """
    names = []
    for place, age in enumerate(ages):
        picture = cache.put(f"source-{place}", a_photo(left=(place * 50, 0, 0)), THUMBNAIL)
        set_age(cache.path_of(picture.name), age)
        names.append(picture.name)
    return names


def set_age(path: Path, days: float) -> None:
    moment = (MONDAY - days * DAY).timestamp()
    os.utime(path, (moment, moment))


def swept(
    cache: FolderCache,
    *,
    keep: frozenset[str] = frozenset(),
    max_bytes: int = 0,
    now: datetime = MONDAY,
    dry_run: bool = False,
) -> Swept:
    return sweep(cache.folder, keep=keep, now=now, max_bytes=max_bytes, dry_run=dry_run)


def test_a_cache_that_is_small_enough_forgets_nothing(cache: FolderCache) -> None:
    kept(cache, 10, 1000)
    before = files_of(cache.folder)

    done = swept(cache, max_bytes=1 << 30)

    assert (done.pictures, done.removed, done.notes) == (2, (), 0)
    assert files_of(cache.folder) == before


def test_what_was_not_used_for_longest_goes_first(cache: FolderCache) -> None:
    old, older, oldest, new = kept(cache, 20, 30, 40, 1)
    size = cache.path_of(old).stat().st_size

    done = swept(cache, max_bytes=2 * size + size // 2)

    assert done.removed == (oldest, older)
    assert done.bytes - done.removed_bytes <= 2 * size + size // 2
    assert cache.missing([old, new]) == []


def test_what_a_letter_shows_stays_however_old_and_large(cache: FolderCache) -> None:
    shown, other = kept(cache, 900, 800)

    done = swept(cache, keep=frozenset({shown}))

    assert (done.removed, done.in_issues) == ((other,), 1)
    assert cache.missing([shown, other]) == [other]


def test_what_was_used_lately_stays(cache: FolderCache) -> None:
    lately, before = kept(cache, 6, 8)

    assert swept(cache).removed == (before,)
    assert cache.missing([lately]) == []


def test_looking_a_picture_up_is_using_it(cache: FolderCache, workers: WorkerPool) -> None:
    (name,) = kept(cache, 500)

    FolderCache(cache.folder, workers).get("source-0", THUMBNAIL)

    assert cache.path_of(name).stat().st_mtime > MONDAY.timestamp() - 400 * DAY.total_seconds()


def test_a_dry_run_only_says_what_would_go(cache: FolderCache) -> None:
    kept(cache, 20, 30)
    before = files_of(cache.folder)

    would = swept(cache, dry_run=True)

    assert len(would.removed) == 2
    assert files_of(cache.folder) == before
    assert swept(cache) == would
    assert files_of(cache.folder) == set()


def test_notes_of_what_went_go_too(cache: FolderCache) -> None:
    kept(cache, 20, 1)

    assert swept(cache).notes == 1
    assert cache.get("source-0", THUMBNAIL) is None
    assert cache.get("source-1", THUMBNAIL)


def test_notes_of_other_versions_and_damaged_ones_go(cache: FolderCache) -> None:
    kept(cache, 1)
    (cache.folder / "sources" / "1").mkdir()
    for name in ("abc.json", "1/abc.json", "2/abc.json"):
        (cache.folder / "sources" / name).write_text("{}")

    assert swept(cache).notes == 3
    assert cache.get("source-0", THUMBNAIL)


def test_leftovers_of_runs_that_were_killed_go_after_an_hour(cache: FolderCache) -> None:
    kept(cache, 1)
    folder = next(cache.folder.glob("??"))
    for name, hours in (("old", 2), ("new", 0.5)):
        (folder / f".tmp-{name}").write_bytes(b"half")
        set_age(folder / f".tmp-{name}", hours / 24)

    assert swept(cache).leftovers == 1
    assert files_of(folder) & {".tmp-old", ".tmp-new"} == {".tmp-new"}


def test_files_of_other_people_are_left_alone(cache: FolderCache) -> None:
    kept(cache, 1)
    strange = [cache.folder / "README.txt", cache.folder / "ab" / "notes.jpg"]
    for path in strange:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
        set_age(path, 900)

    swept(cache)

    assert all(path.exists() for path in strange)


def test_no_cache_is_nothing_to_do(tmp_path: Path) -> None:
    done = sweep(tmp_path / "none", keep=frozenset(), now=MONDAY, max_bytes=0)

    assert (done.pictures, done.removed) == (0, ())


def test_a_folder_that_cannot_be_changed_is_an_error_that_names_it(cache: FolderCache) -> None:
    kept(cache, 20)
    next((cache.folder / "sources").iterdir()).joinpath("x.json").mkdir()

    with pytest.raises(CacheError, match=f"the picture cache {cache.folder} cannot be swept: Is a"):
        swept(cache)


def test_the_store_knows_what_issues_of_the_last_time_show(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    for days, names in ((800, ("aa/old.jpg",)), (10, ("bb/new.jpg", "cc/new.jpg")), (0, ())):
        then = MONDAY - days * DAY
        issue = an_issue(id=f"weekly/{days}", due_at=then, made_at=then)
        store.issues.freeze(issue, [(an_edition(), a_page(pictures=names))], [])

    found = store.issues.pictures(since=MONDAY - 730 * DAY)

    assert found == {"bb/new.jpg", "cc/new.jpg"}
    store.close()


def test_both_slots_of_a_source_are_kept_apart(cache: FolderCache) -> None:
    lead = cache.put("source", a_photo(1600, 900), LEAD)
    thumbnail = cache.put("source", a_photo(1600, 900), THUMBNAIL)
    set_age(cache.path_of(thumbnail.name), 20)

    assert swept(cache, keep=frozenset({lead.name})).removed == (thumbnail.name,)
    assert cache.get("source", LEAD) == lead
