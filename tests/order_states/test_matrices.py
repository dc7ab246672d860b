"""Every matrix of the standard, played from the buy side.

`matrices.yaml` holds FIX 4.4 Volume 4, "Order State Change Matrices", and the
variants of FIX 4.2 and 5.0 SP2, as data; its header names what was read. A
scenario passes when after every report our status, quantities and pending
requests are what the report says, and no alarm is raised but the ones named
here. Alternatives branch off and are checked where they stand.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import yaml

from domain.order_states import apply, open_order
from domain.orders import (
    Alarm,
    Allocation,
    CancelReject,
    CancelRequest,
    ExecType,
    ExecutionReport,
    Order,
    OrderIntent,
    OrdStatus,
    OrdType,
    ReplaceRequest,
    Sent,
    Side,
    TimeInForce,
)

SCENARIOS = yaml.safe_load((Path(__file__).parent / "matrices.yaml").read_text())
GUESSED_FOR_CASH = 100  # Shares, of an order for an amount of cash.
AT = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)

# What the fold of one order cannot show; test_matrices_on_the_wire has both.
OUTSIDE = {
    "E.1.a": "an order by telephone is no order of ours until two persons adopt it",
    "B.1.f": "the venue is asked to cancel an order that it never got",
}

# Alarms that a person is meant to see, by scenario; everything else must pass in silence.
EXPECTED = {
    "C.3.c": {"replace_amended"},
    "D.2.b": {"leaves_qty_disagrees"},  # The oddity that the source names as ambiguous.
    "E.1.b": {"canceled_unsolicited"},
    "E.1.c": {"restated"},
    "E.1.d": {"restated"},
    "E.1.e": {"canceled_unsolicited"},
    "F.1.a": {"duplicate_refused"},
    "F.1.b": {"duplicate_refused"},
    "F.1.c": set(),
    "G.1.a": {"unknown_at_venue"},
    "H.1.b": {"order_split"},
    "J.1.a": {"execution_busted", "execution_corrected"},
    "J.1.b": {"execution_busted", "fill_on_closed_order"},
    "J.1.b/4.2": {"execution_busted", "fill_on_closed_order"},
    "J.1.c": {"execution_corrected"},
    "J.1.d": {"execution_busted", "execution_corrected"},
    "K.1.b": {"canceled_unsolicited"},
}


def code(enum: type, name: str) -> object:
    """OrdStatus and ExecType by the standard's CamelCase name."""
    return enum[re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()]


def terms(scenario: dict, message: dict) -> dict:
    """Of a new order: what the scenario says of its kind, time in force, price and cash."""
    tif = message.get("TimeInForce", scenario["order"].get("tif", "Day")).upper()
    cash = message.get("CashOrderQty")
    found = {
        "ord_type": OrdType.MARKET,
        "limit_price": None,
        "time_in_force": TimeInForce[tif],
        "cash_quantity": None if cash is None else Decimal(cash),
    }
    if scenario["order"].get("type") == "stop":
        return found | {"ord_type": OrdType.STOP, "stop_price": Decimal(99)}
    if "Price" in message:
        return found | {"ord_type": OrdType.LIMIT, "limit_price": Decimal(message["Price"])}
    return found


def intent(scenario: dict, message: dict) -> OrderIntent:
    quantity = Decimal(message.get("OrderQty", GUESSED_FOR_CASH))
    return OrderIntent(
        cl_ord_id=message["ClOrdID"],
        run_id=UUID(int=7),
        venue="XSIM",
        security_id="US0378331005",
        symbol="AAPL",
        side=Side.BUY,
        quantity=quantity,
        reference_price=Decimal(100),
        trade_date=date(2022, 11, 30),
        decided_at=AT,
        allocations=(Allocation(account_id="A1", quantity=quantity),),
        **terms(scenario, message),
    )


def report(message: dict, number: int, day: int) -> ExecutionReport:
    """Fills without a price in the source get one, always the same."""
    fill = message["ExecType"] in {"Trade", "TradeCorrect"}
    price = message.get("LastPx", 50 if fill else None)
    return ExecutionReport(
        venue="XSIM",
        exec_id=str(message.get("ExecID", f"e{number}")),
        order_id="V1",
        cl_ord_id=message["ClOrdID"],
        orig_cl_ord_id=message.get("OrigClOrdID"),
        exec_type=code(ExecType, message["ExecType"]),
        ord_status=code(OrdStatus, message["OrdStatus"]),
        symbol="AAPL",
        side=Side.BUY,
        order_qty=Decimal(message["OrderQty"]) if "OrderQty" in message else None,
        cum_qty=Decimal(message["CumQty"]),
        leaves_qty=Decimal(message["LeavesQty"]),
        avg_px=Decimal(message["AvgPx"]) if "AvgPx" in message else None,
        last_qty=Decimal(message.get("LastQty", 0)),
        last_px=None if price is None else Decimal(str(price)),
        limit_price=Decimal(message["Price"]) if "Price" in message else None,
        commission=Decimal(0),
        exec_ref_id=message.get("ExecRefID"),
        reason="",
        trade_date=date(2022, 11, 29) + timedelta(days=day),
        transact_time=AT,
        restatement=message.get("ExecRestatementReason"),
        ord_rej_reason=message.get("OrdRejReason"),
    )


class Desk:
    """Our side: orders by every ClOrdID they had."""

    def __init__(self, scenario: dict) -> None:
        self.scenario = scenario
        self.orders: dict[str, Order] = {}
        self.alarms: list[Alarm] = []

    def send(self, message: dict) -> None:
        name = message["ClOrdID"]
        if message["msg"] == "NewOrderSingle":
            if name in self.orders:
                return  # We never use a ClOrdID twice; the scenario shows what others do.
            order = open_order(intent(self.scenario, message))
            self.orders[name] = apply(order, Sent(cl_ord_id=name, sent_at=AT))[0]
        elif message["msg"] == "OrderCancelRequest":
            wish = CancelRequest(
                cl_ord_id=name, orig_cl_ord_id=message["OrigClOrdID"], requested_at=AT, why=""
            )
            self.take(message["OrigClOrdID"], wish)
        elif message["msg"] == "OrderCancelReplaceRequest":
            wish = ReplaceRequest(
                cl_ord_id=name,
                orig_cl_ord_id=message["OrigClOrdID"],
                quantity=Decimal(message["OrderQty"]),
                limit_price=Decimal(message["Price"]) if "Price" in message else None,
                requested_at=AT,
                why="",
            )
            self.take(message["OrigClOrdID"], wish)

    def receive(
        self, message: dict, number: int, *, day: int, keep: bool
    ) -> tuple[Order, set[str]]:
        """The order after the message, and the kinds of alarm; kept unless it is an alternative."""
        # A status answer may name the request; there is one order then.
        known = self.orders.get(message["ClOrdID"]) or next(iter(self.orders.values()))
        if message["msg"] == "OrderCancelReject":
            event = CancelReject(
                venue="XSIM",
                cl_ord_id=message["ClOrdID"],
                orig_cl_ord_id=message["OrigClOrdID"],
                order_id="V1",
                ord_status=code(OrdStatus, message["OrdStatus"]),
                cxl_rej_reason=message.get("CxlRejReason", 2),
                reason="",
                transact_time=AT,
            )
        else:
            event = report(message, number, day)
        order, alarms = apply(known, event)
        if keep:
            self._store(order)
        return order, {alarm.kind for alarm in alarms}

    def take(self, name: str, wish: CancelRequest | ReplaceRequest) -> None:
        order, alarms = apply(self.orders[name], wish)
        self.alarms.extend(alarms)
        self._store(order)

    def _store(self, order: Order) -> None:
        for name in order.chain:
            self.orders[name] = order


def played() -> list:
    inside = (scenario for scenario in SCENARIOS if scenario["id"] not in OUTSIDE)
    return [pytest.param(scenario, id=scenario["id"]) for scenario in inside]


def raised_on(scenario: dict, steps: list[dict]) -> set[str]:
    """The kinds of alarm on one path through a scenario, alternatives taken as they come."""
    desk, raised = Desk(scenario), set()
    for number, step in enumerate(steps):
        if "recv" in step:
            desk.send(step["recv"])
        elif "sent" in step:
            day = step.get("day", 1)
            raised |= desk.receive(step["sent"], number, day=day, keep=True)[1]
    return raised


@pytest.mark.parametrize("scenario", played())
def test_the_order_follows_the_matrix(scenario: dict) -> None:
    desk = Desk(scenario)
    raised: set[str] = set()
    for number, step in enumerate(scenario["steps"]):
        if "recv" in step and not step.get("alt"):
            desk.send(step["recv"])
        elif "sent" in step and step["sent"]["msg"] in {"ExecutionReport", "OrderCancelReject"}:
            message = step["sent"]
            day = step.get("day", 1)
            order, kinds = desk.receive(message, number, day=day, keep=not step.get("alt"))
            place = f"{scenario['id']} t{step['t']}: {message}"
            raised |= kinds
            check(scenario["id"], message, order, place)

    assert raised == EXPECTED.get(scenario["id"], set())
    assert desk.alarms == []


def check(scenario: str, message: dict, order: Order, place: str) -> None:
    stated = code(OrdStatus, message["OrdStatus"])
    refused_by_status = message.get("OrdRejReason") == 5
    late_acceptance = scenario == "B.1.d" and message.get("ExecType") == "New"
    if refused_by_status:
        assert order.status is OrdStatus.PARTIALLY_FILLED, place  # The live order is untouched.
        return
    if late_acceptance:
        assert order.status is OrdStatus.PENDING_CANCEL, place  # Precedence over the printed New.
    else:
        assert order.status is stated, place
    if message["msg"] == "ExecutionReport":
        assert order.cum_qty == message["CumQty"], place
        if order.is_closed or order.order_qty == message.get("OrderQty"):
            expected = 0 if order.is_closed else message["LeavesQty"]
            assert order.leaves_qty == expected, place
    if message.get("AvgPx") and order.cum_qty:
        assert order.gross == Decimal(message["AvgPx"]) * order.cum_qty, place


def test_every_scenario_is_played_or_named_as_outside() -> None:
    ids = {scenario["id"] for scenario in SCENARIOS}

    assert len(ids) == 57
    assert set(OUTSIDE) | set(EXPECTED) <= ids
