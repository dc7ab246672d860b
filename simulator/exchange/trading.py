"""Trading: what the events of a book mean for orders and for those who listen."""

from collections.abc import Sequence

from simulator.exchange.bands import Bands
from simulator.exchange.desk import Desk
from simulator.exchange.listing import Listing
from simulator.exchange.marketdata import MarketData
from simulator.exchange.orders import Fill, Order
from simulator.exchange.rules import SelfMatch
from simulator.matching.entries import Entry, Event, Gone, Kind, Stay, Trade, Triggered, Why
from simulator.values.words import ExecType, OrdStatus, RestatementReason

_TRADE = ExecType.TRADE
_LIVE = {Kind.STOP: Kind.MARKET, Kind.STOP_LIMIT: Kind.LIMIT}
_WORDS = {
    Why.IOC: "immediate or cancel: the rest is gone",
    Why.FOK: "fill or kill: not all of it could trade",
    Why.MINIMUM: "MinQty(110) could not trade",
    Why.SELF_MATCH: "it would have traded with an order of the same owner",
    Why.NO_LIQUIDITY: "nothing to trade with",
    Why.AUCTION_OVER: "the auction is over",
}


class Trading:
    """Enters orders into books and takes their events."""

    def __init__(self, desk: Desk, bands: Bands, data: MarketData) -> None:
        self._desk = desk
        self._bands = bands
        self._data = data
        self._owners: dict[str, int] = {}
        self._firms = dict(desk.rules.firms)
        self._minds_self_match = desk.rules.self_match is not SelfMatch.OFF
        venue = (30, desk.rules.name)  # LastMkt.
        self._added = ((851, "1"), venue)  # LastLiquidityInd.
        self._removed = ((851, "2"), venue)
        self._auction = (venue,)

    def entry(self, order: Order) -> Entry:
        """The order as the book takes it, with what it leaves."""
        terms = order.terms
        return Entry(
            order.number,
            order.side == "1",
            order.quantity - order.filled,
            terms.price,
            _LIVE[terms.kind] if order.triggered else terms.kind,
            terms.stay,
            self._owner(order.client) if self._minds_self_match else 0,
            terms.stop,
            terms.offset,
            terms.display,
            0 if order.filled else terms.minimum,
            terms.all_or_none,
        )

    def enter(self, order: Order) -> None:
        """Let an order work."""
        listing = order.listing
        if order.terms.best_only:
            listing.best_only.add(order.number)
        self.happen(listing, listing.book.enter(self.entry(order)))

    def work_again(self, order: Order) -> None:
        """Let all that an order leaves work, after its quantity changed by other than a trade."""
        listing, leaves = order.listing, order.leaves
        book = listing.book
        if leaves:
            self._desk.register.reopened(order)
        if not order.entered:
            return
        if not leaves:
            self.leave(order)
            self._desk.closed(order)
        elif book.waiting(order.number):
            self.happen(listing, book.amend(order.number, leaves, order.terms.price))
        else:
            self.happen(listing, book.enter(self.entry(order)))

    def leave(self, order: Order) -> None:
        """Take an order out of its book, if it is there."""
        book = order.listing.book
        order.listing.best_only.discard(order.number)
        if book.cancel(order.number):
            self.happen(order.listing, book.settle())

    def happen(self, listing: Listing, events: Sequence[Event], *, auction: bool = False) -> None:
        """Take what a book answered. The market's own orders are not in the register."""
        for event in events:
            if type(event) is Trade:
                self._trade(listing, event, auction)
            elif type(event) is Gone:
                self._gone(event)
            elif type(event) is Triggered:
                self._triggered(event.number)
        if events and listing.market is not None:
            listing.market.saw(events, self._desk.moment.now)
        self.settle(listing)

    def band(self, listing: Listing, reference: int) -> None:
        """New bands round a reference price, where the venue has bands."""
        if listing.banded:
            listing.reference = reference
            self.happen(listing, listing.book.limit(*self._bands.limits(listing, reference)))

    def call(self, listing: Listing, auction: Stay | None) -> None:
        """Orders gather; then no band holds, for nothing trades until it is set anew."""
        self.happen(listing, listing.book.call(auction))
        if listing.banded:
            self.happen(listing, listing.book.limit(None, None))

    def uncross(self, listing: Listing) -> None:
        """The auction: trade, then continue; its price is the reference of the bands."""
        if listing.book.calling:
            events = listing.book.uncross()
            listing.calling = False
            self.happen(listing, events, auction=True)
        self.band(listing, listing.book.last)

    def settle(self, listing: Listing) -> None:
        """What follows when a book has moved."""
        if listing.best_only:
            self._cancel_what_is_not_best(listing)
        if listing.banded:
            self._bands.look(listing)
        if listing.is_watched:
            self._data.moved(listing)

    def _trade(self, listing: Listing, trade: Trade, auction: bool) -> None:
        maker, taker, price, quantity = trade
        register = self._desk.register
        self._desk.trades += 1
        listing.traded(quantity, price)
        order = register.get(taker)
        if order is not None:
            self.fill(order, quantity, price, self._auction if auction else self._removed)
        order = register.get(maker)
        if order is not None:
            self.fill(order, quantity, price, self._auction if auction else self._added)
        if listing.is_watched:
            self._data.traded(listing, quantity, price)
        if listing.banded and not auction:
            self._bands.traded(listing, price)

    def fill(
        self, order: Order, quantity: int, price: int, extra: tuple[tuple[int, str], ...]
    ) -> None:
        """Book an execution and report it. While a change is pending its status shows that."""
        desk = self._desk
        order.filled += quantity
        order.gross += quantity * price
        exec_id = desk.next_exec_id()
        order.fills.append(Fill(exec_id, desk.trades, quantity, price, desk.moment.date))
        desk.say(
            order,
            _TRADE,
            exec_id=exec_id,
            last_qty=quantity,
            last_px=order.listing.instrument.text(price),
            fee=desk.fees.text(quantity),
            extra=extra,
        )
        if order.filled >= order.quantity:
            order.listing.best_only.discard(order.number)
            desk.closed(order)

    def end(
        self,
        order: Order,
        how: OrdStatus,
        exec_type: ExecType,
        *,
        reason: RestatementReason | None = None,
        text: str = "",
    ) -> None:
        """The venue ends an order by itself."""
        order.ended = how
        self.leave(order)
        self._desk.say(order, exec_type, restatement_reason=reason, text=text)
        self._desk.closed(order)

    def _gone(self, event: Gone) -> None:
        order = self._desk.register.get(event.number)
        if order is None:
            return
        text = _WORDS[event.why]
        if event.left:
            order.quantity -= event.quantity
            self._desk.say(
                order,
                ExecType.RESTATED,
                restatement_reason=RestatementReason.MARKET_OPTION,
                text=text,
            )
        elif event.why is Why.AUCTION_OVER:
            self.end(order, OrdStatus.EXPIRED, ExecType.EXPIRED, text=text)
        else:
            self.end(order, OrdStatus.CANCELED, ExecType.CANCELED, text=text)

    def _triggered(self, number: int) -> None:
        order = self._desk.register.get(number)
        if order is None:
            return
        order.triggered = True
        if self._desk.rules.report_triggers:
            self._desk.say(order, ExecType.TRIGGERED, extra=((636, "Y"),))

    def _cancel_what_is_not_best(self, listing: Listing) -> None:
        for number in sorted(listing.best_only):
            order = self._desk.register.get(number)
            if order is None or not order.is_open or order.terms.price is None:
                listing.best_only.discard(number)
                continue
            best = listing.book.best(buys=order.buys)
            price = order.terms.price
            if best is not None and (best > price if order.buys else best < price):
                self.end(
                    order,
                    OrdStatus.CANCELED,
                    ExecType.CANCELED,
                    reason=RestatementReason.NOT_ON_BOOK,
                    text="there is a better price",
                )

    def _owner(self, client: str) -> int:
        if not client:
            return 0
        by_firm = self._desk.rules.self_match is SelfMatch.FIRM
        firm = self._firms.get(client, client) if by_firm else client
        return self._owners.setdefault(firm, len(self._owners) + 1)
