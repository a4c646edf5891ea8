"""
The picture cache: images fetch, stats, show, gc, publish.
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..text import safe_url
from .progress import shown_pictures
from .shared import (
    RUN_AGAIN,
    AsJson,
    At,
    Names,
    counted,
    iso,
    moment_of,
    newsletters_of,
    opened,
    print_json,
    print_table,
    say,
)

if TYPE_CHECKING:
    from ..gatherer import Gathered, Note
    from ..pipeline.gathering import Stock

NO_NETWORK = "no host can be reached: is there a network?"

app = typer.Typer(
    help="The pictures: fetch them, look at the cache, clean it up.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def fetch(
    context: typer.Context, newsletters: Names = None, *, at: At = None, as_json: AsJson = False
) -> None:
    """
    Fetch the pictures of the issues at hand. The run that sends them finds them.
    """
    from ..pipeline.gathering import warm_up

    with opened(context) as pipeline, shown_pictures() as progress:
        wanted = newsletters_of(pipeline, newsletters)
        started = pipeline.clock()
        gathered = warm_up(pipeline, wanted, moment_of(at), progress)
        seconds = (pipeline.clock() - started).total_seconds()
    if as_json:
        fields = asdict(gathered)
        troubles = [{"url": url, "message": why} for url, why in fields.pop("troubles")]
        print_json({**fields, "seconds": round(seconds, 3), "problems": troubles})
    else:
        _tell_gathered(gathered, seconds)
    raise typer.Exit(RUN_AGAIN if gathered.unsettled or gathered.offline else 0)


@app.command()
def stats(context: typer.Context, *, as_json: AsJson = False) -> None:
    """
    Say how many pictures there are, and how many do not come.
    """
    from ..pipeline.gathering import take_stock

    with opened(context) as pipeline:
        stock, folder = take_stock(pipeline), pipeline.settings.pictures
    swept = stock.swept
    counts = {
        "pictures": swept.pictures,
        "bytes": swept.bytes,
        "in_issues": swept.in_issues,
        "sources": stock.sources,
        "fresh": stock.fresh,
        "failing": stock.failing,
    }
    if as_json:
        print_json({"folder": str(folder), **counts})
        return
    rows = [(name.replace("_", " "), number) for name, number in counts.items()]
    print_table(str(folder), ("", "number"), rows)


@app.command()
def show(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="As the article names it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """
    Tell what happened to a picture, and why.
    """
    from ..pipeline.gathering import look_up

    with opened(context) as pipeline:
        known = look_up(pipeline, safe_url(url) or url)
        pictures = [
            {"slot": slot, **asdict(each), "file": str(pipeline.pictures.path_of(each.name))}
            for slot, each in known.pictures
        ]
    if as_json:
        print_json({"url": url, "note": _noted(known.note), "pictures": pictures})
        return
    if known.note is None and not pictures:
        say(f"{url}: nobody has asked for it yet: see `digest images fetch`")
        return
    rows = [(name.replace("_", " "), value) for name, value in _noted(known.note).items() if value]
    rows += [
        (each["slot"], f"{each['width']} x {each['height']}, {each['file']}") for each in pictures
    ]
    print_table(url, ("", ""), rows)


@app.command()
def gc(
    context: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """
    Remove old pictures that no letter shows, if they are too many.
    """
    from ..pipeline.gathering import take_stock

    with opened(context) as pipeline:
        stock = take_stock(pipeline, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, **_removed(stock)})
        return
    swept = stock.swept
    removed = f"{counted(len(swept.removed), 'picture')} ({swept.removed_bytes:,} bytes)"
    left = f"{swept.pictures - len(swept.removed)} left, {swept.in_issues} of them in issues"
    say(f"{'would remove' if dry_run else 'removed'} {removed}; {left}")


@app.command()
def publish(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What a web server publishes.")],
    *,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """
    Copy the pictures of letters for another web server.

    Of those that were sent lately, and of those at hand.
    """
    from ..pipeline.publishing import publish_issues

    with opened(context) as pipeline:
        pictures, copied = publish_issues(pipeline, folder, moment_of(at))
        address = pipeline.settings.site.pictures_url
    if as_json:
        print_json({"folder": str(folder), "pictures": pictures, "copied": copied, "url": address})
        return
    say(f"{folder}: {copied} of {counted(pictures, 'picture')} copied; letters show {address}…")


def _tell_gathered(gathered: "Gathered", seconds: float) -> None:
    names = ("fetched", "unchanged", "kept", "waiting", "failed")
    counts = [f"{getattr(gathered, name)} {name}" for name in names]
    for url, why in gathered.troubles:
        say(f"{url}: {why}")
    articles = counted(gathered.articles, "article")
    say(f"{articles}: {', '.join(counts)}, {gathered.bytes:,} bytes in {seconds:.1f} s")
    if gathered.offline:
        say(f"digest: {NO_NETWORK}")
    if gathered.unsettled:
        left = counted(gathered.unsettled, "article")
        say(f"digest: the time was too short for {left}: run it again")


def _noted(note: "Note | None") -> dict[str, object]:
    """
    Without what only machines read.
    """
    if note is None:
        return {}
    fields = asdict(note)
    hidden = ("source", "rules", "unfit")
    shown = {name: value for name, value in fields.items() if name not in hidden}
    times = {"fetched_at": iso(note.fetched_at), "fresh_until": iso(note.fresh_until)}
    return shown | times | {f"unfit for {slot}": why for slot, why in note.unfit.items()}


def _removed(stock: "Stock") -> dict[str, object]:
    swept = stock.swept
    return {
        "pictures": swept.pictures,
        "bytes": swept.bytes,
        "in_issues": swept.in_issues,
        "removed": list(swept.removed),
        "removed_bytes": swept.removed_bytes,
        "notes": swept.notes + stock.forgotten,
        "leftovers": swept.leftovers,
    }
