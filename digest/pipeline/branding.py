"""
What a brand asks for that cannot be: colours too faint to read, a logo that is no picture.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..colours import READABLE, contrast
from ..errors import PictureError
from ..files import state_of_file
from ..model import Newsletter, Picture, Problem, Slot
from ..pictures import FolderCache
from ..settings import Settings
from ..settings.lines import line_of
from ..text import topic_key

#: Twice what is shown at most; never cropped.
MASTHEAD = Slot(name="masthead", width=560, height=128, crop=False)


def brand_problems(
    settings: Settings, cache: FolderCache, newsletters: Iterable[Newsletter]
) -> tuple[Problem, ...]:
    """
    The colours that letters show otherwise than they are written, and logos that they cannot show.
    """
    problems: list[Problem] = []
    for newsletter in newsletters:
        problems += _faint_colours(settings, newsletter)
        problems += logo_of(settings, newsletter, cache)[1]
    return tuple(dict.fromkeys(problems))


def logo_of(
    settings: Settings, newsletter: Newsletter, cache: FolderCache
) -> tuple[Picture | None, tuple[Problem, ...]]:
    """
    The logo as letters show it, from the cache; or what is wrong with its file.
    """
    if newsletter.brand.logo is None:
        return None, ()
    path = Path(newsletter.brand.logo)
    try:
        source = f"{path} {state_of_file(path)}"
        found = cache.get(source, MASTHEAD) or cache.put(source, path.read_bytes(), MASTHEAD)
    except OSError as error:
        reason = f" cannot be read: {error.strerror}; correct the path"
    except PictureError as error:
        reason = f": {error}; save it as PNG or JPEG"
    else:
        return found, ()
    message = f"{path}{reason}. Until then letters show the title in its place"
    return None, (_problem(settings, newsletter, ("logo",), message, level="error"),)


def _faint_colours(settings: Settings, newsletter: Newsletter) -> Iterator[Problem]:
    """
    In the dark all colours are derived ones; here it is about those that were written.
    """
    brand, light = newsletter.brand, newsletter.brand.light
    written = [
        (("text",), brand.text, light.text),
        (("accent",), brand.accent, light.accent),
        (("muted",), brand.muted, light.muted),
        *(
            (("topics", topic), colour, light.topics[topic_key(topic)])
            for topic, colour in brand.topics
        ),
    ]
    for key, colour, used in written:
        if colour is not None and colour != used:
            found = contrast(colour, brand.background)
            message = (
                f"{colour} on {brand.background} has a contrast of {found:.1f} : 1, and text needs"
                f" {READABLE} : 1: letters have {used} instead; choose that, or a stronger one"
            )
            yield _problem(settings, newsletter, key, message, level="warning")


def _problem(
    settings: Settings, newsletter: Newsletter, key: tuple[str, ...], message: str, *, level: str
) -> Problem:
    """
    In the newsletter's own table, or in the one for all of them.
    """
    own = ("newsletters", newsletter.id, "brand")
    line = line_of(settings.file, (*own, *key), ("brand", *key), own, ("brand", key[0]), ("brand",))
    name = ".".join(("brand", *key))
    return Problem(file=str(settings.file), line=line, level=level, message=f"{name}: {message}")
