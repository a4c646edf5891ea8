"""
Previews as files: a page that shows every edition, and each as .html, .txt and .eml.

All of it opens from disk, without a server and without a network.
"""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..composer import size_of_html
from ..errors import StoreError
from ..files import write_whole
from ..model import Issue
from ..pipeline import Pipeline, Printed
from ..renderer import PICTURES_PATH

PICTURES = "pictures"


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


def write_previews(
    pipeline: Pipeline, out: Path, printed: Sequence[tuple[Issue, Printed]]
) -> tuple[Previewed, ...]:
    """
    Write all editions and `index.html`. StoreError if the folder cannot be written.
    """
    try:
        previews: list[Previewed] = []
        for issue, each in printed:
            stem = _stem(issue, each, {preview.html.stem for preview in previews})
            previews.append(_write_edition(pipeline, out, issue, each, stem))
        write_whole(out / "index.html", _index(previews).encode(), mode=0o644)
    except OSError as error:
        raise StoreError(f"the folder {out} cannot be written: {error.strerror}") from None
    return tuple(previews)


def _write_edition(
    pipeline: Pipeline, out: Path, issue: Issue, printed: Printed, stem: str
) -> Previewed:
    page = printed.page
    letter = pipeline.letter(issue, page)
    # From disk, the pictures lie beside the page; in the .eml they are where readers get them.
    html = page.html.replace(f"{issue.site_url}{PICTURES_PATH}", f"{PICTURES}/")
    for name in page.pictures:
        target = out / PICTURES / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            shutil.copyfile(pipeline.pictures.path_of(name), target)
    files = {suffix: out / f"{stem}.{suffix}" for suffix in ("html", "txt", "eml")}
    write_whole(files["html"], html.encode(), mode=0o644)
    write_whole(files["txt"], page.text.encode(), mode=0o644)
    write_whole(files["eml"], letter.data, mode=0o644)
    return Previewed(
        newsletter=issue.newsletter,
        issue=issue.id,
        subject=page.subject,
        topics=printed.edition.topics,
        subscribers=len(printed.readers),
        html=files["html"],
        text=files["txt"],
        eml=files["eml"],
        bytes=size_of_html(page),
        warnings=tuple(problem.message for problem in printed.problems),
    )


def _stem(issue: Issue, printed: Printed, taken: set[str]) -> str:
    """
    A file name that says newsletter and topics, and differs from all others.
    """
    words = "-".join((issue.newsletter, *printed.edition.topics)).lower()
    stem = "".join(char if char.isascii() and char.isalnum() else "-" for char in words)[:80]
    number = 2
    unique = stem
    while unique in taken:
        unique, number = f"{stem}-{number}", number + 1
    return unique


def _index(previews: Sequence[Previewed]) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    context: dict[str, Any] = {"previews": previews}
    return environment.get_template("index.html.j2").render(context)
