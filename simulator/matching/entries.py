"""What enters a book and what a book answers."""

from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """How an order finds its price."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"  # A market order once the last price reaches `stop`.
    STOP_LIMIT = "stop_limit"
    PEG_MID = "peg_mid"  # Follows the middle of best bid and offer, never beyond its limit.
    PEG_PRIMARY = "peg_primary"  # Follows the best price of its own side.


class Stay(Enum):
    """How long what is not traded at once may wait."""

    WAIT = "wait"
    IOC = "ioc"
    FOK = "fok"
    OPEN = "open"  # Only in the opening auction.
    CLOSE = "close"  # Only in the closing auction.


class Entry(NamedTuple):
    """An order for a book."""

    number: int  # Unique in the book.
    buys: bool
    quantity: int
    price: int | None = None  # The limit; None at market.
    kind: Kind = Kind.LIMIT
    stay: Stay = Stay.WAIT
    owner: int = 0  # Other than 0: its orders do not trade with each other but in an auction.
    stop: int | None = None
    offset: int = 0  # Of a peg: added to what it follows.
    display: int = 0  # Shares shown of an iceberg; 0 shows all.
    minimum: int = 0  # Least shares of its first execution, at once.
    all_or_none: bool = False


class SelfMatch(Enum):
    """What goes when an order meets one of its own owner."""

    CANCEL_NEWEST = "cancel_newest"  # What is left of the one that came.
    CANCEL_OLDEST = "cancel_oldest"  # The one that waited.
    CANCEL_BOTH = "cancel_both"


class Why(Enum):
    """Why an order left the book without being traded."""

    IOC = "ioc"
    FOK = "fok"
    MINIMUM = "minimum"
    SELF_MATCH = "self_match"
    NO_LIQUIDITY = "no_liquidity"  # At market and not to wait, or a peg with nothing to follow.
    AUCTION_OVER = "auction_over"


class Trade(NamedTuple):
    """Shares changed hands. `taker` came last; in an auction neither did and it is the buyer."""

    maker: int
    taker: int
    price: int
    quantity: int


class Gone(NamedTuple):
    """An order left, or a part of it did (`left` shares still wait)."""

    number: int
    quantity: int
    why: Why
    left: int = 0


class Triggered(NamedTuple):
    """A stop order became a live one."""

    number: int


Event = Trade | Gone | Triggered


class Waiting(NamedTuple):
    """An order as it waits in a queue, for views."""

    number: int
    price: int | None  # None at market.
    displayed: int
    hidden: int


class Indicative(NamedTuple):
    """What an auction would do now."""

    price: int
    volume: int
    imbalance: int  # Shares that would be left at that price; above zero on the buying side.
