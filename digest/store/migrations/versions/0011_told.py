"""
What somebody was told of issues: that they are skipped or overdue, or that they are done.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """
    Nobody was told anything yet.
    """
    op.create_table(
        "told",
        sa.Column("issue", sa.String, primary_key=True),
        sa.Column("what", sa.String, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
