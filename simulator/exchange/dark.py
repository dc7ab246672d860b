"""The dark pool: orders trade at the middle of another venue's best prices, and nobody sees them.

Limit, market and pegged orders all stand at the middle, up to their limit, by time. Without a
best bid and offer there (a halt, an auction, an empty side) nothing trades. The pool looks at
those prices when an order comes or changes, and every `look_interval` while orders wait.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from simulator.exchange.checks import Checker, Refusal
from simulator.exchange.desk import Desk
from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.orders import Terms
from simulator.exchange.rules import Rules
from simulator.matching.book import Book
from simulator.matching.entries import Event, Kind, Stay
from simulator.values.messages import Message, Note
from simulator.values.requests import AskMarketData, NewOrder, ReplaceOrder, Request
from simulator.values.words import OrdRejReason

Best = Callable[[str], tuple[str, str] | None]  # Bid and offer of a symbol, as texts.
_KINDS = (Kind.MARKET, Kind.LIMIT, Kind.PEG_MID)
_STAYS = (Stay.WAIT, Stay.IOC, Stay.FOK)
_LOOK = timedelta(milliseconds=100)
_NOT_AUTHORIZED = "3"  # MDReqRejReason (281): insufficient permissions.


class DarkFloor(ExchangeFloor):
    """A midpoint pool. `best` is another floor's of the same process: `ExchangeFloor.best`."""

    def __init__(
        self,
        rules: Rules,
        instruments: Mapping[str, Instrument],
        best: Best,
        *,
        look_interval: timedelta = _LOOK,
    ) -> None:
        followers = {
            symbol: Follower(one, best, look_interval) for symbol, one in instruments.items()
        }
        super().__init__(rules, instruments, followers)
        self._answers[AskMarketData] = self._refuse_market_data

    def handle(self, request: Request, now: datetime) -> list[Message]:
        """Answer one request; before an order comes or changes the pool looks at the prices."""
        if not isinstance(request, NewOrder | ReplaceOrder):
            return super().handle(request, now)
        self._let_happen(now)
        listing = self._desk.listings.get(request.symbol)
        if listing is None or listing.market is None or listing.book.calling:
            return super().handle(request, now)
        self._trading.happen(listing, listing.market.act(listing.book, now))
        messages = super().handle(request, now)
        self._day.wake_market(listing)
        return messages

    def best(self, symbol: str) -> tuple[str, str] | None:  # noqa: ARG002  As other floors have it.
        """Nobody sees the prices of a dark pool."""
        return None

    def _make_checker(self, desk: Desk) -> Checker:
        return MidpointChecker(desk.calendar, desk.rules.maximum_quantity)

    def _refuse_market_data(self, request: AskMarketData) -> None:
        text = "a dark pool has no market data"
        fields = ((262, request.request_id), (281, _NOT_AUTHORIZED), (58, text))
        self._desk.answer(Note(request.client, "Y", fields))


class MidpointChecker(Checker):
    """Takes what can stand at the middle."""

    def terms(
        self, request: NewOrder | ReplaceOrder, instrument: Instrument, last: int, now: datetime
    ) -> Terms | Refusal:
        """Every order is a peg to the middle, its price a limit."""
        terms = super().terms(request, instrument, last, now)
        if isinstance(terms, Refusal):
            return terms
        if terms.kind not in _KINDS or terms.stay not in _STAYS:
            return Refusal(
                OrdRejReason.UNSUPPORTED,
                "a midpoint pool takes limit, market and midpoint pegged orders, Day, GTC, GTD, "
                "IOC or FOK",
            )
        if terms.offset or terms.display or terms.best_only:
            return Refusal(
                OrdRejReason.UNSUPPORTED,
                "a midpoint pool has no PegOffsetValue(211), MaxFloor(111) and ExecInst(18) Z",
            )
        return terms._replace(kind=Kind.PEG_MID)


class Follower:
    """Lets a book of pegs follow the prices of another venue. A market without orders."""

    def __init__(self, instrument: Instrument, best: Best, interval: timedelta) -> None:
        self._instrument = instrument
        self._best = best
        self._interval = interval
        self._due: datetime | None = None

    def next_due(self) -> datetime | None:
        """The next look; None while nobody waits."""
        return self._due

    def act(self, book: Book, now: datetime) -> list[Event]:
        """Look once."""
        events = book.follow(*self._prices())
        waits = book.aside() or any(book.orders(buys=True)) or any(book.orders(buys=False))
        self._due = now + self._interval if waits else None
        return events

    def saw(self, events: Sequence[Event], now: datetime) -> None:
        """What trades here moves no price."""

    def _prices(self) -> tuple[int | None, int | None]:
        quotes = self._best(self._instrument.symbol)
        if quotes is None:
            return None, None
        bid, offer = (self._instrument.units(price) for price in quotes)
        return bid or None, offer or None
