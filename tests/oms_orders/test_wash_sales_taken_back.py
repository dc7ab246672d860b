"""A bust after a wash sale was posted: what stood on the trade falls with it, and is found anew."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.orders import ExecType, OrdStatus, Side
from ledger.positions import disallowed, realised
from ledger.wash_strands import MARK
from oms import wash_sales
from tests.oms_orders.desk import AAPL, DAY, NOW, RUN, intent, lot, snapshot
from tests.oms_orders.test_booking import Desk
from vault.rebuild import check_projections
from vault.store import SqlVault

HOLDINGS = (lot("A1", AAPL, 100, "20000"), lot("A2", AAPL, 100, "14000"))
BOOK = snapshot(HOLDINGS, {"A1": "50000", "A2": "50000"})
HOUSEHOLD = replace(BOOK, accounts=tuple(replace(one, household_id="H") for one in BOOK.accounts))
FEW = 40


def work(desk, name, side, shares, account):
    """Another order at work on the same desk."""
    other = Desk.__new__(Desk)
    other.vault, other.name, other.sink = desk.vault, name, desk.sink
    with desk.vault.write() as uow:
        uow.orders.add(intent(name, side, AAPL, {account: shares}))
    other.tell(ExecType.NEW, OrdStatus.NEW)
    return other


def post(vault):
    with vault.write() as uow:
        return wash_sales.post(uow, HOUSEHOLD, run_id=RUN, trade_date=DAY, at=NOW)


def counted(vault):
    """Gain that counts, dollars not deducted, and the basis of what is held."""
    with vault.read() as uow:
        facts, lots = uow.ledger.all(), uow.ledger.lots()
    lost = sum((one.loss for one in disallowed(facts)), Decimal(0))
    gain = sum((one.gain for one in realised(facts)), Decimal(0))
    return gain + lost, lost, sum((one.basis for one in lots), Decimal(0))


def holds(vault, desk):
    desk.books_are_right()
    if isinstance(vault, SqlVault):
        assert check_projections(vault) == ()


@pytest.fixture
def sold(vault):
    """A1 sold all it had at a loss of 5,200; nothing has replaced it."""
    desk = Desk(vault, intent("R-0001", Side.SELL, AAPL, {"A1": 100}), HOUSEHOLD)
    desk.fill("E1", 100, "148")
    return desk


def test_a_bust_of_the_loss_takes_it_out_of_the_basis_again(vault, sold):
    bought = work(sold, "R-0002", Side.BUY, FEW, "A2")
    bought.fill("E2", FEW, "150")
    assert len(post(vault)) == 1
    assert counted(vault) == (-5200 + 2080, 2080, 14000 + 6000 + 2080)

    alarms = sold.bust("E3", of="E1", cum=0)

    assert alarms == ["execution_busted"]
    assert counted(vault) == (0, 0, 20000 + 14000 + 6000)
    assert all(MARK not in name for name in sold.lots("A2"))
    holds(vault, sold)
    sold.fill("E4", 100, "158")
    post(vault)
    assert counted(vault) == (-4200 + 1680, 1680, 14000 + 6000 + 1680)
    assert post(vault) == ()
    holds(vault, sold)


def test_a_bust_of_the_purchase_lets_the_loss_count_again(vault, sold):
    bought = work(sold, "R-0002", Side.BUY, FEW, "A2")
    bought.fill("E2", FEW, "150")
    post(vault)

    alarms = bought.bust("E3", of="E2", cum=0)

    assert alarms == ["execution_busted"]
    assert counted(vault) == (-5200, 0, 14000)
    holds(vault, sold)


def test_a_bust_of_the_replacements_sale_brings_back_shares_that_have_the_loss(vault, sold):
    """Bought and sold at a gain of 80, which the loss of 2,080 has made a loss of 2,000."""
    bought = work(sold, "R-0002", Side.BUY, FEW, "A2")
    bought.fill("E2", FEW, "150")
    again = work(sold, "R-0003", Side.SELL, FEW, "A2")
    again.fill("E3", FEW, "152")
    (posted,) = post(vault)
    assert [one.now.gain for one in posted.restated] == [-2000]
    assert counted(vault) == (-5200 + 80, 2080, 14000)

    alarms = again.bust("E4", of="E3", cum=0)

    assert alarms == ["execution_busted"]
    assert counted(vault) == (-5200 + 2080, 2080, 14000 + 6000 + 2080)
    (name,) = (one for one in sold.lots("A2") if MARK in one)
    assert sold.lots("A2")[name] == (FEW, 8080)
    holds(vault, sold)
    again.fill("E5", FEW, "152")
    assert counted(vault) == (-5200 + 80, 2080, 14000)
    assert post(vault) == ()
    holds(vault, sold)


def test_a_bust_of_a_sold_purchase_stays_a_persons_matter(vault, sold):
    """Its shares were sold on, so nothing is taken back: what stood stands."""
    bought = work(sold, "R-0002", Side.BUY, FEW, "A2")
    bought.fill("E2", FEW, "150")
    work(sold, "R-0003", Side.SELL, FEW, "A2").fill("E3", FEW, "152")
    post(vault)
    before = counted(vault)

    alarms = bought.bust("E4", of="E2", cum=0)

    assert alarms == ["execution_busted", "allocation_not_reversed"]
    assert counted(vault) == before
