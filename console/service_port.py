"""What the command line and the API may ask of the service.

`console.app` implements `Service` over the vault; `console.client` implements
it over the local API. Every answer is a frozen value that `domain.codec` can
write and read back, so both ends of the wire speak in the same words.

A run is named by its id in hex, by a part of it that fits one run only, or by
"last". An unknown name raises `UnknownNameError` saying what to do next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from domain.cases import Case, CaseEntry
from domain.compliance import CheckResult
from domain.orders import Settlement
from domain.overrides import GivenOverride
from domain.ports import SessionState
from domain.postings import Break
from domain.rule_sets import RulesEntry, RuleSet
from domain.runs import Approval, Kill, Run, Urgency
from oms.by_hand.order import HandOrder
from scheduler.summary import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the service is, in one look."""

    version: str
    now: datetime
    started_at: datetime
    holder: str  # Who holds the writer's lease.
    pid: int  # The service's process on this machine.
    open_runs: int
    open_orders: int
    in_doubt: int
    kills: tuple[Kill, ...]
    sessions: tuple[SessionState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One order as an operator wants to see it; words instead of FIX codes."""

    cl_ord_id: str
    run_id: UUID
    venue: str
    security_id: str
    symbol: str
    side: str  # "buy", "sell"
    status: str  # "new", "partially filled", "filled", ...
    order_qty: Decimal
    limit_price: Decimal | None
    cum_qty: Decimal
    leaves_qty: Decimal
    avg_px: Decimal | None  # Rounded to six places; None before the first fill.
    gross: Decimal  # Exact sum of LastQty x LastPx.
    commission: Decimal
    in_doubt: bool
    reason: str
    trade_date: date
    account_ids: tuple[str, ...]
    terms: str = ""  # Kind, prices, duration and algorithm: "stop 150 for the day".


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTerms:
    """What of an order is to change; what is None stays as it is."""

    quantity: Decimal | None = None
    limit: Decimal | None = None  # Dollars a share, as `stop`.
    stop: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeLine:
    """One thing that happened to an order; empty where the message does not say it."""

    at: datetime
    message: str  # "NewOrderSingle", "ExecutionReport", ...; in words what is no message.
    cl_ord_id: str
    exec_id: str = ""
    exec_type: str = ""
    ord_status: str = ""
    last_qty: Decimal | None = None
    last_px: Decimal | None = None
    cum_qty: Decimal | None = None
    leaves_qty: Decimal | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSplit:
    """An implementation shortfall in dollars, a cost positive; `oms.tca` has the formulas."""

    delay: Decimal
    impact: Decimal
    opportunity: Decimal
    cost: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """What an order cost against the decision, and the moments it is measured from."""

    decided_at: datetime
    decision_price: Decimal
    arrived_at: datetime  # When the desk committed it,
    arrival_price: Decimal  # and the newest price that was known then.
    first_routed: datetime | None  # When it was handed to the engine.
    last_price: Decimal | None  # At which what did not trade is valued; None: not known yet.
    shortfall: CostSplit | None  # None as long as such a price is missing.


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLife:
    """An order as it stands, every ClOrdID it had, and all that happened to it."""

    order: OrderLine
    order_id: str  # The venue's; empty until it has told.
    chain: tuple[str, ...]  # Oldest first.
    pending: tuple[str, ...]  # ClOrdIDs of changes that the venue has not answered.
    life: tuple[LifeLine, ...]
    costs: CostLine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionLine:
    """What one account holds of one asset; cash has the security id "USD"."""

    account_id: str
    security_id: str
    symbol: str
    quantity: Decimal
    lots: int
    basis: Decimal | None  # Dollars; None for cash.
    price: Decimal | None  # The newest known close; None when there is none.
    market_value: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LotLine:
    """One open tax lot."""

    account_id: str
    symbol: str
    lot_id: str
    quantity: Decimal
    named: Decimal  # Of these, shares that open sales have named and not taken yet.
    basis: Decimal  # Dollars.
    acquired: date
    term: str  # "short", "long", if sold today.


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetail:
    """One run with everything that came of it."""

    run: Run
    steps: tuple[str, ...]  # Those whose result is stored.
    approval: Approval | None
    orders: tuple[OrderLine, ...]
    not_passed: tuple[CheckResult, ...]
    breaks: tuple[Break, ...]
    summary: Summary | None = None  # Once the run is reconciled.
    left_out: tuple[str, ...] = ()  # Why something was stopped or cut when orders were released.


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedLine:
    """One trade of one account as the run would make it: what an approver looks at."""

    account_id: str
    symbol: str
    side: str  # "buy", "sell"
    quantity: Decimal
    price: Decimal  # The snapshot's.
    notional: Decimal
    expected_cost: Decimal
    expected_tax: Decimal
    is_held: bool  # A rule holds the account: nothing of it goes out.
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """An explanation: plain sentences for people, and the facts behind them for programs."""

    subject: str
    lines: tuple[str, ...]
    facts: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPart:
    """How many of an order's shares one account gets."""

    account_id: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitWish:
    """Each `old` shares of a security became `new` on `day`."""

    symbol: str
    new: int
    old: int
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentWish:
    """What the books of one account lack; see `ledger.adjustments.Adjustment`."""

    account_id: str
    cash: Decimal | None = None
    symbol: str | None = None
    shares: Decimal | None = None
    cost: Decimal | None = None
    acquired: date | None = None
    lot_id: str | None = None
    day: date | None = None  # None: today.


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideRequest:
    """A second person's wish to let one overridable breach of one account pass."""

    rule_id: str
    account_id: str
    why: str
    until: date | None = None  # Also in later runs, up to that day; None: in this run only.


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestProblem:
    """One reason why a file was refused."""

    line: int  # 0 when it concerns the whole file.
    field: str
    value: str
    message: str  # What is wrong and what to do about it.


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestLine:
    """What came of one file."""

    file: str
    outcome: str  # "accepted", "unchanged", "refused"
    rows: int
    problems: tuple[IngestProblem, ...] = ()
    notes: tuple[str, ...] = ()  # Of losses that came with an account; each names its line.


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerdict:
    """Whether the audit chain holds, and how far it reaches."""

    verified: bool
    entries: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksVerdict:
    """Whether the ledger balances and what is kept beside it agrees with it."""

    balanced: bool
    transactions: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """One thing that was looked at before start. `remedy` is empty when it holds."""

    name: str
    ok: bool
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQuery:
    """Which orders to list, newest first; None and False mean "any"."""

    run: str | None = None
    account_id: str | None = None
    symbol: str | None = None
    open_only: bool = False
    limit: int = 200


class Reading(Protocol):
    """Questions. They never change anything."""

    def runs(self, limit: int) -> tuple[Run, ...]: ...
    def run(self, run: str) -> RunDetail: ...
    def orders(self, query: OrderQuery) -> tuple[OrderLine, ...]: ...
    def order(self, name: str) -> OrderLife: ...  # Any ClOrdID of its chain.
    def positions(self, account_id: str | None) -> tuple[PositionLine, ...]: ...
    def lots(self, account_id: str | None) -> tuple[LotLine, ...]: ...
    def breaks(self, run: str | None) -> tuple[Break, ...]: ...
    def approvals(self) -> tuple[Approval, ...]: ...
    def kills(self) -> tuple[Kill, ...]: ...
    def rules_history(self) -> tuple[RulesEntry, ...]: ...  # Oldest first.
    def rule_set(self, name: str) -> RuleSet: ...  # By the beginning of its name.
    def cases(self, *, open_only: bool) -> tuple[Case, ...]: ...
    def case(self, case_id: str) -> tuple[CaseEntry, ...]: ...  # What happened to it.
    def overrides(self) -> tuple[GivenOverride, ...]: ...
    def explain(self, subject: str, run: str | None = None) -> Telling: ...  # Order, or account.
    def proposed(self, run: str) -> tuple[ProposedLine, ...]: ...
    def trace(self, run: str) -> Telling: ...
    def audit_verify(self) -> AuditVerdict: ...
    def audit_export(self) -> Iterator[str]: ...  # JSON lines.


class Changing(Protocol):
    """Wishes. Each is one use case, with the person who asks for it."""

    def trigger(
        self, name: str, account_ids: Sequence[str], by: str, urgency: Urgency | None = None
    ) -> Run: ...
    def approve(
        self, run: str, by: str, why: str, overrides: Sequence[OverrideRequest]
    ) -> Approval: ...
    def reject(self, run: str, by: str, why: str) -> Approval: ...
    def retry(self, run: str, by: str) -> Run: ...
    def close_case(self, case_id: str, by: str, why: str) -> Case: ...
    def new_order(self, order: HandOrder, by: str, why: str) -> Run: ...
    def cancel(self, order: str, by: str, why: str) -> OrderLine: ...
    def replace(self, order: str, terms: NewTerms, by: str, why: str) -> OrderLine: ...
    def propose_raise(self, order: str, terms: NewTerms, by: str, why: str) -> Telling: ...
    def agree_raise(self, order: str, by: str) -> Telling: ...
    def propose_settlement(self, order: str, what: Settlement, by: str, why: str) -> Telling: ...
    def second_settlement(self, order: str, by: str) -> Telling: ...
    def propose_adoption(
        self, order: str, parts: Sequence[AccountPart], run: str, by: str, why: str
    ) -> Telling: ...
    def agree_adoption(self, order: str, by: str) -> Telling: ...
    def propose_split(self, wish: SplitWish, by: str, why: str) -> Telling: ...
    def agree_split(self, symbol: str, day: date, by: str) -> Telling: ...
    def propose_adjustment(self, wish: AdjustmentWish, by: str, why: str) -> Telling: ...
    def agree_adjustment(self, account_id: str, number: int, by: str) -> Telling: ...
    def propose_rules(self, path: Path, by: str, why: str) -> Telling: ...
    def agree_rules(self, name: str, by: str) -> Telling: ...
    def halt(self, scope: str, name: str, by: str, why: str) -> Kill: ...
    def resume(self, scope: str, name: str, by: str, why: str) -> bool: ...  # False: was not set.
    def ingest(
        self, paths: Sequence[Path], by: str, *, replace: bool
    ) -> tuple[IngestLine, ...]: ...
    def reconcile(self, path: Path) -> tuple[Break, ...]: ...


class Service(Reading, Changing, Protocol):
    """Everything; what a running service also tells of itself."""

    def health(self) -> Health: ...
    def sessions(self) -> tuple[SessionState, ...]: ...
    def stop(self, by: str) -> None: ...  # Asks for an orderly stop and returns.
