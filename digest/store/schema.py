"""
The tables. What changes here needs a migration beside it.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)


class Moment(TypeDecorator[datetime]):
    """
    An aware datetime in UTC; SQLite keeps none.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC) if value else None


metadata = MetaData()

#: One row: a name that a copy of the store shares, and no other store.
identity = Table("identity", metadata, Column("id", String, primary_key=True))

#: Secrets that sign links. Old ones stay, for letters that were sent with them.
keys = Table(
    "keys",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
)

#: A number for each newsletter that was ever used, short enough for a token.
newsletters = Table(
    "newsletters",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
)

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("address", String, nullable=False),
    Column("address_key", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("created_at", Moment, nullable=False),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("newsletter", ForeignKey("newsletters.number"), primary_key=True),
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    Column("topics", JSON(none_as_null=True)),
    Column("state", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Index("subscriptions_by_subscriber", "subscriber_id"),
)

issues = Table(
    "issues",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("newsletter", ForeignKey("newsletters.number"), nullable=False),
    Column("title", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("site_url", String, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("window_start", Moment, nullable=False),
    Column("window_end", Moment, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("state", String, nullable=False, server_default="frozen"),  # or draft, seen by nobody
    Column("bounces_to", String),
    Column("unsubscribe_to", String),
)

editions = Table(
    "editions",
    metadata,
    Column("issue", ForeignKey("issues.number"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("topics", JSON, nullable=False),
    Column("articles", JSON, nullable=False),
    Column("subject", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("marks", JSON, nullable=False),
    Column("pictures", JSON, nullable=False),
    Column("web", Text),
)

#: What each edition tells, by the hash of its address: what its readers have been sent.
stories = Table(
    "stories",
    metadata,
    Column("story", BigInteger, primary_key=True, autoincrement=False),
    Column("issue", Integer, primary_key=True, autoincrement=False),
    Column("edition", Integer, primary_key=True, autoincrement=False),
    ForeignKeyConstraint(["issue", "edition"], ["editions.issue", "editions.number"]),
)

#: Batches are claimed, never single letters: open -> leased -> closed.
batches = Table(
    "batches",
    metadata,
    Column("issue", ForeignKey("issues.number"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String, nullable=False),
    Column("run", String),
    Column("lease_until", Moment),
    Column("retry_at", Moment),
)

#: Every run that ever took a letter: a journal of another one tells of a time after this copy.
runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("issue", ForeignKey("issues.number"), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
)

#: From when on letters of that name may leave, in seconds, for all workers together.
paces = Table(
    "paces",
    metadata,
    Column("name", String, primary_key=True),
    Column("next_at", Double, nullable=False),
)

#: What somebody was told of issues, "unsent" or "done": once is enough.
told = Table(
    "told",
    metadata,
    Column("issue", String, primary_key=True),
    Column("what", String, primary_key=True),
    Column("at", Moment, nullable=False),
)

#: What is neither sent nor waiting; few, and looked for often.
UNSETTLED = text("state IN ('sending', 'in_doubt')")

letters = Table(
    "letters",
    metadata,
    Column("issue", ForeignKey("issues.number"), primary_key=True),
    Column("subscriber_id", BigInteger, primary_key=True, autoincrement=False),
    Column("edition", Integer),
    Column("batch", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("run", String),
    Column("code", Integer),
    Column("kind", String),
    Column("reply", Text),
    Column("retry_at", Moment),
    Column("changed_at", Moment, nullable=False),
    ForeignKeyConstraint(["issue", "edition"], ["editions.issue", "editions.number"]),
    ForeignKeyConstraint(["issue", "batch"], ["batches.issue", "batches.number"]),
    Index("letters_by_batch", "issue", "batch"),
    Index("letters_by_edition", "issue", "edition"),
    Index(
        "letters_unsettled",
        "issue",
        "run",
        sqlite_where=UNSETTLED,
        postgresql_where=UNSETTLED,
    ),
)
