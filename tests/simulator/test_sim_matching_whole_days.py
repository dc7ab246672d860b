"""Days of everything at once, by seed: whatever comes, these things hold."""

import pickle
from collections import Counter
from random import Random

import pytest

from simulator.matching.book import Book
from simulator.matching.combinations import unsupported
from simulator.matching.entries import Entry, Gone, Kind, SelfMatch, Stay, Trade, Triggered
from simulator.matching.half import Place

REFERENCE = 200  # Ticks are two units, so that every middle is a whole one.
SEEDS = range(120)
STEPS = 80
PEGS = (Kind.PEG_MID, Kind.PEG_PRIMARY)


def a_price(draw):
    return 2 * draw.randint(95, 105)


def an_entry(draw, number):
    while True:
        kind = draw.choice([Kind.LIMIT] * 4 + list(Kind))
        quantity = draw.randint(1, 30)
        priced = kind in (Kind.LIMIT, Kind.STOP_LIMIT) or (kind in PEGS and draw.random() < 0.5)
        entry = Entry(
            number,
            draw.random() < 0.5,
            quantity,
            a_price(draw) if priced else None,
            kind,
            draw.choice([Stay.WAIT] * 5 + list(Stay)),
            draw.choice((0, 0, 0, 1)),
            a_price(draw) if kind in (Kind.STOP, Kind.STOP_LIMIT) else None,
            draw.choice((0, 0, -2, 2)) if kind in PEGS else 0,
            draw.choice((0, 0, 0, 4)),
            draw.randint(0, quantity) if draw.random() < 0.1 else 0,
            draw.random() < 0.1,
        )
        if unsupported(entry) is None:
            return entry


class Day:
    """A book, the steps of its day, and what every order has become."""

    def __init__(self, seed):
        self.draw = Random(seed)
        self.book = Book(REFERENCE, tick=2, self_match=self.draw.choice(list(SelfMatch)))
        self.entries = {}
        self.left = {}
        self.unmet = {}  # Least shares of the first execution.
        self.triggered = set()
        self.said = []

    def run(self):
        for number in range(1, STEPS):
            self.judge(self.step(number))
        return self.said

    def step(self, number):
        choice = self.draw.random()
        if choice < 0.6:
            entry = an_entry(self.draw, number)
            self.know(entry, entry.quantity)
            return self.book.enter(entry)
        if choice < 0.75:
            gone = self.draw.randint(1, number)
            assert self.book.cancel(gone) == self.left.pop(gone, 0)
            return self.book.settle()
        if choice < 0.85:
            return self.amend(self.draw.randint(1, number))
        return self.act_of_the_market(self.draw.random())

    def know(self, entry, left):
        self.entries[entry.number] = entry
        self.left[entry.number] = left
        self.unmet[entry.number] = left if entry.all_or_none else entry.minimum

    def amend(self, number):
        entry = self.book.entry(number)
        if entry is None:
            return []
        quantity = self.draw.randint(max(1, entry.minimum), 30)
        price = entry.price and a_price(self.draw)
        self.know(entry._replace(price=price), quantity)
        if entry.stop is not None and entry.kind in (Kind.STOP, Kind.STOP_LIMIT):
            self.triggered.discard(number)
        return self.book.amend(number, quantity, price)

    def act_of_the_market(self, choice):
        book, draw = self.book, self.draw
        if book.calling:
            return book.uncross()
        if choice < 0.3:
            return book.call(draw.choice((Stay.OPEN, Stay.CLOSE, None)))
        if choice < 0.6:
            ends = draw.choice(((None, None), (194, 206), (None, 198), (202, None), (198, 198)))
            return book.limit(*ends)
        if choice < 0.7:
            return book.follow(*draw.choice(((198, 204), (None, 200), (196, 198))))
        self.book = pickle.loads(pickle.dumps(book))
        return []

    def judge(self, events):
        self.said.append(events)
        traded = Counter()
        for event in events:
            if isinstance(event, Triggered):
                assert event.number not in self.triggered
                self.triggered.add(event.number)
            elif isinstance(event, Gone):
                self.left[event.number] -= event.quantity
            else:
                self.judge_trade(event)
                traded[event.maker] += event.quantity
                traded[event.taker] += event.quantity
        for number, shares in traded.items():
            assert shares >= self.unmet[number]
            self.unmet[number] = 0
            self.left[number] -= shares
        self.left = {number: left for number, left in self.left.items() if left}
        self.judge_book()

    def judge_trade(self, trade):
        book = self.book
        assert trade.quantity > 0
        assert book.lower is None or trade.price >= book.lower
        assert book.upper is None or trade.price <= book.upper
        maker, taker = self.entries[trade.maker], self.entries[trade.taker]
        assert maker.buys is not taker.buys
        for entry in (maker, taker):
            if entry.price is not None:
                better = entry.price - trade.price if entry.buys else trade.price - entry.price
                assert better >= 0
            if entry.stop is not None:
                assert entry.number in self.triggered

    def judge_book(self):
        book = self.book
        known = [number for number in self.entries if book.waiting(number)]
        assert {number: book.waiting(number) for number in known} == self.left
        buys, sells = list(book.orders(buys=True)), list(book.orders(buys=False))
        for order in [*buys, *sells]:
            entry = book.entry(order.number)
            assert entry.stay not in (Stay.IOC, Stay.FOK)
            assert not entry.display or order.displayed <= entry.display
            assert order.hidden == 0 or order.displayed > 0
        if not book.calling:
            self.judge_no_trade_is_left(buys, sells)
            self.judge_pegs()

    def judge_no_trade_is_left(self, buys, sells):
        lower, upper = self.book.lower or 0, self.book.upper or 10_000
        for buy in buys:
            for sell in sells:
                best = min(upper if buy.price is None else buy.price, upper)
                least = max(lower if sell.price is None else sell.price, lower)
                one_owner = self.entries[buy.number].owner == self.entries[sell.number].owner != 0
                assert best < least or one_owner, (buy, sell)

    def judge_pegs(self):
        """Every peg with a price stands where what it follows says."""
        book = self.book
        for buys in (True, False):
            for order in book.orders(buys=buys):
                entry = book.entry(order.number)
                if entry.kind in PEGS and book._outside is None:
                    assert order.price == self.pegged(entry), order

    def pegged(self, entry):
        quotes = {}
        for buys in (True, False):
            others = [
                order.price
                for order in self.book.orders(buys=buys)
                if order.price and self.book.entry(order.number).kind not in PEGS
            ]
            quotes[buys] = (max(others) if buys else min(others)) if others else None
        if entry.kind is Kind.PEG_PRIMARY:
            price = quotes[entry.buys] + entry.offset
        else:
            price = (quotes[True] + quotes[False]) // 2 + entry.offset
        ends = [entry.price or price, (self.book.upper if entry.buys else self.book.lower) or price]
        return min(price, *ends) if entry.buys else max(price, *ends)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_of_everything_breaks_no_promise(seed):
    Day(seed).run()


def test_one_seed_is_one_day():
    assert Day(7).run() == Day(7).run()


def test_the_days_have_everything_in_them():
    """A day that never came to a case would prove nothing of it."""
    found = Counter()
    for seed in SEEDS:
        day = Day(seed)
        for events in day.run():
            found.update(event.why if isinstance(event, Gone) else type(event) for event in events)
        found.update(day.book.aside().values())

    assert {Trade, Triggered, *Place} <= set(found)
    assert min(found.values()) > 10
