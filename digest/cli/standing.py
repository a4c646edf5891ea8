"""
Commands that tell what became of letters, and that settle what is in doubt: status, resolve.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .outcomes import COUNTS
from .shared import AsJson, counted, iso, opened, print_json, print_table, say

if TYPE_CHECKING:
    from ..pipeline.standing import Standing
    from ..store import Account
    from ..store.accounts import Verdict

#: Letters shown to people; --json prints all.
SHOWN = 20
SETTLED = {"resend": "to be sent again", "drop": "given up", "sent": "counted as sent"}


def status(
    context: typer.Context,
    issue: Annotated[str | None, typer.Argument(metavar="ISSUE", help="Its id.")] = None,
    *,
    addresses: Annotated[bool, typer.Option("--addresses", help="Show addresses in full.")] = False,
    as_json: AsJson = False,
) -> None:
    """
    Tell what was sent, waits, failed and is in doubt. The sum adds up.
    """
    from ..pipeline.standing import problems_iter, standings

    with opened(context) as pipeline:
        found = standings(pipeline, issue)
        problems = [
            _problem(account, message_id, addresses=addresses)
            for account, message_id in (problems_iter(pipeline, found[0].issue) if issue else ())
        ]
    if as_json:
        documents = [_standing(each) for each in found]
        print_json({"issues": [documents[0] | {"problems": problems}] if issue else documents})
        return
    _print_standings(found)
    if problems:
        _print_problems(problems)


def resolve(
    context: typer.Context,
    issue: Annotated[
        str, typer.Argument(metavar="ISSUE", help="Its id, as `digest status` shows it.")
    ],
    *,
    resend: Annotated[bool, typer.Option("--resend", help="Send them again.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Never send them again.")] = False,
    sent: Annotated[bool, typer.Option("--sent", help="They were sent.")] = False,
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Those were sent that a mail log, a bounce or a maildir proves."
        ),
    ] = None,
    letter: Annotated[
        list[str] | None,
        typer.Option(metavar="MESSAGE-ID", help="Only that letter. May be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Settle letters in doubt. When a line broke, they may have arrived or not.
    """
    from ..pipeline.standing import settle, settle_by_evidence

    if sum((resend, drop, sent, log is not None)) != 1:
        raise typer.BadParameter("say one of --resend, --drop, --sent and --log FILE")
    verdict: Verdict = "resend" if resend else "drop" if drop else "sent"
    with opened(context) as pipeline, pipeline.store.lock():
        if log is None:
            settled, left = settle(pipeline, issue, verdict, letter)
        else:
            settled, left = settle_by_evidence(pipeline, issue, log, letter)
    if as_json:
        print_json({"issue": issue, "settled": settled, "in_doubt": left})
    still = f", {left} still in doubt" if left else ""
    say(f"{counted(settled, 'letter')} {SETTLED[verdict]}{still}")


def _standing(standing: "Standing") -> dict[str, object]:
    issue, tally = standing.issue, standing.tally
    return {
        "issue": issue.id,
        "due": iso(issue.due_at),
        "state": standing.state,
        "letters": tally.letters,
        **{name: getattr(tally, name) for name in COUNTS},
        "waiting": tally.waiting,
    }


def _print_standings(found: "list[Standing]") -> None:
    rows = [
        (
            each.issue.id,
            each.state,
            each.tally.letters,
            *(getattr(each.tally, name) for name in COUNTS),
            each.tally.waiting,
        )
        for each in found
    ]
    columns = ("issue", "state", "letters", *(name.replace("_", " ") for name in COUNTS), "waiting")
    in_doubt = [each.issue.id for each in found if each.tally.in_doubt]
    note = "" if rows else "No issue was made yet: see `digest send --help`"
    if in_doubt:
        note = f"In doubt: see `digest resolve {in_doubt[0]} --help`"
    print_table("Issues", columns, rows, note=note)


def _problem(account: "Account", message_id: str, *, addresses: bool) -> dict[str, object]:
    from ..text import mask_address, mask_addresses

    address, reason = account.address, account.reason or ""
    if not addresses:
        address, reason = address and mask_address(address), mask_addresses(reason)
    return {
        "subscriber": account.subscriber_id,
        "address": address,
        "state": account.state,
        "reason": reason,
        "code": account.code,
        "kind": account.kind or None,
        "attempts": account.attempts,
        "next_attempt": iso(account.retry_at) if account.retry_at else None,
        "changed": iso(account.changed_at),
        "message_id": message_id,
    }


def _print_problems(problems: "list[dict[str, object]]") -> None:
    columns = ("state", "address", "reason", "message_id")
    rows = [tuple(each[name] for name in columns) for each in problems[:SHOWN]]
    more = len(problems) - SHOWN
    note = f"and {more} more: see --json" if more > 0 else ""
    print_table("Letters", ("state", "address", "reason", "message id"), rows, note=note)
