"""What a broker says each account got, beside what we gave it.

The ledger's allocation is ours and stands: a report that says the same is accepted, another
one is refused with the reason, and leaves a break for a person. A report that comes before the
block has ended waits for its end; of a good-till order's day, for the end of that day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.allocation_chain import unanswered_reports
from domain.allocations import (
    AllocatedPart,
    AllocationAnswer,
    AllocationReport,
    AllocRejCode,
    AllocStatus,
    AllocTransType,
)
from domain.disagreements import AVERAGE_PRICE_TOLERANCE
from domain.errors import BadInputError
from domain.exact import CENT, ZERO, plain
from domain.orders import Alarm, Order
from domain.ports import UnitOfWork
from domain.postings import Break, Transaction
from oms.allocated import gross_of
from oms.reported_block import ReportedBlock, goes_on, reported_block

DIFFERS = "allocation_differs"  # Kind of alarm and break.

_ACTOR = "oms"


class AllocationConflictError(BadInputError, ValueError):
    """An AllocReportID came twice with different content; the gateway quarantines the second."""

    def __init__(self, report: AllocationReport) -> None:
        super().__init__(
            f"AllocReportID {report.report_id} of {report.venue} came before with other content: "
            "ask the broker which one stands"
        )
        self.report = report


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which the broker's word is not ours."""

    code: AllocRejCode
    what: str
    ours: str
    theirs: str


def take(uow: UnitOfWork, report: AllocationReport, at: datetime) -> tuple[Alarm, ...]:
    """Keep a report, and answer it when its block has ended; a second copy changes nothing."""
    known = uow.allocations.report(report.venue, report.report_id)
    if known == report:
        return ()
    if known is not None:
        raise AllocationConflictError(report)
    order = block_of(uow, report)
    name = "" if order is None else order.intent.cl_ord_id
    uow.allocations.append(name, report, at)
    uow.audit.append(
        at=at,
        actor=_ACTOR,
        kind="allocation_reported",
        subject=name or report.cl_ord_id,
        body=report,
    )
    if order is not None:
        return settle(uow, order, at)
    unknown = Difference(AllocRejCode.UNKNOWN_CL_ORD_ID, "order", "none", report.cl_ord_id)
    _answer(uow, "", report, (unknown,), at)
    text = f"{report.venue} reports an allocation of {report.cl_ord_id or report.alloc_id!r}"
    alarm = Alarm(
        kind="unknown_allocation",
        cl_ord_id=report.cl_ord_id,
        message=f"{text}, an order that we do not know",
    )
    return (alarm,)


def settle(uow: UnitOfWork, order: Order, at: datetime) -> tuple[Alarm, ...]:
    """Answer the reports that wait for what the accounts have been given by now."""
    if not (order.is_closed or goes_on(order)):
        return ()
    name = order.intent.cl_ord_id
    waiting = unanswered_reports(uow.allocations.of_order(name))
    booked = uow.ledger.of_order(name) if waiting else ()
    return tuple(alarm for one in waiting for alarm in _settle(uow, order, one, booked, at))


def _settle(
    uow: UnitOfWork,
    order: Order,
    report: AllocationReport,
    booked: Sequence[Transaction],
    at: datetime,
) -> tuple[Alarm, ...]:
    intent = order.intent
    if report.transaction is AllocTransType.CANCEL:
        _answer(uow, intent.cl_ord_id, report, (), at)
        return ()
    block = reported_block(report, order, booked)
    if block is None:
        return ()
    found = tuple(differences(report, order, block.parts))
    _answer(uow, intent.cl_ord_id, report, found, at)
    if not found:
        return ()
    broken = _break_of(report, order, block, found)
    uow.findings.add_breaks(intent.run_id, [broken], at)
    return (Alarm(kind=DIFFERS, cl_ord_id=intent.cl_ord_id, message=broken.message),)


def differences(
    report: AllocationReport, order: Order, parts: Sequence[AllocatedPart]
) -> Iterator[Difference]:
    """Where the report is not what the ledger gave of these fills, the gravest first.

    An average price may be rounded by 0.0001 of a dollar. A broker rounds each account's
    commission by itself: it may be a cent away, all of them together not at all.
    """
    intent, codes = order.intent, AllocRejCode
    what, theirs = (intent.symbol, intent.side.value), (report.symbol, report.side)
    if what != theirs:
        yield Difference(codes.MISMATCHED_DATA, "symbol and side", " ".join(what), " ".join(theirs))
    shares = sum((part.quantity for part in parts), ZERO)
    if report.quantity != shares:
        ours = plain(shares)
        yield Difference(codes.INCORRECT_QUANTITY, "shares", ours, plain(report.quantity))
    yield from _of_accounts(report, parts)
    if shares:
        average = gross_of(intent.side, parts) / shares
        if abs(report.average_price - average) > AVERAGE_PRICE_TOLERANCE:
            ours = plain(average.quantize(AVERAGE_PRICE_TOLERANCE))
            price = plain(report.average_price)
            yield Difference(codes.INCORRECT_AVERAGE_PRICE, "average price", ours, price)
    yield from _of_commissions(report, parts)


def _of_accounts(report: AllocationReport, parts: Sequence[AllocatedPart]) -> Iterator[Difference]:
    ours = {part.account_id: part.quantity for part in parts}
    theirs: dict[str, Decimal] = {}
    for part in report.parts:
        theirs[part.account_id] = theirs.get(part.account_id, ZERO) + part.quantity
    for account in sorted(ours.keys() | {name for name, shares in theirs.items() if shares}):
        mine, said = ours.get(account, ZERO), theirs.get(account, ZERO)
        if mine == said:
            continue
        code = AllocRejCode.INCORRECT_ALLOCATED_QUANTITY
        if account not in ours or account not in theirs:
            code = AllocRejCode.UNKNOWN_ACCOUNT
        yield Difference(code, f"shares of {account}", plain(mine), plain(said))


def _of_commissions(
    report: AllocationReport, parts: Sequence[AllocatedPart]
) -> Iterator[Difference]:
    """Only where the broker says what it takes."""
    said = {p.account_id: p.commission for p in report.parts if p.commission is not None}
    if not said:
        return
    ours = {part.account_id: part.commission or ZERO for part in parts}
    total, told = sum(ours.values(), ZERO), sum(said.values(), ZERO)
    if total != told:
        code = AllocRejCode.COMMISSION_DIFFERENCE
        yield Difference(code, "commission", plain(total), plain(told))
    for account in sorted(ours.keys() & said.keys()):
        if abs(ours[account] - said[account]) > CENT:
            yield Difference(
                AllocRejCode.COMMISSION_DIFFERENCE,
                f"commission of {account}",
                plain(ours[account]),
                plain(said[account]),
            )


def block_of(uow: UnitOfWork, report: AllocationReport) -> Order | None:
    """By the ClOrdID that it names, or by our instruction that it answers; of that broker only."""
    name = report.cl_ord_id or uow.allocations.order_of(report.alloc_id) or ""
    order = uow.orders.get(name) if name else None
    return order if order is not None and order.intent.venue == report.venue else None


def _answer(
    uow: UnitOfWork,
    cl_ord_id: str,
    report: AllocationReport,
    found: Sequence[Difference],
    at: datetime,
) -> None:
    answer = AllocationAnswer(
        venue=report.venue,
        report_id=report.report_id,
        alloc_id=report.alloc_id,
        status=AllocStatus.BLOCK_REJECTED if found else AllocStatus.ACCEPTED,
        code=found[0].code if found else None,
        text="; ".join(f"{one.what}: ours {one.ours}, yours {one.theirs}" for one in found),
        at=at,
    )
    uow.allocations.append(cl_ord_id, answer, at)
    uow.outbox.queue(report.venue, answer, at)
    uow.audit.append(
        at=at,
        actor=_ACTOR,
        kind="allocation_answered",
        subject=cl_ord_id or report.cl_ord_id,
        body=answer,
    )


def _break_of(
    report: AllocationReport, order: Order, block: ReportedBlock, found: Sequence[Difference]
) -> Break:
    ours = ", ".join(f"{one.what} {one.ours}" for one in found)
    theirs = ", ".join(f"{one.what} {one.theirs}" for one in found)
    name = order.intent.cl_ord_id
    what = name if block.day is None else f"what {name} filled on {block.day}"
    return Break(
        kind=DIFFERS,
        subject=f"{report.venue} {report.report_id}",
        ours=ours,
        theirs=theirs,
        message=f"{what} is allocated with {ours}, but {report.venue} reports {theirs}: "
        "the books stand and the report was refused; ask the broker to correct it",
    )
