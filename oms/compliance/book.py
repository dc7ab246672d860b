"""Books: the snapshot as the rules ask for it, with the trades that are meant.

What is not in the snapshot is never guessed: asking for it raises
`MissingDataError`, which the engine turns into the answer "cannot tell".
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from domain.accounts import Account, Mandate
from domain.exact import ZERO, parse_decimal
from domain.fact_words import Word, word_of
from domain.facts import About
from domain.instruments import Security
from domain.lots import TaxLot
from domain.orders import Order, OrderIntent, Side
from domain.recommendations import Recommendation
from domain.snapshot import PastTrade, Snapshot


class Aggregate(StrEnum):
    """Over whom the numerator is summed."""

    ACCOUNT = "account"
    FUND = "fund"  # One fund is one account here; the word is the law's.
    GROUP = "group"  # Accounts with the same fact `group`: an advisory group, a fund family.
    HOUSEHOLD = "household"
    BLOCK = "block"
    FIRM = "firm"


class MissingDataError(LookupError):
    """A rule needs a number or a name that the snapshot does not have."""


class Book:
    """One snapshot, indexed, with the proposed trades of every account."""

    def __init__(self, snapshot: Snapshot, trades: Sequence[Recommendation], at: datetime) -> None:
        self.snapshot = snapshot
        self.at = at
        self._securities = {s.security_id: s for s in snapshot.securities}
        self._prices = {p.security_id: p.close for p in snapshot.prices}
        self._accounts = {a.account_id: a for a in snapshot.accounts}
        self._account_ids = tuple(sorted(self._accounts))
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
        self._facts: defaultdict[tuple[About, str], dict[tuple[str, str], str]] = defaultdict(dict)
        for fact in snapshot.facts:
            self._facts[fact.about, fact.subject][fact.name, fact.of] = fact.value
        self._classes: defaultdict[str, list[str]] = defaultdict(list)
        self._values: dict[str, Decimal] = {}
        self._held: dict[str, Mapping[str, Decimal]] = {}
        self._traded: dict[str, Mapping[str, Decimal]] = {}
        self.leaves: dict[tuple[str, tuple[Any, ...]], tuple[Any, ...]] = {}  # Of exposures.
        self.kept: dict[Any, Any] = {}  # What rules have worked out for these trades.
        self.take(trades)

    def take(self, trades: Sequence[Recommendation]) -> None:
        """Put these trades in the place of those that were meant."""
        self.trades = tuple(trades)
        self._traded = {}
        self.kept = {}
        self._trades: defaultdict[str, list[Recommendation]] = defaultdict(list)
        self._blocks: defaultdict[tuple[str, Side], Decimal] = defaultdict(Decimal)
        for trade in trades:
            self._trades[trade.account_id].append(trade)
            self._blocks[trade.security_id, trade.side] += trade.quantity

    def with_trades(self, trades: Sequence[Recommendation]) -> "Book":
        """The same snapshot with other trades; what was looked up is shared."""
        other = copy(self)
        other.take(trades)
        return other

    @property
    def today(self) -> date:
        """The day on which the rules are asked, in UTC."""
        return self.at.astimezone(UTC).date()

    @property
    def trade_date(self) -> date:
        """The day that the trades will have: the snapshot's."""
        return self.snapshot.as_of

    def holidays(self) -> frozenset[date]:
        """The firm's own holidays, beside the federal ones."""
        days = self.named(About.FIRM, "", "holiday")
        return frozenset(date.fromisoformat(day) for day, flag in days.items() if flag == "yes")

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

    def has_price(self, security_id: str) -> bool:
        """Whether the snapshot has a price of it."""
        return security_id in self._prices

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

    def held(self, account_id: str) -> Mapping[str, Decimal]:
        """Shares by security before the trades."""
        if account_id not in self._held:
            held: defaultdict[str, Decimal] = defaultdict(Decimal)
            for lot in self.lots(account_id):
                held[lot.security_id] += lot.quantity
            self._held[account_id] = dict(held)
        return self._held[account_id]

    def traded(self, account_id: str) -> Mapping[str, Decimal]:
        """Shares by security that the trades add, sales negative."""
        if account_id not in self._traded:
            net: defaultdict[str, Decimal] = defaultdict(Decimal)
            for trade in self.trades_of(account_id):
                net[trade.security_id] += signed(trade.side, trade.quantity)
            self._traded[account_id] = dict(net)
        return self._traded[account_id]

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
        if account_id not in self._values:
            held = self.held(account_id)
            self._values[account_id] = sum((held[s] * self.price(s) for s in held), ZERO)
        return self._values[account_id]

    def spent(self, account_id: str) -> Decimal:
        """What the trades cost at the snapshot's prices, net of what they bring in."""
        key = ("spent", account_id)
        if key not in self.kept:
            traded = self.traded(account_id)
            self.kept[key] = sum((traded[s] * self.price(s) for s in traded), ZERO)
        spent: Decimal = self.kept[key]
        return spent

    def value_after(self, account_id: str) -> Decimal:
        """Market value of what is held after the trades."""
        return self.securities_value(account_id) + self.spent(account_id)

    def knows_of(self, about: About, subject: str) -> bool:
        """Whether there is any fact about the subject."""
        return (about, subject) in self._facts

    def has_security_facts(self) -> bool:
        """Whether anything is known of any security beyond the master."""
        return any(about is About.SECURITY for about, _ in self._facts)

    def text(self, about: About, subject: str, name: str, of: str = "") -> str:
        """A fact's text, or its usual value; raises `MissingDataError`."""
        found = self._facts.get((about, subject), {}).get((name, of))
        if found is not None:
            return found
        word = word_of(about, name)
        assert word is not None, f"{about} has no word {name}"
        if word.usual is None:
            who = self.symbol(subject) if about is About.SECURITY else subject or "the firm"
            raise MissingDataError(f"nobody gave {_said(name, word)} of {who}")
        return word.usual

    def number(self, about: About, subject: str, name: str, of: str = "") -> Decimal:
        """A fact as a number; raises `MissingDataError`."""
        return parse_decimal(self.text(about, subject, name, of))

    def numbers(self, about: About, subject: str, name: str) -> Mapping[str, Decimal]:
        """Every `of` of one fact with its number."""
        return {of: parse_decimal(text) for of, text in self.named(about, subject, name).items()}

    def facts_of(self, about: About, subject: str) -> Collection[tuple[str, str]]:
        """Name and second party of every fact about the subject."""
        return self._facts.get((about, subject), {}).keys()

    def named(self, about: About, subject: str, name: str) -> Mapping[str, str]:
        """Every `of` of one fact with its text."""
        found = self._facts.get((about, subject), {})
        return {of: text for (word, of), text in found.items() if word == name}

    def securities(self) -> Mapping[str, Security]:
        """The security master, by security id."""
        return self._securities

    def classes_of(self, issuer: str) -> tuple[str, ...]:
        """Security ids of everything that an issuer has in the master."""
        if not self._classes:
            for security in self.snapshot.securities:
                self._classes[security.issuer].append(security.security_id)
        return tuple(self._classes[issuer])

    def accounts(self) -> tuple[str, ...]:
        """Every account of the snapshot, sorted."""
        return self._account_ids

    def members(self, account_id: str, aggregate: Aggregate) -> tuple[str, ...]:
        """The accounts over which a rule's numerator is summed, itself included."""
        if aggregate is Aggregate.FIRM:
            return self.accounts()
        if aggregate is Aggregate.HOUSEHOLD:
            return self.household(account_id)
        group = ""
        if aggregate is Aggregate.GROUP:
            group = self.text(About.ACCOUNT, account_id, "group")
        if not group:
            return (account_id,)
        return tuple(a for a in self.accounts() if self.text(About.ACCOUNT, a, "group") == group)

    def account_types(self, account_id: str) -> frozenset[str]:
        """What kinds of account it is: its tax status and the types that facts give it."""
        types = self.named(About.ACCOUNT, account_id, "type")
        given = {name for name, flag in types.items() if flag == "yes"}
        return frozenset({self.account(account_id).tax_status.value, *given})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDesk:
    """What is known when block orders are asked about: the book, the batch, and earlier orders."""

    book: Book
    batch: tuple[OrderIntent, ...]
    earlier: tuple[Order, ...]


def _said(name: str, word: Word) -> str:
    return name if word.means == "the firm's own" else f"{name} ({word.means})"


def signed(side: Side, quantity: Decimal) -> Decimal:
    """Shares with a sign: buys positive."""
    return quantity if side is Side.BUY else -quantity
