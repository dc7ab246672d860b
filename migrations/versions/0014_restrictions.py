"""Restrictions bind from an instant, and may be of one household.

Two new columns: one empty, one with a default. The previous release writes neither and takes
what it reads as restrictions of the firm from their day on, which is the stricter reading.
"""

import sqlalchemy as sa
from alembic import op

from vault.types import Instant

revision = "0014"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLE = "book_restriction"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("effective_at", Instant(), nullable=True))
    op.add_column(TABLE, sa.Column("household_id", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column(TABLE, "household_id")
    op.drop_column(TABLE, "effective_at")
