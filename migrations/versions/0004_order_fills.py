"""Fills beside their orders: an event no longer writes all of its order again.

The document of an order loses its intent, which is a fact of its own, and its
fills, which become rows. Only the projection changes; it says the same as before.
"""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from alembic import op

from vault.types import Scaled

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATE = sa.table("order_state", sa.column("cl_ord_id"), sa.column("value", sa.Text()))
_INTENT = sa.table("order_intent", sa.column("cl_ord_id"), sa.column("value", sa.Text()))
_FILL = sa.table(
    "order_fill",
    sa.column("cl_ord_id"),
    sa.column("position"),
    sa.column("exec_id"),
    sa.column("trade_date", sa.Date()),
    sa.column("quantity", Scaled()),
    sa.column("price", Scaled()),
    sa.column("commission", Scaled()),
)


def upgrade() -> None:
    op.create_table(
        "order_fill",
        sa.Column("cl_ord_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("exec_id", sa.String(), nullable=False),
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("quantity", Scaled(), nullable=False),
        sa.Column("price", Scaled(), nullable=False),
        sa.Column("commission", Scaled(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cl_ord_id"], ["order_state.cl_ord_id"], name=op.f("fk_order_fill_cl_ord_id")
        ),
        sa.PrimaryKeyConstraint("cl_ord_id", "position", name=op.f("pk_order_fill")),
    )
    connection = op.get_bind()
    for name, text in connection.execute(sa.select(_STATE)).all():
        document = json.loads(text)
        del document["intent"]
        fills = document.pop("fills")
        _write(name, document)
        if fills:
            rows = [_row(name, position, fill) for position, fill in enumerate(fills)]
            connection.execute(sa.insert(_FILL), rows)


def downgrade() -> None:
    connection = op.get_bind()
    intents = {row.cl_ord_id: row.value for row in connection.execute(sa.select(_INTENT))}
    for name, text in connection.execute(sa.select(_STATE)).all():
        query = sa.select(_FILL).where(_FILL.c.cl_ord_id == name).order_by(_FILL.c.position)
        document = json.loads(text)
        document["intent"] = json.loads(intents[name])
        document["fills"] = [_plain(row) for row in connection.execute(query).mappings()]
        _write(name, document)
    op.drop_table("order_fill")


def _write(name: str, document: Mapping[str, Any]) -> None:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    op.get_bind().execute(sa.update(_STATE).where(_STATE.c.cl_ord_id == name).values(value=text))


def _row(name: str, position: int, fill: Mapping[str, str]) -> dict[str, object]:
    return {
        "cl_ord_id": name,
        "position": position,
        "exec_id": fill["exec_id"],
        "trade_date": date.fromisoformat(fill["trade_date"]),
        "quantity": Decimal(fill["quantity"]),
        "price": Decimal(fill["price"]),
        "commission": Decimal(fill["commission"]),
    }


def _plain(row: sa.RowMapping) -> dict[str, str]:
    numbers = {name: _number(row[name]) for name in ("quantity", "price", "commission")}
    return {"exec_id": row["exec_id"], "trade_date": row["trade_date"].isoformat(), **numbers}


def _number(value: Decimal) -> str:
    """As the canonical text has it: no exponent, no zeros at the end."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
