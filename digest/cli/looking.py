"""
Commands that look and change nothing: check, topics, select, preview.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .shared import (
    AsJson,
    At,
    Name,
    Names,
    Offline,
    Since,
    Until,
    counted,
    iso,
    moment_of,
    opened,
    print_json,
    print_table,
    printed_of,
    say,
    telling_of_index,
)

if TYPE_CHECKING:
    from ..model import Edition, Hand, Issue, Newsletter, Problem
    from ..pipeline import Pipeline

Address = Annotated[
    str | None, typer.Option("--subscriber", metavar="ADDRESS", help="With their own topics.")
]


def check(
    context: typer.Context,
    *,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask the DNS, the site, and where links lead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """
    Name every problem of configuration, content and themes. Exit status 1 if any is an error.
    """
    problems, articles = _check(context, online=online)
    if as_json:
        fields = ("file", "line", "level", "message")
        shown = [{field: getattr(each, field) for field in fields} for each in problems]
        print_json({"problems": shown, "articles": articles})
    else:
        for each in problems:
            place = each.file if each.line is None else f"{each.file}:{each.line}"
            say(f"{place}: {each.level}: {each.message}")
        say(f"{counted(articles, 'article')}, {counted(len(problems), 'problem')}")
    raise typer.Exit(any(each.level == "error" for each in problems))


def topics(context: typer.Context, *, at: At = None, as_json: AsJson = False) -> None:
    """
    List topics, how many articles they have, and who uses them.
    """
    from ..pipeline.counting import count_topics

    with opened(context) as pipeline:
        counts = count_topics(pipeline, moment_of(at))
    fields = ("topic", "articles", "window", "newsletters")
    if as_json:
        print_json({"topics": [{name: getattr(each, name) for name in fields} for each in counts]})
        return
    rows = [
        (each.topic, each.articles, each.window, ", ".join(each.newsletters)) for each in counts
    ]
    print_table("Topics", ("topic", "articles", "in window", "newsletters"), rows)


def select(
    context: typer.Context,
    newsletter: Name,
    *,
    at: At = None,
    since: Since = None,
    until: Until = None,
    topics: Annotated[
        str | None, typer.Option(metavar="A,B", help="These topics instead of the newsletter's.")
    ] = None,
    subscriber: Address = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also say why each is in, and others are not.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """
    Show what would be in the issue at hand, and why.
    """
    with opened(context) as pipeline, telling_of_index(pipeline):
        found = pipeline.settings.newsletter(newsletter)
        issue = pipeline.issue(found, moment_of(at, since, until))
        edition = _edition(pipeline, issue, found, topics, subscriber)
        hand = pipeline.selector(found, issue).hand
    if as_json:
        print_json(_selection(issue, edition, explain=explain) | _decided(hand))
    else:
        _print_selection(issue, edition, hand, explain=explain)
    _warn_of(pipeline)


def preview(
    context: typer.Context,
    newsletters: Names = None,
    *,
    at: At = None,
    since: Since = None,
    until: Until = None,
    subscriber: Address = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to write.")] = Path("preview"),
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """
    Write what would be sent as files, and a gallery of them.

    Each edition is an .html, a .txt and an .eml file; index.html shows them all.
    """
    from ..gallery import write_previews
    from .progress import shown_pictures

    moment = moment_of(at, since, until)
    with opened(context) as pipeline, telling_of_index(pipeline):
        with shown_pictures() as fetch:
            shown = None if offline else fetch
            printed = printed_of(pipeline, newsletters, moment, subscriber, fetch=shown)
        previews = write_previews(pipeline, out, printed)
    if as_json:
        fields = ("newsletter", "issue", "subject", "topics", "subscribers", "bytes")
        editions = [{name: getattr(each, name) for name in fields} for each in previews]
        for row, each in zip(editions, previews, strict=True):
            row |= {"html": str(each.html), "text": str(each.text), "eml": str(each.eml)}
            row["warnings"] = each.warnings
        print_json({"out": str(out), "editions": editions})
    else:
        rows = [(each.issue, each.subject, each.subscribers, each.bytes) for each in previews]
        columns = ("issue", "subject", "subscribers", "bytes")
        print_table("Editions", columns, rows, note=f"Open {out / 'index.html'}")
    _warn_of(pipeline)


def _check(context: typer.Context, *, online: bool) -> tuple[tuple["Problem", ...], int]:
    from ..errors import SettingsError
    from ..model import Problem
    from ..pipeline.checks import check as check_pipeline
    from ..settings.lines import problem_of

    try:
        with opened(context) as pipeline:
            moment = moment_of(None)
            problems = check_pipeline(pipeline, moment)
            if online:
                from ..pipeline.online import online_problems

                problems += online_problems(pipeline, moment)
            return problems, len(pipeline.articles)
    except SettingsError as error:
        problems = tuple(each for each in error.problems if isinstance(each, Problem))
        message = str(error).removeprefix(f"{context.obj}: ")
        return problems or (problem_of(context.obj, message),), 0


def _edition(
    pipeline: "Pipeline",
    issue: "Issue",
    newsletter: "Newsletter",
    topics: str | None,
    address: str | None,
) -> "Edition":
    """
    What readers of these topics get, or one subscriber, or everybody else.
    """
    from ..pipeline.people import find_subscriber
    from ..pipeline.topics import known_topics

    reader = find_subscriber(pipeline, newsletter, address) if address else None
    wanted = reader.topics if reader else None
    if topics is not None:
        if not topics.replace(",", " ").strip():
            raise typer.BadParameter("names no topic", param_hint="--topics")
        anybody = replace(newsletter, any_topic=True)
        wanted = known_topics(
            topics.split(","), anybody, lambda: pipeline.topics, lambda: pipeline.taxonomy
        )
    return pipeline.select(newsletter, issue, wanted, subscriber=reader)


def _selection(issue: "Issue", edition: "Edition", *, explain: bool) -> dict[str, object]:
    document: dict[str, object] = {
        "newsletter": issue.newsletter,
        "issue": issue.id,
        "window": {"start": iso(issue.window.start), "end": iso(issue.window.end)},
        "sections": [
            {
                "topic": section.topic,
                "articles": [
                    {
                        "slug": article.slug,
                        "title": article.title,
                        "url": article.url,
                        "heat": article.heat,
                        "quality": article.quality,
                        "published_at": iso(article.published_at),
                        "provider": article.provider.name,
                        "related": [
                            {"title": other.title, "url": other.url} for other in article.related
                        ],
                        **({"reason": edition.reasons.get(article.slug)} if explain else {}),
                    }
                    for article in section.articles
                ],
            }
            for section in edition.sections
        ],
    }
    if explain:
        document["rejected"] = [
            {"slug": each.slug, "topic": each.topic, "reason": each.reason}
            for each in edition.rejected
        ]
    return document


def _decided(hand: "Hand") -> dict[str, object]:
    """
    What the editor decided, if there is a file.
    """
    if not hand.file:
        return {}
    pins = [
        {"slug": each.slug, "topic": each.topic, "place": each.place, "lead": each.lead}
        for each in hand.pins
    ]
    texts = {"introduction": hand.introduction, "note": hand.note}
    return {"editor": {"file": hand.file, "pins": pins, "drops": hand.drops, **texts}}


def _print_selection(issue: "Issue", edition: "Edition", hand: "Hand", *, explain: bool) -> None:
    columns = ("topic", "place", "heat", "quality", "published", "title")
    rows = [
        (
            section.topic,
            place,
            each.heat,
            each.quality,
            f"{each.published_at:%d %b %H:%M}",
            each.title,
        )
        for section in edition.sections
        for place, each in enumerate(section.articles, 1)
    ]
    window = f"{issue.window.start:%Y-%m-%d %H:%M} to {issue.window.end:%Y-%m-%d %H:%M} UTC"
    notes = [] if rows else ["Nothing to print: --explain says why."]
    if hand.file:
        texts = [name for name in ("introduction", "note") if getattr(hand, name)]
        told = (_pinned(edition, hand), f"{len(hand.drops)} dropped", *texts)
        notes.append(f"{hand.file}: {', '.join(told)}")
    print_table(f"{issue.id}, {window}", columns, rows, note="\n".join(notes))
    if explain:
        chosen = [(each.slug, edition.reasons.get(each.slug)) for each in edition.articles]
        if chosen:
            print_table("\nIn it", ("article", "reason"), chosen)
        reasons = [(each.slug, each.topic, each.reason) for each in edition.rejected]
        if reasons:
            print_table("\nNot in it", ("article", "topic", "reason"), reasons)


def _pinned(edition: "Edition", hand: "Hand") -> str:
    """
    How many of the editor's pins are in this edition.
    """
    pins = {each.slug for each in hand.pins}
    few = f"{len(edition.pinned)} of " if len(edition.pinned) < len(pins) else ""
    return f"{few}{len(pins)} pinned"


def _warn_of(pipeline: "Pipeline") -> None:
    """
    What is wrong with the content, in as few lines as will do.
    """
    of_topics = [each for each in pipeline.taxonomy.problems if each.level == "error"]
    errors = [each for each in pipeline.problems if each.level == "error"]
    left_out = {each.file for each in errors if each not in of_topics}
    if left_out:
        say(f"digest: left out {counted(len(left_out), 'file')}: see `digest check`")
    if of_topics:
        found = counted(len(of_topics), "contradiction")
        say(f"digest: {found} in the topics: see `digest check`")
