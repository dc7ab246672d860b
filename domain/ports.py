"""Ports: what one room may ask of another without importing it.

`vault` implements the storage side, `gateway` the wire, `oms` the sink of
executions; `console/app.py` joins them. One `UnitOfWork` is one transaction:
what happens in it is durable together or not at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.accounts import Account, Mandate
from domain.allocations import (
    AllocationAnswer,
    AllocationFact,
    AllocationInstruction,
    AllocationReport,
    AllocationSent,
)
from domain.audit import AuditEntry
from domain.cases import Case, CaseEntry
from domain.compliance import CheckResult
from domain.custody import CustodyHistory
from domain.entries import ChangeEntry, DayUse, Entry, Lately
from domain.instruments import Price, Security
from domain.lots import TaxLot
from domain.orders import (
    Alarm,
    CancelReject,
    CancelRequest,
    DayEnded,
    ExecutionReport,
    ListCancelRequest,
    Order,
    OrderEvent,
    OrderIntent,
    ReplaceRequest,
)
from domain.overrides import GivenOverride
from domain.postings import Break, Transaction
from domain.restrictions import Bars
from domain.rule_sets import RuleSet
from domain.runs import Approval, Kill, Run, RunStatus, Step
from domain.snapshot import CashBalance, Restriction, Snapshot
from domain.splits import Split


class Clock(Protocol):
    """The one source of time; a test, the demo and the service each bring their own."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class ComingFill(NamedTuple):
    """A fill that came in and is yet to be booked: its order, and the key it is kept by."""

    cl_ord_id: str
    venue: str
    trade_date: date
    exec_id: str


class ExecutionOutcome(StrEnum):
    """What recording an execution found."""

    NEW = "new"
    DUPLICATE = "duplicate"  # Same key, same content: already booked.
    CONFLICT = "conflict"  # Same key, other content: quarantine.


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    """OrderStatusRequest (35=H): how an order in doubt is resolved."""

    cl_ord_id: str
    requested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListExecuteRequest:
    """Our word that a list may begin: ListExecute (35=L). It begins a list once."""

    list_id: str
    requested_at: datetime
    attempt: int = 1  # Once more, where the broker shows that it never had the one before.

    @property
    def cl_ord_id(self) -> str:
        """What the outbox knows the message by; it has no ClOrdID."""
        return self.name(self.list_id, self.attempt)

    @staticmethod
    def name(list_id: str, attempt: int) -> str:
        """The same, of any attempt."""
        return f"{list_id}:L{attempt}"


OutboxBody = (
    OrderIntent
    | CancelRequest
    | ReplaceRequest
    | StatusRequest
    | ListCancelRequest
    | ListExecuteRequest
    | AllocationInstruction
    | AllocationAnswer
)
Kinds = tuple[type[OutboxBody], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A message committed before it is sent. Handed to the engine at most once."""

    number: int
    venue: str
    body: OutboxBody


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyPosition:
    """What a custodian's newest accepted file says of one account."""

    account_id: str
    custodian: str
    as_of: date
    lots: tuple[TaxLot, ...]
    cash: CashBalance


class SessionKind(StrEnum):
    """What a FIX session is for."""

    ORDERS = "orders"
    DROP_COPY = "drop_copy"  # The venue repeats its reports there; nothing is ordered or booked.


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """One FIX session as an operator wants to see it."""

    session: str  # "FIX.4.4:TRIMTAB->XSIM"
    venue: str
    kind: SessionKind = SessionKind.ORDERS
    logged_on: bool
    gate_open: bool  # Whether new orders may be sent; never on a drop copy.
    next_sender: int
    next_target: int
    durable_target: int  # Last inbound number that is committed.
    queue_depth: int
    in_doubt: int


class InboundMessage(NamedTuple):
    """One message as it was taken in; epochs count a session's resets."""

    epoch: int
    sequence: int
    raw: str


class RunStore(Protocol):
    """Runs and the stored results of their steps."""

    def add(self, run: Run) -> None: ...
    def get(self, run_id: UUID) -> Run | None: ...
    def recent(self, limit: int) -> tuple[Run, ...]: ...
    def with_status(self, *statuses: RunStatus) -> tuple[Run, ...]: ...
    def update(self, run: Run, at: datetime) -> None: ...
    def save_step(self, run_id: UUID, step: Step, document: str, at: datetime) -> None: ...
    def step(self, run_id: UUID, step: Step) -> str | None: ...
    def keep_part(self, run_id: UUID, step: Step, document: str, at: datetime) -> None: ...
    def parts(self, run_id: UUID, step: Step) -> tuple[str, ...]: ...  # Of a long step's result.


class TriggerStore(Protocol):
    """What has fired; (trigger, due) is unique."""

    def claim(self, trigger: str, due: datetime, run_id: UUID, at: datetime) -> bool: ...
    def last_due(self, trigger: str) -> datetime | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The securities there are and the latest price of each."""

    securities: tuple[Security, ...]
    prices: tuple[Price, ...]


class SnapshotStore(Protocol):
    """Snapshots, named by content."""

    def take(self, as_of: date) -> Snapshot: ...
    def market(self, as_of: date) -> Market: ...  # What `take` has of it, without the accounts.
    def accounts(self, as_of: date) -> tuple[Account, ...]: ...  # In quarantine or not.
    def restrictions(self, as_of: date) -> tuple[Restriction, ...]: ...  # In force that day.
    def closes(self, since: date, until: date) -> Mapping[str, Price]: ...  # The newest of each.
    def bars(self, at: datetime) -> Bars: ...  # What nobody, or not everybody, may trade then.
    def put(self, snapshot: Snapshot, taken_at: datetime) -> str: ...
    def get(self, snapshot_id: str) -> Snapshot | None: ...
    def mandates(self, snapshot_id: str) -> Mapping[str, Mandate]: ...  # By account; {}: no such.


class OrderStore(Protocol):
    """Intents, their events, and the projection of what stands."""

    def add(self, intent: OrderIntent) -> None: ...
    def get(self, cl_ord_id: str) -> Order | None: ...  # By any ClOrdID of its chain.
    def append(self, order: Order, event: OrderEvent, at: datetime) -> None: ...
    def events(self, cl_ord_id: str) -> tuple[OrderEvent, ...]: ...
    def of_run(self, run_id: UUID) -> tuple[Order, ...]: ...
    def open(self) -> tuple[Order, ...]: ...
    def open_names(self) -> frozenset[str]: ...  # What `open` has, by the intents' ClOrdIDs.
    def in_doubt(self, venue: str) -> int: ...  # How many of them.
    def recent(self, limit: int) -> tuple[Order, ...]: ...
    def record_execution(self, report: ExecutionReport, at: datetime) -> ExecutionOutcome: ...
    def executions(self, trade_date: date, venue: str) -> tuple[ExecutionReport, ...]: ...
    def execution(self, venue: str, day: date, exec_id: str) -> ExecutionReport | None: ...
    def executions_after(
        self, venue: str, number: int, limit: int
    ) -> tuple[tuple[int, ExecutionReport], ...]: ...  # Numbered in the order of booking.
    def last_execution(self) -> int: ...  # Its number; 0 before the first.


class Outbox(Protocol):
    """Messages to send, in order, each handed over at most once."""

    def queue(self, venue: str, body: OutboxBody, at: datetime) -> None: ...
    def waiting(
        self, venue: str, limit: int, besides: Kinds = ()
    ) -> tuple[OutboxMessage, ...]: ...  # Of other kinds than `besides`.
    def cancels_waiting(self, venue: str, limit: int) -> tuple[OutboxMessage, ...]: ...
    def is_asked(self, cl_ord_id: str) -> bool: ...  # Whether a question about it waits.
    def is_waiting(self, cl_ord_id: str) -> bool: ...  # Any other message of that name.
    def mark_handed(self, numbers: Sequence[int], at: datetime) -> None: ...
    def withdraw(self, cl_ord_id: str, at: datetime) -> bool: ...  # False when handed already.
    def queued_since(self, at: datetime, most: int) -> int: ...  # At most `most` are counted.
    def retract(self, numbers: Sequence[int], at: datetime) -> None: ...  # All must be waiting.


class Inbox(Protocol):
    """Raw inbound messages with their sequence numbers."""

    def record(self, session: str, sequence: int, raw: str, at: datetime) -> bool: ...
    def after(
        self, session: str, epoch: int, sequence: int, limit: int
    ) -> tuple[InboundMessage, ...]: ...  # In the order they were taken in.
    def durable_sequence(self, session: str) -> int: ...
    def taken_at(self, session: str) -> datetime | None: ...  # Its newest message; None: none.
    def reset_sequence(self, session: str, sequence: int, at: datetime) -> None: ...
    def quarantine(self, session: str, sequence: int, raw: str, why: str, at: datetime) -> None: ...
    def quarantined(self) -> tuple[tuple[str, int, str, str], ...]: ...


class AllocationStore(Protocol):
    """What was said between us and the brokers about a block's accounts."""

    def append(self, cl_ord_id: str, fact: AllocationFact, at: datetime) -> None: ...
    def of_order(self, cl_ord_id: str) -> tuple[AllocationFact, ...]: ...  # Oldest first.
    def order_of(self, alloc_id: str) -> str | None: ...  # The block of an instruction of ours.
    def report(self, venue: str, report_id: str) -> AllocationReport | None: ...
    def has_reports(self, venue: str) -> bool: ...  # Whether it ever reported an allocation.
    def unanswered(self, venue: str, before: datetime) -> tuple[AllocationSent, ...]:
        """What was sent before that time, has no answer at all, and is not in doubt."""
        ...


class LedgerStore(Protocol):
    """Transactions, append-only, and the folds of them."""

    def append(self, transaction: Transaction) -> None: ...
    def get(self, transaction_id: str) -> Transaction | None: ...
    def of_order(self, cl_ord_id: str) -> tuple[Transaction, ...]: ...
    def of_run(self, run_id: UUID) -> tuple[Transaction, ...]: ...
    def of_book(self, book: str, asset: str | None = None) -> tuple[Transaction, ...]: ...
    def since(self, day: date) -> tuple[Transaction, ...]: ...  # By trade date, that day too.
    def all(self) -> tuple[Transaction, ...]: ...
    def lots(
        self, account_id: str | None = None, security_id: str | None = None
    ) -> tuple[TaxLot, ...]: ...
    def balances(self, book: str | None = None) -> Mapping[tuple[str, str], Decimal]: ...
    def splits(self, security_id: str) -> tuple[Split, ...]: ...  # Of the clients, as booked.
    def wash_sales(self) -> tuple[Transaction, ...]: ...  # Whatever their day.


class AuditStore(Protocol):
    """The hash chain."""

    def append(
        self, *, at: datetime, actor: str, kind: str, subject: str, body: object
    ) -> AuditEntry: ...
    def entries(self) -> tuple[AuditEntry, ...]: ...
    def about(self, subject: str) -> tuple[AuditEntry, ...]: ...
    def latest(self) -> datetime | None: ...  # When its newest entry was written.


class ApprovalStore(Protocol):
    """Requests for approval and their answers."""

    def request(self, approval: Approval) -> None: ...
    def get(self, run_id: UUID) -> Approval | None: ...
    def pending(self) -> tuple[Approval, ...]: ...
    def decide(self, approval: Approval) -> None: ...


class KillStore(Protocol):
    """Kill switches, durable."""

    def set(self, kill: Kill) -> None: ...
    def lift(self, scope: str, name: str, by: str, at: datetime) -> bool: ...
    def active(self) -> tuple[Kill, ...]: ...


class RuleSetStore(Protocol):
    """Rule sets by name; the audit trail says which was in force, and when."""

    def add(self, rules: RuleSet) -> None: ...  # No more than once.
    def get(self, name: str) -> RuleSet | None: ...
    def all(self) -> tuple[RuleSet, ...]: ...  # Oldest first.


class FindingStore(Protocol):
    """Compliance answers and reconciliation breaks, by run."""

    def add_checks(self, run_id: UUID, results: Sequence[CheckResult], at: datetime) -> None: ...
    def checks(self, run_id: UUID) -> tuple[CheckResult, ...]: ...
    def add_breaks(self, run_id: UUID | None, breaks: Sequence[Break], at: datetime) -> None: ...
    def breaks(self, run_id: UUID | None = None) -> tuple[Break, ...]: ...


class CaseStore(Protocol):
    """The breach register: steps of cases, the newest of which is how a case stands."""

    def append(self, entries: Sequence[CaseEntry]) -> None: ...
    def standing(self) -> tuple[Case, ...]: ...  # Closed ones too.
    def history(self, case_id: str) -> tuple[CaseEntry, ...]: ...  # Oldest first.


class OverrideStore(Protocol):
    """Overrides that were given."""

    def add(self, given: Sequence[GivenOverride]) -> None: ...
    def all(self) -> tuple[GivenOverride, ...]: ...  # Oldest first.
    def holding(self, day: date) -> tuple[GivenOverride, ...]: ...  # Beyond their own run.


class EntryStore(Protocol):
    """What was entered; what provably never left, or never came to its venue, counts no more."""

    def add(self, entry: Entry) -> None: ...
    def add_change(self, entry: ChangeEntry) -> None: ...
    def take_back(self, cl_ord_id: str) -> None: ...  # Of a replace; once.
    def since(self, at: datetime) -> Lately: ...  # At least all from then on.
    def used(self, trade_date: date) -> DayUse: ...  # By orders and changes.
    def reserved(self, intent_id: str) -> Mapping[str, Decimal]: ...  # By account, ever.


class CustodyStore(Protocol):
    """What custodians told us, for the opening postings and for reconciliation."""

    def newest(self, as_of: date) -> tuple[CustodyPosition, ...]: ...
    def flows_to_post(self, as_of: date) -> tuple[Transaction, ...]: ...  # Not yet in the ledger.
    def history(self, position: CustodyPosition, as_of: date) -> CustodyHistory: ...


class UnitOfWork(Protocol):
    """One transaction over everything that is stored."""

    @property
    def runs(self) -> RunStore: ...
    @property
    def triggers(self) -> TriggerStore: ...
    @property
    def snapshots(self) -> SnapshotStore: ...
    @property
    def orders(self) -> OrderStore: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def allocations(self) -> AllocationStore: ...
    @property
    def ledger(self) -> LedgerStore: ...
    @property
    def audit(self) -> AuditStore: ...
    @property
    def approvals(self) -> ApprovalStore: ...
    @property
    def entries(self) -> EntryStore: ...
    @property
    def kills(self) -> KillStore: ...
    @property
    def rule_sets(self) -> RuleSetStore: ...
    @property
    def findings(self) -> FindingStore: ...
    @property
    def cases(self) -> CaseStore: ...
    @property
    def overrides(self) -> OverrideStore: ...
    @property
    def custody(self) -> CustodyStore: ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo only what happens inside when it raises; the transaction lives on."""
        ...

    def foresee(self, *, orders: Iterable[str] = (), fills: Iterable[ComingFill] = ()) -> None:
        """Orders that are about to be entered, and fills to be booked: only for speed."""
        ...


class Vault(Protocol):
    """The door to everything that is stored."""

    def write(self, *, takes_along: bool = False) -> AbstractContextManager[UnitOfWork]:
        """One transaction, one writer at a time; raises when the lease is another's.

        Commits at the end of the block, rolls back when it raises, and anchors
        the audit head outside the database after the commit. `takes_along`: those who wait
        in `join` may add to it before the commit.
        """
        ...

    def join(self) -> AbstractContextManager[UnitOfWork]:
        """Like `write`, for what is short; its commit may be one that another thread begins.

        A block that raises is undone by itself. When that commit fails, so does this one.
        """
        ...

    def read(self) -> AbstractContextManager[UnitOfWork]:
        """A consistent, read-only view; writing through it raises."""
        ...

    def is_awaited(self) -> bool:
        """Whether another thread waits to write: who writes much does it in parts."""
        ...

    def may_wait(self, venue: str) -> bool:
        """False only when no message waits to be sent to the venue; asks no database."""
        ...


class ExecutionSink(Protocol):
    """What the gateway hands a decoded message to, inside the inbox transaction."""

    def apply(
        self,
        uow: UnitOfWork,
        message: ExecutionReport | CancelReject | AllocationReport | DayEnded,
        at: datetime,
    ) -> tuple[Alarm, ...]:
        """Book it: order event, execution, ledger legs and audit, all in `uow`."""
        ...


class Wire(Protocol):
    """The gateway as the rest sees it."""

    def wake(self) -> None:
        """The outbox has something new. Returns at once."""
        ...

    def sessions(self) -> tuple[SessionState, ...]: ...

    def unsupported(self, intent: OrderIntent) -> str | None:
        """Why the order's venue does not take such an order, in a sentence; None when it does."""
        ...
