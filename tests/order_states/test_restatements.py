"""Restatements: fills, busts and splits in any order, against a sum that knows no fold."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order_states import apply
from domain.orders import ExecType, OrdStatus
from domain.restatements import is_renewal, split_of
from tests.order_states.test_order_states import NEW, says

FIRST = date(2022, 11, 30)
actions = st.lists(
    st.tuples(st.just("fill"), st.integers(1, 300), st.integers(1, 20_000))
    | st.tuples(st.just("bust"), st.integers(0, 5), st.none())
    | st.tuples(st.just("split"), st.sampled_from([2, 3, 4, 10]), st.just(1))
    | st.tuples(st.just("split"), st.just(1), st.sampled_from([2, 10])),
    max_size=14,
)


class Naive:
    """Shares and dollars of each execution, and what the order is for."""

    def __init__(self) -> None:
        self.quantity = Fraction(NEW.order_qty)
        self.fills: dict[str, tuple[Fraction, Fraction]] = {}

    @property
    def done(self) -> Fraction:
        return sum((shares for shares, _ in self.fills.values()), Fraction(0))

    def split(self, ratio: Fraction) -> None:
        self.quantity *= ratio
        self.fills = {name: (s * ratio, dollars) for name, (s, dollars) in self.fills.items()}


def report(order, kind, naive, number, day, **more):
    done = naive.done
    status = OrdStatus.PARTIALLY_FILLED if done else OrdStatus.NEW
    if done >= naive.quantity:
        status = OrdStatus.FILLED
    usual = {
        "exec_id": f"E{number}",
        "trade_date": day,
        "order_qty": Decimal(int(naive.quantity)),
        "cum_qty": Decimal(int(done)),
        "leaves_qty": Decimal(int(max(Fraction(0), naive.quantity - done))),
    }
    return says(order, kind, status, **(usual | more))


@given(actions)
def test_splits_fills_and_busts_in_any_order_are_counted_exactly(wanted):
    """Each split begins another day; one that would break a share is none of a venue's."""
    order, naive, day = NEW, Naive(), FIRST
    for number, (what, one, two) in enumerate(wanted):
        if what == "fill":
            naive.fills[f"E{number}"] = (Fraction(one), Fraction(one * two, 100))
            numbers = {"last_qty": Decimal(one), "last_px": Decimal(two) / 100}
            message = report(order, ExecType.TRADE, naive, number, day, **numbers)
        elif what == "bust":
            if one >= len(naive.fills):
                continue
            name = list(naive.fills)[one]
            del naive.fills[name]
            message = report(order, ExecType.TRADE_CANCEL, naive, number, day, exec_ref_id=name)
        else:
            ratio = Fraction(one, two)
            whole = (naive.quantity * ratio, *(s * ratio for s, _ in naive.fills.values()))
            if any(figure.denominator != 1 for figure in whole) or order.is_closed:
                continue
            naive.split(ratio)
            day += timedelta(days=1)
            message = report(order, ExecType.RESTATED, naive, number, day, restatement=0)
        order, _ = apply(order, message)

        assert Fraction(order.cum_qty) == naive.done
        assert Fraction(order.order_qty) == naive.quantity
        assert Fraction(order.gross) == sum(dollars for _, dollars in naive.fills.values())
        assert order.cum_qty == sum(order.shares_of(fill) for fill in order.fills)


@pytest.mark.parametrize(
    ("quantity", "done", "new"),
    [(2000, 0, 2), (3000, 0, 3), (1000, 0, None), (2000, 5, None), (999, 0, None)],
)
def test_a_split_is_believed_when_its_figures_agree(quantity, done, new):
    said = {"order_qty": Decimal(quantity), "cum_qty": Decimal(done), "restatement": 0}
    message = says(NEW, ExecType.RESTATED, OrdStatus.NEW, trade_date=FIRST, **said)

    found = split_of(NEW, message)

    assert (found.new if found else None) == new


@pytest.mark.parametrize(
    ("changes", "is_one"),
    [
        ({"restatement": 1}, True),
        ({"restatement": 1, "order_qty": None}, True),
        ({"restatement": 1, "order_qty": Decimal(900)}, False),
        ({"restatement": 2}, False),
        ({}, False),
    ],
)
def test_a_renewal_comes_back_as_it_was(changes, is_one):
    message = says(NEW, ExecType.RESTATED, OrdStatus.NEW, **changes)

    assert is_renewal(NEW, message) is is_one
