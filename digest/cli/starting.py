"""
The first command of a new project: init.
"""

import shlex
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ..errors import SettingsError
from ..schedule import Schedule
from .shared import iso, now, say

STARTER = Path(__file__).parent / "starter"
#: As the configuration says that is written.
SCHEDULE = Schedule(weekdays=frozenset({0}), times=(time(7),), timezone="Europe/Paris")
SAMPLE_ARTICLE = "content/harbour-clock.md"


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Default: here.")] = Path(),
) -> None:
    """
    Make a project that is ready to be tried.

    digest.toml with comments, a sample article, a subscribers file.
    """
    # In the window of the issue at hand, whatever day it is.
    published_at = SCHEDULE.due_before(now()).at - timedelta(days=2)
    article = (STARTER / "article.md").read_text("utf-8").replace("{moment}", iso(published_at))
    files = {
        "digest.toml": (STARTER / "digest.toml").read_text("utf-8"),
        "subscribers.csv": (STARTER / "subscribers.csv").read_text("utf-8"),
        SAMPLE_ARTICLE: article,
    }
    taken = [name for name in files if (directory / name).exists()]
    if taken:
        raise SettingsError(f"{directory / taken[0]} is there already: name an empty folder")
    try:
        for name, text in files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(text, "utf-8")
    except OSError as error:
        raise SettingsError(f"{directory} cannot be written: {error.strerror}") from None
    say(f"Made {', '.join(files)} in {directory.absolute()}")
    steps = ["digest check", "digest preview"]
    if directory.resolve() != Path.cwd():
        steps.insert(0, f"cd {shlex.quote(str(directory))}")
    say(f"Next: {', then '.join(steps)}")
