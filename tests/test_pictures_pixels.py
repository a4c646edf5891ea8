"""
Pixels: upright, in sRGB, whatever they came as; and what is refused without being decoded.
"""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from digest.errors import PictureError
from digest.model import LEAD, LOGO, THUMBNAIL, PictureLimits, Slot
from digest.pictures.encoding import encode
from digest.pictures.pixels import MAX_PROFILE, cut_picture

from .photos import BLUE, GREEN, RED, a_photo, encoded, pixel, png_header, wide_profile

LIMITS = PictureLimits()
GPS, LATITUDE = 0x8825, 2


def cut(data: bytes, slot: Slot = THUMBNAIL, **limits: Any) -> Image.Image:
    return cut_picture(data, slot, PictureLimits(**limits))


def middle(data: bytes) -> tuple[int, ...]:
    image = cut(data)
    value = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(value, tuple)
    return tuple(map(int, value))


def test_sixteen_bits_of_grey_keep_their_shades() -> None:
    row = struct.pack("<480H", *[10_000] * 240, *[40_000] * 240)
    image = Image.frombytes("I;16", (480, 320), row * 320)

    kept = cut(encoded(image))

    assert (kept.getpixel((20, 80)), kept.getpixel((220, 80))) == ((39,) * 3, (156,) * 3)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_grey_is_the_same_grey_in_every_mode(kind: str, mode: str) -> None:
    shade = 255 if mode == "1" else 150
    colour: Any = {"LA": (150, 255), "PA": (150, 255), "RGB": (150,) * 3}.get(mode, shade)
    colour = (150, 150, 150, 255) if mode == "RGBA" else colour
    image = Image.new(mode, (480, 320), colour)
    if mode in {"P", "PA"}:
        image.putpalette([step for value in range(256) for step in (value,) * 3])
    if mode == "PA" and kind != "WEBP":
        image = image.convert("LA")  # Neither is written as it is.

    assert middle(encoded(image, kind)) == pytest.approx((shade,) * 3, abs=2)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [True, False])
def test_a_jpeg_looks_the_same_in_every_mode(mode: str, progressive: bool) -> None:  # noqa: FBT001
    photo = Image.open(BytesIO(a_photo())).convert(mode)

    kept = cut(encoded(photo, "JPEG", quality=95, progressive=progressive))

    expected = photo.convert("RGB")
    for place in (0.1, 0.9):
        assert pixel(kept, place, 0.5) == pytest.approx(pixel(expected, place, 0.5), abs=25)


def test_an_interlaced_png_is_read() -> None:
    """
    Pillow writes none: seven passes of which the first six have few pixels, by hand.
    """
    width = height = 128
    raw = b""
    for left, top, right, down in (
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):  # fmt: skip
        columns, rows = len(range(left, width, right)), len(range(top, height, down))
        raw += (b"\0" + bytes(RED) * columns) * rows
    data = png_of(struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1), raw)

    assert middle(data) == RED


def png_of(header: bytes, raw: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    written = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def srgb_of(colour: tuple[int, int, int]) -> tuple[float, ...]:
    """
    What a colour of `wide_profile` is in sRGB, by the definitions of both.
    """
    from_wide = ((1.22494, -0.22494, 0.0), (-0.04206, 1.04206, 0.0), (-0.01964, -0.07864, 1.09827))
    linear = [(value / 255) ** 2.2 for value in colour]
    sums = [sum(a * b for a, b in zip(row, linear, strict=True)) for row in from_wide]
    clipped = [min(max(value, 0.0), 1.0) for value in sums]
    return tuple(
        255 * (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055) for v in clipped
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("colour", [(180, 120, 90), (60, 160, 80), (128, 128, 128), (255, 0, 0)])
def test_a_wide_gamut_becomes_srgb(kind: str, colour: tuple[int, int, int]) -> None:
    image = Image.new("RGB", (480, 320), colour)
    options = {"quality": 95} if kind in {"JPEG", "AVIF"} else {"lossless": True}
    options = {} if kind == "PNG" else options

    found = middle(encoded(image, kind, icc_profile=wide_profile(), **options))

    assert found == pytest.approx(srgb_of(colour), abs=4)


def test_transparency_survives_a_profile() -> None:
    image = Image.new("RGBA", (480, 320), (180, 120, 90, 100))

    *colour, alpha = middle(encoded(image, "PNG", icc_profile=wide_profile()))

    assert alpha == 100
    assert tuple(colour) == pytest.approx(srgb_of((180, 120, 90)), abs=4)


@pytest.mark.parametrize(
    "profile",
    [
        b"nonsense",
        wide_profile()[:200],
        ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
        wide_profile() + bytes(MAX_PROFILE),
    ],
    ids=["nonsense", "cut", "of other colours", "too large"],
)
def test_a_profile_that_is_of_no_use_is_passed_over(profile: bytes) -> None:
    image = Image.new("RGB", (480, 320), (180, 120, 90))

    found = middle(encoded(image, "JPEG", quality=95, icc_profile=profile))

    assert found == pytest.approx((180, 120, 90), abs=2)


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_means_nothing_is_none(orientation: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = Image.open(BytesIO(a_photo()))

    kept = cut(encoded(photo, "JPEG", exif=exif, quality=95))

    assert (pixel(kept, 0.1, 0.5), pixel(kept, 0.9, 0.5)) == (RED, BLUE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_exif_block_that_is_damaged_turns_nothing(kind: str) -> None:
    photo = Image.open(BytesIO(a_photo()))

    kept = cut(encoded(photo, kind, exif=b"Exif\0\0garbagegarbage"))

    assert (pixel(kept, 0.1, 0.5), pixel(kept, 0.9, 0.5)) == (RED, BLUE)


def test_where_a_photo_was_taken_is_gone() -> None:
    exif = Image.Exif()
    exif.get_ifd(GPS)[LATITUDE] = (48.0, 51.0, 30.0)
    data = encoded(Image.open(BytesIO(a_photo())), "JPEG", exif=exif)
    assert Image.open(BytesIO(data)).getexif().get_ifd(GPS)

    kept = Image.open(BytesIO(encode(cut(data), THUMBNAIL).data))

    assert not kept.getexif().get_ifd(GPS)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_a_moving_picture_only_the_first_frame_is_decoded(kind: str) -> None:
    frames = [Image.new("RGB", (480, 320), colour) for colour in (RED, BLUE, GREEN)]
    moving = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)

    assert middle(moving) == pytest.approx(RED, abs=3)


def test_a_gif_that_never_ends_is_its_first_frame() -> None:
    whole = encoded(Image.new("P", (480, 320), 1))
    gif = encoded(Image.open(BytesIO(whole)).convert("RGB"), "GIF")
    frame = gif[gif.index(b",") : -1]

    assert cut(gif[:-1] + frame * 20_000).size == (240, 160)


def test_text_that_would_unpack_to_much_is_refused() -> None:
    header = struct.pack(">IIBBBBB", 240, 160, 8, 2, 0, 0, 0)
    raw = (b"\0" + bytes(RED) * 240) * 160
    bomb = b"Comment\0\0" + zlib.compress(bytes(64 * 1024 * 1024))

    with pytest.raises(PictureError, match="no picture that can be read"):
        cut(png_of(header, raw, (b"zTXt", bomb)))


def test_of_a_polyglot_only_the_picture_is_kept() -> None:
    notes = PngInfo()
    notes.add_text("x", "<script>alert(1)</script>")
    data = (
        encoded(Image.open(BytesIO(a_photo())), pnginfo=notes) + b"<script>alert(2)</script>PK\3\4"
    )

    kept = encode(cut(data), THUMBNAIL).data

    assert b"script" not in kept
    assert kept.endswith(b"\xff\xd9")


@pytest.mark.parametrize(
    ("slot", "size", "reason"),
    [
        (LEAD, (1, 1), "only 1 pixels wide, 120 are needed"),
        (LEAD, (119, 80), "only 119 pixels wide"),
        (THUMBNAIL, (1, 1), "only 1 pixels wide, 60 are needed"),
        (THUMBNAIL, (59, 40), "only 59 pixels wide"),
        (LEAD, (728, 90), "728 x 90 is too long a strip"),
        (THUMBNAIL, (160, 641), "too long a strip"),
    ],
)
def test_counters_and_banners_are_no_pictures(
    slot: Slot, size: tuple[int, int], reason: str
) -> None:
    with pytest.raises(PictureError, match=reason):
        cut(a_photo(*size), slot)


@pytest.mark.parametrize(("slot", "width"), [(LEAD, 120), (THUMBNAIL, 60)])
def test_a_picture_may_be_as_small_as_that(slot: Slot, width: int) -> None:
    assert cut(a_photo(width, 60), slot).width <= width


def test_the_width_that_is_asked_for_holds_for_the_lead_however_large() -> None:
    assert cut(a_photo(600, 400), LEAD, min_width=600).width == 600
    with pytest.raises(PictureError, match="only 599 pixels wide, 600 are needed"):
        cut(a_photo(599, 400), LEAD, min_width=600)


@pytest.mark.parametrize(("least", "needed"), [(40, 40), (120, 60), (600, 60)])
def test_no_thumbnail_needs_more_than_a_quarter_of_its_width(least: int, needed: int) -> None:
    assert cut(a_photo(needed, 60), THUMBNAIL, min_width=least).width == needed
    with pytest.raises(PictureError, match=f"only {needed - 1} pixels wide, {needed} are needed"):
        cut(a_photo(needed - 1, 60), THUMBNAIL, min_width=least)


def test_a_photo_that_lies_on_its_side_is_measured_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = Image.new("RGB", (300, 100), RED)

    with pytest.raises(PictureError, match="only 100 pixels wide"):
        cut(encoded(photo, "JPEG", exif=exif), LEAD)


@pytest.mark.parametrize("size", [(50, 50), (16, 16), (400, 40)])
def test_a_logo_is_kept_whole_however_small(size: tuple[int, int]) -> None:
    kept = cut(a_photo(*size), LOGO)

    assert kept.width <= min(size[0], LOGO.width)
    assert kept.width / kept.height == pytest.approx(size[0] / size[1], rel=0.05)


@pytest.mark.parametrize("size", [(1, 1), (15, 200)])
def test_a_counter_is_no_logo(size: tuple[int, int]) -> None:
    with pytest.raises(PictureError, match="pixels are too few for a logo"):
        cut(a_photo(*size), LOGO)


def test_a_picture_with_nothing_to_see_is_refused() -> None:
    with pytest.raises(PictureError, match="nothing in it can be seen"):
        cut(encoded(Image.new("RGBA", (480, 320), (*RED, 0))))


def test_limits_are_what_the_caller_says() -> None:
    assert cut(a_photo(480, 320), max_pixels=480 * 320).size == (240, 160)
    with pytest.raises(PictureError, match="480 x 320 is more than 153,599 pixels"):
        cut(a_photo(480, 320), max_pixels=480 * 320 - 1)
    with pytest.raises(PictureError, match="480 x 320 is longer than 400 pixels"):
        cut(a_photo(480, 320), max_side=400)


def test_a_claim_of_many_pixels_costs_nothing() -> None:
    with pytest.raises(PictureError, match="60000 x 60000"):
        cut(png_header(60_000, 60_000))
