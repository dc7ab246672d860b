"""The audit trail without indexes on its hashes.

Nobody looks an entry up by its hash. Two trees of random keys were two thirds of what an entry
cost to write, and the more the longer the trail was; a trail that forks is found by its numbers,
which are unique, and by the walk. On SQLite the number is the row's own, without a tree beside.
The previous release runs on beside it.
"""

import sqlalchemy as sa
from alembic import op

from vault import append_only
from vault.types import RowNumber

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLE = "audit_entry"
HASHES = ("previous_hash", "hash")


def upgrade() -> None:
    append_only.remove(op.get_bind(), TABLE)
    with op.batch_alter_table(TABLE) as batch:
        for column in HASHES:
            batch.drop_constraint(batch.f(f"uq_{TABLE}_{column}"), type_="unique")
        batch.alter_column("sequence", existing_type=sa.BigInteger(), type_=RowNumber)
    append_only.install(op.get_bind(), TABLE)


def downgrade() -> None:
    append_only.remove(op.get_bind(), TABLE)
    with op.batch_alter_table(TABLE) as batch:
        batch.alter_column("sequence", existing_type=RowNumber, type_=sa.BigInteger())
        for column in HASHES:
            batch.create_unique_constraint(batch.f(f"uq_{TABLE}_{column}"), [column])
    append_only.install(op.get_bind(), TABLE)
