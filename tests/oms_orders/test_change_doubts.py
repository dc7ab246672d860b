"""A replace that its venue never answered is settled by two persons."""

from decimal import Decimal

import pytest

from console.order_life import life_of
from console.order_wishes import OrderWishes
from domain.orders import OrdStatus, Settlement
from gateway.changes import note_received
from oms.settlement import NotSettledError
from tests.gateway.change_desk import ACKNOWLEDGED, UNKNOWN, Desk
from tests.gateway.desk import RealClock, replace, reserved
from tests.oms_orders.desk import LIMITS

WHY = "XSIM's desk, by telephone"


@pytest.fixture
def desk(tmp_path):
    """The venue has counted the replace T1.1, and does not know it when it is asked."""
    made = Desk(tmp_path)
    replace(made.vault, "T1", 200, "190.30")
    made.step()
    made.hear(UNKNOWN)
    yield made
    made.vault.close()


@pytest.fixture
def wishes(desk):
    return OrderWishes(desk.vault, RealClock(), lambda: None, LIMITS)


@pytest.mark.parametrize("what", [Settlement.NEVER_REACHED, Settlement.ENDED])
def test_a_replace_that_was_not_made_is_void(desk, wishes, what):
    wishes.propose_settlement("T1.1", what, "anna", WHY)
    assert desk.pending == ["T1.1"], "one person says nothing that counts"

    telling = wishes.second_settlement("T1.1", "ben")

    assert (desk.order.status, desk.order.order_qty, desk.pending) == (OrdStatus.NEW, 300, [])
    assert reserved(desk.vault, "T1") == 0
    assert "the order is as before it, say anna and ben" in telling.lines[0]
    with desk.vault.read() as view:
        lines = life_of(desk.order, view.orders.events("T1")).life
    assert lines[-1].message == what.value.replace("_", " ")


def test_a_replace_that_was_made_stands(desk, wishes):
    wishes.propose_settlement("T1.1", Settlement.STANDS, "anna", WHY)
    wishes.second_settlement("T1.1", "ben")

    order = desk.order
    assert (order.current, order.order_qty, order.leaves_qty) == ("T1.1", 200, 200)
    assert (order.limit_price, desk.pending) == (Decimal("190.30"), [])
    assert reserved(desk.vault, "T1") == 1000


def test_answers_to_questions_do_not_make_what_was_said_void_and_a_fill_does(desk, wishes):
    wishes.propose_settlement("T1.1", Settlement.STANDS, "anna", WHY)
    desk.hear(UNKNOWN)
    desk.hear({**ACKNOWLEDGED, 150: "F", 39: "1", 32: "100", 31: "190.20", 14: "100", 151: "200"})

    with pytest.raises(NotSettledError, match="has changed since anna spoke of it"):
        wishes.second_settlement("T1.1", "ben")
    wishes.propose_settlement("T1.1", Settlement.STANDS, "anna", WHY)
    desk.hear(UNKNOWN)
    wishes.second_settlement("T1.1", "ben")
    assert (desk.order.order_qty, desk.order.leaves_qty) == (200, 100)


def test_the_second_person_is_another_one(desk, wishes):
    wishes.propose_settlement("T1.1", Settlement.ENDED, "anna", WHY)

    with pytest.raises(NotSettledError, match="ask a second person"):
        wishes.second_settlement("T1.1", "Anna")


def test_a_replace_that_has_not_left_is_not_settled(desk, wishes):
    replace(desk.vault, "T1", 250)

    with pytest.raises(NotSettledError, match="has not left yet"):
        wishes.propose_settlement("T1.2", Settlement.NEVER_REACHED, "anna", WHY)


def test_nobody_is_believed_that_a_replace_never_reached_a_venue_that_counts_it(desk, wishes):
    with desk.vault.write() as uow:
        note_received(uow, ["T1.1"], 9, RealClock().now())

    with pytest.raises(NotSettledError, match=r"reached XSIM: .* \(stands\) or refused \(ended\)"):
        wishes.propose_settlement("T1.1", Settlement.NEVER_REACHED, "anna", WHY)
    telling = wishes.propose_settlement("T1.1", Settlement.ENDED, "anna", WHY)

    assert telling.lines[1] == "the venue has received it: it expects a later message of ours"
    with desk.vault.read() as view:
        evidence = view.audit.about("T1.1")
        lines = life_of(desk.order, view.orders.events("T1"), evidence=evidence).life
    assert (lines[-1].message, lines[-1].cl_ord_id) == ("received", "T1.1")
