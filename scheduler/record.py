"""The record of a run: each step's result is stored under the run's id before the next begins."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

import structlog

from domain.codec import content_name, decode, encode
from domain.errors import UnknownNameError
from domain.ports import Clock, UnitOfWork, Vault
from domain.runs import Run, RunStatus, Step

T = TypeVar("T")
log = structlog.get_logger("scheduler")


class RunRecord:
    """Reads and writes what a run has come to."""

    def __init__(
        self,
        vault: Vault,
        clock: Clock,
        progress: Callable[[UUID, Step, int, int], None] = lambda *_: None,
    ) -> None:
        """`progress(run_id, step, done, of)` is told when a step begins; `of` is 0 then."""
        self._vault, self._clock, self._progress = vault, clock, progress

    def once(
        self,
        run: Run,
        step: Step,
        kind: type[T],
        compute: Callable[[], T],
        *,
        also: Callable[[UnitOfWork, T], None] = lambda _uow, _value: None,
        say: Callable[[T], None] = lambda _value: None,
    ) -> T:
        """The step's stored result, or compute it now and store it (and `also`) before going on.

        `say` logs what is worth a line; a run that is picked up again does not repeat it.
        """
        with self._vault.read() as view:
            stored = view.runs.step(run.run_id, step)
        if stored is not None:
            return decode(kind, stored)
        log.info("step_started", step=step.value)
        self._progress(run.run_id, step, 0, 0)
        begun = self._clock.now()
        value = compute()
        document, now = encode(value), self._clock.now()
        with self._vault.write() as uow:
            also(uow, value)
            uow.runs.save_step(run.run_id, step, document, now)
            uow.audit.append(
                at=now,
                actor="scheduler",
                kind="step_finished",
                subject=run.run_id.hex,
                body={"step": step, "result": content_name(document)},
            )
        log.info("step_finished", step=step.value, seconds=round((now - begun).total_seconds(), 3))
        say(value)
        return value

    def find(self, run_id: UUID) -> Run:
        """The run as it stands; raises `UnknownNameError`."""
        with self._vault.read() as view:
            run = view.runs.get(run_id)
        if run is None:
            raise UnknownNameError(f"no run {run_id.hex}; `trimtab runs` lists the runs there are")
        return run

    def change(self, run: Run, **changes: object) -> Run:
        """The run with these fields changed, stored."""
        changed = replace(run, **changes)  # type: ignore[arg-type] # the fields' own names
        if changed != run:
            with self._vault.write() as uow:
                uow.runs.update(changed, self._clock.now())
        return changed

    def fail(self, run_id: UUID, error: str) -> None:
        """The run could not go on; it may be tried again."""
        log.error("run_failed", detail=error)
        self.change(self.find(run_id), status=RunStatus.FAILED, error=error)
