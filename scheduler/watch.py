"""The watch: looks at the portfolios when files came in, and once each day.

A run looks by itself at its end. While one is walked the watch waits: half a basket is no
portfolio. What is to be looked at is found out again after a restart, so nothing is missed.
"""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import structlog

from domain.cases import CaseEvent, CaseStep
from domain.errors import TryAgainError
from domain.ports import Clock, Vault
from domain.runs import RunStatus
from oms.compliance.rules import Rule
from scheduler.cases import Check, ask, enter
from scheduler.ticker import NO_RUN

log = structlog.get_logger("scheduler")
NAME = "breach register"  # Under which a day's look is claimed.


class Watch:
    """Keeps the breach register at what is booked; one thread of its own."""

    def __init__(self, vault: Vault, clock: Clock, rules: Sequence[Rule], check: Check) -> None:
        self._vault, self._clock, self._rules = vault, clock, tuple(rules)
        self._check = check
        self._asked, self._stopping = threading.Event(), threading.Event()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Look soon: something is held, or told, that was not before. Returns at once."""
        self._asked.set()
        self._woken.set()

    def start(self, interval: timedelta) -> None:
        """See every `interval` whether to look; the first time at once."""
        assert self._thread is None, "a watch starts once"
        self._asked.set()
        self._thread = threading.Thread(target=self._work, args=(interval,), name="watch")
        self._thread.start()

    def stop(self) -> None:
        """Finish the look that is under way."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def use_rules(self, rules: Sequence[Rule]) -> None:
        """Ask these from now on, and look again soon."""
        self._rules = tuple(rules)
        self.ask()

    def tick(self) -> tuple[CaseStep, ...] | None:
        """Look if something asks for it; None when nothing does, or a run is under way."""
        with self._vault.read() as view:
            if view.runs.with_status(RunStatus.RUNNING):
                return None
            last = view.triggers.last_due(NAME)
        today = _morning(self._clock.now())
        is_new_day = last is None or last < today
        if not is_new_day and not self._asked.is_set():
            return None
        self._asked.clear()
        try:
            return self._look(today if is_new_day else None)
        except BaseException:
            self._asked.set()
            raise

    def _look(self, day_to_claim: datetime | None) -> tuple[CaseStep, ...]:
        now = self._clock.now()
        with self._vault.read() as view:
            held = view.snapshots.take(now.date())
            known = view.cases.standing()
        found = ask(self._check, self._rules, held, known, now)
        with self._vault.write() as uow:
            if day_to_claim is not None:
                uow.triggers.claim(NAME, day_to_claim, NO_RUN, now)
            steps = enter(uow, found, now)
        counts = {f"{what}": sum(step.what is what for step in steps) for what in CaseEvent}
        log.info("portfolios_looked_at", **{what: n for what, n in counts.items() if n})
        return steps

    def _work(self, interval: timedelta) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            self._safe_tick()
            self._woken.wait(interval.total_seconds())

    def _safe_tick(self) -> None:
        """A look that ends in the log, never in the thread."""
        try:
            self.tick()
        except TryAgainError as error:
            log.warning("look_postponed", detail=str(error))
        except Exception:
            log.exception("look_failed")


def _morning(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(UTC).date(), time(), UTC)
