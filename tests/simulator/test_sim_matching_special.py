"""Orders with terms of their own, one fact each."""

import pytest

from simulator.matching.book import Book
from simulator.matching.combinations import unsupported
from simulator.matching.entries import (
    Entry,
    Gone,
    Kind,
    SelfMatch,
    Stay,
    Trade,
    Triggered,
    Why,
)

REFERENCE = 200


def book_of(*entries, **terms):
    book = Book(REFERENCE, **terms)
    for number, entry in enumerate(entries, 1):
        book.enter(entry._replace(number=number))
    return book


def buy(quantity, price=None, kind=None, **terms):
    kind = kind or (Kind.MARKET if price is None else Kind.LIMIT)
    return Entry(0, True, quantity, price, kind, **terms)


def sell(quantity, price=None, kind=None, **terms):
    return buy(quantity, price, kind, **terms)._replace(buys=False)


def queue(book, *, buys):
    return [order.number for order in book.orders(buys=buys)]


def test_the_better_price_trades_first_then_the_earlier_order():
    book = book_of(sell(10, 204), sell(10, 202), sell(10, 202))

    events = book.enter(buy(25, 204)._replace(number=4))

    assert events == [Trade(2, 4, 202, 10), Trade(3, 4, 202, 10), Trade(1, 4, 204, 5)]


def test_a_waiting_market_order_pays_what_the_next_seller_asks():
    book = book_of(buy(10))

    assert book.enter(sell(4, 230)._replace(number=2)) == [Trade(1, 2, 230, 4)]
    assert book.waiting(1) == 6


def test_a_waiting_market_order_does_not_buy_below_a_bid_beside_it():
    book = book_of(buy(10), buy(10, 208))

    assert book.enter(sell(10, 190)._replace(number=3)) == [Trade(1, 3, 208, 10)]


def test_two_market_orders_meet_at_the_last_price():
    book = book_of(buy(10))

    assert book.enter(sell(10)._replace(number=2)) == [Trade(1, 2, REFERENCE, 10)]


def test_amending_to_the_same_keeps_the_place():
    book = book_of(buy(10, 198), buy(10, 198))

    book.amend(1, 10, 198)

    assert queue(book, buys=True) == [1, 2]


@pytest.mark.parametrize(
    ("quantity", "price", "display"), [(11, 198, None), (10, 196, None), (10, 198, 5)]
)
def test_more_shares_another_price_or_another_slice_lose_the_place(quantity, price, display):
    book = book_of(buy(10, 198), buy(10, 198))

    book.amend(1, quantity, price, display=display)

    assert queue(book, buys=True) == [2, 1]


def test_fewer_shares_come_off_the_hidden_ones_first():
    book = book_of(buy(100, 198, display=10))

    book.amend(1, 15, 198)
    assert next(book.orders(buys=True)) == (1, 198, 10, 5)

    book.amend(1, 7, 198)
    assert next(book.orders(buys=True)) == (1, 198, 7, 0)


def test_a_fresh_slice_goes_to_the_back_of_its_price():
    book = book_of(sell(30, 202, display=10), sell(10, 202))

    events = book.enter(buy(25, 202)._replace(number=3))

    assert events == [Trade(1, 3, 202, 10), Trade(2, 3, 202, 10), Trade(1, 3, 202, 5)]
    assert book.levels(buys=False) == [(202, 5)]
    assert book.waiting(1) == 15


def test_a_stop_amended_beyond_the_last_price_triggers():
    book = book_of(sell(10, 204), buy(10, None, Kind.STOP, stop=210))

    assert book.amend(2, 10, None, stop=200) == [Triggered(2), Trade(1, 2, 204, 10)]


def test_a_stop_reached_only_in_passing_triggers():
    """The last of several trades is not the only one that counts."""
    book = book_of(
        sell(5, 190), buy(10, None, Kind.STOP, stop=230), sell(9, None, Kind.STOP, stop=192)
    )
    book.enter(sell(5, 210)._replace(number=4))

    events = book.enter(buy(10, 210)._replace(number=5))

    assert events == [Trade(1, 5, 190, 5), Trade(4, 5, 210, 5), Triggered(3)]


def test_one_stop_can_reach_another():
    book = book_of(
        sell(10, 202),
        sell(10, 206),
        buy(10, None, Kind.STOP, stop=202),
        sell(4, 204, Kind.STOP_LIMIT, stop=190),
        buy(7, 210, Kind.STOP_LIMIT, stop=206),
    )

    events = book.enter(buy(10, 202)._replace(number=6))

    assert events == [Trade(1, 6, 202, 10), Triggered(3), Trade(2, 3, 206, 10), Triggered(5)]
    assert book.best(buys=True) == 210


def test_a_middle_peg_follows_the_quotes_and_is_not_shown():
    book = book_of(buy(10, 196), sell(10, 204), buy(5, None, Kind.PEG_MID))
    assert book.levels(buys=True) == [(196, 10)]

    book.enter(buy(10, 200)._replace(number=4))

    assert next(book.orders(buys=True)) == (3, 202, 5, 0)
    assert book.levels(buys=True) == [(200, 10), (196, 10)]


def test_a_primary_peg_follows_its_own_side_with_its_offset():
    book = book_of(buy(10, 196), sell(10, 204), sell(5, None, Kind.PEG_PRIMARY, offset=-2))
    assert book.levels(buys=False) == [(202, 5), (204, 10)]

    assert book.cancel(2) == 10
    assert book.settle() == []

    assert book.levels(buys=False) == []
    assert book.waiting(3) == 5


def test_a_peg_goes_no_further_than_its_limit():
    book = book_of(buy(10, 196), sell(10, 204), buy(5, 198, Kind.PEG_MID))

    assert next(book.orders(buys=True)) == (3, 198, 5, 0)


def test_pegs_do_not_follow_each_other():
    book = book_of(
        buy(10, 196),
        buy(5, None, Kind.PEG_PRIMARY, offset=2),
        buy(5, None, Kind.PEG_PRIMARY, offset=2),
    )

    assert [order.price for order in book.orders(buys=True)] == [198, 198, 196]


def test_pegs_that_a_cancel_moves_together_trade():
    book = book_of(
        buy(10, 196),
        sell(10, 204),
        sell(10, 208),
        sell(5, 202, Kind.PEG_MID),
        buy(5, None, Kind.PEG_MID),
    )
    assert book.waiting(5) == 5

    book.cancel(2)

    assert book.settle() == [Trade(4, 5, 202, 5)]


def test_pegs_follow_another_market_where_one_is_named():
    """A dark pool: only pegs, and the lit quotes from elsewhere."""
    book = Book(REFERENCE)
    book.follow(198, 204)
    book.enter(sell(30, None, Kind.PEG_MID, minimum=20)._replace(number=1))

    assert book.enter(buy(10, None, Kind.PEG_MID)._replace(number=2)) == []
    assert book.enter(buy(10, 200, Kind.PEG_MID)._replace(number=3)) == []
    assert book.follow(198, 202) == [Trade(3, 1, 200, 10), Trade(2, 1, 200, 10)]


@pytest.mark.parametrize("stay", [Stay.IOC, Stay.FOK])
def test_a_peg_that_may_not_wait_for_quotes_goes(stay):
    book = book_of()

    gone = Gone(1, 5, Why.NO_LIQUIDITY)
    assert book.enter(buy(5, None, Kind.PEG_MID, stay=stay)._replace(number=1)) == [gone]


def test_all_or_none_is_passed_over_until_all_can_trade():
    book = book_of(buy(100, 202, all_or_none=True), buy(10, 200))
    assert book.levels(buys=True) == [(200, 10)]

    assert book.enter(sell(60, 198)._replace(number=3)) == [Trade(2, 3, 200, 10)]
    assert book.best(buys=False) == 198
    assert book.enter(sell(50, 202)._replace(number=4)) == [
        Trade(3, 1, 198, 50),
        Trade(4, 1, 202, 50),
    ]


def test_conditions_come_last_at_their_price():
    book = book_of(sell(10, 202, all_or_none=True), sell(10, 202))

    assert book.enter(buy(15, 202)._replace(number=3)) == [Trade(2, 3, 202, 10)]
    assert book.waiting(3) == 5


def test_a_minimum_counts_several_orders_and_only_once():
    book = book_of(sell(10, 202), sell(10, 202))

    events = book.enter(buy(50, 202, minimum=20)._replace(number=3))
    assert events == [Trade(1, 3, 202, 10), Trade(2, 3, 202, 10)]

    assert book.enter(sell(1, 202)._replace(number=4)) == [Trade(3, 4, 202, 1)]


def test_a_minimum_that_cannot_be_met_at_once_sends_an_ioc_away():
    book = book_of(sell(10, 202))

    gone = Gone(2, 50, Why.MINIMUM)
    assert book.enter(buy(50, 202, minimum=20, stay=Stay.IOC)._replace(number=2)) == [gone]


def test_the_rest_of_a_minimum_goes_on_at_once():
    """Met by one who came, it may now trade with what it had to pass over."""
    book = book_of(sell(10, 200), buy(30, 204, minimum=20))

    events = book.enter(sell(25, 202)._replace(number=3))

    assert events == [Trade(2, 3, 204, 25), Trade(1, 2, 200, 5)]


@pytest.mark.parametrize(
    ("policy", "events", "left"),
    [
        (SelfMatch.CANCEL_NEWEST, [Gone(3, 15, Why.SELF_MATCH)], (10, 10, 0)),
        (
            SelfMatch.CANCEL_OLDEST,
            [Gone(1, 10, Why.SELF_MATCH), Trade(2, 3, 202, 10)],
            (0, 0, 5),
        ),
        (
            SelfMatch.CANCEL_BOTH,
            [Gone(1, 10, Why.SELF_MATCH), Gone(3, 15, Why.SELF_MATCH)],
            (0, 10, 0),
        ),
    ],
)
def test_one_owner_does_not_trade_with_itself(policy, events, left):
    book = book_of(sell(10, 202, owner=7), sell(10, 202), self_match=policy)

    assert book.enter(buy(15, 202, owner=7)._replace(number=3)) == events
    assert tuple(book.waiting(number) for number in (1, 2, 3)) == left


def test_nothing_trades_outside_the_band():
    book = book_of(sell(10, 202), sell(10, 206), sell(10, 210))
    book.limit(196, 206)

    events = book.enter(buy(100)._replace(number=4))

    assert events == [Trade(1, 4, 202, 10), Trade(2, 4, 206, 10)]
    assert book.waiting(4) == 80
    assert book.limit(196, 210) == [Trade(3, 4, 210, 10)]


def test_a_buy_above_the_band_stands_at_its_end_and_moves_with_it():
    book = book_of(buy(10, 212), sell(10, 214))

    book.limit(196, 206)
    assert book.levels(buys=True) == [(206, 10)]

    book.limit(196, 208)
    assert book.levels(buys=True) == [(208, 10)]

    book.limit(None, None)
    assert book.levels(buys=True) == [(212, 10)]


def test_market_orders_come_first_when_the_band_moves():
    book = book_of(buy(10, 212), buy(10))
    book.limit(196, 204)
    book.enter(sell(10, 208)._replace(number=3))

    assert book.limit(196, 208) == [Trade(3, 2, 208, 10)]


def test_a_sell_above_the_band_does_not_meet_a_market_order():
    book = book_of(buy(10))
    book.limit(196, 204)

    assert book.enter(sell(10, 206)._replace(number=2)) == []
    assert book.enter(sell(10, 204)._replace(number=3)) == [Trade(1, 3, 204, 10)]


def test_two_market_orders_meet_at_the_last_price_within_the_band():
    book = book_of(buy(10))
    book.limit(202, 210)

    assert book.enter(sell(10)._replace(number=2)) == [Trade(1, 2, 202, 10)]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (buy(10, None, Kind.LIMIT), "needs a price"),
        (buy(10, 200, Kind.MARKET), "has no price"),
        (buy(10, 200, Kind.STOP_LIMIT), "stop price"),
        (buy(10, 200, stop=200), "stop price"),
        (buy(10, 200, offset=1), "offset"),
        (buy(10, 200, minimum=11), "minimum"),
        (buy(10, 200, all_or_none=True, display=5), "iceberg"),
        (buy(10, None, Kind.PEG_MID, stay=Stay.OPEN), "pegged"),
        (buy(10, 200, stay=Stay.CLOSE, minimum=5), "auction only"),
    ],
)
def test_combinations_that_mean_nothing_are_named(entry, words):
    assert words in unsupported(entry)
    assert unsupported(buy(10, 200, minimum=5, stay=Stay.IOC, owner=3, display=5)) is None
