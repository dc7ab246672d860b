"""What takes persons and days, on the bundled exchange with a clock that is stepped.

Everything else is as it is: gateway, booking, ledger, the venue's end-of-day files, and what two
persons book: a split overnight, an order by telephone.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from console.book_wishes import BookWishes
from console.service_port import AccountPart
from domain.order_states import apply, open_order
from domain.orders import ExecutionReport, OrdStatus, Side, TimeInForce
from domain.splits import Split
from gateway.service import Gateway
from gateway.session_file import write_session_config
from gateway.settings import load_settings
from ledger.positions import is_balanced
from ledger.reconcile import ledger_against_venue
from oms import splits
from oms.booking import Booking
from tests.gateway.desk import RealClock, cancel, order_of, place
from tests.gateway.venue import until
from tests.oms_orders.desk import AAPL, DAY, NOW, SetClock, intent, lot, open_books, snapshot
from tests.simulator.conftest import VenueProcess
from vault.witness import read_venue_file

pytestmark = pytest.mark.integration

NAME = "GTCX-0001"
MORNING = date(2022, 12, 1)
PRICES = """\
symbol,security_id,price,tick,lot_size,average_daily_volume
AAPL,US0378331005,148.00,0.01,1,2000000
"""
CONFIG = """\
state_dir = "state"
[clock]
start = "2022-11-30T20:00:00Z"
stepped = true
[[venue]]
name = "XSIM"
port = 0
clients = ["TRIMTAB"]
prices = "prices.csv"
levels = 0
fee_per_share = 0.003
open_time = "09:30"
"""
BOOK = snapshot(
    (lot("A1", AAPL, 500, "45000", 1), lot("A2", AAPL, 300, "36000", 2)),
    {"A1": "100000", "A2": "100000"},
)


class Days:
    """The exchange by its clock and its operator."""

    def __init__(self, folder: Path) -> None:
        (folder / "prices.csv").write_text(PRICES)
        (folder / "venues.toml").write_text(CONFIG)
        self.program = VenueProcess(folder / "venues.toml").start()

    def ask(self, path: str, body: dict | None = None) -> dict:
        status, answer = self.program.ask("POST", path, body or {})
        assert status == 200, answer
        return answer

    def until(self, instant: str) -> None:
        self.ask("/clock/step", {"to": instant})

    def execute(self, order_id: str, quantity: int, price: str) -> None:
        body = {"order_id": order_id, "quantity": quantity, "price": price}
        self.ask("/venues/XSIM/execute", body)

    def end_of_day(self) -> Path:
        answer = self.ask("/venues/XSIM/end-of-day")
        return next(Path(value) for value in answer.values() if str(value).endswith(".csv"))


@pytest.fixture
def days(tmp_path):
    (tmp_path / "venues").mkdir()
    made = Days(tmp_path / "venues")
    yield made
    assert made.program.stop() == 0


@pytest.fixture
def gateway(wired, days):
    """Starts a gateway on the same books, as after a restart of the service."""
    started = []

    def start(clock=None, **keys):
        for one in started:
            one.stop()
        path = wired.directory / "days.cfg"
        address = {"XSIM": ("127.0.0.1", days.program.port())}
        sessions = write_session_config(path, address, store=wired.directory / "fix")
        settings = load_settings(path, {"XSIM": {"session": sessions["XSIM"], **keys}}, {})
        made = Gateway(wired.vault, Booking(), clock or RealClock(), settings, wired.log)
        made.start()
        started[:] = [made]
        until(lambda: made.sessions()[0].gate_open, "the gate")
        return made

    yield start
    for one in started:
        one.stop()


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_a_good_till_order_over_a_night_with_a_split_is_right_to_the_cent(
    wired, days, gateway, side
):
    open_books(wired.vault, BOOK)
    order = replace(
        intent(NAME, side, AAPL, {"A1": 60, "A2": 40}, limit="148"),
        time_in_force=TimeInForce.GTC,
    )
    place(wired.vault, order)
    gateway()
    until(lambda: order_of(wired.vault, NAME).status is OrdStatus.NEW, "the acknowledgement")
    venues_id = order_of(wired.vault, NAME).order_id
    days.execute(venues_id, 20, "147.90")
    until(lambda: order_of(wired.vault, NAME).cum_qty == 20, "the first day's fill")
    first = days.end_of_day()

    two_for_one = Split(security_id=AAPL, day=MORNING, new=2, old=1)
    with wired.vault.write() as uow:
        splits.propose(uow, two_for_one, "AAPL", why="8-K", by="anna", at=NOW)
        splits.second(uow, "AAPL", MORNING, by="ben", at=NOW)
    days.ask("/venues/XSIM/split", {"symbol": "AAPL", "ratio": "2:1"})
    restarted = gateway()
    days.until("2022-12-01T15:00:00Z")
    until(lambda: order_of(wired.vault, NAME).order_qty == 200, "the morning's restatement")
    now = order_of(wired.vault, NAME)
    assert (now.cum_qty, now.limit_price, now.gross) == (40, 74, 20 * Decimal("147.90"))

    days.execute(venues_id, 100, "73.95")
    until(lambda: order_of(wired.vault, NAME).cum_qty == 140, "the second day's fill")
    cancel(wired.vault, NAME)
    restarted.wake()
    until(lambda: order_of(wired.vault, NAME).is_closed, "the cancel")
    second = days.end_of_day()

    sign = 1 if side is Side.BUY else -1
    with wired.vault.read() as view:
        facts, held = view.ledger.all(), view.ledger.balances()
        kept = view.ledger.lots()
    dollars, fees = 20 * Decimal("147.90") + 100 * Decimal("73.95"), Decimal("0.36")
    assert is_balanced(facts)
    assert held["client:A1", AAPL] == 1000 + sign * 84
    assert held["client:A2", AAPL] == 600 + sign * 56
    assert sum(held[f"client:{name}", "USD"] for name in ("A1", "A2")) == (
        200_000 - sign * dollars - fees
    )
    assert sum(one.quantity for one in kept) == 1600 + sign * 140
    if side is Side.BUY:
        bought = [one for one in kept if one.lot_id.startswith(NAME)]
        assert {(one.acquired, one.quantity) for one in bought} == {
            (DAY, 24),
            (DAY, 16),
            (MORNING, 60),
            (MORNING, 40),
        }
    for path, day in ((first, DAY), (second, MORNING)):
        witness = read_venue_file(path)
        assert ledger_against_venue(facts, witness.executions, "XSIM", day) == ()
    kinds = {event["kind"] for event in wired.events if event["event"] == "alarm_raised"}
    assert kinds == {"order_split"}


def test_an_order_by_telephone_is_adopted_and_agrees_with_the_venues_file(wired, days, gateway):
    """Its first fill comes before two persons say whose it is, its last one after."""
    open_books(wired.vault, BOOK)
    gateway()
    call = {"client": "TRIMTAB", "symbol": "AAPL", "side": "buy", "quantity": 100, "price": "148"}
    phoned = days.ask("/venues/XSIM/telephone", call)["orders"][0]["order_id"]
    days.execute(phoned, 30, "147.90")
    until(lambda: len(wired.alarms("unknown_order")) == 2, "the alarms")
    key = f"XSIM/{phoned}"
    parts = (
        AccountPart(account_id="A1", quantity=Decimal(60)),
        AccountPart(account_id="A2", quantity=Decimal(40)),
    )

    wishes = BookWishes(wired.vault, RealClock())
    wishes.propose_adoption(key, parts, "last", "anna", "Bob by telephone, 15:05")
    wishes.agree_adoption(key, "ben")
    days.execute(phoned, 70, "147.95")
    until(lambda: order_of(wired.vault, key).is_closed, "the last fill")
    path = days.end_of_day()

    with wired.vault.read() as view:
        facts, held = view.ledger.all(), view.ledger.balances()
    fees = Decimal("0.09") + Decimal("0.21")
    assert order_of(wired.vault, key).status is OrdStatus.FILLED
    assert (held["client:A1", AAPL], held["client:A2", AAPL]) == (560, 340)
    assert sum(held[f"client:{name}", "USD"] for name in ("A1", "A2")) == (
        200_000 - 30 * Decimal("147.90") - 70 * Decimal("147.95") - fees
    )
    assert not [book for book, _ in held if "UNKNOWN" in book]
    witness = read_venue_file(path)
    assert len(witness.executions) == 2
    assert ledger_against_venue(facts, witness.executions, "XSIM", DAY) == ()
    assert len(wired.alarms("unknown_order")) == 2


def test_a_late_fill_that_completes_a_cancelled_order_is_filled_on_both_sides_until_it_is_busted(
    wired, days, gateway
):
    """Filled outranks Canceled (OrdStatus precedence, FIX 4.4 Volume 4); a bust shows it again."""
    open_books(wired.vault, BOOK)
    place(wired.vault, intent(NAME, Side.SELL, AAPL, {"A1": 60, "A2": 40}, limit="149"))
    desk = gateway()
    until(lambda: order_of(wired.vault, NAME).status is OrdStatus.NEW, "the acknowledgement")
    venues_id = order_of(wired.vault, NAME).order_id
    days.execute(venues_id, 30, "149.00")
    cancel(wired.vault, NAME)
    desk.wake()
    until(lambda: order_of(wired.vault, NAME).status is OrdStatus.CANCELED, "the cancel")

    days.execute(venues_id, 70, "149.00")
    until(lambda: order_of(wired.vault, NAME).cum_qty == 100, "the late fill")
    filled = last_report(wired.vault)
    days.ask("/venues/XSIM/bust", {"exec_id": filled.exec_id})
    until(lambda: order_of(wired.vault, NAME).cum_qty == 30, "the bust")
    busted = last_report(wired.vault)
    path = days.end_of_day()

    assert (filled.ord_status, filled.leaves_qty) == (OrdStatus.FILLED, 0)
    assert (busted.ord_status, busted.leaves_qty) == (OrdStatus.CANCELED, 0)
    assert statuses(wired.vault)[-2:] == [OrdStatus.FILLED, OrdStatus.CANCELED]
    with wired.vault.read() as view:
        facts, held = view.ledger.all(), view.ledger.balances()
    assert (held["client:A1", AAPL], held["client:A2", AAPL]) == (500 - 18, 300 - 12)
    assert ledger_against_venue(facts, read_venue_file(path).executions, "XSIM", DAY) == ()
    kinds = {event["kind"] for event in wired.events if event["event"] == "alarm_raised"}
    assert kinds == {"fill_on_closed_order", "execution_busted"}


def last_report(vault) -> ExecutionReport:
    with vault.read() as view:
        reports = [e for e in view.orders.events(NAME) if isinstance(e, ExecutionReport)]
    return reports[-1]


def statuses(vault) -> list[OrdStatus]:
    """Ours, after each event."""
    with vault.read() as view:
        order, events = open_order(view.orders.get(NAME).intent), view.orders.events(NAME)
    found = []
    for event in events:
        order, _ = apply(order, event)
        found.append(order.status)
    return found


def test_an_order_that_is_good_till_an_instant_expires_at_it(wired, days, gateway):
    """ExpireTime (126), on a clock that is stepped; what it filled is its accounts'."""
    open_books(wired.vault, BOOK)
    ends = datetime(2022, 11, 30, 20, 30, tzinfo=UTC)
    order = replace(
        intent(NAME, Side.SELL, AAPL, {"A1": 60, "A2": 40}, limit="149"),
        time_in_force=TimeInForce.GTD,
        expires=ends.date(),
        expires_at=ends,
    )
    place(wired.vault, order)
    gateway(SetClock(ends - timedelta(minutes=30)), expire_times=True)
    until(lambda: order_of(wired.vault, NAME).status is OrdStatus.NEW, "the acknowledgement")
    days.execute(order_of(wired.vault, NAME).order_id, 30, "149.00")

    days.until("2022-11-30T20:29:59Z")
    until(lambda: order_of(wired.vault, NAME).cum_qty == 30, "the fill")
    before = order_of(wired.vault, NAME).status
    days.until("2022-11-30T20:30:00Z")
    until(lambda: order_of(wired.vault, NAME).is_closed, "the expiry")

    assert before is OrdStatus.PARTIALLY_FILLED
    assert order_of(wired.vault, NAME).status is OrdStatus.EXPIRED
    with wired.vault.read() as view:
        held = view.ledger.balances()
    assert (held["client:A1", AAPL], held["client:A2", AAPL]) == (500 - 18, 300 - 12)
