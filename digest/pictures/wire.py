"""
What passes between a worker and us: a line of JSON, and bytes.

A worker decodes hostile bytes, so what it answers is as hostile.
"""

import json
import re
from dataclasses import dataclass
from typing import IO, Any

from ..errors import PictureError
from ..model import Slot

MAGIC = {"jpg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}
COLOUR = re.compile(r"#[0-9a-f]{6}")
MAX_LINE = 10_000
MAX_REASON = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """
    A finished picture.
    """

    data: bytes
    suffix: str  #: "jpg" or "png"
    width: int
    height: int
    colour: str


def write_frame(stream: IO[bytes], fields: dict[str, Any], data: bytes = b"") -> None:
    stream.write(json.dumps(fields | {"bytes": len(data)}).encode() + b"\n")
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes], max_bytes: int) -> tuple[dict[str, Any], bytes]:
    """
    EOFError if the other side has gone; ValueError if it does not keep to the form.
    """
    line = stream.readline(MAX_LINE)
    if not line.endswith(b"\n"):
        raise EOFError
    try:
        fields = json.loads(line)
    except RecursionError:
        raise ValueError("not a frame") from None
    length = fields.pop("bytes", None) if isinstance(fields, dict) else None
    if not isinstance(length, int) or not 0 <= length <= max_bytes:
        raise ValueError("not a frame")
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return fields, data


def picture_of(fields: dict[str, Any], data: bytes, slot: Slot) -> Encoded:
    """
    The answer of a worker, believed only as far as it is a picture for that slot.
    """
    if (reason := fields.get("error")) is not None:
        line = "".join(char if char.isprintable() else " " for char in str(reason))
        raise PictureError(line[:MAX_REASON])
    try:
        made = Encoded(data=data, **fields)
        if (
            data.startswith(MAGIC[made.suffix])
            and type(made.width) is type(made.height) is int
            and 0 < made.width <= slot.width
            and 0 < made.height <= slot.height
            and COLOUR.fullmatch(made.colour)
        ):
            return made
    except (TypeError, KeyError, ValueError):
        pass
    raise PictureError("its decoder answered with something else than a picture")
