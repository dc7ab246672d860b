"""Postings: how each event enters the books.

A fill belongs to the block until the block is allocated: the clients see one
average price. Transaction ids are made of the event's own key, so the same
event posts the same transaction, once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from domain.exact import ZERO
from domain.instruments import CASH
from domain.lots import TaxLot, term_of
from domain.orders import ExecutionReport, OrderIntent, Side
from domain.ports import CustodyPosition
from domain.postings import Leg, Relief, Transaction, TransactionKind
from domain.splits import Split, factor, rounded_times
from domain.values import quickly_made

UNKNOWN = "UNKNOWN"  # The block of fills on orders that we do not know.


def block_book(cl_ord_id: str) -> str:
    """The average-price account of one block order."""
    return f"block:{cl_ord_id}"


def client_book(account_id: str) -> str:
    """The account's own book."""
    return f"client:{account_id}"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One account's part of a block: whole shares, and its part of the money, never negative."""

    account_id: str
    quantity: Decimal
    gross: Decimal
    commission: Decimal
    lot: TaxLot | None = None  # Buys: the lot that this opens.
    reliefs: tuple[Relief, ...] = ()  # Sells.


def opening(position: CustodyPosition, at: datetime) -> Transaction:
    """First shares and cash of an account, taken over from its custodian with their lots."""
    custodian = f"custody:{position.custodian}"
    client = client_book(position.account_id)
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    for lot in position.lots:
        held[lot.security_id] += lot.quantity
    held[CASH] += position.cash.amount
    return Transaction(
        transaction_id=opening_id(position.account_id),
        kind=TransactionKind.OPENING,
        trade_date=position.as_of,
        at=at,
        legs=moves(custodian, client, held),
        opened=position.lots,
        source=position.cash.source,
        memo=f"taken over from {position.custodian} as of {position.as_of}",
    )


def opening_id(account_id: str) -> str:
    """The transaction by which an account enters the books."""
    return f"opening:{account_id}"


def fill(report: ExecutionReport, intent: OrderIntent, at: datetime) -> Transaction:
    """An execution, into the block: shares and gross with the street, commission apart.

    `report` has a price and a quantity; whether it does is the caller's check.
    """
    assert report.last_px is not None
    assert report.last_qty > 0
    return Transaction(
        transaction_id=fill_id(report.venue, report.trade_date, report.exec_id),
        kind=TransactionKind.FILL,
        trade_date=report.trade_date,
        at=at,
        legs=_fill_legs(report, block_book(intent.cl_ord_id), intent.security_id),
        run_id=intent.run_id,
        cl_ord_id=intent.cl_ord_id,
        exec_id=report.exec_id,
    )


def unknown_fill(report: ExecutionReport, key: str, at: datetime) -> Transaction:
    """An execution on an order that is not ours to know: booked all the same, by its symbol.

    `key` is what the order goes by.
    """
    assert report.last_px is not None
    return Transaction(
        transaction_id=fill_id(report.venue, report.trade_date, report.exec_id),
        kind=TransactionKind.FILL,
        trade_date=report.trade_date,
        at=at,
        legs=_fill_legs(report, block_book(f"{UNKNOWN}:{key}"), report.symbol),
        exec_id=report.exec_id,
        memo=f"unknown order {key} at {report.venue}",
    )


def block_of(fill: Transaction) -> str:
    """The block's book that an execution was booked into."""
    assert fill.kind is TransactionKind.FILL
    return next(leg.book for leg in fill.legs if leg.book.startswith("block:"))


def fill_reversal(
    original: Transaction,
    report: ExecutionReport,
    at: datetime,
    *,
    splits: Sequence[Split] = (),
) -> Transaction:
    """The whole of a fill, undone by a bust or as the first half of a correction.

    `splits` are those of its shares that were booked since.
    """
    assert original.kind is TransactionKind.FILL
    return replace(
        original,
        transaction_id=f"fill_reversal:{report.venue}:{report.trade_date}:{report.exec_id}",
        kind=TransactionKind.FILL_REVERSAL,
        trade_date=report.trade_date,
        at=at,
        legs=_negated(_after(splits, original.legs, original.trade_date)),
        exec_id=report.exec_id,
        reverses=original.transaction_id,
        memo=f"execution {original.exec_id} undone",
    )


def allocation(
    intent: OrderIntent,
    shares: Sequence[Share],
    *,
    number: int,
    trade_date: date,
    at: datetime,
    traded: date | None = None,
) -> Transaction:
    """From the block to its accounts. `number` counts the block's allocations from 1.

    The shares are those of `trade_date`, and were `traded` on that day or before a split.
    """
    assert shares
    sign = 1 if intent.side is Side.BUY else -1
    block = block_book(intent.cl_ord_id)
    legs: list[Leg] = []
    for share in shares:
        money = -sign * share.gross - share.commission
        moved = {intent.security_id: sign * share.quantity, CASH: money}
        legs.extend(moves(block, client_book(share.account_id), moved))
    return Transaction(
        transaction_id=f"allocation:{intent.cl_ord_id}:{number}",
        kind=TransactionKind.ALLOCATION,
        trade_date=trade_date,
        at=at,
        legs=tuple(legs),
        opened=tuple(share.lot for share in shares if share.lot is not None),
        relieved=tuple(relief for share in shares for relief in share.reliefs),
        run_id=intent.run_id,
        cl_ord_id=intent.cl_ord_id,
        traded=None if traded == trade_date else traded,
    )


def allocation_reversal(
    original: Transaction,
    lots: Sequence[TaxLot],
    *,
    trade_date: date,
    at: datetime,
    splits: Sequence[Split] = (),
) -> Transaction:
    """An allocation undone: `lots` are the lots that it relieved, as they were first opened.

    What it opened is closed at its basis, and what it relieved is put back with
    the basis that it took: shares, basis and realised gains are as before. `splits` are
    those of its shares that were booked since.
    """
    assert original.kind is TransactionKind.ALLOCATION
    known = {lot.lot_id: lot for lot in lots}
    made = factor(splits, original.trade_date)
    restored = tuple(
        replace(
            known[relief.lot_id], quantity=rounded_times(relief.quantity, made), basis=relief.basis
        )
        for relief in original.relieved
    )
    opened = tuple(
        replace(lot, quantity=rounded_times(lot.quantity, made)) for lot in original.opened
    )
    return replace(
        original,
        transaction_id=f"{original.transaction_id}:reversal",
        kind=TransactionKind.ALLOCATION_REVERSAL,
        trade_date=trade_date,
        at=at,
        legs=_negated(_after(splits, original.legs, original.trade_date)),
        opened=restored,
        relieved=tuple(_closing(lot, trade_date) for lot in opened),
        reverses=original.transaction_id,
        traded=None,
    )


def fill_id(venue: str, trade_date: date, exec_id: str) -> str:
    """The id of the transaction that books an execution."""
    return f"fill:{venue}:{trade_date}:{exec_id}"


def _fill_legs(report: ExecutionReport, block: str, asset: str) -> tuple[Leg, ...]:
    assert report.last_px is not None
    street, fees = f"street:{report.venue}", f"commission:{report.venue}"
    sign = 1 if report.side is Side.BUY else -1
    bought = {asset: sign * report.last_qty, CASH: -sign * report.last_qty * report.last_px}
    return (
        *moves(street, block, bought),
        *moves(block, fees, {CASH: report.commission}),
    )


def moves(giver: str, taker: str, amounts: Mapping[str, Decimal]) -> tuple[Leg, ...]:
    """Two legs for each asset that moves at all."""
    legs: list[Leg] = []
    for asset, amount in amounts.items():
        if amount:
            legs.append(Leg(book=giver, asset=asset, quantity=-amount))
            legs.append(Leg(book=taker, asset=asset, quantity=amount))
    return tuple(legs)


def _after(splits: Sequence[Split], legs: Sequence[Leg], day: date) -> tuple[Leg, ...]:
    """Legs of `day` in the shares that they have become; dollars stay dollars."""
    made = factor(splits, day)
    return tuple(
        leg if leg.asset == CASH else replace(leg, quantity=rounded_times(leg.quantity, made))
        for leg in legs
    )


def _negated(legs: Sequence[Leg]) -> tuple[Leg, ...]:
    return tuple(replace(leg, quantity=ZERO - leg.quantity) for leg in legs)


def _closing(lot: TaxLot, day: date) -> Relief:
    """The end of a lot that a reversal takes away: at its basis, so without gain."""
    return Relief(
        lot_id=lot.lot_id,
        account_id=lot.account_id,
        security_id=lot.security_id,
        quantity=lot.quantity,
        basis=lot.basis,
        proceeds=lot.basis,
        term=term_of(lot.acquired, max(day, lot.acquired)),
    )
