"""Small facts for the storage tests; each builder takes what a test cares about."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from domain.compliance import CheckResult, Force, Verdict
from domain.instruments import CASH, PriceHistory
from domain.lots import TaxLot, Term
from domain.orders import (
    Allocation,
    ExecType,
    ExecutionReport,
    OrderIntent,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
)
from domain.postings import Break, Leg, Relief, Transaction, TransactionKind
from domain.runs import Approval, Kill, Run, RunStatus, TriggerKind
from domain.snapshot import Snapshot

AT = datetime(2026, 3, 2, 15, 0, 0, 123456, tzinfo=UTC)
DAY = date(2026, 3, 2)
RUN = UUID("0190f3a2-0000-7000-8000-00000000abcd")
APPLE = "US0378331005"


def a_run(run_id: UUID = RUN, **changes: object) -> Run:
    values: dict[str, object] = {
        "run_id": run_id,
        "trigger": "month_end",
        "kind": TriggerKind.CALENDAR,
        "due": AT,
        "why": "the last business day",
        "account_ids": ("A1", "A2"),
        "status": RunStatus.RUNNING,
        "started_at": AT,
    }
    return Run(**(values | changes))


def an_intent(cl_ord_id: str = "R1-1", quantity: int = 100, run_id: UUID = RUN) -> OrderIntent:
    return OrderIntent(
        cl_ord_id=cl_ord_id,
        run_id=run_id,
        venue="XSIM",
        security_id=APPLE,
        symbol="AAPL",
        side=Side.BUY,
        quantity=Decimal(quantity),
        ord_type=OrdType.LIMIT,
        limit_price=Decimal("190.25"),
        time_in_force=TimeInForce.DAY,
        reference_price=Decimal("190.11"),
        trade_date=DAY,
        decided_at=AT,
        allocations=(Allocation(account_id="A1", quantity=Decimal(quantity)),),
    )


def a_report(exec_id: str = "E1", **changes: object) -> ExecutionReport:
    values: dict[str, object] = {
        "venue": "XSIM",
        "exec_id": exec_id,
        "order_id": "V1",
        "cl_ord_id": "R1-1",
        "orig_cl_ord_id": None,
        "exec_type": ExecType.TRADE,
        "ord_status": OrdStatus.PARTIALLY_FILLED,
        "symbol": "AAPL",
        "side": Side.BUY,
        "order_qty": Decimal(100),
        "cum_qty": Decimal(40),
        "leaves_qty": Decimal(60),
        "avg_px": Decimal("190.2"),
        "last_qty": Decimal(40),
        "last_px": Decimal("190.2"),
        "limit_price": Decimal("190.25"),
        "commission": Decimal("0.2"),
        "exec_ref_id": None,
        "reason": "",
        "trade_date": DAY,
        "transact_time": AT,
    }
    return ExecutionReport(**(values | changes))


def a_lot(lot_id: str, quantity: int, basis: str, account_id: str = "A1") -> TaxLot:
    return TaxLot(
        lot_id=lot_id,
        account_id=account_id,
        security_id=APPLE,
        quantity=Decimal(quantity),
        basis=Decimal(basis),
        acquired=date(2025, 1, 2),
        source=None,
    )


def a_relief(lot: TaxLot, quantity: int, basis: str) -> Relief:
    return Relief(
        lot_id=lot.lot_id,
        account_id=lot.account_id,
        security_id=lot.security_id,
        quantity=Decimal(quantity),
        basis=Decimal(basis),
        proceeds=Decimal(quantity) * 200,
        term=Term.LONG,
    )


def a_transaction(transaction_id: str, *legs: Leg, **changes: object) -> Transaction:
    values: dict[str, object] = {
        "transaction_id": transaction_id,
        "kind": TransactionKind.ALLOCATION,
        "trade_date": DAY,
        "at": AT,
        "legs": legs,
        "run_id": RUN,
        "cl_ord_id": "R1-1",
    }
    return Transaction(**(values | changes))


def a_trade(transaction_id: str, quantity: int, gross: str, **changes: object) -> Transaction:
    """Shares from the block to A1, and the money back."""
    return a_transaction(
        transaction_id,
        Leg(book="block:R1-1", asset=APPLE, quantity=Decimal(-quantity)),
        Leg(book="client:A1", asset=APPLE, quantity=Decimal(quantity)),
        Leg(book="client:A1", asset=CASH, quantity=-Decimal(gross)),
        Leg(book="block:R1-1", asset=CASH, quantity=Decimal(gross)),
        **changes,
    )


def a_snapshot(as_of: date = DAY) -> Snapshot:
    return Snapshot(
        as_of=as_of,
        securities=(),
        prices=(),
        history=PriceHistory(security_ids=(), days=(), closes=()),
        models=(),
        mandates=(),
        accounts=(),
        lots=(a_lot("L1", 5, "12.5"),),
        cash=(),
        flows=(),
        past_trades=(),
        restrictions=(),
        findings=(),
    )


def an_approval(run_id: UUID = RUN, **changes: object) -> Approval:
    values: dict[str, object] = {
        "run_id": run_id,
        "content_hash": "a" * 64,
        "requested_by": "policy",
        "requested_at": AT,
        "why": "42 orders, the limit is 20",
    }
    return Approval(**(values | changes))


def a_kill(scope: str = "firm", name: str = "") -> Kill:
    return Kill(scope=scope, name=name, by="ann", why="odd fills", set_at=AT)


def a_check(rule_id: str = "cash_floor", subject: str = "A1", **changes: object) -> CheckResult:
    values: dict[str, object] = {
        "rule_id": rule_id,
        "rule_type": "CashFloor",
        "force": Force.OVERRIDABLE,
        "verdict": Verdict.BREACH,
        "subject": subject,
        "security_ids": (),
        "value": Decimal("0.01"),
        "limit": Decimal("0.02"),
        "sentence": "cash would be 1 % of NAV, the floor is 2 %",
        "citation": "",
    }
    return CheckResult(**(values | changes))


def a_break(subject: str = "A1 AAPL", ours: str = "100") -> Break:
    return Break(
        kind="position_differs", subject=subject, ours=ours, theirs="90", message="10 too many"
    )
