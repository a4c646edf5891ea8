"""
Where issues stand, which letters are a problem, and how those in doubt are settled.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NotFoundError
from ..evidence import find_sent
from ..model import Issue, Tally
from ..text import mask_addresses
from ..tokens import letter_id
from . import Pipeline
from .recovery import recover, unread_journals

if TYPE_CHECKING:
    from ..store import Account, Store
    from ..store.accounts import Journals, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    An issue, what is done with it, and its letters by state.
    """

    issue: Issue
    state: str  #: sending, unfinished or done
    tally: Tally


def standings(pipeline: Pipeline, issue_id: str | None = None) -> list[Standing]:
    """
    Issues, the latest first. NotFoundError if the one that is asked for is not made.
    """
    store = pipeline.existing_store
    issues = [each for each in store.issues.all() if issue_id in {None, each.id}] if store else []
    if issue_id and not issues:
        raise _not_made(issue_id)
    if store is None:
        return []
    running, journals = store.running, unread_journals(pipeline, store)
    return [_standing(store, each, running=running, journals=journals) for each in issues]


def problems_iter(pipeline: Pipeline, issue: Issue) -> Iterator[tuple["Account", str]]:
    """
    Letters that need somebody's eye, with their Message-IDs.
    """
    store = pipeline.existing_store
    if store is None:
        return
    message_id = _message_ids(store, issue)
    journals = unread_journals(pipeline, store)
    for account in store.accounts.problems_iter(issue.id, running=store.running, journals=journals):
        yield account, message_id(account.subscriber_id)


def settle(
    pipeline: Pipeline, issue_id: str, verdict: "Verdict", letters: Collection[str] | None
) -> tuple[int, int]:
    """
    By hand: all letters in doubt, or those named. How many were settled, and how many are left.
    """
    doubtful = _doubtful(pipeline, issue_id, letters)
    settled = pipeline.store.accounts.resolve(issue_id, list(doubtful.values()), verdict)
    return settled, len(pipeline.store.accounts.in_doubt(issue_id))


def settle_by_evidence(
    pipeline: Pipeline, issue_id: str, log: Path, letters: Collection[str] | None
) -> tuple[int, int]:
    """
    Those that a log or a bounce proves as sent were sent. What it does not name stays in doubt.
    """
    doubtful = _doubtful(pipeline, issue_id, letters)
    found = [doubtful[each] for each in find_sent(log, doubtful)]
    settled = pipeline.store.accounts.resolve(issue_id, found, "sent")
    return settled, len(pipeline.store.accounts.in_doubt(issue_id))


def _doubtful(pipeline: Pipeline, issue_id: str, letters: Collection[str] | None) -> dict[str, int]:
    """
    Message-ID -> subscriber, of what is in doubt. NotFoundError names a letter that is not.
    """
    issue = pipeline.store.issues.get(issue_id)
    if issue is None:
        raise _not_made(issue_id)
    recover(pipeline, issue)
    message_id = _message_ids(pipeline.store, issue)
    doubtful = {message_id(each): each for each in pipeline.store.accounts.in_doubt(issue_id)}
    if letters is None:
        return doubtful
    wanted = {f"<{each.strip('<>')}>" for each in letters}
    if strange := wanted - doubtful.keys():
        raise NotFoundError(f"{min(strange)} is not in doubt: see `digest status {issue_id}`")
    return {each: doubtful[each] for each in wanted}


def _standing(store: "Store", issue: Issue, *, running: bool, journals: "Journals") -> Standing:
    tally = store.accounts.tally(issue.id, running=running, journals=journals)
    unsent = tally.waiting or tally.deferred
    state = "done" if not unsent else "sending" if running else "unfinished"
    return Standing(issue=issue, state=state, tally=tally)


def _message_ids(store: "Store", issue: Issue) -> Callable[[int], str]:
    key, domain = store.key(), parseaddr(issue.sender)[1].rpartition("@")[2]
    return lambda subscriber_id: letter_id(key, issue.id, subscriber_id, domain)


def _not_made(issue_id: str) -> NotFoundError:
    shown = mask_addresses(issue_id)
    return NotFoundError(f'there is no issue "{shown}": `digest status` lists them')
