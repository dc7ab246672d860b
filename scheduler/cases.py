"""Looking at portfolios: the rules are asked of what is booked, and the register is kept.

An account in quarantine is asked nothing: what is wrong with it stands in its findings.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.cases import Case, CaseEntry, CaseEvent, CaseStep
from domain.compliance import CheckResult
from domain.ports import UnitOfWork
from domain.snapshot import Snapshot
from oms.compliance.filing import periodic_filings
from oms.compliance.register import Register, advance, remind
from oms.compliance.rules import Rule

Check = Callable[
    [Sequence[Rule], Snapshot, datetime, Collection[tuple[str, str]]], tuple[CheckResult, ...]
]
"""`oms.compliance.sweep.portfolios.check_portfolios`, wherever it computes."""

OFFICER = "oms"  # Who opens and closes cases by what a check found.


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """One look: what was held, and every answer about it."""

    snapshot: Snapshot
    answers: tuple[CheckResult, ...]
    periodic: frozenset[str]  # Filing rules that are due anew each period.

    def register(self, known: Sequence[Case]) -> Register:
        """The register after this look."""
        return advance(known, self.answers, self.snapshot.as_of, periodic=self.periodic)


def ask(
    check: Check, rules: Sequence[Rule], held: Snapshot, known: Iterable[Case], at: datetime
) -> Findings:
    """Ask the portfolio rules and the filing rules of what is held; `known` wait for an answer."""
    wanted = {(case.rule_id, case.subject) for case in known}
    return Findings(
        snapshot=held,
        answers=check(rules, held, at, wanted),
        periodic=periodic_filings(rules),
    )


def enter(uow: UnitOfWork, found: Findings, at: datetime) -> tuple[CaseStep, ...]:
    """Bring the register to what a look found, with its evidence and what it reminds of.

    The register is read in this transaction, so that what a person did meanwhile stands.
    """
    register = found.register(uow.cases.standing())
    is_news = any(step.what is not CaseEvent.MEASURED for step in register.steps)
    evidence = uow.snapshots.put(found.snapshot, at) if is_news else None
    record(uow, register.steps, at, by=OFFICER, snapshot_id=evidence)
    return (*register.steps, *remind_of(uow, register.open, found.snapshot.as_of, at))


def remind_of(
    uow: UnitOfWork, cases: Iterable[Case], day: date, at: datetime
) -> tuple[CaseStep, ...]:
    """Tell of the cases that are near their term or over it; each mark is told once."""
    steps = remind(cases, day)
    record(uow, steps, at, by=OFFICER)
    return steps


def record(
    uow: UnitOfWork,
    steps: Sequence[CaseStep],
    at: datetime,
    *,
    by: str,
    snapshot_id: str | None = None,
) -> None:
    """Keep the steps, and audit all but new numbers of what is known."""
    uow.cases.append(
        [CaseEntry(step=step, at=at, by=by, snapshot_id=snapshot_id) for step in steps]
    )
    for step in steps:
        if step.what is not CaseEvent.MEASURED:
            uow.audit.append(
                at=at,
                actor=by,
                kind=f"case_{step.what}",
                subject=step.case.case_id,
                body={
                    "detail": step.words,
                    "kind": step.case.kind,
                    "due": step.case.due,
                    "snapshot": snapshot_id,
                },
            )
