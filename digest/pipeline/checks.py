"""
What an editor should know before an issue is due: files, topics, themes.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ..errors import ThemeError
from ..model import Newsletter, Problem, Window
from ..text import topic_key
from ..tokens import PREVIEW_KEY, marks_for
from . import Moment, Pipeline

BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicCount:
    """
    A topic with its articles, those in the window at hand, and the newsletters on it.
    """

    topic: str
    articles: int
    window: int
    newsletters: tuple[str, ...]


def check(pipeline: Pipeline, moment: Moment) -> tuple[Problem, ...]:
    """
    Every problem of the content, the newsletters and their themes.
    """
    problems = list(pipeline.problems)
    for newsletter in pipeline.settings.newsletters.values():
        problems += _topics_without_articles(pipeline, newsletter)
        problems += _theme_problems(pipeline, newsletter, moment)
    return tuple(dict.fromkeys(problems))


def count_topics(pipeline: Pipeline, moment: Moment) -> tuple[TopicCount, ...]:
    """
    All topics of articles and newsletters, the fullest first.
    """
    newsletters = pipeline.settings.newsletters.values()
    standing = [each for each in pipeline.articles if each.published and not each.removed]
    names = {topic_key(topic): topic for each in newsletters for topic in each.topics}
    names |= {topic_key(topic): topic for each in standing for topic in each.topics} | names
    users: dict[str, list[str]] = {key: [] for key in names}
    in_window: dict[str, set[str]] = {key: set() for key in names}
    for newsletter in newsletters:
        window = pipeline.issue(newsletter, moment).window
        for topic in newsletter.topics:
            users[topic_key(topic)].append(newsletter.id)
        for article in standing:
            if article.published_at in window:
                for topic in article.topics:
                    in_window[topic_key(topic)].add(article.slug)
    totals = Counter(topic_key(topic) for each in standing for topic in each.topics)
    counts = [
        TopicCount(
            topic=name,
            articles=totals[key],
            window=len(in_window[key]),
            newsletters=tuple(users[key]),
        )
        for key, name in names.items()
    ]
    return tuple(sorted(counts, key=lambda each: (-each.articles, each.topic)))


def _topics_without_articles(pipeline: Pipeline, newsletter: Newsletter) -> Iterator[Problem]:
    known = {topic_key(topic) for article in pipeline.articles for topic in article.topics}
    for topic in newsletter.topics:
        if topic_key(topic) not in known:
            message = f'newsletters.{newsletter.id}.topics: no article has the topic "{topic}"'
            yield Problem(file=str(pipeline.settings.file), level="warning", message=message)


def _theme_problems(
    pipeline: Pipeline, newsletter: Newsletter, moment: Moment
) -> Iterator[Problem]:
    """
    Render what the newsletter would hold if it looked at all articles.
    """
    issue = pipeline.issue(newsletter, moment)
    everything = replace(issue, window=Window(start=BEGINNING, end=END))
    edition = pipeline.select(newsletter, everything)
    if not edition.sections:
        return
    try:
        marks = marks_for(PREVIEW_KEY, issue.id)
        _, problems = pipeline.print_edition(newsletter, issue, edition, marks)
    except ThemeError as error:
        file = error.file or str(pipeline.settings.file)
        yield Problem(file=file, line=error.line, message=error.message)
    else:
        yield from problems
