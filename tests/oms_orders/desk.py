"""A small book for the order side of the OMS: three names, three accounts, one run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from domain.accounts import Account, CashFlow, LotMethod, Mandate, ModelPortfolio, TaxStatus
from domain.accounts import WeightBand as Band
from domain.instruments import Price, PriceHistory, Security
from domain.lots import TaxLot
from domain.orders import (
    Allocation,
    ExecType,
    ExecutionReport,
    Order,
    OrderIntent,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
)
from domain.ports import CustodyPosition, Vault
from domain.recommendations import Recommendation
from domain.runs import Run, RunStatus, TriggerKind
from domain.snapshot import CashBalance, Restriction, Snapshot
from domain.sources import Source
from ledger import postings
from oms.wire_risk import RiskLimits

DAY = date(2022, 11, 30)
NOW = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
RUN = UUID(int=0x1234)
SOURCE = Source("positions.csv", 2, "0" * 64)
AAPL, KO, XOM = "US0378331005", "US1912161007", "US30231G1022"
PRICES = {AAPL: Decimal(148), KO: Decimal("63.61"), XOM: Decimal("111.34")}
SYMBOLS = {AAPL: "AAPL", KO: "KO", XOM: "XOM"}
_CUSIPS = {AAPL: "037833100", KO: "191216100", XOM: "30231G102"}
_VENUES = {AAPL: "XSIM", KO: "XSIM", XOM: "YSIM"}


LIMITS = RiskLimits(
    maximum_quantity=Decimal(10_000),
    maximum_notional=Decimal(1_000_000),
    price_collar=Decimal("0.5"),
    stale_days=4,
    duplicate_window=timedelta(seconds=60),
    orders_per_minute=100,
    messages_per_minute=1_000,
    daily_firm=Decimal(100_000_000),
    daily_strategy=Decimal(50_000_000),
    daily_account=Decimal(10_000_000),
)


class SetClock:
    """A clock that a test sets, and that moves a little at each look."""

    def __init__(self, now: datetime = NOW, step: timedelta = timedelta(0)) -> None:
        self.time, self.step = now, step

    def now(self) -> datetime:
        self.time += self.step
        return self.time


class SilentWire:
    """A wire that only counts how often it was woken."""

    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1

    def sessions(self) -> tuple:
        return ()

    def unsupported(self, _intent: OrderIntent) -> None:
        return None


def security(security_id: str) -> Security:
    return Security(
        security_id=security_id,
        symbol=SYMBOLS[security_id],
        cusip=_CUSIPS[security_id],
        name=SYMBOLS[security_id],
        issuer=SYMBOLS[security_id],
        sector="Sector",
        industry="Industry",
        country="US",
        currency="USD",
        venue=_VENUES[security_id],
        lot_size=1,
        tick=Decimal("0.01"),
        half_spread=Decimal("0.0002"),
        average_daily_volume=1_000_000,
        source=SOURCE,
    )


def mandate(method: LotMethod = LotMethod.HIFO) -> Mandate:
    return Mandate(
        mandate_id=f"M-{method.value}",
        lot_method=method,
        cash=Band(name="cash", minimum=Decimal("0.01"), maximum=Decimal("0.10")),
        sector_band=Decimal("0.05"),
        name_maximum=Decimal("0.5"),
        turnover_maximum=Decimal(1),
        risk_aversion=Decimal(5),
        short_term_rate=Decimal("0.4"),
        long_term_rate=Decimal("0.2"),
        minimum_trade=Decimal(100),
        drift_absolute=Decimal("0.05"),
        drift_relative=Decimal("0.25"),
        source=SOURCE,
    )


def lot(account: str, security_id: str, quantity: int, basis: str, n: int = 1) -> TaxLot:
    return TaxLot(
        lot_id=f"{account}:{SYMBOLS[security_id]}:{n}",
        account_id=account,
        security_id=security_id,
        quantity=Decimal(quantity),
        basis=Decimal(basis),
        acquired=date(2020 + n, 3, 2),
        source=SOURCE,
    )


def snapshot(
    lots: Sequence[TaxLot] = (),
    cash: Mapping[str, str] | None = None,
    *,
    accounts: Sequence[str] = ("A1", "A2", "A3"),
    method: LotMethod = LotMethod.HIFO,
    flows: Sequence[CashFlow] = (),
    restrictions: Sequence[Restriction] = (),
) -> Snapshot:
    money = cash or {}
    return Snapshot(
        as_of=DAY,
        securities=tuple(security(name) for name in PRICES),
        prices=tuple(
            Price(security_id=name, day=DAY, close=close, source=SOURCE)
            for name, close in PRICES.items()
        ),
        history=PriceHistory(security_ids=(), days=(), closes=()),
        models=(ModelPortfolio(model_id="model", weights={}, source=SOURCE),),
        mandates=(mandate(method),),
        accounts=tuple(
            Account(
                account_id=name,
                household_id=f"H-{name}",
                name=name,
                custodian="Harbor Trust",
                tax_status=TaxStatus.TAXABLE,
                model_id="model",
                mandate_id=mandate(method).mandate_id,
                source=SOURCE,
            )
            for name in accounts
        ),
        lots=tuple(lots),
        cash=tuple(
            CashBalance(account_id=name, amount=Decimal(money.get(name, "0")), source=SOURCE)
            for name in accounts
        ),
        flows=tuple(flows),
        past_trades=(),
        restrictions=tuple(restrictions),
        findings=(),
    )


def custody(book: Snapshot) -> tuple[CustodyPosition, ...]:
    return tuple(
        CustodyPosition(
            account_id=balance.account_id,
            custodian="Harbor Trust",
            as_of=DAY,
            lots=tuple(one for one in book.lots if one.account_id == balance.account_id),
            cash=balance,
        )
        for balance in book.cash
    )


def open_books(vault: Vault, book: Snapshot) -> None:
    """The run, its snapshot, and every account's opening."""
    with vault.write() as uow:
        name = uow.snapshots.put(book, NOW)
        uow.runs.add(
            Run(
                run_id=RUN,
                trigger="manual",
                kind=TriggerKind.MANUAL,
                due=NOW,
                why="a test",
                account_ids=(),
                status=RunStatus.RUNNING,
                started_at=NOW,
                snapshot_id=name,
            )
        )
        for position in custody(book):
            uow.ledger.append(postings.opening(position, NOW))


def intent(
    name: str,
    side: Side,
    security_id: str,
    parts: Mapping[str, int],
    *,
    limit: str | None = None,
    lot_ids: tuple[str, ...] = (),
) -> OrderIntent:
    allocations = tuple(
        Allocation(account_id=account, quantity=Decimal(quantity), lot_ids=lot_ids)
        for account, quantity in parts.items()
    )
    return OrderIntent(
        cl_ord_id=name,
        run_id=RUN,
        venue=_VENUES[security_id],
        security_id=security_id,
        symbol=SYMBOLS[security_id],
        side=side,
        quantity=sum((part.quantity for part in allocations), Decimal(0)),
        ord_type=OrdType.LIMIT,
        limit_price=PRICES[security_id] if limit is None else Decimal(limit),
        time_in_force=TimeInForce.DAY,
        reference_price=PRICES[security_id],
        trade_date=DAY,
        decided_at=NOW,
        allocations=allocations,
    )


def recommendation(account: str, security_id: str, side: Side, quantity: int) -> Recommendation:
    return Recommendation(
        account_id=account,
        security_id=security_id,
        symbol=SYMBOLS[security_id],
        side=side,
        quantity=Decimal(quantity),
        reference_price=PRICES[security_id],
        notional=quantity * PRICES[security_id],
        lot_ids=(),
        expected_cost=Decimal(0),
        expected_tax=Decimal(0),
        terms=(),
        reason="a test",
    )


def report(
    order: Order, exec_type: ExecType, status: OrdStatus, **changes: object
) -> ExecutionReport:
    """What the order's venue would say, agreeing with our quantities unless told otherwise."""
    target = order.intent
    closed = status in {OrdStatus.CANCELED, OrdStatus.REJECTED, OrdStatus.EXPIRED}
    blank = ExecutionReport(
        venue=target.venue,
        exec_id="0",
        order_id=f"V-{target.cl_ord_id}",
        cl_ord_id=order.current,
        orig_cl_ord_id=None,
        exec_type=exec_type,
        ord_status=status,
        symbol=target.symbol,
        side=target.side,
        order_qty=order.order_qty,
        cum_qty=order.cum_qty,
        leaves_qty=Decimal(0) if closed else order.order_qty - order.cum_qty,
        avg_px=None,
        last_qty=Decimal(0),
        last_px=None,
        limit_price=order.limit_price,
        commission=Decimal(0),
        exec_ref_id=None,
        reason="",
        trade_date=DAY,
        transact_time=NOW,
    )
    return replace(blank, **changes)


def fill(
    order: Order, exec_id: str, quantity: int, price: str, fee: str = "0", **changes: object
) -> ExecutionReport:
    done = order.cum_qty + quantity
    status = OrdStatus.FILLED if done >= order.order_qty else OrdStatus.PARTIALLY_FILLED
    usual: dict[str, object] = {
        "exec_id": exec_id,
        "cum_qty": done,
        "leaves_qty": max(Decimal(0), order.order_qty - done),
        "last_qty": Decimal(quantity),
        "last_px": Decimal(price),
        "commission": Decimal(fee),
    }
    return report(order, ExecType.TRADE, status, **(usual | changes))
