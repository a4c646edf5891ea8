"""
The tables of the readers' side: what they decided, and what their mail servers said.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from .schema import Moment, metadata

#: Every change of a subscription, the first one included: that is the consent.
changes = Table(
    "changes",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False),
    Column("newsletter", ForeignKey("newsletters.number")),
    Column("at", Moment, nullable=False),
    Column("what", String, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
    Index("changes_by_subscriber", "subscriber_id"),
)

#: What hashes addresses. It never changes, or nobody would be recognised any more.
pepper = Table(
    "pepper",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
)

#: Who asked to be forgotten, as a keyed hash of their address.
suppressions = Table(
    "suppressions",
    metadata,
    Column("address_hash", String, primary_key=True),
    Column("at", Moment, nullable=False),
)

#: Who signed up and has not confirmed yet; a while longer, so that confirming twice is once.
signups = Table(
    "signups",
    metadata,
    Column("nonce", BigInteger, primary_key=True, autoincrement=False),
    Column("address", String, nullable=False),
    Column("address_key", String, nullable=False),
    Column("name", String, nullable=False),
    Column("newsletters", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("subscriber_id", BigInteger),
    Index("signups_by_address", "address_key"),
    Index("signups_by_expiry", "expires_at"),
)

#: What a reader asked for by a link of their own, and confirms by a mailed one.
requests = Table(
    "requests",
    metadata,
    Column("nonce", BigInteger, primary_key=True, autoincrement=False),
    Column("purpose", String, nullable=False),
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False),
    Column("value", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("requests_by_subscriber", "subscriber_id"),
    Index("requests_by_expiry", "expires_at"),
)

#: What is to be mailed to readers who asked for it, until a mail server has taken it.
mails = Table(
    "mails",
    metadata,
    Column("nonce", BigInteger, primary_key=True, autoincrement=False),
    Column("purpose", String, nullable=False),
    Column("newsletter", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("created_at", Moment, nullable=False),
)

#: How often somebody tried something within a window of time, by a keyed hash of who it was.
attempts = Table(
    "attempts",
    metadata,
    Column("who_hash", String, primary_key=True),
    Column("ends_at", Moment, primary_key=True),
    Column("number", Integer, nullable=False),
    Index("attempts_by_end", "ends_at"),
)

#: What mail servers reported about letters, each report once.
reports = Table(
    "reports",
    metadata,
    Column("hash", String, primary_key=True),
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False),
    Column("newsletter", ForeignKey("newsletters.number"), nullable=False),
    Column("issue", ForeignKey("issues.number")),
    Column("kind", String, nullable=False),
    Column("status", String, nullable=False),
    Column("proven", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Index("reports_by_subscriber", "subscriber_id"),
)
