"""The FIX order state changes, played message by message from the standard's own tables."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from simulator.desk import VenueRules
from simulator.instruments import Instrument
from simulator.plain_exchange import Exchange
from simulator.reports import Report
from simulator.requests import AskStatus, CancelOrder, NewOrder, ReplaceOrder
from simulator.words import ExecType, OrdStatus, TimeInForce

SCENARIOS = yaml.safe_load(
    Path(__file__).with_name("order_state_scenarios.yaml").read_text(encoding="utf-8")
)
FIELDS = {
    "ClOrdID": "cl_ord_id",
    "OrderID": "order_id",
    "OrderQty": "order_qty",
    "CumQty": "cum_qty",
    "LeavesQty": "leaves_qty",
    "LastQty": "last_qty",
    "Text": "text",
}
DELAY = timedelta(seconds=1)


class Play:
    """One client's order at 100.00 in an empty book; the market sells exactly what is asked for."""

    def __init__(self):
        rules = VenueRules(name="XSIM", levels=0, acknowledge_changes=True, change_delay=DELAY)
        stock = Instrument(
            symbol="AAPL",
            security_id="US0378331005",
            reference=10_000,
            tick=Decimal("0.01"),
            lot_size=1,
            average_daily_volume=1_000_000,
        )
        self.exchange = Exchange(rules, {"AAPL": stock})
        self.now = datetime(2022, 11, 30, 15, tzinfo=UTC)
        self.inbox = []
        self.market_orders = 0

    def ask(self, request):
        outcome = self.exchange.handle(request, self.now)
        self.inbox += [one for one in outcome.messages if one.client == "CLIENT"]

    def market_sells(self, quantity, time_in_force="3"):
        self.market_orders += 1
        self.ask(
            NewOrder(
                client="MARKET",
                cl_ord_id=f"M{self.market_orders}",
                symbol="AAPL",
                side="2",
                quantity=str(quantity),
                ord_type="2",
                price="100.00",
                time_in_force=time_in_force,
            )
        )

    def time_passes(self):
        self.now += DELAY
        self.inbox += self.exchange.step(self.now).messages

    def receive(self, said, tif):
        """A message of the client, as the table gives it."""
        words = {
            "client": "CLIENT",
            "cl_ord_id": said["ClOrdID"],
            "symbol": "AAPL",
            "side": "1",
        }
        terms = {"quantity": str(said.get("OrderQty")), "ord_type": "2", "price": "100.00"}
        if said["msg"] == "NewOrderSingle":
            resend = said.get("PossResend") == "Y"
            self.ask(NewOrder(**words, **terms, time_in_force=tif, poss_resend=resend))
        elif said["msg"] == "OrderCancelRequest":
            self.ask(CancelOrder(**words, orig_cl_ord_id=said["OrigClOrdID"]))
        elif said["msg"] == "OrderCancelReplaceRequest":
            self.ask(ReplaceOrder(**words, **terms, orig_cl_ord_id=said["OrigClOrdID"]))
        else:
            self.ask(AskStatus(**words))

    def expect(self, said):
        """The venue's next message is as the table gives it."""
        if not self.inbox:
            if said.get("ExecType") == "Trade":
                self.market_sells(said["LastQty"])
            else:
                self.time_passes()
        assert self.inbox, f"nothing was sent; expected {said}"
        message = self.inbox.pop(0)
        assert isinstance(message, Report) == (said["msg"] == "ExecutionReport"), message
        assert message.ord_status is OrdStatus[constant(said["OrdStatus"])], message
        assert message.orig_cl_ord_id == said.get("OrigClOrdID", "")
        if "ExecType" in said:
            assert message.exec_type is ExecType[constant(said["ExecType"])]
        for reason in {"OrdRejReason", "CxlRejReason"} & set(said):
            assert message.reason == said[reason]
        for name in FIELDS.keys() & said.keys():
            assert getattr(message, FIELDS[name]) == said[name], name


def constant(name):
    """PartiallyFilled -> PARTIALLY_FILLED."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()


def in_order(steps):
    """Where two messages cross, the venue had sent its own before it read the client's."""
    return sorted(steps, key=lambda step: (step["t"], "cross" in step and "recv" in step))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["id"])
def test_the_venue_plays(scenario):
    play, tif = Play(), TimeInForce[scenario["tif"].upper()].value
    if tif == TimeInForce.IOC:
        sent = (step["sent"] for step in scenario["steps"] if "sent" in step)
        play.market_sells(sum(s["LastQty"] for s in sent if s["ExecType"] == "Trade"), "0")

    for step in in_order(scenario["steps"]):
        if "recv" in step:
            play.receive(step["recv"], tif)
        else:
            play.expect(step["sent"])

    assert play.inbox == []


def test_every_scenario_that_we_promise_is_there():
    assert {scenario["id"] for scenario in SCENARIOS} >= {
        *("A.1.a", "B.1.a", "B.1.b", "B.1.c", "B.1.f", "C.1.a", "C.2.a", "C.3.a", "C.3.b"),
        *("C.3.c", "D.1.a", "F.1.a", "G.1.a", "G.1.b", "I.1.b"),
    }
