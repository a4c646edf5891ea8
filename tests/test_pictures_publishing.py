"""
A folder for a web server: whole files, none twice, whoever publishes at the same time.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from digest.errors import PublishError
from digest.model import THUMBNAIL
from digest.pictures import FolderCache, WorkerPool
from digest.pictures.publishing import FolderHost, read_sound

from .photos import a_photo, files_of


@pytest.fixture
def files(tmp_path: Path, workers: WorkerPool) -> dict[str, Path]:
    """
    Some pictures of a cache.
    """
    cache = FolderCache(tmp_path / "cache", workers)
    photos = [a_photo(left=(place * 50, 0, 0)) for place in range(5)]
    names = [cache.put(f"{len(each)}", each, THUMBNAIL).name for each in photos]
    return {name: cache.path_of(name) for name in names}


def test_a_picture_keeps_its_name_and_bytes(tmp_path: Path, files: dict[str, Path]) -> None:
    assert FolderHost(tmp_path / "public").publish(files) == 5

    for name, path in files.items():
        published = tmp_path / "public" / name
        assert published.read_bytes() == path.read_bytes()
        assert published.stat().st_mode & 0o777 == 0o644


def test_what_is_there_is_not_written_again(tmp_path: Path, files: dict[str, Path]) -> None:
    host = FolderHost(tmp_path / "public")
    host.publish(files)
    times = {name: (tmp_path / "public" / name).stat().st_mtime_ns for name in files}

    assert host.publish(files) == 0
    assert times == {name: (tmp_path / "public" / name).stat().st_mtime_ns for name in files}


def test_what_is_damaged_is_written_again(tmp_path: Path, files: dict[str, Path]) -> None:
    host = FolderHost(tmp_path / "public")
    host.publish(files)
    name, path = next(iter(files.items()))
    (tmp_path / "public" / name).write_bytes(b"half")

    assert host.publish(files) == 1
    assert (tmp_path / "public" / name).read_bytes() == path.read_bytes()


def test_many_at_once_leave_one_copy_of_each_and_nothing_else(
    tmp_path: Path, files: dict[str, Path]
) -> None:
    host = FolderHost(tmp_path / "public")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: host.publish(files), range(24)))

    assert files_of(tmp_path / "public") == {path.name for path in files.values()}


def test_what_is_published_may_be_gone_from_the_cache(
    tmp_path: Path, files: dict[str, Path]
) -> None:
    host = FolderHost(tmp_path / "public")
    host.publish(files)
    for path in files.values():
        path.unlink()

    assert host.publish(files) == 0


def test_what_is_nowhere_is_named_and_the_rest_is_published(
    tmp_path: Path, files: dict[str, Path]
) -> None:
    gone, *others = files
    files[gone].unlink()

    with pytest.raises(PublishError, match=f"the picture {files[gone]} is gone or damaged"):
        FolderHost(tmp_path / "public").publish(files)

    assert all((tmp_path / "public" / name).is_file() for name in others)


def test_a_picture_that_comes_and_goes_is_read_or_an_error_that_names_it(
    files: dict[str, Path],
) -> None:
    path = next(iter(files.values()))
    data, found = path.read_bytes(), Counter[str]()

    with ThreadPoolExecutor() as pool:
        moving = pool.submit(come_and_go, path)
        while not moving.done():
            try:
                assert read_sound(path) == data
            except PublishError:
                found["gone"] += 1
            else:
                found["there"] += 1
        moving.result()

    assert found["gone"]
    assert found["there"]


def come_and_go(path: Path) -> None:
    for _ in range(5_000):
        path.rename(path.with_suffix(".away"))
        path.with_suffix(".away").rename(path)
