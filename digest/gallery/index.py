"""
The page of the gallery.
"""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from ..inspector import MAX_BYTES
from .exhibits import Exhibit

FOLDER = Path(__file__).parent
#: A choice of the toolbar: its title, its name, and the values with their labels.
Choice = tuple[str, str, tuple[tuple[str, str], ...]]

CHOICES: tuple[Choice, ...] = (
    ("Screen", "screen", (("phone", "Phone"), ("tablet", "Tablet"), ("desktop", "Desktop"))),
    ("Colours", "scheme", (("light", "Light"), ("dark", "Dark"), ("forced", "Forced dark"))),
    ("Pictures", "pictures", (("on", "On"), ("off", "Off"))),
    ("Part", "part", (("html", "HTML"), ("text", "Text"))),
    ("Editions", "layout", (("list", "List"), ("side", "Side by side"))),
)


def render_index(exhibits: Sequence[Exhibit], *, edition: int | None) -> str:
    script = (FOLDER / "gallery.js").read_text("utf-8")
    return _template().render(
        exhibits=exhibits,
        choices=CHOICES,
        limit=MAX_BYTES,
        edition=edition,
        script=Markup(script),  # noqa: S704 - our own
        # The policy lets this one script run, and none that an article might bring.
        script_hash=f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}",
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("index.html.j2")
