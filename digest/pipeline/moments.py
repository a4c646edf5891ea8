"""
Which issue is at hand at a moment, and what window it looks through.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ..errors import SettingsError
from ..model import Issue, Newsletter, Window
from ..schedule import Due

#: Where "since-last" starts when nothing was ever sent.
FIRST_WINDOW = timedelta(days=7)
#: Days before and after them are on the calendar, too, however long a window is.
YEARS = range(1000, 9001)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """
    What an issue is asked for: a time, and the exceptions from the schedule.

    Times without a zone are the newsletter's.
    """

    at: datetime
    since: datetime | None = None
    until: datetime | None = None
    name: str | None = None  #: of an issue outside the schedule


def due_at(newsletter: Newsletter, moment: Moment) -> Due:
    """
    The latest due moment, or the moment itself where no schedule counts.
    """
    if moment.at.year not in YEARS:
        raise SettingsError(
            f"no issue is due in the year {moment.at.year:04}: name a time nearer now"
        )
    at = in_utc(moment.at, newsletter)
    if moment.name:
        return Due(at=at, name=moment.name)
    if newsletter.schedule:
        return newsletter.schedule.due_before(at)
    return Due(at=at, name=f"{at:%Y-%m-%d}")


def window_at(
    newsletter: Newsletter, moment: Moment, due: datetime, last_end: Callable[[], datetime | None]
) -> Window:
    """
    What the issue due then looks through. `last_end` tells where the one before stopped looking.
    """
    try:
        end = in_utc(moment.until, newsletter) if moment.until else due
        if moment.since:
            start = in_utc(moment.since, newsletter)
        elif newsletter.window:
            start = end - newsletter.window
        else:
            start = last_end() or end - FIRST_WINDOW
    except OverflowError:
        raise SettingsError("the window leaves the calendar: name times nearer now") from None
    if start >= end:
        raise SettingsError(f"the window ends at {end:%Y-%m-%dT%H:%MZ}, before it starts")
    return Window(start=start, end=end)


def is_overdue(newsletter: Newsletter, issue: Issue, moment: Moment) -> bool:
    """
    Whether a scheduled issue was due longer ago than it may be late.
    """
    if newsletter.schedule is None or newsletter.max_delay is None or moment.name:
        return False
    return in_utc(moment.at, newsletter) - issue.due_at > newsletter.max_delay


def in_utc(moment: datetime, newsletter: Newsletter) -> datetime:
    """
    Without a zone it is the newsletter's.
    """
    zone = ZoneInfo(newsletter.timezone)
    local = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
    return local.astimezone(UTC)
