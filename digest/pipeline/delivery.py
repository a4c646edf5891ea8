"""
One issue from its schedule to its receipts.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from ..model import Issue, Newsletter, Outcome, Receipt, Tally
from ..sender import Allowance
from . import Moment, Pipeline

OVERDUE = "due longer ago than its max_delay: --force sends it all the same"

#: Called before the first letter, with how many there are, and after each receipt.
Progress = Callable[[Issue, int, Receipt | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What one run did for one issue; `tally` is where the issue stands now, None if it is not made.
    """

    issue: Issue
    accepted: int = 0
    deferred: int = 0
    refused: int = 0
    in_doubt: int = 0  #: with those of a run that died
    suppressed: int = 0
    seconds: float = 0.0
    tally: Tally | None = None
    overdue: bool = False  #: not sent, because it was due too long ago
    note: str = ""  #: why there was nothing to do

    @property
    def letters(self) -> int:
        """
        How many this run settled.
        """
        return self.accepted + self.deferred + self.refused + self.in_doubt + self.suppressed


def deliver(
    pipeline: Pipeline,
    newsletter: Newsletter,
    moment: Moment,
    *,
    allowance: Allowance,
    progress: Progress,
    force: bool = False,
) -> Report:
    """
    Make the issue if it is not made, and send what waits of it. The caller holds the lock.

    Safe to run again: it continues, with the bytes that were frozen.
    """
    planned = pipeline.issue(newsletter, moment)
    issue = pipeline.store.issues.get(planned.id)
    in_doubt = pipeline.store.ledger.recover(planned.id) if issue else 0
    tally = _tally(pipeline, issue) if issue else None
    if tally and not tally.waiting and not tally.deferred:
        return Report(issue=planned, in_doubt=in_doubt, tally=tally, note="sent already")
    if not force and pipeline.is_overdue(newsletter, planned, moment):
        return Report(issue=planned, in_doubt=in_doubt, tally=tally, overdue=True, note=OVERDUE)
    if issue is None:
        if not pipeline.freeze(newsletter, planned):
            return Report(issue=planned, note="nothing to read in its window")
        issue = planned
    suppressed = tally.suppressed if tally else 0
    started = pipeline.clock()
    outcomes = _send(pipeline, issue, allowance, progress)
    after = _tally(pipeline, issue)
    return Report(
        issue=issue,
        accepted=outcomes[Outcome.ACCEPTED],
        deferred=outcomes[Outcome.DEFERRED],
        refused=outcomes[Outcome.REFUSED],
        in_doubt=outcomes[Outcome.IN_DOUBT] + in_doubt,
        suppressed=after.suppressed - suppressed,
        seconds=(pipeline.clock() - started).total_seconds(),
        tally=after,
    )


def _tally(pipeline: Pipeline, issue: Issue) -> Tally:
    return pipeline.store.ledger.tally(issue.id, running=True)


def _send(
    pipeline: Pipeline, issue: Issue, allowance: Allowance, progress: Progress
) -> Counter[Outcome]:
    tally = _tally(pipeline, issue)
    total = tally.waiting + tally.deferred
    progress(issue, total, None)
    outcomes: Counter[Outcome] = Counter()
    for receipt in pipeline.sending(issue, allowance).receipts_iter():
        outcomes[receipt.outcome] += 1
        progress(issue, total, receipt)
    return outcomes
