"""Verification: what a run intended, what the wire said, what the ledger holds."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from domain.orders import ExecutionReport, Order
from domain.ports import UnitOfWork
from domain.postings import Break
from ledger import reconcile, reconcile_positions
from oms.generations import carried, standing
from oms.release import Release


def differences(view: UnitOfWork, run_id: UUID, release: Release) -> tuple[Break, ...]:
    """Each difference between the run's witnesses, by name."""
    orders = standing(view.orders.of_run(run_id))
    return (
        *reconcile.intended_against_executed(tuple(_to_compare(orders, release)), carried(orders)),
        *reconcile.executions_against_ledger(
            executions_of(view, run_id), view.ledger.of_run(run_id)
        ),
        *reconcile_positions.blocks_left_over(view.ledger.balances()),
        *_not_released(release),
    )


def _to_compare(orders: Sequence[Order], release: Release) -> Iterator[Order]:
    """Without those that are meant to be open still: good till cancelled or till a date."""
    resting = frozenset(release.resting)
    for order in orders:
        if order.is_closed or order.in_doubt or order.intent.cl_ord_id not in resting:
            yield order


def executions_of(view: UnitOfWork, run_id: UUID) -> tuple[ExecutionReport, ...]:
    """The executions of one run's orders, by any ClOrdID of their chains."""
    orders = view.orders.of_run(run_id)
    names = {name for order in orders for name in order.chain}
    days = sorted({(order.intent.trade_date, order.intent.venue) for order in orders})
    return tuple(
        report
        for day, venue in days
        for report in view.orders.executions(day, venue)
        if report.cl_ord_id in names
    )


def _not_released(release: Release) -> Iterator[Break]:
    for stopped in release.stopped:
        part = f" for {stopped.account_id}" if stopped.account_id else ""
        yield Break(
            kind="order_not_released",
            subject=f"{stopped.cl_ord_id} {stopped.account_id or ''}".strip(),
            ours="approved",
            theirs="not released",
            message=f"{stopped.cl_ord_id} was approved and not released{part}: {stopped.why}",
        )
    for cl_ord_id in release.unfinished:
        yield Break(
            kind="order_unfinished",
            subject=cl_ord_id,
            ours="open",
            theirs="unknown",
            message=f"the venue has not said how {cl_ord_id} ended",
        )
