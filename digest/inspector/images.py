"""
Pictures: their size, and what is read where they are not seen.
"""

from collections.abc import Iterator

from .document import Document
from .findings import Finding, quoted


def check_images(document: Document) -> Iterator[Finding]:
    for image in document.all("img"):
        source = image.get("src") or ""
        if image.get("alt") is None:
            yield Finding(
                level="error",
                message=f'the picture {quoted(source)} has no alt: write one, or alt="" beside'
                " a text that says the same",
                clues=(r"<(?:mj-image|img)\b(?![^>]*\balt=)",),
            )
        lacking = [name for name in ("width", "height") if not _is_pixels(image.get(name))]
        # Of a width alone browsers make the rest; without any, Outlook shows the file's own.
        if "width" in lacking:
            yield Finding(
                message=f"the picture {quoted(source)} has no {' and no '.join(lacking)} in pixels:"
                " Outlook shows it as large as its file",
                clues=(r"<(?:mj-image|img)\b(?![^>]*\bwidth=)",),
            )


def _is_pixels(value: str | None) -> bool:
    return value is not None and (value.isdecimal() or value.removesuffix("px").isdecimal())
