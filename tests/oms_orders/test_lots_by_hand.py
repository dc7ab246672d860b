"""Lots that a person names for a sale by hand: what they must be, and that they are sold."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts import LotMethod
from domain.codec import decode, encode
from domain.orders import Allocation, Side
from oms import wire_risk
from oms.blocks import BlockSettings, block
from oms.booking import Booking
from oms.by_hand.lots import spoken_for, unavailable
from oms.by_hand.order import HandOrder
from oms.by_hand.proposals import proposals
from oms.by_hand.refusals import House, problems
from oms.entering import enter
from oms.recommend import recommend
from tests.memory import MemoryVault
from tests.oms_orders.desk import (
    AAPL,
    DAY,
    LIMITS,
    NOW,
    RUN,
    fill,
    go_out,
    intent,
    lot,
    open_books,
    snapshot,
)
from tests.plain_routing import without_rules

OLD, MIDDLE, YOUNG = "A1:AAPL:1", "A1:AAPL:2", "A1:AAPL:3"
LOTS = (
    lot("A1", AAPL, 60, "6000"),
    lot("A1", AAPL, 40, "6000", n=2),
    lot("A1", AAPL, 30, "3000", n=3),
    lot("A2", AAPL, 50, "5000"),
)
BOOK = snapshot(LOTS, {"A1": "1000", "A2": "60"}, method=LotMethod.SPECIFIC)
HOUSE = House(venues=frozenset({"XSIM"}), limits=LIMITS, day=without_rules(Decimal("0.01")).day)


def order(shares: int, *lots: str, side: Side = Side.SELL, account: str = "A1") -> HandOrder:
    part = Allocation(account_id=account, quantity=Decimal(shares))
    return HandOrder(symbol="AAPL", side=side, allocations=(part,), lots=lots)


def said_against(wanted: HandOrder, *open_sales, book=BOOK) -> str:
    vault = MemoryVault()
    open_books(vault, book)
    with vault.write() as uow:
        enter(uow, open_sales, LIMITS, wire_risk.price_facts(book), NOW)
        return "; ".join(problems(uow, wanted, book, HOUSE, NOW))


def selling(shares: int, *lots: str, name: str = "H-1"):
    return intent(name, Side.SELL, AAPL, {"A1": shares}, lot_ids=lots)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (order(40, MIDDLE), ""),
        (order(70, YOUNG, MIDDLE), ""),
        (order(40), ""),
        (order(40, MIDDLE, MIDDLE), f"lot {MIDDLE} is named twice: say each once"),
        (
            order(50, MIDDLE),
            "the lots named of A1 have 40 free shares, 50 are to be sold: name another lot",
        ),
        (order(40, MIDDLE, OLD), f"lot {OLD} is not needed for 40 shares: leave it out"),
        (
            order(40, "A1:AAPL:9"),
            f"no open lot 'A1:AAPL:9' of AAPL; open are {OLD} (60 of 2021-03-02), {MIDDLE} (40 of ",
        ),
        (order(40, MIDDLE, account="A2"), f"no open lot '{MIDDLE}' of AAPL; open are A2:AAPL:1"),
        (order(1, MIDDLE, side=Side.BUY), "--lot goes with a sale"),
    ],
)
def test_lots_must_be_there_and_be_just_enough(wanted, reason):
    said = said_against(wanted)

    assert (reason in said) if reason else said == ""


def test_a_mandate_that_says_which_lots_go_leaves_nobody_to_name_them():
    said = said_against(order(40, MIDDLE), book=snapshot(LOTS, method=LotMethod.HIFO))

    assert said.startswith("the mandate of A1 relieves lots by hifo: leave --lot out")


def test_what_an_open_sale_has_named_is_named_by_no_other():
    """Only as far as it may still take it: of 60 shares it wants 50."""
    all_gone = said_against(order(40, MIDDLE), selling(40, MIDDLE))
    ten_left = said_against(order(20, OLD), selling(50, OLD))

    assert all_gone.startswith(f"all 40 shares of lot {MIDDLE} are being sold already")
    assert "the lots named of A1 have 10 free shares, 20 are to be sold" in ten_left
    assert said_against(order(10, OLD), selling(50, OLD)) == ""


def test_the_second_person_sees_which_lots_go_and_what_they_cost_in_tax():
    """A year after it was bought the middle lot loses 80 dollars, short-term."""
    [found] = proposals(order(50, MIDDLE, YOUNG), BOOK, by="anna", why="a call")

    [trade] = found.trades
    assert trade.lot_ids == (MIDDLE, YOUNG)
    assert trade.reason == (
        f"anna ordered it by hand (40 of lot {MIDDLE} of 2022-03-02, 10 of lot {YOUNG} of "
        "2023-03-02): a call"
    )
    assert trade.expected_tax == (-80 + 480) * Decimal("0.4")
    assert order(50, MIDDLE, YOUNG).in_words() == (
        f"sell 50 AAPL for A1, of lot {MIDDLE}, then {YOUNG}"
    )


def test_without_a_name_the_oldest_goes_that_nobody_has_named():
    [found] = proposals(order(20), BOOK, by="anna", why="a call", taken={OLD: Decimal(60)})

    assert found.trades[0].lot_ids == (MIDDLE,)


def test_lots_that_are_gone_when_it_goes_out_keep_it_at_home(vault):
    """It waited for a second person, and another sale was faster."""
    open_books(vault, BOOK)
    late = selling(40, MIDDLE, name="H-2")
    with vault.write() as uow:
        before = unavailable(uow, [late], BOOK)
        enter(uow, [selling(30, MIDDLE)], LIMITS, wire_risk.price_facts(BOOK), NOW)

        assert (before, set(unavailable(uow, [late], BOOK))) == ({}, {"A1"})
        assert spoken_for(uow, "A1", AAPL) == {MIDDLE: 30}
        assert spoken_for(uow, "A1", AAPL, but=["H-1"]) == {}
        assert "have 10 free shares, and 40 are to be sold" in unavailable(uow, [late], BOOK)["A1"]
        by_method = snapshot(LOTS, method=LotMethod.HIFO)
        assert unavailable(uow, [late], by_method) == {}


@given(st.permutations([OLD, MIDDLE, YOUNG]), st.integers(1, 130), st.integers(1, 129))
def test_what_was_named_is_what_is_sold_in_its_order_over_any_fills(lots, shares, first):
    """From the person's words to the ledger, through the same steps as any other order."""
    sizes = {one.lot_id: one.quantity for one in LOTS}
    needed = [name for n, name in enumerate(lots) if sum(sizes[one] for one in lots[:n]) < shares]
    wanted = decode(HandOrder, encode(order(shares, *needed)))
    vault = MemoryVault()
    open_books(vault, BOOK)
    made = recommend(BOOK, proposals(wanted, BOOK, by="anna", why="a call"))
    settings = BlockSettings(limit_collar=Decimal("0.01"))
    [sale] = block(RUN, made, BOOK, settings, trade_date=DAY, at=NOW, short="H")
    sink = Booking()
    with vault.write() as uow:
        assert list(problems(uow, wanted, BOOK, HOUSE, NOW)) == []
        enter(uow, [sale], LIMITS, wire_risk.price_facts(BOOK), NOW)
        name = sale.cl_ord_id
        go_out(uow, name)
        for number, part in enumerate((min(first, shares), shares - first)):
            if part > 0:
                sink.apply(uow, fill(uow.orders.get(name), f"E{number}", part, "148"), NOW)

        [given] = [t for t in uow.ledger.of_order(name) if t.relieved]
        assert [one.lot_id for one in given.relieved] == needed
        assert all(one.quantity == sizes[one.lot_id] for one in given.relieved[:-1])
        assert spoken_for(uow, "A1", AAPL) == {}


def test_an_order_of_an_older_release_names_no_lots():
    old = (
        encode(replace(order(40, MIDDLE), lots=()))
        .replace(',"lots":[]', "")
        .replace('"lots":[],', "")
    )

    assert "lots" not in old
    assert decode(HandOrder, old) == order(40)
