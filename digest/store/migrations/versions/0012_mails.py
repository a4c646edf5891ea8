"""
Mails that readers asked for, until a mail server has taken them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """
    None waits yet.
    """
    op.create_table(
        "mails",
        sa.Column("nonce", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("newsletter", sa.String, nullable=False),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
