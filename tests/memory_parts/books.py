"""The stores of what is held and what it is worth, in memory."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from domain.accounts import Account, Mandate
from domain.codec import encode
from domain.custody import CustodyHistory
from domain.instruments import Price
from domain.lots import TaxLot
from domain.ports import CustodyPosition, Market
from domain.postings import Leg, Transaction, TransactionKind
from domain.restrictions import Bars
from domain.snapshot import Restriction, Snapshot, name_of
from domain.splits import Split
from ledger import positions
from tests.memory_parts.state import Part


class Snapshots(Part):
    def take(self, as_of: date) -> Snapshot:
        raise NotImplementedError("a snapshot is assembled by the real vault only")

    def market(self, as_of: date) -> Market:
        raise NotImplementedError("a market is read by the real vault only")

    def closes(self, since: date, until: date) -> Mapping[str, Price]:
        found = (price for book in self.state.snapshots.values() for price in book.prices)
        return {price.security_id: price for price in found if since <= price.day <= until}

    def accounts(self, as_of: date) -> tuple[Account, ...]:
        raise NotImplementedError("accounts are read by the real vault only")

    def restrictions(self, as_of: date) -> tuple[Restriction, ...]:
        return ()

    def bars(self, at: datetime) -> Bars:
        return {}

    def put(self, snapshot: Snapshot, taken_at: datetime) -> str:
        name = name_of(snapshot)
        self.state.snapshots[name] = snapshot
        return name

    def get(self, snapshot_id: str) -> Snapshot | None:
        return self.state.snapshots.get(snapshot_id)

    def mandates(self, snapshot_id: str) -> Mapping[str, Mandate]:
        snapshot = self.get(snapshot_id)
        if snapshot is None:
            return {}
        by_id = {mandate.mandate_id: mandate for mandate in snapshot.mandates}
        return {
            account.account_id: by_id[account.mandate_id]
            for account in snapshot.accounts
            if account.mandate_id in by_id
        }


class Ledger(Part):
    def append(self, transaction: Transaction) -> None:
        known = self.state.transactions.setdefault(transaction.transaction_id, transaction)
        assert encode(known) == encode(transaction), "one id, one content"
        positions.lots(self.all())  # Refuses a lot that is relieved of more than it has.

    def get(self, transaction_id: str) -> Transaction | None:
        return self.state.transactions.get(transaction_id)

    def of_order(self, cl_ord_id: str) -> tuple[Transaction, ...]:
        return tuple(t for t in self.all() if t.cl_ord_id == cl_ord_id)

    def of_run(self, run_id: UUID) -> tuple[Transaction, ...]:
        return tuple(t for t in self.all() if t.run_id == run_id)

    def of_book(self, book: str, asset: str | None = None) -> tuple[Transaction, ...]:
        def moves(leg: Leg) -> bool:
            return leg.book == book and asset in {None, leg.asset}

        return tuple(t for t in self.all() if any(map(moves, t.legs)))

    def since(self, day: date) -> tuple[Transaction, ...]:
        return tuple(t for t in self.state.transactions.values() if t.trade_date >= day)

    def all(self) -> tuple[Transaction, ...]:
        return tuple(self.state.transactions.values())

    def lots(
        self, account_id: str | None = None, security_id: str | None = None
    ) -> tuple[TaxLot, ...]:
        every = positions.lots(self.all())
        return tuple(
            lot
            for lot in every
            if account_id in {None, lot.account_id} and security_id in {None, lot.security_id}
        )

    def balances(self, book: str | None = None) -> Mapping[tuple[str, str], Decimal]:
        every = positions.balances(self.all())
        return {key: quantity for key, quantity in every.items() if book in {None, key[0]}}

    def wash_sales(self) -> tuple[Transaction, ...]:
        return tuple(one for one in self.all() if one.kind is TransactionKind.WASH_SALE)

    def splits(self, security_id: str) -> tuple[Split, ...]:
        of_clients = (t.split for t in self.all() if t.cl_ord_id is None)
        return tuple(one for one in of_clients if one and one.security_id == security_id)


class Custody(Part):
    def newest(self, as_of: date) -> tuple[CustodyPosition, ...]:
        return tuple(position for position in self.state.custody if position.as_of <= as_of)

    def history(self, position: CustodyPosition, as_of: date) -> CustodyHistory:
        """Its files say nothing."""
        return CustodyHistory(purchases={}, lots={})

    def flows_to_post(self, as_of: date) -> tuple[Transaction, ...]:
        posted = self.state.transactions
        due = (flow for flow in self.state.flows if flow.trade_date <= as_of)
        return tuple(flow for flow in due if flow.transaction_id not in posted)
