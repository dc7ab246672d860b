"""What is more than a plain limit order: stops, pegs, conditions, bands.

After every change of the book follows what it leads to, in this order until nothing does: stops
that a trade has reached enter, earliest first; pegs move to what they follow, earliest first, and
may trade there; orders aside whose condition can be met now trade. Pegs move between orders,
never during one. They follow the best displayed limits that are no pegs themselves.
"""

from simulator.matching.conditions import Conditions, Matching, needed, reach
from simulator.matching.entries import (
    Entry,
    Event,
    Gone,
    Kind,
    SelfMatch,
    Stay,
    Trade,
    Triggered,
    Why,
)
from simulator.matching.half import MARKET, Order, Place
from simulator.matching.pegs import PEGS, best_unpegged, pegged
from simulator.matching.queues import Queues
from simulator.matching.stops import Stops

AUCTIONS = frozenset({Stay.OPEN, Stay.CLOSE})
_LIVE = {Kind.STOP: Kind.MARKET, Kind.STOP_LIMIT: Kind.LIMIT}
_NOWHERE = MARKET + 1  # No key is that good.


Quotes = tuple[int | None, int | None]  # Best bid and offer.


class Special(Queues):
    """Queues, and what waits beside them."""

    def __init__(self, reference: int, self_match: SelfMatch) -> None:
        super().__init__(reference, self_match)
        self.calling = False
        self._auction: Stay | None = None
        self._stops = Stops()
        self._conditions = Conditions()
        self._freed: list[Order] = []  # Their minimum has just been met.
        self._pegs: dict[int, Order] = {}  # May hold some that are gone; `_move_pegs` drops them.
        self._outside: Quotes | None = None
        self._followed: Quotes | None = None  # What all pegs stand by; None: not all do.
        self._special = False  # Whether anything but plain orders matters.

    def _enter_special(self, entry: Entry) -> list[Event]:
        events: list[Event] = []
        if self._pegs:
            self._follow(events)
        start = len(events)
        self._admit(Order(entry, entry.quantity, 0), events)
        self._follow(events, start)
        return events

    def _admit(self, order: Order, events: list[Event]) -> None:
        entry = order.entry
        if entry.kind in _LIVE:
            if self.calling or not self._reached(entry):
                self._wait_aside(order, Place.STOP)
                self._stops.add(order)
                return
            entry = self._trigger(order, events)
        if entry.stay in AUCTIONS or (self.calling and entry.stay is Stay.WAIT):
            self._put(order)
        elif self.calling:
            self._go(order, Why.IOC if entry.stay is Stay.IOC else Why.FOK, events)
        else:
            self._work(order, events)

    def _reached(self, entry: Entry) -> bool:
        assert entry.stop is not None
        return self.last >= entry.stop if entry.buys else self.last <= entry.stop

    def _trigger(self, order: Order, events: list[Event]) -> Entry:
        events.append(Triggered(order.number))
        order.entry = order.entry._replace(kind=_LIVE[order.entry.kind])
        return order.entry

    def _put(self, order: Order) -> None:
        """Let an order wait without matching it."""
        entry = order.entry
        if entry.stay in AUCTIONS and entry.stay is not self._auction:
            self._wait_aside(order, Place.AUCTION)
        elif entry.kind in PEGS:
            self._wait_aside(order, Place.NO_PRICE)
            self._know_peg(order)
            self._followed = None
        else:
            key = self._key(entry)
            assert key is not None
            order.key = key
            self._rest(order, order.total)

    def _rest(self, order: Order, total: int) -> None:
        """Queue an order, or put it aside while it has a condition."""
        if needed(order.entry, total):
            order.quantity, order.hidden = total, 0
            self._wait_aside(order, Place.CONDITION)
            self._conditions.add(order)
            return
        order.place = None
        order.show(total)
        self._orders[order.number] = order
        self._half(order.entry.buys).add(order)

    def _wait_aside(self, order: Order, place: Place) -> None:
        order.place = place
        self._orders[order.number] = order

    def _take_out(self, order: Order) -> None:
        """Out of where it waits; the order itself stays known."""
        if order.place is None:
            self._half(order.entry.buys).remove(order)
        elif order.place is Place.STOP:
            self._stops.remove(order)
        elif order.place is Place.CONDITION:
            self._conditions.remove(order)

    def _go(self, order: Order, why: Why, events: list[Event]) -> None:
        """The end of an order that has been taken out, or has never waited."""
        self._orders.pop(order.number, None)
        events.append(Gone(order.number, order.total, why))

    def _work(self, order: Order, events: list[Event]) -> None:
        """Match an order that is in no queue; what is left waits or goes."""
        entry, total = order.entry, order.total
        key = self._key(entry)
        if entry.kind in PEGS and entry.stay is Stay.WAIT:
            self._know_peg(order)
        if key is None:
            if entry.stay is Stay.WAIT:
                self._wait_aside(order, Place.NO_PRICE)
            else:
                self._go(order, Why.NO_LIQUIDITY, events)
            return
        order.key = key
        floor = self._floor(entry.buys, key)
        need = total if entry.stay is Stay.FOK else needed(entry, total)
        if need and self._reach(order, need, floor) < need:
            self._fall_short(order, events)
            return
        left = self._sweep_all(entry, total, floor, events)
        order.quantity, order.hidden = left, 0
        if not left:
            self._orders.pop(order.number, None)
        elif entry.stay is Stay.WAIT:
            order.entry = entry._replace(minimum=0) if entry.minimum else entry
            self._rest(order, left)
        else:
            self._go(order, Why.NO_LIQUIDITY if key == MARKET else Why.IOC, events)

    def _fall_short(self, order: Order, events: list[Event]) -> None:
        stay = order.entry.stay
        if stay is Stay.WAIT:
            self._rest(order, order.total)
        elif stay is Stay.FOK:
            self._go(order, Why.FOK, events)
        else:
            self._go(order, Why.MINIMUM if order.entry.minimum else Why.IOC, events)

    def _key(self, entry: Entry) -> int | None:
        """Where an order stands within the band; None for a peg with nothing to follow."""
        buys, price = entry.buys, entry.price
        if entry.kind in PEGS:
            price = pegged(entry, *self._quotes())
            if price is None:
                return None
        if price is None:
            return MARKET
        if buys:
            return price if self.upper is None else min(price, self.upper)
        return -price if self.lower is None else -max(price, self.lower)

    def _quotes(self) -> Quotes:
        """What pegs follow."""
        if self._outside is not None:
            return self._outside
        offer = best_unpegged(self._sells)
        return best_unpegged(self._buys), None if offer is None else -offer

    def _floor(self, buys: bool, key: int) -> int:
        """The key that the other side must have for a trade."""
        if key == MARKET:
            end = self.upper if buys else self.lower
            return -MARKET if end is None else -end if buys else end
        if buys:
            return _NOWHERE if self.lower is not None and key < self.lower else -key
        return _NOWHERE if self.upper is not None and -key > self.upper else -key

    def _reach(self, order: Order, need: int, floor: int) -> int:
        buys = order.entry.buys
        aside = self._conditions.beside(buys=not buys, floor=floor)
        return reach(order, need, self._half(not buys), aside, Matching(floor, self._self_match))

    def _sweep_all(self, entry: Entry, quantity: int, floor: int, events: list[Event]) -> int:
        """Like `_sweep`, with the orders aside, which come last at their price."""
        theirs = self._half(not entry.buys)
        keys = theirs.keys
        for order in self._conditions.beside(buys=not entry.buys, floor=floor):
            while quantity and keys and keys[-1] >= order.key:
                quantity = self._take(theirs, entry, quantity, floor, events)
            if quantity and quantity >= needed(order.entry, order.quantity):
                quantity = self._take_aside(order, entry, quantity, floor, events)
        return self._sweep(entry, quantity, floor, events)

    def _take_aside(
        self, maker: Order, entry: Entry, quantity: int, floor: int, events: list[Event]
    ) -> int:
        """Trade with an order whose condition this one meets; the shares left.

        What it has left has no condition any more; it goes on when the trades are done.
        """
        if entry.owner and maker.entry.owner == entry.owner:
            left = self._meets_itself(maker, entry.number, quantity, events)
            if not maker.quantity:
                self._conditions.remove(maker)
                del self._orders[maker.number]
            return left
        theirs = self._half(maker.entry.buys)
        price = self._agreed(entry, theirs, floor) if maker.key == MARKET else abs(maker.key)
        traded = min(quantity, maker.quantity)
        self.last = price
        events.append(Trade(maker.number, entry.number, price, traded))
        maker.quantity -= traded
        if maker.quantity:
            maker.entry = maker.entry._replace(minimum=0)
            self._freed.append(maker)
        else:
            self._conditions.remove(maker)
            del self._orders[maker.number]
        return quantity - traded

    def _follow(self, events: list[Event], start: int = 0) -> None:
        """Let happen what the events from `start` on, and the change behind them, lead to."""
        while not self.calling:
            fresh, start = events[start:], len(events)
            prices = [event.price for event in fresh if isinstance(event, Trade)]
            if self._stops and prices and self._enter_reached(prices, events):
                continue
            if self._pegs and self._move_pegs(events):
                continue
            if self._conditions and self._try_conditions(events):
                continue
            break
        self._special = bool(
            self.calling
            or self._stops
            or self._pegs
            or self._conditions
            or self.lower is not None
            or self.upper is not None
        )

    def _enter_reached(self, prices: list[int], events: list[Event]) -> bool:
        """Enter the stops that trades at these prices reach; whether there were any."""
        orders = [self._orders[number] for number in self._stops.reached(min(prices), max(prices))]
        for order in orders:
            del self._orders[order.number]
        for order in orders:
            self._trigger(order, events)
            self._admit(order, events)
        return bool(orders)

    def _move_pegs(self, events: list[Event]) -> bool:
        quotes, before = self._quotes(), len(events)
        if quotes == self._followed:
            return False
        self._followed = quotes
        moved = []
        for order in list(self._pegs.values()):
            if self._orders.get(order.number) is not order:
                del self._pegs[order.number]
            elif self._has_moved(order):
                self._take_out(order)  # All first: none may trade where it stands no more.
                moved.append(order)
        for order in moved:
            self._work(order, events)
        return len(events) > before

    def _know_peg(self, order: Order) -> None:
        if self._pegs.get(order.number) is not order:
            self._pegs.pop(order.number, None)  # An amended order comes last.
            self._pegs[order.number] = order
            self._followed = None

    def _has_moved(self, order: Order) -> bool:
        key = self._key(order.entry)
        return key is not None if order.place is Place.NO_PRICE else key != order.key

    def _try_conditions(self, events: list[Event]) -> bool:
        """Let the first go on that can; whether there was one."""
        while self._freed:
            order = self._freed.pop(0)
            if self._orders.get(order.number) is order and order.place is Place.CONDITION:
                self._take_out(order)
                self._work(order, events)
                return True
        for buys in (True, False):
            best = self._best_key(not buys)
            for order in self._conditions.beside(buys=buys, floor=-best):
                need = needed(order.entry, order.quantity)
                if self._reach(order, need, self._floor(buys, order.key)) >= need:
                    self._take_out(order)
                    self._work(order, events)
                    return True
        return False

    def _best_key(self, buys: bool) -> int:
        """The best key of a side, of the queues or aside."""
        keys, aside = self._half(buys).keys, self._conditions.best(buys=buys)
        best = keys[-1] if keys else -_NOWHERE
        return best if aside is None else max(best, aside)
