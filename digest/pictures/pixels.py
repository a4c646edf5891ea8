"""
Anybody's bytes become an upright picture in sRGB, cut to a slot. Runs in a worker.
"""

import warnings
from io import BytesIO

from PIL import Image, ImageCms, UnidentifiedImageError

from ..errors import PictureError
from ..model import LEAD, PictureLimits, Slot
from .cropping import crop_box

#: What mail programs and phones make. Every other decoder of Pillow's stays asleep.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")
MAX_PROFILE = 2 * 1024 * 1024
MIN_LOGO = 16
#: Of a thumbnail's width that part is enough: it is shown at half of it, and may be enlarged twice.
ENOUGH = 4
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = range(5, 9)
#: A JPEG is decoded no larger than needed; half of that is what resizing needs to look good.
DOUBLE = 2
#: A picture is first halved or thirded quickly, down to so many times its final size.
SPARE = 3
# The operator's limits are judged below; Pillow's own would only say it in other words.
Image.MAX_IMAGE_PIXELS = None
#: Less transparency than that nobody sees.
OPAQUE = 250


def cut_picture(data: bytes, slot: Slot, limits: PictureLimits) -> Image.Image:
    """
    The first frame in RGB, or in RGBA where something shows through. Never enlarged.

    PictureError says what is wrong with it, in a line.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                _check_size(*image.size, limits)
                image.draft(None, (slot.width * DOUBLE, slot.height * DOUBLE))
                image.load()
                return _cut(image, slot, limits)
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(f"no picture in {', '.join(FORMATS)}") from None
    except MemoryError:
        raise PictureError("takes more memory than a picture may") from None
    except Exception as error:  # noqa: BLE001
        # Damaged bytes make decoders raise all there is, and bombs an error of its own.
        raise PictureError(f"no picture that can be read: {error}") from None


def _check_size(width: int, height: int, limits: PictureLimits) -> None:
    if width * height > limits.max_pixels:
        raise PictureError(f"{width} x {height} is more than {limits.max_pixels:,} pixels")
    if max(width, height) > limits.max_side:
        raise PictureError(f"{width} x {height} is longer than {limits.max_side:,} pixels")


def _least_width(slot: Slot, limits: PictureLimits) -> int:
    """
    What is asked for, of the lead; a thumbnail is small, and fewer pixels do.
    """
    lead = slot.name == LEAD.name
    return limits.min_width if lead else min(limits.min_width, slot.width // ENOUGH)


def _check_use(width: int, height: int, min_width: int, max_aspect: int) -> None:
    """
    Counters, spacers and banners illustrate nothing.
    """
    if width < min_width:
        raise PictureError(f"only {width} pixels wide, {min_width} are needed")
    if max(width, height) > max_aspect * min(width, height):
        raise PictureError(f"{width} x {height} is too long a strip")


def _cut(image: Image.Image, slot: Slot, limits: PictureLimits) -> Image.Image:
    orientation = _orientation(image)
    sideways = orientation in SIDEWAYS
    declared = image.size[::-1] if sideways else image.size
    if slot.crop:
        _check_use(*declared, _least_width(slot, limits), limits.max_aspect)
    elif min(declared) < MIN_LOGO:
        raise PictureError(f"{declared[0]} x {declared[1]} pixels are too few for a logo")
    profile = image.info.get("icc_profile")
    plain = _reduce(_plain(image), slot)
    if orientation in TURNS:
        plain = plain.transpose(TURNS[orientation])
    fitted = _fit(plain, slot)
    # Last, because by now there are few pixels left to convert.
    return _opaque_if_it_is(_to_srgb(fitted, profile))


def _orientation(image: Image.Image) -> int | None:
    try:
        return image.getexif().get(ORIENTATION)
    except Exception:  # noqa: BLE001
        # Damaged notes on a picture raise all there is, and are no reason to refuse it.
        return None


def _plain(image: Image.Image) -> Image.Image:
    """
    L, RGB, CMYK or RGBA, eight bits each.
    """
    if image.mode.startswith("I"):
        # A plain conversion would clip 16 bits to white.
        shifted = image.convert("I").point(lambda value: value * (1 / 256))
        return _without_info(shifted).convert("L")
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in {"L", "RGB", "CMYK"} else image.convert("RGB")


def _without_info(image: Image.Image) -> Image.Image:
    """
    A transparent shade of 16 bits means nothing among 8.
    """
    image.info.clear()
    return image


def _reduce(image: Image.Image, slot: Slot) -> Image.Image:
    longest = SPARE * max(slot.width, slot.height)
    factor = min(image.size) // longest
    return image.reduce(factor) if factor > 1 else image


def _fit(image: Image.Image, slot: Slot) -> Image.Image:
    whole = 0.0, 0.0, float(image.width), float(image.height)
    box = crop_box(image, slot) if slot.crop else whole
    width, height = box[2] - box[0], box[3] - box[1]
    scales = slot.width / width, slot.height / height
    scale = min(1.0, *scales)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size == image.size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=SPARE)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """
    The colours that were meant. A profile that is damaged, or for other colours, is passed over.
    """
    opaque = "CMYK" if image.mode == "CMYK" else "L" if image.mode == "L" else "RGB"
    converted = image if image.mode == opaque else image.convert(opaque)
    if profile and len(profile) <= MAX_PROFILE:
        converted = _convert(converted, profile)
    converted = converted.convert("RGB")
    if image.mode == "RGBA":
        converted.putalpha(image.getchannel("A"))
    return converted


def _convert(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image


def _opaque_if_it_is(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    extrema = image.getchannel("A").getextrema()
    low, high = int(extrema[0]), int(extrema[1])  # type: ignore[arg-type]
    if not high:
        raise PictureError("nothing in it can be seen")
    return image.convert("RGB") if low >= OPAQUE else image
