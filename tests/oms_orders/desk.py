"""A small book for the order side of the OMS: three names, three accounts, one run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from benchmarks import plain_book, plain_run
from domain.accounts import CashFlow, LotMethod, Mandate
from domain.instruments import Security
from domain.lots import TaxLot
from domain.order_states import apply
from domain.orders import (
    Allocation,
    CancelReject,
    ExecType,
    ExecutionReport,
    Order,
    OrderIntent,
    OrdStatus,
    Sent,
    Side,
)
from domain.ports import UnitOfWork, Vault
from domain.recommendations import Recommendation
from domain.snapshot import Restriction, Snapshot

DAY = date(2022, 11, 30)
NOW = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
RUN = UUID(int=0x1234)
SOURCE = plain_book.SOURCE
AAPL, KO, XOM = "US0378331005", "US1912161007", "US30231G1022"
PRICES = {AAPL: Decimal(148), KO: Decimal("63.61"), XOM: Decimal("111.34")}
SYMBOLS = {AAPL: "AAPL", KO: "KO", XOM: "XOM"}
_CUSIPS = {AAPL: "037833100", KO: "191216100", XOM: "30231G102"}
_VENUES = {AAPL: "XSIM", KO: "XSIM", XOM: "YSIM"}


LIMITS = plain_run.LIMITS


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
    return plain_book.security(
        security_id, SYMBOLS[security_id], _VENUES[security_id], cusip=_CUSIPS[security_id]
    )


def mandate(method: LotMethod = LotMethod.HIFO) -> Mandate:
    return replace(plain_book.MANDATE, mandate_id=f"M-{method.value}", lot_method=method)


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
    plain = plain_book.snapshot(
        DAY,
        {security(name): price for name, price in PRICES.items()},
        lots,
        {name: Decimal(money.get(name, "0")) for name in accounts},
        mandate=mandate(method),
    )
    return replace(plain, flows=tuple(flows), restrictions=tuple(restrictions))


custody = plain_book.custody


def open_books(vault: Vault, book: Snapshot) -> None:
    """The run, its snapshot, and every account's opening."""
    with vault.write() as uow:
        plain_run.begin(uow, plain_run.run(RUN, NOW, why="a test"), book, NOW)


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
    share, price = security(security_id), PRICES[security_id]
    plain = plain_run.block(name, RUN, share, side, allocations, price=price, at=NOW)
    return plain if limit is None else replace(plain, limit_price=Decimal(limit))


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


def go_out(uow: UnitOfWork, name: str) -> Order:
    """The engine has the order."""
    sent = Sent(cl_ord_id=name, sent_at=NOW)
    standing, _ = apply(uow.orders.get(name), sent)
    uow.orders.append(standing, sent, NOW)
    return standing


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


def refusal(order: Order, cl_ord_id: str, **changes: object) -> CancelReject:
    """The venue refuses our change of that name; the order works on."""
    usual = CancelReject(
        venue=order.intent.venue,
        cl_ord_id=cl_ord_id,
        orig_cl_ord_id=order.current,
        order_id=str(order.order_id),
        ord_status=OrdStatus.NEW,
        cxl_rej_reason=2,
        reason="not now",
        transact_time=NOW,
    )
    return replace(usual, **changes)


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
