"""
A picture becomes bytes that every mail program shows, no more than its slot has room for.
"""

from io import BytesIO

from PIL import Image

from ..model import LEAD, Slot
from .wire import Encoded

#: The letters are seen at half size, where a larger picture hides more of the compression.
QUALITY = {LEAD.name: 70}
OTHER_QUALITY = 78
WORST_QUALITY = 10
STEP = 10
#: Of a transparent picture; fewer when it is too large.
PALETTES = (256, 64)
LIGHT, DARK = "#ffffff", "#22262b"
#: From here on, of 255, a picture is lost on white.
PALE = 170


def encode(image: Image.Image, slot: Slot) -> Encoded:
    """
    JPEG, or PNG for transparency, within the slot's bytes. No metadata.
    """
    image.info.clear()  # Comments and profiles of the source would be written otherwise.
    colour = _colour_behind(image)
    if image.mode == "RGBA":
        if data := _small_png(image, slot):
            return _encoded(image, data, "png", colour)
        image = _flattened(image, colour)
    return _encoded(image, _small_jpeg(image, slot), "jpg", colour)


def _encoded(image: Image.Image, data: bytes, suffix: str, colour: str) -> Encoded:
    return Encoded(data=data, suffix=suffix, width=image.width, height=image.height, colour=colour)


def _small_png(image: Image.Image, slot: Slot) -> bytes | None:
    for colours in PALETTES:
        buffer = BytesIO()
        image.quantize(colours, Image.Quantize.FASTOCTREE).save(buffer, "PNG", optimize=True)
        if buffer.tell() <= slot.max_bytes:
            return buffer.getvalue()
    return None


def _small_jpeg(image: Image.Image, slot: Slot) -> bytes:
    best = QUALITY.get(slot.name, OTHER_QUALITY)
    for quality in (*range(best, WORST_QUALITY, -STEP), WORST_QUALITY):
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=quality, progressive=True, optimize=True)
        if buffer.tell() <= slot.max_bytes:
            return buffer.getvalue()
    # Noise, and nothing else, gets here.
    return _small_jpeg(image.reduce(2).resize(image.size), slot)


def _colour_behind(image: Image.Image) -> str:
    """
    The average; of what shows its background, one that it stands out from.
    """
    pixel = image.resize((1, 1), Image.Resampling.BOX)
    if image.mode != "RGBA":
        return f"#{pixel.tobytes().hex()}"
    return DARK if pixel.convert("RGB").convert("L").tobytes()[0] > PALE else LIGHT


def _flattened(image: Image.Image, colour: str) -> Image.Image:
    ground = Image.new("RGB", image.size, colour)
    ground.paste(image, mask=image.getchannel("A"))
    return ground
