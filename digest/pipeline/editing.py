"""
The editor's files, looked at before an issue is due.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from ..files import line_in_file
from ..hands import look_at_hand
from ..model import Article, Hand, Issue, Newsletter, Pin, Problem
from ..selector.pins import stories_meant
from . import Moment, Pipeline
from .topics import meant, topics_of


def hand_problems(pipeline: Pipeline, moment: Moment) -> Iterator[Problem]:
    """
    What is wrong with any file below the folder of issues.

    A story that is missing is an error, but for an issue that is over.
    """
    root, newsletters = pipeline.settings.issues, pipeline.settings.newsletters
    articles = {each.slug: each for each in pipeline.articles}
    for file in sorted(root.glob("*/*.toml")):
        newsletter = newsletters.get(file.parent.name)
        if newsletter is None:
            yield _foreign(file, newsletters)
            continue
        hand, problems = look_at_hand(file)
        yield from problems
        at_hand = pipeline.issue(newsletter, moment)
        level = "warning" if f"{newsletter.id}/{file.stem}" < at_hand.id else "error"
        faults = _faults(pipeline, newsletter, hand, articles) if hand.file else ()
        for line, message in faults:
            yield Problem(file=str(file), line=line, level=level, message=message)
        if message := _fault_of_name(pipeline, newsletter, at_hand, file.stem):
            yield Problem(file=str(file), level="warning", message=message)
    for file in sorted(root.glob("*.toml")):
        message = f"no issue has this file: it belongs into a folder {root.name}/NEWSLETTER"
        yield Problem(file=str(file), level="warning", message=message)


def _foreign(file: Path, newsletters: Mapping[str, Newsletter]) -> Problem:
    name = file.parent.name
    close = get_close_matches(name, newsletters, n=1)
    remedy = f'did you mean "{close[0]}"?' if close else f"there are: {', '.join(newsletters)}"
    message = f'there is no newsletter "{name}"; {remedy}'
    return Problem(file=str(file), level="warning", message=message)


def _fault_of_name(pipeline: Pipeline, newsletter: Newsletter, at_hand: Issue, name: str) -> str:
    """
    Why no issue to come will have a file of that name, or "".

    What is over may have been due by another schedule; and any name may have been sent by hand.
    """
    day, issue_id = _day_of(name), f"{newsletter.id}/{name}"
    if day and (issue_id <= at_hand.id or name in _names_of(newsletter, day)):
        return ""
    store, schedule = pipeline.existing_store, newsletter.schedule
    if store and store.issues.get(issue_id):
        return ""
    due = schedule.due_after(at_hand.due_at).name if schedule else f"{at_hand.due_at:%Y-%m-%d}"
    return (
        f'no issue of {newsletter.id} will be due as "{name}": name the file like one, such as'
        f" {due}.toml, or send it with `digest send {newsletter.id} --issue {name}`"
    )


def _day_of(name: str) -> date | None:
    """
    The day that an issue's name begins with.
    """
    try:
        day = date.fromisoformat(name[:10])
    except ValueError:
        return None
    return day if name.startswith(f"{day}") else None  # ISO 8601 has other ways to write it.


def _names_of(newsletter: Newsletter, day: date) -> Iterable[str]:
    """
    What the issues of a day are called.
    """
    if newsletter.schedule is None:
        return (f"{day}",)
    return (each.name for each in newsletter.schedule.dues_of(day))


def _faults(
    pipeline: Pipeline, newsletter: Newsletter, hand: Hand, articles: Mapping[str, Article]
) -> Iterator[tuple[int | None, str]]:
    """
    The line of a pin or a drop, and what is wrong with it.
    """
    find = partial(_line_of, Path(hand.file))
    places: set[tuple[str, str | None]] = set()
    for pin in hand.pins:
        for message in _faults_of_story(pin.slug, articles, "pin"):
            yield pin.line, message
        if message := _fault_of_topic(pipeline, newsletter, pin):
            yield pin.line, message
        if (pin.slug, pin.topic) in places:
            yield pin.line, f'"{pin.slug}" is pinned twice: only the first counts; remove one'
        places.add((pin.slug, pin.topic))
        if pin.slug in hand.drops:
            yield pin.line, f'"{pin.slug}" is pinned and dropped: it stays out; remove one of them'
    for story in hand.drops:
        for message in _faults_of_story(story, articles, "drop"):
            yield find(story), message


def _faults_of_story(name: str, articles: Mapping[str, Article], act: str) -> Iterator[str]:
    slugs = stories_meant(name, articles)
    if not slugs:
        names = {slug.rpartition("/")[2]: slug for slug in articles}
        close = get_close_matches(name.rpartition("/")[2], names, n=1)
        remedy = f'did you mean "{names[close[0]]}"?' if close else "name a file of the content"
        yield f'there is no story "{name}" to {act}; {remedy}'
    elif len(slugs) > 1:
        yield f'"{name}" may be any of {", ".join(slugs)}: name its folder, too'
    elif act == "pin" and articles[slugs[0]].removed:
        yield f'the story "{name}" is removed and cannot be pinned: pin another'
    elif act == "pin" and not articles[slugs[0]].published:
        yield f'the story "{name}" is not published and cannot be pinned: pin another'
    elif act == "drop" and (articles[slugs[0]].removed or not articles[slugs[0]].published):
        yield f'the story "{name}" is not published anyway: no need to drop it'


def _fault_of_topic(pipeline: Pipeline, newsletter: Newsletter, pin: Pin) -> str:
    if not pin.topic:
        return ""
    taxonomy = pipeline.taxonomy
    known = topics_of(newsletter, taxonomy)
    if newsletter.any_topic:
        known = {**pipeline.topics, **taxonomy.names, **known}
    if taxonomy.key(pin.topic) in {taxonomy.key(name) for name in known.values()}:
        return ""
    remedy = meant(pin.topic, known) or f"its topics are: {', '.join(newsletter.topics)}"
    return f'{newsletter.id} has no topic "{pin.topic}" to pin a story to; {remedy}'


def _line_of(file: Path, story: str) -> int | None:
    """
    The first line that names a story, with or without its ending.
    """
    return line_in_file(re.compile(re.escape(f'"{story}')), file)
