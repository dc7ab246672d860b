"""An order that the venue's profile has no words for never leaves, whoever committed it."""

import pytest

from domain.orders import Algo, OrdStatus, Strategy
from tests.gateway.desk import intent, new_id, order_of, place
from tests.gateway.venue import until

pytestmark = pytest.mark.integration

TWAP = Algo(strategy=Strategy.TWAP)


def test_what_was_committed_all_the_same_is_withdrawn_with_the_reason(wired):
    """The profile may have changed since the order was committed."""
    wired.venue.start()
    gateway = wired.connected()
    name = place(wired.vault, intent(new_id(), algo=TWAP))
    plain = place(wired.vault, intent(new_id()))

    gateway.wake()
    until(wired.venue.orders, "the order after it")
    until(lambda: wired.alarms("message_withdrawn"), "the alarm")

    order = order_of(wired.vault, name)
    assert order.status is OrdStatus.UNSENT
    assert "XSIM has no algorithm TWAP" in order.reason
    assert not order.accidental, "it does not go out again under another name"
    assert [f"\x0111={plain}\x01" in text for text in wired.venue.orders()] == [True]


def test_the_order_desk_can_ask_before_it_commits(wired):
    gateway = wired.gateway()

    assert gateway.unsupported(intent("C1")) is None
    assert "has no algorithm TWAP" in gateway.unsupported(intent("C1", algo=TWAP))
    assert gateway.unsupported(intent("C1", venue="NOPE")) == (
        "there is no [venues.NOPE] in the configuration"
    )
