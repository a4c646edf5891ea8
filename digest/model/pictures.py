"""
Pictures: the places for them, what is allowed in, and what is kept.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """
    A place for a picture: the pixels it is stored with, twice those it is shown with.
    """

    name: str
    width: int
    height: int
    max_bytes: int = 60_000
    crop: bool = True  #: False: the whole picture, however it is shaped


LEAD = Slot(name="lead", width=1104, height=621, max_bytes=160_000)
THUMBNAIL = Slot(name="thumbnail", width=240, height=160)
#: Of a provider, for a card of ours; never shown by itself.
LOGO = Slot(name="logo", width=256, height=256, crop=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLimits:
    """
    What is not decoded, what is not worth showing, and what decoding may cost.
    """

    max_bytes: int = 10 * 1024 * 1024  #: of a file
    max_pixels: int = 50_000_000
    max_side: int = 20_000
    min_width: int = 120  #: of a lead; narrower ones are spacers and counters
    max_aspect: int = 4  #: longer ones are banners
    seconds: int = 10  #: of one processor, for one picture
    memory: int = 1 << 30  #: of one worker, in bytes
    workers: int | None = None  #: None: one for each processor


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """
    A checked and resized image in the cache, named by the hash of its bytes.
    """

    name: str  #: `ab/abcdef….jpg`, below the cache and below the pictures' address alike
    width: int  #: in pixels, of the file
    height: int
    colour: str  #: the dominant one, `#rrggbb`, for the box before it loads
    drawn: bool = False  #: a placeholder of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """
    A picture on somebody's server that would do for a slot.
    """

    source: str  #: its web address
    slot: Slot
