"""Where a peg stands: what it follows, its offset, its limit."""

from simulator.matching.entries import Entry, Kind
from simulator.matching.half import MARKET, Half

PEGS = frozenset({Kind.PEG_MID, Kind.PEG_PRIMARY})


def pegged(entry: Entry, bid: int | None, offer: int | None) -> int | None:
    """The price of a peg when these are best; None when there is nothing to follow.

    A middle between two units is rounded down, for both sides alike, so that they meet.
    """
    if entry.kind is Kind.PEG_PRIMARY:
        followed = bid if entry.buys else offer
    else:
        followed = None if bid is None or offer is None else (bid + offer) // 2
    if followed is None or followed + entry.offset <= 0:
        return None
    price = followed + entry.offset
    if entry.price is None:
        return price
    return min(price, entry.price) if entry.buys else max(price, entry.price)


def best_unpegged(half: Half) -> int | None:
    """The best key of a side that is a displayed limit and no peg."""
    for key in reversed(half.keys):
        if key != MARKET and any(
            order.entry.kind not in PEGS for order in half.levels[key].values()
        ):
            return key
    return None
