"""
The picture cache: anything goes in, only small and harmless pictures of our own come out.
"""

import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from digest.errors import CacheError, PictureError
from digest.model import LEAD, LOGO, THUMBNAIL, Slot
from digest.pictures import FolderCache, WorkerPool

from .photos import BLUE, GREEN, RED, a_photo, encoded, files_of, pixel, png_header, put
from .program import environment

ORIENTATION = 0x0112
DESCRIPTION = 0x010E
BLUISH = "#3d5a80"


@pytest.fixture
def cache(tmp_path: Path, workers: WorkerPool) -> FolderCache:
    return FolderCache(tmp_path / "cache", workers)


@pytest.mark.parametrize("slot", [LEAD, THUMBNAIL])
@pytest.mark.parametrize("size", [(2400, 1600), (4000, 1300), (1300, 4000), (1104, 621)])
def test_a_large_picture_gets_exactly_the_slot_s_size(
    cache: FolderCache, slot: Slot, size: tuple[int, int]
) -> None:
    picture, _ = put(cache, a_photo(*size), slot)

    assert (picture.width, picture.height) == (slot.width, slot.height)


@pytest.mark.parametrize("size", [(120, 80), (150, 300), (200, 60), (240, 100), (121, 400)])
def test_a_small_picture_gets_the_slot_s_shape_and_is_never_enlarged(
    cache: FolderCache, size: tuple[int, int]
) -> None:
    picture, _ = put(cache, a_photo(*size))

    assert picture.width <= size[0]
    assert picture.height <= size[1]
    assert abs(picture.width - picture.height * THUMBNAIL.width / THUMBNAIL.height) <= 1.5


def test_the_middle_of_a_picture_is_kept(cache: FolderCache) -> None:
    image = Image.new("RGB", (600, 160), RED)
    image.paste(GREEN, (180, 0, 420, 160))

    _, kept = put(cache, encoded(image))

    assert pixel(kept, 0.1, 0.5) == pixel(kept, 0.9, 0.5) == GREEN


@pytest.mark.parametrize(
    ("orientation", "red_at"),
    [
        (1, (0.05, 0.5)), (2, (0.95, 0.5)), (3, (0.95, 0.5)), (4, (0.05, 0.5)),
        (5, (0.5, 0.05)), (6, (0.5, 0.05)), (7, (0.5, 0.95)), (8, (0.5, 0.95)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_stands_upright_whatever_its_camera_was_held_like(
    cache: FolderCache, kind: str, orientation: int, red_at: tuple[float, float]
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = Image.open(BytesIO(a_photo(480, 480)))

    _, image = put(cache, encoded(stored, kind, exif=exif), Slot(name="x", width=240, height=240))

    assert pixel(image, *red_at) == RED
    assert pixel(image, 1 - red_at[0], 1 - red_at[1]) == BLUE
    assert not image.getexif()


def test_an_upright_photo_from_a_phone_is_large_enough_for_its_slot(cache: FolderCache) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    photo = encoded(Image.new("RGB", (4000, 3000), RED), "JPEG", exif=exif)

    picture, _ = put(cache, photo, LEAD)

    assert (picture.width, picture.height) == (LEAD.width, LEAD.height)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_no_metadata_is_kept(cache: FolderCache, kind: str, mode: str) -> None:
    if (kind, mode) == ("JPEG", "RGBA"):
        mode = "RGB"
    exif = Image.Exif()
    exif[DESCRIPTION] = "SECRET"
    notes = PngInfo()
    notes.add_text("Comment", "SECRET")
    notes.add_itxt("XML:com.adobe.xmp", "SECRET")
    all_options: dict[str, dict[str, Any]] = {
        "JPEG": {"exif": exif, "comment": b"SECRET", "xmp": b"SECRET", "icc_profile": b"SECRET"},
        "PNG": {"exif": exif, "pnginfo": notes, "icc_profile": b"SECRET"},
        "WEBP": {"exif": exif, "xmp": b"SECRET", "icc_profile": b"SECRET"},
        "GIF": {"comment": b"SECRET"},
    }
    image = Image.new(mode, (480, 320), (9, 9, 9, 90)[: len(mode)])
    source = encoded(image, kind, **all_options[kind])
    assert b"SECRET" in source

    picture, kept = put(cache, source)

    data = cache.path_of(picture.name).read_bytes()
    assert b"SECRET" not in data
    assert b"iCCP" not in data
    assert not {"comment", "exif", "icc_profile", "xmp", "Comment"} & kept.info.keys()


def test_transparency_is_kept_as_png(cache: FolderCache) -> None:
    image = Image.new("RGBA", (480, 320), (0, 0, 0, 0))
    image.paste((*RED, 255), (0, 0, 240, 320))

    picture, kept = put(cache, encoded(image))

    assert picture.name.endswith(".png")
    assert kept.mode == "RGBA"
    assert kept.getchannel("A").getextrema() in {(0, 254), (0, 255)}
    assert pixel(kept, 0.1, 0.5) == RED


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_alpha_channel_that_hides_nothing_goes(cache: FolderCache, kind: str) -> None:
    picture, image = put(cache, encoded(Image.new("RGBA", (480, 320), (*RED, 255)), kind))

    assert picture.name.endswith(".jpg")
    assert pixel(image, 0.5, 0.5) == RED


@pytest.mark.parametrize(
    ("mode", "colour", "kind", "expected"),
    [
        ("L", 150, "PNG", (150, 150, 150)),
        ("LA", (150, 255), "PNG", (150, 150, 150)),
        ("1", 1, "PNG", (250, 250, 250)),
        ("I;16", 150 * 256, "PNG", (150, 150, 150)),
        ("CMYK", (0, 255, 255, 0), "JPEG", (250, 0, 0)),
        ("L", 150, "JPEG", (150, 150, 150)),
        ("RGB", RED, "WEBP", RED),
        ("RGB", RED, "AVIF", RED),
        ("RGB", RED, "GIF", RED),
    ],
)
def test_every_kind_of_colour_becomes_what_it_looks_like(
    cache: FolderCache, mode: str, colour: Any, kind: str, expected: tuple[int, ...]
) -> None:
    picture, image = put(cache, encoded(Image.new(mode, (480, 320), colour), kind))

    assert (picture.name[-4:], image.mode) == (".jpg", "RGB")
    assert pixel(image, 0.5, 0.5) == pytest.approx(expected, abs=25)


def test_a_palette_becomes_colours(cache: FolderCache) -> None:
    image = Image.open(BytesIO(a_photo())).quantize(4)

    picture, kept = put(cache, encoded(image))

    assert picture.name.endswith(".jpg")
    assert (pixel(kept, 0.1, 0.5), pixel(kept, 0.9, 0.5)) == (RED, BLUE)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_palette_s_transparent_colour_stays_transparent(cache: FolderCache, kind: str) -> None:
    image = Image.open(BytesIO(a_photo())).quantize(4)
    first = image.getpixel((0, 0))

    picture, kept = put(cache, encoded(image, kind, transparency=first))

    assert picture.name.endswith(".png")
    assert kept.getchannel("A").getextrema() in {(0, 254), (0, 255)}


def test_transparent_grey_stays_transparent(cache: FolderCache) -> None:
    picture, kept = put(cache, encoded(Image.new("LA", (480, 320), (150, 100))))

    assert picture.name.endswith(".png")
    assert kept.getchannel("A").getextrema() == (100, 100)


@pytest.mark.parametrize("transparency", [0, 40_000, 65_535])
def test_sixteen_bits_of_grey_with_a_transparent_shade_are_read(
    cache: FolderCache, transparency: int
) -> None:
    image = Image.new("I;16", (480, 320), 40_000)

    _, kept = put(cache, encoded(image, transparency=transparency))

    assert pixel(kept, 0.5, 0.5) == (150, 150, 150)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_a_moving_picture_the_first_frame_is_kept(cache: FolderCache, kind: str) -> None:
    frames = [Image.new("RGB", (480, 320), colour) for colour in (RED, BLUE, GREEN)]
    moving = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)

    _, image = put(cache, moving)

    assert getattr(image, "n_frames", 1) == 1
    assert pixel(image, 0.5, 0.5) == RED


def test_the_colour_of_the_box_is_the_picture_s_own(cache: FolderCache) -> None:
    picture, _ = put(cache, a_photo(left=(255, 0, 0), right=(0, 0, 255)))

    red, green, blue = (int(picture.colour[place : place + 2], 16) for place in (1, 3, 5))
    assert (red, green, blue) == pytest.approx((127, 0, 127), abs=3)


@pytest.mark.parametrize(
    "size", [(7100, 7100), (20_001, 1), (1, 20_001), (14_000, 14_000), (60_000, 60_000)]
)
def test_a_picture_that_claims_too_many_pixels_is_not_decoded(
    cache: FolderCache, size: tuple[int, int]
) -> None:
    with pytest.raises(PictureError, match="pixels"):
        cache.put("source", png_header(*size), THUMBNAIL)


def test_a_file_that_is_too_large_is_not_opened(cache: FolderCache) -> None:
    with pytest.raises(PictureError, match="larger than 10,485,760 bytes"):
        cache.put("source", a_photo() + bytes(10 * 1024 * 1024), THUMBNAIL)


def an_icon() -> bytes:
    return encoded(Image.new("RGB", (32, 32)), "ICO")


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: b"", id="empty"),
        pytest.param(lambda: b"<!DOCTYPE html><p>Not found", id="a web page"),
        pytest.param(lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', id="svg"),
        pytest.param(lambda: b"<?xml version='1.0'?><svg><script/></svg>", id="svg as xml"),
        pytest.param(lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n", id="postscript"),
        pytest.param(lambda: encoded(Image.new("RGB", (32, 32)), "TIFF"), id="tiff"),
        pytest.param(lambda: encoded(Image.new("RGB", (32, 32)), "BMP"), id="bmp"),
        pytest.param(an_icon, id="icon"),
        pytest.param(lambda: a_photo()[:-60], id="cut png"),
        pytest.param(
            lambda: encoded(Image.effect_noise((400, 400), 90).convert("RGB"), "JPEG")[:9000],
            id="cut jpeg",
        ),
        pytest.param(lambda: png_header(480, 320), id="too few pixels"),
        pytest.param(lambda: png_header(0, 0), id="no pixels"),
    ],
)
def test_what_is_no_picture_is_an_error_of_one_line_and_leaves_nothing(
    cache: FolderCache, make: Callable[[], bytes]
) -> None:
    with pytest.raises(PictureError) as caught:
        cache.put("source", make(), THUMBNAIL)

    assert "\n" not in str(caught.value)
    assert "0x" not in str(caught.value)
    assert files_of(cache.folder) == set()


SOURCES = [
    a_photo(40, 30),
    encoded(Image.new("RGB", (40, 30), RED), "JPEG", exif=Image.Exif(), comment=b"x"),
    encoded(Image.new("RGB", (40, 30), RED).quantize(4), "GIF"),
    encoded(Image.new("RGBA", (40, 30), (*RED, 9)), "WEBP"),
    encoded(Image.new("RGB", (40, 30), RED), "AVIF"),
]


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    source=st.sampled_from(SOURCES),
    flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 50),
)
@example(source=SOURCES[0], flips=[(16, 255), (20, 255)], cut=0)
def test_damaged_bytes_are_a_picture_or_a_picture_error(
    cache: FolderCache, source: bytes, flips: list[tuple[int, int]], cut: int
) -> None:
    damaged = bytearray(source[: len(source) - cut])
    for place, value in flips:
        damaged[place % len(damaged)] = value

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            picture = cache.put("source", bytes(damaged), THUMBNAIL)
        except PictureError:
            return

    assert cache.path_of(picture.name).is_file()


def test_a_picture_is_found_again_by_source_and_slot(
    cache: FolderCache, workers: WorkerPool
) -> None:
    picture = cache.put("source", a_photo(), THUMBNAIL)

    assert cache.get("source", THUMBNAIL) == picture
    assert FolderCache(cache.folder, workers).get("source", THUMBNAIL) == picture
    assert cache.get("source", LEAD) is None
    assert cache.get("another", THUMBNAIL) is None


def test_the_same_picture_from_two_sources_is_one_file(cache: FolderCache) -> None:
    first = cache.put("https://a.example.org/x.png", a_photo(), THUMBNAIL)

    second = cache.put("https://b.example.org/y.png", a_photo(), THUMBNAIL)

    assert first == second
    assert len(files_of(cache.folder)) == 3


def test_a_name_is_the_hash_of_the_bytes(cache: FolderCache) -> None:
    first = cache.put("source", a_photo(), THUMBNAIL)

    second = cache.put("source", a_photo(left=GREEN), THUMBNAIL)

    assert first.name != second.name
    assert first.name.startswith(first.name[3:5] + "/")
    assert cache.get("source", THUMBNAIL) == second


@pytest.mark.parametrize(
    "note",
    [
        b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b"{}", b'{"name": "x"}',
        b'{"name": null, "width": 1, "height": 1, "colour": "#fff", "drawn": false}',
        b'{"name": 5, "width": 1, "height": 1, "colour": "#fff", "drawn": false}',
        b'{"name": "", "width": 1, "height": 1, "colour": "#fff", "drawn": false}',
        b'{"name": "a\\u0000", "width": 1, "height": 1, "colour": "#fff", "drawn": false}',
    ],
)  # fmt: skip
def test_a_damaged_note_is_made_anew(cache: FolderCache, note: bytes) -> None:
    picture = cache.put("source", a_photo(), THUMBNAIL)
    (path,) = (cache.folder / "sources").glob("*/*")
    path.write_bytes(note)

    assert cache.get("source", THUMBNAIL) is None
    assert cache.put("source", a_photo(), THUMBNAIL) == picture
    assert cache.get("source", THUMBNAIL) == picture


def test_a_note_whose_picture_is_gone_is_none(cache: FolderCache) -> None:
    picture = cache.put("source", a_photo(), THUMBNAIL)
    cache.path_of(picture.name).unlink()

    assert cache.get("source", THUMBNAIL) is None
    assert cache.put("source", a_photo(), THUMBNAIL) == picture
    assert cache.path_of(picture.name).is_file()


def test_threads_that_write_the_same_picture_leave_one_file_and_nothing_else(
    cache: FolderCache,
) -> None:
    data = a_photo()

    with ThreadPoolExecutor(8) as pool:
        pictures = set(pool.map(lambda _: cache.put("source", data, THUMBNAIL), range(40)))

    (picture,) = pictures
    (note,) = (cache.folder / "sources").glob("*/*")
    assert files_of(cache.folder) == {note.name, Path(picture.name).name}
    assert json.loads(note.read_text())["name"] == picture.name


def test_pictures_can_be_read_by_a_web_server(cache: FolderCache) -> None:
    picture = cache.put("source", a_photo(), THUMBNAIL)

    assert cache.path_of(picture.name).stat().st_mode & 0o777 == 0o644


def test_a_cache_that_cannot_be_written_is_an_error_that_names_it(
    tmp_path: Path, workers: WorkerPool
) -> None:
    occupied = tmp_path / "cache"
    occupied.write_text("a file")

    with pytest.raises(CacheError, match=r"the picture cache \S+/cache cannot be written: \w+"):
        FolderCache(occupied, workers).put("source", a_photo(), THUMBNAIL)


@pytest.mark.parametrize(
    "label", ["AB", "", "李", "李小", "👩\u200d🚀", "é", "ЖΩ", "ש", "\u200b", "\n", "W" * 40, "\0"]
)
@pytest.mark.parametrize("slot", [LEAD, THUMBNAIL])
def test_any_label_gets_a_placeholder_that_fills_the_slot(
    cache: FolderCache, label: str, slot: Slot
) -> None:
    picture = cache.draw(label, BLUISH, slot)

    assert picture.drawn
    assert (picture.width, picture.height) == (slot.width, slot.height)
    assert cache.path_of(picture.name).is_file()
    assert cache.draw(label, BLUISH, slot) == picture


def test_accents_of_a_label_are_dropped(cache: FolderCache) -> None:
    assert cache.draw("ÉÇ", BLUISH, THUMBNAIL) == cache.draw("EC", BLUISH, THUMBNAIL)


def test_labels_and_colours_tell_placeholders_apart(cache: FolderCache) -> None:
    names = {
        cache.draw(label, colour, THUMBNAIL).name
        for label in ("AB", "CD")
        for colour in (BLUISH, "#7a4069")
    }

    assert len(names) == 4


def test_a_picture_whose_bytes_changed_is_made_anew(
    cache: FolderCache, workers: WorkerPool
) -> None:
    picture = cache.put("source", a_photo(), THUMBNAIL)
    path = cache.path_of(picture.name)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"x")
    later = FolderCache(cache.folder, workers)

    assert later.get("source", THUMBNAIL) is None
    assert later.missing([picture.name]) == [picture.name]
    assert later.put("source", a_photo(), THUMBNAIL) == picture
    assert path.read_bytes() == whole
    assert later.missing([picture.name]) == []


def test_a_name_that_leads_elsewhere_is_a_damaged_note(cache: FolderCache) -> None:
    cache.put("source", a_photo(), THUMBNAIL)
    (path,) = (cache.folder / "sources").glob("*/*")
    fields = json.loads(path.read_text())
    path.write_text(json.dumps(fields | {"name": "../../etc/passwd.jpg"}))

    assert cache.get("source", THUMBNAIL) is None


def test_what_another_version_made_is_made_anew(cache: FolderCache) -> None:
    assert not cache.is_outdated
    (cache.folder / "sources").mkdir(parents=True)
    (cache.folder / "sources" / "0123456789abcdef.json").write_text("{}")
    assert cache.is_outdated

    cache.put("source", a_photo(), THUMBNAIL)

    assert not cache.is_outdated
    assert cache.get("source", THUMBNAIL)


def test_what_a_slot_looks_like_is_part_of_what_is_kept(cache: FolderCache) -> None:
    cache.put("source", a_photo(), THUMBNAIL)

    assert cache.get("source", replace(THUMBNAIL, max_bytes=30_000)) is None
    assert cache.get("source", replace(THUMBNAIL, width=300)) is None


def test_a_cache_that_cannot_be_read_is_an_error_that_names_it(cache: FolderCache) -> None:
    cache.put("source", a_photo(), THUMBNAIL)
    (path,) = (cache.folder / "sources").glob("*/*")
    path.unlink()
    path.mkdir()

    with pytest.raises(CacheError, match=r"the picture cache \S+ cannot be read: Is a directory"):
        cache.get("source", THUMBNAIL)


PUT_MANY = """
import resource, sys
from pathlib import Path
from digest.errors import DigestError
from digest.model import THUMBNAIL
from digest.pictures import FolderCache

folder, first, most = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
cache = FolderCache(folder)
photos = sorted((folder.parent / "photos").iterdir())
for photo in photos[first:] + photos[:first]:
    made = cache.put(photo.name, photo.read_bytes(), THUMBNAIL)
    if most:
        # What follows is written to a file system without room.
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        most = 0
cache.close()
"""


def put_many(folder: Path, first: int = 0, most: int = 0) -> "subprocess.Popen[str]":
    """
    A run over all photos, from that one on, in a process of its own.
    """
    command = [sys.executable, "-c", PUT_MANY, str(folder), str(first), str(most)]
    return subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True)


@pytest.fixture
def photos(tmp_path: Path) -> list[bytes]:
    (tmp_path / "photos").mkdir()
    made = [a_photo(left=(place * 5, place * 3, 0)) for place in range(40)]
    for place, photo in enumerate(made):
        (tmp_path / "photos" / f"{place:03}.png").write_bytes(photo)
    return made


def test_two_runs_over_the_same_pictures_leave_one_copy_of_each(
    tmp_path: Path, workers: WorkerPool, photos: list[bytes]
) -> None:
    runs = [put_many(tmp_path / "cache", first) for first in (0, 0, 20)]
    assert [run.communicate()[1] for run in runs] == ["", "", ""]

    cache = FolderCache(tmp_path / "cache", workers)
    pictures = {cache.get(f"{place:03}.png", THUMBNAIL) for place in range(len(photos))}
    names = {picture.name for picture in pictures if picture}
    assert len(names) == len(photos)
    assert cache.missing(names) == []
    notes = {path.name for path in (cache.folder / "sources").glob("*/*")}
    assert files_of(cache.folder) == {Path(name).name for name in names} | notes


def test_a_logo_that_has_gone_from_the_cache_is_an_error_that_names_it(cache: FolderCache) -> None:
    logo = cache.put("logo", a_photo(), LOGO)
    cache.path_of(logo.name).unlink()

    with pytest.raises(CacheError, match=r"the picture cache \S+ cannot be read: No such file"):
        cache.draw("AB", BLUISH, THUMBNAIL, logo)


def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(
    tmp_path: Path, workers: WorkerPool, photos: list[bytes]
) -> None:
    run = put_many(tmp_path / "cache", most=100)

    said = run.communicate()[1].strip().splitlines()[-1]

    assert run.returncode == 1
    assert "CacheError: the picture cache" in said
    assert "cannot be written: File too large; see to it" in said
    cache = FolderCache(tmp_path / "cache", workers)
    picture = cache.get("000.png", THUMBNAIL)
    assert picture
    assert cache.missing([picture.name]) == []
    assert len(files_of(cache.folder)) == 2


def test_a_logo_is_laid_on_the_card_of_that_colour(cache: FolderCache) -> None:
    logo = cache.put("logo", a_photo(50, 50), LOGO)

    plain = cache.draw("AB", BLUISH, THUMBNAIL)
    card = cache.draw("AB", BLUISH, THUMBNAIL, logo)
    image = Image.open(cache.path_of(card.name))

    assert card.drawn
    assert (card.width, card.height) == (THUMBNAIL.width, THUMBNAIL.height)
    assert card.name != plain.name
    assert (pixel(image, 0.4, 0.5), pixel(image, 0.6, 0.5)) == (RED, BLUE)
    assert pixel(image, 0.02, 0.02) == pixel(Image.open(cache.path_of(plain.name)), 0.02, 0.02)
    assert cache.draw("XY", BLUISH, THUMBNAIL, logo) == card
