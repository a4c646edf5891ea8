"""
What a run did for each issue: a line for people, an object for programs.
"""

import sys
from typing import TYPE_CHECKING

from .logs import for_programs, tell_event
from .shared import counted, iso, now, say

if TYPE_CHECKING:
    from ..pipeline.reporting import Summary

COUNTS = ("accepted", "deferred", "refused", "in_doubt", "suppressed")


def tell(summary: "Summary", *, due: bool, alone: bool) -> None:
    """
    A line for an issue of which something was sent, and for what somebody has to do.

    Of what there was nothing to do for, only whoever watches hears, and whoever asked for an issue
    that is not sent. `alone` is what is printed for programs: then nobody else needs to hear what
    it says as well.
    """
    watched = sys.stderr.isatty() or sys.stdout.isatty()
    report = summary.report
    asked_or_made = report.made or (summary.unsent and not due)
    if for_programs():
        _tell_programs(summary)
        return
    for shortened in summary.shortened:
        say(f"{shortened.file}: {shortened.message}")
    if report.overdue and not due:
        say(f"digest: {report.issue.id} is not sent: {report.note}")
    elif report.letters and (watched or not alone):
        say(f"{report.issue.id}: {counts_of(summary)} in {report.seconds:.1f} s")
    elif report.note and (watched or (asked_or_made and not alone)):
        say(f"{report.issue.id}: {report.note}")
    if report.letters or watched or not due:  # A cron job says the same thing once.
        _tell_of_doubt(summary)


def counts_of(summary: "Summary") -> str:
    """
    `97 accepted, 3 refused`.
    """
    return ", ".join(
        f"{number} {name.replace('_', ' ')}"
        for name in COUNTS
        if (number := getattr(summary.report, name)) or name == "accepted"
    )


def reported(summary: "Summary") -> dict[str, object]:
    report = summary.report
    pictures = ({"file": each.file, "message": each.message} for each in summary.pictures)
    return {
        "issue": report.issue.id,
        "letters": report.letters,
        **{name: getattr(report, name) for name in COUNTS},
        "seconds": round(report.seconds, 3),
        "rate": round(summary.rate, 1),
        "waiting": report.tally.waiting if report.tally else 0,
        "note": report.note,
        "refused_by_kind": {
            kind or "unknown": number for kind, number in summary.refused_by_kind.items()
        },
        "shortened": [each.message for each in summary.shortened],
        "pictures": list(pictures),
        "thin": summary.thin,
        "next_due": iso(summary.next_due) if summary.next_due else None,
    }


def _tell_programs(summary: "Summary") -> None:
    if summary.report.letters or summary.report.error:
        tell_event(now(), "finished", **reported(summary))
    elif summary.unsent:
        tell_event(now(), "unsent", **reported(summary))
    _tell_of_doubt(summary)


def _tell_of_doubt(summary: "Summary") -> None:
    report = summary.report
    if report.tally and report.tally.in_doubt:
        say(
            f"digest: {report.issue.id}: {counted(report.tally.in_doubt, 'letter')} in doubt:"
            f" settle them with `digest resolve {report.issue.id} --resend` or `--drop`"
        )
