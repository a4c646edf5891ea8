"""
Reading with several processes, where there are enough files to pay for starting them.

The workers are plain Python processes that read questions and write answers, not those of
`multiprocessing`: these would run the caller's main module again, or copy a process that has
threads. A worker ends when its standard input does, whatever became of the one who asked.
"""

import json
import os
import sys
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from .listing import File, unreadable
from .records import Record, to_record

if TYPE_CHECKING:
    from subprocess import Popen

ENOUGH = 2_000  #: files that take as long to read as processes to start, several times over
BATCH = 100
START = "import sys; sys.path[:] = {path!r}; from {module} import serve; serve({root!r})"


def available_processors() -> int:
    """
    Those that this process may use.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Readers:
    """
    Those who read: this process, or others where there are many files.
    """

    def __init__(self, real_root: Path, processes: int | None) -> None:
        self._real_root = real_root
        self._processes = available_processors() if processes is None else processes
        self._workers: list[_Worker] = []

    def prepare(self, files: int) -> None:
        """
        Start the others where so many files pay for it, the sooner the better.
        """
        # A thread may be one of many that read; and it is the main one that Ctrl-C interrupts.
        in_main_thread = threading.current_thread() is threading.main_thread()
        many = files >= ENOUGH and self._processes > 1
        if many and in_main_thread and not self._workers:
            self._workers = [_Worker(self._real_root) for _ in range(self._processes)]

    def read_iter(self, files: Sequence[File]) -> Generator[Record]:
        """
        What is in each of the files, in their order.
        """
        if self._workers:
            return self._read_with_workers(files)
        return (_record_of(file, self._real_root) for file in files)

    def close(self) -> None:
        for worker in self._workers:
            worker.close()

    def _read_with_workers(self, files: Sequence[File]) -> Generator[Record]:
        from concurrent.futures import ThreadPoolExecutor

        idle: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._workers:
            idle.put(worker)

        def ask(batch: Sequence[File]) -> list[Record]:
            worker = idle.get()
            try:
                return worker.ask(batch)
            finally:
                idle.put(worker)

        pool = ThreadPoolExecutor(len(self._workers))
        try:
            for records in pool.map(ask, _batches(files)):
                yield from records
        finally:
            for worker in self._workers:
                worker.kill()
            pool.shutdown(cancel_futures=True)


def serve(real_root: str) -> None:
    """
    The worker: a line with files comes in, a line for each of them goes out.
    """
    root = Path(real_root)
    for line in sys.stdin.buffer:
        files = (File(*each) for each in json.loads(line))
        lines = [_to_line(_record_of(file, root)) for file in files]
        sys.stdout.buffer.write("".join(lines).encode("ascii"))
        sys.stdout.buffer.flush()


def _record_of(file: File, real_root: Path) -> Record:
    from .file import read_file

    try:
        return to_record(read_file(file, real_root))
    except OSError as error:
        return to_record([unreadable(file.path, error)])._replace(lasting=False)


def _batches(files: Iterable[File]) -> Iterator[list[File]]:
    rest = iter(files)
    while batch := list(islice(rest, BATCH)):
        yield batch


class _Worker:
    """
    One process. Where there is none, because it could not start or has died, its work is done here.
    """

    def __init__(self, real_root: Path) -> None:
        from subprocess import DEVNULL, PIPE, Popen

        self._real_root = real_root
        self._killed = False
        code = START.format(path=sys.path, module=__name__, root=str(real_root))
        try:
            self._process: Popen[bytes] | None = Popen(  # noqa: S603 - Python itself
                [sys.executable or "", "-c", code],
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                start_new_session=True,  # Ctrl-C is for the one who asks.
            )
        except OSError:
            self._process = None

    def ask(self, batch: Sequence[File]) -> list[Record]:
        if self._process and not self._killed:
            try:
                return _answers(self._process, batch)
            except (OSError, ValueError):
                self._process.kill()  # Its next answers might be to other questions.
        # Once it was killed from outside, nobody waits for answers.
        return [] if self._killed else [_record_of(file, self._real_root) for file in batch]

    def kill(self) -> None:
        self._killed = True
        if self._process:
            self._process.kill()

    def close(self) -> None:
        self.kill()
        if self._process:
            with suppress(OSError):  # Some of a question may not have left.
                self._process.__exit__(None, None, None)


def _answers(process: "Popen[bytes]", batch: Sequence[File]) -> list[Record]:
    questions, answers = process.stdin, process.stdout
    assert questions  # noqa: S101 - both are pipes
    assert answers  # noqa: S101
    questions.write(json.dumps(batch).encode() + b"\n")
    questions.flush()
    return [_from_line(answers.readline()) for _ in batch]


def _to_line(record: Record) -> str:
    """
    Tabs and line ends do not occur in JSON as we write it.
    """
    published = "" if record.published is None else record.published
    return f"{published}\t{record.article}\t{record.problems}\t{record.lasting:d}\n"


def _from_line(line: bytes) -> Record:
    """
    ValueError for a line that was cut off.
    """
    if not line.endswith(b"\n"):
        raise ValueError("the worker has died")
    published, article, problems, lasting = line[:-1].decode("ascii").split("\t")
    return Record(int(published) if published else None, article, problems, lasting == "1")
