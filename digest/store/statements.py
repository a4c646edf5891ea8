"""
What the ledger says again and again: each statement is put together once.

Values come as parameters, numbers of subscribers as one array: so the text is always the same, and
neither SQLAlchemy nor the database has to think about it twice.
"""

from functools import cache

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Select,
    Update,
    and_,
    bindparam,
    cast,
    or_,
    select,
    update,
)

from .elements import all_of, each_of, numbers_in
from .rows import (
    UNSENT,
    has_letters,
    is_intended_by,
    is_subscribed,
    let_go_of,
)
from .schema import Moment, batches, letters, subscribers, subscriptions

ISSUE: BindParameter[int] = bindparam("of_issue")
NEWSLETTER: BindParameter[int] = bindparam("of_newsletter")
BATCHES: BindParameter[int] = bindparam("batches", expanding=True)
RUN: BindParameter[str] = bindparam("by_run")
NOW = bindparam("now", type_=Moment)
LEASE_NOW, LEASE_END = bindparam("lease_now", type_=Moment), bindparam("lease_end", type_=Moment)
LEASE_FAR = bindparam("lease_far", type_=Moment)


def _these() -> ColumnElement[bool]:
    """
    The letters of these subscribers.
    """
    return and_(letters.c.issue == ISSUE, letters.c.subscriber_id.in_(numbers_in("these")))


def _their_batches() -> ColumnElement[bool]:
    numbers = select(letters.c.batch).where(_these())
    return and_(batches.c.issue == ISSUE, batches.c.number.in_(numbers))


def _among_batches() -> ColumnElement[bool]:
    return and_(batches.c.issue == ISSUE, batches.c.number.in_(BATCHES))


def _in_batches() -> ColumnElement[bool]:
    return and_(letters.c.issue == ISSUE, letters.c.batch.in_(BATCHES))


@cache
def next_batches() -> Select[int, str]:
    due = or_(batches.c.retry_at.is_(None), batches.c.retry_at <= NOW)
    # A lease far in the future is none: somebody's clock was wrong. One beyond our own was taken
    # by a run that was faster, after we looked at the clock.
    held = batches.c.lease_until.between(LEASE_NOW, LEASE_FAR)
    abandoned = and_(batches.c.state == "leased", batches.c.run != RUN, ~held)
    return (
        select(batches.c.number, batches.c.state)
        .where(batches.c.issue == ISSUE, or_(and_(batches.c.state == "open", due), abandoned))
        .order_by(batches.c.number)
        .limit(bindparam("at_most"))
        .with_for_update(skip_locked=True)
    )


@cache
def lease() -> Update:
    return (
        update(batches)
        .where(_among_batches())
        .values(state="leased", run=RUN, lease_until=LEASE_END, retry_at=None)
    )


@cache
def doubt() -> Update:
    """
    Whoever held the batches shows no life: it may have sent what it intended, or may yet.
    """
    return (
        update(letters)
        .where(_in_batches(), letters.c.state == "sending")
        .values(state="in_doubt", reply="its run was lost", changed_at=NOW)
    )


@cache
def suppress_departed_of_batches() -> Update:
    return _suppress_departed(_in_batches())


@cache
def suppress_departed_of_these() -> Update:
    return _suppress_departed(_these())


def _suppress_departed(among: ColumnElement[bool]) -> Update:
    return (
        update(letters)
        .where(among, letters.c.state.in_(UNSENT), ~is_subscribed(NEWSLETTER))
        .values(state="suppressed", reply="not subscribed any more", changed_at=NOW)
    )


@cache
def recipients() -> Select[str]:
    """
    Of batches: edition, number, address and name of each whose letter is due or who has departed,
    and the state of their subscription.
    """
    departed = subscriptions.c.state.is_distinct_from("active")
    due = or_(letters.c.retry_at.is_(None), letters.c.retry_at <= NOW)
    subscription = and_(
        subscriptions.c.newsletter == NEWSLETTER,
        subscriptions.c.subscriber_id == letters.c.subscriber_id,
    )
    return all_of(
        select(
            letters.c.edition,
            letters.c.subscriber_id,
            subscribers.c.address,
            subscribers.c.name,
            subscriptions.c.state,
        )
        .select_from(letters)
        .outerjoin(subscribers, subscribers.c.id == letters.c.subscriber_id)
        .outerjoin(subscriptions, subscription)
        .where(_in_batches(), letters.c.state.in_(UNSENT), or_(due, departed))
    )


@cache
def keep_leases() -> Update:
    """
    Of those of these batches that are this run's.
    """
    return (
        update(batches)
        .where(_among_batches(), batches.c.run == RUN)
        .values(lease_until=LEASE_END)
        .returning(batches.c.number)
    )


@cache
def sending() -> Select[str]:
    """
    Which of these are leaving, by this run's hand.
    """
    ours = and_(letters.c.run == RUN, letters.c.state == "sending")
    return all_of(select(letters.c.subscriber_id).where(_these(), ours))


@cache
def intend() -> Update:
    return (
        update(letters)
        .where(
            _these(),
            # No column of an index, or SQLite goes through whole batches for a few letters.
            (letters.c.batch + 0).in_(BATCHES),
            letters.c.state.in_(UNSENT),
            is_subscribed(NEWSLETTER),
        )
        .values(state="sending", run=RUN, attempts=letters.c.attempts + 1, changed_at=NOW)
    )


@cache
def hold_batches() -> Select[int]:
    """
    Keep others from their batches until the transaction ends: batches before letters, as
    everywhere, and in one order, or two runs may wait for one another.
    """
    query = select(batches.c.number).where(_their_batches()).order_by(batches.c.number)
    return query.with_for_update()


@cache
def settle() -> Update:
    """
    Rows of issue, subscriber and reply; state, code and kind are those of all.

    With the issue in each row, SQLite looks for each row's letter, not for each letter's row.
    """
    given = each_of("given")
    return (
        update(letters)
        .where(
            letters.c.issue == given[0].as_integer(),
            letters.c.subscriber_id == cast(given[1].as_string(), BigInteger),
            is_intended_by(RUN),
        )
        .values(
            state=bindparam("new_state"),
            code=bindparam("new_code"),
            kind=bindparam("new_kind"),
            reply=given[2].as_string(),
            retry_at=None,
            changed_at=NOW,
        )
    )


@cache
def attempts() -> Select[int, int]:
    """
    Of those of these that this run has seen deferred.
    """
    ours = and_(letters.c.run == RUN, letters.c.state == "deferred")
    return select(letters.c.subscriber_id, letters.c.attempts).where(_these(), ours)


@cache
def postpone() -> Update:
    letter = and_(letters.c.issue == ISSUE, letters.c.subscriber_id == bindparam("of_subscriber"))
    return update(letters).where(letter).values(retry_at=bindparam("at"))


@cache
def let_go_of_done() -> Update:
    """
    Of these batches those of which nothing is left to do, here or by another run that had one
    meanwhile and is done with it.
    """
    ours = and_(batches.c.run == RUN, ~has_letters("waiting", "sending"))
    late = and_(batches.c.state == "closed", has_letters("deferred"))
    return let_go_of(_among_batches(), or_(ours, late))


@cache
def take_back() -> Update:
    return (
        update(letters)
        .where(_these(), is_intended_by(RUN))
        .values(state="waiting", run=None, attempts=letters.c.attempts - 1, changed_at=NOW)
    )


@cache
def let_go_of_closed() -> Update:
    """
    Of these batches those that another run took for abandoned meanwhile, and is done with.
    """
    return let_go_of(_among_batches(), batches.c.state == "closed")
