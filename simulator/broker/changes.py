"""Cancels and replaces: at once, or when the last child that is out has come back."""

from datetime import datetime

from simulator.broker.checks import Listed, terms_refusal
from simulator.broker.parent import Parent
from simulator.broker.plan import read_end
from simulator.broker.reports import Desk
from simulator.broker.rules import BrokerRules
from simulator.broker.working import exchanges, replan
from simulator.values.messages import Message, Report
from simulator.values.requests import CancelOrder, ReplaceOrder
from simulator.values.words import CxlRejReason, ExecType, OrdStatus

Change = CancelOrder | ReplaceOrder
Refusal = tuple[CxlRejReason, str]


def refusal_of(
    change: Change, parent: Parent, rules: BrokerRules, listed: Listed, now: datetime
) -> Refusal | None:
    """Why a change of this order cannot be; None when it can."""
    if change.orig_cl_ord_id != parent.cl_ord_id:
        return CxlRejReason.UNKNOWN_ORDER, f"the order is {parent.cl_ord_id} now"
    if not parent.is_open:
        return CxlRejReason.TOO_LATE, "the order is closed"
    if parent.change is not None:
        return CxlRejReason.ALREADY_PENDING, "another change is pending"
    if isinstance(change, CancelOrder):
        return None
    venue = exchanges(rules, listed, parent.order.symbol)[0]
    wrong = terms_refusal(change, rules, listed[venue][parent.order.symbol])
    if wrong is not None:
        return CxlRejReason.OTHER, wrong[1]
    end = read_end(change.expire_time, parent.plan, now)
    return (CxlRejReason.OTHER, end) if isinstance(end, str) else None


def pending(parent: Parent, change: Change, desk: Desk, now: datetime) -> Report:
    """The change waits for the children that are out."""
    parent.change, parent.told = change, True
    cancels = isinstance(change, CancelOrder)
    kind = ExecType.PENDING_CANCEL if cancels else ExecType.PENDING_REPLACE
    return desk.report(
        parent, kind, now, cl_ord_id=change.cl_ord_id, orig_cl_ord_id=parent.cl_ord_id
    )


def done(parent: Parent, change: Change, desk: Desk, others: int, now: datetime) -> Message:
    """Nothing is out: do what was asked, if there is still something to do it to."""
    parent.change, parent.told = None, False
    if not parent.is_open:
        text = "the order was filled before"
        return desk.change_refused(change, parent, CxlRejReason.TOO_LATE, text, now)
    before, parent.cl_ord_id = parent.cl_ord_id, change.cl_ord_id
    if isinstance(change, CancelOrder):
        parent.ended = OrdStatus.CANCELED
        report = desk.report(parent, ExecType.CANCELED, now, orig_cl_ord_id=before)
        parent.cl_ord_id = before  # A cancel's own ClOrdID does not name the order.
        return report
    replan(parent, change, others, now)
    return desk.report(parent, ExecType.REPLACED, now, orig_cl_ord_id=before)
