"""
What must not be told, found again in whatever was written, however that is encoded.
"""

import html
import quopri
import re
from collections.abc import Iterable, Iterator, Mapping
from email import message_from_bytes, policy
from urllib.parse import unquote

from tests.program import Project, contents

#: Somebody's ciphertext, as articles have it.
SECURED = "c2VjcmV0" * 40 + ";AAAAAAAAAAAAAAAAAAAAAA=="
#: In links, and in the addresses of the bounce reader.
TOKEN = re.compile(r"(?:/[updcnw]/|\+)([A-Za-z0-9_-]{32})\b")


def tokens_in(mail: bytes) -> set[str]:
    """
    The tokens in the links, headers and parts of a mail.
    """
    return {token for reading in readings_of(mail) for token in TOKEN.findall(reading)}


def leaks(texts: Mapping[str, bytes | str], secrets: Iterable[str]) -> list[tuple[str, str]]:
    """
    Where which secret is told. Case does not count, nor does a mail server's way to write `@`.
    """
    wanted = {each.lower() for secret in secrets for each in (secret, secret.replace("@", "="))}
    return sorted(
        (name, secret)
        for name, text in texts.items()
        for reading in [" ".join(readings_of(text)).lower()]
        for secret in wanted
        if secret in reading
    )


def readings_of(text: bytes | str) -> Iterator[str]:
    """
    The text as it is, and decoded in all ways that the web and mail have.
    """
    data = text.encode() if isinstance(text, str) else text
    plain = data.decode("utf-8", "replace")
    yield plain
    yield quopri.decodestring(data).decode("utf-8", "replace")
    yield html.unescape(unquote(plain))
    if re.match(rb"[A-Za-z-]+: ", data):
        message = message_from_bytes(data, policy=policy.default)
        yield from (str(value) for _, value in message.items())
        for part in message.walk():
            if not part.is_multipart():
                decoded = part.get_payload(decode=True)
                yield decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else ""


def written_below(project: Project, folder: str) -> dict[str, bytes]:
    """
    The files of a folder but for its pictures.
    """
    return {
        f"{folder}/{path}": data
        for path, data in contents(project.folder / folder).items()
        if not path.endswith((".jpg", ".png"))
    }
