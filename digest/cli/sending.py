"""
The command that delivers.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from .logs import Format, LogFormat
from .outcomes import COUNTS, reported, tell
from .planning import print_plan
from .progress import drained_by_signals, shown_pictures, shown_progress
from .shared import (
    RUN_AGAIN,
    AsJson,
    At,
    Names,
    Offline,
    Since,
    Until,
    moment_of,
    newsletters_of,
    opened,
    print_json,
    random_bits,
    say,
    telling_of_index,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..errors import DigestError
    from ..model import Issue, Newsletter, Receipt
    from ..pipeline import Moment, Pipeline
    from ..pipeline.delivery import Report
    from ..pipeline.reporting import Summary

SOME_NOT_DELIVERED = 3
ISSUE_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
ID_BITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    How a run is to go about it.
    """

    due: bool  #: nobody asked for it just now
    force: bool
    limit: int | None  #: of letters
    offline: bool
    wait: bool  #: until the workers are done as well


def send(
    context: typer.Context,
    newsletters: Names = None,
    *,
    due: Annotated[bool, typer.Option("--due", help="Skip what is not due; for cron.")] = False,
    at: At = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent.")
    ] = False,
    test: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Send it to one address only, as a test.")
    ] = None,
    issue: Annotated[
        str | None, typer.Option(metavar="NAME", help="An issue outside the schedule.")
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most so many letters.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Even if it is long overdue.")] = False,
    offline: Offline = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Leave it to `digest worker`.")
    ] = False,
    as_json: AsJson = False,
    _: LogFormat = Format.TEXT,
) -> None:
    """
    Deliver the issue at hand to everybody who has not got it. Safe to run again.
    """
    _check_usage(newsletters, issue, windowed=bool(since or until), due=due)
    if test and dry_run:
        raise typer.BadParameter("--test and --dry-run exclude each other")
    moment = moment_of(at, since, until, issue)
    with opened(context) as pipeline, telling_of_index(pipeline):
        wanted = newsletters_of(pipeline, newsletters)
        if test:
            _send_test(pipeline, wanted, moment, test, offline=offline, as_json=as_json)
        elif dry_run:
            print_plan(pipeline, wanted, moment, as_json=as_json)
        else:
            wish = Wish(
                due=due,
                force=force,
                limit=limit,
                offline=offline,
                wait=not no_wait or pipeline.store.exclusive,
            )
            raise typer.Exit(_deliver(pipeline, wanted, moment, wish, as_json=as_json))


def _check_usage(
    newsletters: list[str] | None, issue: str | None, *, windowed: bool, due: bool
) -> None:
    if issue is not None and (not newsletters or len(newsletters) != 1):
        raise typer.BadParameter("--issue goes with one newsletter")
    if issue is not None and not ISSUE_NAME.fullmatch(issue):
        raise typer.BadParameter("--issue takes up to 64 letters, digits, dots and dashes")
    if windowed and issue is None:
        raise typer.BadParameter(
            "--since and --until go with --issue: the schedule sets the window"
        )
    if issue is not None and due:
        raise typer.BadParameter("--due goes with the schedule: leave it out, or --issue")


def _deliver(
    pipeline: "Pipeline",
    newsletters: "list[Newsletter]",
    moment: "Moment",
    wish: Wish,
    *,
    as_json: bool,
) -> int:
    failures: list[DigestError] = []
    summaries = [*_summaries_iter(pipeline, newsletters, moment, wish, failures)]
    if as_json:
        print_json({"issues": [reported(each) for each in summaries]})
    for each in summaries:
        tell(each, due=wish.due, alone=as_json)
    if failures:
        for failure in failures[:-1]:
            say(f"digest: {failure}")
        raise failures[-1]
    limited = wish.limit is not None or not wish.wait
    return _exit_status([each.report for each in summaries], due=wish.due, limited=limited)


def _summaries_iter(
    pipeline: "Pipeline",
    newsletters: "list[Newsletter]",
    moment: "Moment",
    wish: Wish,
    failures: "list[DigestError]",
) -> "Iterator[Summary]":
    """
    One issue after the other, each with its report to the owner.
    """
    from ..errors import ThemeError
    from ..pipeline.delivery import deliver
    from ..pipeline.reporting import summarize, tell_owner
    from ..sender import Allowance

    allowance = Allowance(wish.limit)
    with (
        pipeline.store.lock(),
        drained_by_signals(allowance),
        shown_progress() as progress,
        shown_pictures() as fetch,
    ):
        for newsletter in newsletters:
            try:
                report = deliver(
                    pipeline,
                    newsletter,
                    moment,
                    allowance=allowance,
                    progress=progress,
                    due=wish.due,
                    force=wish.force,
                    fetch=None if wish.offline else fetch,
                    wait=wish.wait,
                )
            except ThemeError as error:
                failures.append(error)  # The other newsletters have other readers.
                continue
            summary = summarize(pipeline, newsletter, report)
            yield summary
            number = random_bits(ID_BITS)
            if trouble := tell_owner(pipeline, newsletter, summary, number=number):
                say(f"digest: {trouble}")
            if report.error:
                failures.append(report.error)
                return


def _exit_status(reports: "list[Report]", *, due: bool, limited: bool) -> int:
    if any(report.overdue for report in reports) and not due:
        return 1
    tallies = [report.tally for report in reports if report.tally and not report.overdue]
    if any(tally.deferred or (tally.waiting and not limited) for tally in tallies):
        return RUN_AGAIN
    if any(tally.in_doubt for tally in tallies) or any(report.refused for report in reports):
        return SOME_NOT_DELIVERED
    return 0


def _tested(issue: "Issue", receipt: "Receipt") -> dict[str, object]:
    counts = {name: int(receipt.outcome == name) for name in COUNTS}
    return {"issue": issue.id, "letters": 1, **counts, "seconds": 0.0, "test": True}


def _send_test(
    pipeline: "Pipeline",
    newsletters: "list[Newsletter]",
    moment: "Moment",
    address: str,
    *,
    offline: bool,
    as_json: bool,
) -> None:
    from ..pipeline.delivery import send_test

    with shown_pictures() as shown:
        fetch = None if offline else shown
        receipts = [
            (issue, receipt)
            for newsletter in newsletters
            for issue, receipt in send_test(pipeline, newsletter, moment, address, fetch=fetch)
        ]
    if as_json:
        print_json({"issues": [_tested(issue, receipt) for issue, receipt in receipts]})
    for issue, receipt in receipts:
        say(f"{issue.id}: test letter {receipt.outcome.replace('_', ' ')} ({receipt.code})")
    if any(receipt.outcome != "accepted" for _, receipt in receipts):
        raise typer.Exit(SOME_NOT_DELIVERED)
