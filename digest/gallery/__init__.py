"""
Previews: a page that shows every edition, and each as .html, .txt and .eml.

All of it opens from disk, without a server, a network or a script.
"""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import StoreError
from ..model import Issue
from ..pipeline import Pipeline, Printed
from .exhibits import Curator, Exhibit
from .index import render_index
from .views import PICTURES, local_html, views_of

INDEX = "index.html"
LIVE = "live.js"
VIEWS = "views"


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """
    The files of one edition. `bytes` is the HTML as it travels.
    """

    newsletter: str
    issue: str
    subject: str
    topics: tuple[str, ...]
    subscribers: int
    html: Path
    text: Path
    eml: Path
    bytes: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """
    All files of a preview but for its pictures, which are named as in the cache.
    """

    files: Mapping[str, bytes]
    pictures: frozenset[str]
    exhibits: tuple[Exhibit, ...]


def make_gallery(
    pipeline: Pipeline, printed: Sequence[tuple[Issue, Printed]], *, edition: int | None = None
) -> Gallery:
    """
    The gallery of these editions. One with a number has a script that looks for the next.
    """
    curator = Curator(pipeline)
    exhibits = tuple(curator.exhibit(issue, each) for issue, each in printed)
    files: dict[str, bytes] = {}
    readers_get_them = pipeline.settings.site.pictures_url
    for each in exhibits:
        page = each.printed.page
        files[f"{each.name}.html"] = local_html(page, readers_get_them).encode()
        files[f"{each.name}.txt"] = page.text.encode()
        if page.web:
            whole = replace(page, html=page.web)
            files[f"{each.name}.web.html"] = local_html(whole, readers_get_them).encode()
        files[f"{each.name}.eml"] = each.letter
        for view, html in views_of(page, readers_get_them).items():
            files[f"{VIEWS}/{each.name}.{view}.html"] = html.encode()
    files[INDEX] = render_index(exhibits, edition=edition).encode()
    if edition is not None:
        files[LIVE] = _live_script()
    pictures = frozenset(name for each in exhibits for name in each.printed.page.pictures)
    return Gallery(files=files, pictures=pictures, exhibits=exhibits)


def empty_gallery() -> Gallery:
    """
    What a live preview shows before there is an edition.
    """
    files = {INDEX: render_index((), edition=0).encode(), LIVE: _live_script()}
    return Gallery(files=files, pictures=frozenset(), exhibits=())


def _live_script() -> bytes:
    return (Path(__file__).parent / LIVE).read_bytes()


def write_previews(
    pipeline: Pipeline, out: Path, printed: Sequence[tuple[Issue, Printed]]
) -> tuple[Previewed, ...]:
    """
    Write a gallery into a folder. StoreError if the folder cannot be written.
    """
    gallery = make_gallery(pipeline, printed)
    try:
        for name in gallery.pictures:
            target = out / PICTURES / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                shutil.copyfile(pipeline.pictures.path_of(name), target)
        (out / VIEWS).mkdir(parents=True, exist_ok=True)
        for file, data in gallery.files.items():
            (out / file).write_bytes(data)
    except OSError as error:
        raise StoreError(f"the folder {out} cannot be written: {error.strerror}") from None
    return tuple(_previewed(each, out) for each in gallery.exhibits)


def _previewed(exhibit: Exhibit, out: Path) -> Previewed:
    return Previewed(
        newsletter=exhibit.issue.newsletter,
        issue=exhibit.issue.id,
        subject=exhibit.subject,
        topics=exhibit.printed.edition.topics,
        subscribers=len(exhibit.printed.readers),
        html=out / f"{exhibit.name}.html",
        text=out / f"{exhibit.name}.txt",
        eml=out / f"{exhibit.name}.eml",
        bytes=exhibit.size,
        warnings=tuple(
            f"{Path(problem.file).name}: {problem.message}" for problem in exhibit.problems
        ),
    )
