"""Change entries: what replaces may take beyond their orders, for the limits on a day.

A new table only: the previous release does not know it and runs on beside it; what it
replaces meanwhile counts as it did, by the order alone.
"""

import sqlalchemy as sa
from alembic import op

from vault import append_only
from vault.types import RowNumber, Scaled

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLE = "change_entry"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("cl_ord_id", sa.String(), nullable=False),
        sa.Column("intent_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("notional", Scaled(), nullable=False),
        sa.ForeignKeyConstraint(
            ["intent_id"], ["order_intent.cl_ord_id"], name=op.f("fk_change_entry_intent_id")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_change_entry")),
        sa.UniqueConstraint(
            "cl_ord_id", "account_id", name=op.f("uq_change_entry_cl_ord_id_account_id")
        ),
    )
    op.create_index(op.f("ix_change_entry_intent_id"), TABLE, ["intent_id"], unique=False)
    op.create_index(op.f("ix_change_entry_trade_date"), TABLE, ["trade_date"], unique=False)
    append_only.install(op.get_bind(), TABLE)


def downgrade() -> None:
    append_only.remove(op.get_bind(), TABLE)
    op.drop_table(TABLE)
