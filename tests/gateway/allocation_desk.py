"""A gateway with the OMS's booking against the venue program, for allocations and lists."""

from decimal import Decimal

from domain.orders import Side
from gateway.service import Gateway
from gateway.session_file import write_session_config
from gateway.settings import load_settings
from oms.booking import Booking
from oms.cancel import cancel
from oms.entering import enter
from oms.wire_risk import price_facts
from tests.gateway.desk import RealClock, order_of
from tests.gateway.venue import until
from tests.oms_orders.desk import AAPL, LIMITS, intent, open_books, snapshot
from tests.simulator.conftest import VenueProcess

PRICES = """\
symbol,security_id,price,tick,lot_size,average_daily_volume
AAPL,US0378331005,148.00,0.01,1,2000000
KO,US1912161007,63.61,0.01,1,2000000
"""
CONFIG = """\
state_dir = "state"
[clock]
start = "2022-11-30T20:44:50Z"
stepped = {stepped}
[[venue]]
name = "XSIM"
clients = ["TRIMTAB"]
prices = "prices.csv"
levels = 0
fee_per_share = 0.003
allocation_received = true
allocation_reports = true
begin_string = "{begin_string}"
{more}
"""
BOOK = snapshot(cash={"A1": "900000", "A2": "900000", "A3": "900000"})


class Desk:
    """Orders entered as a release enters them, and what a stranger does at the venue."""

    def __init__(self, wired, program, begin_string: str, **table: object) -> None:
        self.wired, self.vault, self.program = wired, wired.vault, program
        path = wired.directory / "fix.cfg"
        venues = {"XSIM": ("127.0.0.1", program.port())}
        store = wired.directory / "fix"
        sessions = write_session_config(path, venues, store=store, begin_string=begin_string)
        made = {"session": sessions["XSIM"], "throttle": 1000, **table}
        self.settings = load_settings(path, {"XSIM": made}, {})
        open_books(self.vault, BOOK)
        self.gateway = self.start()

    def start(self) -> Gateway:
        booking = Booking(self.settings.ways)
        gateway = Gateway(self.vault, booking, RealClock(), self.settings, self.wired.log)
        gateway.start()
        self.wired.gateways.append(gateway)
        return gateway

    def enter(self, *orders) -> None:
        with self.vault.write() as uow:
            now = RealClock().now()
            going = enter(uow, orders, LIMITS, price_facts(BOOK), now, ways=self.settings.ways)
            assert going.stopped == ()
        self.gateway.wake()

    def buy(self, name: str, parts: dict[str, int], limit: str = "148.00"):
        order = intent(name, Side.BUY, AAPL, parts, limit=limit)
        self.enter(order)
        return order

    def sells(self, quantity: int, price: str = "148.00", symbol: str = "AAPL") -> None:
        body = {"symbol": symbol, "side": "sell", "quantity": quantity, "price": price}
        self.operate("inject", body)

    def operate(self, word: str, body: dict) -> dict:
        status, answer = self.program.ask("POST", f"/venues/XSIM/{word}", body)
        assert status == 200, answer
        return answer

    def shown(self) -> dict:
        status, answer = self.program.ask("GET", "/venues/XSIM/allocations")
        assert status == 200, answer
        return answer

    def order(self, name: str):
        return order_of(self.vault, name)

    def cancel(self, name: str) -> None:
        with self.vault.write() as uow:
            cancel(uow, uow.orders.get(name), at=RealClock().now(), why="a test")
        self.gateway.wake()

    def wait_for(self, name: str, *, filled: int = 0, closed: bool = False) -> None:
        def is_so() -> bool:
            order = self.order(name)
            return order.cum_qty == filled and order.is_closed == closed and order.order_id

        until(is_so, f"{name} with {filled} filled, closed: {closed}")

    def facts(self, name: str, kind: type):
        with self.vault.read() as view:
            return [one for one in view.allocations.of_order(name) if isinstance(one, kind)]

    def wait_for_fact(self, name: str, kind: type, count: int = 1):
        until(lambda: len(self.facts(name, kind)) >= count, f"{count} {kind.__name__} of {name}")
        found = self.facts(name, kind)
        assert len(found) == count
        return found[-1]

    def breaks(self):
        with self.vault.read() as view:
            return view.findings.breaks()

    def client_shares(self) -> dict[str, Decimal]:
        with self.vault.read() as view:
            held = view.ledger.balances()
        return {
            book.removeprefix("client:"): quantity
            for (book, asset), quantity in held.items()
            if asset == AAPL and book.startswith("client:") and quantity
        }


def started(tmp_path, begin_string: str, more: str = "", *, stepped: bool = False) -> VenueProcess:
    (tmp_path / "prices.csv").write_text(PRICES)
    text = CONFIG.format(begin_string=begin_string, more=more, stepped=str(stepped).lower())
    (tmp_path / "venues.toml").write_text(text)
    return VenueProcess(tmp_path / "venues.toml").start()
