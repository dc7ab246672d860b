"""Postings: money and shares only ever change hands."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts import LotMethod
from domain.instruments import CASH
from domain.lots import TaxLot
from domain.orders import (
    Allocation,
    ExecType,
    ExecutionReport,
    OrderIntent,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
)
from domain.ports import CustodyPosition
from domain.postings import Transaction
from domain.snapshot import CashBalance
from ledger import positions, postings
from ledger.lots import relieve

AT = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
DAY = date(2022, 11, 30)
AAPL = "US0378331005"

prices = st.integers(1, 10**9).map(lambda n: Decimal(n) / 10**4)
quantities = st.integers(1, 10**6).map(Decimal)
fees = st.integers(-500, 5000).map(lambda n: Decimal(n) / 100)
sides = st.sampled_from(Side)


def intent(side: Side, quantity: Decimal = Decimal(300)) -> OrderIntent:
    return OrderIntent(
        cl_ord_id="B-0001",
        run_id=UUID(int=5),
        venue="XSIM",
        security_id=AAPL,
        symbol="AAPL",
        side=side,
        quantity=quantity,
        ord_type=OrdType.LIMIT,
        limit_price=Decimal(150),
        time_in_force=TimeInForce.DAY,
        reference_price=Decimal(148),
        trade_date=DAY,
        decided_at=AT,
        allocations=(Allocation(account_id="A1", quantity=quantity),),
    )


def execution(
    side: Side, quantity: Decimal, price: Decimal, fee: Decimal, exec_id: str = "E1"
) -> ExecutionReport:
    return ExecutionReport(
        venue="XSIM",
        exec_id=exec_id,
        order_id="V1",
        cl_ord_id="B-0001",
        orig_cl_ord_id=None,
        exec_type=ExecType.TRADE,
        ord_status=OrdStatus.PARTIALLY_FILLED,
        symbol="AAPL",
        side=side,
        order_qty=None,
        cum_qty=quantity,
        leaves_qty=Decimal(0),
        avg_px=None,
        last_qty=quantity,
        last_px=price,
        limit_price=None,
        commission=fee,
        exec_ref_id=None,
        reason="",
        trade_date=DAY,
        transact_time=AT,
    )


def opening(*lots: TaxLot, cash: str = "1000") -> Transaction:
    return postings.opening(
        CustodyPosition(
            account_id="A1",
            custodian="Harbor Trust",
            as_of=DAY,
            lots=lots,
            cash=CashBalance(account_id="A1", amount=Decimal(cash), source=None),
        ),
        AT,
    )


def lot(name: str, quantity: int, basis: str) -> TaxLot:
    return TaxLot(
        lot_id=name,
        account_id="A1",
        security_id=AAPL,
        quantity=Decimal(quantity),
        basis=Decimal(basis),
        acquired=date(2020, 1, 2),
        source=None,
    )


@given(sides, quantities, prices, fees)
def test_a_fill_creates_no_money(side, quantity, price, fee):
    posted = postings.fill(execution(side, quantity, price, fee), intent(side), AT)

    assert positions.is_balanced([posted])


@given(sides, quantities, prices, fees)
def test_a_fill_gives_the_block_its_shares_for_gross_and_commission(side, quantity, price, fee):
    posted = postings.fill(execution(side, quantity, price, fee), intent(side), AT)

    held = positions.balances([posted])
    sign = 1 if side is Side.BUY else -1
    assert held["block:B-0001", AAPL] == sign * quantity
    assert held.get(("block:B-0001", CASH), 0) == -sign * quantity * price - fee
    assert held["street:XSIM", CASH] == sign * quantity * price
    assert held.get(("commission:XSIM", CASH), 0) == fee


@given(sides, quantities, prices, fees)
def test_a_bust_leaves_no_trace_in_the_balances(side, quantity, price, fee):
    report = execution(side, quantity, price, fee)
    posted = postings.fill(report, intent(side), AT)

    undone = postings.fill_reversal(posted, replace(report, exec_id="E2"), AT)

    assert undone.reverses == posted.transaction_id
    assert positions.balances([posted, undone]) == {}


@given(st.lists(st.tuples(sides, quantities, prices, fees), max_size=8))
def test_the_fold_is_the_sum(rows):
    """Balances of many transactions are the sums of the balances of each."""
    facts = [
        postings.fill(execution(side, quantity, price, fee, f"E{n}"), intent(side), AT)
        for n, (side, quantity, price, fee) in enumerate(rows)
    ]

    total: dict[tuple[str, str], Decimal] = {}
    for fact in facts:
        for key, quantity in positions.balances([fact]).items():
            total[key] = total.get(key, Decimal(0)) + quantity

    assert positions.balances(facts) == {key: q for key, q in total.items() if q != 0}
    assert positions.is_balanced(facts)


def test_an_opening_takes_over_lots_and_cash():
    fact = opening(lot("L1", 100, "2000"), lot("L2", 50, "900.5"), cash="-25.10")

    held = positions.balances([fact])
    assert positions.positions(held) == {("A1", AAPL): Decimal(150)}
    assert positions.cash(held) == {"A1": Decimal("-25.10")}
    assert positions.lots([fact]) == fact.opened
    assert held["custody:Harbor Trust", AAPL] == -150


def test_a_reversed_allocation_restores_shares_basis_and_gains_exactly():
    """A sale that relieved one lot whole and one in part, undone."""
    before = opening(lot("L1", 100, "2000"), lot("L2", 300, "7000"))
    reliefs = relieve(before.opened, Decimal(130), Decimal("6500.01"), LotMethod.FIFO, sold_on=DAY)
    sold = postings.allocation(
        intent(Side.SELL),
        [
            postings.Share(
                account_id="A1",
                quantity=Decimal(130),
                gross=Decimal("6510.01"),
                commission=Decimal(10),
                reliefs=reliefs,
            )
        ],
        number=1,
        trade_date=DAY,
        at=AT,
    )

    undone = postings.allocation_reversal(sold, before.opened, trade_date=DAY, at=AT)

    assert [one.quantity for one in positions.lots([before, sold])] == [Decimal(270)]
    assert sum(r.gain for r in positions.realised([before, sold])) == Decimal("6500.01") - 2700
    assert positions.lots([before, sold, undone]) == positions.lots([before])
    assert positions.realised([before, sold, undone]) == ()
    assert positions.balances([before, sold, undone]) == positions.balances([before])


def test_a_reversed_purchase_takes_its_lot_away_without_a_gain():
    bought_lot = lot("B-0001:A1", 100, "14810")
    bought = postings.allocation(
        intent(Side.BUY),
        [
            postings.Share(
                account_id="A1",
                quantity=Decimal(100),
                gross=Decimal(14800),
                commission=Decimal(10),
                lot=bought_lot,
            )
        ],
        number=1,
        trade_date=DAY,
        at=AT,
    )

    undone = postings.allocation_reversal(bought, (), trade_date=DAY, at=AT)

    assert positions.balances([bought])["client:A1", CASH] == Decimal(-14810)
    assert positions.lots([bought, undone]) == ()
    assert sum(relief.gain for relief in undone.relieved) == 0
    assert positions.realised([bought, undone]) == ()


def test_a_lot_is_never_relieved_of_more_than_it_has():
    fact = opening(lot("L1", 100, "2000"))
    taken = relieve(fact.opened, Decimal(100), Decimal(1), LotMethod.FIFO, sold_on=DAY)
    sale = replace(opening(), transaction_id="sale", relieved=taken)

    assert positions.lots([fact, sale]) == ()
    with pytest.raises(positions.LotOverdrawnError, match="lot L1: it is not open"):
        positions.lots([fact, sale, replace(sale, transaction_id="again")])
