"""What a person reads of an order of another kind than a plain limit."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from console.order_life import life_of
from domain.order_states import apply, open_order
from domain.orders import Algo, OrdType, ReplaceRequest, Side, Strategy
from tests.oms_orders.desk import AAPL, NOW, intent

STOP_LIMIT = replace(
    intent("R-1", Side.BUY, AAPL, {"A1": 100}, limit="151"),
    ord_type=OrdType.STOP_LIMIT,
    stop_price=Decimal(150),
)


def test_a_stop_limit_and_its_change_are_told_with_both_prices():
    wish = ReplaceRequest(
        cl_ord_id="R-1.1", orig_cl_ord_id="R-1", quantity=Decimal(80), limit_price=Decimal(150),
        stop_price=Decimal(149), requested_at=NOW, why="closer",
    )  # fmt: skip
    order, _ = apply(open_order(STOP_LIMIT), wish)

    life = life_of(order, [wish])

    assert life.order.terms == "stop limit 150 limit 151 for the day"
    assert life.life[0].note.startswith("buy 100 AAPL stop limit 150 limit 151 for the day on XSIM")
    assert life.life[1].note == "of R-1 to 80 from 149 at 150: closer"


def test_the_terms_of_an_order_are_those_that_stand_now():
    order = replace(open_order(STOP_LIMIT), stop_price=Decimal(149), limit_price=Decimal(150))

    assert life_of(order, []).order.terms == "stop limit 149 limit 150 for the day"


def test_an_algorithm_is_told_with_its_hours():
    algo = Algo(
        strategy=Strategy.POV, end=NOW + timedelta(minutes=15), participation=Decimal("0.1")
    )
    order = open_order(replace(intent("R-1", Side.BUY, AAPL, {"A1": 100}), algo=algo))

    assert life_of(order, []).order.terms == (
        "limit 148 for the day by POV to 2022-11-30 21:00:00 UTC at 10 % of the volume"
    )
