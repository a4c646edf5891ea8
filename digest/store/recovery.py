"""
What became of runs that died: as much as their journals prove, and the rest is in doubt.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, insert, or_, select, update

from ..errors import NotFoundError
from ..journal import Fate
from ..model import Outcome
from .database import Database
from .rows import INTENDED, UNSENT, hold, is_in, let_go_of, numbers_of, time_of
from .schema import batches, identity, letters, runs

DIED = "its run died"
RESTORED = "sent after this copy of the store was made"


class Recovery:
    """
    Takes over from the dead. A journal counts only for the run whose token it carries.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock

    def store_id(self) -> str:
        """
        The name that this store and its copies have, and no other.
        """
        with self._database.reading() as connection:
            name: str = connection.execute(select(identity.c.id)).scalar_one()
        return name

    def knows(self, run: str) -> bool:
        """
        Whether this store saw that run begin. If not, the store was restored from an older copy.
        """
        with self._database.reading() as connection:
            return connection.scalar(select(runs.c.id).where(runs.c.id == run)) is not None

    def settle(self, issue_id: str, run: str, fates: Mapping[int, Fate]) -> None:
        """
        The whole journal of a dead run: what is not in it never left.
        """
        with self._database.writing(alone=False) as connection:
            issue, _ = numbers_of(connection, issue_id)
            numbers = select(letters.c.batch).where(letters.c.issue == issue, letters.c.run == run)
            theirs = connection.scalars(numbers.distinct()).all()
            held = and_(batches.c.issue == issue, batches.c.number.in_(theirs))
            hold(connection, held)
            intended = (
                letters.c.issue == issue,
                letters.c.run == run,
                is_in(*INTENDED),
            )
            open_ids = connection.scalars(select(letters.c.subscriber_id).where(*intended)).all()
            left = {each: fates[each] for each in open_ids if each in fates}
            self._apply(connection, issue, left, letters.c.run == run)
            never_left = [{"of_subscriber": each} for each in open_ids if each not in fates]
            if never_left:
                connection.execute(
                    update(letters)
                    .where(*intended, letters.c.subscriber_id == bindparam("of_subscriber"))
                    .values(state="waiting", run=None, changed_at=self._clock()),
                    never_left,
                )
            ours = and_(batches.c.issue == issue, batches.c.run == run)
            connection.execute(let_go_of(or_(ours, and_(held, batches.c.state == "closed"))))

    def replay(
        self, issue_id: str, run: str, fates: Mapping[int, Fate], *, complete: bool
    ) -> int | None:
        """
        The journal of a run that this copy of the store never saw; letters it settled.

        Unless the journal is all there is to know, whatever still waits is in doubt as well.
        None if the issue is not made in this copy.
        """
        with self._database.writing() as connection:
            try:
                issue, _ = numbers_of(connection, issue_id)
            except NotFoundError:
                return None
            settled = self._apply(connection, issue, fates, is_in(*UNSENT))
            if not complete:
                settled += self._doubt(connection, issue, is_in(*UNSENT), RESTORED)
            connection.execute(insert(runs).values(id=run, issue=issue, started_at=self._clock()))
            connection.execute(let_go_of(batches.c.issue == issue, batches.c.state == "open"))
            return settled

    def recover(self, issue_id: str, *, alone: bool) -> int:
        """
        What a run had intended that is dead is in doubt from now on. The number of such letters.

        `alone` says that the caller holds the lock: then every run but its own is dead. Otherwise
        those are that let their leases pass.
        """
        with self._database.writing(alone=False) as connection:
            issue, _ = numbers_of(connection, issue_id)
            lost = batches.c.state == "leased"
            if not alone:
                now = time_of(connection)
                lost &= or_(batches.c.lease_until.is_(None), batches.c.lease_until < now)
            held = select(batches.c.number).where(batches.c.issue == issue, lost)
            if not alone:
                held = held.with_for_update(skip_locked=True)
            numbers = connection.scalars(held).all()
            among = letters.c.state == "sending"
            if not alone:
                among &= letters.c.batch.in_(numbers)
            in_doubt = self._doubt(connection, issue, among, DIED)
            connection.execute(let_go_of(batches.c.issue == issue, batches.c.number.in_(numbers)))
            return in_doubt

    def _apply(
        self,
        connection: Connection,
        issue: int,
        fates: Mapping[int, Fate],
        among: ColumnElement[bool],
    ) -> int:
        """
        What a journal says. The number of letters that it settled.
        """
        now = self._clock()
        rows = [
            {
                "of_subscriber": subscriber_id,
                "new_state": fate.outcome.value,
                "new_code": fate.code,
                "new_reply": "its run ended before the reply was recorded" if fate.code else DIED,
                "new_retry_at": now if fate.outcome is Outcome.DEFERRED else None,
            }
            for subscriber_id, fate in fates.items()
        ]
        if not rows:
            return 0
        of_subscriber = letters.c.subscriber_id == bindparam("of_subscriber")
        settled = connection.execute(
            update(letters)
            .where(letters.c.issue == issue, among, of_subscriber)
            .values(
                state=bindparam("new_state"),
                code=bindparam("new_code"),
                reply=bindparam("new_reply"),
                retry_at=bindparam("new_retry_at"),
                changed_at=now,
            ),
            rows,
        )
        return settled.rowcount

    def _doubt(
        self, connection: Connection, issue: int, among: ColumnElement[bool], reason: str
    ) -> int:
        doubted = connection.execute(
            update(letters)
            .where(letters.c.issue == issue, among)
            .values(state="in_doubt", reply=reason, changed_at=self._clock())
        )
        return doubted.rowcount
