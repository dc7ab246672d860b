"""Every kind of order, from our outbox over two venues and two days to the ledger.

An exchange with auctions and a broker that works on it, in a process of their own on a clock
that the test steps; both versions of FIX, and both forms of asking for an algorithm.
"""

import csv
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from domain.orders import (
    Algo,
    OrdStatus,
    OrdType,
    Peg,
    PegTo,
    Side,
    Strategy,
    TimeInForce,
)
from gateway.service import Gateway
from gateway.session_file import write_session_config
from gateway.settings import load_settings
from ledger.positions import is_balanced
from oms.booking import Booking
from oms.cancel import cancel, change
from tests.gateway.desk import RealClock, order_of, place
from tests.gateway.venue import until
from tests.oms_orders.desk import AAPL, DAY, RUN, intent, open_books, snapshot
from tests.simulator.conftest import VenueProcess

pytestmark = pytest.mark.integration

PRICES = """\
symbol,security_id,price,tick,lot_size,average_daily_volume
AAPL,US0378331005,148.00,0.01,1,2000000
"""
CONFIG = """\
state_dir = "state"
[clock]
start = "2022-11-30T14:15:00Z"
stepped = true
[[venue]]
name = "XSIM"
clients = ["TRIMTAB"]
prices = "prices.csv"
levels = 0
fee_per_share = 0.003
report_triggers = true
call_time = "09:00"
open_time = "09:30"
closing_call_time = "15:50"
close_time = "16:00"
begin_string = "{begin_string}"
[[venue]]
name = "BROK"
kind = "broker"
works_on = ["XSIM"]
slice_interval = 10
fee_per_share = 0.01
clients = ["TRIMTAB"]
begin_string = "{begin_string}"
"""
GROUPED = {"parameters": "group"}
MIXED = {"TWAP": "1000", "VWAP": "1", "POV": {"value": "2", **GROUPED}}


def ny(hour: int, minute: int) -> datetime:
    return datetime(2022, 11, 30, hour + 5, minute, tzinfo=UTC)


class Day:
    """A gateway with the OMS's booking, and the venues' operator."""

    def __init__(self, wired, program, settings) -> None:
        self.vault, self.program = wired.vault, program
        self.gateway = Gateway(wired.vault, Booking(), RealClock(), settings, wired.log)
        self.names: list[str] = []

    def send(self, name: str, quantity: int, *, venue: str = "XSIM", **terms: object) -> None:
        kind = terms.setdefault("ord_type", OrdType.LIMIT)
        if "limit_price" not in terms:
            terms["limit_price"] = Decimal("148.05") if kind is OrdType.LIMIT else None
        usual = intent(f"KIND-{name}", Side.BUY, AAPL, {"A1": quantity})
        place(self.vault, replace(usual, venue=venue, **terms))
        self.names.append(name)
        self.gateway.wake()

    def order(self, name: str):
        return order_of(self.vault, f"KIND-{name}")

    def wait(self, name: str, status: OrdStatus, filled: int) -> None:
        until(
            lambda: (self.order(name).status, self.order(name).cum_qty) == (status, filled),
            f"{name}: {status.name} with {filled} filled (it is {self.order(name).status.name})",
        )

    def operate(self, word: str, body: dict) -> dict:
        status, answer = self.program.ask("POST", word, body)
        assert status == 200, answer
        return answer

    def stranger(self, side: str, quantity: int, price: str) -> None:
        body = {"symbol": "AAPL", "side": side, "quantity": quantity, "price": price}
        self.operate("/venues/XSIM/inject", body)

    def step_to(self, at: datetime) -> None:
        self.operate("/clock/step", {"to": f"{at:%Y-%m-%dT%H:%M:%SZ}"})

    def wish(self, act, name: str, **terms: object) -> None:
        with self.vault.write() as uow:
            act(uow, self.order(name), at=RealClock().now(), why="a test", **terms)
        self.gateway.wake()


@pytest.fixture(params=[("FIX.4.4", MIXED), ("FIXT.1.1", GROUPED)], ids=["4.4", "5.0SP2"])
def day(request, wired, tmp_path):
    begin_string, strategies = request.param
    (tmp_path / "prices.csv").write_text(PRICES)
    (tmp_path / "venues.toml").write_text(CONFIG.format(begin_string=begin_string))
    program = VenueProcess(tmp_path / "venues.toml").start()
    venues = {name: ("127.0.0.1", program.port(name)) for name in ("XSIM", "BROK")}
    path = tmp_path / "fix.cfg"
    sessions = write_session_config(path, venues, store=tmp_path / "fix", begin_string=begin_string)
    tables = {name: {"session": session, "throttle": 1000} for name, session in sessions.items()}
    tables["BROK"]["strategies"] = strategies
    tables["XSIM"]["tags"] = {"57": "DMA", "9001": "{account} {run}", "new": {"528": "A"}}
    open_books(wired.vault, snapshot(cash={"A1": "9000000"}))
    made = Day(wired, program, load_settings(path, tables, {}))
    made.gateway.start()
    yield made
    made.gateway.stop()
    assert program.stop() == 0


def test_every_kind_lives_its_life_and_is_booked_to_the_cent(wired, day):
    before_the_opening(day)
    while_it_trades(day)
    at_the_broker(day)
    at_the_close(day)

    assert 0 < day.order("POV").cum_qty < 500
    assert 0 < day.order("IOC").cum_qty < 9000
    assert not day.order("GTC").is_closed
    assert not day.order("GTD").is_closed
    alarms = [one for one in wired.events if one["event"] == "alarm_raised"]
    assert [one for one in alarms if one["kind"] != "session_silent"] == []
    assert wired.quarantined() == ()
    assert_booked_as_the_venues_say(wired.vault, day)


def before_the_opening(day):
    gtd = {"time_in_force": TimeInForce.GTD, "expires": date(2022, 12, 1)}
    day.send("OPG", 100, ord_type=OrdType.MARKET, time_in_force=TimeInForce.OPG)
    day.send("GTC", 10, limit_price=Decimal(120), time_in_force=TimeInForce.GTC)
    day.send("GTD", 10, limit_price=Decimal(121), **gtd)
    day.send("DAY", 10, limit_price=Decimal(122))
    for name in ("OPG", "GTC", "GTD", "DAY"):
        day.wait(name, OrdStatus.NEW, 0)
    day.stranger("sell", 100, "148.00")
    day.step_to(ny(9, 30))
    day.wait("OPG", OrdStatus.FILLED, 100)


def while_it_trades(day):
    day.stranger("sell", 5000, "148.05")
    day.stranger("buy", 1000, "147.95")
    day.send("MARKET", 50, ord_type=OrdType.MARKET)
    day.wait("MARKET", OrdStatus.FILLED, 50)
    day.send("FOK-ALL", 100, time_in_force=TimeInForce.FOK)
    day.wait("FOK-ALL", OrdStatus.FILLED, 100)
    day.send("FOK-NONE", 9999, time_in_force=TimeInForce.FOK)
    day.wait("FOK-NONE", OrdStatus.CANCELED, 0)
    pegs(day)
    stops(day)


def pegs(day):
    day.send("PEG-MID", 40, ord_type=OrdType.PEGGED, peg=Peg(to=PegTo.MIDPOINT))
    day.wait("PEG-MID", OrdStatus.NEW, 0)
    day.stranger("sell", 40, "148.00")
    day.wait("PEG-MID", OrdStatus.FILLED, 40)
    below = Peg(to=PegTo.PRIMARY, offset=Decimal("-0.01"))
    day.send("PEG-OWN", 30, ord_type=OrdType.PEGGED, peg=below, limit_price=Decimal(148))
    day.wait("PEG-OWN", OrdStatus.NEW, 0)
    day.wish(cancel, "PEG-OWN")
    day.wait("PEG-OWN", OrdStatus.CANCELED, 0)


def stops(day):
    day.send("STOP", 60, ord_type=OrdType.STOP, stop_price=Decimal("148.05"))
    day.wait("STOP", OrdStatus.NEW, 0)
    day.stranger("buy", 10, "148.05")
    day.wait("STOP", OrdStatus.FILLED, 60)
    far = {"stop_price": Decimal(149), "limit_price": Decimal("149.5")}
    day.send("STOP-LIMIT", 70, ord_type=OrdType.STOP_LIMIT, **far)
    day.wait("STOP-LIMIT", OrdStatus.NEW, 0)
    near = {"stop_price": Decimal("148.05"), "limit_price": Decimal("148.2")}
    day.wish(change, "STOP-LIMIT", quantity=Decimal(70), collar=Decimal("0.5"), **near)
    day.wait("STOP-LIMIT", OrdStatus.FILLED, 70)
    changed = day.order("STOP-LIMIT")
    assert (changed.stop_price, changed.limit_price) == (Decimal("148.05"), Decimal("148.2"))


def at_the_broker(day):
    """Each until ten o'clock; what POV has not found by then is canceled, and is no alarm."""
    vwap = Algo(strategy=Strategy.VWAP, start=ny(9, 40), end=ny(10, 0))
    tenth = Algo(strategy=Strategy.POV, end=ny(10, 0), participation=Decimal("0.1"))
    day.send("TWAP", 90, venue="BROK", algo=Algo(strategy=Strategy.TWAP, end=ny(10, 0)))
    day.send("VWAP", 80, venue="BROK", algo=vwap)
    day.send("POV", 500, venue="BROK", algo=tenth)
    for name in ("TWAP", "VWAP", "POV"):
        day.wait(name, OrdStatus.NEW, 0)
    day.step_to(ny(9, 45))
    fewer = {"quantity": Decimal(60), "limit_price": Decimal("148.06")}
    day.wish(change, "TWAP", collar=Decimal("0.5"), **fewer)
    until(lambda: day.order("TWAP").order_qty == 60, "the change of TWAP")
    day.stranger("buy", 180, "148.05")
    day.step_to(ny(10, 0))
    day.wait("TWAP", OrdStatus.FILLED, 60)
    day.wait("VWAP", OrdStatus.FILLED, 80)
    until(lambda: day.order("POV").status is OrdStatus.CANCELED, "the end of POV")


def at_the_close(day):
    day.send("CLS", 90, ord_type=OrdType.MARKET, time_in_force=TimeInForce.CLS)
    day.wait("CLS", OrdStatus.NEW, 0)
    day.send("IOC", 9000, time_in_force=TimeInForce.IOC)
    until(lambda: day.order("IOC").status is OrdStatus.CANCELED, "the rest of IOC")
    day.stranger("sell", 500, "148.05")
    day.step_to(ny(16, 0))
    day.wait("CLS", OrdStatus.FILLED, 90)
    day.wait("DAY", OrdStatus.EXPIRED, 0)


def assert_booked_as_the_venues_say(vault, day) -> None:
    """Three accounts of the day: the venues' own files, our executions, and the ledger."""
    rows: list[dict[str, str]] = []
    for venue in ("XSIM", "BROK"):
        path = day.operate(f"/venues/{venue}/end-of-day", {})["path"]
        told = csv.DictReader(Path(path).read_text().splitlines())
        rows += [
            row for row in told if row["trade_date"] != "TRAILER" and row["client"] == "TRIMTAB"
        ]
    with vault.read() as view:
        ours = [one for venue in ("XSIM", "BROK") for one in view.orders.executions(DAY, venue)]
        transactions = view.ledger.of_run(RUN)
        balances = view.ledger.balances()
    orders = [day.order(name) for name in day.names]
    bought = sum(order.cum_qty for order in orders)
    paid = sum(order.gross + order.commission for order in orders)
    assert {row["exec_id"] for row in rows} == {one.exec_id for one in ours}
    assert sum(Decimal(row["last_qty"]) for row in rows) == bought
    assert sum(Decimal(row["last_qty"]) * Decimal(row["last_px"]) for row in rows) == sum(
        order.gross for order in orders
    )
    assert sum(Decimal(row["fee"]) for row in rows) == sum(order.commission for order in orders)
    assert is_balanced(transactions)
    assert balances["client:A1", AAPL] == bought
    assert balances["client:A1", "USD"] == 9_000_000 - paid
