"""
Sends what readers asked for, behind their backs: how long it takes tells nobody who is known.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from ..errors import DigestError
from ..model import Letter, Outcome, Receipt

LOG = logging.getLogger("digest.web")
#: Seconds before each further attempt.
PAUSES = (5.0, 30.0, 120.0, 600.0)
#: Seconds for what waits when the server stops.
FAREWELL = 10.0
#: A queue that long is an attack; what comes on top is for later.
MAX_WAITING = 1_000


class Mailer:
    """
    Belongs to one event loop. One mail after another, each tried a few times.
    """

    def __init__(self, deliver: Callable[[Letter], Iterable[Receipt]]) -> None:
        self._deliver = deliver
        self._tasks: set[asyncio.Task[None]] = set()
        self._names: set[int] = set()
        self._turn = asyncio.Semaphore()
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """
        To be called by the event loop that sends.
        """
        self._loop = asyncio.get_running_loop()

    def post(
        self,
        letter: Letter,
        settled: Callable[[], None] = lambda: None,
        *,
        name: int | None = None,
    ) -> None:
        """
        Returns at once, in whichever thread. `settled` is called when it was taken or refused.

        Nothing happens if a mail of that name is under way.
        """
        if self._loop is None:
            raise RuntimeError("the mailer is not open")
        self._loop.call_soon_threadsafe(self._take, letter, settled, name)

    async def close(self) -> None:
        """
        Give what waits a last chance.
        """
        if self._tasks:
            _, waiting = await asyncio.wait(self._tasks, timeout=FAREWELL)
            for task in waiting:
                task.cancel()

    def _take(self, letter: Letter, settled: Callable[[], None], name: int | None) -> None:
        if name in self._names:
            return
        if len(self._tasks) >= MAX_WAITING:
            LOG.error("a mail is put off: %d others wait for the mail server", MAX_WAITING)
            return
        task = asyncio.create_task(self._send(letter, settled))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if name is not None:
            self._names.add(name)
            task.add_done_callback(lambda _: self._names.discard(name))

    async def _send(self, letter: Letter, settled: Callable[[], None]) -> None:
        for pause in (*PAUSES, None):
            async with self._turn:
                outcome, code = await asyncio.to_thread(self._try, letter)
            if outcome is not Outcome.DEFERRED:
                break
            if pause is not None:
                await asyncio.sleep(pause)
        if outcome is not Outcome.ACCEPTED:
            LOG.error("a mail that a reader asked for was %s (%d)", outcome.replace("_", " "), code)
        if outcome is not Outcome.DEFERRED:
            await _settle(settled)

    def _try(self, letter: Letter) -> tuple[Outcome, int]:
        try:
            for receipt in self._deliver(letter):
                return receipt.outcome, receipt.code
        except DigestError:
            pass  # The whole way out is closed just now; its words may name the reader.
        return Outcome.DEFERRED, 0


async def _settle(settled: Callable[[], None]) -> None:
    """
    Where the store is away for a moment: a mail that is not settled comes twice.
    """
    for pause in (*PAUSES, None):
        try:
            await asyncio.to_thread(settled)
        except DigestError as error:
            if pause is None:
                LOG.error("a mail may come twice: %s", type(error).__name__)  # noqa: TRY400
            else:
                await asyncio.sleep(pause)
        else:
            return
