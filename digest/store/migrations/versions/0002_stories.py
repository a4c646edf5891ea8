"""
What readers were sent: the stories of each edition, and who got it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """
    Make the table. Issues frozen before it count as if nobody had read them.
    """
    op.create_table(
        "stories",
        sa.Column("story", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("issue", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("edition", sa.Integer, primary_key=True, autoincrement=False),
        sa.ForeignKeyConstraint(["issue", "edition"], ["editions.issue", "editions.number"]),
    )
    op.create_index("letters_by_edition", "letters", ["issue", "edition"])
