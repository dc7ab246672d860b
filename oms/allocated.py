"""What each account was given of a block, as the ledger has it, and what it pays or gets."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from domain.allocations import AllocatedPart
from domain.exact import ZERO
from domain.instruments import CASH
from domain.orders import OrderIntent, Side
from domain.postings import Transaction, TransactionKind
from domain.splits import Split, factor, rounded_times
from ledger import splits
from oms.allocation import allocate_money

_CLIENT, _FEES = "client:", "commission:"


class _Given(NamedTuple):
    """An allocation that no reversal undid."""

    posted: Transaction
    day: date  # Whose fills it gave.
    fills: int  # So many,
    commission: Decimal  # and theirs, which it divided.


def allocated(intent: OrderIntent, booked: Sequence[Transaction]) -> tuple[AllocatedPart, ...]:
    """One part for each account that has shares of the block, in the intent's order.

    `booked` are the block's transactions, oldest first. The shares are those after every split
    that the venue told of; the commission of an allocation is that of the fills of its day,
    divided as `oms.close_out` divides it.
    """
    return _parts(intent, _standing(booked), splits.of_order(booked))


def allocated_by_day(
    intent: OrderIntent, booked: Sequence[Transaction]
) -> Mapping[date, tuple[AllocatedPart, ...]]:
    """The same of each day that was filled on, in the shares that the day was booked in."""
    by_day: defaultdict[date, list[_Given]] = defaultdict(list)
    for one in _standing(booked):
        by_day[one.day].append(one)
    return {day: _parts(intent, by_day[day]) for day in sorted(by_day)}


def days_not_given(booked: Sequence[Transaction]) -> frozenset[date]:
    """Days with fills that no account has."""
    _, waiting = _sorted(booked)
    return frozenset(day for day, left in waiting.items() if left > 0)


def gross_of(side: Side, parts: Iterable[AllocatedPart]) -> Decimal:
    """What was paid to the street, or got from it: net money without the commission."""
    parts, sign = tuple(parts), 1 if side is Side.BUY else -1
    net = sum((part.net_money or ZERO for part in parts), ZERO)
    return net - sign * sum((part.commission or ZERO for part in parts), ZERO)


def has_undone(booked: Sequence[Transaction]) -> bool:
    """Whether a standing allocation gave away a fill that was undone since."""
    given = {one.posted.transaction_id for one in _standing(booked)}
    places = [place for place, one in enumerate(booked) if one.transaction_id in given]
    later = booked[places[0] :] if places else ()
    return any(one.kind is TransactionKind.FILL_REVERSAL for one in later)


def _parts(
    intent: OrderIntent, given: Iterable[_Given], told: Sequence[Split] = ()
) -> tuple[AllocatedPart, ...]:
    sign = 1 if intent.side is Side.BUY else -1
    shares: defaultdict[str, Decimal] = defaultdict(Decimal)
    money: defaultdict[str, Decimal] = defaultdict(Decimal)
    fees: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in given:
        moved = _moved(one.posted, intent.security_id)
        made = factor(told, one.posted.trade_date)
        for account, quantity in moved.items():
            shares[account] += sign * rounded_times(quantity, made)
        for account, amount in _moved(one.posted, CASH).items():
            money[account] -= sign * amount
        wanted = {account: abs(quantity) for account, quantity in moved.items()}
        for account, part in allocate_money(one.commission, wanted, key=intent.cl_ord_id).items():
            fees[account] += part
    return tuple(
        AllocatedPart(
            account_id=account,
            quantity=shares[account],
            commission=fees[account],
            net_money=money[account],
        )
        for account in (part.account_id for part in intent.allocations)
        if shares.get(account)
    )


def _standing(booked: Sequence[Transaction]) -> list[_Given]:
    """The allocations that no reversal undid."""
    return _sorted(booked)[0]


def _sorted(booked: Sequence[Transaction]) -> tuple[list[_Given], Mapping[date, int]]:
    """Those, and by day how many fills wait; the oldest day that waits is given out first."""
    fees: defaultdict[date, Decimal] = defaultdict(Decimal)
    waiting: defaultdict[date, int] = defaultdict(int)  # Fills that no account has.
    days: dict[str, date] = {}  # Of the fills, by transaction.
    corrected: dict[tuple[str | None, date], date] = {}  # A correction keeps its fill's day.
    given: dict[str, _Given] = {}
    for one in booked:
        match one.kind:
            case TransactionKind.FILL:
                day = corrected.get((one.exec_id, one.trade_date), one.trade_date)
                days[one.transaction_id] = day
                fees[day] += _of_books(one, _FEES)
                waiting[day] += 1
            case TransactionKind.FILL_REVERSAL:
                day = days.get(one.reverses or "", one.trade_date)
                corrected[one.exec_id, one.trade_date] = day
                fees[day] += _of_books(one, _FEES)
                waiting[day] -= 1
            case TransactionKind.ALLOCATION:
                day = min(
                    (day for day, left in waiting.items() if left > 0), default=one.trade_date
                )
                given[one.transaction_id] = _Given(one, day, waiting[day], fees[day])
                fees[day], waiting[day] = ZERO, 0
            case TransactionKind.ALLOCATION_REVERSAL if one.reverses in given:
                undone = given.pop(one.reverses)
                fees[undone.day] += undone.commission
                waiting[undone.day] += undone.fills
    return list(given.values()), waiting


def _of_books(one: Transaction, prefix: str) -> Decimal:
    return sum((leg.quantity for leg in one.legs if leg.book.startswith(prefix)), ZERO)


def _moved(one: Transaction, asset: str) -> dict[str, Decimal]:
    """What of `asset` came to each client; negative went away."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for leg in one.legs:
        if leg.asset == asset and leg.book.startswith(_CLIENT):
            found[leg.book.removeprefix(_CLIENT)] += leg.quantity
    return dict(found)
