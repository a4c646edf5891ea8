"""
A real IMAP server on a free port of loopback: one account, folders of mails, and a log of commands.

It knows what RFC 3501 asks of it as far as a client that reads needs it, and MOVE (RFC 6851).
"""

import re
import socketserver
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


@dataclass
class Stored:
    """
    One mail and its flags.
    """

    uid: int
    data: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class Post:
    """
    What the server keeps. `moves` says whether it offers MOVE.
    """

    username: str = "digest"
    password: str = "secret"
    moves: bool = True
    folders: dict[str, list[Stored]] = field(default_factory=lambda: {"INBOX": []})
    commands: list[str] = field(default_factory=list)
    port: int = 0

    def put(self, *mails: str) -> None:
        box = self.folders["INBOX"]
        box += [Stored(len(box) + number, mail.encode()) for number, mail in enumerate(mails, 1)]

    def uids(self, folder: str = "INBOX") -> list[int]:
        return [each.uid for each in self.folders.get(folder, [])]


class _Handler(socketserver.StreamRequestHandler):
    post: Post
    tls: ssl.SSLContext | None = None

    def setup(self) -> None:
        self.folder = "INBOX"
        self.read_only = True
        if self.tls:
            self.request = self.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def handle(self) -> None:
        self._say("* OK ready")
        while line := self.rfile.readline():
            tag, _, rest = line.decode().strip().partition(" ")
            name, _, arguments = rest.partition(" ")
            if name.upper() == "UID":
                name, _, arguments = arguments.partition(" ")
            self.post.commands.append(name.upper())
            words = [
                re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
                for quoted, bare in QUOTED.findall(arguments)
            ]
            answer = getattr(self, f"_{name.lower()}")(words)
            self._say(f"{tag} {answer}")
            if name.upper() == "LOGOUT":
                return

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")
        self.wfile.flush()

    def _capability(self, words: list[str]) -> str:
        self._say("* CAPABILITY IMAP4rev1" + (" MOVE" if self.post.moves else ""))
        return "OK done"

    def _login(self, words: list[str]) -> str:
        right = words == [self.post.username, self.post.password]
        return "OK done" if right else "NO [AUTHENTICATIONFAILED] wrong password"

    def _select(self, words: list[str], *, read_only: bool = False) -> str:
        if words[0] not in self.post.folders:
            return "NO no such folder"
        self.folder, self.read_only = words[0], read_only
        self._say(f"* {len(self.post.folders[self.folder])} EXISTS")
        return f"OK [READ-{'ONLY' if read_only else 'WRITE'}] done"

    def _examine(self, words: list[str]) -> str:
        return self._select(words, read_only=True)

    def _search(self, words: list[str]) -> str:
        assert words[:2] == ["UNDELETED", "SINCE"], words
        found = [each for each in self.post.folders[self.folder] if r"\Deleted" not in each.flags]
        self._say("* SEARCH " + " ".join(str(each.uid) for each in found))
        return "OK done"

    def _fetch(self, words: list[str]) -> str:
        match = re.fullmatch(r"\(BODY\.(PEEK)\[\]<0\.(\d+)>\)", words[1])
        assert match, words
        for place, each in enumerate(self.post.folders[self.folder], 1):
            if str(each.uid) == words[0]:
                data = each.data[: int(match[2])]
                head = f"* {place} FETCH (UID {each.uid} BODY[]<0> {{{len(data)}}}\r\n"
                self.wfile.write(head.encode() + data + b")\r\n")
        return "OK done"

    def _store(self, words: list[str]) -> str:
        assert not self.read_only
        flags = set(" ".join(words[2:]).strip("()").split())
        for each in self._named(words[0]):
            each.flags |= flags
        return "OK done"

    def _create(self, words: list[str]) -> str:
        if words[0] in self.post.folders:
            return "NO exists"
        self.post.folders[words[0]] = []
        return "OK done"

    def _copy(self, words: list[str]) -> str:
        self.post.folders[words[1]] += [
            Stored(each.uid, each.data, set(each.flags)) for each in self._named(words[0])
        ]
        return "OK done"

    def _move(self, words: list[str]) -> str:
        assert not self.read_only
        moved = self._named(words[0])
        self.post.folders[words[1]] += moved
        box = self.post.folders[self.folder]
        self.post.folders[self.folder] = [each for each in box if each not in moved]
        return "OK done"

    def _logout(self, words: list[str]) -> str:
        self._say("* BYE")
        return "OK done"

    def _named(self, uids: str) -> list[Stored]:
        wanted = uids.split(",")
        return [each for each in self.post.folders[self.folder] if str(each.uid) in wanted]


@contextmanager
def imap_server(post: Post, *, tls: ssl.SSLContext | None = None) -> Iterator[Post]:
    """
    Serve until the block ends; the port is in the post.
    """
    handler = type("Handler", (_Handler,), {"post": post, "tls": tls})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        post.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield post
        finally:
            server.shutdown()
            thread.join()
