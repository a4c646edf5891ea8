"""
Workers: what kills one of them costs one picture, and nothing of ours is within their reach.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from digest.errors import PictureError
from digest.model import LEAD, THUMBNAIL, PictureLimits
from digest.pictures.pool import WorkerPool
from digest.pictures.wire import picture_of, read_frame, write_frame

from .photos import a_photo, encoded
from .program import environment


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(PictureLimits(workers=1))
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def huge() -> bytes:
    """
    49 megapixels in a few bytes: some seconds' work.
    """
    return encoded(Image.new("RGBA", (7000, 7000), (9, 99, 200, 60)), compress_level=1)


def children() -> set[int]:
    """
    The processes that were started by this one, all threads of it.
    """
    tasks = Path("/proc/self/task").glob("*/children")
    return {int(each) for task in tasks for each in task.read_text().split()}


def started(before: set[int]) -> int:
    """
    The worker that was started since, as soon as it is there.
    """
    for _ in range(500):
        if new := children() - before:
            return new.pop()
        time.sleep(0.01)
    pytest.fail("no worker was started")


@pytest.mark.parametrize("fatal", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGKILL])
def test_a_decoder_that_is_killed_takes_down_one_picture(
    pool: WorkerPool, huge: bytes, fatal: signal.Signals
) -> None:
    before = children()
    with ThreadPoolExecutor(1) as thread:
        lost = thread.submit(pool.cut, huge, THUMBNAIL)
        os.kill(started(before), fatal)
        with pytest.raises(PictureError, match=rf"its decoder crashed \({fatal.name}\)"):
            lost.result()

    assert pool.cut(a_photo(), THUMBNAIL).suffix == "jpg"


def test_the_others_are_decoded_while_one_is_killed(huge: bytes) -> None:
    pool = WorkerPool(PictureLimits(workers=2))
    before = children()
    with ThreadPoolExecutor(4) as threads:
        lost = threads.submit(pool.cut, huge, THUMBNAIL)
        victim = started(before)
        others = [threads.submit(pool.cut, a_photo(), THUMBNAIL) for _ in range(20)]
        os.kill(victim, signal.SIGSEGV)
        with pytest.raises(PictureError, match="crashed"):
            lost.result()
        assert {each.result().width for each in others} == {240}
    pool.close()


def test_a_picture_may_keep_us_waiting_only_so_long(huge: bytes) -> None:
    pool = WorkerPool(PictureLimits(workers=1, seconds=0))

    with pytest.raises(PictureError, match="takes longer than 0 s to decode"):
        pool.cut(huge, THUMBNAIL)

    pool.close()


def test_whoever_has_no_time_is_not_kept_waiting_by_a_picture(
    pool: WorkerPool, huge: bytes
) -> None:
    pool.cut(a_photo(), THUMBNAIL)
    began = time.monotonic()

    with pytest.raises(TimeoutError):
        pool.cut(huge, THUMBNAIL, seconds=0.3)

    assert pool.draw("AB", "#5b4b8a", THUMBNAIL).width == 240
    assert time.monotonic() - began < 3


def test_whoever_has_no_time_is_not_kept_waiting_by_others(pool: WorkerPool, huge: bytes) -> None:
    before = children()
    with ThreadPoolExecutor(1) as thread:
        other = thread.submit(pool.cut, huge, THUMBNAIL, seconds=2)
        started(before)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            pool.cut(a_photo(), THUMBNAIL, seconds=0.1)
        assert time.monotonic() - began < 1
        other.exception()


def test_a_picture_may_take_only_so_much_of_a_processor() -> None:
    program = "from digest.pictures.worker import allow_seconds; allow_seconds(1)\nwhile True: pass"

    ended = subprocess.run([sys.executable, "-c", program], env=environment(), check=False)

    assert ended.returncode == -signal.SIGXCPU


def test_the_time_is_counted_for_each_picture() -> None:
    """
    Together they take longer than one may.
    """
    pool = WorkerPool(PictureLimits(workers=1, seconds=1))
    photo = encoded(Image.new("RGB", (4200, 2800), "red"), compress_level=1)

    pictures = [pool.cut(photo, LEAD) for _ in range(14)]

    assert {each.width for each in pictures} == {LEAD.width}
    pool.close()


def test_a_picture_may_take_only_so_much_memory(huge: bytes) -> None:
    pool = WorkerPool(PictureLimits(workers=1, memory=256 << 20))

    with pytest.raises(PictureError, match="takes more memory than a picture may"):
        pool.cut(huge, THUMBNAIL)
    assert pool.cut(a_photo(), THUMBNAIL).width == 240

    pool.close()


def test_a_worker_writes_no_files_and_knows_nothing_of_us(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_SMTP_PASSWORD", "hunter2")
    before = children()
    pool.cut(a_photo(), THUMBNAIL)
    (worker,) = children() - before

    limits = Path(f"/proc/{worker}/limits").read_text()
    environment = Path(f"/proc/{worker}/environ").read_bytes()

    assert b"hunter2" not in environment
    rows = {line[:25].strip(): line[25:].split()[0] for line in limits.splitlines()}
    assert rows["Max file size"] == rows["Max core file size"] == "0"
    assert rows["Max open files"] == "32"
    assert rows["Max address space"] == str(1 << 30)


def test_workers_wait_until_they_are_needed_and_end_when_the_pool_does() -> None:
    before = children()
    pool = WorkerPool(PictureLimits(workers=2))
    assert children() == before

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: pool.cut(a_photo(), THUMBNAIL), range(40)))
    assert 1 <= len(children() - before) <= 2

    pool.close()
    assert children() == before


def test_a_pool_that_nobody_closes_ends_with_its_owner() -> None:
    before = children()
    pool = WorkerPool(PictureLimits(workers=1))
    pool.cut(a_photo(), THUMBNAIL)
    assert children() != before

    del pool

    assert children() == before


def test_a_file_that_is_too_large_never_reaches_a_worker() -> None:
    before = children()
    pool = WorkerPool(PictureLimits(max_bytes=100))

    with pytest.raises(PictureError, match="larger than 100 bytes"):
        pool.cut(a_photo(), THUMBNAIL)

    assert children() == before


GOOD = {"suffix": "jpg", "width": 240, "height": 160, "colour": "#c80000"}
JPEG = b"\xff\xd8\xff..."


def test_an_answer_that_is_a_picture_is_one() -> None:
    assert asdict(picture_of(GOOD, JPEG, THUMBNAIL)) == {"data": JPEG, **GOOD}


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        ({}, JPEG),
        (GOOD, b"<script>"),
        (GOOD | {"suffix": "png"}, JPEG),
        (GOOD | {"suffix": "html"}, b"<script>"),
        (GOOD | {"suffix": None}, JPEG),
        (GOOD | {"width": 241}, JPEG),
        (GOOD | {"height": 0}, JPEG),
        (GOOD | {"height": -1}, JPEG),
        (GOOD | {"width": "240"}, JPEG),
        (GOOD | {"width": True}, JPEG),
        (GOOD | {"colour": '"><script>'}, JPEG),
        (GOOD | {"colour": 5}, JPEG),
        (GOOD | {"more": 5}, JPEG),
        (GOOD | {"data": "x"}, JPEG),
    ],
)
def test_an_answer_that_is_no_picture_of_ours_is_refused(
    fields: dict[str, object], data: bytes
) -> None:
    with pytest.raises(PictureError, match="its decoder answered with something else"):
        picture_of(fields, data, THUMBNAIL)


def test_what_a_worker_complains_of_is_one_short_line() -> None:
    with pytest.raises(PictureError) as caught:
        picture_of({"error": "a\nb\x1b[31m" + "c" * 5000}, b"", THUMBNAIL)

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) <= 200


@given(data=st.binary(max_size=200))
@example(data=b'{"bytes": 1}\n')
@example(data=b'{"bytes": -1}\nx')
@example(data=b'{"bytes": 1e3}\nx')
@example(data=b"[]\n")
@example(data=b"{" * 9_000 + b"\n")
def test_a_frame_is_whole_or_an_error(data: bytes) -> None:
    try:
        _, payload = read_frame(BytesIO(data), 100)
    except (EOFError, ValueError):
        return

    assert len(payload) <= 100


def test_frames_come_out_as_they_went_in() -> None:
    stream = BytesIO()
    write_frame(stream, {"x": "é\n"}, b"\n\0data")
    write_frame(stream, {})
    stream.seek(0)

    assert read_frame(stream, 10) == ({"x": "é\n"}, b"\n\0data")
    assert read_frame(stream, 10) == ({}, b"")
    with pytest.raises(EOFError):
        read_frame(stream, 10)


def test_a_run_that_is_interrupted_leaves_no_worker_behind(pool: WorkerPool) -> None:
    """
    The terminal interrupts workers, too; they go on until they are told to end.
    """
    before = children()
    pool.cut(a_photo(), THUMBNAIL)
    (worker,) = children() - before

    os.kill(worker, signal.SIGINT)
    os.kill(worker, signal.SIGTERM)

    assert pool.cut(a_photo(), THUMBNAIL).width == 240
    assert children() - before == {worker}
