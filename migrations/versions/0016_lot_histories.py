"""A custodian's lots may say which purchase they are of, and what wash sales put into them.

Two new columns that may be empty. The previous release writes neither and asks for neither.
"""

import sqlalchemy as sa
from alembic import op

from vault.types import Scaled

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLE = "custody_lot"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("reference", sa.String(), nullable=True))
    op.add_column(TABLE, sa.Column("disallowed", Scaled(), nullable=True))


def downgrade() -> None:
    op.drop_column(TABLE, "disallowed")
    op.drop_column(TABLE, "reference")
