"""Facts: what compliance rules know beyond the firm's other files.

A new table only: the previous release does not know it and runs on beside it. A book
without facts.csv has no facts, and its snapshots say so.
"""

import sqlalchemy as sa
from alembic import op

from vault import append_only
from vault.types import RowNumber

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "book_fact",
        sa.Column("file_number", RowNumber, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("of", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_number"], ["ingested_file.number"], name=op.f("fk_book_fact_file_number")
        ),
        sa.PrimaryKeyConstraint("file_number", "line", name=op.f("pk_book_fact")),
    )
    append_only.install(op.get_bind(), "book_fact")


def downgrade() -> None:
    append_only.remove(op.get_bind(), "book_fact")
    op.drop_table("book_fact")
