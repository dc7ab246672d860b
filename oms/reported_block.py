"""Reported blocks: which fills of an order a broker's allocation report is about.

A day order is one block, and its report waits for its end. A good-till order of several days may
be reported day by day, while it goes on, or as the one block of all its days: its shares say which.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.allocations import AllocatedPart, AllocationReport
from domain.exact import ZERO
from domain.orders import Order, TimeInForce
from domain.postings import Transaction
from oms.allocated import allocated, allocated_by_day, days_not_given, has_undone

_STAYS = frozenset({TimeInForce.GTC, TimeInForce.GTD})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedBlock:
    """What the ledger gave to the accounts of the fills that a report is about."""

    parts: tuple[AllocatedPart, ...]
    day: date | None = None  # Whose fills they are; None: the whole order's.


def goes_on(order: Order) -> bool:
    """Whether it may fill on later days, so that its days are reported one by one."""
    return not order.is_closed and order.intent.time_in_force in _STAYS


def reported_block(
    report: AllocationReport, order: Order, booked: Sequence[Transaction]
) -> ReportedBlock | None:
    """What to compare the report with; None while that is not given to its accounts yet.

    `booked` are the order's transactions, oldest first.
    """
    if not (order.is_closed or goes_on(order)):
        return None
    by_day, day = allocated_by_day(order.intent, booked), report.trade_date
    whole = allocated(order.intent, booked)
    has_several = len(by_day) > 1
    if order.is_closed and not has_several:
        return ReportedBlock(parts=whole) if _shares(whole) == order.cum_qty else None
    if has_undone(booked) or day in days_not_given(booked):
        return None
    if has_several and _shares(whole) == report.quantity:
        return ReportedBlock(parts=whole)
    if day not in by_day and not order.is_closed:
        return None  # The report was faster than the executions.
    return ReportedBlock(parts=by_day.get(day, ()), day=day)


def _shares(parts: Sequence[AllocatedPart]) -> Decimal:
    return sum((part.quantity for part in parts), ZERO)
