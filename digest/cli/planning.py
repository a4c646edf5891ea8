"""
What `send --dry-run` prints.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING

from .shared import counted, iso, print_json, print_table, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model import Newsletter
    from ..pipeline import Moment, Pipeline
    from ..pipeline.plans import DomainPlan, Plan

MINUTE = 60


def print_plan(
    pipeline: "Pipeline", newsletters: "Sequence[Newsletter]", moment: "Moment", *, as_json: bool
) -> None:
    """
    Letters, editions and bytes of each issue, its pace per domain, and when it would end.
    """
    from ..pipeline.daybook import DayBook
    from ..pipeline.plans import plan

    book = DayBook()
    plans = [plan(pipeline, newsletter, moment, book=book) for newsletter in newsletters]
    if as_json:
        print_json({"issues": [_planned(each) for each in plans]})
        return
    rows = [
        (each.issue.id, each.letters, each.editions, each.bytes, each.without_news, _end(each))
        for each in plans
    ]
    columns = ("issue", "letters", "editions", "bytes", "without news", "ends")
    print_table("What would be sent", columns, rows, note=_bounds(plans))
    for each in plans:
        if each.unsent:
            say(f"digest: {each.issue.id}: {each.unsent}")
        if each.picture_bytes:
            say(
                f"digest: {each.issue.id}: pictures inside letters are {each.picture_bytes:,} of"
                f" these bytes, {each.picture_bytes // each.letters:,} in each letter:"
                ' images.delivery = "hosted" sends none of them'
            )
        if each.domains:
            domains = [(one.domain, one.letters, _pace(one)) for one in each.domains]
            print_table(f"Pace of {each.issue.id}", ("domain", "letters", "pace"), domains)


def _planned(plan: "Plan") -> dict[str, object]:
    return {
        "issue": plan.issue.id,
        "letters": plan.letters,
        **dict.fromkeys(("accepted", "deferred", "refused", "in_doubt"), 0),
        "seconds": 0.0,
        "editions": plan.editions,
        "bytes": plan.bytes,
        "picture_bytes": plan.picture_bytes,
        "suppressed": plan.without_news,
        "domains": [asdict(each) for each in plan.domains],
        "rate": plan.rate,
        "connections": plan.connections,
        "in_doubt_at_most": plan.in_doubt_at_most,
        "canary": plan.canary,
        "today": plan.today,
        "days": plan.days,
        "ends": iso(plan.ends_at) if plan.ends_at else None,
        "unsent": plan.unsent,
    }


def _bounds(plans: "Sequence[Plan]") -> str:
    """
    The same for all issues of a run.
    """
    if not plans:
        return ""
    first = plans[0]
    in_doubt = counted(first.in_doubt_at_most, "letter")
    notes = [
        f"{counted(first.connections, 'connection')}; if the run dies, {in_doubt} in doubt at most."
    ]
    if first.canary:
        notes.append(f"The first {first.canary} have to succeed before the rest goes.")
    if first.today is not None:
        notes.append(f"A new sender: {counted(first.today, 'letter')} more today.")
    return " ".join(notes)


def _end(plan: "Plan") -> str:
    return iso(plan.ends_at) if plan.ends_at else "as fast as it goes"


def _pace(domain: "DomainPlan") -> str:
    limits = []
    if domain.rate:
        limits.append(f"{domain.rate:g}/s" if domain.rate >= 1 else f"{domain.rate * MINUTE:g}/min")
    if domain.connections:
        limits.append(counted(domain.connections, "connection"))
    return ", ".join(limits) or "no limit"
