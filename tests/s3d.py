"""
A small storage that speaks S3 over loopback: it checks signatures, keeps objects and shows them.
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import quote, unquote, urlsplit

ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG"


@dataclass
class Storage:
    """
    What was put, and what was asked.
    """

    url: str = ""
    bucket: str = "letters"
    objects: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)  #: method and path
    is_public: bool = True
    is_busy: bool = False  #: for readers

    def methods(self, name: str) -> list[str]:
        return [path for method, path in self.asked if method == name]


@contextmanager
def running_storage() -> Iterator[Storage]:
    storage = Storage()
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Handler", (_Handler,), {"storage": storage})
    )
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    storage.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield storage
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    storage: Storage

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = unquote(urlsplit(self.path).path)
        self.storage.asked.append((self.command, path))
        status, headers, data = self._judge(path, body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _judge(self, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        objects = self.storage.objects
        is_reader = self.command == "GET" and "Authorization" not in self.headers
        if is_reader and self.storage.is_busy:
            return 503, {"Content-Type": "text/html"}, b"<p>Come again."
        if not is_reader and not _is_signed(self, body):
            return 403, {}, _error("SignatureDoesNotMatch")
        if not path.startswith(f"/{self.storage.bucket}/"):
            return 404, {}, _error("NoSuchBucket")
        if self.command == "PUT":
            kept = ("Content-Type", "Cache-Control")
            objects[path] = body, {each: self.headers[each] for each in kept}
            return 200, {"ETag": '"x"'}, b""
        if path not in objects or (is_reader and not self.storage.is_public):
            return 404, {"Content-Type": "application/xml"}, _error("NoSuchKey")
        data, headers = objects[path]
        changed = {"Last-Modified": "Mon, 23 Nov 2026 06:00:00 GMT", "ETag": '"x"'}
        return 200, {**headers, **changed}, data


def _error(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()


def _is_signed(request: BaseHTTPRequestHandler, body: bytes) -> bool:
    """
    Signature Version 4, as Amazon describes it.
    """
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
    if scheme != "AWS4-HMAC-SHA256":
        return False
    key, *scope = fields["Credential"].split("/")
    given = request.headers["x-amz-content-sha256"]
    if key != ACCESS_KEY or given not in {hashlib.sha256(body).hexdigest(), "UNSIGNED-PAYLOAD"}:
        return False
    parts = urlsplit(request.path)
    names = fields["SignedHeaders"].split(";")
    canonical = "\n".join(
        (
            request.command,
            quote(unquote(parts.path), safe="/-_.~"),
            parts.query,
            *(f"{name}:{' '.join(request.headers[name].split())}" for name in names),
            "",
            ";".join(names),
            given,
        )
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join((scheme, request.headers["x-amz-date"], "/".join(scope), digest))
    signing = f"AWS4{SECRET_KEY}".encode()
    for part in (*scope, text):
        signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(signing.hex(), fields["Signature"])
