"""The breach register and the overrides that were given.

New tables only: the previous release does not know them and runs on beside them. The
first look at the portfolios afterwards opens the cases that there are.
"""

import sqlalchemy as sa
from alembic import op

from vault import append_only
from vault.types import Instant, RowNumber, Uuid

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("case_event", "override_given")


def upgrade() -> None:
    op.create_table(
        "case_event",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_case_event")),
    )
    op.create_index(op.f("ix_case_event_case_id"), "case_event", ["case_id"])
    op.create_table(
        "override_given",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("run_id", Uuid(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name=op.f("fk_override_given_run_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_override_given")),
    )
    op.create_index(op.f("ix_override_given_run_id"), "override_given", ["run_id"])
    op.create_index(op.f("ix_override_given_until"), "override_given", ["until"])
    for table in TABLES:
        append_only.install(op.get_bind(), table)


def downgrade() -> None:
    for table in reversed(TABLES):
        append_only.remove(op.get_bind(), table)
        op.drop_table(table)
