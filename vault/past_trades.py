"""Past trades: what wash-sale rules look at, custodians' and our own, as it counts now.

A trade is told in the shares of its day; beside it stands what a split has made of them,
and how many have replaced a loss, or were replaced, so that they count no more. The lots that an
account came with are purchases, too: where its custodian tells of the same, the larger counts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, or_, select

from domain.exact import ZERO
from domain.facts import About
from domain.orders import Side
from domain.postings import Relief, Transaction, TransactionKind
from domain.snapshot import PastTrade, TradeNow
from domain.sold import left_at_cost, sold_lots, told_id
from domain.splits import Split, factor, rounded_times
from vault.book import Book
from vault.lot_histories import OpenedLot, opened_lots
from vault.schema import ledger_transaction

_TRADES = (
    TransactionKind.ALLOCATION,
    TransactionKind.ALLOCATION_REVERSAL,
    TransactionKind.WASH_SALE,
    TransactionKind.ADJUSTMENT,
)
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_MILLIONTH = Decimal("0.000001")
_Leg = tuple[str, str]  # A purchase's lot and nothing, or a sale and the lot that it took.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A trade with the name by which wash sales speak of it, and the day whose shares it is in."""

    trade: PastTrade
    leg: _Leg
    counted: date


def past_trades(connection: Connection, book: Book, since: date) -> tuple[PastTrade, ...]:
    """Those from `since` to the book's day, in no order."""
    posted = _posted(connection, since, book.as_of)
    came = opened_lots(connection, book, since)
    served = _Served(posted, book, {one.lot.lot_id: one.purchase for one in came})
    told = (*_once(_custodians(book, since), came, served), *_ours(posted, since))
    return tuple(served.mark(one) for one in told)


def _posted(connection: Connection, since: date, until: date) -> tuple[Transaction, ...]:
    """What is posted for a purchase or a sale of these days is posted in them, too."""
    table = ledger_transaction.c
    is_split = (table.kind == TransactionKind.SPLIT.value) & table.cl_ord_id.is_(None)
    query = (
        select(table.value)
        .where(or_(table.kind.in_([kind.value for kind in _TRADES]), is_split))
        .where(table.trade_date.between(since, until))
        .order_by(table.number)
    )
    return tuple(connection.execute(query).scalars())


class _Served:
    """Shares that have replaced a loss, or were replaced, by their leg; marked off as they go.

    `purchases` are those of lots that accounts came with, by lot.
    """

    def __init__(
        self, posted: Sequence[Transaction], book: Book, purchases: Mapping[str, str]
    ) -> None:
        self._splits: defaultdict[str, list[Split]] = defaultdict(list)
        for split in (transaction.split for transaction in posted):
            if split is not None:
                self._splits[split.security_id].append(split)
        self._units = _units(book)
        self._left: defaultdict[_Leg, Decimal] = defaultdict(Decimal)  # In shares, not contracts.
        for wash in posted:
            for one in wash.disallowed:
                day = one.sold or wash.trade_date
                shares = self._shares(one.security_id, one.quantity, day)
                shares *= self._units.get(one.security_id, 1)
                self._left[purchases.get(one.replacement, one.replacement), ""] += shares
                self._left[one.sale, one.lot_id] += shares

    def mark(self, told: _Told) -> PastTrade:
        """The trade with what it has become."""
        trade = told.trade
        quantity = self.shares(told)
        served = ZERO
        if trade.gain is None or trade.gain < 0:
            served = self._take(told.leg, quantity, self._units.get(trade.security_id, Decimal(1)))
        if not served and quantity == trade.quantity:
            return trade
        gain = trade.gain
        if gain is not None:
            gain = (gain * (quantity - served) / quantity).quantize(_MILLIONTH)
        return replace(trade, changed=TradeNow(quantity=quantity, served=served, gain=gain))

    def shares(self, told: _Told) -> Decimal:
        """What a trade's shares have become."""
        return self._shares(told.trade.security_id, told.trade.quantity, told.counted)

    def _shares(self, security_id: str, quantity: Decimal, day: date) -> Decimal:
        if security_id not in self._splits:
            return quantity
        return rounded_times(quantity, factor(self._splits[security_id], day))

    def _take(self, leg: _Leg, quantity: Decimal, units: Decimal) -> Decimal:
        if self._left[leg] <= 0:
            return ZERO
        taken = min(self._left[leg], quantity * units)
        self._left[leg] -= taken
        return min(quantity, (taken / units).quantize(_MILLIONTH))


def _once(told: Iterable[_Told], came: Iterable[OpenedLot], served: _Served) -> Iterator[_Told]:
    """Purchases that custodians tell of, that accounts came with as lots, or both.

    Told of fewer shares than its lots have, a purchase is what the lots say.
    """
    lots: defaultdict[_Leg, list[_Told]] = defaultdict(list)
    for one in came:
        lots[one.purchase, ""].append(_with_lot(one))
    trades: defaultdict[_Leg, list[_Told]] = defaultdict(list)
    for trade in told:
        if trade.trade.side is Side.BUY and trade.leg in lots:
            trades[trade.leg].append(trade)
        else:
            yield trade
    for leg, opened in lots.items():
        bought = trades[leg]
        if sum(map(served.shares, bought)) < sum(map(served.shares, opened)):
            yield from opened
            continue
        names = tuple(name for one in opened for name in one.trade.lots)
        yield replace(bought[0], trade=replace(bought[0].trade, lots=names))
        yield from bought[1:]


def _with_lot(one: OpenedLot) -> _Told:
    return _Told(
        trade=PastTrade(
            account_id=one.lot.account_id,
            security_id=one.lot.security_id,
            side=Side.BUY,
            quantity=one.lot.quantity,
            day=one.bought,
            gain=None,
            source=one.lot.source,
            lots=(one.lot.lot_id,),
        ),
        leg=(one.purchase, ""),
        counted=one.as_of,
    )


def _units(book: Book) -> dict[str, Decimal]:
    """The shares that one of a derivative stands for."""
    told = {
        (fact.subject, fact.name): fact.value
        for fact in book.facts
        if fact.about is About.SECURITY and fact.value
    }
    return {
        security_id: Decimal(told.get((security_id, "multiplier"), "1"))
        for security_id, name in told
        if name == "underlying"
    }


def _custodians(book: Book, since: date) -> Iterator[_Told]:
    """Trades told by custodians, up to the day from which our own ledger knows them."""
    for told in book.transactions:
        opened = book.ledger.opened.get(told.account_id)
        if told.kind not in _SIDES or told.day < since or (opened and told.day > opened):
            continue
        if told.security_id is None or told.quantity is None:
            continue
        name = told_id(told.account_id, told.security_id, told.day)
        yield _Told(
            trade=PastTrade(
                account_id=told.account_id,
                security_id=told.security_id,
                side=_SIDES[told.kind],
                quantity=abs(told.quantity),
                day=told.day,
                gain=told.gain if told.kind == "sell" else None,
                source=told.source,
            ),
            leg=(name, ""),
            counted=told.day,
        )


def _ours(posted: Iterable[Transaction], since: date) -> Iterator[_Told]:
    """Our own allocations that stand: each lot opened a purchase, each relief a sale.

    So it is with what persons booked by hand, but for shares that left at their cost. A sale that
    a wash sale has restated gained what it counts now.
    """
    facts = tuple(posted)
    undone = {transaction.reverses for transaction in facts}
    sold: defaultdict[str, list[Relief]] = defaultdict(list)
    for (sale, _), relief in sold_lots(facts).items():
        sold[sale].append(relief)
    for one in facts:
        stands = one.transaction_id not in undone
        if one.kind is TransactionKind.ALLOCATION and stands and (one.traded or since) >= since:
            yield from _bought(one)
            yield from _sold(one, sold[one.transaction_id])
        elif one.kind is TransactionKind.ADJUSTMENT:
            yield from (told for told in _bought(one) if told.trade.day >= since)
            if not left_at_cost(one):
                yield from _sold(one, sold[one.transaction_id])


def _bought(allocation: Transaction) -> Iterator[_Told]:
    """On the day of the trade; what was booked by hand is told with the day it was bought on."""
    by_hand = allocation.kind is TransactionKind.ADJUSTMENT
    traded = allocation.traded or allocation.trade_date
    for lot in allocation.opened:
        yield _Told(
            trade=PastTrade(
                account_id=lot.account_id,
                security_id=lot.security_id,
                side=Side.BUY,
                quantity=lot.quantity,
                day=lot.acquired if by_hand else traded,
                gain=None,
                source=lot.source,
            ),
            leg=(lot.lot_id, ""),
            counted=allocation.trade_date,
        )


def _sold(allocation: Transaction, reliefs: Iterable[Relief]) -> Iterator[_Told]:
    for relief in reliefs:
        yield _Told(
            trade=PastTrade(
                account_id=relief.account_id,
                security_id=relief.security_id,
                side=Side.SELL,
                quantity=relief.quantity,
                day=allocation.traded or allocation.trade_date,
                gain=relief.gain,
                source=None,
            ),
            leg=(allocation.transaction_id, relief.lot_id),
            counted=allocation.trade_date,
        )
