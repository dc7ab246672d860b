"""Entries at rest: what was committed to go out, for the limits on a minute and on a day."""

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, func, insert, select

from domain.entries import DayUse, Entry, Recent
from domain.orders import OrdStatus
from vault.schema import order_entry, order_entry_part, order_state


class SqlEntries:
    """`EntryStore` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, entry: Entry) -> None:
        """Remember an order that goes out."""
        self._connection.execute(
            insert(order_entry).values(
                cl_ord_id=entry.cl_ord_id,
                at=entry.at,
                trade_date=entry.trade_date,
                likeness=entry.likeness,
            )
        )
        rows = [
            {
                "cl_ord_id": entry.cl_ord_id,
                "account_id": part.account_id,
                "trade_date": entry.trade_date,
                "strategy": part.strategy,
                "notional": part.notional,
            }
            for part in entry.parts
        ]
        self._connection.execute(insert(order_entry_part), rows)

    def since(self, at: datetime) -> tuple[Recent, ...]:
        """Oldest first, without those whose orders never left."""
        query = (
            select(order_entry.c.cl_ord_id, order_entry.c.at, order_entry.c.likeness)
            .join(order_state, order_state.c.cl_ord_id == order_entry.c.cl_ord_id)
            .where(order_entry.c.at >= at, order_state.c.status != OrdStatus.UNSENT.value)
            .order_by(order_entry.c.number)
        )
        return tuple(
            Recent(cl_ord_id=row.cl_ord_id, at=row.at, likeness=row.likeness)
            for row in self._connection.execute(query)
        )

    def used(self, trade_date: date) -> DayUse:
        """Dollars entered on `trade_date`, without those whose orders never left."""
        part = order_entry_part.c
        query = (
            select(part.account_id, part.strategy, func.sum(part.notional).label("notional"))
            .join(order_state, order_state.c.cl_ord_id == part.cl_ord_id)
            .where(part.trade_date == trade_date, order_state.c.status != OrdStatus.UNSENT.value)
            .group_by(part.account_id, part.strategy)
        )
        by_account: defaultdict[str, Decimal] = defaultdict(Decimal)
        by_strategy: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in self._connection.execute(query):
            by_account[row.account_id] += row.notional
            by_strategy[row.strategy] += row.notional
        return DayUse(by_account=dict(by_account), by_strategy=dict(by_strategy))
