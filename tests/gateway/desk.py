"""The other side of the gateway's ports for its tests: a real vault, and a small OMS."""

import itertools
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from domain.entries import ChangeEntry, EntryPart
from domain.errors import BadInputError
from domain.order_states import apply
from domain.order_table import FILLS
from domain.orders import (
    Alarm,
    Allocation,
    CancelRequest,
    ExecutionReport,
    OrderIntent,
    OrdType,
    ReplaceRequest,
    Side,
    TimeInForce,
)
from domain.ports import ExecutionOutcome
from gateway.session_file import write_session_config
from gateway.settings import GatewaySettings, load_settings
from vault import migrate
from vault.store import SqlVault

RUN = UUID("018f0000-0000-7000-8000-0000000000aa")
_numbers = itertools.count(1)


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class ConflictError(BadInputError, ValueError):
    """As the real sink has it: a sentence, and nothing that can be used."""


class OrderSink:
    """Books executions on orders only; the ledger is another room's test."""

    def apply(self, uow, message, at) -> tuple[Alarm, ...]:
        if isinstance(message, ExecutionReport) and message.exec_type in FILLS:
            outcome = uow.orders.record_execution(message, at)
            if outcome is ExecutionOutcome.DUPLICATE:
                return ()
            if outcome is ExecutionOutcome.CONFLICT:
                raise ConflictError(f"ExecID {message.exec_id} came with other content")
        order = uow.orders.get(message.cl_ord_id)
        if order is None:
            return (Alarm(kind="unknown_order", cl_ord_id=message.cl_ord_id, message="unknown"),)
        after, alarms = apply(order, message)
        uow.orders.append(after, message, at)
        return alarms


def intent(
    cl_ord_id: str, quantity: int = 300, limit: str | None = "190.25", **changes
) -> OrderIntent:
    values = {
        "cl_ord_id": cl_ord_id,
        "run_id": RUN,
        "venue": "XSIM",
        "security_id": "US0378331005",
        "symbol": "AAPL",
        "side": Side.BUY,
        "quantity": Decimal(quantity),
        "ord_type": OrdType.LIMIT if limit else OrdType.MARKET,
        "limit_price": Decimal(limit) if limit else None,
        "time_in_force": TimeInForce.DAY,
        "reference_price": Decimal(190),
        "trade_date": date(2022, 11, 30),
        "decided_at": datetime(2022, 11, 30, 20, 45, tzinfo=UTC),
        "allocations": (Allocation(account_id="A1", quantity=Decimal(quantity)),),
    }
    return OrderIntent(**{**values, **changes})


def new_id() -> str:
    return f"T{next(_numbers):05d}"


def open_vault(directory: Path) -> SqlVault:
    """The vault of a test's folder: in it, unless its file `url` names a migrated database."""
    path, elsewhere = directory / "trimtab.db", directory / "url"
    url = elsewhere.read_text() if elsewhere.exists() else f"sqlite:///{path}"
    if not (path.exists() or elsewhere.exists()):
        migrate.upgrade(url)
    return SqlVault(url, clock=RealClock(), holder="test", anchor_path=directory / "anchor")


def settings_for(
    directory: Path,
    port: int,
    *,
    throttle: int = 1000,
    environment=None,
    begin_string: str = "FIX.4.4",
    **profile: object,
) -> GatewaySettings:
    path = directory / "fix.cfg"
    venues = {"XSIM": ("127.0.0.1", port)}
    sessions = write_session_config(
        path, venues, store=directory / "fix", begin_string=begin_string
    )
    table = {"session": sessions["XSIM"], "throttle": throttle, **profile}
    return load_settings(path, {"XSIM": table}, environment or {})


def place(vault, order: OrderIntent) -> str:
    """Commit an order and its outbox row, as the OMS does."""
    with vault.write() as uow:
        uow.orders.add(order)
        uow.outbox.queue(order.venue, order, RealClock().now())
    return order.cl_ord_id


def cancel(vault, cl_ord_id: str, why: str = "deadline") -> str:
    """Commit a cancel request as the OMS does."""
    with vault.write() as uow:
        return cancel_in(uow, cl_ord_id, why)


def cancel_in(uow, cl_ord_id: str, why: str = "deadline") -> str:
    at = RealClock().now()
    order = uow.orders.get(cl_ord_id)
    request = CancelRequest(
        cl_ord_id=f"{cl_ord_id}-C", orig_cl_ord_id=order.current, requested_at=at, why=why
    )
    after, _ = apply(order, request)
    uow.orders.append(after, request, at)
    uow.outbox.queue(order.intent.venue, request, at)
    return request.cl_ord_id


def replace(vault, cl_ord_id: str, quantity: int, limit: str = "190.25") -> str:
    """Commit a replace, and a thousand dollars that it reserves, as the OMS does."""
    at = RealClock().now()
    with vault.write() as uow:
        order = uow.orders.get(cl_ord_id)
        request = ReplaceRequest(
            cl_ord_id=f"{cl_ord_id}.{len(order.chain)}",
            orig_cl_ord_id=order.current,
            quantity=Decimal(quantity),
            limit_price=Decimal(limit),
            requested_at=at,
            why="the client called",
        )
        after, _ = apply(order, request)
        uow.orders.append(after, request, at)
        uow.outbox.queue(order.intent.venue, request, at)
        part = EntryPart(account_id="A1", strategy="", notional=Decimal(1000))
        entry = ChangeEntry(
            cl_ord_id=request.cl_ord_id,
            intent_id=order.intent.cl_ord_id,
            trade_date=order.intent.trade_date,
            parts=(part,),
        )
        uow.entries.add_change(entry)
        return request.cl_ord_id


def reserved(vault, cl_ord_id: str) -> Decimal:
    """Dollars that an order and its changes have entered."""
    with vault.read() as view:
        return sum(view.entries.reserved(cl_ord_id).values(), Decimal(0))


def order_of(vault, cl_ord_id: str):
    with vault.read() as uow:
        return uow.orders.get(cl_ord_id)


def executions(vault):
    with vault.read() as uow:
        return uow.orders.executions(date(2022, 11, 30), "XSIM")
