"""A symbol on the floor: its instrument, its book, and how it stands today."""

from datetime import datetime
from enum import Enum

from simulator.exchange.instruments import Instrument
from simulator.exchange.markets import Market
from simulator.matching.book import Book
from simulator.matching.entries import SelfMatch


class Halt(Enum):
    """Why a symbol does not trade."""

    NONE = "none"
    OPERATOR = "operator"
    BAND = "band"  # Its price stayed at a limit of the bands.


class Listing:
    """One symbol. Prices in units."""

    __slots__ = (
        "banded",
        "best_only",
        "book",
        "calling",
        "close",
        "halt",
        "halted_until",
        "high",
        "instrument",
        "is_watched",
        "last_trade",
        "limit_since",
        "low",
        "market",
        "market_rests",
        "opening",
        "reference",
        "symbol",
        "volume",
        "window_count",
        "window_sum",
    )

    def __init__(
        self, instrument: Instrument, self_match: SelfMatch, *, auction_pressure: bool
    ) -> None:
        self.symbol = instrument.symbol
        self.instrument = instrument
        reference = instrument.reference
        self.book = Book(
            reference,
            tick=instrument.tick(reference),
            self_match=self_match,
            pressure=auction_pressure,
        )
        self.banded = False
        self.reference = reference  # Of the bands.
        self.market: Market | None = None
        self.market_rests = True  # It has no plan in the agenda.
        self.halt = Halt.NONE
        self.halted_until: datetime | None = None
        self.calling = False  # Orders gather; nothing trades.
        self.best_only: set[int] = set()  # Numbers of orders that leave when they are not best.
        self.is_watched = False  # Somebody subscribed to its market data.
        self.limit_since: datetime | None = None  # The best price stands at a limit since then.
        self.last_trade = (0, 0)  # Shares and price.
        self.opening = self.close = self.high = self.low = self.volume = 0
        self.window_sum = self.window_count = 0

    def traded(self, quantity: int, price: int) -> None:
        """Take a trade into the figures of the day."""
        self.last_trade = (quantity, price)
        self.volume += quantity
        if not self.opening:
            self.opening = self.high = self.low = price
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price

    def new_day(self) -> None:
        """Yesterday's last price is the close; the day's figures begin anew."""
        self.close = self.book.last
        self.last_trade = (0, 0)
        self.opening = self.high = self.low = self.volume = 0
