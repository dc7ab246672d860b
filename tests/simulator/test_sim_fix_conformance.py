"""Everything that the exchange says is what both dictionaries allow, on the wire as it leaves.

One day with auctions, halts, icebergs, busts, market data, allocations: every request that clients
may send, from a session of each version.
"""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import Rules
from simulator.fix.codec import Incoming, parse
from simulator.fix.dictionary import dictionary
from simulator.fix.profile import Version
from simulator.values.messages import Message
from tests.simulator.sim_fix_talk import Talk

MORNING = datetime(2022, 11, 30, 14, 0, tzinfo=UTC)  # 09:00 in New York.
RULES = Rules(
    name="XSIM",
    fee_per_share=Decimal("0.0035"),
    call_time=time(9, 15),
    open_time=time(9, 30),
    closing_call_time=time(15, 50),
    close_time=time(16, 0),
    acknowledge_changes=True,
    halt_auction=True,
    report_triggers=False,
    allocation_received=True,
    allocation_reports=True,
)
STOCK = Instrument(
    symbol="AAPL",
    security_id="US0378331005",
    price="148.03",
    ticks=(("0", "0.01"),),
    lots=(("0", 1),),
    average_daily_volume=400_000,
)
AT = (60, "20221130-14:30:00")
NO_PRICE = (40, "1")


class Day:
    """A client and a floor, with the day's time passing between them."""

    def __init__(self, version: Version) -> None:
        self.talk = Talk(version=version, sending_time_seconds=0)
        self.talk.log_on()
        self.floor = ExchangeFloor(replace(RULES), {"AAPL": STOCK})
        self.now = MORNING
        self.said: list[Incoming] = []
        self._ids = 0
        self.session_name = "XSIM" if version is Version.FIX44 else "1"

    def ask(self, kind: str, *fields: tuple[int, object]) -> None:
        self.talk.session.receive(self.talk.raw(kind, *fields), self.talk.now)
        for one in self.talk.session.asked:
            self._say(self.floor.handle(one.request, self.now))
        self.talk.session.asked.clear()
        self._hear()

    def order(self, *fields: tuple[int, object], side: int = 1, shares: int = 100) -> str:
        self._ids += 1
        order_id = f"D{self._ids}"
        self.ask("D", (11, order_id), (55, "AAPL"), (54, side), (38, shares), *fields, AT)
        return order_id

    def change(self, kind: str, original: str, *fields: tuple[int, object]) -> str:
        self._ids += 1
        self.ask(
            kind, (11, f"D{self._ids}"), (41, original), (55, "AAPL"), (54, 1), *fields, AT
        )  # fmt: skip
        return f"D{self._ids}"

    def operate(self, name: str, **arguments: object) -> None:
        self._say(self.floor.operate(name, arguments, self.now)[1])
        self._hear()

    def go_to(self, hour: int, minute: int) -> None:
        """New York's time of day."""
        self.now = MORNING + timedelta(hours=hour - 9, minutes=minute)
        self._say(self.floor.wake(self.now))
        self._hear()

    def _say(self, messages: list[Message]) -> None:
        for message in messages:
            self.talk.session.say(message, self.talk.now)

    def _hear(self) -> None:
        self.said += [parse(raw) for raw in self.talk.session.take_out(self.talk.seconds)]


def whole_day(version: Version) -> Day:
    day = Day(version)
    inquire(day)
    day.go_to(9, 20)
    day.order((40, "2"), (44, "148.00"), (59, "2"))
    day.order(NO_PRICE, side=2, shares=40)
    day.go_to(9, 31)
    trade(day)
    interrupt(day)
    allocate(day)
    send_lists(day)
    day.go_to(15, 55)
    day.order((40, "2"), (44, "149"), (59, "7"))
    day.order((40, "2"), (44, "120"), (59, "1"))
    day.go_to(16, 1)
    day.order(NO_PRICE)
    day.go_to(24 + 10, 0)
    return day


def inquire(day: Day) -> None:
    """Every question, right and wrong."""
    for symbol in ("AAPL", "NONE"):
        day.ask(
            "V", (262, f"M{symbol}"), (263, 1), (264, 0), (265, 1), (267, 5), (269, 0), (269, 1),
            (269, 2), (269, 4), (269, "A"), (146, 1), (55, symbol),
        )  # fmt: skip
        day.ask("e", (324, f"S{symbol}"), (55, symbol), (263, 1))
        day.ask("x", (320, f"L{symbol}"), (559, 0), (55, symbol))
    day.ask(
        "V", (262, "FULL"), (263, 1), (264, 1), (265, 0), (267, 7), (269, 0), (269, 1), (269, 2),
        (269, 5), (269, 7), (269, 8), (269, "B"), (146, 1), (55, "AAPL"),
    )  # fmt: skip
    day.ask("V", (262, "MAAPL"), (263, 1), (264, 0), (267, 1), (269, 0), (146, 1), (55, "AAPL"))
    day.ask("V", (262, "BAD"), (263, 2), (264, 0), (267, 1), (269, 0), (146, 1), (55, "AAPL"))
    day.ask("V", (262, "BAD"), (263, 0), (264, 0), (267, 1), (269, "C"), (146, 1), (55, "AAPL"))
    day.ask("x", (320, "ALL"), (559, 4))
    day.ask("x", (320, "PRODUCT"), (559, 2))
    day.ask("g", (335, "G1"), (263, 1), (336, day.session_name))
    day.ask("g", (335, "G2"), (263, 0), (336, 7))
    day.ask("AF", (584, "R1"), (585, 7))
    day.ask("H", (11, "NONE"), (55, "AAPL"), (54, 1))


def trade(day: Day) -> None:
    """Every kind of order, and every change."""
    day.operate("inject", symbol="AAPL", side="sell", quantity=1000, price="148.10")
    resting = day.order((40, "2"), (44, "147.00"), (1, "ACC"), (583, "link"), (526, "second"))
    day.order((40, "2"), (44, "148.10"))
    day.order((40, "2"), (44, "148.10"), (59, "3"), shares=5000)
    day.order((40, "2"), (44, "148.10"), (59, "4"), shares=5000)
    day.order((18, "G"), (40, "2"), (44, "146"))
    day.order((110, "50"), (111, "10"), (40, "2"), (44, "146.50"))
    day.order((18, "M"), (40, "P"))
    day.order((18, "R"), (40, "P"), (211, "-0.02"))
    day.order((40, "3"), (99, "148.05"))
    day.order((40, "4"), (44, "150"), (99, "149"))
    day.order((40, "2"), (44, "140"), (59, "6"), (432, "20221202"))
    day.order((40, "2"), (44, "140"), (59, "6"), (126, "20221130-19:00:00"))
    day.order((40, "2"), (44, "140.001"))
    day.order((40, "2"), (44, "140"), shares=0)
    day.ask("D", (11, "WHAT"), (55, "NONE"), (54, 1), (38, 1), (40, 1), AT)
    day.ask("D", (11, resting), (55, "AAPL"), (54, 1), (38, 1), (40, 1), AT)
    changed = day.change("G", resting, (38, 200), (40, "2"), (44, "147.01"))
    day.ask("H", (11, changed), (790, "Q"), (55, "AAPL"), (54, 1))
    day.ask("AF", (584, "R2"), (585, 7))
    day.change("F", "NONE")
    day.change("F", changed)
    first, *_, last = [one.get("17") for one in day.said if one.get("150") == "F"]
    day.operate("correct", exec_id=first, price="148.09")
    day.operate("bust", exec_id=last)
    day.ask("q", (11, "Q1"), (530, 1), (55, "AAPL"), (54, 1), AT)
    day.ask("q", (11, "Q2"), (530, 7), AT)
    day.ask("q", (11, "Q3"), (530, 3), AT)


def interrupt(day: Day) -> None:
    """A halt with an auction at its end."""
    day.operate("halt", symbol="AAPL")
    day.order((40, "2"), (44, "148.20"))
    day.ask("e", (324, "HALTED"), (55, "AAPL"), (263, 0))
    day.operate("resume", symbol="AAPL")
    day.go_to(12, 0)


def allocate(day: Day) -> None:
    """A block, its split before and after, and what the client says to the report."""
    block = day.order((78, 2), (79, "A"), (80, 60), (79, "B"), (80, 40), (40, "2"), (44, "149"))
    day.operate("inject", symbol="AAPL", side="sell", quantity=500, price="147.00")
    for number, quantity in enumerate((100, 90)):
        day.ask(
            "J", (70, f"J{number}"), (71, 0), (626, 1), (857, 1), (73, 1), (11, block), (54, 1),
            (55, "AAPL"), (53, quantity), (6, 149), (75, "20221130"), (60, "20221130-15:00:00"),
            (78, 2), (79, "A"), (80, 60), (79, "B"), (80, 40),
        )  # fmt: skip
    day.ask(
        "J", (70, "PRE"), (71, 0), (626, 2), (857, 0), (54, 1), (55, "AAPL"), (53, 10), (6, 0),
        (75, "20221130"), (60, "20221130-15:00:00"), (78, 2), (79, "A"), (80, 6), (79, "B"),
        (80, 4),
    )  # fmt: skip
    day.order((70, "PRE"), (40, "2"), (44, "149"), shares=10)
    report = next(one for one in day.said if one.kind == "AS")
    day.ask("AT", (755, report.get("755")), (70, report.get("70")), AT, (87, 0))


def send_lists(day: Day) -> None:
    """A list in two fragments, one that waits, one that is refused; all that is asked of them."""
    sent = (
        ("ONE", 1, 2, "N", ((1, "149"),)),
        ("ONE", 1, 2, "Y", ((2, "120"),)),
        ("TWO", 2, 1, "Y", ((1, "121"),)),
        ("TEN", 1, 10, "Y", ((1, "121"),)),
    )
    for name, begins, total, last, rows in sent:
        fields: list[tuple[int, object]] = []
        for number, price in rows:
            fields += [
                (11, f"{name}{number}"), (67, number), (78, 2), (79, "A"), (80, 5), (79, "B"),
                (80, 4), (55, "AAPL"), (54, 1), (38, 9), (40, "2"), (44, price),
            ]  # fmt: skip
        day.ask(
            "E", (66, name), (394, 3), (433, begins), (68, total), (893, last), (73, len(rows)),
            *fields,
        )  # fmt: skip
    day.ask("L", (66, "TWO"), AT)
    day.ask("M", (66, "ONE"))
    day.ask("K", (66, "ONE"), AT)


@pytest.fixture(params=Version, ids=lambda version: version.name)
def day(request: pytest.FixtureRequest) -> Day:
    return whole_day(request.param)


def test_everything_that_is_said_is_allowed(day):
    allowed = dictionary(day.talk.profile.version)

    faults = {
        (one.kind, fault.reason.name, fault.tag, fault.text)
        for one in day.said
        if (fault := allowed.check(one)) is not None
    }

    assert faults == set()


def test_the_day_had_everything(day):
    """Otherwise the test above would show little."""
    kinds = {one.kind for one in day.said}
    reports = {(one.get("150"), one.get("39")) for one in day.said if one.kind == "8"}

    assert {"8", "9", "r", "W", "X", "Y", "f", "y", "h", "P", "AS", "N"} <= kinds
    assert "3" not in kinds
    assert "j" not in kinds
    assert {kind for kind, _ in reports} >= set("0456CDEFGHI8")
