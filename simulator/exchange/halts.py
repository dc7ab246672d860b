"""Halts: by an operator until he resumes, by the bands for their time."""

from simulator.exchange.agenda import Due
from simulator.exchange.bands import Bands
from simulator.exchange.calendar import Phase
from simulator.exchange.desk import Desk
from simulator.exchange.listing import Halt, Listing
from simulator.exchange.masscancel import MassCancels
from simulator.exchange.orders import Order
from simulator.exchange.rules import OnHalt
from simulator.exchange.statuses import Statuses
from simulator.exchange.trading import Trading
from simulator.exchange.tradingday import TradingDay
from simulator.matching.entries import Stay
from simulator.values.words import RestatementReason

_CALLS = {Phase.OPENING_CALL: Stay.OPEN, Phase.CLOSING_CALL: Stay.CLOSE}


class Halts:
    """Stops and resumes symbols."""

    def __init__(
        self,
        *,
        desk: Desk,
        trading: Trading,
        bands: Bands,
        day: TradingDay,
        cancels: MassCancels,
        statuses: Statuses,
    ) -> None:
        self._desk = desk
        self._trading = trading
        self._bands = bands
        self._day = day
        self._cancels = cancels
        self._statuses = statuses

    def halt(self, listing: Listing, why: Halt) -> None:
        """Stop trading. Orders wait, and may be canceled; by their ExecInst some are at once."""
        if listing.halt is not Halt.NONE:
            if why is Halt.OPERATOR:
                listing.halt = why  # The bands will not resume it.
            return
        listing.halt = why
        if not listing.book.calling:
            self._trading.call(listing, None)
        listing.calling = why is Halt.BAND or self._desk.rules.halt_auction
        self._statuses.halted(listing)
        canceled = [
            order
            for order in self._desk.register.open()
            if order.listing is listing and self._leaves(order)
        ]
        self._cancels.cancel(canceled, "trading is halted", reason=RestatementReason.CANCEL_ON_HALT)

    def resume(self, listing: Listing) -> None:
        """Trade again; what gathered trades first, in an auction."""
        if listing.halt is Halt.NONE:
            return
        listing.halt = Halt.NONE
        listing.limit_since = listing.halted_until = None
        phase = self._desk.phase
        if phase is Phase.CONTINUOUS:
            self._trading.uncross(listing)
        else:
            self._trading.call(listing, _CALLS.get(phase))
            listing.calling = phase is not Phase.CLOSED
        self._statuses.resumed(listing)
        self._day.wake_market(listing)

    def limit_state_over(self, listing: Listing) -> None:
        """The best price has stood at a limit, perhaps, for as long as it may."""
        now = self._desk.moment.now
        if self._bands.must_halt(listing, now):
            self.halt(listing, Halt.BAND)
            listing.halted_until = now + self._desk.rules.band_halt
            self._desk.agenda.plan(listing.halted_until, Due.RESUMPTION, listing.symbol)

    def resumption(self, listing: Listing) -> None:
        """A halt by the bands is over, unless an operator has made it his own."""
        until = listing.halted_until
        if listing.halt is Halt.BAND and until is not None and until <= self._desk.moment.now:
            self.resume(listing)

    def window_over(self, listing: Listing) -> None:
        """The mean price of a window may be the new reference of the bands."""
        reference = self._bands.window_over(listing)
        if reference is not None and not listing.book.calling:
            self._trading.band(listing, reference)

    def _leaves(self, order: Order) -> bool:
        wish = order.terms.on_halt
        return wish == "K" or (not wish and self._desk.rules.on_halt is OnHalt.CANCEL)
