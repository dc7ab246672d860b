"""What the broker sees of the exchanges: best prices and traded volume, from their market data."""

from decimal import Decimal

from simulator.values.messages import Note
from simulator.values.requests import AskMarketData

BID, OFFER, TRADE = "0", "1", "2"
_DELETED = "2"
_PER_NAME = 500
_ACTION, _KIND, _SYMBOL, _PRICE, _SIZE = 279, 269, 55, 270, 271


class Sight:
    """One symbol on one exchange."""

    __slots__ = ("bids", "offers", "volume")

    def __init__(self) -> None:
        self.bids: dict[Decimal, int] = {}
        self.offers: dict[Decimal, int] = {}
        self.volume = 0  # Shares since we look.

    def opposite(self, *, buys: bool) -> tuple[Decimal, int] | None:
        """Best price that an order of this side meets, and the shares shown there."""
        side = self.offers if buys else self.bids
        if not side:
            return None
        price = min(side) if buys else max(side)
        return price, side[price]


class Watch:
    """All symbols that orders were given in."""

    def __init__(self) -> None:
        self._sights: dict[tuple[str, str], Sight] = {}

    def sight(self, venue: str, symbol: str) -> Sight | None:
        """None while nobody looks."""
        return self._sights.get((venue, symbol))

    def begin(self, venue: str, symbol: str, name: str) -> AskMarketData | None:
        """The request that begins to look; None when we look already.

        An exchange bounds the subscriptions of one client, so we look under several names.
        """
        if (venue, symbol) in self._sights:
            return None
        client = f"{name}.{len(self._sights) // _PER_NAME}"
        self._sights[venue, symbol] = Sight()
        return AskMarketData(
            client, f"watch-{symbol}", "1", "1", "1", (BID, OFFER, TRADE), (symbol,)
        )

    def volume(self, symbol: str) -> int:
        """Shares traded since we look, on all exchanges."""
        return sum(one.volume for (_, name), one in self._sights.items() if name == symbol)

    def hear(self, venue: str, note: Note) -> None:
        """A snapshot (W) or increment (X)."""
        symbol = next((value for tag, value in note.fields if tag == _SYMBOL), "")
        for entry in _entries(note):
            sight = self.sight(venue, entry.get(_SYMBOL, symbol))
            if sight is not None:
                _see(sight, entry)


def _see(sight: Sight, entry: dict[int, str]) -> None:
    kind = entry[_KIND]
    if kind == TRADE:
        sight.volume += int(entry.get(_SIZE, "0"))
        return
    side = {BID: sight.bids, OFFER: sight.offers}.get(kind)
    if side is None or _PRICE not in entry:
        return
    price = Decimal(entry[_PRICE])
    if entry.get(_ACTION) == _DELETED:
        side.pop(price, None)
    else:
        side[price] = int(entry.get(_SIZE, "0"))


def _entries(note: Note) -> list[dict[int, str]]:
    """The group's entries: each begins with its action in X, with its type in W."""
    first = _ACTION if note.msg_type == "X" else _KIND
    entries: list[dict[int, str]] = []
    for tag, value in note.fields:
        if tag == first:
            entries.append({})
        if entries:
            entries[-1][tag] = value
    return entries
