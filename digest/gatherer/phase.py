"""
One run over the pictures of many articles, at once and bounded.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from ..errors import CacheError, FetchError, HostAway, PictureError
from ..fetching import Fetched, Request
from ..fetching.client import OK
from ..model import Slot, Sought
from . import Gathered, Progress
from .freshness import GONE, freshness, patience
from .notes import Note

if TYPE_CHECKING:
    from . import Gatherer

NOT_MODIFIED = 304
ACCEPT = "image/jpeg,image/png,image/webp,image/avif,image/gif;q=0.9,image/*;q=0.1"
MAX_VALIDATOR = 1_024


class Phase:
    """
    What is to be fetched, and how far it is. Every address is settled once.
    """

    def __init__(
        self, gatherer: "Gatherer", wanted: Sequence[Sequence[Sought]], progress: Progress
    ) -> None:
        self._gatherer, self._wanted, self._progress = gatherer, wanted, progress
        self._cache, self._notes = gatherer.cache, gatherer.notes
        self._client = gatherer.client()
        self._slots: dict[str, list[Slot]] = {}
        for sought in (each for choices in wanted for each in choices):
            slots = self._slots.setdefault(sought.source, [])
            slots += [] if sought.slot in slots else [sought.slot]
        self._settled: dict[str, anyio.Event] = {}
        self._counts: Counter[str] = Counter()
        self._troubles: dict[str, str] = {}
        self._away: list[Note] = []
        self._done = 0

    def run(self) -> Gathered:
        anyio.run(self._run)
        for note in self._away:
            self._notes.write(note if self._client.crowd.answered else _excused(note))
        return Gathered(
            articles=len(self._wanted),
            unsettled=len(self._wanted) - self._done,
            offline=self._client.crowd.offline,
            troubles=tuple(self._troubles.items()),
            **self._counts,
        )

    async def _run(self) -> None:
        self._progress(0, len(self._wanted))
        with anyio.move_on_after(self._gatherer.limits.run_seconds):
            try:
                async with self._client, anyio.create_task_group() as tasks:
                    for choices in self._wanted:
                        tasks.start_soon(self._supply, choices)
            except* CacheError as group:
                raise group.exceptions[0] from None
            except* TimeoutError:
                pass  # A picture was still being decoded at the end: it is over for all.

    async def _supply(self, choices: Sequence[Sought]) -> None:
        """
        Settle an article's pictures one after the other, until one will do.
        """
        for each in choices:
            await self._settle_once(each.source)
            if self._cache.get(each.source, each.slot):
                break
        self._done += 1
        self._progress(self._done, len(self._wanted))

    async def _settle_once(self, source: str) -> None:
        if source in self._settled:
            await self._settled[source].wait()
            return
        self._settled[source] = event = anyio.Event()
        try:
            await self._settle(source)
        finally:
            event.set()

    async def _settle(self, source: str) -> None:
        note, rules = self._notes.read(source), self._gatherer.rules
        # What went wrong under other rules may go right under these.
        valid = note is not None and (note.rules == rules or not note.why)
        fresh = bool(valid and note and note.is_fresh(self._gatherer.clock()))
        unfit = note.unfit if note and valid else {}
        slots = [each for each in self._slots[source] if each.name not in unfit]
        missing = [each for each in slots if self._cache.get(source, each) is None]
        if note and fresh and (note.trouble or not missing):
            useless = note.trouble or not slots
            self._counts["waiting" if useless else "kept"] += 1
            if useless:
                self._troubles[source] = note.why
            return
        try:
            await self._fetch(source, note, known=bool(slots) and not missing, fresh=fresh)
        except FetchError as error:
            self._fail(source, note, error)

    async def _fetch(self, source: str, note: Note | None, *, known: bool, fresh: bool) -> None:
        """
        Ask for it, and decode it before the next one takes this one's place.
        """
        validators = _validators(note) if note and known else {}
        request = Request(url=source, headers={"Accept": ACCEPT, **validators})
        async with self._client.fetch(request) as answer:
            if answer.status == NOT_MODIFIED and note and validators:
                self._write(_renewed(note, answer), freshness(answer.headers), "unchanged")
            elif answer.status == OK:
                await self._decode(source, answer, note.unfit if note and fresh else {})
            else:
                self._fail(source, note, FetchError(f"HTTP {answer.status}"), answer.status)

    async def _decode(self, source: str, answer: Fetched, unfit: Mapping[str, str]) -> None:
        """
        Into every slot for which somebody seeks it.
        """
        self._counts["bytes"] += len(answer.data)
        unfit, slots = dict(unfit), self._slots[source]
        for slot in slots:
            # Abandoned or not, a thread and its decoder end with the run.
            left = anyio.current_effective_deadline() - anyio.current_time()
            put = partial(self._cache.put, source, answer.data, slot, seconds=left)
            try:
                await anyio.to_thread.run_sync(put, abandon_on_cancel=True)
            except PictureError as error:
                unfit[slot.name] = str(error)
        useless = all(each.name in unfit for each in slots)
        note = Note(
            source=source,
            fetched_at=self._gatherer.clock(),
            fresh_until=self._gatherer.clock(),
            status=answer.status,
            url=answer.url,
            etag=_validator(answer, "etag"),
            last_modified=_validator(answer, "last-modified"),
            size=len(answer.data),
            unfit=unfit,
        )
        if useless:
            self._troubles[source] = note.why
        lasting = GONE if useless else freshness(answer.headers)
        self._write(note, lasting, "failed" if useless else "fetched")

    def _fail(
        self, source: str, note: Note | None, error: FetchError, status: int | None = None
    ) -> None:
        """
        What was kept of the picture before stays, and so do its validators.
        """
        now = self._gatherer.clock()
        before = note or Note(source=source, fetched_at=now, fresh_until=now)
        failures = before.failures + 1
        self._troubles[source] = trouble = str(error)
        after = replace(before, status=status, failures=failures, trouble=trouble)
        lasting = patience(status, failures, refused=error.refused)
        self._write(after, lasting, "failed", away=isinstance(error, HostAway))

    def _write(self, note: Note, lasting: timedelta, count: str, *, away: bool = False) -> None:
        self._counts[count] += 1
        now = self._gatherer.clock()
        rules = self._gatherer.rules
        note = replace(note, fetched_at=now, fresh_until=now + lasting, rules=rules)
        if away:
            self._away.append(note)
        else:
            self._notes.write(note)


def _excused(note: Note) -> Note:
    """
    Told, and no reason to wait: where nobody answered, it may have been our own network.
    """
    return replace(note, failures=note.failures - 1, fresh_until=note.fetched_at)


def _validators(note: Note) -> dict[str, str]:
    """
    What makes an answer short if nothing has changed.
    """
    found = {"If-None-Match": note.etag, "If-Modified-Since": note.last_modified}
    return {name: value for name, value in found.items() if value}


def _validator(answer: Fetched, name: str) -> str:
    """
    One that may be sent back: printable, and not a novel.
    """
    value = answer.headers.get(name, "").strip()
    usable = len(value) <= MAX_VALIDATOR and value.isascii() and value.isprintable()
    return value if usable else ""


def _renewed(note: Note, answer: Fetched) -> Note:
    """
    The same picture, for another while.
    """
    return replace(
        note,
        status=answer.status,
        url=answer.url,
        etag=_validator(answer, "etag") or note.etag,
        last_modified=_validator(answer, "last-modified") or note.last_modified,
        failures=0,
        trouble="",
    )
