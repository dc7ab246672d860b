"""By hand: the run that a person's own order makes.

The order is looked at on the snapshot that its run will be decided on, and both are stored in one
transaction with the proposals it stands for: from then on it is a run like any other, and goes on
after a crash.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from domain.codec import content_name, encode
from domain.identifiers import uuid7
from domain.orders import Side
from domain.ports import UnitOfWork, Vault
from domain.proposals import AccountProposal
from domain.runs import Run, RunStatus, Step, TriggerKind
from domain.snapshot import Snapshot
from oms.by_hand.lots import spoken_for
from oms.by_hand.order import HandOrder
from oms.by_hand.proposals import proposals
from oms.by_hand.refusals import HandOrderRefusedError, House, problems

TRIGGER = "order by hand"


def enter(vault: Vault, order: HandOrder, house: House, *, by: str, why: str, at: datetime) -> Run:
    """Take the order and store its run. Raises `HandOrderRefusedError` with every reason."""
    with vault.read() as view:
        snapshot = view.snapshots.take(at.date())
        against = tuple(problems(view, order, snapshot, house, at))
        if against:
            raise HandOrderRefusedError(order, against)
        wanted = proposals(order, snapshot, by=by, why=why, taken=_taken(view, order, snapshot))
    run = _run(order, by=by, why=why, at=at)
    with vault.write() as uow:
        run = replace(run, snapshot_id=uow.snapshots.put(snapshot, at))
        _store(uow, run, order, wanted, by=by, why=why)
    return run


def _taken(view: UnitOfWork, order: HandOrder, snapshot: Snapshot) -> Mapping[str, Decimal]:
    """Shares by lot that other sales of the accounts have named."""
    security = next(one for one in snapshot.securities if one.symbol == order.symbol)
    found: dict[str, Decimal] = {}
    for part in order.allocations if order.side is Side.SELL else ():
        found.update(spoken_for(view, part.account_id, security.security_id))
    return found


def is_by_hand(view: UnitOfWork, run_id: UUID) -> bool:
    """Whether a person's own order made the run."""
    return view.runs.step(run_id, Step.ORDER) is not None


def _run(order: HandOrder, *, by: str, why: str, at: datetime) -> Run:
    return Run(
        run_id=uuid7(int(at.timestamp() * 1_000_000) * 1_000, os.urandom(10)),
        trigger=TRIGGER,
        kind=TriggerKind.MANUAL,
        due=at,
        why=f"{by} ordered: {order.in_words()}: {why}",
        account_ids=tuple(sorted(part.account_id for part in order.allocations)),
        status=RunStatus.RUNNING,
        started_at=at,
        urgency=order.urgency,
    )


def _store(
    uow: UnitOfWork,
    run: Run,
    order: HandOrder,
    wanted: tuple[AccountProposal, ...],
    *,
    by: str,
    why: str,
) -> None:
    """The run, its first steps, and who wanted it."""
    at = run.started_at
    uow.runs.add(run)
    body = {"trigger": run.trigger, "due": run.due, "why": run.why}
    uow.audit.append(at=at, actor=by, kind="trigger_fired", subject=run.run_id.hex, body=body)
    documents = {
        Step.ORDER: encode(order),
        Step.SNAPSHOT: encode(run.snapshot_id),
        Step.OPTIMISE: encode(wanted),
    }
    for step, document in documents.items():
        uow.runs.save_step(run.run_id, step, document, at)
        uow.audit.append(
            at=at,
            actor=by,
            kind="step_finished",
            subject=run.run_id.hex,
            body={"step": step, "result": content_name(document)},
        )
    body = {"order": order, "why": why}
    uow.audit.append(at=at, actor=by, kind="order_wanted", subject=run.run_id.hex, body=body)
