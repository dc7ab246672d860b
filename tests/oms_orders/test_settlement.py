"""Settlement: two persons end a doubt that the wire could not end."""

from decimal import Decimal

import pytest

from console.order_life import life_of
from console.order_wishes import OrderWishes
from domain.order_states import apply
from domain.orders import CancelRequest, DoubtRaised, ExecType, OrdStatus, Sent, Settlement, Side
from oms import settlement
from oms.booking import Booking
from oms.cancel import cancel
from oms.settlement import NotSettledError
from tests.oms_orders.desk import AAPL, NOW, SetClock, fill, intent, open_books, report, snapshot

NAME = "7M2K9QDE-0001"
COLLAR = Decimal("0.03")
WHY = "XSIM's desk, by telephone"


@pytest.fixture
def doubtful(vault):
    """A sent buy of 10 AAPL that nobody has acknowledged."""
    open_books(vault, snapshot(cash={"A1": "10000"}))
    happen(vault, intent(NAME, Side.BUY, AAPL, {"A1": 10}))
    happen(vault, Sent(cl_ord_id=NAME, sent_at=NOW))
    happen(vault, DoubtRaised(cl_ord_id=NAME, at=NOW, why="the session was lost"))
    return vault


def happen(vault, event):
    with vault.write() as uow:
        if not hasattr(event, "cl_ord_id") or hasattr(event, "allocations"):
            uow.orders.add(event)
            return
        moved, _ = apply(uow.orders.get(NAME), event)
        uow.orders.append(moved, event, NOW)


def standing(vault):
    with vault.read() as view:
        return view.orders.get(NAME)


def say(vault, what, by="anna"):
    with vault.write() as uow:
        order = uow.orders.get(NAME)
        settlement.propose(uow, order, what=what, why=WHY, by=by, at=NOW)


def agree(vault, by="ben"):
    with vault.write() as uow:
        return settlement.second(uow, uow.orders.get(NAME), by=by, at=NOW)


def test_an_order_that_stands_is_asked_again_to_end_if_it_was_to_end(doubtful):
    """Its first cancel was lost with the session; nobody could ask for another while it waits."""
    with doubtful.write() as uow:
        cancel(uow, uow.orders.get(NAME), at=NOW, why="a test")
        uow.outbox.mark_handed([one.number for one in uow.outbox.waiting("XSIM", 10)], NOW)

    say(doubtful, Settlement.STANDS)
    agree(doubtful)

    with doubtful.read() as view:
        (again,) = view.outbox.waiting("XSIM", 10)
    assert isinstance(again.body, CancelRequest)
    assert (again.body.cl_ord_id, again.body.orig_cl_ord_id) == (f"{NAME}.2", NAME)


def test_what_one_person_says_changes_nothing(doubtful):
    before = standing(doubtful)

    say(doubtful, Settlement.NEVER_REACHED)

    assert standing(doubtful) == before
    assert before.in_doubt


def test_two_persons_declare_an_order_dead_that_never_reached_its_venue(doubtful):
    say(doubtful, Settlement.NEVER_REACHED)
    event, alarms = agree(doubtful)

    order = standing(doubtful)
    assert order.status is OrdStatus.UNSENT
    assert order.accidental, "what was meant is wanted still"
    assert not order.in_doubt
    assert (event.by, event.seconded_by, alarms) == ("anna", "ben", ())
    with doubtful.read() as view:
        assert view.orders.in_doubt("XSIM") == 0


def test_an_order_that_ended_keeps_the_fills_that_we_have(doubtful):
    happen(doubtful, fill(standing(doubtful), "E1", 4, "148"))
    happen(doubtful, DoubtRaised(cl_ord_id=NAME, at=NOW, why="the session was lost"))
    say(doubtful, Settlement.ENDED)
    agree(doubtful)

    order = standing(doubtful)
    assert (order.status, order.cum_qty, order.leaves_qty) == (OrdStatus.CANCELED, 4, 0)


def test_what_an_order_had_filled_that_ended_goes_to_its_accounts(doubtful):
    """No report will close the order any more, so the settlement gives its shares out."""
    with doubtful.write() as uow:
        Booking().apply(uow, fill(uow.orders.get(NAME), "E1", 4, "148"), NOW)
    happen(doubtful, DoubtRaised(cl_ord_id=NAME, at=NOW, why="the session was lost"))
    say(doubtful, Settlement.ENDED)

    _, alarms = agree(doubtful)

    assert alarms == ()
    with doubtful.read() as view:
        assert view.ledger.balances()["client:A1", AAPL] == 4


def test_a_fill_after_the_settlement_is_counted_with_an_alarm(doubtful):
    say(doubtful, Settlement.ENDED)
    agree(doubtful)

    order, alarms = apply(standing(doubtful), fill(standing(doubtful), "E1", 10, "148"))

    assert order.cum_qty == 10
    assert "fill_on_closed_order" in {alarm.kind for alarm in alarms}


def test_an_order_that_stands_only_loses_its_doubt(doubtful):
    say(doubtful, Settlement.STANDS)
    agree(doubtful)

    order = standing(doubtful)
    assert (order.status, order.in_doubt, order.leaves_qty) == (OrdStatus.INTENDED, False, 10)


@pytest.mark.parametrize("name", ["anna", "Anna", "ANNA"])
def test_nobody_seconds_what_he_said_himself(doubtful, name):
    say(doubtful, Settlement.NEVER_REACHED)

    with pytest.raises(NotSettledError, match="ask a second person"):
        agree(doubtful, by=name)
    assert standing(doubtful).in_doubt


def test_nobody_agrees_to_what_nobody_said(doubtful):
    with pytest.raises(NotSettledError, match="nobody has said"):
        agree(doubtful)


def test_what_the_venue_says_in_between_makes_the_proposal_void(doubtful):
    say(doubtful, Settlement.STANDS)
    happen(doubtful, DoubtRaised(cl_ord_id=NAME, at=NOW, why="and lost again"))

    with pytest.raises(NotSettledError, match="has changed since anna spoke"):
        agree(doubtful)
    say(doubtful, Settlement.STANDS)
    agree(doubtful)
    assert not standing(doubtful).in_doubt


def test_an_order_that_its_venue_acknowledged_did_reach_it(doubtful):
    new = report(standing(doubtful), ExecType.NEW, OrdStatus.NEW)
    happen(doubtful, new)
    happen(doubtful, DoubtRaised(cl_ord_id=NAME, at=NOW, why="the session was lost"))

    with pytest.raises(NotSettledError, match="has reached its venue"):
        say(doubtful, Settlement.NEVER_REACHED)


def test_a_certain_order_is_not_settled(doubtful):
    happen(doubtful, report(standing(doubtful), ExecType.NEW, OrdStatus.NEW))

    with pytest.raises(NotSettledError, match="is not in doubt: it is new"):
        say(doubtful, Settlement.ENDED)


def test_the_audit_trail_names_both_persons(doubtful):
    say(doubtful, Settlement.NEVER_REACHED)
    agree(doubtful)

    with doubtful.read() as view:
        trail = [(entry.actor, entry.kind) for entry in view.audit.about(NAME)]
    assert trail == [("anna", "settlement_proposed"), ("ben", "doubt_settled")]


def test_the_life_of_an_order_tells_everything_in_its_order(doubtful):
    happen(doubtful, fill(standing(doubtful), "E1", 4, "148"))
    happen(doubtful, DoubtRaised(cl_ord_id=NAME, at=NOW, why="the session was lost"))
    wishes = OrderWishes(doubtful, SetClock(), lambda: None, COLLAR)
    wishes.cancel(NAME, "anna", "the client called")
    wishes.propose_settlement(NAME, Settlement.ENDED, "anna", WHY)
    wishes.second_settlement(NAME, "ben")

    with doubtful.read() as view:
        life = life_of(view.orders.get(NAME), view.orders.events(NAME))

    assert [line.message for line in life.life] == [
        "decided",
        "NewOrderSingle",
        "in doubt",
        "ExecutionReport",
        "in doubt",
        "OrderCancelRequest",
        "ended",
    ]
    assert life.chain == (NAME, f"{NAME}.1")
    assert life.life[3].last_qty == 4
    assert life.life[-1].note == f"{WHY} (anna, seconded by ben)"


def test_a_cancel_is_sent_once_and_the_gateway_woken(doubtful):
    woken = []
    wishes = OrderWishes(doubtful, SetClock(), lambda: woken.append(1), COLLAR)
    wishes.cancel(NAME, "anna", "the client called")
    wishes.cancel(f"{NAME}.1", "anna", "the client called again")

    assert len(woken) == 2
    with doubtful.read() as view:
        waiting = view.outbox.waiting("XSIM", 10)
    assert [message.body.cl_ord_id for message in waiting] == [f"{NAME}.1"]
