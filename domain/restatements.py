"""Restatements: what a venue changes by its own word, ExecType D.

A good-till order comes back every morning as it was; after a corporate action it comes back in
other shares. Whatever else a venue changes by itself is for a person to look at.
Source: FIX 4.4, ExecRestatementReason (378), and the matrices H.1.a to H.1.d and E.1.c, E.1.d.
"""

from dataclasses import replace
from enum import IntEnum
from fractions import Fraction

from domain.orders import ExecType, ExecutionReport, Order
from domain.splits import Split, per_share, times

_LARGEST_RATIO = 100  # 10,000 shares restated to 9,999 are no split.


class Restatement(IntEnum):
    """ExecRestatementReason (378), those that change what we do."""

    CORPORATE_ACTION = 0
    RENEWAL = 1


def is_renewal(order: Order, report: ExecutionReport) -> bool:
    """A good-till order that comes back as it was."""
    return (
        report.exec_type is ExecType.RESTATED
        and report.restatement == Restatement.RENEWAL
        and report.order_qty in {None, order.order_qty}
        and report.limit_price in {None, order.limit_price}
    )


def split_of(order: Order, report: ExecutionReport) -> Split | None:
    """The split that a restatement tells of; None when it is none, or its figures do not agree."""
    is_action = report.restatement == Restatement.CORPORATE_ACTION
    if report.exec_type is not ExecType.RESTATED or not is_action or not report.order_qty:
        return None
    ratio = Fraction(report.order_qty) / Fraction(order.order_qty)
    agrees = Fraction(report.cum_qty) == ratio * Fraction(order.cum_qty)
    if ratio == 1 or not agrees or max(ratio.as_integer_ratio()) > _LARGEST_RATIO:
        return None
    return Split(
        security_id=order.intent.security_id,
        day=report.trade_date,
        new=ratio.numerator,
        old=ratio.denominator,
    )


def after_split(order: Order, split: Split) -> Order:
    """The order in new shares: the same dollars, and limits per new share."""
    ratio = split.ratio
    limit, stop = order.limit_price, order.stop_price
    return replace(
        order,
        order_qty=times(order.order_qty, ratio),
        cum_qty=times(order.cum_qty, ratio),
        limit_price=None if limit is None else per_share(limit, ratio),
        stop_price=None if stop is None else per_share(stop, ratio),
        splits=(*order.splits, split),
    )
