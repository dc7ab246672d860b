"""A vault in memory: `domain/ports.py` to the letter, without a database.

For tests of rooms that need a store but not its durability. A transaction
works on a copy that replaces the state when it commits, so a rollback is
honest; the facts are the same values that the real vault keeps.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

from domain.accounts import Account, Mandate
from domain.allocations import (
    AllocationAck,
    AllocationDoubted,
    AllocationFact,
    AllocationInstruction,
    AllocationLost,
    AllocationReport,
    AllocationSent,
)
from domain.audit import Anchor, AuditEntry, link
from domain.cases import Case, CaseEntry
from domain.codec import encode
from domain.compliance import CheckResult
from domain.custody import CustodyHistory
from domain.entries import ChangeEntry, DayUse, Entry, Lately, Recent
from domain.instruments import Price
from domain.lots import TaxLot
from domain.order_states import open_order
from domain.orders import (
    CancelRequest,
    ExecutionReport,
    ListCancelRequest,
    Order,
    OrderEvent,
    OrderIntent,
    OrdStatus,
)
from domain.overrides import GivenOverride
from domain.ports import (
    ComingFill,
    CustodyPosition,
    ExecutionOutcome,
    Market,
    OutboxBody,
    OutboxMessage,
    StatusRequest,
)
from domain.postings import Break, Leg, Transaction, TransactionKind
from domain.restrictions import Bars
from domain.rule_sets import RuleSet
from domain.runs import Approval, ApprovalStatus, Kill, Run, RunStatus, Step
from domain.snapshot import Restriction, Snapshot, name_of
from domain.splits import Split
from ledger import positions
from vault.entered import RecentOrders


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


class Part:
    """One store over the state of the unit of work."""

    def __init__(self, unit: "MemoryUnit") -> None:
        self._unit = unit

    @property
    def state(self) -> State:
        return self._unit.state


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


class Snapshots(Part):
    def take(self, as_of: date) -> Snapshot:
        raise NotImplementedError("a snapshot is assembled by the real vault only")

    def market(self, as_of: date) -> Market:
        raise NotImplementedError("a market is read by the real vault only")

    def closes(self, since: date, until: date) -> Mapping[str, Price]:
        found = (price for book in self.state.snapshots.values() for price in book.prices)
        return {price.security_id: price for price in found if since <= price.day <= until}

    def accounts(self, as_of: date) -> tuple[Account, ...]:
        raise NotImplementedError("accounts are read by the real vault only")

    def restrictions(self, as_of: date) -> tuple[Restriction, ...]:
        return ()

    def bars(self, at: datetime) -> Bars:
        return {}

    def put(self, snapshot: Snapshot, taken_at: datetime) -> str:
        name = name_of(snapshot)
        self.state.snapshots[name] = snapshot
        return name

    def get(self, snapshot_id: str) -> Snapshot | None:
        return self.state.snapshots.get(snapshot_id)

    def mandates(self, snapshot_id: str) -> Mapping[str, Mandate]:
        snapshot = self.get(snapshot_id)
        if snapshot is None:
            return {}
        by_id = {mandate.mandate_id: mandate for mandate in snapshot.mandates}
        return {
            account.account_id: by_id[account.mandate_id]
            for account in snapshot.accounts
            if account.mandate_id in by_id
        }


class Orders(Part):
    def add(self, intent: OrderIntent) -> None:
        assert intent.cl_ord_id not in self.state.order_names, "a ClOrdID is used once"
        self.state.order_names[intent.cl_ord_id] = intent.cl_ord_id
        self.state.orders[intent.cl_ord_id] = open_order(intent)

    def get(self, cl_ord_id: str) -> Order | None:
        name = self.state.order_names.get(cl_ord_id)
        return None if name is None else self.state.orders[name]

    def append(self, order: Order, event: OrderEvent, at: datetime) -> None:
        own = order.intent.cl_ord_id
        for name in order.chain:
            assert self.state.order_names.setdefault(name, own) == own
        self.state.orders[own] = order
        self.state.events.append((own, event))

    def events(self, cl_ord_id: str) -> tuple[OrderEvent, ...]:
        own = self.state.order_names.get(cl_ord_id)
        return tuple(event for name, event in self.state.events if name == own)

    def of_run(self, run_id: UUID) -> tuple[Order, ...]:
        return tuple(o for o in self.state.orders.values() if o.intent.run_id == run_id)

    def open(self) -> tuple[Order, ...]:
        return tuple(order for order in self.state.orders.values() if not order.is_closed)

    def open_names(self) -> frozenset[str]:
        return frozenset(order.intent.cl_ord_id for order in self.open())

    def in_doubt(self, venue: str) -> int:
        return sum(order.in_doubt for order in self.open() if order.intent.venue == venue)

    def recent(self, limit: int) -> tuple[Order, ...]:
        return tuple(reversed(self.state.orders.values()))[:limit]

    def record_execution(self, report: ExecutionReport, at: datetime) -> ExecutionOutcome:
        key = (report.venue, report.trade_date, report.exec_id)
        known = self.state.executions.get(key)
        if known is None:
            self.state.executions[key] = report
            return ExecutionOutcome.NEW
        same = encode(known) == encode(report)
        return ExecutionOutcome.DUPLICATE if same else ExecutionOutcome.CONFLICT

    def executions(self, trade_date: date, venue: str) -> tuple[ExecutionReport, ...]:
        wanted = (venue, trade_date)
        return tuple(r for key, r in self.state.executions.items() if key[:2] == wanted)


class OutboxPart(Part):
    def queue(self, venue: str, body: OutboxBody, at: datetime) -> None:
        number = len(self.state.outbox) + 1
        self.state.outbox.append(OutboxMessage(number=number, venue=venue, body=body))
        self.state.queued_at[number] = at

    def queued_since(self, at: datetime, most: int) -> int:
        newest = list(self.state.queued_at.values())[-most:]
        return sum(queued >= at for queued in newest)

    def waiting(self, venue: str, limit: int) -> tuple[OutboxMessage, ...]:
        gone = self.state.handed | self.state.withdrawn
        found = (m for m in self.state.outbox if m.venue == venue and m.number not in gone)
        return tuple(found)[:limit]

    def is_asked(self, cl_ord_id: str) -> bool:
        return any(isinstance(m.body, StatusRequest) for m in self._named(cl_ord_id))

    def is_waiting(self, cl_ord_id: str) -> bool:
        return any(not isinstance(m.body, StatusRequest) for m in self._named(cl_ord_id))

    def _named(self, cl_ord_id: str) -> list[OutboxMessage]:
        gone = self.state.handed | self.state.withdrawn
        return [
            m for m in self.state.outbox if m.body.cl_ord_id == cl_ord_id and m.number not in gone
        ]

    def cancels_waiting(self, venue: str, limit: int) -> tuple[OutboxMessage, ...]:
        every = self.waiting(venue, len(self.state.outbox))
        return tuple(m for m in every if isinstance(m.body, CancelRequest | ListCancelRequest))[
            :limit
        ]

    def mark_handed(self, numbers: Sequence[int], at: datetime) -> None:
        assert not self.state.handed & set(numbers), "handed at most once"
        self.state.handed.update(numbers)

    def withdraw(self, cl_ord_id: str, at: datetime) -> bool:
        gone = self.state.handed | self.state.withdrawn
        for message in self.state.outbox:
            if message.body.cl_ord_id == cl_ord_id and message.number not in gone:
                self.state.withdrawn.add(message.number)
                return True
        return False


class InboxPart(Part):
    def record(self, session: str, sequence: int, raw: str, at: datetime) -> bool:
        key = (session, self.state.epochs.get(session, 0), sequence)
        if key in self.state.inbox:
            return False
        self.state.inbox[key] = raw
        self.state.durable[session] = max(self.state.durable.get(session, 0), sequence)
        return True

    def durable_sequence(self, session: str) -> int:
        return self.state.durable.get(session, 0)

    def reset_sequence(self, session: str, sequence: int, at: datetime) -> None:
        if sequence < self.state.durable.get(session, 0):
            self.state.epochs[session] = self.state.epochs.get(session, 0) + 1
        self.state.durable[session] = sequence

    def quarantine(self, session: str, sequence: int, raw: str, why: str, at: datetime) -> None:
        self.state.quarantine.append((session, sequence, raw, why))

    def quarantined(self) -> tuple[tuple[str, int, str, str], ...]:
        return tuple(self.state.quarantine)


class AllocationsPart(Part):
    def append(self, cl_ord_id: str, fact: AllocationFact, at: datetime) -> None:
        self.state.allocations.append((cl_ord_id, at, fact))

    def of_order(self, cl_ord_id: str) -> tuple[AllocationFact, ...]:
        return tuple(fact for name, _, fact in self.state.allocations if name == cl_ord_id)

    def order_of(self, alloc_id: str) -> str | None:
        for name, _, fact in self.state.allocations:
            if isinstance(fact, AllocationInstruction) and fact.alloc_id == alloc_id:
                return name
        return None

    def report(self, venue: str, report_id: str) -> AllocationReport | None:
        for _, _, fact in self.state.allocations:
            if isinstance(fact, AllocationReport) and fact.report_id == report_id:
                return fact if fact.venue == venue else None
        return None

    def has_reports(self, venue: str) -> bool:
        facts = (fact for _, _, fact in self.state.allocations)
        return any(isinstance(one, AllocationReport) and one.venue == venue for one in facts)

    def unanswered(self, venue: str, before: datetime) -> tuple[AllocationSent, ...]:
        settling = AllocationAck | AllocationLost | AllocationDoubted
        facts = [(at, fact) for _, at, fact in self.state.allocations]
        settled = {fact.alloc_id for _, fact in facts if isinstance(fact, settling)}
        return tuple(
            fact
            for at, fact in facts
            if isinstance(fact, AllocationSent)
            and fact.venue == venue
            and at < before
            and fact.alloc_id not in settled
        )


class Ledger(Part):
    def append(self, transaction: Transaction) -> None:
        known = self.state.transactions.setdefault(transaction.transaction_id, transaction)
        assert encode(known) == encode(transaction), "one id, one content"
        positions.lots(self.all())  # Refuses a lot that is relieved of more than it has.

    def get(self, transaction_id: str) -> Transaction | None:
        return self.state.transactions.get(transaction_id)

    def of_order(self, cl_ord_id: str) -> tuple[Transaction, ...]:
        return tuple(t for t in self.all() if t.cl_ord_id == cl_ord_id)

    def of_run(self, run_id: UUID) -> tuple[Transaction, ...]:
        return tuple(t for t in self.all() if t.run_id == run_id)

    def of_book(self, book: str, asset: str | None = None) -> tuple[Transaction, ...]:
        def moves(leg: Leg) -> bool:
            return leg.book == book and asset in {None, leg.asset}

        return tuple(t for t in self.all() if any(map(moves, t.legs)))

    def since(self, day: date) -> tuple[Transaction, ...]:
        return tuple(t for t in self.state.transactions.values() if t.trade_date >= day)

    def all(self) -> tuple[Transaction, ...]:
        return tuple(self.state.transactions.values())

    def lots(
        self, account_id: str | None = None, security_id: str | None = None
    ) -> tuple[TaxLot, ...]:
        every = positions.lots(self.all())
        return tuple(
            lot
            for lot in every
            if account_id in {None, lot.account_id} and security_id in {None, lot.security_id}
        )

    def balances(self, book: str | None = None) -> Mapping[tuple[str, str], Decimal]:
        every = positions.balances(self.all())
        return {key: quantity for key, quantity in every.items() if book in {None, key[0]}}

    def wash_sales(self) -> tuple[Transaction, ...]:
        return tuple(one for one in self.all() if one.kind is TransactionKind.WASH_SALE)

    def splits(self, security_id: str) -> tuple[Split, ...]:
        of_clients = (t.split for t in self.all() if t.cl_ord_id is None)
        return tuple(one for one in of_clients if one and one.security_id == security_id)


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


class Kills(Part):
    def set(self, kill: Kill) -> None:
        self.state.kills[kill.scope, kill.name] = kill

    def lift(self, scope: str, name: str, by: str, at: datetime) -> bool:
        return self.state.kills.pop((scope, name), None) is not None

    def active(self) -> tuple[Kill, ...]:
        return tuple(self.state.kills.values())


class RuleSets(Part):
    def add(self, rules: RuleSet) -> None:
        self.state.rule_sets.setdefault(rules.name, rules)

    def get(self, name: str) -> RuleSet | None:
        return self.state.rule_sets.get(name)

    def all(self) -> tuple[RuleSet, ...]:
        return tuple(self.state.rule_sets.values())


class Entries(Part):
    def add(self, entry: Entry) -> None:
        self.state.entries[entry.cl_ord_id] = entry

    def add_change(self, entry: ChangeEntry) -> None:
        self.state.changes.append(entry)

    def take_back(self, cl_ord_id: str) -> None:
        kept = [one for one in self.state.changes if one.cl_ord_id != cl_ord_id]
        self.state.changes[:] = kept

    def since(self, at: datetime) -> Lately:
        found = RecentOrders()
        found.know(at, list)
        for one in self._counted():
            if one.at >= at:
                recent = Recent(cl_ord_id=one.cl_ord_id, at=one.at, likeness=one.likeness)
                found.add(one.at, recent)
        return found

    def used(self, trade_date: date) -> DayUse:
        by_account: defaultdict[str, Decimal] = defaultdict(Decimal)
        by_strategy: defaultdict[str, Decimal] = defaultdict(Decimal)
        orders = self.state.orders
        changes = [
            one
            for one in self.state.changes
            if orders[one.intent_id].status is not OrdStatus.UNSENT
        ]
        for one in (*self._counted(), *changes):
            for part in one.parts if one.trade_date == trade_date else ():
                by_account[part.account_id] += part.notional
                by_strategy[part.strategy] += part.notional
        return DayUse.summed(by_account=dict(by_account), by_strategy=dict(by_strategy))

    def reserved(self, intent_id: str) -> Mapping[str, Decimal]:
        entered = [one for name, one in self.state.entries.items() if name == intent_id]
        changed = [one for one in self.state.changes if one.intent_id == intent_id]
        found: defaultdict[str, Decimal] = defaultdict(Decimal)
        for one in (*entered, *changed):
            for part in one.parts:
                found[part.account_id] += part.notional
        return dict(found)

    def _counted(self) -> list[Entry]:
        orders = self.state.orders
        return [
            one
            for one in self.state.entries.values()
            if orders[one.cl_ord_id].status is not OrdStatus.UNSENT
        ]


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


class Custody(Part):
    def newest(self, as_of: date) -> tuple[CustodyPosition, ...]:
        return tuple(position for position in self.state.custody if position.as_of <= as_of)

    def history(self, position: CustodyPosition, as_of: date) -> CustodyHistory:
        """Its files say nothing."""
        return CustodyHistory(purchases={}, lots={})

    def flows_to_post(self, as_of: date) -> tuple[Transaction, ...]:
        posted = self.state.transactions
        due = (flow for flow in self.state.flows if flow.trade_date <= as_of)
        return tuple(flow for flow in due if flow.transaction_id not in posted)


class MemoryUnit:
    """One transaction: a branch of the state."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.runs = Runs(self)
        self.triggers = Triggers(self)
        self.snapshots = Snapshots(self)
        self.orders = Orders(self)
        self.outbox = OutboxPart(self)
        self.inbox = InboxPart(self)
        self.allocations = AllocationsPart(self)
        self.ledger = Ledger(self)
        self.audit = AuditPart(self)
        self.approvals = Approvals(self)
        self.entries = Entries(self)
        self.kills = Kills(self)
        self.rule_sets = RuleSets(self)
        self.findings = Findings(self)
        self.cases = Cases(self)
        self.overrides = Overrides(self)
        self.custody = Custody(self)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        before = self.state.branch()
        try:
            yield
        except BaseException:
            self.state = before
            raise

    def foresee(self, *, orders: Iterable[str] = (), fills: Iterable[ComingFill] = ()) -> None:
        """Nothing is far away here."""


class MemoryVault:
    """The door. `custody` and `flows` are what custodians say; a test may set them."""

    def __init__(
        self, custody: Sequence[CustodyPosition] = (), flows: Sequence[Transaction] = ()
    ) -> None:
        self._lock = threading.RLock()
        self._state = replace(State(), custody=list(custody), flows=list(flows))

    @contextmanager
    def write(self, *, takes_along: bool = False) -> Iterator[MemoryUnit]:
        with self._lock:
            unit = MemoryUnit(self._state.branch())
            yield unit
            self._state = unit.state

    def join(self) -> AbstractContextManager[MemoryUnit]:
        return self.write()

    @contextmanager
    def read(self) -> Iterator[MemoryUnit]:
        with self._lock:
            unit = MemoryUnit(self._state.branch().frozen())
        yield unit
