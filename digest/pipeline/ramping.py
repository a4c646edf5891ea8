"""
A new sender: so many letters on its first day, and twice as many on every day after it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..model import Issue, Newsletter
from . import Moment, Pipeline
from .moments import in_utc

if TYPE_CHECKING:
    from ..store import Store

#: From then on a sender is no new one.
MAX_DAYS = 30
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """
    Where a new sender stands on one day (UTC).
    """

    first_day: int  #: letters that may go on the sender's first day
    day: int = 0  #: since that one
    sent: int = 0  #: letters that went on this day

    @property
    def left(self) -> int:
        """
        How many more may go on this day.
        """
        return max(0, (self.first_day << self.day) - self.sent)

    def days(self, letters: int) -> int:
        """
        On how many days, beside this one, so many letters go.
        """
        day, rest = self.day, letters - self.left
        while rest > 0:
            day += 1
            rest -= self.first_day << day
        return day - self.day

    def first_day_for(self, letters: int, days: int) -> int:
        """
        How many letters a first day takes for so many to go on this day and so many beside it.
        """
        share = ((2 << days) - 1) << self.day
        return -(-(letters + self.sent) // share)


def ramp_at(pipeline: Pipeline, issue: Issue, moment: datetime) -> Ramp | None:
    """
    None: the sender may send as many letters as there are.
    """
    first_day = pipeline.settings.pace.ramp_up
    if first_day is None:
        return None
    today, store = _midnight(moment), pipeline.existing_store
    past = store.pacing.past(issue.sender, today) if store else None
    if past is None or past.first_at is None:
        return Ramp(first_day=first_day)
    day = max(0, _whole_days(today - past.first_at))
    return None if day > MAX_DAYS else Ramp(first_day=first_day, day=day, sent=past.letters)


def ramp_problem(
    pipeline: Pipeline, newsletter: Newsletter, issue: Issue, letters: int, moment: Moment
) -> str:
    """
    Why some of so many letters would stay unsent, begun then and gone on with every day.

    What has a name of its own instead of a schedule's may take its time.
    """
    if moment.name:
        return ""
    start = in_utc(moment.at, newsletter)
    ramp = ramp_at(pipeline, issue, start)
    days = ramp.days(letters) if ramp else 0
    if ramp is None or not days:
        return ""
    last_day = _midnight(start) + days * DAY
    deadline = _deadline(newsletter, issue, last_day)
    if last_day < deadline.at:
        return ""
    in_time = max(0, _whole_days(deadline.at - _midnight(start)) - 1)
    return (
        f"{deadline.key}: a new sender needs {days + bool(ramp.left)} days for {letters:,} letters"
        f" (pace.ramp_up), but {deadline.why}, and the rest would stay unsent;"
        f" set {deadline.remedy}pace.ramp_up = {ramp.first_day_for(letters, in_time)}"
    )


def ramp_problem_ahead(pipeline: Pipeline, newsletter: Newsletter, moment: Moment) -> str:
    """
    The same of whatever is sent next: the rest of the issue at hand, all of it, or the next one.
    """
    issue, store = pipeline.issue(newsletter, moment), pipeline.existing_store
    if store is None or pipeline.settings.pace.ramp_up is None:
        return ""
    letters = _readers(store, newsletter)
    if store.issues.get(issue.id):
        tally = store.accounts.tally(issue.id, running=True)
        letters = tally.waiting + tally.deferred
    if newsletter.schedule and (not letters or pipeline.is_overdue(newsletter, issue, moment)):
        due_at = newsletter.schedule.due_after(in_utc(moment.at, newsletter)).at
        issue, letters = replace(issue, due_at=due_at), _readers(store, newsletter)
        moment = Moment(at=due_at)
    return ramp_problem(pipeline, newsletter, issue, letters, moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deadline:
    """
    Until when letters of an issue are sent, the key that says so, and why.
    """

    at: datetime
    key: str
    why: str
    remedy: str = ""  #: besides another ramp


def _deadline(newsletter: Newsletter, issue: Issue, last_day: datetime) -> _Deadline:
    if newsletter.schedule is None:
        why = "without one every day has an issue of its own"
        return _Deadline(at=_midnight(issue.due_at) + DAY, key="schedule", why=why)
    next_due = newsletter.schedule.due_after(issue.due_at).at
    overdue = issue.due_at + newsletter.max_delay if newsletter.max_delay else next_due
    if next_due <= last_day or next_due <= overdue:
        why = "the next issue is due before that"
        return _Deadline(at=min(next_due, overdue), key="schedule", why=why)
    enough = _whole_days(last_day + DAY - issue.due_at)
    remedy = f'max_delay = "{enough}d", or '
    return _Deadline(at=overdue, key="max_delay", why="it is overdue before that", remedy=remedy)


def _readers(store: "Store", newsletter: Newsletter) -> int:
    return sum(1 for _ in store.subscribers.active_iter(newsletter.id))


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _whole_days(time: timedelta) -> int:
    """
    As many as it takes.
    """
    return -(-time // DAY)
