"""Changes that are asked of a venue, and those that it is not even asked for."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.order_states import open_order
from domain.orders import OrdType, ReplaceRequest, Side
from oms.cancel import ChangeRefusedError, change
from tests.oms_orders.desk import AAPL, NOW, intent, open_books, snapshot

STOP_LIMIT = replace(
    intent("R-1", Side.BUY, AAPL, {"A1": 100}, limit="151"),
    ord_type=OrdType.STOP_LIMIT,
    stop_price=Decimal(150),
)


@pytest.fixture
def uow(vault):
    open_books(vault, snapshot(cash={"A1": "900000"}))
    with vault.write() as uow:
        uow.orders.add(STOP_LIMIT)
        yield uow


def changed(uow, **terms):
    order = replace(open_order(STOP_LIMIT), sent=True)
    usual = {"quantity": Decimal(100), "limit_price": Decimal(151), "collar": Decimal("0.1")}
    return change(uow, order, at=NOW, why="a test", **{**usual, **terms})


def test_a_stop_price_is_moved_and_stays_the_old_one_until_the_venue_answers(uow):
    order = changed(uow, stop_price=Decimal(149))

    [wish] = order.pending
    assert isinstance(wish, ReplaceRequest)
    assert (wish.stop_price, wish.limit_price, wish.quantity) == (149, 151, 100)
    assert order.stop_price == 150


def test_a_stop_price_that_is_not_spoken_of_is_repeated(uow):
    [wish] = changed(uow, limit_price=Decimal(152)).pending

    assert wish.stop_price == 150


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"stop_price": Decimal(0)}, "the stop price 0 is not above zero"),
        ({"stop_price": Decimal(14)}, "stop price 14 is 90.5 % away from 148; the collar is 10 %"),
        ({"limit_price": Decimal(1510)}, "limit 1510 is 920.3 % away from 148"),
        ({"limit_price": None}, "a limit cannot be added or taken away, only moved"),
        ({"quantity": Decimal(101)}, "101 is more than the 100 that were approved"),
    ],
)
def test_a_slip_never_reaches_the_venue(uow, terms, why):
    with pytest.raises(ChangeRefusedError, match=why.replace(".", r"\.")):
        changed(uow, **terms)


def test_a_limit_order_gets_no_stop_price(uow):
    order = replace(open_order(intent("R-2", Side.BUY, AAPL, {"A1": 100}, limit="151")), sent=True)

    with pytest.raises(ChangeRefusedError, match="a stop price cannot be added, only moved"):
        change(
            uow, order, quantity=Decimal(100), limit_price=Decimal(151), stop_price=Decimal(150),
            at=NOW, why="a test", collar=Decimal("0.1"),
        )  # fmt: skip
