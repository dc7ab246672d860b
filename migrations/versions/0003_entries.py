"""Entries: what was committed to go to the wire, for the limits on a minute and on a day.

New tables only: the previous release does not know them and runs on beside them. What
was entered before counts as nothing; a limit of the day of the upgrade begins with it.
"""

import sqlalchemy as sa
from alembic import op

from vault import append_only
from vault.types import Instant, RowNumber, Scaled

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("order_entry", "order_entry_part")


def upgrade() -> None:
    op.create_table(
        "order_entry",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("cl_ord_id", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("likeness", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["cl_ord_id"], ["order_intent.cl_ord_id"], name=op.f("fk_order_entry_cl_ord_id")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_order_entry")),
        sa.UniqueConstraint("cl_ord_id", name=op.f("uq_order_entry_cl_ord_id")),
    )
    op.create_index(op.f("ix_order_entry_at"), "order_entry", ["at"], unique=False)
    op.create_table(
        "order_entry_part",
        sa.Column("cl_ord_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("notional", Scaled(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cl_ord_id"], ["order_entry.cl_ord_id"], name=op.f("fk_order_entry_part_cl_ord_id")
        ),
        sa.PrimaryKeyConstraint("cl_ord_id", "account_id", name=op.f("pk_order_entry_part")),
    )
    op.create_index(
        op.f("ix_order_entry_part_trade_date"), "order_entry_part", ["trade_date"], unique=False
    )
    for table in TABLES:
        append_only.install(op.get_bind(), table)


def downgrade() -> None:
    for table in TABLES:
        append_only.remove(op.get_bind(), table)
    for table in reversed(TABLES):
        op.drop_table(table)
