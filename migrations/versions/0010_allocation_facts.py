"""What was said between us and the brokers about allocations.

A new table only: the previous release does not know it and runs on beside it, as it
says nothing of allocations to anybody.
"""

import sqlalchemy as sa
from alembic import op

from vault import append_only
from vault.types import Instant, RowNumber

revision = "0010"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "allocation_fact",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("venue", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_allocation_fact")),
    )
    op.create_index(op.f("ix_allocation_fact_order_id"), "allocation_fact", ["order_id"])
    op.create_index(op.f("ix_allocation_fact_name_kind"), "allocation_fact", ["name", "kind"])
    op.create_index(op.f("ix_allocation_fact_kind_venue"), "allocation_fact", ["kind", "venue"])
    append_only.install(op.get_bind(), "allocation_fact")


def downgrade() -> None:
    append_only.remove(op.get_bind(), "allocation_fact")
    op.drop_table("allocation_fact")
