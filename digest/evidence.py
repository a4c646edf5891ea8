"""
What a mail server's log, or a bounce, proves about letters in doubt.

A log proves that a letter was handed over only where the server says that it queued it: Postfix
logs the Message-ID already while a letter comes in, also when the line breaks half-way. A bounce
quotes the headers of a letter that was sent.
"""

import gzip
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from .errors import NotFoundError

#: Postfix: `… postfix/cleanup[7]: 4XyZ: message-id=<…>`, then `… postfix/qmgr[8]: 4XyZ: from=…`.
ARRIVING = re.compile(r"/cleanup\[\d+\]: ([0-9A-Za-z]+): (?:resent-)?message-id=(<[^<>\s]+>)")
QUEUED = re.compile(r"/qmgr\[\d+\]: ([0-9A-Za-z]+): from=<[^>]*>, .*\(queue active\)")
#: Exim: `… 1abc <= news@example.org H=… id=4711@example.org`.
ARRIVED = re.compile(r" <= \S+ .*?\bid=([^<>\s]+)")
#: The header that a bounce brings back.
QUOTED = re.compile(r"^>?\s*Message-ID:\s*(<[^<>\s]+>)", re.IGNORECASE)
MAX_LINE = 10_000


def find_sent(path: Path, message_ids: Collection[str]) -> set[str]:
    """
    Those of the Message-IDs that a log, a mailbox file, or any file of a folder proves as sent.
    """
    if not path.exists():
        raise NotFoundError(f"there is no file {path}")
    wanted = set(message_ids)
    found: set[str] = set()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            found |= wanted.intersection(_proven_iter(_lines(file)))
    return found


def _proven_iter(lines: Iterable[str]) -> Iterator[str]:
    arriving: dict[str, str] = {}
    for line in lines:
        if arrives := ARRIVING.search(line):
            arriving[arrives[1]] = arrives[2]
        elif queued := QUEUED.search(line):
            # Queue ids are used again: what came in is forgotten once it is told.
            yield arriving.pop(queued[1], "")
        elif arrived := ARRIVED.search(line):
            yield f"<{arrived[1]}>"
        elif quoted := QUOTED.match(line):
            yield quoted[1]


def _lines(path: Path) -> Iterator[str]:
    """
    A long header of a bounce may stand on two lines.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            before = ""
            while raw := file.readline(MAX_LINE):
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                if before and line[:1].isspace():
                    line = before + line
                before = line if line.lower().rstrip() == "message-id:" else ""
                if not before:
                    yield line
    except (OSError, EOFError) as error:
        raise NotFoundError(f"{path} cannot be read: {error}") from None
