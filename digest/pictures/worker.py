"""
A process that decodes pictures and may do nothing else: no memory, time or files beyond its limits.

    python -c "from digest.pictures.worker import serve; serve()" LIMITS
"""

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from typing import Any

from PIL import AvifImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from ..errors import PictureError
from ..model import PictureLimits, Slot
from .encoding import encode
from .pixels import cut_picture
from .placeholders import draw_placeholder
from .wire import Encoded, read_frame, write_frame

#: Imported before the limits are set, and before anybody's bytes are near.
PLUGINS = AvifImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
MAX_FILES = 32


def serve() -> None:
    """
    Answer one request after the other, until nobody asks any more.
    """
    limits = PictureLimits(**json.loads(sys.argv[1]))
    # Whoever started us decides when to end, also where a terminal or systemd tells us all to.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # What a C library prints is no answer.
    _limit(limits)
    write_frame(answers, {})
    with suppress(EOFError, BrokenPipeError):
        while True:
            fields, data = read_frame(requests, limits.max_bytes)
            allow_seconds(limits.seconds)
            try:
                made = _answer(fields, data, limits)
            except PictureError as error:
                write_frame(answers, {"error": str(error)})
            else:
                known = {"suffix": made.suffix, "width": made.width, "height": made.height}
                write_frame(answers, {**known, "colour": made.colour}, made.data)


def _answer(fields: dict[str, Any], data: bytes, limits: PictureLimits) -> Encoded:
    slot = Slot(**fields["slot"])
    if fields["do"] == "draw":
        image = draw_placeholder(fields["label"], fields["colour"], slot, data)
    else:
        image = cut_picture(data, slot, limits)
    return encode(image, slot)


def _limit(limits: PictureLimits) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, MAX_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # Not every system knows each of them.
            resource.setrlimit(kind, (most, most))


def allow_seconds(seconds: int) -> None:
    """
    From now on: the limit counts all that this process ever used.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
