"""Limit-up and limit-down: bands round a reference price, a limit state, a halt.

After the "Limit Up-Limit Down" plan of the US exchanges (NMS Plan to Address Extraordinary Market
Volatility): nothing trades outside the bands; when the best bid stands at the upper one, or the
best offer at the lower one, for 15 seconds, the symbol is halted for five minutes and reopens
with an auction. The reference is the price of the last auction, and then the mean trade price of
each window of five minutes when that is at least one per cent away from it.
Ours takes the mean over whole windows, where the plan slides its window.
"""

from datetime import datetime

from simulator.exchange.agenda import Due
from simulator.exchange.calendar import Phase
from simulator.exchange.desk import Desk
from simulator.exchange.listing import Halt, Listing


class Bands:
    """Sets the bands of books and watches their best prices."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._share, self._parts = desk.rules.band_percent.as_integer_ratio()
        for listing in desk.listings.values():
            listing.banded = self._share > 0

    def limits(self, listing: Listing, reference: int) -> tuple[int, int]:
        """The bands round a reference, each at the last tick inside the percentage."""
        away = reference * self._share // (100 * self._parts)
        tick = listing.instrument.tick(reference)
        lower = -(-(reference - away) // tick) * tick
        upper = (reference + away) // tick * tick
        return max(tick, lower), max(tick, upper)

    def look(self, listing: Listing) -> None:
        """Note whether the best price of a book that has moved stands at a limit."""
        book = listing.book
        at_limit = False
        if self._desk.phase is Phase.CONTINUOUS and listing.halt is Halt.NONE:
            bid, offer = book.best(buys=True), book.best(buys=False)
            at_limit = (bid is not None and book.upper is not None and bid >= book.upper) or (
                offer is not None and book.lower is not None and offer <= book.lower
            )
        if not at_limit:
            listing.limit_since = None
        elif listing.limit_since is None:
            now = self._desk.moment.now
            listing.limit_since = now
            self._desk.agenda.plan(
                now + self._desk.rules.limit_state, Due.LIMIT_STATE, listing.symbol
            )

    def must_halt(self, listing: Listing, now: datetime) -> bool:
        """Whether the limit state has lasted its time."""
        since = listing.limit_since
        return since is not None and now - since >= self._desk.rules.limit_state

    def traded(self, listing: Listing, price: int) -> None:
        """Take a trade into the mean of its window."""
        if listing.window_count == 0:
            at = self._desk.moment.now + self._desk.rules.band_window
            self._desk.agenda.plan(at, Due.WINDOW, listing.symbol)
        listing.window_sum += price
        listing.window_count += 1

    def window_over(self, listing: Listing) -> int | None:
        """The new reference, when the mean has left the old one by a per cent or more."""
        count, total = listing.window_count, listing.window_sum
        listing.window_count = listing.window_sum = 0
        if not count or abs(total - listing.reference * count) * 100 < listing.reference * count:
            return None
        return round(total / count)
