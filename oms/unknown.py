"""Unknown orders: what a venue reports of orders that we did not send.

Their fills are real: they are booked to a block of nobody, with an alarm, until two persons say
whose they are (`oms.adoption`). An order by telephone has no ClOrdID; it goes by VENUE/OrderID.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.codec import decode
from domain.order_table import FILLS
from domain.orders import Alarm, ExecType, ExecutionReport, Order
from domain.ports import UnitOfWork
from ledger import postings

KEPT = "unknown_report_kept"  # Audit.
_ACTOR = "oms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A report that belongs to no order of ours, whole."""

    report: ExecutionReport


def key_of(report: ExecutionReport) -> str:
    """By what an unknown order goes: its ClOrdID, or VENUE/OrderID where the venue named none."""
    return report.cl_ord_id or f"{report.venue}/{report.order_id}"


def book_unknown(
    uow: UnitOfWork, report: ExecutionReport, order: Order | None, at: datetime
) -> tuple[Alarm, ...]:
    """Keep the report, and book its fill. `order` is one of ours that only shares its ClOrdID."""
    key = key_of(report)
    is_undone = report.exec_type in FILLS and _was_undone(uow, key, report)
    uow.audit.append(at=at, actor=_ACTOR, kind=KEPT, subject=key, body=Kept(report=report))
    if report.exec_type in FILLS:
        if report.exec_ref_id is not None:
            _reverse(uow, report, at)
        if report.exec_type is not ExecType.TRADE_CANCEL and not is_undone:
            uow.ledger.append(postings.unknown_fill(report, key, at))
    what = f"{key}, an order that we do not know"
    if order is not None:
        what = f"order {order.intent.cl_ord_id}, but for another venue, symbol or side"
    text = f"{report.venue} reports {report.exec_type.name} {report.exec_id} on {what}"
    return (Alarm(kind="unknown_order", cl_ord_id=report.cl_ord_id, message=text),)


def _was_undone(uow: UnitOfWork, key: str, report: ExecutionReport) -> bool:
    """Whether its bust or correction came before it."""
    kept = (decode(Kept, entry.body).report for entry in uow.audit.about(key) if entry.kind == KEPT)
    return any(
        one.exec_ref_id == report.exec_id and one.transact_time >= report.transact_time
        for one in kept
    )


def _reverse(uow: UnitOfWork, report: ExecutionReport, at: datetime) -> None:
    """Undo a fill of an unknown order, if it was booked and still stands."""
    assert report.exec_ref_id is not None
    name = postings.fill_id(report.venue, report.trade_date, report.exec_ref_id)
    original = uow.ledger.get(name)
    if original is None or original.cl_ord_id is not None:
        return
    booked = uow.ledger.of_book(postings.block_of(original))
    if all(t.reverses != name for t in booked):
        uow.ledger.append(postings.fill_reversal(original, report, at))
