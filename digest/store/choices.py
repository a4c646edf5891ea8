"""
What readers decide themselves, by the links in their letters: leave, come back, choose topics.

Everything is asked for by numbers that a token holds; who has no such token reaches nobody.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    insert,
    literal,
    select,
    update,
)

from ..model import BARRED, Cause, State, Subscriber
from .changes import change_state, of_reader
from .database import Database
from .rhythms import Families, Rhythms
from .schema import newsletters, subscribers, subscriptions
from .schema_readers import changes
from .subscribing import choose_topics, subscribe

#: For so long after leaving all lists at once, all of them can be had back at once.
SECOND_THOUGHTS = timedelta(hours=1)
#: Who may leave. Who left may come back by a link; whoever's mail bounced, or who complained, may
#: not, and who complained stays known as that.
LEAVING = (State.ACTIVE, State.PENDING, State.BOUNCED)
Do = Literal["leave", "leave all", "return", "return all"]
#: In the order in which wishes that come together are granted: who wants to leave, leaves.
_OUTCOMES: Mapping[Do, State] = {
    "return": State.ACTIVE,
    "return all": State.ACTIVE,
    "leave": State.UNSUBSCRIBED,
    "leave all": State.UNSUBSCRIBED,
}
_Lists = dict[int, tuple[str, datetime]]
_CAUSES: Mapping[Do, Cause] = {
    "return": Cause(by="reader", reason="took leaving back"),
    "return all": Cause(by="reader", reason="took leaving all lists back"),
    "leave": Cause(by="reader", reason="by the link in a letter"),
    "leave all": Cause(by="reader", reason="by the link in a letter, all lists"),
}
#: Made once: making them for thousands of readers a second takes longer than running them.
_AMONG = (subscriptions.c.newsletter == bindparam("of")) & subscriptions.c.subscriber_id.in_(
    bindparam("ids", expanding=True)
)
_LISTS = (
    select(
        subscriptions.c.subscriber_id,
        subscriptions.c.newsletter,
        subscriptions.c.state,
        subscriptions.c.changed_at,
    )
    .where(subscriptions.c.subscriber_id.in_(bindparam("ids", expanding=True)))
    .with_for_update()
)
_RECORDED: Mapping[str, ColumnElement[Any]] = {
    "subscriber_id": subscriptions.c.subscriber_id,
    "newsletter": subscriptions.c.newsletter,
    "before": subscriptions.c.state,
    "what": literal("state"),
    **{
        name: bindparam(name, type_=changes.c[name].type)
        for name in ("after", "at", "by", "reason", "evidence")
    },
}
_RECORD = insert(changes).from_select(list(_RECORDED), select(*_RECORDED.values()).where(_AMONG))
_UPDATE = (
    update(subscriptions)
    .where(_AMONG)
    .values(state=bindparam("after"), changed_at=bindparam("at", type_=changes.c.at.type))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """
    One reader's wish for one list, or for all that they are on.
    """

    do: Do
    newsletter: int
    subscriber: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    How somebody stands on one list.
    """

    newsletter: str
    number: int
    state: str
    topics: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """
    Somebody with all their subscriptions, as their own page shows them.
    """

    subscriber: Subscriber
    here: Standing  #: on the newsletter that their link is about, at the rhythm that they get
    standings: tuple[Standing, ...]  #: on all


class Choices:
    """
    Changes of readers' own making. Each is done when its call returns.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock

    def reader(self, newsletter: int, subscriber_id: int, families: Families = ()) -> Reader | None:
        """
        Whose link that is; None if they were erased, or never were on that list.
        """
        with self._database.reading() as connection:
            person = connection.execute(
                select(subscribers).where(subscribers.c.id == subscriber_id)
            ).first()
            rows = connection.execute(
                select(subscriptions, newsletters.c.id.label("newsletter_id"))
                .join(newsletters, newsletters.c.number == subscriptions.c.newsletter)
                .where(subscriptions.c.subscriber_id == subscriber_id)
                .order_by(newsletters.c.id)
            ).all()
            rhythms = Rhythms(connection, families)
        standings = {row.newsletter: _standing(row) for row in rows}
        if person is None or newsletter not in standings:
            return None
        lists = {row.newsletter: (row.state, row.changed_at) for row in rows}
        return Reader(
            subscriber=Subscriber(id=person.id, address=person.address, name=person.name),
            here=standings[rhythms.current(newsletter, lists)],
            standings=tuple(standings.values()),
        )

    def apply(self, choices: Sequence[Choice], families: Families = ()) -> list[bool]:
        """
        Many wishes in one durable transaction; whether there is such a subscription, for each.

        Safe to repeat: who left stays away, whoever came back is back once. Of newsletters that are
        one at several rhythms whichever they get is meant.
        """
        now = self._clock()
        with self._database.writing() as connection:
            lists = _lists_of(connection, {each.subscriber for each in choices})
            rhythms = Rhythms(connection, families)
            for do, state in _OUTCOMES.items():
                meant = {
                    (number, each.subscriber): lists[each.subscriber][number]
                    for each in choices
                    if each.do == do
                    for number in _meant(each, lists.get(each.subscriber, {}), rhythms, now)
                }
                if meant:
                    _change(connection, meant, state, _CAUSES[do], now)
                for number, subscriber in meant:
                    lists[subscriber][number] = state, now
        return [each.newsletter in lists.get(each.subscriber, ()) for each in choices]

    def set_topics(self, newsletter: int, subscriber_id: int, topics: Sequence[str] | None) -> None:
        """
        Topics of their own, or the newsletter's.
        """
        cause = Cause(by="reader", reason="on their preferences page")
        with self._database.writing() as connection:
            choose_topics(connection, newsletter, subscriber_id, topics, cause, self._clock())

    def move(self, newsletter: int, other: int, subscriber_id: int) -> None:
        """
        From one newsletter to another one, with their topics: the same at another rhythm.

        Nobody comes back that way: it is for who is active, and not to where mail bounced or was
        complained about.
        """
        cause = Cause(by="reader", reason="chose another frequency")
        with self._database.writing() as connection:
            lists = _lists_of(connection, [subscriber_id]).get(subscriber_id, {})
            before, there = (lists.get(each, ("", None))[0] for each in (newsletter, other))
            if before != State.ACTIVE or there in BARRED:
                return
            this, now = of_reader(newsletter, [subscriber_id]), self._clock()
            topics = connection.scalar(select(subscriptions.c.topics).where(this))
            change_state(connection, this, State.UNSUBSCRIBED, cause, now)
            subscribe(connection, other, subscriber_id, topics, cause, now)


def _lists_of(connection: Connection, subscriber_ids: Collection[int]) -> dict[int, _Lists]:
    """
    How everybody stands on each of their lists, until this transaction ends.
    """
    lists: dict[int, _Lists] = {}
    for row in connection.execute(_LISTS, {"ids": list(subscriber_ids)}):
        lists.setdefault(row[0], {})[row[1]] = row[2], row[3]
    return lists


def _meant(choice: Choice, lists: _Lists, rhythms: Rhythms, now: datetime) -> Collection[int]:
    """
    The numbers of the lists that a wish changes something about.
    """
    here = rhythms.of(choice.newsletter) & lists.keys()
    lately = any(since >= now - SECOND_THOUGHTS for _, since in lists.values())
    match choice.do:
        case "leave":
            return [number for number in here if lists[number][0] in LEAVING]
        case "leave all":
            return [number for number, (state, _) in lists.items() if state in LEAVING]
        case "return all" if lately:
            return [*rhythms.left_last(lists.keys(), lists)]
    return [*rhythms.left_last(here, lists)]


def _change(
    connection: Connection,
    meant: Collection[tuple[int, int]],
    state: State,
    cause: Cause,
    now: datetime,
) -> None:
    """
    What is recorded of many is copied within the database, which is much faster.
    """
    by_newsletter: dict[int, list[int]] = {}
    for newsletter, subscriber_id in meant:
        by_newsletter.setdefault(newsletter, []).append(subscriber_id)
    values = {
        "after": state.value,
        "at": now,
        "by": cause.by,
        "reason": cause.reason,
        "evidence": dict(cause.evidence),
    }
    for newsletter, ids in by_newsletter.items():
        among = {"of": newsletter, "ids": ids}
        connection.execute(_RECORD, values | among)
        connection.execute(_UPDATE, {"after": state.value, "at": now} | among)


def _standing(row: Row) -> Standing:  # type: ignore[type-arg]
    return Standing(
        newsletter=row.newsletter_id,
        number=row.newsletter,
        state=row.state,
        topics=tuple(row.topics) if row.topics else None,
    )
