"""
A long way on one machine: a line that delays every byte, and a mail server at its end.

Both run in processes of their own. The server takes letters by DATA and by BDAT and forgets
them, but for a line in a log, if there is one. The line stands between two connections of
loopback, so it adds the time of the way, and not what TCP makes of a way that loses packets.
"""

import multiprocessing
import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from socket import create_connection, create_server
from threading import Thread

AT_ONCE = 1 << 18
OFFERS = b"250-sink\r\n250-PIPELINING\r\n250 CHUNKING\r\n"


@contextmanager
def sink(log: Path | None = None) -> Iterator[int]:
    """
    A server that takes everything. The log has a line for each letter: when, and for whom.
    """
    file = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        with _listening(partial(_take_all, file)) as port:
            yield port
    finally:
        os.close(file)


@contextmanager
def delay_line(there: int, seconds: float) -> Iterator[int]:
    """
    A way to that port on which everything takes so long, in each direction.
    """

    def join(here: socket.socket) -> None:
        _Way(here, create_connection(("127.0.0.1", there)), seconds).run()

    with _listening(join) as port:
        yield port


@contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    with create_server(("127.0.0.1", 0), backlog=64) as listener:
        process = multiprocessing.get_context("fork").Process(
            target=_accept, args=(listener, serve), daemon=True
        )
        process.start()
        try:
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.join()


def _accept(listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    while True:
        connected, _ = listener.accept()
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Thread(target=serve, args=(connected,), daemon=True).start()


class _Way:
    """
    Two sockets, and what is under way between them with the moment when it is there.
    """

    def __init__(self, here: socket.socket, there: socket.socket, seconds: float) -> None:
        there.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._other = {here: there, there: here}
        self._under_way: deque[tuple[float, socket.socket, bytes]] = deque()
        self._seconds = seconds

    def run(self) -> None:
        here, there = self._other
        with here, there, selectors.DefaultSelector() as selector:
            for each in self._other:
                selector.register(each, selectors.EVENT_READ)
            while True:
                left = self._under_way[0][0] - time.monotonic() if self._under_way else None
                for ready, _ in selector.select(left if left is None else max(left, 0)):
                    end = ready.fileobj
                    assert isinstance(end, socket.socket)  # noqa: S101 - for mypy
                    data = end.recv(AT_ONCE)
                    if not data:
                        self._hand_over(at_once=True)
                        return
                    due = time.monotonic() + self._seconds
                    self._under_way.append((due, self._other[end], data))
                self._hand_over()

    def _hand_over(self, *, at_once: bool = False) -> None:
        while self._under_way and (at_once or self._under_way[0][0] <= time.monotonic()):
            _, end, data = self._under_way.popleft()
            end.sendall(data)


def _take_all(log: int, connected: socket.socket) -> None:
    reader = b""
    with connected, connected.makefile("rb", AT_ONCE) as lines:
        connected.sendall(b"220 sink\r\n")
        for line in lines:
            verb = line[:4].upper()
            if verb == b"RCPT":
                reader = line.strip()
            elif verb == b"BDAT":
                lines.read(int(line.split()[1]))
            elif verb == b"DATA":
                connected.sendall(b"354 go on\r\n")
                while lines.readline() != b".\r\n":
                    pass
            if verb == b"DATA" or line.rstrip().upper().endswith(b" LAST"):
                os.write(log, b"%.6f %b\n" % (time.monotonic(), reader))
            connected.sendall({b"EHLO": OFFERS, b"QUIT": b"221 bye\r\n"}.get(verb, b"250 OK\r\n"))
            if verb == b"QUIT":
                return
