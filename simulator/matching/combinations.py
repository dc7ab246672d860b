"""Which combinations of an order's terms a book takes."""

from collections.abc import Callable

from simulator.matching.entries import Entry, Kind, Stay

_MARKET = (Kind.MARKET, Kind.STOP)
_PRICED = (Kind.LIMIT, Kind.STOP_LIMIT)
_STOPPED = (Kind.STOP, Kind.STOP_LIMIT)
_PEGGED = (Kind.PEG_MID, Kind.PEG_PRIMARY)
_AUCTIONS = (Stay.OPEN, Stay.CLOSE)

_REFUSED: tuple[tuple[str, Callable[[Entry], bool]], ...] = (
    (
        "a limit order needs a price",
        lambda entry: entry.kind in _PRICED and entry.price is None,
    ),
    (
        "an order at market has no price",
        lambda entry: entry.kind in _MARKET and entry.price is not None,
    ),
    (
        "a stop order, and no other, needs a stop price",
        lambda entry: (entry.kind in _STOPPED) != (entry.stop is not None),
    ),
    (
        "only a pegged order has an offset",
        lambda entry: entry.offset != 0 and entry.kind not in _PEGGED,
    ),
    (
        "the minimum quantity is above the quantity",
        lambda entry: entry.minimum > entry.quantity,
    ),
    (
        "an all-or-none order cannot be an iceberg",
        lambda entry: entry.all_or_none and entry.display != 0,
    ),
    (
        "a pegged order cannot be for an auction only",
        lambda entry: entry.kind in _PEGGED and entry.stay in _AUCTIONS,
    ),
    (
        "an order for an auction only cannot have a minimum quantity or be all-or-none",
        lambda entry: entry.stay in _AUCTIONS and (entry.all_or_none or entry.minimum != 0),
    ),
)


def unsupported(entry: Entry) -> str | None:
    """Why a book cannot take this order, as a sentence for the client; None when it can."""
    for sentence, applies in _REFUSED:
        if applies(entry):
            return sentence
    return None
