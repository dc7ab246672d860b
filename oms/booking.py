"""Booking: what a venue says, into our books.

One call is one message inside the gateway's transaction: execution, order
event, ledger legs, allocation and audit stand together or not at all. A fill is
booked whatever else is wrong with it; the rest is said by alarms.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from domain.allocations import AllocationReport
from domain.errors import BadInputError
from domain.exact import ZERO, InexactError, to_scaled
from domain.hearing import HEARD_PLAINLY, PLAIN, Hearings
from domain.order_states import apply
from domain.order_table import FILLS
from domain.orders import (
    Alarm,
    CancelReject,
    CancelRequest,
    DayEnded,
    ExecType,
    ExecutionReport,
    Order,
    OrderIntent,
    TimeInForce,
)
from domain.ports import ExecutionOutcome, UnitOfWork
from domain.postings import Transaction, TransactionKind
from domain.restatements import split_of
from domain.splits import Split
from domain.venue_ways import EVERYWHERE_PLAIN, Ways
from ledger import postings, splits
from oms import allocation_reports
from oms.cancel import repeat_lost_cancel
from oms.days import give_out
from oms.decided import DecidedMandates
from oms.doubts import ask
from oms.instructing import instruct
from oms.told_again import is_told_again
from oms.unknown import book_unknown, key_of

ACTOR = "oms"
_STAYS = frozenset({TimeInForce.GTC, TimeInForce.GTD})
_UNDOING = frozenset({ExecType.TRADE_CORRECT, ExecType.TRADE_CANCEL})
_REOPENING = _UNDOING | {ExecType.RESTATED}  # A good-till order after the night.


class UnusableExecutionError(BadInputError, ValueError):
    """An execution without the numbers that booking needs; the gateway quarantines it."""

    def __init__(self, report: ExecutionReport) -> None:
        super().__init__(
            f"execution {report.exec_id} of {report.venue} on order {report.cl_ord_id} has "
            f"LastQty {report.last_qty} and LastPx {report.last_px}: ask the venue for it again"
        )
        self.report = report


class ExecutionConflictError(BadInputError, ValueError):
    """An ExecID came twice with different content; the gateway quarantines the second."""

    def __init__(self, report: ExecutionReport) -> None:
        super().__init__(
            f"ExecID {report.exec_id} of {report.venue} on {report.trade_date} is booked already "
            f"with other content: ask the venue which one stands"
        )
        self.report = report


class Booking:
    """The `ExecutionSink`."""

    def __init__(self, ways: Ways = EVERYWHERE_PLAIN, hearings: Hearings = HEARD_PLAINLY) -> None:
        """`ways` says which brokers are told of allocations, `hearings` what each means."""
        self._ways, self._hearings = ways, hearings
        self._mandates = DecidedMandates()

    def apply(
        self,
        uow: UnitOfWork,
        message: ExecutionReport | CancelReject | AllocationReport | DayEnded,
        at: datetime,
    ) -> tuple[Alarm, ...]:
        """Book one message; a duplicate execution changes nothing.

        Raises `UnusableExecutionError`, `ExecutionConflictError` or `AllocationConflictError`
        for what can only be kept aside; the caller undoes the savepoint and quarantines the
        raw message.
        """
        if isinstance(message, CancelReject):
            alarms = _book_refusal(uow, message, at)
        elif isinstance(message, AllocationReport):
            alarms = self._book_allocation_report(uow, message, at)
        elif isinstance(message, DayEnded):
            alarms = self._book_day_end(uow, message, at)
        else:
            alarms = self._book_report(uow, message, at)
        for alarm in alarms:
            uow.audit.append(
                at=at, actor=ACTOR, kind="alarm_raised", subject=alarm.cl_ord_id, body=alarm
            )
        return alarms

    def _book_report(
        self, uow: UnitOfWork, report: ExecutionReport, at: datetime
    ) -> tuple[Alarm, ...]:
        hearing = self._hearings.get(report.venue, PLAIN)
        report = hearing.heard(report)
        if report.exec_type in FILLS:
            _require_numbers(report)
            outcome = uow.orders.record_execution(report, at)
            if outcome is ExecutionOutcome.DUPLICATE:
                return ()
            if outcome is ExecutionOutcome.CONFLICT:
                raise ExecutionConflictError(report)
        order = _order_of(uow, report)
        if order is None or _is_of_another_order(order, report):
            return book_unknown(uow, report, order, at)
        if is_told_again(uow, order, report):
            return ()
        earlier = self._close_days(uow, order, report, at)
        moved, alarms = apply(order, report)
        alarms = (*earlier, *hearing.unusual(order, report, alarms))
        uow.orders.append(moved, report, at)
        if _raises_a_question(order, moved, report):
            ask(uow, moved, at)
        if report.exec_type is ExecType.ORDER_STATUS:
            moved = repeat_lost_cancel(uow, moved, at)
        _post(uow, report, moved, at)
        if split := split_of(order, report):
            _post_split(uow, report, moved, split, at)
        uow.audit.append(
            at=at,
            actor=ACTOR,
            kind="execution_booked" if report.exec_type in FILLS else "order_report_booked",
            subject=moved.intent.cl_ord_id,
            body={"report": report, "status": moved.status, "cum_qty": moved.cum_qty},
        )
        if not moved.is_closed and report.exec_type not in _UNDOING:
            return alarms
        return (*alarms, *self._close_out(uow, moved, at))

    def _book_day_end(self, uow: UnitOfWork, event: DayEnded, at: datetime) -> tuple[Alarm, ...]:
        """An order that its venue never spoke of again: what it filled is given out."""
        order = uow.orders.get(event.cl_ord_id)
        assert order is not None, "the gateway ends only orders that it found"
        moved, alarms = apply(order, event)
        uow.orders.append(moved, event, at)
        name = moved.intent.cl_ord_id
        uow.audit.append(at=at, actor=ACTOR, kind="order_day_ended", subject=name, body=event)
        return (*alarms, *self._close_out(uow, moved, at))

    def _book_allocation_report(
        self, uow: UnitOfWork, report: AllocationReport, at: datetime
    ) -> tuple[Alarm, ...]:
        alarms = allocation_reports.take(uow, report, at)
        order = allocation_reports.block_of(uow, report)
        if order is not None:
            instruct(uow, order, self._ways, at)
        return alarms

    def _close_days(
        self, uow: UnitOfWork, order: Order, report: ExecutionReport, at: datetime
    ) -> tuple[Alarm, ...]:
        """Before the first word of a new day: the days that are over go to their accounts."""
        goes_on = order.intent.time_in_force in _STAYS and not order.is_closed
        if not goes_on or all(fill.trade_date >= report.trade_date for fill in order.fills[-1:]):
            return ()
        return self._close_out(uow, order, at, before=report.trade_date)

    def _close_out(
        self, uow: UnitOfWork, order: Order, at: datetime, before: date | None = None
    ) -> tuple[Alarm, ...]:
        """Allocate, and tell the broker what it has to hear by then."""
        mandates = self._mandates.of(uow, order.intent.run_id)

        def tell() -> tuple[Alarm, ...]:
            venue = order.intent.venue
            if venue not in self._ways and not uow.allocations.has_reports(venue):
                return ()
            alarms = allocation_reports.settle(uow, order, at)
            instruct(uow, order, self._ways, at)
            return alarms

        return give_out(uow, order, mandates, at, before=before, then=tell)


def _book_refusal(uow: UnitOfWork, reject: CancelReject, at: datetime) -> tuple[Alarm, ...]:
    order = uow.orders.get(reject.cl_ord_id) or uow.orders.get(reject.orig_cl_ord_id)
    if order is None:
        text = f"{reject.venue} refused to change {reject.orig_cl_ord_id}, an order we do not know"
        return (Alarm(kind="unknown_order", cl_ord_id=reject.cl_ord_id, message=text),)
    moved, alarms = apply(order, reject)
    uow.orders.append(moved, reject, at)
    if moved.in_doubt and not order.in_doubt:
        ask(uow, moved, at)
    uow.audit.append(
        at=at,
        actor=ACTOR,
        kind="change_refused",
        subject=moved.intent.cl_ord_id,
        body={"reject": reject, "status": moved.status},
    )
    return alarms


def _post(uow: UnitOfWork, report: ExecutionReport, order: Order, at: datetime) -> None:
    """The ledger's side of an execution; a correction is a reversal and a fill."""
    if report.exec_type not in FILLS:
        return
    if report.exec_type is not ExecType.TRADE:
        booked = uow.ledger.of_order(order.intent.cl_ord_id)
        undone = {transaction.reverses for transaction in booked}
        standing = (
            t
            for t in reversed(booked)
            if t.kind is TransactionKind.FILL
            and t.exec_id == report.exec_ref_id
            and t.transaction_id not in undone
        )
        if (original := next(standing, None)) is not None:
            told = (*splits.of_order(booked), *_late_splits(uow, order, original, booked, at))
            uow.ledger.append(postings.fill_reversal(original, report, at, splits=told))
    if order.has_fill(report.exec_id, report.trade_date):  # Else it was undone before it came.
        uow.ledger.append(postings.fill(report, order.intent, at))


def _late_splits(
    uow: UnitOfWork, order: Order, undone: Transaction, booked: Sequence[Transaction], at: datetime
) -> tuple[Split, ...]:
    """Splits that the venue did not tell of the order, as it was over by then; they are booked now.

    The accounts' shares were split by two persons, so what comes back is in new shares.
    """
    told = splits.of_order(booked)
    late = tuple(
        one
        for one in uow.ledger.splits(order.intent.security_id)
        if one.day > undone.trade_date and one not in told
    )
    for split in late:
        held = _held(uow, order.intent)
        uow.ledger.append(splits.of_closed_block(order.intent, split, held, at))
    return late


def _held(uow: UnitOfWork, intent: OrderIntent) -> Decimal:
    """What the block holds for its accounts."""
    book = postings.block_book(intent.cl_ord_id)
    return uow.ledger.balances(book).get((book, intent.security_id), ZERO)


def _post_split(
    uow: UnitOfWork, report: ExecutionReport, order: Order, split: Split, at: datetime
) -> None:
    """What the block holds for its accounts, in new shares."""
    if split in splits.of_order(uow.ledger.of_order(order.intent.cl_ord_id)):
        return  # A bust that came before had it booked.
    held = _held(uow, order.intent)
    uow.ledger.append(splits.of_block(order.intent, report, split, held, at))


def _raises_a_question(before: Order, after: Order, report: ExecutionReport) -> bool:
    """In doubt now; or open after all, with a cancel that nobody minded meanwhile.

    So it is with an order that was closed, and with one that its venue did not know a while ago.
    """
    if report.exec_type is ExecType.ORDER_STATUS:
        return False
    is_back = report.exec_type in _REOPENING and before.is_closed
    is_found = before.in_doubt and not after.in_doubt
    is_wanted = not after.is_closed and any(isinstance(one, CancelRequest) for one in after.pending)
    return (is_wanted and (is_back or is_found)) or (after.in_doubt and not before.in_doubt)


def _order_of(uow: UnitOfWork, report: ExecutionReport) -> Order | None:
    found = uow.orders.get(key_of(report))
    if found is None and report.orig_cl_ord_id is not None:
        found = uow.orders.get(report.orig_cl_ord_id)
    return found


def _is_of_another_order(order: Order, report: ExecutionReport) -> bool:
    """A fill that only shares a ClOrdID with our order must not change what we own of it."""
    intent = order.intent
    ours = (intent.venue, intent.symbol, intent.side)
    return report.exec_type in FILLS and (report.venue, report.symbol, report.side) != ours


def _require_numbers(report: ExecutionReport) -> None:
    if report.exec_type is ExecType.TRADE_CANCEL:
        return
    if report.last_px is None or report.last_px < 0 or report.last_qty <= 0:
        raise UnusableExecutionError(report)
    try:
        to_scaled(report.last_qty * report.last_px)
    except InexactError as error:
        raise UnusableExecutionError(report) from error
