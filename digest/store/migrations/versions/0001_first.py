"""
The first tables: readers, frozen issues, the ledger.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """
    Make all tables.
    """
    op.create_table(
        "keys",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
    )
    op.create_table(
        "newsletters",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
    )
    _readers()
    _issues()
    _ledger()


def _readers() -> None:
    op.create_table(
        "subscribers",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("address_key", sa.String, nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
    )
    op.create_table(
        "subscriptions",
        sa.Column("newsletter", sa.Integer, sa.ForeignKey("newsletters.number"), primary_key=True),
        sa.Column(
            "subscriber_id",
            sa.BigInteger,
            sa.ForeignKey("subscribers.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("topics", sa.JSON),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
    )
    op.create_index("subscriptions_by_subscriber", "subscriptions", ["subscriber_id"])


def _issues() -> None:
    op.create_table(
        "issues",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("newsletter", sa.Integer, sa.ForeignKey("newsletters.number"), nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("sender", sa.String, nullable=False),
        sa.Column("site_url", sa.String, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("window_start", Moment, nullable=False),
        sa.Column("window_end", Moment, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
    )
    op.create_table(
        "editions",
        sa.Column("issue", sa.Integer, sa.ForeignKey("issues.number"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("topics", sa.JSON, nullable=False),
        sa.Column("articles", sa.JSON, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("marks", sa.JSON, nullable=False),
        sa.Column("pictures", sa.JSON, nullable=False),
    )


def _ledger() -> None:
    op.create_table(
        "batches",
        sa.Column("issue", sa.Integer, sa.ForeignKey("issues.number"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("run", sa.String),
    )
    op.create_table(
        "letters",
        sa.Column("issue", sa.Integer, sa.ForeignKey("issues.number"), primary_key=True),
        sa.Column("subscriber_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("edition", sa.Integer),
        sa.Column("batch", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("run", sa.String),
        sa.Column("code", sa.Integer),
        sa.Column("reply", sa.Text),
        sa.Column("changed_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["issue", "edition"], ["editions.issue", "editions.number"]),
        sa.ForeignKeyConstraint(["issue", "batch"], ["batches.issue", "batches.number"]),
    )
    op.create_index("letters_by_batch", "letters", ["issue", "batch"])
