"""FIX 5.0 SP2 over FIXT 1.1: the same orders and fills in the newer session."""

import pytest

from domain.errors import ConfigError
from domain.orders import OrdStatus
from gateway.sessioncfg import FIXT11, read_sessions
from gateway.wiretext import value_of
from tests.gateway.desk import cancel, executions, intent, new_id, order_of, place, settings_for
from tests.gateway.venue import Venue, free_port, until

pytestmark = pytest.mark.integration


@pytest.fixture
def modern(wired):
    """The desk of the other tests with a venue that speaks FIXT 1.1."""
    wired.venue = Venue(wired.directory / "venue", free_port(), begin_string=FIXT11)
    wired.session = f"{FIXT11}:TRIMTAB->XSIM"
    return wired


def connected(wired):
    settings = settings_for(wired.directory, wired.venue.port, begin_string=FIXT11)
    made = wired.gateway(settings=settings)
    until(lambda: made.sessions()[0].logged_on and wired.venue.is_up(), "the logon")
    return made


def test_an_order_is_filled_over_fixt_and_a_cancel_answered(modern):
    modern.venue.start()
    gateway = connected(modern)
    name = place(modern.vault, intent(new_id(), 300))
    gateway.wake()
    until(modern.venue.orders, "the order")
    order = modern.venue.orders()[0]
    modern.venue.say(modern.venue.report(order))
    modern.venue.say(modern.venue.fill(order, 100, "190.20", 100, t4999="x", t40="?"))
    until(lambda: order_of(modern.vault, name).cum_qty == 100, "the fill")

    cancel(modern.vault, name)
    gateway.wake()
    until(lambda: modern.venue.of_type("F"), "the cancel")

    assert value_of(modern.venue.admin[0], 1137) == "9"  # DefaultApplVerID: FIX 5.0 SP2.
    assert order.startswith("8=FIXT.1.1")
    assert len(executions(modern.vault)) == 1
    assert gateway.sessions()[0].session == "FIXT.1.1:TRIMTAB->XSIM"


def test_what_was_missed_is_sent_again_over_fixt(modern):
    modern.venue.start()
    gateway = connected(modern)
    name = place(modern.vault, intent(new_id(), 300))
    gateway.wake()
    until(modern.venue.orders, "the order")
    order = modern.venue.orders()[0]
    modern.stop_gateways()
    modern.venue.say(modern.venue.fill(order, 300, "190.20", 300))

    connected(modern)
    until(lambda: order_of(modern.vault, name).is_closed, "the fill that was missed")

    assert order_of(modern.vault, name).status is OrdStatus.FILLED


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("DefaultApplVerID=FIX.5.0SP2\n", "", "DefaultApplVerID is missing"),
        ("FIX.5.0SP2\n", "FIX.5.0\n", "DefaultApplVerID=FIX.5.0: over FIXT.1.1 only"),
        ("TransportDataDictionary=", "Description=", "TransportDataDictionary is missing"),
        ("FIXT.1.1\n", "FIX.4.2\n", "BeginString=FIX.4.2: only FIX.4.4 and FIXT.1.1"),
    ],
)
def test_a_session_that_is_not_whole_is_refused_by_file_and_line(wired, old, new, why):
    settings_for(wired.directory, 1, begin_string=FIXT11)
    path = wired.directory / "fix.cfg"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ConfigError, match=why.replace(".", r"\.")) as refusal:
        read_sessions(path)
    assert str(refusal.value).startswith(f"{path}:")
