"""Replacing: a change is within the limits, reserves what it may take more, and counts."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.order_states import apply
from domain.orders import ExecType, OrdStatus, ReplaceRequest, Side
from domain.runs import Kill
from oms import wire_risk
from oms.cancel import ChangeRefusedError
from oms.entering import enter
from oms.replacing import Terms, replace_order
from tests.memory import MemoryVault
from tests.oms_orders.desk import (
    AAPL,
    DAY,
    LIMITS,
    NOW,
    go_out,
    intent,
    open_books,
    report,
    snapshot,
)

BOOK = snapshot(cash={"A1": "10000", "A2": "10000"})
FACTS = wire_risk.price_facts(BOOK)


def of_model(order):
    """As blocks are made: each part says whose model it follows."""
    parts = tuple(replace(part, strategy="model") for part in order.allocations)
    return replace(order, allocations=parts)


BUY = of_model(intent("R-1", Side.BUY, AAPL, {"A1": 30, "A2": 20}, limit="148"))
SELL = of_model(intent("R-2", Side.SELL, AAPL, {"A1": 30}, limit="148"))


def at_work(vault, order=BUY, limits=LIMITS):
    """The order is at the venue."""
    with vault.write() as uow:
        assert enter(uow, [order], limits, FACTS, NOW).intents == (order,)
        (message,) = uow.outbox.waiting(order.venue, 10)
        uow.outbox.mark_handed([message.number], NOW)
        standing = go_out(uow, order.cl_ord_id)
        said = report(standing, ExecType.NEW, OrdStatus.NEW)
        standing, _ = apply(standing, said)
        uow.orders.append(standing, said, NOW)


def ask(vault, quantity=50, limit="148", *, name="R-1", at=NOW, **changes):
    terms = Terms(quantity=Decimal(quantity), limit_price=Decimal(limit))
    with vault.write() as uow:
        limits = replace(LIMITS, **changes)
        order = uow.orders.get(name)
        return replace_order(uow, order, terms, limits=limits, at=at, why="a test", by="ann")


def used(vault):
    with vault.read() as view:
        return view.entries.used(DAY).by_account


@pytest.fixture
def desk(vault):
    open_books(vault, BOOK)
    at_work(vault)
    return vault


def test_a_worse_price_reserves_the_difference(desk):
    ask(desk, limit="150")

    assert used(desk) == {"A1": Decimal("4500.00"), "A2": Decimal("3000.00")}


def test_a_better_price_or_fewer_shares_reserve_nothing_and_give_nothing_back(desk):
    ask(desk, limit="140")
    ask(desk, quantity=10)

    assert used(desk) == {"A1": Decimal("4440.00"), "A2": Decimal("2960.00")}


def test_back_to_what_was_reserved_before_is_reserved_once(desk):
    ask(desk, limit="150")
    ask(desk, limit="140")
    ask(desk, limit="150")

    assert used(desk)["A1"] == Decimal("4500.00")


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"daily_account": Decimal(4499)}, r"account A1 has entered \$4,440\.00 today"),
        ({"daily_strategy": Decimal(7499)}, r"strategy model has entered \$7,400\.00 today"),
        ({"daily_firm": Decimal(7499)}, r"the firm has entered \$7,400\.00 today"),
        ({"maximum_notional": Decimal(7499)}, r"\$7,500\.00; an order may have \$7,499\.00"),
        ({"price_collar": Decimal("0.01")}, "limit 150 is 1.4 % away from 148"),
        ({"messages_per_minute": 1}, "1 messages in a minute; 1 are allowed"),
    ],
)
def test_a_change_over_a_limit_is_not_sent_and_reserves_nothing(desk, limits, why):
    with pytest.raises(ChangeRefusedError, match=why):
        ask(desk, limit="150", **limits)

    assert used(desk)["A1"] == Decimal("4440.00")
    with desk.read() as view:
        assert view.orders.get("R-1").pending == ()
        assert view.outbox.waiting("XSIM", 10) == ()


def test_fewer_shares_are_stopped_by_no_limit_on_the_day(desk):
    order = ask(desk, quantity=10, daily_account=Decimal(1), daily_firm=Decimal(1))

    assert isinstance(order.pending[0], ReplaceRequest)


def test_an_old_decision_takes_no_worse_price(desk):
    later = NOW + timedelta(days=5)
    ask(desk, quantity=40, at=later)

    with pytest.raises(ChangeRefusedError, match="decided on 5 days ago; 4 are allowed"):
        ask(desk, limit="150", at=later)


def test_a_halted_order_is_not_replaced(desk):
    with desk.write() as uow:
        uow.kills.set(Kill(scope="account", name="A2", by="Rosa", why="drill", set_at=NOW))

    with pytest.raises(ChangeRefusedError, match="account A2 was halted by Rosa: drill"):
        ask(desk, quantity=10)


def test_a_worse_price_must_be_paid_for_in_cash(vault):
    open_books(vault, snapshot(cash={"A1": "4490", "A2": "10000"}))
    at_work(vault)

    with pytest.raises(ChangeRefusedError, match=r"A1 has \$4,490\.00, and its buys could take"):
        ask(vault, limit="150")


def test_a_sell_at_a_lower_price_reserves_nothing(vault):
    open_books(vault, BOOK)
    at_work(vault, SELL)

    ask(vault, 30, "140", name="R-2")

    assert used(vault) == {"A1": Decimal("4440.00")}


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(100, 200)), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_day_holds_the_most_that_the_order_could_ever_take(wishes):
    vault = MemoryVault()
    open_books(vault, snapshot(cash={"A1": "1000000", "A2": "1000000"}))
    at_work(vault)

    most = {"A1": Decimal(30 * 148), "A2": Decimal(20 * 148)}
    for quantity, limit in wishes:
        ask(vault, quantity, str(limit))
        for account, share in (("A1", Decimal(30)), ("A2", Decimal(20))):
            could = share * quantity / 50 * limit
            most[account] = max(most[account], could)

    found = used(vault)
    assert all(abs(found[account] - most[account]) <= Decimal("0.05") for account in most)
