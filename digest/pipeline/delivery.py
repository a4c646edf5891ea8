"""
One issue from its schedule to its receipts.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from ..addresses import normalize_address
from ..errors import NotFoundError, TransportAway, TransportError
from ..gatherer import Progress as Gathering
from ..model import Issue, Newsletter, Outcome, Receipt, Subscriber, Tally
from ..sender import NAP, Allowance
from . import Moment, Pipeline
from .feedback import heed_refusals
from .ramping import ramp_problem
from .recovery import recover
from .spreading import spread

if TYPE_CHECKING:
    from sqlalchemy import Connection

FOR_EVER = timedelta(days=3650)
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
    made: bool = False  #: by this run
    overdue: bool = False  #: not sent, because it was due too long ago
    note: str = ""  #: why there was nothing to do
    error: TransportError | None = None  #: what ended the run early

    @property
    def letters(self) -> int:
        """
        How many this run settled.
        """
        return self.accepted + self.deferred + self.refused + self.in_doubt + self.suppressed


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """
    What earlier runs left of an issue.
    """

    tally: Tally | None = None
    in_doubt: int = 0  #: found just now
    expired: int = 0  #: deferred until their deadline, and refused just now

    def report(self, issue: Issue, *, overdue: bool = False, note: str = "") -> Report:
        """
        Nothing more was done.
        """
        return Report(
            issue=issue,
            refused=self.expired,
            in_doubt=self.in_doubt,
            tally=self.tally,
            overdue=overdue,
            note=note,
        )


def deliver(
    pipeline: Pipeline,
    newsletter: Newsletter,
    moment: Moment,
    *,
    allowance: Allowance,
    progress: Progress,
    due: bool = False,
    force: bool = False,
    fetch: Gathering | None = None,
    wait: bool = True,
) -> Report:
    """
    Make the issue if it is not made, and send what waits of it. The caller holds the lock.

    Safe to run again: it continues, with the bytes that were frozen. `due` says that nobody asked
    for it just now: then deferred letters wait until it is their time. Where there are workers,
    `wait` says to take part beside them, and to stay until all of them are done.
    """
    planned = pipeline.issue(newsletter, moment)
    with pipeline.store.making(planned.id):
        issue = pipeline.store.issues.get(planned.id)
        before = _look_back(pipeline, issue, force=force) if issue else Before()
        tally = before.tally
        if tally and not tally.waiting and not tally.deferred:
            return before.report(planned, note="sent already")
        if not force and pipeline.is_overdue(newsletter, planned, moment):
            return before.report(planned, overdue=True, note=OVERDUE)
        if issue is None:
            if note := pipeline.freeze(
                newsletter, planned, fetch=fetch, also=_call(pipeline, newsletter, planned)
            ):
                return Report(issue=planned, note=note)
            issue = planned
            recover(pipeline, issue)
        else:
            pipeline.publish(issue)
    if not due:
        pipeline.store.ledger.hurry(issue.id)
    if not wait:
        if tally and pipeline.store.outbox:  # Otherwise they were called with the issue.
            pipeline.store.outbox.call_again(_call(pipeline, newsletter, issue))
        return _left_to_workers(issue, _tally(pipeline, issue), made=tally is None)
    suppressed = tally.suppressed if tally else 0
    started = pipeline.clock()
    outcomes, error = _send(pipeline, issue, allowance, progress)
    after = _tally(pipeline, issue)
    return Report(
        issue=issue,
        accepted=outcomes[Outcome.ACCEPTED],
        deferred=outcomes[Outcome.DEFERRED],
        refused=outcomes[Outcome.REFUSED] + before.expired,
        in_doubt=outcomes[Outcome.IN_DOUBT] + before.in_doubt,
        suppressed=after.suppressed - suppressed,
        made=tally is None,
        seconds=(pipeline.clock() - started).total_seconds(),
        tally=after,
        error=_in_full(pipeline, newsletter, moment, issue, after, error),
    )


def send_test(
    pipeline: Pipeline,
    newsletter: Newsletter,
    moment: Moment,
    address: str,
    *,
    fetch: Gathering | None = None,
) -> Iterator[tuple[Issue, Receipt]]:
    """
    The newsletter's own edition to one address. The ledger hears nothing of it.
    """
    issue = pipeline.issue(newsletter, moment)
    printed, _ = pipeline.print_editions(newsletter, issue, (), fetch=fetch)
    if not printed:
        raise NotFoundError(
            f"{issue.id} has nothing to read: see `digest select {newsletter.id} --explain`"
        )
    try:
        subscriber = Subscriber(id=0, address=normalize_address(address))
    except ValueError as error:
        raise NotFoundError(f"the test address {error}") from None
    # Another name than the real letter's, or mail programs would take that one for a copy.
    pipeline.publisher.publish(printed[0].page.pictures)
    test = replace(issue, id=f"{issue.id}.test-{pipeline.clock():%Y%m%d%H%M%S}")
    letter = pipeline.letter(test, printed[0].page, subscriber)
    for receipt in pipeline.transport.deliver([letter], lambda _: True):
        yield issue, receipt


def _call(
    pipeline: Pipeline, newsletter: Newsletter, issue: Issue
) -> "Callable[[Connection], None]":
    """
    What calls the workers, in the transaction that makes the issue.
    """
    outbox = pipeline.store.outbox
    if outbox is None:
        return lambda _: None
    outbox.prepare()
    stale_at = pipeline.clock() + (newsletter.max_delay or FOR_EVER)
    return lambda connection: outbox.call(connection, issue.id, stale_at=stale_at)


def _left_to_workers(issue: Issue, tally: Tally, *, made: bool) -> Report:
    waiting = tally.waiting + tally.deferred
    note = f"left to the workers ({waiting:,} waiting)"
    return Report(issue=issue, tally=tally, made=made, note=note)


def _left_over_by_others(pipeline: Pipeline, issue: Issue, allowance: Allowance) -> bool:
    """
    Wait for those who hold batches; whether there is something to send again when they are done.
    """
    store = pipeline.store
    while not store.exclusive and not allowance.stopped and not allowance.used_up:
        recover(pipeline, issue)
        soonest = store.ledger.next_attempt(issue.id)
        if soonest is not None and soonest <= pipeline.clock():
            return True
        if not store.running:
            return False
        time.sleep(NAP)
    return False


def _look_back(pipeline: Pipeline, issue: Issue, *, force: bool) -> Before:
    in_doubt = recover(pipeline, issue)
    deadline = issue.made_at + pipeline.settings.retries.deadline
    expired = 0 if force else pipeline.store.ledger.expire(issue.id, deadline)
    return Before(tally=_tally(pipeline, issue), in_doubt=in_doubt, expired=expired)


def _tally(pipeline: Pipeline, issue: Issue) -> Tally:
    return pipeline.store.accounts.tally(issue.id, running=True)


def _send(
    pipeline: Pipeline, issue: Issue, allowance: Allowance, progress: Progress
) -> tuple[Counter[Outcome], TransportError | None]:
    tally = _tally(pipeline, issue)
    total = tally.waiting + tally.deferred
    progress(issue, total, None)
    outcomes: Counter[Outcome] = Counter()
    send = partial(_receipts_iter, pipeline, issue)
    try:
        for receipt in spread(pipeline, issue, allowance, send):
            outcomes[receipt.outcome] += 1
            progress(issue, total, receipt)
    except TransportError as error:
        return outcomes, error
    finally:
        # A run before that was killed may have heard of refusals and not heeded them.
        if tally.refused or outcomes[Outcome.REFUSED]:
            heed_refusals(pipeline, issue.id)
    return outcomes, None


def _in_full(
    pipeline: Pipeline,
    newsletter: Newsletter,
    moment: Moment,
    issue: Issue,
    tally: Tally,
    error: TransportError | None,
) -> TransportError | None:
    """
    What ended a run, and whether to run again is not enough.
    """
    if not isinstance(error, TransportAway):
        return error
    rest = tally.waiting + tally.deferred
    problem = ramp_problem(pipeline, newsletter, issue, rest, moment)
    return TransportAway(f"{error}; {problem}") if problem else error


def _receipts_iter(pipeline: Pipeline, issue: Issue, allowance: Allowance) -> Iterator[Receipt]:
    patience = pipeline.settings.retries.patience
    while True:
        yield from pipeline.sending(issue, allowance, patience=patience).receipts_iter()
        if not _left_over_by_others(pipeline, issue, allowance):
            return
