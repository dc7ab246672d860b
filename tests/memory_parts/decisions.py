"""The stores of runs and of what was decided and found, in memory."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from domain.audit import Anchor, AuditEntry, link
from domain.cases import Case, CaseEntry
from domain.compliance import CheckResult
from domain.overrides import GivenOverride
from domain.postings import Break
from domain.rule_sets import RuleSet
from domain.runs import Approval, ApprovalStatus, Run, RunStatus, Step
from tests.memory_parts.state import Part


class Runs(Part):
    def add(self, run: Run) -> None:
        assert run.run_id not in self.state.runs
        self.state.runs[run.run_id] = run

    def get(self, run_id: UUID) -> Run | None:
        return self.state.runs.get(run_id)

    def recent(self, limit: int) -> tuple[Run, ...]:
        return tuple(reversed(self.state.runs.values()))[:limit]

    def with_status(self, *statuses: RunStatus) -> tuple[Run, ...]:
        return tuple(run for run in self.state.runs.values() if run.status in statuses)

    def update(self, run: Run, at: datetime) -> None:
        assert run.run_id in self.state.runs
        self.state.runs[run.run_id] = run

    def save_step(self, run_id: UUID, step: Step, document: str, at: datetime) -> None:
        self.state.steps[run_id, step] = document

    def step(self, run_id: UUID, step: Step) -> str | None:
        return self.state.steps.get((run_id, step))


class Triggers(Part):
    def claim(self, trigger: str, due: datetime, run_id: UUID, at: datetime) -> bool:
        return self.state.fired.setdefault((trigger, due), run_id) == run_id

    def last_due(self, trigger: str) -> datetime | None:
        return max((due for name, due in self.state.fired if name == trigger), default=None)


class AuditPart(Part):
    def append(
        self, *, at: datetime, actor: str, kind: str, subject: str, body: object
    ) -> AuditEntry:
        last = self.state.audit[-1] if self.state.audit else None
        head = None if last is None else Anchor(last.sequence, last.hash)
        entry = link(head, at=at, actor=actor, kind=kind, subject=subject, body=body)
        self.state.audit.append(entry)
        return entry

    def entries(self) -> tuple[AuditEntry, ...]:
        return tuple(self.state.audit)

    def about(self, subject: str) -> tuple[AuditEntry, ...]:
        return tuple(entry for entry in self.state.audit if entry.subject == subject)

    def latest(self) -> datetime | None:
        return self.state.audit[-1].at if self.state.audit else None


class Approvals(Part):
    def request(self, approval: Approval) -> None:
        self.state.approvals[approval.run_id] = approval

    def get(self, run_id: UUID) -> Approval | None:
        return self.state.approvals.get(run_id)

    def pending(self) -> tuple[Approval, ...]:
        every = self.state.approvals.values()
        return tuple(a for a in every if a.status is ApprovalStatus.PENDING)

    def decide(self, approval: Approval) -> None:
        assert approval.run_id in self.state.approvals
        self.state.approvals[approval.run_id] = approval


class RuleSets(Part):
    def add(self, rules: RuleSet) -> None:
        self.state.rule_sets.setdefault(rules.name, rules)

    def get(self, name: str) -> RuleSet | None:
        return self.state.rule_sets.get(name)

    def all(self) -> tuple[RuleSet, ...]:
        return tuple(self.state.rule_sets.values())


class Findings(Part):
    def add_checks(self, run_id: UUID, results: Sequence[CheckResult], at: datetime) -> None:
        self.state.checks.append((run_id, tuple(results)))

    def checks(self, run_id: UUID) -> tuple[CheckResult, ...]:
        batches = (results for owner, results in self.state.checks if owner == run_id)
        return tuple(result for results in batches for result in results)

    def add_breaks(self, run_id: UUID | None, breaks: Sequence[Break], at: datetime) -> None:
        self.state.breaks.extend((run_id, item) for item in breaks)

    def breaks(self, run_id: UUID | None = None) -> tuple[Break, ...]:
        return tuple(item for owner, item in self.state.breaks if run_id in {None, owner})


class Cases(Part):
    def append(self, entries: Sequence[CaseEntry]) -> None:
        self.state.cases.extend(entries)

    def standing(self) -> tuple[Case, ...]:
        newest = {entry.step.case.case_id: entry.step.case for entry in self.state.cases}
        return tuple(newest.values())

    def history(self, case_id: str) -> tuple[CaseEntry, ...]:
        return tuple(e for e in self.state.cases if e.step.case.case_id == case_id)


class Overrides(Part):
    def add(self, given: Sequence[GivenOverride]) -> None:
        self.state.overrides.extend(given)

    def all(self) -> tuple[GivenOverride, ...]:
        return tuple(self.state.overrides)

    def holding(self, day: date) -> tuple[GivenOverride, ...]:
        return tuple(one for one in self.state.overrides if one.holds(day))
