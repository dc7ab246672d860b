"""The book against a slow one that keeps a plain list, and what must hold after every order."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from simulator.book import Book, Match
from simulator.words import Side

BUY, SELL = Side.BUY, Side.SELL

sides = st.sampled_from(Side)
prices = st.none() | st.integers(95, 105)
quantities = st.integers(1, 30)
enters = st.tuples(st.just("enter"), sides, quantities, prices, st.booleans())
cancels = st.tuples(st.just("cancel"), st.integers(1, 12))
amends = st.tuples(st.just("amend"), st.integers(1, 12), quantities, prices)
days = st.lists(st.one_of(enters, enters, cancels, amends), max_size=40)


@dataclass
class Plain:
    number: int
    side: Side
    quantity: int
    price: int | None


class SlowBook:
    """The rules of the book with no data structure at all: a list in order of arrival."""

    def __init__(self, reference):
        self.last = reference
        self.list = []

    def enter(self, number, side, quantity, price, *, rest=True):
        matches = []
        while quantity and (other := self.first_for(side, price)):
            traded = min(quantity, other.quantity)
            self.last = self.agree(side, price, other)
            matches.append(Match(other.number, number, self.last, traded))
            quantity -= traded
            other.quantity -= traded
            self.list = [one for one in self.list if one.quantity]
        if quantity and rest:
            self.list.append(Plain(number, side, quantity, price))
        return matches

    def first_for(self, side, price):
        sign = 1 if side is BUY else -1
        there = [one for one in self.list if one.side is not side]
        fit = [
            one
            for one in there
            if price is None or one.price is None or sign * one.price <= sign * price
        ]
        market = [one for one in fit if one.price is None]
        return min(market or fit, key=lambda one: sign * (one.price or 0), default=None)

    def agree(self, side, price, other):
        if other.price is not None:
            return other.price
        limits = [one.price for one in self.list if one.side is other.side and one.price]
        agreed = price or self.last
        return (max if side is SELL else min)([agreed, *limits])

    def cancel(self, number):
        self.list = [one for one in self.list if one.number != number]

    def amend(self, number, quantity, price):
        (order,) = (one for one in self.list if one.number == number)
        if order.price == price and quantity <= order.quantity:
            order.quantity = quantity
            return []
        self.cancel(number)
        return self.enter(number, order.side, quantity, price)


def play(book, slow, day):
    """Each action on both; yields what each traded."""
    for number, action in enumerate(day, start=1):
        if action[0] == "enter":
            _, side, quantity, price, rest = action
            yield (
                book.enter(number, side, quantity, price, rest=rest),
                slow.enter(number, side, quantity, price, rest=rest),
            )
        elif action[0] == "cancel":
            book.cancel(action[1])
            slow.cancel(action[1])
        elif book.waiting(action[1]):
            yield book.amend(*action[1:]), slow.amend(*action[1:])


@given(days)
def test_the_book_trades_as_the_slow_one_does(day):
    book, slow = Book(100), SlowBook(100)

    for fast, plain in play(book, slow, day):
        assert fast == plain
    for side in Side:
        waiting = [(one.number, one.quantity) for one in book.orders(side)]
        assert sorted(waiting) == sorted(
            (one.number, one.quantity) for one in slow.list if one.side is side
        )


@given(days)
def test_a_book_is_never_crossed(day):
    book = Book(100)

    for _ in play(book, SlowBook(100), day):
        bid, ask = book.best(BUY), book.best(SELL)
        assert bid is None or ask is None or bid < ask
        markets = [s for s in Side if any(one.price is None for one in book.orders(s))]
        assert all(not book.orders(side.other) for side in markets)


@given(days)
def test_every_share_that_enters_trades_waits_or_leaves(day):
    """Without amends: entered = traded twice over + waiting + canceled + not allowed to rest."""
    day = [action for action in day if action[0] != "amend"]
    book, entered, gone = Book(100), 0, 0

    for number, action in enumerate(day, start=1):
        if action[0] == "cancel":
            gone += book.cancel(action[1])
            continue
        _, side, quantity, price, rest = action
        entered += quantity
        traded = sum(m.quantity for m in book.enter(number, side, quantity, price, rest=rest))
        gone += 2 * traded
        if not rest:
            gone += quantity - traded

    assert entered == gone + sum(one.quantity for side in Side for one in book.orders(side))


@given(days)
def test_nobody_trades_beyond_his_limit(day):
    book, limits = Book(100), {}

    for number, action in enumerate(day, start=1):
        if action[0] != "enter":
            continue
        _, side, quantity, price, rest = action
        limits[number] = side, price
        for match in book.enter(number, side, quantity, price, rest=rest):
            for party in (match.waiting, match.incoming):
                party_side, limit = limits[party]
                assert limit is None or (
                    match.price <= limit if party_side is BUY else match.price >= limit
                )


def test_the_better_price_trades_first_then_the_earlier_order():
    book = Book(100)
    book.enter(1, SELL, 10, 102)
    book.enter(2, SELL, 10, 101)
    book.enter(3, SELL, 10, 101)

    matches = book.enter(4, BUY, 25, 102)

    assert matches == [Match(2, 4, 101, 10), Match(3, 4, 101, 10), Match(1, 4, 102, 5)]


def test_fewer_shares_keep_their_place():
    book = Book(100)
    book.enter(1, SELL, 10, 101)
    book.enter(2, SELL, 10, 101)

    book.amend(1, 5, 101)

    assert book.enter(3, BUY, 6, 101) == [Match(1, 3, 101, 5), Match(2, 3, 101, 1)]


def test_more_shares_go_to_the_end():
    book = Book(100)
    book.enter(1, SELL, 10, 101)
    book.enter(2, SELL, 10, 101)

    book.amend(1, 11, 101)

    assert book.enter(3, BUY, 6, 101) == [Match(2, 3, 101, 6)]


def test_a_new_price_goes_to_the_end_and_may_trade():
    book = Book(100)
    book.enter(1, BUY, 10, 99)
    book.enter(2, SELL, 4, 101)

    assert book.amend(1, 10, 101) == [Match(2, 1, 101, 4)]
    assert book.waiting(1) == 6


def test_a_waiting_market_order_pays_what_the_next_seller_asks():
    book = Book(100)
    book.enter(1, BUY, 10, None)

    assert book.enter(2, SELL, 4, 103) == [Match(1, 2, 103, 4)]
    assert book.waiting(1) == 6


def test_a_waiting_market_order_does_not_buy_below_a_bid_beside_it():
    book = Book(100)
    book.enter(1, BUY, 10, None)
    book.enter(2, BUY, 10, 104)

    assert book.enter(3, SELL, 4, 90) == [Match(1, 3, 104, 4)]


def test_two_market_orders_meet_at_the_last_price():
    book = Book(100)
    book.enter(1, BUY, 10, None)

    assert book.enter(2, SELL, 10, None) == [Match(1, 2, 100, 10)]
