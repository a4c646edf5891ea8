"""
When issues are due: moments on the calendar of one time zone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

#: Longer than any gap between two due days: "month, on the 1st" has 31 days at most.
HORIZON = timedelta(days=62)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """
    One moment at which an issue is due, and the name it gives to that issue.
    """

    at: datetime  #: aware, UTC
    name: str  #: the local date; with the time where a schedule is finer than a day


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """
    Days and wall-clock times in one time zone.

    A time that daylight saving skips comes as much later as the clocks jump; a time
    that it repeats counts once, the first time.
    """

    weekdays: frozenset[int] = frozenset(range(7))  #: Monday is 0
    days: frozenset[int] = frozenset()  #: of the month, 1 to 31; empty: any
    times: tuple[time, ...]
    timezone: str

    def due_before(self, moment: datetime) -> Due:
        """
        The latest due moment that is not after `moment`.
        """
        today = moment.astimezone(ZoneInfo(self.timezone)).date()
        day = today + timedelta(days=1)  # A skipped time may fall on the next day.
        while day > today - HORIZON:
            due = [due for due in self.dues_of(day) if due.at <= moment]
            if due:
                return max(due, key=lambda each: each.at)
            day -= timedelta(days=1)
        raise ValueError("a schedule without days")

    def due_after(self, moment: datetime) -> Due:
        """
        The first due moment that is after `moment`.
        """
        today = moment.astimezone(ZoneInfo(self.timezone)).date()
        day = today - timedelta(days=1)  # A skipped time of yesterday may be due today.
        while day < today + HORIZON:
            due = [due for due in self.dues_of(day) if due.at > moment]
            if due:
                return min(due, key=lambda each: each.at)
            day += timedelta(days=1)
        raise ValueError("a schedule without days")

    def dues_of(self, day: date) -> Iterator[Due]:
        """
        The moments of a day of the calendar; one that the clocks skip may fall on the next day.
        """
        if day.weekday() not in self.weekdays or not self._is_day_of_month(day):
            return
        for at in self.times:
            local = datetime.combine(day, at, tzinfo=ZoneInfo(self.timezone))
            name = f"{day}T{at:%H%M}" if len(self.times) > 1 else f"{day}"
            yield Due(at=local.astimezone(UTC), name=name)

    def _is_day_of_month(self, day: date) -> bool:
        """
        Days that a month is too short for fall on its last day.
        """
        if not self.days:
            return True
        last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        return day.day in self.days or (day == last and max(self.days) > last.day)
