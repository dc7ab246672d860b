"""Raising: two persons give an order more shares than it was approved for, or nobody does."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts import LotMethod
from domain.allocation_chain import said_before
from domain.allocations import AllocationDoubted, AllocationLost, AllocationMode, AllocTransType
from domain.orders import (
    ExecType,
    OrdStatus,
    Raised,
    ReplaceRequest,
    Side,
    TimeInForce,
    with_parts,
)
from domain.splits import Split
from domain.venue_ways import VenueWays
from oms import raising, wire_risk
from oms.booking import Booking
from oms.cancel import ChangeRefusedError
from oms.compliance.load import load_rules
from oms.entering import enter
from oms.instructing import announce
from oms.replacing import Terms
from tests.oms_orders.desk import (
    AAPL,
    DAY,
    LIMITS,
    NOW,
    fill,
    go_out,
    intent,
    lot,
    open_books,
    report,
    snapshot,
)

FIRM_RULES = Path(__file__).parents[2] / "data" / "rules.toml"
BOOK = snapshot((lot("A1", AAPL, 100, "9000"), lot("A2", AAPL, 50, "5000")), {"A1": "20000"})
SELL = intent("R-1", Side.SELL, AAPL, {"A1": 60, "A2": 30}, limit="148")
BUY = intent("R-2", Side.BUY, AAPL, {"A1": 30}, limit="148")


def at_work(vault, order=SELL):
    """The order is at the venue."""
    open_books(vault, BOOK)
    with vault.write() as uow:
        enter(uow, [order], LIMITS, wire_risk.price_facts(BOOK), NOW)
        (message,) = uow.outbox.waiting(order.venue, 10)
        uow.outbox.mark_handed([message.number], NOW)
        standing = go_out(uow, order.cl_ord_id)
        Booking().apply(uow, report(standing, ExecType.NEW, OrdStatus.NEW, exec_id="N"), NOW)


def asked_for(vault, quantity, *, name="R-1", rules=(), by="ann"):
    """One person asks."""
    with vault.write() as uow:
        order = uow.orders.get(name)
        raising.ask(uow, order, Decimal(quantity), snapshot=BOOK, rules=rules, at=NOW)
        terms = Terms(quantity=Decimal(quantity), limit_price=order.limit_price)
        return raising.propose(uow, order, terms, why="the client called", by=by, at=NOW)


def agreed(vault, *, name="R-1", by="ben", limits=LIMITS, rules=()):
    """Another one agrees."""
    with vault.write() as uow:
        order = uow.orders.get(name)
        proposal = raising.proposed(uow, order, by).proposal
        asked = raising.ask(uow, order, proposal.quantity, snapshot=BOOK, rules=rules, at=NOW)
        return raising.second(uow, order, asked, limits=limits, by=by, at=NOW)


def parts(order):
    return {part.account_id: part.quantity for part in order.intent.allocations}


def said(vault, report_of, name="R-1"):
    with vault.write() as uow:
        Booking().apply(uow, report_of(uow.orders.get(name)), NOW)


def test_two_persons_raise_an_order_and_its_accounts_get_their_like_share(vault):
    at_work(vault)

    asked_for(vault, 120)
    order = agreed(vault)

    (wish,) = order.pending
    assert isinstance(wish, ReplaceRequest)
    assert wish.quantity == 120
    assert (order.order_qty, order.intent.quantity) == (90, 120)
    assert parts(order) == {"A1": 80, "A2": 40}
    with vault.read() as view:
        assert view.orders.get("R-1") == order
        (event,) = [e for e in view.orders.events("R-1") if isinstance(e, Raised)]
        assert (event.before, event.by, event.seconded_by) == (90, "ann", "ben")
        (message,) = view.outbox.waiting("XSIM", 10)
        assert message.body == wish


def test_what_the_larger_order_fills_goes_to_the_larger_parts(vault):
    at_work(vault)
    asked_for(vault, 120)
    agreed(vault)

    said(vault, lambda o: report(
        o, ExecType.REPLACED, OrdStatus.NEW, exec_id="P", cl_ord_id="R-1.1",
        orig_cl_ord_id="R-1", order_qty=Decimal(120), leaves_qty=Decimal(120),
    ))  # fmt: skip
    said(vault, lambda o: fill(o, "F", 120, "148"))

    with vault.read() as view:
        assert view.orders.get("R-1").status is OrdStatus.FILLED
        held = view.ledger.balances()
        assert held["client:A1", AAPL] == 100 - 80
        assert held["client:A2", AAPL] == 50 - 40


def test_one_person_alone_raises_nothing(vault):
    at_work(vault)
    with pytest.raises(ChangeRefusedError, match="nobody has asked for more of it"):
        agreed(vault)
    asked_for(vault, 120)

    with pytest.raises(ChangeRefusedError, match="Ann asked for it; ask a second person"):
        agreed(vault, by="Ann")

    with vault.read() as view:
        assert view.orders.get("R-1").intent == SELL


def test_what_happened_in_between_makes_it_void(vault):
    at_work(vault)
    asked_for(vault, 120)
    said(vault, lambda o: fill(o, "F", 10, "148"))

    with pytest.raises(ChangeRefusedError, match="something has happened to it since ann asked"):
        agreed(vault)


@pytest.mark.parametrize(
    ("quantity", "limits", "why"),
    [
        (180, {}, "A1 holds 100 AAPL: it cannot sell 120"),
        (120, {"maximum_quantity": Decimal(100)}, "an order may have 100 shares"),
        (120, {"maximum_notional": Decimal(15_000)}, "an order may have \\$15,000.00"),
        (120, {"daily_account": Decimal(10_000)}, "account A1 has entered"),
    ],
)
def test_the_limits_of_a_new_order_hold_and_a_refusal_leaves_it_as_it_was(
    vault, quantity, limits, why
):
    at_work(vault)
    asked_for(vault, quantity)

    with pytest.raises(ChangeRefusedError, match=why):
        agreed(vault, limits=replace(LIMITS, **limits))

    with vault.read() as view:
        assert view.orders.get("R-1").intent == SELL
        assert view.orders.get("R-1").pending == ()


def test_a_purchase_is_raised_no_further_than_the_cash(vault):
    at_work(vault, BUY)
    asked_for(vault, 200, name="R-2")

    with pytest.raises(ChangeRefusedError, match=r"A1 has \$20,000.00, and its buys could take"):
        agreed(vault, name="R-2")


def test_a_rule_that_blocks_refuses_it_at_once(vault):
    """Whoever asks is told which rule, with its sentence; nobody's consent is asked for."""
    rules = [one for one in load_rules(FIRM_RULES) if one.rule_id == "cash-floor"]
    at_work(vault, BUY)

    with pytest.raises(ChangeRefusedError, match=r"cash-floor: cash would be -\$9,600.00"):
        asked_for(vault, 200, name="R-2", rules=rules)


@pytest.mark.parametrize(
    ("quantity", "why"), [(90, "90 is not more than the 90"), (80, "leave --raise out")]
)
def test_a_smaller_quantity_is_no_raise(vault, quantity, why):
    at_work(vault)

    with pytest.raises(ChangeRefusedError, match=why):
        asked_for(vault, quantity)


def test_what_is_over_cannot_be_raised(vault):
    at_work(vault)
    said(vault, lambda o: fill(o, "F", 90, "148"))

    with pytest.raises(ChangeRefusedError, match="it is filled, not working"):
        asked_for(vault, 120)


def refused(vault, order, book=BOOK, quantity=120) -> str:
    with vault.read() as view, pytest.raises(ChangeRefusedError) as found:
        raising.ask(view, order, Decimal(quantity), snapshot=book, rules=(), at=NOW)
    return str(found.value)


def test_what_is_not_simply_more_of_the_same_is_refused_with_the_way_round(vault):
    at_work(vault)
    with vault.read() as view:
        order = view.orders.get("R-1")
    split = replace(order, splits=(Split(security_id=AAPL, day=DAY, new=2, old=1),))
    dollars = replace(order, intent=replace(order.intent, cash_quantity=Decimal(9000)))

    assert "180 is not more than the 180 that were approved" in refused(vault, split, quantity=180)
    assert "split 2 for 1 on 2022-11-30" in refused(vault, split, quantity=181)
    assert "it is for $9,000.00 and not for a number of shares" in refused(vault, dollars)
    assert refused(vault, split, quantity=181).endswith("order the rest with `trimtab order new`")


def told(vault, *facts):
    """Its broker hears beforehand who gets what; then this happened to what it heard."""
    order = replace(SELL, time_in_force=TimeInForce.GTC)
    at_work(vault, order)
    with vault.write() as uow:
        announce(uow, order, {"XSIM": VenueWays(allocations=AllocationMode.BEFORE)}, NOW)
        for fact in facts:
            uow.allocations.append("R-1", fact, NOW)


def test_the_broker_hears_of_the_larger_parts_before_the_change(vault):
    told(vault)
    asked_for(vault, 120)

    agreed(vault)

    with vault.read() as view:
        bodies = [one.body for one in view.outbox.waiting("XSIM", 10)]
        first, second = view.allocations.of_order("R-1")
    assert [type(one).__name__ for one in bodies[-2:]] == [
        "AllocationInstruction",
        "ReplaceRequest",
    ]
    assert (second.transaction, second.refers_to) == (AllocTransType.REPLACE, first.alloc_id)
    assert {part.account_id: part.quantity for part in second.parts} == {"A1": 80, "A2": 40}
    assert said_before((first, second)) == second
    never_heard = AllocationLost(alloc_id=second.alloc_id, at=NOW, why="a test")
    assert said_before((first, second, never_heard)) == first


def test_what_the_broker_has_not_answered_is_settled_first(vault):
    told(vault, AllocationDoubted(alloc_id="R-1-A1", at=NOW, why="silence"))
    with vault.read() as view:
        order = view.orders.get("R-1")

    assert "settle that first with `trimtab resolve R-1-A1`" in refused(vault, order)


def test_lots_that_were_named_are_raised_no_further_than_they_go(vault):
    """The rest of the shares would be of lots that nobody has agreed to."""
    named = with_parts(SELL, (replace(SELL.allocations[0], lot_ids=("A1:AAPL:1",)),))
    at_work(vault, named)
    with vault.read() as view:
        order = view.orders.get("R-1")
    by_name = snapshot((lot("A1", AAPL, 100, "9000"),), {"A1": "20000"}, method=LotMethod.SPECIFIC)

    why = refused(vault, order, by_name, quantity=101)

    assert "the lots named of A1 (A1:AAPL:1) have 100 free shares, and 101 are to be sold" in why


@given(
    st.lists(st.integers(1, 500), min_size=1, max_size=8),
    st.integers(1, 3000),
)
def test_the_parts_add_up_and_no_part_shrinks(shares, more):
    wanted = {f"A{n}": quantity for n, quantity in enumerate(shares)}
    before = intent("R-1", Side.BUY, AAPL, wanted)
    quantity = before.quantity + more

    after = raising.raised_parts(before, quantity)

    assert sum(part.quantity for part in after) == quantity
    for old, new in zip(before.allocations, after, strict=True):
        exact = old.quantity * quantity / before.quantity
        assert old.quantity <= new.quantity
        assert abs(new.quantity - exact) <= 1
