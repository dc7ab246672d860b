"""Adoption: an order that a venue has and we did not send becomes ours, by two persons.

An order by telephone, or one of another system of the firm: its reports are kept and its fills
are booked to a block of no account (E.1.a). The first person says whose it is, the second
agrees; then it has a ClOrdID, its reports are its events, and its fills go to its accounts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from domain.codec import decode
from domain.errors import BadInputError
from domain.exact import plain
from domain.order_states import apply
from domain.order_table import FILLS
from domain.orders import (
    Adopted,
    Alarm,
    Allocation,
    ExecType,
    ExecutionReport,
    Order,
    OrderEvent,
    OrderIntent,
    OrdType,
    TimeInForce,
)
from domain.ports import UnitOfWork
from domain.postings import Transaction, TransactionKind
from domain.runs import Run
from ledger import postings
from oms.days import give_out, mandates_of
from oms.second_person import Proposals, require_second
from oms.unknown import KEPT, Kept

ADOPTED = "order_adopted"  # Audit.
_NAME = "ADOPTED-"  # And the venue's OrderID: what such an order is called here.


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one person says an unknown order is; `reports` is how many had come."""

    intent: OrderIntent
    why: str
    reports: int


_PROPOSALS = Proposals("adoption_proposed", Proposal)


class NotAdoptedError(BadInputError):
    """The order is not adopted; the text says why and what to do."""


def propose(
    uow: UnitOfWork,
    key: str,
    accounts: Mapping[str, Decimal],
    run: Run,
    *,
    why: str,
    by: str,
    at: datetime,
) -> Proposal:
    """Write down whose the order is. Nothing changes yet.

    `key` is the ClOrdID that the venue named, or VENUE/OrderID where it named none; `accounts`
    the shares that each gets; `run` the one whose snapshot has their mandates. Raises
    `NotAdoptedError`.
    """
    reports = _reports(uow, key)
    intent = _intent(uow, key, reports, accounts, run)
    mandates = mandates_of(uow, run.run_id)
    if strange := [name for name in accounts if name not in mandates]:
        raise NotAdoptedError(
            f"run {run.run_id.hex} has no account {', '.join(strange)}; name another --run, or "
            "see `trimtab positions` for the accounts there are"
        )
    proposal = Proposal(intent=intent, why=why, reports=len(reports))
    _PROPOSALS.write(uow, key, proposal, by=by, at=at)
    return proposal


def second(uow: UnitOfWork, key: str, *, by: str, at: datetime) -> tuple[Order, tuple[Alarm, ...]]:
    """The second person agrees: the order is ours from its first report on.

    Raises `NotAdoptedError`.
    """
    said = _PROPOSALS.newest(uow, key)
    if said is None:
        raise NotAdoptedError(
            f"nobody has said whose {key} is; say it first: "
            f"trimtab adopt {key} --account NAME=SHARES ... --by WHO --why WHAT"
        )
    require_second(said.by, by, NotAdoptedError, did=f"said whose {key} is")
    reports, proposal = _reports(uow, key), said.proposal
    if len(reports) != proposal.reports:
        raise NotAdoptedError(
            f"the venue has said more of {key} since {said.by} spoke of it; say again whose it is"
        )
    intent = proposal.intent
    event = Adopted(
        cl_ord_id=intent.cl_ord_id,
        known_as=key,
        at=at,
        why=proposal.why,
        by=said.by,
        seconded_by=by,
    )
    order, alarms = _played(uow, intent, event, reports, at)
    _move_fills(uow, intent, reports, at)
    uow.audit.append(at=at, actor=by, kind=ADOPTED, subject=intent.cl_ord_id, body=event)
    given = give_out(uow, order, mandates_of(uow, intent.run_id), at)
    return order, (*alarms, *given)


def adoption_of(view: UnitOfWork, intent: OrderIntent) -> Adopted | None:
    """By whom and why an order was adopted; None for one that we sent."""
    if not intent.cl_ord_id.startswith(_NAME):
        return None
    events = view.orders.events(intent.cl_ord_id)
    return next((event for event in events if isinstance(event, Adopted)), None)


def _reports(uow: UnitOfWork, key: str) -> tuple[ExecutionReport, ...]:
    """What a venue said of the order, oldest first."""
    if uow.orders.get(key) is not None:
        raise NotAdoptedError(f"{key} is an order of ours; look at `trimtab order {key}`")
    kept = [decode(Kept, entry.body) for entry in uow.audit.about(key) if entry.kind == KEPT]
    if not kept:
        raise NotAdoptedError(
            f"no venue has told of an unknown order {key}; the alarms unknown_order name them "
            "(`trimtab tail --level error`)"
        )
    return tuple(one.report for one in kept)


def _intent(
    uow: UnitOfWork,
    key: str,
    reports: Sequence[ExecutionReport],
    accounts: Mapping[str, Decimal],
    run: Run,
) -> OrderIntent:
    """The order as if we had sent it; it was for what its accounts get."""
    last = reports[-1]
    quantity = last.order_qty or last.cum_qty
    told = sum(accounts.values(), Decimal(0))
    if told != quantity or any(part <= 0 for part in accounts.values()):
        raise NotAdoptedError(
            f"{key} is an order for {plain(quantity)} {last.symbol}, and the accounts get "
            f"{plain(told)}: divide all of it, in parts above zero"
        )
    snapshot = uow.snapshots.get(run.snapshot_id) if run.snapshot_id else None
    securities = snapshot.securities if snapshot is not None else ()
    known = next((one for one in securities if one.symbol == last.symbol), None)
    if known is None:
        raise NotAdoptedError(
            f"run {run.run_id.hex} saw no {last.symbol}; add it to the security master, and name "
            "a run that was started since"
        )
    return OrderIntent(
        cl_ord_id=f"{_NAME}{last.order_id}",
        run_id=run.run_id,
        venue=last.venue,
        security_id=known.security_id,
        symbol=last.symbol,
        side=last.side,
        quantity=quantity,
        ord_type=OrdType.MARKET if last.limit_price is None else OrdType.LIMIT,
        limit_price=last.limit_price,
        time_in_force=TimeInForce.DAY,
        reference_price=last.avg_px or last.limit_price or Decimal(0),
        trade_date=reports[0].trade_date,
        decided_at=reports[0].transact_time,
        allocations=tuple(
            Allocation(account_id=name, quantity=part) for name, part in accounts.items()
        ),
    )


def _played(
    uow: UnitOfWork,
    intent: OrderIntent,
    event: Adopted,
    reports: Sequence[ExecutionReport],
    at: datetime,
) -> tuple[Order, tuple[Alarm, ...]]:
    """The order after all that was said of it before it was ours."""
    uow.orders.add(intent)
    order = uow.orders.get(intent.cl_ord_id)
    assert order is not None
    alarms: tuple[Alarm, ...] = ()
    happened: tuple[OrderEvent, ...] = (event, *reports)
    for one in happened:
        order, found = apply(order, one)
        uow.orders.append(order, one, at)
        alarms += found
    return order, alarms


def _move_fills(
    uow: UnitOfWork, intent: OrderIntent, reports: Sequence[ExecutionReport], at: datetime
) -> None:
    """Each fill that stands, out of the block of nobody and into the order's."""
    undone = {one.exec_ref_id for one in reports if one.exec_ref_id is not None}
    for report in reports:
        is_fill = report.exec_type in FILLS and report.exec_type is not ExecType.TRADE_CANCEL
        name = postings.fill_id(report.venue, report.trade_date, report.exec_id)
        original = uow.ledger.get(name) if is_fill and report.exec_id not in undone else None
        if original is None:
            continue
        uow.ledger.append(_taken_back(original, at))
        moved = postings.fill(report, intent, at)
        uow.ledger.append(replace(moved, transaction_id=f"adopted:{name}"))


def _taken_back(original: Transaction, at: datetime) -> Transaction:
    """The unknown fill undone; the same execution is booked anew for the order."""
    legs = tuple(replace(leg, quantity=-leg.quantity) for leg in original.legs)
    return replace(
        original,
        transaction_id=f"adopted_from:{original.transaction_id}",
        kind=TransactionKind.FILL_REVERSAL,
        at=at,
        legs=legs,
        reverses=original.transaction_id,
        memo=f"{original.memo}, adopted",
    )
