"""Decisions: a basket is released by the policy or by a second person, and never by chance.

What was decided is stored as the run's APPROVE step; the run goes on from there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from domain.codec import decode, encode
from domain.errors import BadInputError, UnknownNameError
from domain.overrides import GivenOverride
from domain.ports import UnitOfWork
from domain.recommendations import Basket, Recommendation
from domain.runs import Approval, Run, RunStatus, Step
from oms import approval as approvals
from oms.basket import Override, refuse_terms, settle

REQUESTER = "trimtab"  # Who asks for what was due; a run that was started by hand is its starter's.
POLICY = "policy"
SCHEDULER = "scheduler"  # The actor of runs that were due.


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The basket to release, who decided it, and why."""

    basket: Basket
    by: str  # A person, or "policy".
    why: str


class NotAwaitedError(BadInputError):
    """Somebody decides about a run that does not wait for a decision."""

    def __init__(self, run: Run) -> None:
        super().__init__(
            f"run {run.run_id.hex} is {run.status.value.replace('_', ' ')}; "
            "`trimtab approvals` lists what waits for a decision"
        )
        self.run = run


class NotFailedError(BadInputError):
    """Somebody wants to try a run again that has not failed."""

    def __init__(self, run: Run) -> None:
        super().__init__(
            f"run {run.run_id.hex} is {run.status.value.replace('_', ' ')}; "
            "only a failed run can be tried again"
        )
        self.run = run


def request(uow: UnitOfWork, run: Run, basket: Basket, why: str, at: datetime) -> Approval:
    """Put the basket on a second person's desk."""
    asked = Approval(
        run_id=run.run_id,
        content_hash=basket.content_hash,
        requested_by=_starter(uow, run),
        requested_at=at,
        why=why,
    )
    uow.approvals.request(asked)
    uow.audit.append(
        at=at,
        actor=REQUESTER,
        kind="approval_requested",
        subject=run.run_id.hex,
        body={"basket": asked.content_hash, "why": why},
    )
    return asked


def _starter(uow: UnitOfWork, run: Run) -> str:
    """Whoever started a run must not be its second person."""
    actors = [e.actor for e in uow.audit.about(run.run_id.hex) if e.kind == "trigger_fired"]
    return actors[0] if actors and actors[0] != SCHEDULER else REQUESTER


def approve(
    uow: UnitOfWork,
    run: Run,
    *,
    by: str,
    why: str,
    overrides: Mapping[tuple[str, str], Override],
    at: datetime,
) -> Approval:
    """A second person's yes, with the breaches that this person lets through.

    Raises what `oms.approval.approve`, `oms.basket.settle` and `oms.basket.refuse_terms`
    raise, and `NotAwaitedError`. The decision and the run's next step are one transaction.
    """
    asked, basket = _awaited(uow, run)
    final = basket
    if overrides:
        refuse_terms(overrides, at.date())
        wanted = decode(tuple[Recommendation, ...], _step(uow, run, Step.RECOMMEND))
        final = settle(basket.snapshot_id, wanted, basket.results, overrides)
    decided = approvals.approve(asked, by=by, at=at, reason=why, requested=basket, final=final)
    uow.approvals.decide(decided)
    uow.overrides.add(_given(run, final, overrides, at))
    decision = Decision(basket=final, by=by, why=why or "approved")
    uow.runs.save_step(run.run_id, Step.APPROVE, encode(decision), at)
    let_through = {
        f"{rule}:{account}": override.reason for (rule, account), override in overrides.items()
    }
    body = {"basket": decided.released_hash, "why": why, "overrides": let_through}
    uow.audit.append(at=at, actor=by, kind="run_approved", subject=run.run_id.hex, body=body)
    uow.runs.update(replace(run, status=RunStatus.RUNNING), at)
    return decided


def _given(
    run: Run, final: Basket, overrides: Mapping[tuple[str, str], Override], at: datetime
) -> list[GivenOverride]:
    """Each override with the words that it lets through; rules on orders may say several."""
    given = {}
    for answer in final.results:
        override = overrides.get((answer.rule_id, answer.subject))
        if override is not None:
            given[answer.rule_id, answer.subject] = GivenOverride(
                rule_id=answer.rule_id,
                rule_version=answer.rule_version,
                account_id=answer.subject,
                by=override.by,
                why=override.why,
                run_id=run.run_id,
                given=at,
                until=override.until,
                sentence=answer.sentence,
            )
    return list(given.values())


def reject(uow: UnitOfWork, run: Run, *, by: str, why: str, at: datetime) -> Approval:
    """A second person's no: the run ends here and nothing was sent."""
    asked, _ = _awaited(uow, run)
    decided = approvals.reject(asked, by=by, at=at, reason=why)
    uow.approvals.decide(decided)
    uow.audit.append(
        at=at,
        actor=by,
        kind="run_rejected",
        subject=run.run_id.hex,
        body={"basket": decided.content_hash, "why": why},
    )
    uow.runs.update(replace(run, status=RunStatus.REJECTED, finished_at=at), at)
    return decided


def retry(uow: UnitOfWork, run: Run, *, by: str, at: datetime) -> Run:
    """Let a failed run go on from the step that failed, on the same snapshot.

    Nothing is decided anew: what was approved stays approved, what was not still
    waits. Raises `NotFailedError`.
    """
    if run.status is not RunStatus.FAILED:
        raise NotFailedError(run)
    again = replace(run, status=RunStatus.RUNNING, error=None)
    uow.runs.update(again, at)
    body = {"error": run.error}
    uow.audit.append(at=at, actor=by, kind="run_retried", subject=run.run_id.hex, body=body)
    return again


def _awaited(uow: UnitOfWork, run: Run) -> tuple[Approval, Basket]:
    asked = uow.approvals.get(run.run_id)
    if asked is None:
        raise NotAwaitedError(run)
    return asked, decode(Basket, _step(uow, run, Step.CHECK))


def _step(uow: UnitOfWork, run: Run, step: Step) -> str:
    stored = uow.runs.step(run.run_id, step)
    if stored is None:
        raise UnknownNameError(f"run {run.run_id.hex} has not reached its step {step.value!r}")
    return stored
