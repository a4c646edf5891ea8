"""
What delivery keeps: drafts, leases, next attempts, runs, a pace for all, and who this store is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)
NAMES = {
    "sqlite": "INSERT INTO identity VALUES (lower(hex(randomblob(16))))",
    "postgresql": "INSERT INTO identity VALUES (replace(gen_random_uuid()::text, '-', ''))",
}
UNSETTLED = sa.text("state IN ('sending', 'in_doubt')")


def upgrade() -> None:
    """
    Add them. Every issue that is there was frozen whole.
    """
    op.create_table("identity", sa.Column("id", sa.String, primary_key=True))
    op.get_bind().exec_driver_sql(NAMES[op.get_bind().dialect.name])
    op.add_column("issues", sa.Column("state", sa.String, nullable=False, server_default="frozen"))
    op.add_column("editions", sa.Column("web", sa.Text))
    op.add_column("batches", sa.Column("lease_until", Moment))
    op.add_column("batches", sa.Column("retry_at", Moment))
    op.add_column("letters", sa.Column("kind", sa.String))
    op.add_column("letters", sa.Column("retry_at", Moment))
    op.create_index(
        "letters_unsettled",
        "letters",
        ["issue", "run"],
        sqlite_where=UNSETTLED,
        postgresql_where=UNSETTLED,
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("issue", sa.Integer, sa.ForeignKey("issues.number"), nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
    )
    op.create_table(
        "paces",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("next_at", sa.Double, nullable=False),
    )
