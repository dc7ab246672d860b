"""Blocks: what the accounts want together."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ConfigError
from domain.orders import OrdType, Side, TimeInForce
from oms.blocks import BlockSettings, block
from oms.route_terms import limit_price
from tests.oms_orders.desk import AAPL, DAY, KO, NOW, RUN, XOM, recommendation, snapshot

SETTINGS = BlockSettings(limit_collar=Decimal("0.01"))


def blocks(*wanted: object) -> tuple:
    return block(RUN, wanted, snapshot(), SETTINGS, trade_date=DAY, at=NOW, short="DE7KQ2M4")


def test_accounts_that_want_the_same_become_one_order():
    (order,) = blocks(
        recommendation("A2", AAPL, Side.BUY, 30), recommendation("A1", AAPL, Side.BUY, 50)
    )

    assert order.quantity == 80
    assert [(a.account_id, a.quantity) for a in order.allocations] == [("A1", 50), ("A2", 30)]
    assert (order.ord_type, order.time_in_force) == (OrdType.LIMIT, TimeInForce.DAY)
    assert (order.venue, order.symbol) == ("XSIM", "AAPL")


def test_buys_and_sells_of_one_name_are_never_crossed():
    sell, buy = blocks(
        recommendation("A1", AAPL, Side.BUY, 50), recommendation("A2", AAPL, Side.SELL, 50)
    )

    assert (sell.side, buy.side) == (Side.SELL, Side.BUY)
    assert (sell.cl_ord_id, buy.cl_ord_id) == ("DE7KQ2M4-0001", "DE7KQ2M4-0002")


def test_the_same_recommendations_give_the_same_orders_in_any_order():
    wanted = [
        recommendation(account, name, side, 10)
        for account, name, side in [
            ("A1", XOM, Side.SELL),
            ("A2", KO, Side.BUY),
            ("A3", AAPL, Side.BUY),
            ("A2", XOM, Side.SELL),
        ]
    ]

    assert blocks(*wanted) == blocks(*reversed(wanted))
    assert [(o.side, o.symbol) for o in blocks(*wanted)] == [
        (Side.SELL, "XOM"),
        (Side.BUY, "AAPL"),
        (Side.BUY, "KO"),
    ]


@given(
    st.sampled_from(Side),
    st.integers(100, 10**8).map(lambda n: Decimal(n) / 100),
    st.integers(1, 500).map(lambda n: Decimal(n) / 10**4),
    st.sampled_from([Decimal("0.01"), Decimal("0.05"), Decimal("0.0001")]),
)
def test_a_limit_is_on_the_tick_and_never_beyond_the_collar(side, reference, collar, tick):
    price = limit_price(side, reference, collar, tick)

    assert price % tick == 0
    if side is Side.BUY:
        assert reference * (1 + collar) - tick < price <= reference * (1 + collar)
    else:
        assert reference * (1 - collar) <= price < reference * (1 - collar) + tick


@pytest.mark.parametrize("collar", ["0", "-0.01", "1"])
def test_a_collar_that_is_no_fraction_is_refused(collar):
    with pytest.raises(ConfigError, match=r"limit_collar is .*for example 0\.01"):
        BlockSettings(limit_collar=Decimal(collar))
