"""Entries at rest: what was committed to go out, for the limits on a minute and on a day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select

from domain.entries import ChangeEntry, DayUse, Entry, EntryPart, Lately, Recent
from domain.orders import OrdStatus
from vault.schema import change_entry, order_entry, order_entry_part, order_state
from vault.shared import Shared

_TAKEN_BACK = "/taken back"  # Behind a ClOrdID: no message has such a one.


class SqlEntries:
    """`EntryStore` on one transaction."""

    def __init__(self, shared: Shared) -> None:
        self._connection, self._writes, self._memory = shared

    def add(self, entry: Entry) -> None:
        """Remember an order that goes out."""
        row = {"cl_ord_id": entry.cl_ord_id, "at": entry.at, "trade_date": entry.trade_date}
        self._writes.add(order_entry, {**row, "likeness": entry.likeness})
        for part in entry.parts:
            row = {
                "cl_ord_id": entry.cl_ord_id,
                "account_id": part.account_id,
                "trade_date": entry.trade_date,
                "strategy": part.strategy,
                "notional": part.notional,
            }
            self._writes.add(order_entry_part, row)
        recent = Recent(cl_ord_id=entry.cl_ord_id, at=entry.at, likeness=entry.likeness)
        self._memory.entered.add(entry.at, recent)
        self._count(entry.trade_date, entry.parts)

    def since(self, at: datetime) -> Lately:
        """As they stand, not a copy; without those whose orders never left."""
        self._memory.entered.know(at, lambda: [(one.at, one) for one in self._since(at)])
        return self._memory.entered

    def _since(self, at: datetime) -> tuple[Recent, ...]:
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

    def add_change(self, entry: ChangeEntry) -> None:
        """Remember what a replace may take beyond what its order had."""
        for part in entry.parts:
            row = {
                "cl_ord_id": entry.cl_ord_id,
                "intent_id": entry.intent_id,
                "account_id": part.account_id,
                "trade_date": entry.trade_date,
                "strategy": part.strategy,
                "notional": part.notional,
            }
            self._writes.add(change_entry, row)
        self._count(entry.trade_date, entry.parts)

    def take_back(self, cl_ord_id: str) -> None:
        """A replace that provably never came to its venue counts no more: the same, below zero."""
        change = change_entry.c
        query = select(change_entry).where(change.cl_ord_id == cl_ord_id).order_by(change.number)
        for row in self._connection.execute(query).all():
            part = EntryPart(
                account_id=row.account_id, strategy=row.strategy, notional=-row.notional
            )
            self.add_change(
                ChangeEntry(
                    cl_ord_id=f"{cl_ord_id}{_TAKEN_BACK}",
                    intent_id=row.intent_id,
                    trade_date=row.trade_date,
                    parts=(part,),
                )
            )

    def used(self, trade_date: date) -> DayUse:
        """Dollars entered on `trade_date`, without those whose orders never left."""
        self._memory.day_uses.know(trade_date, self._used)
        return self._memory.day_uses.of(trade_date)

    def _count(self, trade_date: date, parts: Sequence[EntryPart]) -> None:
        self._memory.day_uses.add(trade_date, parts)
        self._memory.journal.note(self._memory.forget_entered)

    def _used(self, trade_date: date) -> DayUse:
        part, change = order_entry_part.c, change_entry.c
        by_account: defaultdict[str, Decimal] = defaultdict(Decimal)
        by_strategy: defaultdict[str, Decimal] = defaultdict(Decimal)
        for table, name in ((part, part.cl_ord_id), (change, change.intent_id)):
            query = (
                select(table.account_id, table.strategy, func.sum(table.notional).label("notional"))
                .join(order_state, order_state.c.cl_ord_id == name)
                .where(
                    table.trade_date == trade_date,
                    order_state.c.status != OrdStatus.UNSENT.value,
                )
                .group_by(table.account_id, table.strategy)
            )
            for row in self._connection.execute(query):
                by_account[row.account_id] += row.notional
                by_strategy[row.strategy] += row.notional
        return DayUse.summed(by_account=dict(by_account), by_strategy=dict(by_strategy))

    def reserved(self, intent_id: str) -> Mapping[str, Decimal]:
        """All that one order and its changes have entered, by account."""
        part, change = order_entry_part.c, change_entry.c
        found: defaultdict[str, Decimal] = defaultdict(Decimal)
        for query in (
            select(part.account_id, part.notional).where(part.cl_ord_id == intent_id),
            select(change.account_id, change.notional).where(change.intent_id == intent_id),
        ):
            for row in self._connection.execute(query):
                found[row.account_id] += row.notional
        return dict(found)
