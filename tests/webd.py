"""
A web server on a free port of loopback that answers as it is told, byte for byte.
"""

import socket
import socketserver
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedIOBase
from threading import Thread


@dataclass(frozen=True)
class Asked:
    """
    A request, as it came.
    """

    method: str
    path: str
    headers: Mapping[str, str]  #: names in small letters


#: The bytes of an answer, or what writes them as slowly or wrongly as it likes.
Answer = bytes | Callable[[Asked, BufferedIOBase], None]


@dataclass
class Web:
    """
    Where it is, and what it was asked.
    """

    answers: dict[str, Answer]
    port: int = 0
    scheme: str = "http"
    asked: list[Asked] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        return [each.path for each in self.asked]


def http(body: bytes = b"", status: int = 200, **headers: str) -> bytes:
    """
    An answer; its length is told unless it is named. Underscores of names are dashes.
    """
    named = {"Content-Length": str(len(body))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} Something\r\n{lines}\r\n".encode() + body


@contextmanager
def web_server(
    answers: Mapping[str, Answer] | None = None, *, tls: ssl.SSLContext | None = None
) -> Iterator[Web]:
    """
    Serve until the block ends. What has no answer is not found.
    """
    web = Web(dict(answers or {}), scheme="https" if tls else "http")

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError, ValueError):
                while _serve(web, self.rfile, self.wfile):
                    pass

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 64

        def get_request(self) -> tuple[socket.socket, object]:
            taken, address = super().get_request()
            if tls is None:
                return taken, address
            with taken:
                return tls.wrap_socket(
                    taken, server_side=True, do_handshake_on_connect=False
                ), address

        def handle_error(self, *_: object) -> None:
            pass  # The line broke, as it was meant to.

    with Server(("127.0.0.1", 0), Handler) as server:
        web.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def a_deaf_port() -> Iterator[int]:
    """
    Nobody there takes the call, at any address of loopback: the queue is full.
    """
    with ExitStack() as sockets:
        deaf = sockets.enter_context(socket.socket())
        deaf.bind(("", 0))
        deaf.listen(0)
        port = int(deaf.getsockname()[1])
        for _ in range(4):
            caller = sockets.enter_context(socket.socket())
            caller.settimeout(0)
            caller.connect_ex(("127.0.0.1", port))
        yield port


def _serve(web: Web, reader: BufferedIOBase, writer: BufferedIOBase) -> bool:
    """
    One request. False where the connection ends with it.
    """
    first = reader.readline().decode("latin-1").split()
    if len(first) < 2:
        return False
    headers: dict[str, str] = {}
    while line := reader.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    asked = Asked(first[0], first[1], headers)
    web.asked.append(asked)
    answer = web.answers.get(asked.path, http(status=404))
    if callable(answer):
        answer(asked, writer)
        return False
    writer.write(answer)
    return True
