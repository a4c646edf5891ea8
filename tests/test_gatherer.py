"""
Pictures are fetched once, kept for a while, and never waited for too long.
"""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from io import BufferedIOBase
from pathlib import Path
from threading import Lock

import pytest
from PIL import Image

from digest.errors import CacheError
from digest.fetching import FetchLimits
from digest.fetching.client import Client
from digest.gatherer import FolderNotes, Gathered, Gatherer, Note
from digest.guard import Guard, parse_net
from digest.model import LEAD, LOGO, THUMBNAIL, PictureLimits, Slot, Sought
from digest.pictures import FolderCache, WorkerPool

from .factories import MONDAY
from .photos import a_photo, encoded, png_header
from .webd import Asked, Web, http, web_server

LOOPBACK = Guard(nets=(parse_net("127.0.0.0/8"),))
LIMITS = FetchLimits(seconds=2, connect_seconds=1, read_seconds=1)
PHOTO = a_photo()
BANNER = a_photo(1000, 100)


class Desk:
    """
    A gatherer with a cache, a clock to turn, and names that all lead to loopback.
    """

    def __init__(self, folder: Path, workers: WorkerPool) -> None:
        self.now = MONDAY
        self.cache = FolderCache(folder, workers)
        self.notes = FolderNotes(folder / "fetched")
        self.away: set[str] = set()
        self.guard, self.limits = LOOPBACK, LIMITS
        self.gatherer = Gatherer(
            cache=self.cache,
            notes=self.notes,
            client=lambda: Client(
                self.guard, self.limits, agent="digest-tests", resolve=self._resolve
            ),
            limits=LIMITS,
            rules="1",
            clock=lambda: self.now,
        )

    async def _resolve(self, host: str, port: int) -> Sequence[str]:
        return [] if host in self.away else ["127.0.0.1"]

    def gather(self, *articles: Sequence[Sought], **changes: object) -> Gathered:
        gatherer = replace(self.gatherer, limits=self.limits, **changes)  # type: ignore[arg-type]
        return gatherer.gather(articles)

    def fetch(self, url: str, slot: Slot = THUMBNAIL, **changes: object) -> Gathered:
        """
        The picture of one article.
        """
        return self.gather([Sought(source=url, slot=slot)], **changes)

    def note(self, url: str) -> Note:
        note = self.notes.read(url)
        assert note
        return note


@pytest.fixture
def desk(tmp_path: Path, workers: WorkerPool) -> Desk:
    return Desk(tmp_path / "cache", workers)


@pytest.fixture
def web() -> Iterator[Web]:
    answers = {"/a.png": http(PHOTO), "/b.png": http(a_photo(left=(9, 9, 9)))}
    with web_server(answers) as web:
        yield web


def for_thumbnail(*urls: str) -> list[Sought]:
    return [Sought(source=url, slot=THUMBNAIL) for url in urls]


def test_a_picture_is_fetched_decoded_and_noted(desk: Desk, web: Web) -> None:
    url = web.url("/a.png")

    gathered = desk.fetch(url)

    assert (gathered.articles, gathered.fetched, gathered.bytes) == (1, 1, len(PHOTO))
    assert desk.cache.get(url, THUMBNAIL)
    note = desk.note(url)
    assert (note.status, note.size, note.why) == (200, len(PHOTO), "")
    assert web.asked[0].headers["accept"].startswith("image/jpeg")


def test_what_is_fresh_is_not_asked_for(desk: Desk, web: Web) -> None:
    url = web.url("/a.png")
    desk.fetch(url)
    desk.now += timedelta(days=6)

    assert desk.fetch(url).kept == 1
    assert len(web.asked) == 1


@pytest.mark.parametrize(
    ("cache_control", "days"),
    [
        ("", 7),
        ("max-age=60", 1),
        ("no-store", 7),
        ("public, max-age=259200", 3),
        ('MAX-AGE="259200"', 3),
        ("max-age=31536000, immutable", 30),
        ("max-age=99999999999999999999", 30),
        ("max-age=-1", 7),
        ("x-max-age=1", 7),
    ],
)
def test_servers_say_how_long_a_picture_is_fresh_within_bounds(
    desk: Desk, web: Web, cache_control: str, days: int
) -> None:
    url = web.url("/a.png")
    web.answers["/a.png"] = http(PHOTO, Cache_Control=cache_control)

    desk.fetch(url)

    assert desk.note(url).fresh_until - MONDAY == timedelta(days=days)


def test_what_is_old_is_asked_for_with_its_validators(desk: Desk, web: Web) -> None:
    url, day = web.url("/a.png"), "Sun, 22 Nov 2026 00:00:00 GMT"
    web.answers["/a.png"] = http(PHOTO, ETag='"v1"', Last_Modified=day)
    desk.fetch(url)
    web.answers["/a.png"] = http(status=304, ETag='"v1"')
    desk.now += timedelta(days=8)

    gathered = desk.fetch(url)

    assert (gathered.unchanged, gathered.bytes) == (1, 0)
    asked = web.asked[1].headers
    assert (asked["if-none-match"], asked["if-modified-since"]) == ('"v1"', day)
    note = desk.note(url)
    assert (note.etag, note.last_modified) == ('"v1"', day)
    assert note.fresh_until == desk.now + timedelta(days=7)


def test_a_new_version_takes_the_old_ones_place(desk: Desk, web: Web) -> None:
    url = web.url("/a.png")
    web.answers["/a.png"] = http(PHOTO, ETag='"v1"')
    desk.fetch(url)
    before = desk.cache.get(url, THUMBNAIL)
    web.answers["/a.png"] = http(a_photo(left=(1, 2, 3)))
    desk.now += timedelta(days=8)

    assert desk.fetch(url).fetched == 1
    assert desk.cache.get(url, THUMBNAIL) != before
    assert desk.note(url).etag == ""


@pytest.mark.parametrize("validator", ["x" * 2_000, "caf\u00e9"])
def test_odd_validators_are_not_sent_back(desk: Desk, web: Web, validator: str) -> None:
    url = web.url("/a.png")
    head = f"HTTP/1.1 200 OK\r\nETag: {validator}\r\nContent-Length: {len(PHOTO)}\r\n\r\n"
    web.answers["/a.png"] = head.encode() + PHOTO
    desk.fetch(url)
    desk.now += timedelta(days=8)
    desk.fetch(url)

    assert "if-none-match" not in web.asked[1].headers


def test_a_304_that_nobody_asked_for_is_a_failure(desk: Desk, web: Web) -> None:
    web.answers["/a.png"] = http(status=304)

    assert desk.fetch(web.url("/a.png")).troubles == ((web.url("/a.png"), "HTTP 304"),)


@pytest.mark.parametrize(
    ("status", "hours"),
    [(404, 168), (410, 168), (403, 168), (500, 1), (503, 1), (429, 1), (408, 1)],
)
def test_what_failed_is_left_alone_for_a_while(
    desk: Desk, web: Web, status: int, hours: int
) -> None:
    url = web.url("/a.png")
    web.answers["/a.png"] = http(status=status)

    assert desk.fetch(url).failed == 1
    desk.now += timedelta(hours=hours, minutes=-1)
    assert desk.fetch(url).waiting == 1
    assert desk.fetch(url).troubles == ((url, f"HTTP {status}"),)
    assert len(web.asked) == 1

    web.answers["/a.png"] = http(PHOTO)
    desk.now += timedelta(minutes=2)
    assert desk.fetch(url).fetched == 1
    assert (desk.note(url).why, desk.note(url).failures) == ("", 0)


def test_a_clock_that_was_wrong_does_not_put_off_the_next_look(desk: Desk, web: Web) -> None:
    desk.now = MONDAY + timedelta(days=3650)
    desk.gather(for_thumbnail(web.url("/a.png")), for_thumbnail(web.url("/none.png")))
    desk.now = MONDAY
    web.answers["/none.png"] = http(PHOTO)

    gathered = desk.gather(for_thumbnail(web.url("/a.png")), for_thumbnail(web.url("/none.png")))

    assert (gathered.fetched, gathered.waiting, gathered.kept) == (2, 0, 0)
    assert desk.note(web.url("/none.png")).fetched_at == MONDAY


def test_waiting_doubles_up_to_a_day(desk: Desk, web: Web) -> None:
    url = web.url("/a.png")
    web.answers["/a.png"] = http(status=500)
    waits = []
    for _ in range(7):
        desk.fetch(url)
        waits.append((desk.note(url).fresh_until - desk.now) / timedelta(hours=1))
        desk.now = desk.note(url).fresh_until

    assert waits == [1, 2, 4, 8, 16, 24, 24]


def test_a_refused_address_is_remembered_until_the_settings_let_it_pass(
    desk: Desk, web: Web
) -> None:
    url = web.url("/a.png")
    desk.guard = Guard()

    assert "not public" in desk.fetch(url).troubles[0][1]
    assert desk.note(url).fresh_until == MONDAY + timedelta(days=30)
    assert desk.fetch(url).waiting == 1

    desk.guard = LOOPBACK
    assert desk.fetch(url, rules="2").fetched == 1
    assert desk.fetch(url, rules="3").kept == 1


def test_a_picture_that_will_not_do_may_do_under_other_settings(desk: Desk, web: Web) -> None:
    url = web.url("/a.png")
    web.answers["/a.png"] = http(BANNER)
    desk.fetch(url)
    web.answers["/a.png"] = http(PHOTO)

    assert desk.fetch(url).waiting == 1
    assert desk.fetch(url, rules="2").fetched == 1


def test_a_picture_that_stays_away_later_is_shown_as_it_was(desk: Desk, web: Web) -> None:
    url = web.url("/a.png")
    web.answers["/a.png"] = http(PHOTO, ETag='"v1"')
    desk.fetch(url)
    web.answers["/a.png"] = http(status=500)
    desk.now += timedelta(days=8)

    assert desk.fetch(url).failed == 1
    assert desk.cache.get(url, THUMBNAIL)
    assert desk.note(url).why == "HTTP 500"
    web.answers["/a.png"] = http(status=304)
    desk.now += timedelta(days=1)
    assert desk.fetch(url).unchanged == 1
    assert desk.note(url).why == ""


def test_fall_backs_are_fetched_only_where_the_first_choice_fails(desk: Desk, web: Web) -> None:
    good, spare, dead = web.url("/a.png"), web.url("/b.png"), web.url("/dead.png")

    desk.gather(for_thumbnail(good, spare))
    assert web.paths == ["/a.png"]

    gathered = desk.gather(for_thumbnail(dead, spare, good))
    assert web.paths == ["/a.png", "/dead.png", "/b.png"]
    assert gathered.troubles == ((dead, "HTTP 404"),)
    assert (gathered.articles, gathered.fetched, gathered.failed) == (1, 1, 1)


def test_one_download_serves_both_slots(desk: Desk, web: Web) -> None:
    url = web.url("/a.png")

    desk.gather(for_thumbnail(url), [Sought(source=url, slot=LEAD)], for_thumbnail(url))

    assert desk.cache.get(url, LEAD)
    assert desk.cache.get(url, THUMBNAIL)
    assert len(web.asked) == 1


def test_a_slot_that_is_sought_later_is_downloaded_for(desk: Desk, web: Web) -> None:
    url = web.url("/a.png")
    web.answers["/a.png"] = http(PHOTO, ETag='"v1"')
    desk.fetch(url, THUMBNAIL)
    desk.fetch(url, LEAD)

    assert desk.cache.get(url, LEAD)
    assert "if-none-match" not in web.asked[1].headers


@pytest.mark.parametrize(
    "data", [b"<html>", b"", PHOTO[:300], png_header(30_000, 30_000), b"GIF89a;<script>"]
)
def test_what_is_no_picture_is_not_downloaded_again(desk: Desk, web: Web, data: bytes) -> None:
    url = web.url("/a.png")
    web.answers["/a.png"] = http(data, ETag='"v1"')

    assert desk.fetch(url).failed == 1
    gathered = desk.fetch(url)

    assert gathered.waiting == 1
    assert gathered.troubles[0][1].isprintable()
    assert gathered.troubles[0][1] == desk.notes.trouble(url)
    assert desk.note(url).fresh_until == MONDAY + timedelta(days=7)
    assert len(web.asked) == 1


def test_what_will_not_do_in_one_slot_may_do_in_another(desk: Desk, web: Web) -> None:
    url = web.url("/a.png")
    web.answers["/a.png"] = http(BANNER)

    assert desk.fetch(url, LEAD).failed == 1
    assert desk.fetch(url, LOGO).fetched == 1
    assert desk.fetch(url, LOGO).kept == 1
    assert desk.fetch(url, LEAD).waiting == 1
    assert len(web.asked) == 2
    assert list(desk.note(url).unfit) == ["lead"]


def test_the_run_ends_in_time_with_what_is_there(desk: Desk, web: Web) -> None:
    def crawl(asked: Asked, out: BufferedIOBase) -> None:
        time.sleep(15)

    slow = []
    for number in range(20):
        web.answers[f"/slow{number}"] = crawl
        slow.append(for_thumbnail(web.url(f"/slow{number}", f"{number}.test")))
    desk.limits = replace(LIMITS, run_seconds=2, seconds=20, read_seconds=20)
    started = time.monotonic()

    gathered = desk.gather(for_thumbnail(web.url("/a.png")), *slow)

    assert time.monotonic() - started < 8
    assert (gathered.fetched, gathered.unsettled) == (1, 20)
    assert desk.notes.read(slow[0][0].source) is None


def test_the_run_ends_in_time_although_pictures_are_being_decoded(tmp_path: Path, web: Web) -> None:
    """
    They are asked for again: the time was too short for them, and nothing is wrong with them.
    """
    web.answers["/huge.png"] = http(
        encoded(Image.new("RGBA", (7000, 7000), (9, 99, 200, 60)), compress_level=1)
    )
    workers = WorkerPool(PictureLimits(workers=1))
    desk = Desk(tmp_path / "cache", workers)
    desk.limits = replace(LIMITS, run_seconds=1)
    urls = [web.url("/huge.png", f"{number}.test") for number in range(8)]
    started = time.monotonic()

    gathered = desk.gather(*map(for_thumbnail, urls))
    desk.cache.draw("AB", "#5b4b8a", THUMBNAIL)

    assert time.monotonic() - started < 4
    assert gathered.unsettled
    assert gathered.troubles == ()
    workers.close()


def test_large_pictures_come_first(desk: Desk, web: Web) -> None:
    small = [for_thumbnail(web.url(f"/{number}")) for number in range(5)]
    desk.limits = replace(LIMITS, at_once=1)

    desk.gather(*small, [Sought(source=web.url("/a.png"), slot=LEAD)])

    assert web.paths[0] == "/a.png"


def test_nobody_is_asked_for_too_much_at_once(desk: Desk, web: Web) -> None:
    """
    Eight at once, two of them of one host.
    """
    lock, now, most = Lock(), dict[str, int](), dict[str, int]()

    def count(host: str, step: int) -> None:
        with lock:
            now[host] = now.get(host, 0) + step
            most[host] = max(most.get(host, 0), now[host])

    def answer(asked: Asked, out: BufferedIOBase) -> None:
        host = asked.headers["host"]
        for each in (host, "all"):
            count(each, 1)
        time.sleep(0.05)
        for each in (host, "all"):
            count(each, -1)
        out.write(http(status=404))

    articles = []
    for number in range(48):
        web.answers[f"/{number}"] = answer
        articles.append(for_thumbnail(web.url(f"/{number}", f"{number % 6}.test")))

    desk.gather(*articles)

    assert most.pop("all") == 8
    assert set(most.values()) == {2}


def test_a_host_that_is_away_is_called_once_in_a_run(desk: Desk, web: Web) -> None:
    desk.away = {"gone.test"}
    gone = [web.url(f"/{number}", "gone.test") for number in range(5)]

    gathered = desk.gather(for_thumbnail(web.url("/a.png")), *map(for_thumbnail, gone))

    assert gathered.failed == 5
    assert {why for _, why in gathered.troubles} == {"there is no host gone.test"}
    assert desk.note(gone[0]).fresh_until == MONDAY + timedelta(hours=1)


def test_a_closed_port_says_nothing_of_the_others_of_its_host(desk: Desk, web: Web) -> None:
    closed, good = "http://127.0.0.1:1/a.png", web.url("/a.png")
    desk.limits = replace(LIMITS, at_once=1)

    gathered = desk.gather([Sought(source=closed, slot=LEAD)], for_thumbnail(good))

    assert (gathered.fetched, [url for url, _ in gathered.troubles]) == (1, [closed])
    assert desk.note(good).why == ""


def test_without_a_network_what_went_wrong_is_told_and_not_held_against_anybody(desk: Desk) -> None:
    urls = [f"http://{number}.test/a.png" for number in range(40)]
    desk.away = {f"{number}.test" for number in range(40)}

    gathered = desk.gather(*map(for_thumbnail, urls))

    assert (gathered.failed, gathered.offline) == (40, True)
    assert dict(gathered.troubles)[urls[-1]] == "there is no host 39.test"
    assert desk.note(urls[-1]).why == "there is no host 39.test"
    assert desk.gather(*map(for_thumbnail, urls)).waiting == 0
    assert {(note.failures, note.fresh_until) for note in desk.notes.all()} == {(0, MONDAY)}


def test_of_a_host_that_is_away_alone_there_is_a_note(desk: Desk) -> None:
    url = "http://127.0.0.1:1/a.png"

    assert desk.fetch(url).failed == 1
    assert "cannot be connected to" in desk.notes.trouble(url)
    assert desk.fetch(url).failed == 1


def test_hosts_that_are_away_do_not_keep_the_next_from_being_asked(desk: Desk, web: Web) -> None:
    desk.away = {f"{number}.test" for number in range(20)}
    gone = [Sought(source=f"http://{host}/a.png", slot=LEAD) for host in desk.away]

    gathered = desk.gather(*([each] for each in gone), for_thumbnail(web.url("/a.png")))

    assert (gathered.fetched, gathered.failed, gathered.offline) == (1, 20, False)


def test_progress_tells_how_many_articles_are_settled(desk: Desk, web: Web) -> None:
    told: list[tuple[int, int]] = []

    desk.gatherer.gather(
        [for_thumbnail(web.url("/a.png")), [], for_thumbnail(web.url("/dead"), web.url("/b.png"))],
        progress=lambda done, total: told.append((done, total)),
    )

    assert told == [(0, 2), (1, 2), (2, 2)]


def test_nothing_sought_is_nothing_done(desk: Desk) -> None:
    assert desk.gather([], []) == Gathered()


def test_two_runs_at_once_leave_one_copy_of_each(tmp_path: Path, workers: WorkerPool) -> None:
    photos = {f"/{number}.png": http(a_photo(left=(number, 0, 0))) for number in range(30)}
    with web_server(photos) as web:
        articles = [for_thumbnail(web.url(path)) for path in photos]
        desks = [Desk(tmp_path / "cache", workers) for _ in range(3)]
        with ThreadPoolExecutor() as threads:
            gathered = list(threads.map(lambda desk: desk.gather(*articles), desks))

    assert [each.articles for each in gathered] == [30, 30, 30]
    assert all(each.fetched + each.kept == 30 for each in gathered)
    names = set()
    for (sought,) in articles:
        picture = desks[0].cache.get(sought.source, sought.slot)
        assert picture
        names.add(picture.name)
    folder = tmp_path / "cache"
    files = {str(path.relative_to(folder)) for path in folder.glob("??/*.*")}
    assert files == names
    assert not list(folder.rglob(".tmp-*"))
    assert len(list(desks[0].notes.all())) == 30


def test_a_cache_that_cannot_be_written_ends_the_run_in_one_line(
    tmp_path: Path, workers: WorkerPool, web: Web
) -> None:
    (tmp_path / "cache").write_text("no folder")
    desk = Desk(tmp_path / "cache", workers)

    with pytest.raises(CacheError, match=r"the picture cache .* cannot be") as caught:
        desk.gather(*(for_thumbnail(web.url(f"/{path}")) for path in ("a.png", "b.png", "c.png")))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", "{}", "null", '{"source": 1}', "[" * 100_000, "\x00"]
)
def test_a_damaged_note_is_made_anew(desk: Desk, web: Web, damage: str) -> None:
    url = web.url("/a.png")
    desk.fetch(url)
    (path,) = desk.notes.folder.rglob("*.json")
    path.write_text(damage)

    assert desk.notes.read(url) is None
    assert desk.notes.trouble(url) == ""
    assert list(desk.notes.all()) == []
    assert desk.fetch(url).fetched == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("failures", '"many"'),
        ("unfit", '["lead"]'),
        ("unfit", '{"lead": 1}'),
        ("status", '"ok"'),
        ("fresh_until", '"2026-11-30T06:00:00"'),
        ("fresh_until", '"soon"'),
        ("etag", "null"),
    ],
)
def test_a_note_of_another_shape_is_made_anew(desk: Desk, web: Web, name: str, value: str) -> None:
    url = web.url("/a.png")
    desk.fetch(url)
    (path,) = desk.notes.folder.rglob("*.json")
    fields = json.loads(path.read_text())
    path.write_text(json.dumps({**fields, name: json.loads(value)}))

    assert desk.notes.read(url) is None
    assert desk.fetch(url).fetched == 1


def test_old_notes_are_forgotten(desk: Desk, web: Web) -> None:
    desk.fetch(web.url("/a.png"))
    desk.now += timedelta(days=60)
    desk.fetch(web.url("/b.png"))
    before = MONDAY + timedelta(days=30)

    assert desk.notes.forget(before=before, dry_run=True) == 1
    assert len(list(desk.notes.all())) == 2
    assert desk.notes.forget(before=before) == 1
    assert [note.source for note in desk.notes.all()] == [web.url("/b.png")]


def test_notes_keep_what_they_were_told(tmp_path: Path) -> None:
    notes = FolderNotes(tmp_path)
    note = Note(
        source="https://x.test/a\u2028.png",
        fetched_at=MONDAY,
        fresh_until=datetime.fromisoformat("2026-11-30T06:00:00+00:00"),
        unfit={"lead": "too small"},
    )

    notes.write(note)

    assert notes.read(note.source) == note
    assert notes.trouble(note.source) == "too small"
