"""Implementation shortfall: every dollar against the decision is told by its cause."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.order_states import apply, open_order
from domain.orders import ExecType, OrdStatus, Sent, Side
from oms.tca import FillFact, Moment, TcaFacts, facts_of, shortfall
from tests.oms_orders.desk import AAPL, NOW, fill, intent, report

prices = st.integers(1, 10**8).map(lambda n: Decimal(n) / 10**4)
quantities = st.integers(1, 10**6).map(Decimal)
fees = st.integers(0, 10**5).map(lambda n: Decimal(n) / 100)
SOON = NOW + timedelta(seconds=3)
BUY = replace(
    intent("R-1", Side.BUY, AAPL, {"A1": 100}), arrived_at=SOON, arrival_price=Decimal("148.50")
)


def facts(side: Side, decision: Decimal, arrival: Decimal, meant: Decimal, fills) -> TcaFacts:
    return TcaFacts(
        side=side,
        meant=meant,
        decision=Moment(at=NOW, price=decision),
        arrival=Moment(at=SOON, price=arrival),
        first_routed=SOON,
        fills=tuple(
            FillFact(at=SOON, quantity=quantity, price=price, commission=fee)
            for quantity, price, fee in fills
        ),
    )


@given(
    st.sampled_from(Side),
    st.tuples(prices, prices, prices),
    st.lists(st.tuples(quantities, prices, fees), max_size=8),
    quantities,
)
def test_the_parts_add_up_to_paper_less_reality(side, moments, fills, left):
    """Paper trades all of it at the decision and is worth the last price; reality did not."""
    decision, arrival, last = moments
    done = sum((quantity for quantity, _, _ in fills), Decimal(0))
    found = shortfall(facts(side, decision, arrival, done + left, fills), last)

    sign = 1 if side is Side.BUY else -1
    paper = sign * (done + left) * (last - decision)
    real = sign * sum((quantity * (last - price) for quantity, price, _ in fills), Decimal(0))
    real -= sum((fee for _, _, fee in fills), Decimal(0))
    assert found is not None
    assert found.total == paper - real
    assert found.total == found.delay + found.impact + found.opportunity + found.cost


@given(prices, prices, prices, st.lists(st.tuples(quantities, prices, fees), min_size=1))
def test_a_purchase_costs_what_the_same_sale_gains(decision, arrival, last, fills):
    free = [(quantity, price, Decimal(0)) for quantity, price, _ in fills]
    bought = shortfall(facts(Side.BUY, decision, arrival, Decimal(10**8), free), last)
    sold = shortfall(facts(Side.SELL, decision, arrival, Decimal(10**8), free), last)

    assert bought is not None
    assert sold is not None
    assert bought.total == -sold.total


def test_a_worked_example():
    """Perold's terms: decided at 148, arrived at 148.50, 60 of 100 bought, closed at 150."""
    found = shortfall(
        facts(
            Side.BUY,
            Decimal(148),
            Decimal("148.50"),
            Decimal(100),
            [(Decimal(40), Decimal("148.60"), Decimal("0.12")), (Decimal(20), Decimal(149), CENT)],
        ),
        Decimal(150),
    )

    assert found is not None
    assert found.delay == 30  # 60 shares, half a dollar each.
    assert found.impact == 4 + 10  # 40 at ten cents and 20 at fifty above the arrival.
    assert found.opportunity == 80  # 40 shares that rose by two dollars.
    assert found.cost == Decimal("0.13")
    assert found.total == Decimal("124.13")


CENT = Decimal("0.01")


def test_what_did_not_trade_cannot_be_valued_without_a_price():
    half = facts(Side.BUY, Decimal(10), Decimal(10), Decimal(2), [(Decimal(1), Decimal(10), CENT)])

    assert shortfall(half, None) is None
    assert shortfall(replace(half, meant=Decimal(1)), None) is not None


def test_the_facts_of_an_order_are_those_of_its_events():
    """A corrected fill counts as corrected, a busted one not at all."""
    order, events = open_order(BUY), []
    for event in (
        Sent(cl_ord_id="R-1", sent_at=SOON),
        report(order, ExecType.NEW, OrdStatus.NEW),
    ):
        order, _ = apply(order, event)
        events.append(event)
    for number, (quantity, price) in enumerate(((30, "148.6"), (20, "149"), (10, "150")), 1):
        at = SOON + timedelta(seconds=number)
        event = fill(order, f"E{number}", quantity, price, "0.05", transact_time=at)
        order, _ = apply(order, event)
        events.append(event)
    corrected = replace(
        fill(order, "E4", 20, "149.5", "0.04", cum_qty=order.cum_qty),
        exec_type=ExecType.TRADE_CORRECT,
        exec_ref_id="E2",
        transact_time=SOON + timedelta(seconds=9),
    )
    busted = replace(
        fill(order, "E5", 0, "0", cum_qty=order.cum_qty - 10),
        exec_type=ExecType.TRADE_CANCEL,
        exec_ref_id="E3",
    )
    for event in (corrected, busted):
        order, _ = apply(order, event)
        events.append(event)

    found = facts_of(order, events, carried=Decimal(40))

    assert found == TcaFacts(
        side=Side.BUY,
        meant=Decimal(60),
        decision=Moment(at=NOW, price=Decimal(148)),
        arrival=Moment(at=SOON, price=Decimal("148.50")),
        first_routed=SOON,
        fills=(
            FillFact(
                at=SOON + timedelta(seconds=1),
                quantity=Decimal(30),
                price=Decimal("148.6"),
                commission=Decimal("0.05"),
            ),
            FillFact(
                at=SOON + timedelta(seconds=9),
                quantity=Decimal(20),
                price=Decimal("149.5"),
                commission=Decimal("0.04"),
            ),
        ),
    )


def test_an_order_from_before_arrivals_were_kept_arrived_when_it_was_decided():
    old = open_order(replace(BUY, arrived_at=None, arrival_price=None))

    assert facts_of(old, ()).arrival == facts_of(old, ()).decision
