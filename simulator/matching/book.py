"""The book of one symbol: price-time priority, call auctions, a band.

Plain limit orders in a book that has nothing else take a short way (`enter`); everything else goes
by `Special`. What is traded or gone is in the answer; what is not, waits.
"""

from simulator.matching.auction import Terms, auction
from simulator.matching.entries import (
    Entry,
    Event,
    Indicative,
    Kind,
    SelfMatch,
    Stay,
    Trade,
    Why,
)
from simulator.matching.half import MARKET, Order, Place
from simulator.matching.pegs import PEGS
from simulator.matching.special import AUCTIONS, Special

_LIMIT, _WAIT = Kind.LIMIT, Stay.WAIT  # An enum's member costs a look-up in the short way.
_UNPRICED = {Kind.LIMIT: Kind.MARKET, Kind.STOP_LIMIT: Kind.STOP}
_PRICED = {unpriced: priced for priced, unpriced in _UNPRICED.items()}


class Book(Special):
    """All orders that wait in one symbol, and the price of the last trade.

    `tick` is what the prices of auctions are multiples of, when they are nobody's limit;
    `pressure` the market pressure rule (see `auction`).
    """

    def __init__(
        self,
        reference: int,
        *,
        tick: int = 1,
        self_match: SelfMatch = SelfMatch.CANCEL_NEWEST,
        pressure: bool = False,
    ) -> None:
        super().__init__(reference, self_match)
        self.tick = tick
        self._pressure = pressure

    def waiting(self, number: int) -> int:
        """Shares of this order that wait, hidden ones too; 0 when it does not."""
        order = self._orders.get(number)
        return 0 if order is None else order.quantity + order.hidden

    def entry(self, number: int) -> Entry | None:
        """The order as it was entered, triggered or amended; its `quantity` is the first one."""
        order = self._orders.get(number)
        return None if order is None else order.entry

    def aside(self) -> dict[int, Place]:
        """What waits in no queue: stops, auction orders, unmet conditions, pegs without a price."""
        return {number: order.place for number, order in self._orders.items() if order.place}

    def enter(self, entry: Entry) -> list[Event]:
        """Trade what can be traded; what is left waits, if it may. See `unsupported`."""
        number, buys, quantity, price, kind, stay, _, _, _, display, minimum, whole = entry
        assert number not in self._orders
        if (
            self._special
            or price is None
            or kind is not _LIMIT
            or stay is not _WAIT
            or display
            or minimum
            or whole
        ):
            return self._enter_special(entry)
        events: list[Event] = []
        if buys:
            key, mine, keys = price, self._buys, self._sells.keys
        else:
            key, mine, keys = -price, self._sells, self._buys.keys
        if keys and keys[-1] >= -key:
            quantity = self._sweep(entry, quantity, -key, events)
            if not quantity:
                return events
        order = self._orders[number] = Order(entry, quantity, key)
        level = mine.levels.get(key)
        if level is None:
            mine.add(order)
        else:
            level[number] = order
        return events

    def cancel(self, number: int) -> int:
        """Take an order out; the shares that waited, 0 when it did not.

        Pegs move at `settle`, or before the next order.
        """
        order = self._orders.pop(number, None)
        if order is None:
            return 0
        if order.place is None:
            half = self._buys if order.entry[1] else self._sells
            level = half.levels[order.key]
            del level[number]
            if not level:
                half.drop(order.key)
        else:
            self._take_out(order)
        return order.quantity + order.hidden

    def amend(
        self,
        number: int,
        quantity: int,
        price: int | None,
        *,
        stop: int | None = None,
        display: int | None = None,
        minimum: int | None = None,
    ) -> list[Event]:
        """Change what waits: `quantity` are the shares that shall. None keeps the last three.

        Fewer shares keep their place; more, or any other change, lose it. A price makes a market
        order a limit, None a limit a market order.
        """
        assert quantity > 0
        order = self._orders[number]
        changed = _changed(order.entry, price, stop, display, minimum)
        if changed == order.entry and quantity <= order.total:
            order.hidden = max(0, quantity - order.quantity)
            order.quantity = quantity - order.hidden
            return self.settle()
        self.cancel(number)
        return self.enter(changed._replace(quantity=quantity))

    def settle(self) -> list[Event]:
        """What follows of cancels: pegs move, and may trade. Nothing in a book without pegs."""
        events: list[Event] = []
        if self._special:
            self._follow(events)
        return events

    def limit(self, lower: int | None, upper: int | None) -> list[Event]:
        """Set the band: nothing trades outside it from now on.

        A buy above it stands at its upper end, a sell below it at its lower end; what is left of a
        market order waits. They move when it does.
        """
        assert lower is None or upper is None or lower <= upper
        self.lower, self.upper, self._followed = lower, upper, None
        for order in self._conditions:
            if (key := self._key(order.entry)) is not None:
                self._conditions.move(order, key)
        moved = [order for order in [*self._buys, *self._sells] if self._moves(order)]
        for order in moved:
            self._take_out(order)
        events: list[Event] = []
        for order in moved:
            if self.calling:
                self._put(order)
            else:
                self._work(order, events)
        self._follow(events)
        return events

    def follow(self, bid: int | None, offer: int | None) -> list[Event]:
        """Let pegs follow these prices of another market instead of this book's own."""
        self._outside = (bid, offer)
        return self.settle()

    def call(self, auction: Stay | None) -> list[Event]:
        """Begin an auction call, OPEN or CLOSE, or None after a halt: nothing trades in it.

        Pegs leave the queues until it is over.
        """
        assert auction is None or auction in AUCTIONS
        self.calling, self._auction, self._special = True, auction, True
        for order in [*self._buys, *self._sells]:
            if order.entry.kind in PEGS or order.entry.stay in AUCTIONS:
                self._take_out(order)
                self._put(order)
        for order in self._orders.values():
            if order.place is Place.AUCTION and order.entry.stay is auction:
                self._put(order)
        return []

    def indicative(self) -> Indicative | None:
        """What the auction would do now; None when nothing would trade, or none is called."""
        if not self.calling:
            return None
        terms = Terms(self.last, self.tick, self.lower, self.upper, self._pressure)
        buys = ((order.price, order.total) for order in self._buys)
        sells = ((order.price, order.total) for order in self._sells)
        return auction(buys, sells, terms)

    def uncross(self) -> list[Event]:
        """Trade at the auction's price, the best and earliest first; then trading continues.

        What was only for this auction leaves.
        """
        assert self.calling
        events: list[Event] = []
        result = self.indicative()
        if result is not None:
            self._cross(result, events)
        for order in list(self._orders.values()):
            if order.entry.stay is self._auction and order.place is None:
                self._take_out(order)
                self._go(order, Why.AUCTION_OVER, events)
        self.calling, self._auction = False, None
        self._enter_reached([self.last], events)
        self._follow(events)
        return events

    def _cross(self, result: Indicative, events: list[Event]) -> None:
        price = result.price
        self.last = price
        buys = [order for order in self._buys if order.key >= price]
        sells = [order for order in self._sells if order.key >= -price]
        left = result.volume
        seller = iter(sells)
        sell = next(seller)
        for buy in buys:
            while left and buy.total:
                if not sell.total:
                    sell = next(seller)
                traded = min(left, buy.total, sell.total)
                left -= traded
                events.append(Trade(sell.number, buy.number, price, traded))
                _reduce(buy, traded)
                _reduce(sell, traded)
        for order in [*buys, *sells]:
            if not order.total:
                self._take_out(order)
                del self._orders[order.number]

    def _moves(self, order: Order) -> bool:
        return order.key == MARKET or order.key != self._key(order.entry)


def _reduce(order: Order, shares: int) -> None:
    order.show(order.total - shares)


def _changed(
    entry: Entry, price: int | None, stop: int | None, display: int | None, minimum: int | None
) -> Entry:
    kinds = _UNPRICED if price is None else _PRICED
    return entry._replace(
        price=price,
        kind=kinds.get(entry.kind, entry.kind),
        stop=entry.stop if stop is None else stop,
        display=entry.display if display is None else display,
        minimum=entry.minimum if minimum is None else minimum,
    )
