"""
The picture cache: files named by the hash of their bytes, all of them encoded by us.

    <cache>/ab/abcdef….jpg      a picture; the same name below the pictures' web address
    <cache>/sources/….json      which picture was made of which source for which slot
"""

import hashlib
import json
import unicodedata
import warnings
from dataclasses import asdict
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import PictureError
from .files import write_whole
from .model import LEAD, Picture, Slot

if TYPE_CHECKING:
    from PIL import Image, ImageFont

#: Part of every source's key: pictures made by an older pipeline are made anew.
PIPELINE = 1
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")
MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 50_000_000
MAX_SIDE = 20_000
#: The letters are seen at half size, where a larger picture hides more of the compression.
QUALITY = {LEAD.name: 70}
OTHER_QUALITY = 78
PALETTE = ("#3d5a80", "#7a4069", "#2f6b5e", "#8a4b2d", "#4f5d2f", "#5b4b8a", "#7b3b3b", "#31708e")


class FolderCache:
    """
    Pictures in a folder. Several runs may use it at once.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, source: str, slot: Slot, /) -> Picture | None:
        try:
            fields = json.loads(self._source_path(source, slot).read_text("utf-8"))
            picture = Picture(**fields)
            return picture if self.path_of(picture.name).is_file() else None
        except (OSError, ValueError, TypeError):
            return None  # Never made, or the note is damaged: made anew.

    def put(self, source: str, data: bytes, slot: Slot, /) -> Picture:
        return self._keep(source, slot, _decode(data, slot), drawn=False)

    def draw(self, label: str, topic: str, slot: Slot, /) -> Picture:
        source = f"drawn:{label}:{topic}"
        return self.get(source, slot) or self._keep(
            source, slot, _draw_placeholder(label, topic, slot), drawn=True
        )

    def path_of(self, picture: str, /) -> Path:
        return self.folder / picture

    def _source_path(self, source: str, slot: Slot) -> Path:
        key = hashlib.sha256(f"{PIPELINE} {slot} {source}".encode()).hexdigest()[:32]
        return self.folder / "sources" / f"{key}.json"

    def _keep(self, source: str, slot: Slot, image: "Image.Image", *, drawn: bool) -> Picture:
        data, suffix = _encode(image, slot)
        digest = hashlib.sha256(data).hexdigest()[:32]
        name = f"{digest[:2]}/{digest}.{suffix}"
        width, height = image.size
        colour = _dominant_colour(image)
        picture = Picture(name=name, width=width, height=height, colour=colour, drawn=drawn)
        try:
            if not self.path_of(name).is_file():
                write_whole(self.path_of(name), data, mode=0o644)
            write_whole(self._source_path(source, slot), json.dumps(asdict(picture)).encode())
        except OSError as error:
            message = f"the picture cache {self.folder} cannot be written: {error.strerror}"
            raise PictureError(message) from None
        return picture


def _decode(data: bytes, slot: Slot) -> "Image.Image":
    """
    The first frame, upright, cropped to the slot's shape and never enlarged.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    if len(data) > MAX_BYTES:
        raise PictureError(f"larger than {MAX_BYTES:,} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                _check_size(*image.size)
                image.draft("RGB", (slot.width * 2, slot.height * 2))
                image.load()
                upright = ImageOps.exif_transpose(image)
                return _fit(_flatten(upright), slot)
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(f"no picture in {', '.join(FORMATS)}") from None
    except Exception as error:  # noqa: BLE001
        # Damaged bytes make decoders raise all there is, and bombs an error of its own.
        raise PictureError(f"no picture that can be read: {error}") from None


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise PictureError(f"{width} x {height} is more than {MAX_PIXELS:,} pixels")


def _flatten(image: "Image.Image") -> "Image.Image":
    """
    RGB, or RGBA where transparency is really used.
    """
    if image.mode.startswith("I;16"):
        # A plain conversion would clip 16 bits to white.
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            return image
    return image.convert("RGB")


def _fit(image: "Image.Image", slot: Slot) -> "Image.Image":
    from PIL import Image, ImageOps

    scale = min(1.0, image.width / slot.width, image.height / slot.height)
    size = max(1, round(slot.width * scale)), max(1, round(slot.height * scale))
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS)


def _encode(image: "Image.Image", slot: Slot) -> tuple[bytes, str]:
    """
    JPEG, or PNG for transparency: what every mail program shows. No metadata.
    """
    buffer = BytesIO()
    image.info.clear()  # Comments and profiles of the source would be written otherwise.
    if image.mode == "RGBA":
        image.save(buffer, "PNG", optimize=True)
        return buffer.getvalue(), "png"
    quality = QUALITY.get(slot.name, OTHER_QUALITY)
    image.save(buffer, "JPEG", quality=quality, progressive=True, optimize=True, exif=b"")
    return buffer.getvalue(), "jpg"


def _dominant_colour(image: "Image.Image") -> str:
    from PIL import Image

    pixel = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).tobytes()
    return f"#{pixel.hex()}"


def _draw_placeholder(label: str, topic: str, slot: Slot) -> "Image.Image":
    from PIL import Image, ImageDraw

    digest = hashlib.sha256(topic.encode()).digest()
    image = Image.new("RGB", (slot.width, slot.height), PALETTE[digest[0] % len(PALETTE)])
    pen = ImageDraw.Draw(image, "RGBA")
    radius = slot.height * 0.9
    for place in (0.1, 0.85):
        centre = slot.width * place, slot.height * (1 - place)
        pen.circle(centre, radius, fill=(255, 255, 255, 22))
    font = _font(round(slot.height * 0.4))
    middle = slot.width / 2, slot.height / 2
    pen.text(middle, _drawable(label), fill=(255, 255, 255, 235), font=font, anchor="mm")
    return image


def _drawable(label: str) -> str:
    """
    What the font of Pillow knows: ASCII. Accents are dropped, and what would be empty boxes.
    """
    plain = unicodedata.normalize("NFKD", label)
    return "".join(char for char in plain if char.isascii() and char.isprintable())


@lru_cache(maxsize=8)
def _font(size: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    from PIL import ImageFont

    return ImageFont.load_default(size)
