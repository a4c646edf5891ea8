"""
Workers that decode pictures, each in a process of its own. One that dies takes one picture along.
"""

import json
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from math import inf
from threading import TIMEOUT_MAX, BoundedSemaphore, Lock, Timer
from time import monotonic
from typing import Any

from ..errors import CacheError, PictureError
from ..model import PictureLimits, Slot
from .wire import Encoded, picture_of, read_frame, write_frame

PROGRAM = "from digest.pictures.worker import serve; serve()"
#: What a busy machine may take for a second of a processor.
PATIENCE = 6
CLOSING_SECONDS = 5.0


class WorkerPool:
    """
    About as many workers as there are processors, started when they are first needed.

    Threads may ask at once.
    """

    def __init__(self, limits: PictureLimits) -> None:
        self.limits = limits
        self._room = BoundedSemaphore(limits.workers or os.cpu_count() or 1)
        self._lock = Lock()
        self._idle: list[_Worker] = []
        self.close: Callable[[], object] = weakref.finalize(self, _close_all, self._idle)

    def cut(self, data: bytes, slot: Slot, *, seconds: float = inf) -> Encoded:
        """
        Anybody's bytes, cut to a slot and encoded anew. PictureError says why they are not.

        TimeoutError if that takes longer than so many seconds, waiting for the others included.
        """
        if len(data) > self.limits.max_bytes:
            raise PictureError(f"larger than {self.limits.max_bytes:,} bytes")
        return self._ask({"do": "cut"}, data, slot, seconds)

    def draw(self, label: str, colour: str, slot: Slot, logo: bytes = b"") -> Encoded:
        """
        A card with initials, or with a logo of ours.
        """
        return self._ask({"do": "draw", "label": label, "colour": colour}, logo, slot)

    def _ask(
        self, fields: dict[str, Any], data: bytes, slot: Slot, seconds: float = inf
    ) -> Encoded:
        end = monotonic() + seconds
        if not self._room.acquire(timeout=min(seconds, TIMEOUT_MAX)):
            raise TimeoutError
        try:
            worker, request = self._take(), fields | {"slot": asdict(slot)}
            try:
                answer = worker.ask(request, data, slot, seconds=end - monotonic())
            except BaseException:
                worker.kill()
                raise
            self._give_back(worker)
        finally:
            self._room.release()
        return picture_of(*answer, slot)

    def _take(self) -> "_Worker":
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        return worker or _Worker(self.limits)

    def _give_back(self, worker: "_Worker") -> None:
        """
        For whoever asks next, unless its time was over just as it answered.
        """
        if worker.is_late:
            worker.kill()
            return
        with self._lock:
            self._idle.append(worker)


def _close_all(workers: list["_Worker"]) -> None:
    while workers:
        workers.pop().close()


class _Worker:
    def __init__(self, limits: PictureLimits) -> None:
        self._limits = limits
        # It inherits nothing but the way to our code: no password, and one arena of memory.
        environment = {"PYTHONPATH": os.pathsep.join(sys.path), "MALLOC_ARENA_MAX": "1"}
        try:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-s", "-c", PROGRAM, json.dumps(asdict(limits))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
        except OSError as error:
            message = f"pictures cannot be decoded: no process can be started: {error.strerror}"
            raise CacheError(message) from None
        assert self._process.stdin  # noqa: S101
        assert self._process.stdout  # noqa: S101
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._is_ready = self.is_late = False

    def ask(
        self, fields: dict[str, Any], data: bytes, slot: Slot, *, seconds: float
    ) -> tuple[dict[str, Any], bytes]:
        """
        The answer. TimeoutError if there is none in `seconds`: PictureError is for longer ones.
        """
        patience = self._limits.seconds * PATIENCE
        timer = Timer(min(patience, seconds), self._end_late)
        timer.daemon = True
        timer.start()
        try:
            if not self._is_ready:
                read_frame(self._answers, 0)
                self._is_ready = True
            write_frame(self._requests, fields, data)
            return read_frame(self._answers, slot.max_bytes)
        except (EOFError, OSError, ValueError):
            self.kill()
            if self.is_late and seconds < patience:
                raise TimeoutError from None
            raise self._obituary() from None
        finally:
            timer.cancel()
            timer.join()  # So that nobody is ended who was given something else to do.

    def kill(self) -> None:
        self._process.kill()
        self.close()

    def close(self) -> None:
        """
        Nobody asks any more: it ends by itself, or is ended.
        """
        with suppress(OSError):
            self._requests.close()
        try:
            self._process.wait(CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()

    def _end_late(self) -> None:
        self.is_late = True
        self._process.kill()

    def _obituary(self) -> PictureError | CacheError:
        status = self._process.returncode
        if not self._is_ready and status > 0:
            return CacheError("pictures cannot be decoded: Pillow does not start; install it anew")
        if self.is_late or status == -signal.SIGXCPU:
            return PictureError(f"takes longer than {self._limits.seconds} s to decode")
        if status < 0:
            return PictureError(f"its decoder crashed ({signal.Signals(-status).name})")
        return PictureError("its decoder gave up")
