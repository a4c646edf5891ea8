"""
What an editor should know before an issue is due: files, topics, themes.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain

from ..errors import CacheError, SettingsError, ThemeError
from ..files import article_file
from ..model import Newsletter, Problem, Window
from ..selector import Selector
from ..settings.lines import line_of, problem_of
from ..taxonomy import parent_in
from ..text import topic_key
from ..tokens import PREVIEW_KEY, marks_for
from . import Moment, Pipeline
from .branding import brand_problems
from .counting import standing
from .editing import hand_problems
from .inspection import inspect
from .ramping import ramp_problem_ahead
from .theming import check_own_theme, unnamed
from .topics import meant
from .ways_out import open_signers, open_transport

BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)
WEEK = timedelta(days=7)


def check(pipeline: Pipeline, moment: Moment) -> tuple[Problem, ...]:
    """
    Every problem of the content, the newsletters and their themes.
    """
    problems = list(pipeline.problems)
    problems += _exceptions(pipeline)
    problems += _picture_problems(pipeline)
    problems += _problems_on_the_way_out(pipeline)
    problems += _future_articles(pipeline, moment)
    problems += hand_problems(pipeline, moment)
    newsletters = pipeline.settings.newsletters.values()
    themes = [
        problem
        for each in newsletters
        for problem in check_own_theme(pipeline, each, pipeline.issue(each, moment))
    ]
    problems += themes
    problems += brand_problems(pipeline.settings, pipeline.pictures, newsletters)
    problems += pipeline.word_problems(newsletters)
    carried = frozenset(chain.from_iterable(map(pipeline.taxonomy.keys_for, standing(pipeline))))
    for newsletter in newsletters:
        problems += _newsletter_problems(pipeline, newsletter, moment, carried)
        problems += unnamed(_page_problems(pipeline, newsletter, moment), themes)
    return tuple(dict.fromkeys(problems))


def _exceptions(pipeline: Pipeline) -> Iterator[Problem]:
    """
    Where the guard looks away, because it was told to.
    """
    guard = pipeline.settings.images.guard
    excepted = {"allow_hosts": sorted(guard.hosts), "allow_nets": guard.nets}
    for key, places in excepted.items():
        if places:
            listed = ", ".join(map(str, places))
            message = f"images.{key}: requests may go to {listed}, inside your own network or not"
            yield problem_of(pipeline.settings.file, message, level="warning")


def _picture_problems(pipeline: Pipeline) -> Iterator[Problem]:
    """
    What its cache and its way to the readers hold in store.
    """
    settings = pipeline.settings
    if settings.hosting.delivery == "embedded":
        message = (
            'images.delivery: "embedded" puts the first five pictures into every letter, which'
            ' makes it many times as large; "hosted" sends none'
        )
        yield problem_of(settings.file, message, level="warning")
    if settings.hosting.s3:
        try:
            settings.hosting.s3.read_keys()
        except SettingsError as error:
            yield problem_of(settings.file, str(error))
    if pipeline.pictures.is_outdated:
        message = (
            "was filled by another version: all pictures are made anew;"
            " `digest images gc` removes what is left of it"
        )
        yield Problem(file=str(settings.pictures), level="warning", message=message)


def _problems_on_the_way_out(pipeline: Pipeline) -> Iterator[Problem]:
    """
    Passwords and keys that the next run would miss; no more than warnings, as it may find them
    where this one does not look: systemd gives them to a service alone.
    """
    for opened in (open_transport, open_signers):
        try:
            opened(pipeline.settings)
        except SettingsError as error:
            message = f"{error} (before letters are sent)"
            yield problem_of(pipeline.settings.file, message, level="warning")


def _newsletter_problems(
    pipeline: Pipeline, newsletter: Newsletter, moment: Moment, carried: AbstractSet[str]
) -> Iterator[Problem]:
    """
    What its topics and rules cannot hold, with the remedy; `carried` are the topics of articles.
    """
    name, file = f"newsletters.{newsletter.id}", str(pipeline.settings.file)
    messages = chain(
        _topics_without_articles(pipeline, newsletter, carried),
        _rules_out_of_reach(pipeline, newsletter),
        _windows_out_of_reach(pipeline, newsletter, moment),
        filter(None, [ramp_problem_ahead(pipeline, newsletter, moment)]),
    )
    for message in messages:
        line = _line_of(pipeline, newsletter, message.partition(":")[0])
        yield Problem(file=file, line=line, level="warning", message=f"{name}.{message}")


def _line_of(pipeline: Pipeline, newsletter: Newsletter, key: str) -> int | None:
    """
    Of a key, or else of the newsletter's table.
    """
    own = ("newsletters", newsletter.id)
    return line_of(pipeline.settings.file, (*own, key), own)


def _topics_without_articles(
    pipeline: Pipeline, newsletter: Newsletter, carried: AbstractSet[str]
) -> Iterator[str]:
    taxonomy = pipeline.taxonomy
    known = {**pipeline.topics, **taxonomy.names}
    for topic in newsletter.topics:
        parent = parent_in(topic)
        if parent is not None and not taxonomy.children(parent):
            exists = taxonomy.describes(parent) or taxonomy.key(parent) in carried
            alone = f'write "{parent}" for one section, or give topics that parent'
            remedy = alone if exists else meant(parent, known) or "give them a parent"
            yield f'topics: no topic is below "{parent}"; {remedy}'
        elif parent is None and taxonomy.key(topic) not in carried:
            others = {key: name for key, name in known.items() if key != topic_key(topic)}
            remedy = "" if taxonomy.describes(topic) else meant(topic, others)
            message = f'topics: no article has the topic "{topic}"'
            yield f"{message}; {remedy}" if remedy else message


def _rules_out_of_reach(pipeline: Pipeline, newsletter: Newsletter) -> Iterator[str]:
    topics = len(pipeline.taxonomy.expand(newsletter.topics))
    most = newsletter.per_topic * topics
    if newsletter.min_articles > most:
        yield (
            f"min_articles: {newsletter.min_articles} can never be reached: per_topic"
            f" {newsletter.per_topic} x {topics} topics makes {most} at most;"
            " raise per_topic, or lower min_articles"
        )


def _windows_out_of_reach(
    pipeline: Pipeline, newsletter: Newsletter, moment: Moment
) -> Iterator[str]:
    """
    A week is what a newsletter looks back, unless somebody wants more than there is.
    """
    if newsletter.window is None or newsletter.window <= WEEK:
        return
    oldest = min((each.published_at for each in standing(pipeline)), default=None)
    start = pipeline.issue(newsletter, moment).window.start
    if oldest is not None and start < oldest:
        yield (
            f"window: begins at {start:%Y-%m-%d}, before the oldest article"
            f" ({oldest:%Y-%m-%d}); shorten it, or add older articles"
        )


def _future_articles(pipeline: Pipeline, moment: Moment) -> Iterator[Problem]:
    for article in standing(pipeline):
        if article.published_at > moment.at:
            day = f"{article.published_at:%Y-%m-%d %H:%M}"
            message = (
                f"publishedDateTime: {day} UTC is in the future: it waits until then;"
                " correct the date if it should not"
            )
            file = str(article_file(pipeline.settings.content, article.slug))
            yield Problem(file=file, level="warning", message=message)


def _page_problems(pipeline: Pipeline, newsletter: Newsletter, moment: Moment) -> Iterator[Problem]:
    """
    What is wrong with the pages of the issue at hand, and of one that could hold all articles.

    The first is what will be sent; the second tries the theme however few stories there are.
    """
    issue = pipeline.issue(newsletter, moment)
    everything = Window(start=BEGINNING, end=END)
    # However few there are, and however many are alike.
    lenient = replace(newsletter, min_articles=0, near_duplicates=None)
    selector = Selector(pipeline.articles, lenient, everything, taxonomy=pipeline.taxonomy)
    marks = marks_for(PREVIEW_KEY, issue.id)
    try:
        hand = pipeline.selector(newsletter, issue).hand
        at_hand = pipeline.selector(newsletter, issue).select(newsletter.topics)
        for edition in (at_hand, selector.select(newsletter.topics)):
            if edition.sections:
                page, problems = pipeline.print_edition(newsletter, issue, edition, marks)
                yield from problems
                yield from inspect(pipeline, newsletter, edition, page, hand)
    except SettingsError:
        return  # The editor's file: it is named already.
    except CacheError as error:
        yield Problem(file=str(pipeline.settings.file), message=str(error))
    except ThemeError as error:
        file = error.file or str(pipeline.settings.file)
        line = _line_of(pipeline, newsletter, error.key) if error.key else error.line
        yield Problem(file=file, line=line, message=error.message)
