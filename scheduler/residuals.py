"""Residuals: what a run meant and did not do by its end, and the run that looks at it again.

The next run is made in the transaction that closes this one, and claimed under this one's
name, so that there is exactly one however often either is picked up.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from domain.errors import ConfigError
from domain.exact import ZERO
from domain.identifiers import uuid7
from domain.orders import Order
from domain.ports import UnitOfWork
from domain.runs import Run, RunStatus, TriggerKind
from oms.family import families, spoken_for
from oms.generations import root_of
from oms.release import Release
from oms.routing import Route
from oms.wording import counted
from scheduler.triggers import CalendarSchedule, TriggerSettings, due_between

TRIGGER = "residuals"
_HORIZON = timedelta(days=14)  # No exchange is closed for longer.


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualPolicy:
    """Leave residuals to the next run that comes by, or make one for them."""

    schedule: CalendarSchedule | None = None  # When, on the next session; None: leave them.


def accounts_left(
    uow: UnitOfWork, routes: Sequence[Route], orders: Sequence[Order], release: Release
) -> tuple[str, ...]:
    """The accounts of which something was meant and not done; what was stopped is not meant."""
    known, stopped = (
        families(orders),
        {(root_of(s.cl_ord_id), s.account_id) for s in release.stopped},
    )
    at_work = {root_of(name) for name in release.resting}
    found: set[str] = set()
    for route in routes:
        root = route.intent.cl_ord_id
        if root in at_work or (root, None) in stopped:
            continue
        done = spoken_for(uow, [order for order in known.get(root, ()) if order.is_closed])
        found |= {
            part.account_id
            for part in route.intent.allocations
            if done.get(part.account_id, ZERO) < part.quantity
            and (root, part.account_id) not in stopped
        }
    return tuple(sorted(found))


def follow_up(
    uow: UnitOfWork, run: Run, accounts: Sequence[str], policy: ResidualPolicy, now: datetime
) -> Run | None:
    """The run for what is left, stored and claimed; None when nothing is, or it is to be left."""
    if policy.schedule is None or not accounts:
        return None
    due = next_session(policy.schedule, now)
    nanoseconds = int(now.timestamp() * 1_000_000) * 1_000
    made = Run(
        run_id=uuid7(nanoseconds, os.urandom(10)),
        trigger=TRIGGER,
        kind=TriggerKind.CALENDAR,
        due=due,
        why=f"run {run.run_id.hex} of {run.trigger} left something of "
        f"{counted(len(accounts), 'account')} undone",
        account_ids=tuple(accounts),
        status=RunStatus.RUNNING,
        started_at=now,
        urgency=run.urgency,
    )
    if not uow.triggers.claim(f"{TRIGGER} of {run.run_id.hex}", due, made.run_id, now):
        return None
    uow.runs.add(made)
    uow.audit.append(
        at=now,
        actor="scheduler",
        kind="trigger_fired",
        subject=made.run_id.hex,
        body={"trigger": TRIGGER, "due": due, "why": made.why},
    )
    return made


def next_session(schedule: CalendarSchedule, now: datetime) -> datetime:
    """When it is due on the exchange's next business day after today."""
    trigger = TriggerSettings(name=TRIGGER, kind=TriggerKind.CALENDAR, schedule=schedule)
    tonight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    dues = due_between(trigger, tonight, tonight + _HORIZON)
    if not dues:
        raise ConfigError(f"{schedule.calendar} has no session in {_HORIZON.days} days")
    return dues[0]
