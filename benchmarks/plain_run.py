"""A plain run for loads and trials: its books are opened, and its blocks are for the day.

What a load or a trial wants otherwise it changes with `dataclasses.replace`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from benchmarks import plain_book
from domain.instruments import Security
from domain.orders import Allocation, OrderIntent, OrdType, Side, TimeInForce
from domain.ports import UnitOfWork
from domain.runs import Run, RunStatus, TriggerKind
from domain.snapshot import Snapshot
from ledger import postings
from oms.wire_risk import RiskLimits

# The limits of a small desk.
LIMITS = RiskLimits(
    maximum_quantity=Decimal(10_000),
    maximum_notional=Decimal(1_000_000),
    price_collar=Decimal("0.5"),
    stale_days=4,
    duplicate_window=timedelta(seconds=60),
    orders_per_minute=100,
    messages_per_minute=1_000,
    daily_firm=Decimal(100_000_000),
    daily_strategy=Decimal(50_000_000),
    daily_account=Decimal(10_000_000),
)
# As many orders as can be sent; each of them is as small as ever.
UNCOUNTED = replace(
    LIMITS,
    orders_per_minute=10_000_000,
    messages_per_minute=10_000_000,
    daily_firm=Decimal(10) ** 15,
    daily_strategy=Decimal(10) ** 15,
    daily_account=Decimal(10) ** 15,
)


def run(run_id: UUID, at: datetime, *, why: str, accounts: Sequence[str] = ()) -> Run:
    """One that began by hand at `at`; it has no snapshot yet."""
    return Run(
        run_id=run_id,
        trigger="manual",
        kind=TriggerKind.MANUAL,
        due=at,
        why=why,
        account_ids=tuple(accounts),
        status=RunStatus.RUNNING,
        started_at=at,
    )


def begin(uow: UnitOfWork, started: Run, book: Snapshot, at: datetime) -> None:
    """Store the run and what it decides on, and open the books of every account in `book`."""
    uow.runs.add(replace(started, snapshot_id=uow.snapshots.put(book, at)))
    for position in plain_book.custody(book):
        uow.ledger.append(postings.opening(position, at))


def block(
    name: str,
    run_id: UUID,
    security: Security,
    side: Side,
    parts: Sequence[Allocation],
    *,
    price: Decimal,
    at: datetime,
) -> OrderIntent:
    """All `parts` in one limit order for the day of `at`, at `price` in dollars a share."""
    return OrderIntent(
        cl_ord_id=name,
        run_id=run_id,
        venue=security.venue,
        security_id=security.security_id,
        symbol=security.symbol,
        side=side,
        quantity=sum((part.quantity for part in parts), Decimal(0)),
        ord_type=OrdType.LIMIT,
        limit_price=price,
        time_in_force=TimeInForce.DAY,
        reference_price=price,
        trade_date=at.date(),
        decided_at=at,
        allocations=tuple(parts),
    )
