"""Adjustments in the ledger: balanced against the custodian, and lots that fold."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instruments import CASH
from domain.lots import TaxLot, Term
from domain.ports import CustodyPosition
from domain.snapshot import CashBalance
from domain.sources import Source
from ledger import positions, postings
from ledger.adjustments import Adjustment, adjustment, overdrawn_on
from ledger.lots import LotShortageError
from ledger.reconcile_positions import ledger_against_custody

AT = datetime(2022, 12, 1, 13, 0, tzinfo=UTC)
OPENED, DAY, NEXT = date(2022, 11, 30), date(2022, 12, 1), date(2022, 12, 2)
AAPL, CUSTODY = "US0378331005", "custody:Harbor"
SOURCE = Source("positions.csv", 2, "0" * 64)
LOT = TaxLot(
    lot_id="A1:AAPL:1",
    account_id="A1",
    security_id=AAPL,
    quantity=Decimal(100),
    basis=Decimal("9000.01"),
    acquired=date(2020, 3, 2),
    source=SOURCE,
)
HELD = CustodyPosition(
    account_id="A1",
    custodian="Harbor",
    as_of=OPENED,
    lots=(LOT,),
    cash=CashBalance(account_id="A1", amount=Decimal(1000), source=SOURCE),
)
BOOK = (postings.opening(HELD, AT),)

millionths = st.integers(1, 100_000_000).map(lambda n: Decimal(n).scaleb(-6))
cents = st.integers(1, 10**9).map(lambda n: Decimal(n).scaleb(-2))


def wish(**changes: object) -> Adjustment:
    return Adjustment(**({"account_id": "A1", "day": DAY} | changes))


def leaving(shares: Decimal, cash: Decimal | None = None, day: date = DAY) -> Adjustment:
    return wish(day=day, security_id=AAPL, shares=-shares, lot_id=LOT.lot_id, cash=cash)


def posting(wanted: Adjustment, number: int = 1, standing: TaxLot | None = None):
    return adjustment(wanted, number, custodian=CUSTODY, standing=standing, at=AT)


arrivals = st.builds(
    lambda shares, cost: wish(security_id=AAPL, shares=shares, cost=cost, acquired=OPENED),
    millionths,
    cents,
)
departures = st.builds(leaving, millionths, st.none() | cents)
payments = st.builds(lambda cash, sign: wish(cash=cash * sign), cents, st.sampled_from([1, -1]))


@given(
    wishes=st.lists(payments | arrivals, max_size=4), last=departures | payments, again=departures
)
def test_whatever_is_adjusted_every_asset_adds_up_to_zero_and_lots_to_positions(
    wishes, last, again
):
    facts = list(BOOK)
    for number, wanted in enumerate((*wishes, last, again), 1):
        standing = next((one for one in positions.lots(facts) if one.lot_id == wanted.lot_id), None)
        if wanted.lot_id and (standing is None or standing.quantity < -wanted.shares):
            continue
        facts.append(posting(wanted, number, standing))

    balances = positions.balances(facts)
    held = positions.positions(balances).get(("A1", AAPL), 0)
    assert positions.is_balanced(facts)
    assert sum(one.quantity for one in positions.lots(facts)) == held
    assert held == -balances.get((CUSTODY, AAPL), 0)
    assert balances.get(("client:A1", CASH), 0) == -balances.get((CUSTODY, CASH), 0)


@given(shares=millionths, cash=cents)
def test_what_shares_fetch_beyond_their_cost_is_the_gain(shares, cash):
    facts = (*BOOK, posting(leaving(shares, cash), standing=LOT))

    (gone,) = positions.realised(facts)
    left = sum(one.basis for one in positions.lots(facts))
    assert gone.gain == cash - (LOT.basis - left)
    assert gone.term is Term.LONG
    assert positions.cash(positions.balances(facts)) == {"A1": 1000 + cash}


@given(shares=millionths)
def test_shares_that_leave_without_cash_realise_nothing(shares):
    facts = (*BOOK, posting(leaving(shares), standing=LOT))

    assert [gone.gain for gone in positions.realised(facts)] == [0]
    assert positions.cash(positions.balances(facts)) == {"A1": 1000}


def test_shares_that_come_are_a_lot_of_their_own_with_what_they_cost():
    came = wish(
        security_id=AAPL, shares=Decimal(10), cost=Decimal("1234.50"), acquired=date(2020, 5, 6)
    )

    facts = (*BOOK, posting(came, 3))

    assert [(one.lot_id, one.quantity, one.basis, one.acquired) for one in positions.lots(facts)][
        1:
    ] == [("adjustment:A1:3", 10, Decimal("1234.50"), date(2020, 5, 6))]


def test_more_than_the_lot_has_is_refused():
    with pytest.raises(LotShortageError):
        posting(leaving(Decimal("100.000001")), standing=LOT)


def test_the_custodians_break_is_gone_after_the_adjustment_that_it_asks_for():
    told = CustodyPosition(
        account_id="A1",
        custodian="Harbor",
        as_of=DAY,
        lots=(),
        cash=CashBalance(account_id="A1", amount=Decimal("9987.66"), source=SOURCE),
    )
    facts = [*BOOK]

    def kinds():
        found = ledger_against_custody(positions.balances(facts), positions.lots(facts), [told])
        return [one.kind for one in found]

    assert kinds() == ["position_differs", "cash_differs"]
    facts.append(posting(leaving(LOT.quantity, Decimal(9000)), standing=LOT))
    assert kinds() == ["cash_differs"]
    facts.append(posting(wish(cash=Decimal("-12.34")), 2))
    assert kinds() == []


def test_shares_that_left_for_a_while_cannot_be_taken_on_a_day_before_they_were_back():
    """Today's lot is whole; on the day between, the books of that day would not fold."""
    away = posting(leaving(Decimal(70)), 1, LOT)
    came = wish(day=NEXT, security_id=AAPL, shares=Decimal(70), cost=Decimal(0), acquired=OPENED)
    own = replace(LOT, quantity=Decimal(70), basis=away.relieved[0].basis)
    facts = (*BOOK, away, replace(posting(came, 2), opened=(own,)))

    assert overdrawn_on(posting(leaving(Decimal(40)), 3, LOT), LOT.lot_id, facts) == DAY
    late = posting(leaving(Decimal(40), day=NEXT), 3, LOT)
    assert overdrawn_on(late, LOT.lot_id, facts) is None
