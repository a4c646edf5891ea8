"""
What a run would send, how fast, and until when. Changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..model import Issue, Newsletter, Page
from . import Moment, Pipeline
from .daybook import DayBook
from .ramping import ramp_problem
from .spreading import days_needed, left_today

#: Domains that are listed by name.
DOMAINS = 10
ANY_DOMAIN = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPlan:
    """
    What would go to one domain.
    """

    domain: str
    letters: int
    rate: float | None = None  #: letters per second; None: as many as go
    connections: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    What a run would send.
    """

    issue: Issue
    letters: int
    editions: int
    bytes: int  #: of all letters
    picture_bytes: int  #: of these, pictures inside letters
    without_news: int  #: subscribers who would get none
    domains: tuple[DomainPlan, ...] = ()  #: the largest, and all that are limited
    rate: float | None = None  #: letters per second over all
    connections: int = 1
    in_doubt_at_most: int = 1  #: letters, if the run or the line dies
    canary: int | None = None
    today: int | None = None  #: letters that a new sender may send
    days: int = 0  #: on which it has to be run again
    ends_at: datetime | None = None  #: at the earliest, at that pace; None: nobody can tell
    unsent: str = ""  #: why some letters would never be, with the remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """
    What letters amount to.
    """

    editions: int = 0
    bytes: int = 0
    of_pictures: int = 0


def plan(
    pipeline: Pipeline, newsletter: Newsletter, moment: Moment, *, book: DayBook | None = None
) -> Plan:
    """
    What `deliver` would send: all of an issue that is not made yet, the rest of one that is.

    A book keeps what it tells whom, for the plans of newsletters that are sent after it.
    """
    planned = _plan(pipeline, newsletter, moment, book)
    problem = ramp_problem(pipeline, newsletter, planned.issue, planned.letters, moment)
    return replace(planned, unsent=problem)


def _plan(pipeline: Pipeline, newsletter: Newsletter, moment: Moment, book: DayBook | None) -> Plan:
    issue = pipeline.issue(newsletter, moment)
    store = pipeline.existing_store
    made = store.issues.get(issue.id) if store else None
    if store and made:
        unsent = store.accounts.unsent_by_edition(made.id)
        pages = ((store.issues.page(made.id, place), number) for place, number in unsent.items())
        size = _weigh(pipeline, made, pages)
        return _paced(pipeline, made, store.pacing.unsent_by_domain(made.id), size)
    readers = pipeline.readers(newsletter)
    printed, without_news = pipeline.print_editions(newsletter, issue, readers, book=book)
    inhabited = [each for each in printed if each.readers]
    size = _weigh(pipeline, issue, ((each.page, len(each.readers)) for each in inhabited))
    domains = Counter(
        reader.address.rpartition("@")[2] for each in inhabited for reader in each.readers
    )
    return _paced(pipeline, issue, domains, size, without_news=len(without_news))


def _weigh(pipeline: Pipeline, issue: Issue, inhabited: Iterable[tuple[Page, int]]) -> Weight:
    """
    The letters for these pages and numbers of readers.
    """
    weight = Weight()
    for page, readers in inhabited:
        pictures = sum(map(len, pipeline.publisher.inside(page).values()))
        weight = Weight(
            editions=weight.editions + 1,
            bytes=weight.bytes + readers * len(pipeline.letter(issue, page).data),
            of_pictures=weight.of_pictures + readers * pictures,
        )
    return weight


def _paced(
    pipeline: Pipeline,
    issue: Issue,
    by_domain: Counter[str],
    weight: Weight,
    *,
    without_news: int = 0,
) -> Plan:
    smtp, pace = pipeline.settings.smtp, pipeline.settings.pace
    letters = by_domain.total()
    domains = _domains(pipeline, by_domain)
    rate = smtp.rate if smtp else None
    seconds = max((each.letters / each.rate for each in domains if each.rate), default=0.0)
    seconds = max(seconds, letters / rate if rate else 0.0)
    days = days_needed(pipeline, issue, letters)
    ends_at = pipeline.clock() + timedelta(days=days, seconds=seconds) if seconds or days else None
    return Plan(
        issue=issue,
        letters=letters,
        editions=weight.editions,
        bytes=weight.bytes,
        picture_bytes=weight.of_pictures,
        without_news=without_news,
        domains=domains,
        rate=rate,
        connections=smtp.connections if smtp else 1,
        in_doubt_at_most=smtp.connections * smtp.in_flight if smtp else 1,
        canary=pace.canary,
        today=left_today(pipeline, issue),
        days=days,
        ends_at=ends_at,
    )


def _domains(pipeline: Pipeline, by_domain: Mapping[str, int]) -> tuple[DomainPlan, ...]:
    limits = pipeline.settings.pace.domains
    largest = sorted(by_domain, key=lambda name: (-by_domain[name], name))
    plans = []
    for place, name in enumerate(largest):
        limit = limits.get(name) or limits.get(ANY_DOMAIN)
        if place < DOMAINS or name in limits:
            plans.append(
                DomainPlan(
                    domain=name,
                    letters=by_domain[name],
                    rate=limit.rate if limit else None,
                    connections=limit.connections if limit else None,
                )
            )
    return tuple(plans)
