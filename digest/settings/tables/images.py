"""
The table `[images]`: where pictures are kept, and what other people's servers may do to us.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from ...fetching import FetchLimits
from ...guard import Guard, parse_host, parse_net
from ...model import PictureLimits
from ..images import ImageSettings
from .hosting import HostingTable
from .values import Duration, Line

MIB = 1024 * 1024


def _checked(value: str) -> str:
    parse_net(value)
    return value


Host = Annotated[str, AfterValidator(parse_host)]
Net = Annotated[str, AfterValidator(_checked)]
Seconds = Annotated[int, Field(ge=1, le=3_600)]
Count = Annotated[int, Field(ge=1, le=64)]


class ImagesTable(HostingTable):
    cache: Line = "pictures-cache"
    allow_hosts: list[Host] = Field(default_factory=list)
    allow_nets: list[Net] = Field(default_factory=list)
    seconds: Seconds = 20
    connect_seconds: Seconds = 5
    read_seconds: Seconds = 10
    run_seconds: Seconds = 120
    at_once: Count = 8
    per_host: Count = 2
    redirects: int = Field(default=5, ge=0, le=20)
    max_bytes: int = Field(default=10 * MIB, ge=1, le=1024 * MIB)
    max_pixels: int = Field(default=50_000_000, ge=1, le=1_000_000_000)
    max_side: int = Field(default=20_000, ge=1, le=65_535)
    min_width: int = Field(default=120, ge=1)
    max_aspect: int = Field(default=4, ge=1)
    decode_seconds: Seconds = 10
    decode_memory: int = Field(default=1024 * MIB, ge=256 * MIB)
    workers: Count | None = None
    max_cache: int = Field(default=1024 * MIB, ge=0)
    keep_sent: Duration = timedelta(days=730)


def image_settings(table: ImagesTable) -> ImageSettings:
    """
    The values behind the keys.
    """
    return ImageSettings(
        guard=Guard(
            hosts=frozenset(table.allow_hosts), nets=tuple(map(parse_net, table.allow_nets))
        ),
        fetching=FetchLimits(
            seconds=table.seconds,
            connect_seconds=table.connect_seconds,
            read_seconds=table.read_seconds,
            run_seconds=table.run_seconds,
            at_once=table.at_once,
            per_host=table.per_host,
            redirects=table.redirects,
            max_bytes=table.max_bytes,
        ),
        decoding=PictureLimits(
            max_bytes=table.max_bytes,
            max_pixels=table.max_pixels,
            max_side=table.max_side,
            min_width=table.min_width,
            max_aspect=table.max_aspect,
            seconds=table.decode_seconds,
            memory=table.decode_memory,
            workers=table.workers,
        ),
        max_cache=table.max_cache,
        keep_sent=table.keep_sent,
    )
