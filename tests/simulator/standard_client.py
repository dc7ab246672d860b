"""A client that plays its side of the standard's matrices, over any wire.

What it knows comes from tests/order_states/matrices.yaml alone: it never sees a script.
"""

from fractions import Fraction
from pathlib import Path
from typing import Protocol

import yaml

MATRICES = yaml.safe_load(
    (Path(__file__).parents[1] / "order_states" / "matrices.yaml").read_text(encoding="utf-8")
)
EXEC_TYPES = {
    "New": "0",
    "DoneForDay": "3",
    "Canceled": "4",
    "Replaced": "5",
    "PendingCancel": "6",
    "Stopped": "7",
    "Rejected": "8",
    "Restated": "D",
    "PendingReplace": "E",
    "Trade": "F",
    "TradeCorrect": "G",
    "TradeCancel": "H",
    "OrderStatus": "I",
    "Triggered": "L",
}
ORD_STATUSES = {
    "New": "0",
    "PartiallyFilled": "1",
    "Filled": "2",
    "DoneForDay": "3",
    "Canceled": "4",
    "PendingCancel": "6",
    "Stopped": "7",
    "Rejected": "8",
    "PendingNew": "A",
    "PendingReplace": "E",
}
TIMES_IN_FORCE = {"Day": "0", "GTC": "1", "IOC": "3", "FOK": "4"}
MSG_TYPES = {
    "NewOrderSingle": "D",
    "OrderCancelRequest": "F",
    "OrderCancelReplaceRequest": "G",
    "OrderStatusRequest": "H",
}
FIGURES = {"OrderQty": 38, "CumQty": 14, "LeavesQty": 151, "LastQty": 32}
DAY_FIGURES = {"DayOrderQty": 424, "DayCumQty": 425, "CashOrderQty": 152}
PRICES = {"LastPx": 31, "AvgPx": 6, "Price": 44}
REASONS = {"OrdRejReason": 103, "CxlRejReason": 102, "ExecRestatementReason": 378}
SAME = {"WorkingIndicator": 636, "OrderID": 37}

Fields = dict[int, str]


class Wire(Protocol):
    """How the client reaches a venue."""

    def send(self, fields: Fields) -> None:
        """A message by tag; the session fields are the wire's."""

    def receive(self) -> Fields:
        """The venue's next application message by tag."""


def paths(scenario: dict) -> list[tuple[int, list[dict]]]:
    """The scenario's own path (0), and each alternative (its number from 1) with what leads there.

    The client's message comes first where two cross.
    """
    steps = [
        {**step, "place": (step.get("day", 1), step["t"], "sent" in step and "cross" in step)}
        for step in scenario["steps"]
    ]
    main = sorted((s for s in steps if not s.get("alt")), key=lambda step: step["place"])
    found = [(0, main)]
    for number, step in enumerate((s for s in steps if s.get("alt")), 1):
        led = [other for other in main if other["place"] < step["place"]]
        found.append((number, [*led, step]))
    return found


class StandardClient:
    """Plays one path and checks every message against the matrix."""

    def __init__(
        self, wire: Wire, scenario: dict, symbol: str, name: str, scale: Fraction | int = 1
    ) -> None:
        self._wire, self._scenario, self._symbol = wire, scenario, symbol
        self._name, self._scale = name, scale
        self._executions: dict[str, str] = {}
        self._seen: set[str] = set()
        self.last: Fields = {}

    def play(self, steps: list[dict]) -> Fields:
        """The last message; raises AssertionError at the first that is not the standard's."""
        if not any("recv" in step for step in steps):
            self._wire.send(self._order({"ClOrdID": "CALL", **self._first_figures(steps)}))
        for step in steps:
            if "recv" in step:
                self._wire.send(self._request(step["recv"]))
            elif "sent" in step:
                self._check(step["sent"], self._wire.receive(), step)
        return self.last

    def _first_figures(self, steps: list[dict]) -> dict:
        sent = next(step["sent"] for step in steps if "sent" in step)
        return {"OrderQty": sent["OrderQty"]}

    def _scaled(self, figure: int) -> str:
        return str(int(figure * self._scale))

    def _id(self, letter: str) -> str:
        return f"{self._name}-{letter}"

    def _request(self, said: dict) -> Fields:
        if said["msg"] == "NewOrderSingle":
            return self._order(said)
        fields = {
            35: MSG_TYPES[said["msg"]],
            11: self._id(said["ClOrdID"]),
            55: self._symbol,
            54: "1",
        }
        if "OrigClOrdID" in said:
            fields[41] = self._id(said["OrigClOrdID"])
        if "OrderQty" in said:
            fields[38] = self._scaled(said["OrderQty"])
        if said["msg"] == "OrderCancelReplaceRequest":
            fields[40] = "1"
        return fields

    def _order(self, said: dict) -> Fields:
        tif = said.get("TimeInForce", self._scenario["order"].get("tif", "Day"))
        fields = {35: "D", 11: self._id(said["ClOrdID"]), 55: self._symbol, 54: "1", 40: "1"}
        fields[59] = TIMES_IN_FORCE[tif]
        if "OrderQty" in said:
            fields[38] = self._scaled(said["OrderQty"])
        if "CashOrderQty" in said:
            fields |= {152: self._scaled(said["CashOrderQty"]), 15: said["Currency"]}
        if "Price" in said:
            fields |= {40: "2", 44: str(said["Price"])}
        if self._scenario["order"].get("type") == "stop":
            fields |= {40: "3", 99: "99"}
        if "exec_inst" in self._scenario["order"]:
            fields[18] = self._scenario["order"]["exec_inst"]
        if said.get("PossResend") == "Y":
            fields[97] = "Y"
        return fields

    def _check(self, said: dict, got: Fields, step: dict) -> None:
        place = f"{self._scenario['id']} day {step.get('day', 1)} t{step['t']}"
        expected = self._expected(said)
        wrong = {
            tag: (got.get(tag, ""), value)
            for tag, value in expected.items()
            if not _same(_said(got, tag), value)
        }
        assert not wrong, f"{place}: tag: (got, standard): {wrong} in {got}"
        if said["msg"] == "ExecutionReport" and said["ExecType"] != "OrderStatus":
            assert got[17] not in self._seen, f"{place}: ExecID {got[17]} came before"
            self._seen.add(got[17])
            self._executions[said.get("ExecID", "")] = got[17]
        self.last = got

    def _expected(self, said: dict) -> Fields:
        report = said["msg"] == "ExecutionReport"
        expected = {35: "8" if report else "9", 39: ORD_STATUSES[said["OrdStatus"]]}
        expected[11] = self._id(said["ClOrdID"]) if "ClOrdID" in said else ""
        expected[41] = self._id(said["OrigClOrdID"]) if "OrigClOrdID" in said else ""
        if report:
            expected[150] = EXEC_TYPES[said["ExecType"]]
        for name, tag in {**FIGURES, **DAY_FIGURES}.items():
            if name in said:
                expected[tag] = self._scaled(said[name])
        for name, tag in {**PRICES, **REASONS, **SAME}.items():
            if name in said:
                expected[tag] = str(said[name])
        if "Text" in said:
            expected[58] = said["Text"]
        if "ExecRefID" in said:
            expected[19] = self._executions[said["ExecRefID"]]
        if said.get("ExecType") == "OrderStatus":
            expected[17] = "0"
        return expected


def _said(got: Fields, tag: int) -> str:
    """A field as the matrix prints it: the last Text has a verdict behind it."""
    return got.get(tag, "").partition("; ")[0] if tag == 58 else got.get(tag, "")


def _same(got: str, value: str) -> bool:
    """Equal texts, or equal numbers: 100 and 100.00."""
    if got == value:
        return True
    try:
        return float(got) == float(value)
    except ValueError:
        return False
