"""
Pictures made for tests, and what became of them.
"""

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from digest.model import THUMBNAIL, Picture, Slot
from digest.pictures import FolderCache

RED, BLUE, GREEN = (200, 0, 0), (0, 0, 200), (0, 200, 0)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def a_photo(width: int = 480, height: int = 320, *, left: Any = RED, right: Any = BLUE) -> bytes:
    """
    A PNG with a left half and a right half.
    """
    image = Image.new("RGB", (width, height), left)
    image.paste(right, (width // 2, 0, width, height))
    return encoded(image)


def put(cache: FolderCache, data: bytes, slot: Slot = THUMBNAIL) -> tuple[Picture, Image.Image]:
    """
    What the cache says of a picture, and the picture itself.
    """
    picture = cache.put("source", data, slot)
    image = Image.open(BytesIO(cache.path_of(picture.name).read_bytes()))
    image.load()
    assert image.size == (picture.width, picture.height)
    return picture, image.convert("RGBA") if image.mode == "P" else image


def pixel(image: Image.Image, x: float, y: float) -> tuple[int, ...]:
    place = int(image.width * x), int(image.height * y)
    value = image.convert("RGB").getpixel(place)
    assert isinstance(value, tuple)
    return tuple(round(each / 25) * 25 for each in value)


def files_of(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def png_header(width: int, height: int) -> bytes:
    """
    A PNG of a few bytes that claims any size.
    """

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def wide_profile() -> bytes:
    """
    A profile of colours that no sRGB screen shows: the primaries of Display P3, gamma 2.2.
    """

    def fixed(*values: float) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(value * 65_536) for value in values))

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + fixed(*values)

    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(2.2 * 256), 0)
    name = b"Wide\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(79),
        b"cprt": b"text\0\0\0\0None",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.51512, 0.2412, -0.00105),
        b"gXYZ": xyz(0.29198, 0.69225, 0.04189),
        b"bXYZ": xyz(0.1571, 0.06657, 0.78407),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body = struct.pack(">I", len(tags)), b""
    for kind, data in tags.items():
        place = 128 + 4 + 12 * len(tags) + len(body)
        table += kind + struct.pack(">II", place, len(data))
        body += data + bytes(-len(data) % 4)
    size = 128 + len(table) + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + fixed(0.9642, 1.0, 0.8249)
    return header.ljust(128, b"\0") + table + body
