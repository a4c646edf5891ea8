"""
How many letters go today, and which of them first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from fractions import Fraction

from ..errors import TransportAway, TransportError
from ..model import Issue, Kind, Outcome, Receipt, Tally
from ..sender import Allowance
from ..store.ledger import FIRST_WAIT
from . import Pipeline
from .ramping import ramp_at

#: Of the canary's letters, but for those that fail by their reader's own mailbox.
ENOUGH = Fraction(4, 5)
READERS_OWN = frozenset({Kind.ADDRESS, Kind.FULL, Kind.INACTIVE})
Send = Callable[[Allowance], Iterator[Receipt]]


class Slice(Allowance):
    """
    Some of the letters that a run may take.
    """

    def __init__(self, whole: Allowance, letters: int) -> None:
        super().__init__(letters)
        self._whole = whole

    @property
    def stopped(self) -> bool:
        return super().stopped or self._whole.stopped

    @property
    def used_up(self) -> bool:
        return super().used_up or self._whole.used_up

    def take(self, wanted: int) -> int:
        return self._whole.take(super().take(wanted))


@dataclass(slots=True)
class Canary:
    """
    The letters that go ahead of the others, and how they fared.
    """

    issue_id: str
    letters: int
    accepted: int = 0
    failed: int = 0

    def see(self, receipt: Receipt) -> Receipt:
        """
        One receipt more; it is given back.
        """
        if receipt.outcome is Outcome.ACCEPTED:
            self.accepted += 1
        elif receipt.kind not in READERS_OWN:
            self.failed += 1
        return receipt

    def check(self) -> None:
        """
        TransportError if too few were accepted for the rest to follow.
        """
        tried = self.accepted + self.failed
        if self.accepted < tried * ENOUGH:
            raise TransportError(
                f"of the first {tried} letters (pace.canary) {self.accepted} were accepted, so the"
                f" rest waits: see why with `digest status {self.issue_id}`, then run again"
            )


def canary_of(pipeline: Pipeline, issue: Issue, tally: Tally) -> Canary | None:
    """
    The letters that have to succeed first; None if they did, or if they would be all.
    """
    wanted = (pipeline.settings.pace.canary or 0) - tally.accepted
    return Canary(issue.id, wanted) if 0 < wanted < tally.waiting + tally.deferred else None


def left_today(pipeline: Pipeline, issue: Issue) -> int | None:
    """
    How many letters a new sender may still send on this day (UTC); None: as many as there are.
    """
    ramp = ramp_at(pipeline, issue, pipeline.clock())
    return ramp.left if ramp else None


def goes_alone(pipeline: Pipeline, issue: Issue) -> bool:
    """
    Whether one run at a time may send for now: the first letters, or those of a new sender.
    """
    tally = pipeline.store.accounts.tally(issue.id, running=True)
    return canary_of(pipeline, issue, tally) is not None or left_today(pipeline, issue) is not None


def spread(
    pipeline: Pipeline,
    issue: Issue,
    allowance: Allowance,
    send: Send,
    *,
    proven: Callable[[], None] = lambda: None,
) -> Iterator[Receipt]:
    """
    The receipts of what may go: the canary first, and of a new sender as much as a day takes.

    TransportError if the canary failed, TransportAway if there is more than may go today. `proven`
    is called once a canary was needed, and has passed.
    """
    if not goes_alone(pipeline, issue):
        yield from send(allowance)
        return
    with pipeline.store.making(f"the first letters of {parseaddr(issue.sender)[1]}"):
        # Counted anew: another run may have sent while this one waited for its turn.
        left = left_today(pipeline, issue)
        whole = allowance if left is None else Slice(allowance, left)
        canary = canary_of(pipeline, issue, pipeline.store.accounts.tally(issue.id, running=True))
        if canary:
            yield from map(canary.see, send(Slice(whole, canary.letters)))
            canary.check()
            proven()
        if left is not None:
            yield from send(whole)
    if left is None:
        yield from send(allowance)
    elif whole.used_up and not allowance.used_up and not allowance.stopped:
        raise TransportAway(
            "that is as much as a new sender may send on one day (pace.ramp_up):"
            " the rest waits, run again tomorrow"
        )


def next_attempt(pipeline: Pipeline, issue: Issue) -> datetime:
    """
    When to try again after TransportAway: tomorrow, if no more may go today.
    """
    now = pipeline.clock()
    if left_today(pipeline, issue) != 0:
        return now + FIRST_WAIT
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def days_needed(pipeline: Pipeline, issue: Issue, letters: int) -> int:
    """
    On how many days, beside this one, a new sender sends so many letters.
    """
    ramp = ramp_at(pipeline, issue, pipeline.clock())
    return ramp.days(letters) if ramp else 0
