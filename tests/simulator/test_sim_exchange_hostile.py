"""Whatever a client writes into its fields, the exchange answers and goes on."""

from datetime import UTC, datetime
from typing import get_args, get_type_hints

from hypothesis import given
from hypothesis import strategies as st

from simulator.exchange.dark import DarkFloor
from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import Rules
from simulator.fix.profile import Version
from simulator.fix.wording import body_of
from simulator.values.messages import Report
from simulator.values.requests import NewOrder, Request

NOW = datetime(2022, 11, 30, 15, tzinfo=UTC)
WORDS = (
    "0,1,2,3,4,5,6,7,8,9,B,P,G,M R,Z,AAPL,100,148.00,-1,1e9,99999999999999999999,NaN,1.5,\u0661,X,"
    "20221131,20221201,20221130-25:00:00,20221201-15:00:00,00010101,99991231,99991231-23:59:59"
)
texts = st.one_of(st.sampled_from(["", *WORDS.split(",")]), st.text(max_size=8))
columns = st.lists(texts, max_size=3).map(tuple)
pairs = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)


def of_type(hint):
    if hint is str:
        return texts
    if hint is bool:
        return st.booleans()
    item = get_args(hint)[0]
    if NewOrder in get_args(item):  # The orders of a list.
        return st.lists(st.tuples(texts, orders), max_size=3).map(tuple)
    return columns if item is str else pairs


def hostile(kind):
    hints = get_type_hints(kind)
    fields = {name: of_type(hint) for name, hint in hints.items()} | {"client": st.just("C")}
    return st.fixed_dictionaries(fields).map(lambda values: kind(**values))


orders = hostile(NewOrder).map(
    lambda order: order._replace(symbol="AAPL", side="1", quantity="100")
)
requests = st.one_of([hostile(kind) for kind in get_args(Request)])


def stock():
    return Instrument(
        symbol="AAPL",
        security_id="US0378331005",
        price="148.03",
        ticks=(("0", "0.01"),),
        lots=(("0", 1),),
        average_daily_volume=1,
    )


@given(st.lists(st.one_of(requests, orders), max_size=12))
def test_no_request_breaks_an_exchange(asked):
    floor = ExchangeFloor(Rules(name="XSIM"), {"AAPL": stock()})
    for request in asked:
        said = floor.handle(request, NOW)

        assert all(one.client == "C" for one in said)
        for one in said:
            for version in Version:
                body_of(one, version)

    (order,) = floor.handle(NewOrder("D", "fine", "AAPL", "1", "1", "2", "0.01"), NOW)[:1]
    assert isinstance(order, Report)
    floor.wake(datetime(2023, 1, 1, tzinfo=UTC))


@given(st.lists(orders, max_size=8))
def test_no_order_breaks_a_dark_pool(asked):
    pool = DarkFloor(Rules(name="XDRK"), {"AAPL": stock()}, lambda _: ("148.02", "148.05"))
    for request in asked:
        pool.handle(request, NOW)
