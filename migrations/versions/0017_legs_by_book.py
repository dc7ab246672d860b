"""Legs only where a transaction is looked for by them, and an index on the kinds that are few.

An order's own block, the street and commissions got three quarters of all rows of `ledger_leg`,
which nobody read: each transaction's text has all of its legs. From here on they get none; those
that are there stay. Openings, splits and wash sales are looked for by their kind; an index on
these few costs nothing for the rest.

No service runs beside a migration. Commands of the previous release that only read run on: every
query of theirs finds what it found, but for `check`, which adds up balances by the rows. Going
back writes the rows that are missing.
"""

import json
from decimal import Decimal

import sqlalchemy as sa
from alembic import op

from vault.types import Scaled

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INDEX = "ix_ledger_transaction_rare"
RARE = sa.text("kind in ('opening', 'split', 'wash_sale')")
MANY = 1000  # Transactions at a time.
TRANSACTIONS = sa.text(
    "select number, transaction_id, value from ledger_transaction"
    " where number > :after order by number limit :many"
)
LEG = sa.text(
    "insert into ledger_leg (transaction_id, position, book, asset, quantity)"
    " values (:transaction_id, :position, :book, :asset, :quantity) on conflict do nothing"
).bindparams(sa.bindparam("quantity", type_=Scaled()))


def upgrade() -> None:
    op.create_index(INDEX, "ledger_transaction", ["kind"], sqlite_where=RARE, postgresql_where=RARE)


def downgrade() -> None:
    op.drop_index(INDEX, "ledger_transaction")
    after = 0
    while found := op.get_bind().execute(TRANSACTIONS, {"after": after, "many": MANY}).all():
        legs = [leg for _number, name, text in found for leg in _legs(name, text)]
        if legs:
            op.get_bind().execute(LEG, legs)
        after = found[-1][0]


def _legs(transaction_id: str, text: str) -> list[dict[str, object]]:
    return [
        {
            "transaction_id": transaction_id,
            "position": position,
            "book": leg["book"],
            "asset": leg["asset"],
            "quantity": Decimal(leg["quantity"]),
        }
        for position, leg in enumerate(json.loads(text)["legs"])
    ]
