"""
The tables `[newsletters.ID]` and `[topics.NAME]`: a list's rules and schedule, and a topic's names.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, PlainValidator, model_validator

from ...schedule import WEEKDAYS, Schedule
from .bounces import PolicyTable
from .brand import BrandTable
from .values import (
    LAST_DAY,
    DaysOrNames,
    Duration,
    Language,
    Line,
    Sender,
    Table,
    Times,
    TimeZone,
    Topics,
    Window,
)

#: Below that, titles of one newsletter are alike because they are about one thing.
MIN_LIKENESS = 50


class ScheduleTable(Table):
    every: Literal["day", "weekday", "week", "month"]
    on: DaysOrNames = ()
    at: Times
    timezone: TimeZone

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Self:
        self.schedule()
        return self

    def schedule(self) -> Schedule:
        """
        What it means. ValueError if its keys contradict each other.
        """
        weekdays, days = frozenset(range(7)), frozenset[int]()
        if self.every == "week":
            weekdays = _weekdays(self.on)
        elif self.every == "month":
            days = _days(self.on)
        elif self.on:
            raise ValueError(f'every = "{self.every}" takes no "on": remove it')
        if self.every == "weekday":
            weekdays = frozenset(range(5))
        return Schedule(weekdays=weekdays, days=days, times=self.at, timezone=self.timezone)


def _weekdays(on: Sequence[str | int]) -> frozenset[int]:
    names = [str(name).lower() for name in on]
    if not names or not set(names) <= set(WEEKDAYS):
        raise ValueError('every = "week" takes on = "monday", or a list of such days')
    return frozenset(map(WEEKDAYS.index, names))


def _days(on: Sequence[str | int]) -> frozenset[int]:
    days = {LAST_DAY if day == "last" else day for day in on}
    if not days or not all(isinstance(day, int) and 1 <= day <= LAST_DAY for day in days):
        raise ValueError('every = "month" takes on = 1 to 31, "last", or a list of such days')
    return frozenset(day for day in days if isinstance(day, int))


def _likeness(value: object) -> int:
    if value is False:
        return 0
    if type(value) is not int or not MIN_LIKENESS <= value <= 100:  # noqa: PLR2004 (per cent)
        raise ValueError(f"should be {MIN_LIKENESS} to 100 per cent, or false")
    return value


#: In per cent; 0: nothing is alike.
Likeness = Annotated[int, PlainValidator(_likeness)]


class TopicTable(Table):
    parent: Line | None = None
    keywords: list[Line] = Field(default_factory=list)
    aliases: list[Line] = Field(default_factory=list)


class ExcludeTable(Table):
    domains: list[Line] = Field(default_factory=list)
    words: list[Line] = Field(default_factory=list)


class NewsletterTable(Table):
    title: Line
    sender: Sender = Field(alias="from")
    subject: Line = "{{ lead.title }}"
    topics: Topics
    per_topic: int = Field(default=5, ge=1, le=100)
    max_articles: int | None = Field(default=None, ge=1)
    min_articles: int = Field(default=0, ge=0)
    thin_week: Literal["widen", "merge", "skip"] = "skip"
    max_window: Duration = timedelta(days=28)
    min_heat: int | None = None
    min_quality: int | None = None
    per_provider: int | None = Field(default=None, ge=1)
    types: list[Literal["article", "video"]] = Field(default=["article", "video"], min_length=1)
    exclude: ExcludeTable = ExcludeTable()
    decay: Duration | None = None
    fold_related: bool = True
    near_duplicates: Likeness = 80
    order: Literal["topics", "heat"] = "topics"
    no_news: Literal["nothing", "top"] = "nothing"
    any_topic: bool = False
    schedule: ScheduleTable | None = None
    window: Window = timedelta(days=7)
    max_delay: Duration = timedelta(hours=36)
    theme: Line = "default"
    language: Language = "en"
    brand: BrandTable = BrandTable()
    public: bool = False
    archive: Literal["off", "unlisted", "public"] = "off"
    frequency_of: Line | None = None
    bounces: PolicyTable = PolicyTable()

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Self:
        if self.max_articles is not None and self.max_articles < self.min_articles:
            raise ValueError("min_articles should not be more than max_articles")
        if self.thin_week == "widen" and self.window and self.max_window < self.window:
            raise ValueError("max_window should not be shorter than window")
        return self
