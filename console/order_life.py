"""The life of one order, as lines that people read: every message and every decision about it."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from console.allocation_life import allocation_lines
from console.change_evidence import evidence_lines
from console.service_port import CostLine, CostSplit, LifeLine, OrderLife
from console.views import order_line, words_of
from domain.allocations import AllocationFact
from domain.audit import AuditEntry
from domain.errors import UnknownNameError
from domain.exact import plain
from domain.orders import (
    Adopted,
    CancelReject,
    CancelRequest,
    DayEnded,
    DoubtRaised,
    DoubtSettled,
    ExecutionReport,
    NeverReceived,
    NeverSent,
    Order,
    OrderEvent,
    Raised,
    ReplaceRequest,
    Sent,
)
from domain.ports import UnitOfWork
from oms import tca
from oms.order_words import routed_words, terms_words


def find_order(view: UnitOfWork, name: str) -> Order:
    """The order that any ClOrdID of its chain names. Raises `UnknownNameError`."""
    order = view.orders.get(name)
    if order is None:
        raise UnknownNameError(f"there is no order {name!r}; `trimtab orders` lists them")
    return order


def costs_of(
    order: Order, events: Iterable[OrderEvent], *, carried: Decimal, last: Decimal | None
) -> CostLine:
    """What the order cost against its decision; see `oms.tca`."""
    facts = tca.facts_of(order, events, carried)
    found = tca.shortfall(facts, last)
    return CostLine(
        decided_at=facts.decision.at,
        decision_price=facts.decision.price,
        arrived_at=facts.arrival.at,
        arrival_price=facts.arrival.price,
        first_routed=facts.first_routed,
        last_price=last,
        shortfall=None if found is None else _split(found),
    )


def _split(found: tca.Shortfall) -> CostSplit:
    return CostSplit(
        delay=found.delay,
        impact=found.impact,
        opportunity=found.opportunity,
        cost=found.cost,
        total=found.total,
    )


def life_of(
    order: Order,
    events: Iterable[OrderEvent],
    costs: CostLine | None = None,
    allocations: Iterable[AllocationFact] = (),
    evidence: Iterable[AuditEntry] = (),
) -> OrderLife:
    """All that happened to `order`, oldest first; what was said of its accounts; what is proven.

    `evidence` is what the audit trail holds about its changes.
    """
    return OrderLife(
        order=order_line(order),
        order_id=order.order_id or "",
        chain=order.chain,
        pending=tuple(wish.cl_ord_id for wish in order.pending),
        life=(
            *_lines(order, events),
            *allocation_lines(allocations),
            *evidence_lines(evidence),
        ),
        costs=costs,
    )


def _lines(order: Order, events: Iterable[OrderEvent]) -> Iterator[LifeLine]:
    intent, happened = order.intent, tuple(events)
    sizes = (event.before for event in happened if isinstance(event, Raised))
    meant = next(sizes, intent.quantity)
    yield LifeLine(
        at=intent.decided_at,
        message="decided",
        cl_ord_id=intent.cl_ord_id,
        note=f"{words_of(intent.side)} {plain(meant)} {intent.symbol} "
        f"{terms_words(intent)} on {intent.venue}, decided on {plain(intent.reference_price)}"
        + (f", in list {intent.list_id}" if intent.list_id else ""),
    )
    if intent.routed is not None:
        yield LifeLine(
            at=intent.decided_at,
            message="routed",
            cl_ord_id=intent.cl_ord_id,
            note=routed_words(intent.routed),
        )
    for event in happened:
        yield _line(event)


def _line(event: OrderEvent) -> LifeLine:
    match event:
        case ExecutionReport():
            return _of_report(event)
        case CancelReject():
            return LifeLine(
                at=event.transact_time,
                message="OrderCancelReject",
                cl_ord_id=event.cl_ord_id,
                ord_status=words_of(event.ord_status),
                note=f"of {event.orig_cl_ord_id}: {event.reason}".removesuffix(": "),
            )
        case CancelRequest():
            return LifeLine(
                at=event.requested_at,
                message="OrderCancelRequest",
                cl_ord_id=event.cl_ord_id,
                note=f"of {event.orig_cl_ord_id}: {event.why}"
                + (f" (with list {event.list_id})" if event.list_id else ""),
            )
        case ReplaceRequest():
            terms = plain(event.quantity)
            if event.stop_price is not None:
                terms += f" from {plain(event.stop_price)}"
            if event.limit_price is not None:
                terms += f" at {plain(event.limit_price)}"
            return LifeLine(
                at=event.requested_at,
                message="OrderCancelReplaceRequest",
                cl_ord_id=event.cl_ord_id,
                note=f"of {event.orig_cl_ord_id} to {terms}: {event.why}",
            )
        case _:
            return _of_ours(event)


def _of_report(report: ExecutionReport) -> LifeLine:
    traded = report.last_qty > 0
    before = f"of {report.orig_cl_ord_id}" if report.orig_cl_ord_id else ""
    refers = f"changes {report.exec_ref_id}" if report.exec_ref_id else ""
    return LifeLine(
        at=report.transact_time,
        message="ExecutionReport",
        cl_ord_id=report.cl_ord_id,
        exec_id=report.exec_id,
        exec_type=report.exec_type.name.replace("_", " ").lower(),
        ord_status=words_of(report.ord_status),
        last_qty=report.last_qty if traded else None,
        last_px=report.last_px if traded else None,
        cum_qty=report.cum_qty,
        leaves_qty=report.leaves_qty,
        note="; ".join(filter(None, (before, refers, report.reason))),
    )


def _of_ours(
    event: Sent
    | NeverSent
    | NeverReceived
    | DoubtRaised
    | DoubtSettled
    | DayEnded
    | Adopted
    | Raised,
) -> LifeLine:
    """What only we know: nothing of it is on the wire, but the handing over."""
    match event:
        case Sent():
            return LifeLine(
                at=event.sent_at, message="NewOrderSingle", cl_ord_id=event.cl_ord_id, note="sent"
            )
        case NeverSent():
            what = "never sent"
        case NeverReceived():
            what = "never received"
        case DoubtRaised():
            what = "in doubt"
        case DayEnded():
            what = "day over"
        case Adopted():
            note = f"{event.why} ({event.by}, seconded by {event.seconded_by})"
            return LifeLine(at=event.at, message="adopted", cl_ord_id=event.known_as, note=note)
        case Raised():
            parts = ", ".join(f"{plain(p.quantity)} for {p.account_id}" for p in event.allocations)
            note = f"{parts}: {event.why} ({event.by}, seconded by {event.seconded_by})"
            return LifeLine(at=event.at, message="raised", cl_ord_id=event.cl_ord_id, note=note)
        case DoubtSettled():
            who = f"{event.by}, seconded by {event.seconded_by}"
            what = event.what.value.replace("_", " ")
            note = f"{event.why} ({who})"
            return LifeLine(at=event.at, message=what, cl_ord_id=event.cl_ord_id, note=note)
    return LifeLine(at=event.at, message=what, cl_ord_id=event.cl_ord_id, note=event.why)
