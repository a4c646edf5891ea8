"""
The readers' side: what they decided, what their mail servers said, and where both write to.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0003"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """
    Make the tables. Subscriptions made before have no history.
    """
    op.add_column("issues", sa.Column("bounces_to", sa.String))
    op.add_column("issues", sa.Column("unsubscribe_to", sa.String))
    _changes()
    _hashes()
    _signups()
    _reports()


def _changes() -> None:
    op.create_table(
        "changes",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("subscriber_id", sa.BigInteger, _reader(), nullable=False),
        sa.Column("newsletter", sa.Integer, sa.ForeignKey("newsletters.number")),
        sa.Column("at", Moment, nullable=False),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
    )
    op.create_index("changes_by_subscriber", "changes", ["subscriber_id"])


def _hashes() -> None:
    op.create_table(
        "pepper",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
    )
    op.create_table(
        "suppressions",
        sa.Column("address_hash", sa.String, primary_key=True),
        sa.Column("at", Moment, nullable=False),
    )
    op.create_table(
        "attempts",
        sa.Column("who_hash", sa.String, primary_key=True),
        sa.Column("ends_at", Moment, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
    )
    op.create_index("attempts_by_end", "attempts", ["ends_at"])


def _signups() -> None:
    op.create_table(
        "signups",
        sa.Column("nonce", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("address_key", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("newsletters", sa.JSON, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("subscriber_id", sa.BigInteger),
    )
    op.create_index("signups_by_address", "signups", ["address_key"])
    op.create_index("signups_by_expiry", "signups", ["expires_at"])
    op.create_table(
        "requests",
        sa.Column("nonce", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("subscriber_id", sa.BigInteger, _reader(), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
    )
    op.create_index("requests_by_subscriber", "requests", ["subscriber_id"])
    op.create_index("requests_by_expiry", "requests", ["expires_at"])


def _reports() -> None:
    op.create_table(
        "reports",
        sa.Column("hash", sa.String, primary_key=True),
        sa.Column("subscriber_id", sa.BigInteger, _reader(), nullable=False),
        sa.Column("newsletter", sa.Integer, sa.ForeignKey("newsletters.number"), nullable=False),
        sa.Column("issue", sa.Integer, sa.ForeignKey("issues.number")),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("proven", sa.Boolean, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
    )
    op.create_index("reports_by_subscriber", "reports", ["subscriber_id"])


def _reader() -> sa.ForeignKey:
    return sa.ForeignKey("subscribers.id", ondelete="CASCADE")
