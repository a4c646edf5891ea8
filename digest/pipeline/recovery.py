"""
Before a run begins: what became of those before it.
"""

from ..journal import Fate, Past, clear_old, current_boot, past_iter
from ..model import Issue
from ..store import Store
from . import Pipeline


def recover(pipeline: Pipeline, issue: Issue) -> int:
    """
    Read the journals that dead runs left behind, then put what no journal explains in doubt.

    The number of letters of this issue that are in doubt since.
    """
    store = pipeline.store
    before = len(store.accounts.in_doubt(issue.id))
    read_journals(pipeline)
    store.recovery.recover(issue.id, alone=store.exclusive)
    return max(0, len(store.accounts.in_doubt(issue.id)) - before)


def unread_journals(pipeline: Pipeline, store: Store) -> dict[str, dict[int, Fate]]:
    """
    What the next run will learn about runs that died; for looking only.
    """
    store_id, boot = store.recovery.store_id(), current_boot()
    return {
        past.heading.run: past.fates()
        for past in past_iter(pipeline.settings.store.journals, now=pipeline.clock())
        if not past.done and past.heading.store == store_id and boot == past.heading.boot != ""
    }


def read_journals(pipeline: Pipeline) -> None:
    """
    Settle what the journals of this machine can prove, for whichever issue.
    """
    store = pipeline.store
    store_id, boot = store.recovery.store_id(), current_boot()
    clear_old(pipeline.settings.store.journals, now=pipeline.clock())
    for past in past_iter(pipeline.settings.store.journals, now=pipeline.clock()):
        if past.heading.store != store_id:
            continue
        if not store.recovery.knows(past.heading.run):
            _replay(store, past, boot)
        elif not past.done:
            # What the last start of the machine did not write to disk, this one cannot read.
            if boot and past.heading.boot == boot:
                store.recovery.settle(past.heading.issue, past.heading.run, past.fates())
            past.finish()


def _replay(store: Store, past: Past, boot: str) -> None:
    """
    The store was restored from a copy that is older than this run.

    Other machines may have journals of their own, which tell what this one cannot know.
    """
    heading = past.heading
    whole = past.done or bool(boot and heading.boot == boot)
    settled = store.recovery.replay(
        heading.issue, heading.run, past.fates(), complete=whole and store.exclusive
    )
    if settled is not None and not past.done:
        past.finish()
