"""A block's books: what its order's transactions come to, and what no account has yet.

A fill is of the day of its execution, also where a correction made it anew.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.exact import ZERO
from domain.instruments import CASH
from domain.orders import OrderIntent, Side
from domain.postings import Transaction, TransactionKind
from domain.splits import Split, factor, rounded_times
from ledger import postings, splits


@dataclass(frozen=True, slots=True, kw_only=True)
class Unallocated:
    """One day's fills that no account has yet."""

    quantity: Decimal
    gross: Decimal
    commission: Decimal
    traded: date  # The day they were made on; a correction leaves it.
    trade_date: date  # In whose shares they are counted: of the last fill, or the last split.


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockBooks:
    """What an order's transactions come to."""

    booked: Sequence[Transaction]  # All of them, as they were booked.
    fills: Sequence[Transaction]  # Those that stand, since the last allocation that stands.
    allocations: Sequence[Transaction]  # Those that stand.
    given: int  # How many allocations there ever were.
    is_undone: bool  # A fill was taken back that a standing allocation gave away.
    splits: Sequence[Split]  # Told by the venue.


def block_books(booked: Sequence[Transaction]) -> BlockBooks:
    """Sort an order's transactions, which are in the order they were booked."""
    undone = {transaction.reverses for transaction in booked}
    fills: list[Transaction] = []
    allocations: list[Transaction] = []
    given = 0
    is_undone = False
    for transaction in booked:
        stands = transaction.transaction_id not in undone
        match transaction.kind:
            case TransactionKind.FILL if stands:
                fills.append(transaction)
            case TransactionKind.ALLOCATION:
                given += 1
                if stands:
                    allocations.append(transaction)
                    fills.clear()
            case TransactionKind.FILL_REVERSAL:
                is_undone = is_undone or bool(allocations)
    return BlockBooks(
        booked=booked,
        fills=fills,
        allocations=allocations,
        given=given,
        is_undone=is_undone,
        splits=splits.of_order(booked),
    )


def unallocated(books: BlockBooks) -> tuple[Unallocated, ...]:
    """The standing fills since the last standing allocation, by the day they were made on."""
    by_day: defaultdict[date, list[Transaction]] = defaultdict(list)
    corrected = _corrected(books.booked)
    for fill in books.fills:
        by_day[_traded(fill, corrected)].append(fill)
    return tuple(_of_day(day, by_day[day], books.splits) for day in sorted(by_day))


def _of_day(day: date, fills: Sequence[Transaction], told: Sequence[Split]) -> Unallocated:
    shares = gross = commission = ZERO
    for fill in fills:
        made = factor(told, fill.trade_date)
        for leg in fill.legs:
            if leg.book.startswith("commission:"):
                commission += leg.quantity
            elif not leg.book.startswith("street:"):
                continue
            elif leg.asset == CASH:
                gross += leg.quantity
            else:
                shares += rounded_times(leg.quantity, made)
    return Unallocated(
        quantity=abs(shares),
        gross=abs(gross),
        commission=commission,
        traded=day,
        trade_date=max(*(fill.trade_date for fill in fills), *(one.day for one in told), day),
    )


def _corrected(booked: Sequence[Transaction]) -> dict[tuple[str | None, date], Transaction]:
    """By the execution that corrects it, (ExecID, TradeDate): the fill that it undid."""
    by_id: dict[str | None, Transaction] = {one.transaction_id: one for one in booked}
    return {
        (undoing.exec_id, undoing.trade_date): by_id[undoing.reverses]
        for undoing in reversed(booked)
        if undoing.kind is TransactionKind.FILL_REVERSAL and undoing.reverses in by_id
    }


def _traded(fill: Transaction, corrected: Mapping[tuple[str | None, date], Transaction]) -> date:
    """The day of the execution: of the first one, where this corrects another."""
    original = corrected.get((fill.exec_id, fill.trade_date))
    return fill.trade_date if original is None else _traded(original, corrected)


def allocated(books: BlockBooks, intent: OrderIntent) -> defaultdict[str, Decimal]:
    """Shares by account, after every split since."""
    done: defaultdict[str, Decimal] = defaultdict(Decimal)
    sign = _sign(intent)
    for transaction in books.allocations:
        made = factor(books.splits, transaction.trade_date)
        for leg in transaction.legs:
            if leg.asset == intent.security_id and leg.book.startswith("client:"):
                done[leg.book.removeprefix("client:")] += sign * rounded_times(leg.quantity, made)
    return done


def is_in_the_block(books: BlockBooks, intent: OrderIntent, rests: Sequence[Unallocated]) -> bool:
    """Whether the block's own book holds what its unallocated fills come to, and nothing else."""
    book, sign = postings.block_book(intent.cl_ord_id), _sign(intent)
    held = {intent.security_id: ZERO, CASH: ZERO}
    for transaction in books.booked:
        for leg in transaction.legs:
            if leg.book == book and leg.asset in held:
                held[leg.asset] += leg.quantity
    shares = sign * sum((rest.quantity for rest in rests), ZERO)
    money = sum((-sign * rest.gross - rest.commission for rest in rests), ZERO)
    return held == {intent.security_id: shares, CASH: money}


def _sign(intent: OrderIntent) -> int:
    return 1 if intent.side is Side.BUY else -1
