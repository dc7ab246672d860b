"""The rule sets that were ever in force or proposed.

A new table only: the previous release does not know it and runs on beside it, by its
rule file. The first start afterwards takes that file over.
"""

import sqlalchemy as sa
from alembic import op

from vault import append_only
from vault.types import RowNumber

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule_set",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_rule_set")),
        sa.UniqueConstraint("name", name=op.f("uq_rule_set_name")),
    )
    append_only.install(op.get_bind(), "rule_set")


def downgrade() -> None:
    append_only.remove(op.get_bind(), "rule_set")
    op.drop_table("rule_set")
