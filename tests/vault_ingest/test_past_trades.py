"""Past trades as they count now: after a split, and after what has replaced a loss already."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from domain.instruments import CASH
from domain.lots import TaxLot, Term
from domain.orders import Side
from domain.postings import Disallowance, Leg, Relief, Transaction, TransactionKind
from domain.snapshot import TradeNow
from domain.splits import Split
from ledger.splits import client_split_id
from vault.ledger import SqlLedger
from vault.shared import shared
from vault.snapshots import take

SOLD, BOUGHT, SPLIT = date(2022, 11, 21), date(2022, 11, 22), date(2022, 11, 23)
AT = datetime(2022, 12, 1, 14, tzinfo=UTC)
ACCOUNT, MSFT = "00419524", "US5949181045"
LOST = Relief(
    lot_id="old",
    account_id=ACCOUNT,
    security_id=MSFT,
    quantity=Decimal(100),
    basis=Decimal(30000),
    proceeds=Decimal(20000),
    term=Term.LONG,
)
NEW = TaxLot(
    lot_id="new",
    account_id=ACCOUNT,
    security_id=MSFT,
    quantity=Decimal(60),
    basis=Decimal(12000),
    acquired=BOUGHT,
    source=None,
)
REPLACED = Disallowance(
    sale="allocation:S",
    lot_id="old",
    account_id=ACCOUNT,
    security_id=MSFT,
    quantity=Decimal(40),
    loss=Decimal(4000),
    term=Term.LONG,
    replacement="new",
    is_lost=False,
    taken_over_by="new~w",
    sold=SOLD,
)


def transaction(name, kind, day, **changes):
    return Transaction(transaction_id=name, kind=kind, trade_date=day, at=AT, **changes)


def moved(shares):
    legs = {f"client:{ACCOUNT}": shares, "block:B": -shares}
    return tuple(Leg(book=book, asset=MSFT, quantity=Decimal(n)) for book, n in legs.items())


@pytest.fixture
def traded(bundle):
    """100 sold at a loss of 10,000, and 60 bought on the next day."""
    ledger = SqlLedger(shared(bundle))
    old = replace(NEW, lot_id="old", quantity=LOST.quantity, basis=LOST.basis)
    for name, day, shares, lots in (
        ("allocation:O", date(2020, 5, 5), 100, {"opened": (old,)}),
        ("allocation:S", SOLD, -100, {"relieved": (LOST,)}),
        ("allocation:P", BOUGHT, 60, {"opened": (NEW,)}),
    ):
        kind = TransactionKind.ALLOCATION
        ledger.append(transaction(name, kind, day, legs=moved(shares), **lots))
    return bundle


def wash(connection, name, one):
    kind = TransactionKind.WASH_SALE
    SqlLedger(shared(connection)).append(
        transaction(name, kind, BOUGHT, legs=(), disallowed=(one,))
    )


def split(connection):
    two = Split(security_id=MSFT, day=SPLIT, new=2, old=1)
    kind = TransactionKind.SPLIT
    name = client_split_id(MSFT, SPLIT)
    SqlLedger(shared(connection)).append(transaction(name, kind, SPLIT, legs=(), split=two))


def ours(connection):
    return {
        trade.day: trade
        for trade in take(connection, date(2022, 11, 30)).past_trades
        if (trade.account_id, trade.security_id) == (ACCOUNT, MSFT) and trade.day in (SOLD, BOUGHT)
    }


def test_without_split_or_wash_sale_a_trade_counts_as_it_was_told(traded):
    assert [trade.changed for trade in ours(traded).values()] == [None, None]


def test_shares_of_before_a_split_count_in_those_that_they_became(traded):
    split(traded)

    found = ours(traded)

    assert (found[SOLD].quantity, found[SOLD].now.left, found[SOLD].now.gain) == (100, 200, -10000)
    assert (found[BOUGHT].quantity, found[BOUGHT].now.left) == (60, 120)


def test_what_has_replaced_a_loss_and_what_was_replaced_count_no_more(traded):
    wash(traded, "wash_sale:1", REPLACED)
    split(traded)

    found = ours(traded)

    assert found[SOLD].now == TradeNow(
        quantity=Decimal(200), served=Decimal(80), gain=Decimal(-6000)
    )
    assert found[BOUGHT].now == TradeNow(quantity=Decimal(120), served=Decimal(80), gain=None)


def test_a_wash_sale_that_was_taken_back_leaves_both_to_count(traded):
    wash(traded, "wash_sale:1", REPLACED)
    wash(traded, "wash_sale:2", replace(REPLACED, quantity=Decimal(-40), loss=Decimal(-4000)))

    assert [trade.changed for trade in ours(traded).values()] == [None, None]


@pytest.mark.parametrize(("cash", "days"), [(20000, {SOLD, BOUGHT}), (0, {BOUGHT})])
def test_what_persons_booked_counts_unless_it_left_at_its_cost(bundle, cash, days):
    """What came is told with the day on which it was bought."""
    ledger, by_hand = SqlLedger(shared(bundle)), TransactionKind.ADJUSTMENT
    old = replace(NEW, lot_id="old", quantity=LOST.quantity, basis=LOST.basis)
    day = date(2020, 5, 5)
    ledger.append(transaction("o", TransactionKind.ALLOCATION, day, legs=moved(100), opened=(old,)))
    paid = (
        Leg(book=f"client:{ACCOUNT}", asset=CASH, quantity=Decimal(cash)),
        Leg(book="block:B", asset=CASH, quantity=Decimal(-cash)),
    )
    gone = replace(LOST, proceeds=Decimal(cash) or LOST.basis)
    legs = (*moved(-100), *(paid if cash else ()))
    ledger.append(transaction("adjustment:1", by_hand, SOLD, legs=legs, relieved=(gone,)))
    ledger.append(transaction("adjustment:2", by_hand, SPLIT, legs=moved(60), opened=(NEW,)))

    found = ours(bundle)

    assert found.keys() == days
    assert (found[BOUGHT].side, found[BOUGHT].quantity) == (Side.BUY, 60)
    assert SOLD not in days or found[SOLD].gain == -10000
