"""The FIX order state changes, played by the exchange message by message as the standard has them.

An exchange shows most of them by its rules alone; a person at the venue (busts, orders by
telephone, guarantees) is an operation. What the profile of the standard for exchanges bundles into
one report (EX.A.1.c and the like) it does not play, nor orders for an amount of cash.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import CanceledName, Chain, DayEnd, Rules
from simulator.values.messages import Report
from simulator.values.requests import AskStatus, CancelOrder, NewOrder, ReplaceOrder
from simulator.values.words import ExecType, OrdStatus, TimeInForce

MATRICES = Path(__file__).parents[1] / "order_states" / "matrices.yaml"
SCENARIOS = {
    scenario["id"]: scenario for scenario in yaml.safe_load(MATRICES.read_text(encoding="utf-8"))
}
NOT_AN_EXCHANGES = {
    "L.1.b": "an order for an amount of cash",
    "EX.A.1.c": "bundles New with a fill",
    "EX.A.1.d": "bundles New with a fill",
    "EX.I.1.a": "bundles New with Canceled",
    "EX.I.1.b": "bundles a fill with Canceled",
}
SECOND = timedelta(seconds=1)
RULES = Rules(
    name="XSIM", acknowledge_changes=True, change_delay=SECOND, day_end=DayEnd.DONE_FOR_DAY
)
BY_ID = {
    "C.1.c": {"reopen_filled": True},
    "D.2.a": {"chained_changes": Chain.QUEUE},
    "D.2.b": {"chained_changes": Chain.PENDING},
    "D.2.c": {"chained_changes": Chain.QUEUE},
    "E.1.f": {"report_triggers": True},
    "G.1.c": {"order_delay": SECOND, "reopen_filled": True},
    "J.1.a": {"reopen_filled": True},
    "J.1.b/4.2": {"canceled_name": CanceledName.REQUEST},
}
ODDITIES = {  # (id, t): fields that the standard's own rules contradict.
    ("D.2.b", 7): {"OrderQty", "LeavesQty"},
    ("E.1.a", 2): {"LeavesQty"},
}
FIELDS = {
    "ClOrdID": "cl_ord_id",
    "OrderID": "order_id",
    "OrderQty": "order_qty",
    "CumQty": "cum_qty",
    "LeavesQty": "leaves_qty",
    "Text": "text",
    "OrdRejReason": "rej_reason",
    "ExecRestatementReason": "restatement_reason",
}
EXTRA = {"DayOrderQty": 424, "DayCumQty": 425, "WorkingIndicator": 636}


class Play:
    """One client's order at 100.00 in an empty book; strangers sell exactly what is asked for."""

    def __init__(self, scenario_id, **rules):
        self.id = scenario_id
        stock = Instrument(
            symbol="AAPL",
            security_id="US0378331005",
            price="100.00",
            ticks=(("0", "0.01"),),
            lots=(("0", 1),),
            average_daily_volume=1_000_000,
        )
        self.floor = ExchangeFloor(replace(RULES, **rules), {"AAPL": stock})
        self.now = datetime(2022, 11, 30, 15, tzinfo=UTC)
        self.inbox = []
        self.exec_ids = {}  # The table's letters for our ids.

    def operate(self, name, **arguments):
        _, messages = self.floor.operate(name, arguments, self.now)
        self.inbox += messages

    def receive(self, said, order):
        """A message of the client, as the table gives it."""
        words = {"client": "CLIENT", "cl_ord_id": said["ClOrdID"], "symbol": "AAPL", "side": "1"}
        terms = {
            "quantity": str(said.get("OrderQty")),
            "ord_type": "2",
            "price": str(said.get("Price", "100.00")),
        }
        if self.id == "D.1.b" and said["ClOrdID"] == "Y":
            terms["price"] = "100.001"  # A replace that no venue takes.
        if order.get("type") == "stop":
            terms |= {"ord_type": "3", "price": "", "stop_price": "101"}
        if said["msg"] == "NewOrderSingle":
            request = NewOrder(
                **words,
                **terms,
                time_in_force=TimeInForce[order.get("tif", "Day").upper()].value,
                exec_inst=said.get("ExecInst", ""),
                poss_resend=said.get("PossResend") == "Y",
            )
        elif said["msg"] == "OrderCancelRequest":
            request = CancelOrder(**words, orig_cl_ord_id=said["OrigClOrdID"])
        elif said["msg"] == "OrderCancelReplaceRequest":
            request = ReplaceOrder(**words, **terms, orig_cl_ord_id=said["OrigClOrdID"])
        else:
            request = AskStatus(**words)
        self.inbox += self.floor.handle(request, self.now)

    def event(self, text):
        """What happens outside FIX."""
        if "phones" in text:
            self.operate(
                "telephone", client="CLIENT", symbol="AAPL", side="buy", quantity=10000, price="100"
            )
        elif "voice and starts" in text:
            self.operate(
                "telephone",
                client="CLIENT",
                symbol="AAPL",
                side="buy",
                quantity=10000,
                price="100",
                cl_ord_id="X",
            )
            self.inbox.clear()
        elif "halt starts" in text:
            self.operate("halt", symbol="AAPL")
        elif "halt ends" in text:
            self.operate("resume", symbol="AAPL")

    def let_happen(self, said):
        """The venue does not say it by itself: do what makes it."""
        order_id = "XSIM-000001"
        kind, price = said.get("ExecType"), str(said.get("LastPx", "100"))
        if kind == "Trade" and ("LastPx" in said or said["OrdStatus"] == "Canceled"):
            self.operate("execute", order_id=order_id, quantity=said["LastQty"], price=price)
        elif kind == "Trade":
            self.operate(
                "inject",
                symbol="AAPL",
                side="sell",
                quantity=said["LastQty"],
                price="40",  # The order that waits gets its own price.
                time_in_force="3",
            )
        elif kind == "DoneForDay":
            self.operate("end-of-day")
        elif kind == "TradeCancel":
            self.operate("bust", exec_id=self.exec_ids[said["ExecRefID"]])
        elif kind == "TradeCorrect":
            self.operate(
                "correct",
                exec_id=self.exec_ids[said["ExecRefID"]],
                quantity=said["LastQty"],
                price=price,
            )
        elif kind == "Stopped":
            self.operate(
                "stop", order_id=order_id, quantity=said["LastQty"], price=price, text=said["Text"]
            )
        elif kind == "Triggered":
            for side in ("sell", "buy"):
                self.operate("inject", symbol="AAPL", side=side, quantity=100, price="101")
        elif said["msg"] == "OrderCancelReject" and self.id in ("D.1.c", "D.2.c"):
            self.operate("refuse", order_id=order_id)
        else:
            self.by_reason(said, order_id)

    def by_reason(self, said, order_id):
        reason = said.get("ExecRestatementReason")
        if reason in (0, 1):
            if reason == 0:
                self.operate("split", symbol="AAPL", ratio="2:1")
            self.now += timedelta(days=1)
            self.inbox += self.floor.wake(self.now)
        elif reason == 9:
            self.operate("inject", symbol="AAPL", side="buy", quantity=100, price="57")
        elif reason is not None and said["ExecType"] == "Canceled":
            self.operate("cancel", order_id=order_id, reason=str(reason))
        elif reason is not None:
            self.operate(
                "restate", order_id=order_id, quantity=said["OrderQty"], reason=str(reason)
            )
        else:
            self.now += SECOND
            self.inbox += self.floor.wake(self.now)

    def expect(self, said, odd=()):
        """The venue's next message is as the table gives it."""
        if not self.inbox:
            self.let_happen(said)
        assert self.inbox, f"nothing was sent; expected {said}"
        message = self.inbox.pop(0)
        assert isinstance(message, Report) == (said["msg"] == "ExecutionReport"), message
        assert message.ord_status is OrdStatus[constant(said["OrdStatus"])], message
        assert message.orig_cl_ord_id == said.get("OrigClOrdID", ""), message
        for name in FIELDS.keys() & said.keys() - odd:
            assert getattr(message, FIELDS[name]) == said[name], (name, message)
        if isinstance(message, Report):
            self.compare_report(message, said)
        elif "CxlRejReason" in said:
            assert message.reason == said["CxlRejReason"]

    def compare_report(self, message, said):
        assert message.exec_type is ExecType[constant(said["ExecType"])], message
        assert (message.last_qty or 0) == said.get("LastQty", 0), message
        if "ExecID" in said:
            self.exec_ids[said["ExecID"]] = message.exec_id
        if "ExecRefID" in said:
            assert message.exec_ref_id == self.exec_ids[said["ExecRefID"]]
        if "AvgPx" in said:
            assert Decimal(message.avg_px) == said["AvgPx"]
        if said.get("LastPx") and said["ExecType"] != "TradeCancel":
            assert Decimal(message.last_px) == Decimal(str(said["LastPx"]))
        extra = dict(message.extra)
        for name in EXTRA.keys() & said.keys():
            assert extra[EXTRA[name]] == str(said[name]).replace("True", "Y"), name


def constant(name):
    """PartiallyFilled -> PARTIALLY_FILLED."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()


def in_order(scenario_id, steps):
    """Where two messages cross, the venue had sent its own before it read the client's."""
    main = [step for step in steps if not step.get("alt")]
    if scenario_id == "F.1.c":  # The order was sent first, and arrives after the telephone call.
        return sorted(main, key=lambda step: 2.5 if "recv" in step else step["t"])
    return sorted(
        main, key=lambda step: (step.get("day", 1), step["t"], "cross" in step and "recv" in step)
    )


def play(play, scenario, steps):
    for step in steps:
        if "recv" in step:
            play.receive(step["recv"], scenario["order"])
        elif "event" in step:
            play.event(step["event"])
        else:
            play.expect(step["sent"], ODDITIES.get((play.id, step["t"]), set()))
    assert play.inbox == []


@pytest.mark.parametrize(
    "scenario_id", [one for one in SCENARIOS if one not in {*NOT_AN_EXCHANGES, "B.1.d"}]
)
def test_the_exchange_plays(scenario_id):
    scenario = SCENARIOS[scenario_id]
    one = Play(scenario_id, **BY_ID.get(scenario_id, {}))
    if scenario["order"].get("tif") == "IOC":
        one.operate("inject", symbol="AAPL", side="sell", quantity=1000, price="100")

    play(one, scenario, in_order(scenario_id, scenario["steps"]))


@pytest.mark.parametrize(
    ("first", "last", "delays"),
    [(1, 5, (1, 2)), (6, 9, (2, 1))],
    ids=["acknowledged-first", "canceled-unseen"],
)
def test_a_cancel_before_the_acknowledgement(first, last, delays):
    """B.1.d, its two halves: which comes first is a matter of the venue's delays."""
    scenario = SCENARIOS["B.1.d"]
    order_delay, change_delay = (SECOND * delay for delay in delays)
    one = Play("B.1.d", order_delay=order_delay, change_delay=change_delay)

    play(one, scenario, [step for step in scenario["steps"] if first <= step["t"] <= last])


def test_the_ids_that_no_exchange_plays_exist():
    assert NOT_AN_EXCHANGES.keys() < SCENARIOS.keys()
    assert BY_ID.keys() < SCENARIOS.keys()


def test_the_day_ends_at_the_close_of_the_calendar_too():
    """A.1.b without an operator: the close itself makes the order done for the day."""
    one = Play("A.1.b", close_time=time(16))
    words = {"msg": "NewOrderSingle", "ClOrdID": "X", "OrderQty": 100}
    one.receive(words, {})
    one.inbox.clear()

    (done,) = one.floor.wake(datetime(2022, 11, 30, 21, tzinfo=UTC))

    assert (done.exec_type, done.leaves_qty) == (ExecType.DONE_FOR_DAY, 0)
