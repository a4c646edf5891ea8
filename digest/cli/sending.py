"""
Commands that deliver, and that tell what became of it: send, status, resolve.
"""

import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from .progress import drained_by_signals, shown_progress
from .shared import (
    AsJson,
    At,
    Names,
    Since,
    Until,
    counted,
    iso,
    moment_of,
    newsletters_of,
    opened,
    print_json,
    print_table,
    say,
)

if TYPE_CHECKING:
    from ..errors import DigestError
    from ..model import Issue, Newsletter, Tally
    from ..pipeline import Moment, Pipeline
    from ..pipeline.delivery import Report

SOME_NOT_DELIVERED = 3
RUN_AGAIN = 75
ISSUE_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
COUNTS = ("accepted", "deferred", "refused", "in_doubt", "suppressed")


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
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many letters.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Even if it is long overdue.")] = False,
    as_json: AsJson = False,
) -> None:
    """
    Deliver the issue at hand to everybody who has not got it. Safe to run again.
    """
    _check_usage(newsletters, issue, windowed=bool(since or until), alone=bool(test and dry_run))
    moment = moment_of(at, since, until, issue)
    with opened(context) as pipeline:
        wanted = newsletters_of(pipeline, newsletters)
        if test:
            _send_test(pipeline, wanted, moment, test, as_json=as_json)
        elif dry_run:
            _print_plan(pipeline, wanted, moment, as_json=as_json)
        else:
            status = _deliver(
                pipeline, wanted, moment, due=due, force=force, limit=limit, as_json=as_json
            )
            raise typer.Exit(status)


def status(
    context: typer.Context,
    issue: Annotated[str | None, typer.Argument(metavar="ISSUE", help="Its id.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """
    Tell what was sent, what waits, what failed and what is in doubt. The sum adds up.
    """
    from ..pipeline.delivery import standings

    with opened(context) as pipeline:
        found = standings(pipeline, issue)
    if as_json:
        print_json({"issues": [_standing(*each) for each in found]})
        return
    rows = [
        (each.id, state, tally.letters, *(getattr(tally, name) for name in COUNTS), tally.waiting)
        for each, state, tally in found
    ]
    columns = ("issue", "state", "letters", *(name.replace("_", " ") for name in COUNTS), "waiting")
    in_doubt = [each.id for each, _, tally in found if tally.in_doubt]
    note = f"In doubt: see `digest resolve {in_doubt[0]} --help`" if in_doubt else ""
    print_table("Issues", columns, rows, note=note)


def resolve(
    context: typer.Context,
    issue: Annotated[
        str, typer.Argument(metavar="ISSUE", help="Its id, as `digest status` shows it.")
    ],
    *,
    resend: Annotated[bool, typer.Option("--resend", help="Send them again.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Never send them again.")] = False,
) -> None:
    """
    Settle the letters in doubt: those that may or may not have arrived when a line broke.
    """
    if resend == drop:
        raise typer.BadParameter("say either --resend or --drop")
    with opened(context) as pipeline, pipeline.store.lock():
        pipeline.store.ledger.recover(issue)
        settled = pipeline.store.ledger.resolve(issue, resend=resend)
    say(f"{counted(settled, 'letter')} {'to be sent again' if resend else 'given up'}")


def _check_usage(
    newsletters: list[str] | None, issue: str | None, *, windowed: bool, alone: bool
) -> None:
    if issue is not None and (not newsletters or len(newsletters) != 1):
        raise typer.BadParameter("--issue goes with one newsletter")
    if issue is not None and not ISSUE_NAME.fullmatch(issue):
        raise typer.BadParameter("--issue takes up to 64 letters, digits, dots and dashes")
    if windowed and issue is None:
        raise typer.BadParameter(
            "--since and --until go with --issue: the schedule sets the window"
        )
    if alone:
        raise typer.BadParameter("--test and --dry-run exclude each other")


def _deliver(
    pipeline: "Pipeline",
    newsletters: "list[Newsletter]",
    moment: "Moment",
    *,
    due: bool,
    force: bool,
    limit: int | None,
    as_json: bool,
) -> int:
    from ..errors import ThemeError
    from ..pipeline.delivery import deliver
    from ..sender import Allowance

    failures: list[DigestError] = []
    allowance = Allowance(limit)
    reports: list[Report] = []
    with pipeline.store.lock(), drained_by_signals(allowance), shown_progress() as progress:
        for newsletter in newsletters:
            try:
                report = deliver(
                    pipeline,
                    newsletter,
                    moment,
                    allowance=allowance,
                    progress=progress,
                    force=force,
                )
            except ThemeError as error:
                failures.append(error)  # The other newsletters have other readers.
                continue
            reports.append(report)
            if report.error:
                failures.append(report.error)
                break
    if as_json:
        print_json({"issues": [_reported(report) for report in reports]})
    _tell(reports, due=due)
    if failures:
        *others, last = failures
        for each in others:
            say(f"digest: {each}")
        raise last
    return _exit_status(reports, due=due, limited=limit is not None)


def _exit_status(reports: "list[Report]", *, due: bool, limited: bool) -> int:
    if any(report.overdue for report in reports) and not due:
        return 1
    tallies = [report.tally for report in reports if report.tally and not report.overdue]
    if any(tally.deferred or (tally.waiting and not limited) for tally in tallies):
        return RUN_AGAIN
    if any(tally.in_doubt for tally in tallies) or any(report.refused for report in reports):
        return SOME_NOT_DELIVERED
    return 0


def _tell(reports: "list[Report]", *, due: bool) -> None:
    """
    A line per issue for whoever watches; under cron only what somebody has to do.
    """
    watched = sys.stderr.isatty() or sys.stdout.isatty()
    for report in reports:
        if report.overdue and not due:
            say(f"digest: {report.issue.id} is not sent: {report.note}")
        elif watched and report.note and not report.letters:
            say(f"{report.issue.id}: {report.note}")
        elif watched:
            counts = ", ".join(
                f"{getattr(report, name)} {name.replace('_', ' ')}"
                for name in COUNTS
                if getattr(report, name) or name == "accepted"
            )
            say(f"{report.issue.id}: {counts} in {report.seconds:.1f} s")
        if report.tally and report.tally.in_doubt:
            in_doubt = counted(report.tally.in_doubt, "letter")
            say(
                f"digest: {report.issue.id}: {in_doubt} in doubt: settle them with"
                f" `digest resolve {report.issue.id} --resend` or `--drop`"
            )


def _send_test(
    pipeline: "Pipeline",
    newsletters: "list[Newsletter]",
    moment: "Moment",
    address: str,
    *,
    as_json: bool,
) -> None:
    from ..pipeline.delivery import send_test

    receipts = [
        (issue, receipt)
        for newsletter in newsletters
        for issue, receipt in send_test(pipeline, newsletter, moment, address)
    ]
    if as_json:
        print_json(
            {
                "tests": [
                    {"issue": each.id, "outcome": receipt.outcome} for each, receipt in receipts
                ]
            }
        )
    for issue, receipt in receipts:
        say(f"{issue.id}: test letter {receipt.outcome.replace('_', ' ')} ({receipt.code})")
    if any(receipt.outcome != "accepted" for _, receipt in receipts):
        raise typer.Exit(SOME_NOT_DELIVERED)


def _print_plan(
    pipeline: "Pipeline", newsletters: "list[Newsletter]", moment: "Moment", *, as_json: bool
) -> None:
    from ..pipeline.delivery import plan

    plans = [plan(pipeline, newsletter, moment) for newsletter in newsletters]
    if as_json:
        print_json(
            {
                "issues": [
                    {
                        "issue": each.issue.id,
                        "letters": each.letters,
                        "editions": each.editions,
                        "bytes": each.bytes,
                        "suppressed": each.without_news,
                    }
                    for each in plans
                ]
            }
        )
        return
    rows = [
        (each.issue.id, each.letters, each.editions, each.bytes, each.without_news)
        for each in plans
    ]
    columns = ("issue", "letters", "editions", "bytes", "without news")
    print_table("What would be sent", columns, rows)


def _reported(report: "Report") -> dict[str, object]:
    return {
        "issue": report.issue.id,
        "letters": report.letters,
        **{name: getattr(report, name) for name in COUNTS},
        "seconds": round(report.seconds, 3),
        "waiting": report.tally.waiting if report.tally else 0,
        "note": report.note,
    }


def _standing(issue: "Issue", state: str, tally: "Tally") -> dict[str, object]:
    return {
        "issue": issue.id,
        "due": iso(issue.due_at),
        "state": state,
        "letters": tally.letters,
        **{name: getattr(tally, name) for name in COUNTS},
        "waiting": tally.waiting,
    }
