"""The trading day: phases by the calendar, auctions, the close, the morning after."""

from datetime import datetime

from simulator.exchange.agenda import Due
from simulator.exchange.calendar import Phase
from simulator.exchange.changes import Changes
from simulator.exchange.desk import Desk
from simulator.exchange.listing import Halt, Listing
from simulator.exchange.orders import Order
from simulator.exchange.rules import DayEnd
from simulator.exchange.statuses import Statuses
from simulator.exchange.trading import Trading
from simulator.matching.entries import Stay
from simulator.values.words import ExecType, OrdStatus, RestatementReason, TimeInForce

_CALLS = {Phase.OPENING_CALL: Stay.OPEN, Phase.CLOSING_CALL: Stay.CLOSE}
_GOOD_TILL = (TimeInForce.GTC, TimeInForce.GTD)


class TradingDay:
    """Moves the venue from phase to phase."""

    def __init__(self, desk: Desk, trading: Trading, changes: Changes, statuses: Statuses) -> None:
        self._desk = desk
        self._trading = trading
        self._changes = changes
        self._statuses = statuses
        self._next: tuple[datetime, Phase] | None = None
        self._date = ""  # The trade date that was opened last.

    def begin(self, now: datetime) -> None:
        """The venue's first moment: the phase that the clock says, without what led to it."""
        desk = self._desk
        desk.phase = desk.calendar.phase(now)
        self._date = desk.moment.date
        for listing in desk.listings.values():
            if desk.phase is not Phase.CONTINUOUS:
                listing.book.call(_CALLS.get(desk.phase))
                listing.calling = desk.phase is not Phase.CLOSED
            else:
                self._trading.band(listing, listing.book.last)
            self.wake_market(listing)
        self._plan(desk.calendar.next(now))

    def boundary(self, now: datetime) -> None:
        """A boundary of the calendar was planned for now; it may have been planned anew since."""
        if self._next is not None and self._next[0] <= now:
            _, phase = self._next
            self._plan(self._desk.calendar.next(now))
            self._enter(phase)

    def close_by_hand(self) -> int:
        """End the trade date now, until the next trading day; the orders that this ended."""
        if self._desk.phase is Phase.CLOSED:
            return 0
        self._plan(self._desk.calendar.next_opening(self._desk.moment.now))
        return self._enter(Phase.CLOSED)

    def open_by_hand(self) -> None:
        """Trade again, on the same date if it must be."""
        if self._desk.phase is Phase.CLOSED:
            self._plan(self._desk.calendar.next(self._desk.moment.now))
            self._enter(Phase.CONTINUOUS)

    def expire(self, order: Order) -> None:
        """A good-till order has reached its time, if no replace gave it another."""
        expires = order.terms.expires
        if order.is_open and expires is not None and expires <= self._desk.moment.now:
            self._expire(order, "its ExpireTime(126) or ExpireDate(432) is reached")

    def wake_market(self, listing: Listing) -> None:
        """Let the market of a symbol act now, if it rests."""
        if listing.market is not None and listing.market_rests:
            listing.market_rests = False
            self._desk.agenda.plan(self._desk.moment.now, Due.MARKET, listing.symbol)

    def market(self, listing: Listing) -> None:
        """The market of a symbol is due."""
        market = listing.market
        assert market is not None
        closed = self._desk.phase is Phase.CLOSED
        if closed or listing.halt is not Halt.NONE:
            listing.market_rests = True
            return
        now = self._desk.moment.now
        self._trading.happen(listing, market.act(listing.book, now))
        due = market.next_due()
        if due is None:
            listing.market_rests = True
        else:
            self._desk.agenda.plan(max(due, now), Due.MARKET, listing.symbol)

    def _plan(self, boundary: tuple[datetime, Phase] | None) -> None:
        self._next = boundary
        if boundary is not None:
            self._desk.agenda.plan(boundary[0], Due.PHASE)

    def _enter(self, phase: Phase) -> int:
        """Change the phase; the orders that this ended."""
        desk, before = self._desk, self._desk.phase
        if phase is before:
            return 0
        if before is Phase.CLOSED:
            self._morning()
        desk.phase = phase
        self._statuses.phase_changed()
        ended = 0
        if phase is Phase.CLOSED:
            if before is Phase.CLOSING_CALL:
                self._uncross()
            ended = self._close()
        for listing in desk.listings.values():
            if listing.halt is Halt.NONE:
                self._call(listing, phase)
        if phase is Phase.CONTINUOUS:
            self._uncross()
        for listing in desk.listings.values():
            self.wake_market(listing)
        return ended

    def _call(self, listing: Listing, phase: Phase) -> None:
        if phase is Phase.CONTINUOUS:
            return
        self._trading.call(listing, _CALLS.get(phase))
        listing.calling = phase is not Phase.CLOSED

    def _uncross(self) -> None:
        for listing in self._desk.listings.values():
            if listing.halt is Halt.NONE:
                self._trading.uncross(listing)

    def _morning(self) -> None:
        desk = self._desk
        is_new = desk.moment.date != self._date
        self._date = desk.moment.date
        if not is_new:
            return
        desk.register.new_day()
        for listing in desk.listings.values():
            listing.new_day()
        for order in desk.register.open():
            self._restate(order)

    def _restate(self, order: Order) -> None:
        """A good-till order begins its day (matrices H.1.a and H.1.b)."""
        order.prior_filled, order.prior_gross = order.filled, order.gross
        order.done_for_day = False
        reason = order.restate_reason
        order.restate_reason = None
        if self._desk.rules.restate_good_till or reason is not None:
            if reason is None:
                reason = RestatementReason.GT_RENEWAL
            self._desk.say(order, ExecType.RESTATED, restatement_reason=reason)

    def _close(self) -> int:
        """What was for the day ends; the rest waits for the morning."""
        desk, done = self._desk, self._desk.rules.day_end is DayEnd.DONE_FOR_DAY
        ended = 0
        for order in desk.register.open():
            expires = order.terms.expires
            if order.time_in_force in _GOOD_TILL and (expires is None or expires > desk.moment.now):
                if done:
                    order.done_for_day = True
                    desk.say(order, ExecType.DONE_FOR_DAY)
                continue
            ended += 1
            if done and expires is None:
                self._trading.end(order, OrdStatus.DONE_FOR_DAY, ExecType.DONE_FOR_DAY)
                self._changes.drop(order)
            else:
                self._expire(order, "the day is over")
        return ended

    def _expire(self, order: Order, text: str) -> None:
        self._trading.end(order, OrdStatus.EXPIRED, ExecType.EXPIRED, text=text)
        self._changes.drop(order)
