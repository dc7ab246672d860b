"""The ticker: asks every few seconds what is due, and makes each due instant happen once.

APScheduler only ticks, from memory: its own stores lose or double a job around a
restart. What has fired is in our store, and the claim of (trigger, due), the run that
it starts and the audit entry are one transaction, so that two tickers, or one that is
killed in between, make one run.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from domain.errors import TryAgainError, UnknownNameError
from domain.identifiers import uuid7
from domain.ports import Clock, UnitOfWork, Vault
from domain.runs import Run, RunStatus, TriggerKind, Urgency
from scheduler.drift import drifted
from scheduler.triggers import TriggerSettings, due_between

log = structlog.get_logger("scheduler")
NO_RUN = UUID(int=0)  # Claims an instant at which there was nothing to do.
NAMED_SKIPS = 20  # How many missed instants the audit entry lists.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """The newest instant at which a trigger is due, and the ones before it that were missed."""

    trigger: TriggerSettings
    at: datetime
    missed: tuple[datetime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reason:
    """Why a run starts and for whom; `account_ids` empty means every account."""

    why: str
    account_ids: tuple[str, ...] = ()


class Ticker:
    """Starts a run for each due trigger, exactly once over all tickers on one store."""

    def __init__(
        self,
        vault: Vault,
        clock: Clock,
        triggers: Sequence[TriggerSettings],
        start_run: Callable[[UUID], None],
        *,
        since: datetime | None = None,
    ) -> None:
        """`start_run` is called after the commit and returns at once.

        A trigger that is seen for the first time is due from `since` on (now), not from
        the past. That is kept, so that a later start does not begin to look anew.
        """
        self._vault, self._clock, self._start_run = vault, clock, start_run
        self._triggers = {trigger.name: trigger for trigger in triggers}
        assert len(self._triggers) == len(triggers), "names of triggers are unique"
        self._since = clock.now() if since is None else since
        self._scheduler: BackgroundScheduler | None = None

    def start(self, interval: timedelta) -> None:
        """Tick every `interval` in a thread of its own, the first time at once."""
        assert self._scheduler is None, "a ticker starts once"
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.start()
        self._scheduler.add_job(self._safe_tick)
        self._scheduler.add_job(
            self._safe_tick, trigger="interval", seconds=interval.total_seconds()
        )

    def stop(self) -> None:
        """Finish the tick that is under way and tick no more."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=True)
            self._scheduler = None

    def tick(self) -> tuple[UUID, ...]:
        """Start what is due now; the ids of the runs that this call started.

        One trigger's failure is logged and the others are still asked; it is
        due again at the next tick.
        """
        started: list[UUID] = []
        for trigger in self._triggers.values():
            try:
                run = self._ask(trigger, self._clock.now())
            except Exception:
                log.exception("trigger_failed", trigger=trigger.name)
                continue
            if run is not None:
                started.append(run.run_id)
                self._hand_over(run)
        return tuple(started)

    def fire(
        self, name: str, account_ids: Sequence[str], by: str, urgency: Urgency | None = None
    ) -> Run:
        """Start a run by hand, now; without an urgency it has the trigger's.

        Raises `UnknownNameError` when there is no such trigger.
        """
        trigger = self._triggers.get(name)
        if trigger is None:
            known = ", ".join(sorted(self._triggers)) or "none is configured"
            raise UnknownNameError(f"there is no trigger {name!r}; known: {known}")
        now = self._clock.now()
        reason = _Reason(why=f"{by} fired {name} by hand", account_ids=tuple(account_ids))
        due = _Due(trigger=trigger, at=now, missed=())
        run = self._new_run(due, reason, now)
        if urgency is not None:
            run = replace(run, urgency=urgency)
        with self._vault.write() as uow:
            if not uow.triggers.claim(_by_hand(name), now, run.run_id, now):
                raise TryAgainError(f"{name} has fired at {now.isoformat()} already; try again")
            self._record(uow, run, due, actor=by)
        self._hand_over(run)
        return run

    def _safe_tick(self) -> None:
        """A tick that ends in the log, never in the scheduler."""
        try:
            self.tick()
        except Exception:
            log.exception("tick_failed")

    def _ask(self, trigger: TriggerSettings, now: datetime) -> Run | None:
        if trigger.schedule is None:
            return None
        with self._vault.read() as view:
            last = view.triggers.last_due(trigger.name)
        if last is None:
            last = self._watch_from_now_on(trigger, now)
        due = _due(trigger, last, now)
        if due is None:
            return None
        reason = self._reason(due)
        run = None if reason is None else self._new_run(due, reason, now)
        return run if self._claim(due, run, now) else None

    def _watch_from_now_on(self, trigger: TriggerSettings, now: datetime) -> datetime:
        """Keep that the trigger has been looked at since this service began."""
        with self._vault.write() as uow:
            uow.triggers.claim(trigger.name, self._since, NO_RUN, now)
        return self._since

    def _reason(self, due: _Due) -> _Reason | None:
        """None when a drift trigger looked and found everything within its bands."""
        if due.trigger.kind is not TriggerKind.DRIFT:
            assert due.trigger.schedule is not None, "what has no schedule is never due"
            return _Reason(why=due.trigger.schedule.words)
        with self._vault.read() as view:
            drifts = drifted(view.snapshots.take(due.at.date()))
        if not drifts:
            return None
        worst = max(drifts, key=lambda drift: (abs(drift.weight - drift.target), drift.account_id))
        accounts = tuple(dict.fromkeys(drift.account_id for drift in drifts))
        why = f"{len(drifts)} holdings of {len(accounts)} accounts drifted; {worst.sentence}"
        return _Reason(why=why, account_ids=accounts)

    def _new_run(self, due: _Due, reason: _Reason, now: datetime) -> Run:
        nanoseconds = int(now.timestamp() * 1_000_000) * 1_000
        return Run(
            run_id=uuid7(nanoseconds, os.urandom(10)),
            trigger=due.trigger.name,
            kind=due.trigger.kind,
            due=due.at,
            why=reason.why,
            account_ids=reason.account_ids,
            status=RunStatus.RUNNING,
            started_at=now,
            urgency=due.trigger.urgency,
        )

    def _claim(self, due: _Due, run: Run | None, now: datetime) -> bool:
        """Claim the instant, with its run or with the note that there was nothing to do."""
        name = due.trigger.name
        with self._vault.write() as uow:
            if run is not None:
                if not uow.triggers.claim(name, due.at, run.run_id, now):
                    return False
                self._record(uow, run, due, actor="scheduler")
                return True
            if uow.triggers.claim(name, due.at, NO_RUN, now):
                uow.audit.append(
                    at=now,
                    actor="scheduler",
                    kind="trigger_quiet",
                    subject=name,
                    body={"due": due.at, "why": "every holding is within its bands"},
                )
        return False

    def _record(self, uow: UnitOfWork, run: Run, due: _Due, *, actor: str) -> None:
        uow.runs.add(run)
        uow.audit.append(
            at=run.started_at,
            actor=actor,
            kind="trigger_fired",
            subject=run.run_id.hex,
            body={"trigger": run.trigger, "due": run.due, "why": run.why},
        )
        if due.missed:
            uow.audit.append(
                at=run.started_at,
                actor=actor,
                kind="triggers_skipped",
                subject=run.trigger,
                body={
                    "count": str(len(due.missed)),
                    "newest": due.missed[-NAMED_SKIPS:],
                    "why": "missed while nothing ticked; the newest is fired once",
                },
            )

    def _hand_over(self, run: Run) -> None:
        log.info("trigger_fired", trigger=run.trigger, run=run.run_id.hex, due=run.due.isoformat())
        try:
            self._start_run(run.run_id)
        except Exception:
            log.exception("run_not_started", run=run.run_id.hex)


def _due(trigger: TriggerSettings, last: datetime, now: datetime) -> _Due | None:
    *missed, newest = due_between(trigger, max(last, now - trigger.catch_up), now) or (None,)
    if newest is None:
        return None
    return _Due(trigger=trigger, at=newest, missed=tuple(at for at in missed if at is not None))


def _by_hand(name: str) -> str:
    """What is fired by hand is claimed apart: it says nothing of the schedule's instants."""
    return f"{name} by hand"
