"""
Readers' choices that come in together are kept together: one commit for many requests.

Nobody is answered before theirs is on the disk.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from ..errors import StoreBusy
from ..store import Choice

LOG = logging.getLogger("digest.web")
#: At most so many in one transaction; the next ones wait no longer than it takes.
BATCH = 500


class Writer:
    """
    Belongs to one event loop. While one batch is being written the next one gathers.
    """

    def __init__(self, apply: Callable[[Sequence[Choice]], list[bool]]) -> None:
        self._apply = apply
        self._waiting: list[tuple[Choice, asyncio.Future[bool]]] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, choice: Choice) -> bool:
        """
        Whether there was such a subscription; it is as they chose when this returns.
        """
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((choice, future))
        if self._task is None:
            self._task = asyncio.create_task(self._write_all())
        return await future

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            started = time.monotonic()
            try:
                done = await asyncio.to_thread(self._applied, [choice for choice, _ in batch])
            except Exception as error:  # noqa: BLE001 - raised again in each request
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for (_, future), known in zip(batch, done, strict=True):
                    if not future.done():
                        future.set_result(known)
            milliseconds = 1_000 * (time.monotonic() - started)
            LOG.info("choices kept: %d in %.1f ms", len(batch), milliseconds)
        self._task = None

    def _applied(self, choices: Sequence[Choice]) -> list[bool]:
        """
        A database that was started anew tells the first who comes, and mail programs ask once.
        """
        try:
            return self._apply(choices)
        except StoreBusy:
            return self._apply(choices)
