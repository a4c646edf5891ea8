"""
One issue from its schedule to its receipts.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ..addresses import normalize_address
from ..errors import NotFoundError, TransportError
from ..model import Issue, Newsletter, Outcome, Receipt, Subscriber, Tally
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
    error: TransportError | None = None  #: what ended the run early

    @property
    def letters(self) -> int:
        """
        How many this run settled.
        """
        return self.accepted + self.deferred + self.refused + self.in_doubt + self.suppressed


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    What a run would send.
    """

    issue: Issue
    letters: int
    editions: int
    bytes: int  #: of all letters
    without_news: int  #: subscribers who would get none


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
        if note := pipeline.freeze(newsletter, planned):
            return Report(issue=planned, note=note)
        issue = planned
    suppressed = tally.suppressed if tally else 0
    started = pipeline.clock()
    outcomes, error = _send(pipeline, issue, allowance, progress)
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
        error=error,
    )


def plan(pipeline: Pipeline, newsletter: Newsletter, moment: Moment) -> Plan:
    """
    What `deliver` would send: all of an issue that is not made yet, the rest of one that is.

    Changes nothing.
    """
    issue = pipeline.issue(newsletter, moment)
    store = pipeline.existing_store
    made = store.issues.get(issue.id) if store else None
    if store and made:
        pages, unsent = store.issues.pages(made.id), store.ledger.unsent_by_edition(made.id)
        sizes = {place: len(pipeline.letter(made, pages[place]).data) for place in unsent}
        return Plan(
            issue=made,
            letters=sum(unsent.values()),
            editions=len(unsent),
            bytes=sum(sizes[place] * number for place, number in unsent.items()),
            without_news=0,
        )
    readers = pipeline.readers(newsletter)
    printed, without_news = pipeline.print_editions(newsletter, issue, readers)
    inhabited = [each for each in printed if each.readers]
    size = sum(
        len(pipeline.letter(issue, each.page).data) * len(each.readers) for each in inhabited
    )
    return Plan(
        issue=issue,
        letters=sum(len(each.readers) for each in inhabited),
        editions=len(inhabited),
        bytes=size,
        without_news=len(without_news),
    )


def send_test(
    pipeline: Pipeline, newsletter: Newsletter, moment: Moment, address: str
) -> Iterator[tuple[Issue, Receipt]]:
    """
    The newsletter's own edition to one address. The ledger hears nothing of it.
    """
    issue = pipeline.issue(newsletter, moment)
    printed, _ = pipeline.print_editions(newsletter, issue, ())
    if not printed:
        raise NotFoundError(
            f"{issue.id} has nothing to read: see `digest select {newsletter.id} --explain`"
        )
    try:
        subscriber = Subscriber(id=0, address=normalize_address(address))
    except ValueError as error:
        raise NotFoundError(f"the test address {error}") from None
    # Another name than the real letter's, or mail programs would take that one for a copy.
    test = replace(issue, id=f"{issue.id}.test-{pipeline.clock():%Y%m%d%H%M%S}")
    letter = pipeline.letter(test, printed[0].page, subscriber)
    for receipt in pipeline.transport.deliver([letter]):
        yield issue, receipt


def standings(pipeline: Pipeline, issue_id: str | None = None) -> list[tuple[Issue, str, Tally]]:
    """
    Issues, the latest first, with their state and their letters. NotFoundError if it is not made.
    """
    store = pipeline.existing_store
    issues = [each for each in store.issues.all() if issue_id in {None, each.id}] if store else []
    if issue_id and not issues:
        raise NotFoundError(f'there is no issue "{issue_id}": `digest status` lists them')
    running = store.running if store else False
    found = []
    for issue in issues:
        tally = store.ledger.tally(issue.id, running=running) if store else Tally()
        unsent = tally.waiting or tally.deferred
        state = "done" if not unsent else "sending" if running else "unfinished"
        found.append((issue, state, tally))
    return found


def _tally(pipeline: Pipeline, issue: Issue) -> Tally:
    return pipeline.store.ledger.tally(issue.id, running=True)


def _send(
    pipeline: Pipeline, issue: Issue, allowance: Allowance, progress: Progress
) -> tuple[Counter[Outcome], TransportError | None]:
    tally = _tally(pipeline, issue)
    total = tally.waiting + tally.deferred
    progress(issue, total, None)
    outcomes: Counter[Outcome] = Counter()
    try:
        for receipt in pipeline.sending(issue, allowance).receipts_iter():
            outcomes[receipt.outcome] += 1
            progress(issue, total, receipt)
    except TransportError as error:
        return outcomes, error
    return outcomes, None
