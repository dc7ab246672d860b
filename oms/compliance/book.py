"""Books: the snapshot as the rules ask for it, with the trades that are meant.

What is not in the snapshot is never guessed: asking for it raises
`MissingDataError`, which the engine turns into the answer "cannot tell".
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from domain.accounts import Account, Mandate
from domain.exact import ZERO
from domain.instruments import Security
from domain.lots import TaxLot
from domain.orders import Order, OrderIntent, Side
from domain.recommendations import Recommendation
from domain.snapshot import PastTrade, Snapshot


class MissingDataError(LookupError):
    """A rule needs a number or a name that the snapshot does not have."""


class Book:
    """One snapshot, indexed, with the proposed trades of every account."""

    def __init__(self, snapshot: Snapshot, trades: Sequence[Recommendation], at: datetime) -> None:
        self.snapshot = snapshot
        self.at = at
        self.trades = tuple(trades)
        self._securities = {s.security_id: s for s in snapshot.securities}
        self._prices = {p.security_id: p.close for p in snapshot.prices}
        self._accounts = {a.account_id: a for a in snapshot.accounts}
        self._mandates = {m.mandate_id: m for m in snapshot.mandates}
        self._cash = {c.account_id: c.amount for c in snapshot.cash}
        self._withdrawals: defaultdict[str, Decimal] = defaultdict(Decimal)
        for flow in snapshot.flows:
            self._withdrawals[flow.account_id] += max(-flow.amount, ZERO)
        self._lots: defaultdict[str, list[TaxLot]] = defaultdict(list)
        for lot in snapshot.lots:
            self._lots[lot.account_id].append(lot)
        self._households: defaultdict[str, list[str]] = defaultdict(list)
        for account in snapshot.accounts:
            self._households[account.household_id].append(account.account_id)
        self._past: defaultdict[str, list[PastTrade]] = defaultdict(list)
        for past in snapshot.past_trades:
            self._past[past.account_id].append(past)
        self._trades: defaultdict[str, list[Recommendation]] = defaultdict(list)
        self._blocks: defaultdict[tuple[str, Side], Decimal] = defaultdict(Decimal)
        for trade in trades:
            self._trades[trade.account_id].append(trade)
            self._blocks[trade.security_id, trade.side] += trade.quantity

    @property
    def today(self) -> date:
        """The day on which the rules are asked, in UTC."""
        return self.at.astimezone(UTC).date()

    @property
    def trade_date(self) -> date:
        """The day that the trades will have: the snapshot's."""
        return self.snapshot.as_of

    def trading_accounts(self) -> tuple[str, ...]:
        """Accounts with at least one proposed trade, sorted."""
        return tuple(sorted(self._trades))

    def account(self, account_id: str) -> Account:
        """The account; raises `MissingDataError`."""
        if account_id not in self._accounts:
            raise MissingDataError(f"account {account_id} is not in the snapshot")
        return self._accounts[account_id]

    def mandate(self, account_id: str) -> Mandate:
        """The account's mandate; raises `MissingDataError`."""
        mandate_id = self.account(account_id).mandate_id
        if mandate_id not in self._mandates:
            raise MissingDataError(f"mandate {mandate_id} is not in the snapshot")
        return self._mandates[mandate_id]

    def household(self, account_id: str) -> tuple[str, ...]:
        """Every account of the account's household, itself included."""
        return tuple(self._households[self.account(account_id).household_id])

    def security(self, security_id: str) -> Security:
        """The security master's row; raises `MissingDataError`."""
        if security_id not in self._securities:
            raise MissingDataError(f"security {security_id} is not in the security master")
        return self._securities[security_id]

    def price(self, security_id: str) -> Decimal:
        """The snapshot's price; raises `MissingDataError`."""
        if security_id not in self._prices:
            raise MissingDataError(f"{self.symbol(security_id)} has no price")
        return self._prices[security_id]

    def symbol(self, security_id: str) -> str:
        """The symbol for sentences; the id itself for a security that nobody knows."""
        known = self._securities.get(security_id)
        return security_id if known is None else known.symbol

    def lots(self, account_id: str) -> tuple[TaxLot, ...]:
        """The account's open lots."""
        return tuple(self._lots.get(account_id, ()))

    def trades_of(self, account_id: str) -> tuple[Recommendation, ...]:
        """What the account would trade."""
        return tuple(self._trades.get(account_id, ()))

    def block(self, security_id: str, side: Side) -> Decimal:
        """Shares of one name and side over every account of the basket."""
        return self._blocks.get((security_id, side), ZERO)

    def past_trades(self, account_id: str) -> tuple[PastTrade, ...]:
        """The account's trades of the last weeks."""
        return tuple(self._past.get(account_id, ()))

    def held(self, account_id: str) -> dict[str, Decimal]:
        """Shares by security before the trades."""
        held: defaultdict[str, Decimal] = defaultdict(Decimal)
        for lot in self.lots(account_id):
            held[lot.security_id] += lot.quantity
        return dict(held)

    def traded(self, account_id: str) -> dict[str, Decimal]:
        """Shares by security that the trades add, sales negative."""
        net: defaultdict[str, Decimal] = defaultdict(Decimal)
        for trade in self.trades_of(account_id):
            net[trade.security_id] += signed(trade.side, trade.quantity)
        return dict(net)

    def cash(self, account_id: str) -> Decimal:
        """Cash before the trades; raises `MissingDataError`."""
        if account_id not in self._cash:
            raise MissingDataError(f"account {account_id} has no cash balance")
        return self._cash[account_id]

    def withdrawals(self, account_id: str) -> Decimal:
        """Cash that is due to leave the account, a positive number."""
        return self._withdrawals.get(account_id, ZERO)

    def securities_value(self, account_id: str) -> Decimal:
        """Market value of the account's lots; raises `MissingDataError` for a missing price."""
        held = self.held(account_id)
        return sum((held[s] * self.price(s) for s in held), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDesk:
    """What is known when block orders are asked about: the book, the batch, and earlier orders."""

    book: Book
    batch: tuple[OrderIntent, ...]
    earlier: tuple[Order, ...]


def signed(side: Side, quantity: Decimal) -> Decimal:
    """Shares with a sign: buys positive."""
    return quantity if side is Side.BUY else -quantity
