"""Everything that a vault in memory stores, and what each of its stores is."""

from copy import copy
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

from domain.allocations import AllocationFact
from domain.audit import AuditEntry
from domain.cases import CaseEntry
from domain.compliance import CheckResult
from domain.entries import ChangeEntry, Entry
from domain.orders import ExecutionReport, Order, OrderEvent
from domain.overrides import GivenOverride
from domain.ports import CustodyPosition, OutboxMessage
from domain.postings import Break, Transaction
from domain.rule_sets import RuleSet
from domain.runs import Approval, Kill, Run, Step
from domain.snapshot import Snapshot


@dataclass
class State:
    """Everything that is stored; every container is copied for a transaction."""

    runs: dict[UUID, Run] = field(default_factory=dict)
    steps: dict[tuple[UUID, Step], str] = field(default_factory=dict)
    fired: dict[tuple[str, datetime], UUID] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    order_names: dict[str, str] = field(default_factory=dict)
    events: list[tuple[str, OrderEvent]] = field(default_factory=list)
    executions: dict[tuple[str, date, str], ExecutionReport] = field(default_factory=dict)
    outbox: list[OutboxMessage] = field(default_factory=list)
    queued_at: dict[int, datetime] = field(default_factory=dict)
    handed: set[int] = field(default_factory=set)
    withdrawn: set[int] = field(default_factory=set)
    inbox: dict[tuple[str, int, int], str] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    durable: dict[str, int] = field(default_factory=dict)
    quarantine: list[tuple[str, int, str, str]] = field(default_factory=list)
    allocations: list[tuple[str, datetime, AllocationFact]] = field(default_factory=list)
    transactions: dict[str, Transaction] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)
    approvals: dict[UUID, Approval] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    changes: list[ChangeEntry] = field(default_factory=list)
    kills: dict[tuple[str, str], Kill] = field(default_factory=dict)
    rule_sets: dict[str, RuleSet] = field(default_factory=dict)
    checks: list[tuple[UUID, tuple[CheckResult, ...]]] = field(default_factory=list)
    breaks: list[tuple[UUID | None, Break]] = field(default_factory=list)
    cases: list[CaseEntry] = field(default_factory=list)
    overrides: list[GivenOverride] = field(default_factory=list)
    custody: list[CustodyPosition] = field(default_factory=list)
    flows: list[Transaction] = field(default_factory=list)

    def branch(self) -> "State":
        return State(**{f.name: copy(getattr(self, f.name)) for f in fields(self)})

    def frozen(self) -> "State":
        """A view whose containers refuse to change."""
        kinds = {dict: MappingProxyType, list: tuple, set: frozenset}
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return State(**{name: kinds[type(value)](value) for name, value in values.items()})


class Unit(Protocol):
    """What a store belongs to: one transaction, whose state a savepoint may put back."""

    state: State


class Part:
    """One store over the state of the unit of work."""

    def __init__(self, unit: "Unit") -> None:
        self._unit = unit

    @property
    def state(self) -> State:
        return self._unit.state
