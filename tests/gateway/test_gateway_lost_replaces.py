"""A replace and the bundled exchange: lost on its way there, or on the way of its answer."""

import pytest

from domain.orders import NeverReceived, OrdStatus, Side
from gateway.service import Gateway
from oms.booking import Booking
from tests.gateway.desk import RealClock, order_of, place, replace, reserved, settings_for
from tests.gateway.test_gateway_with_venues import CONFIG, PRICES
from tests.gateway.venue import until
from tests.oms_orders.desk import AAPL, intent, open_books, snapshot
from tests.simulator.conftest import VenueProcess

pytestmark = pytest.mark.integration
NAME = "AAAA-0001"


@pytest.fixture
def program(tmp_path):
    (tmp_path / "prices.csv").write_text(PRICES)
    (tmp_path / "venues.toml").write_text(CONFIG)
    process = VenueProcess(tmp_path / "venues.toml").start()
    yield process
    assert process.stop() == 0


@pytest.fixture
def gateway(wired, program):
    """With an order of 50 AAPL at 120 that rests at the exchange."""
    open_books(wired.vault, snapshot(cash={"A1": "900000"}))
    settings = settings_for(wired.directory, program.port())
    made = Gateway(wired.vault, Booking(), RealClock(), settings, wired.log)
    place(wired.vault, intent(NAME, Side.BUY, AAPL, {"A1": 50}, limit="120"))
    made.start()
    until(lambda: order_of(wired.vault, NAME).status is OrdStatus.NEW, "the acknowledgement")
    yield made
    made.stop()


def go_wrong(program, fault: str, **how: object) -> None:
    status, answer = program.ask("POST", f"/venues/XSIM/sessions/TRIMTAB/{fault}", how)
    assert status == 200, answer


def break_off(program, fault: str) -> None:
    """The connection goes, and on the next one the fault is over."""
    go_wrong(program, "disconnect")
    go_wrong(program, fault, seconds=0.001)


def has_left(wired) -> bool:
    with wired.vault.read() as view:
        return not view.outbox.waiting("XSIM", 10)


def at_the_venue(program) -> dict:
    [order] = program.ask("GET", "/venues/XSIM/orders")[1]["orders"]
    return order


@pytest.mark.parametrize("quantity", [20, 40])
def test_a_replace_that_the_exchange_never_read_is_void(wired, program, gateway, quantity):
    """It was in the socket; the exchange asks for it again, and is told that it will not come."""
    go_wrong(program, "slow", seconds=3600)
    replace(wired.vault, NAME, quantity, "119")
    gateway.wake()
    until(lambda: has_left(wired), "the replace")
    assert order_of(wired.vault, NAME).pending != ()

    break_off(program, "slow")
    until(lambda: not order_of(wired.vault, NAME).pending, "the proof")

    order = order_of(wired.vault, NAME)
    assert (order.status, order.current, order.order_qty) == (OrdStatus.NEW, NAME, 50)
    assert (order.in_doubt, reserved(wired.vault, NAME)) == (False, 0)
    assert at_the_venue(program)["chain"] == [NAME]
    with wired.vault.read() as view:
        assert any(isinstance(one, NeverReceived) for one in view.orders.events(NAME))
    until(lambda: gateway.sessions()[0].gate_open, "the gate")


def test_a_replace_whose_answer_was_lost_with_the_session_is_made(wired, program, gateway):
    go_wrong(program, "silent", seconds=3600)
    changed = replace(wired.vault, NAME, 30, "119")
    gateway.wake()
    until(lambda: at_the_venue(program)["order_qty"] == 30, "the replace")
    assert order_of(wired.vault, NAME).order_qty == 50

    break_off(program, "silent")
    until(lambda: not order_of(wired.vault, NAME).pending, "the answer")

    order = order_of(wired.vault, NAME)
    assert (order.current, order.order_qty, order.in_doubt) == (changed, 30, False)
