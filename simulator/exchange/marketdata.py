"""Market data: snapshots (W) and increments (X) for those who asked (V), refusals (Y).

What moved is said once at the end of each call of the venue, however often it moved in it. An
auction's indicative price is an opening or closing price whose OpenCloseSettlFlag (286) says
that it is theoretical, as FIX 4.4 has it; its surplus is an imbalance entry.
"""

from typing import NamedTuple

from simulator.exchange.calendar import Phase
from simulator.exchange.desk import Desk
from simulator.exchange.listing import Listing
from simulator.values.messages import Fields, Note
from simulator.values.requests import AskMarketData

BID, OFFER, TRADE, OPENING, CLOSING, HIGH, LOW = "0", "1", "2", "4", "5", "7", "8"
IMBALANCE, VOLUME = "A", "B"
_KNOWN = (BID, OFFER, TRADE, OPENING, CLOSING, HIGH, LOW, IMBALANCE, VOLUME)
_THEORETICAL = (286, "5")
_MORE_BUYERS, _MORE_SELLERS = (277, "P"), (277, "Q")
_MOST_DEPTH = 10_000
_MOST_SUBSCRIPTIONS = 1000  # Of one client.
_NEW, _CHANGED, _DELETED = "0", "1", "2"

Key = tuple[str, str]  # MDEntryType and price; no price where there is one entry of the type.
Entries = dict[Key, Fields]


class Refused(NamedTuple):
    """Why a request is refused: MDReqRejReason (281), if the standard has one, and a text."""

    reason: str
    text: str


class View(NamedTuple):
    """What is shown of a symbol; the same for everybody who asked for the same."""

    entries: frozenset[str]  # MDEntryType.
    depth: int  # 0 for all.
    incremental: bool


class Subscription:
    """What one request asked for, and what it was last told of each symbol."""

    def __init__(self, request: AskMarketData, depth: int) -> None:
        self.client = request.client
        self.request_id = request.request_id
        self.symbols = request.symbols
        self.view = View(frozenset(request.entries), depth, request.update == "1")
        self.told: dict[str, Entries] = {}


class MarketData:
    """Subscriptions of all clients."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._subscriptions: dict[tuple[str, str], Subscription] = {}
        self._moved: dict[str, list[tuple[int, int]]] = {}  # Trades since the last call's end.

    def moved(self, listing: Listing) -> None:
        """Somebody watches this symbol, and its book changed."""
        self._moved.setdefault(listing.symbol, [])

    def traded(self, listing: Listing, quantity: int, price: int) -> None:
        """A trade that will be told."""
        self._moved.setdefault(listing.symbol, []).append((quantity, price))

    def ask(self, request: AskMarketData) -> None:
        """Answer with a snapshot of each symbol, and subscribe where that is wanted."""
        if request.kind == "2":
            self._unsubscribe(request)
            return
        depth = _depth(request.depth)
        refused = self._refusal(request, depth)
        if refused is not None:
            self._refuse(request, refused)
            return
        assert depth is not None
        subscription = Subscription(request, depth)
        if request.kind == "1":
            self._subscriptions[request.client, request.request_id] = subscription
        for symbol in request.symbols:
            listing = self._desk.listings[symbol]
            listing.is_watched |= request.kind == "1"
            entries = self._entries(subscription.view, listing)
            subscription.told[symbol] = entries
            self._say_snapshot(subscription, listing, entries)

    def leave(self, client: str) -> None:
        """A client is gone, and his subscriptions with him."""
        for key in [key for key in self._subscriptions if key[0] == client]:
            self._drop(self._subscriptions.pop(key))

    def publish(self) -> None:
        """Tell everybody what moved."""
        if not self._moved:
            return
        moved, self._moved = self._moved, {}
        for symbol, trades in moved.items():
            listing = self._desk.listings[symbol]
            shown: dict[View, Entries] = {}
            for subscription in self._subscriptions.values():
                if symbol in subscription.symbols:
                    view = subscription.view
                    if view not in shown:
                        shown[view] = self._entries(view, listing)
                    self._tell(subscription, listing, shown[view], trades)

    def _tell(
        self,
        subscription: Subscription,
        listing: Listing,
        now: Entries,
        trades: list[tuple[int, int]],
    ) -> None:
        before = subscription.told[listing.symbol]
        subscription.told[listing.symbol] = now
        if not subscription.view.incremental:
            if now != before:
                self._say_snapshot(subscription, listing, now)
            return
        updates = _differences(before, now)
        if TRADE in subscription.view.entries:
            text = listing.instrument.text
            updates += [
                (_NEW, (TRADE, ""), ((270, text(price)), (271, str(quantity))))
                for quantity, price in trades
            ]
        if updates:
            self._say_increment(subscription, listing, updates)

    def _say_snapshot(self, subscription: Subscription, listing: Listing, entries: Entries) -> None:
        fields: list[tuple[int, str]] = [
            (262, subscription.request_id),
            *instrument_fields(listing),
            (779, self._desk.moment.text),  # LastUpdateTime, which only FIX 5.0 has.
            (268, str(len(entries))),
        ]
        for (kind, _), rest in entries.items():
            fields += [(269, kind), *rest]
        self._desk.answer(Note(subscription.client, "W", tuple(fields)))

    def _say_increment(
        self,
        subscription: Subscription,
        listing: Listing,
        updates: list[tuple[str, Key, Fields]],
    ) -> None:
        fields: list[tuple[int, str]] = [
            (262, subscription.request_id),
            (268, str(len(updates))),
        ]
        for action, (kind, _), rest in updates:
            fields += [(279, action), (269, kind), *instrument_fields(listing), *rest]
        self._desk.answer(Note(subscription.client, "X", tuple(fields)))

    def _entries(self, view: View, listing: Listing) -> Entries:
        wanted, text = view.entries, listing.instrument.text
        found: Entries = {}
        for kind in (BID, OFFER):
            if kind in wanted:
                for price, shares in listing.book.levels(buys=kind == BID, depth=view.depth):
                    shown = text(price)
                    found[kind, shown] = ((270, shown), (271, str(shares)))
        shares, price = listing.last_trade
        if TRADE in wanted and shares and not view.incremental:
            found[TRADE, ""] = ((270, text(price)), (271, str(shares)))
        for kind, price in (
            (OPENING, listing.opening),
            (CLOSING, listing.close),
            (HIGH, listing.high),
            (LOW, listing.low),
        ):
            if kind in wanted and price:
                found[kind, ""] = ((270, text(price)),)
        if VOLUME in wanted:
            found[VOLUME, ""] = ((271, str(listing.volume)),)
        if listing.calling and wanted & {OPENING, CLOSING, IMBALANCE}:
            self._add_indicative(found, wanted, listing)
        return found

    def _add_indicative(self, found: Entries, wanted: frozenset[str], listing: Listing) -> None:
        indicative = listing.book.indicative()
        if indicative is None:
            return
        kind = CLOSING if self._desk.phase is Phase.CLOSING_CALL else OPENING
        if kind in wanted:
            price = listing.instrument.text(indicative.price)
            found[kind, ""] = ((270, price), (271, str(indicative.volume)), _THEORETICAL)
        if IMBALANCE in wanted and indicative.imbalance:
            side = _MORE_BUYERS if indicative.imbalance > 0 else _MORE_SELLERS
            found[IMBALANCE, ""] = ((271, str(abs(indicative.imbalance))), side)

    def _refusal(self, request: AskMarketData, depth: int | None) -> Refused | None:
        if (request.client, request.request_id) in self._subscriptions:
            return Refused("1", f"MDReqID(262) {request.request_id} is subscribed already")
        if (
            sum(client == request.client for client, _ in self._subscriptions)
            >= _MOST_SUBSCRIPTIONS
        ):
            return Refused("2", f"a client may have {_MOST_SUBSCRIPTIONS} subscriptions")
        if request.kind not in ("0", "1"):
            return Refused("4", f"SubscriptionRequestType(263) {request.kind}: use 0, 1 or 2")
        if depth is None:
            return Refused("5", f"MarketDepth(264) {request.depth!r:.20}: use 0, 1 or more")
        if request.update not in ("", "0", "1"):
            return Refused("6", f"MDUpdateType(265) {request.update}: use 0 or 1")
        return self._unknown(request)

    def _unknown(self, request: AskMarketData) -> Refused | None:
        if not request.entries or not request.symbols:
            return Refused("", "MDEntryType(269) and Symbol(55) must each be there once or more")
        kinds = [kind for kind in request.entries if kind not in _KNOWN]
        if kinds:
            return Refused("8", f"MDEntryType(269) {kinds[0]:.10}: use {' '.join(_KNOWN)}")
        symbols = [symbol for symbol in request.symbols if symbol not in self._desk.listings]
        if symbols:
            return Refused("0", f"Symbol(55) {symbols[0]!r:.40} does not trade here")
        return None

    def _refuse(self, request: AskMarketData, refused: Refused) -> None:
        reason = ((281, refused.reason),) if refused.reason else ()
        fields = ((262, request.request_id), *reason, (58, refused.text))
        self._desk.answer(Note(request.client, "Y", fields))

    def _unsubscribe(self, request: AskMarketData) -> None:
        subscription = self._subscriptions.pop((request.client, request.request_id), None)
        if subscription is None:
            text = f"nothing is subscribed under MDReqID(262) {request.request_id}"
            self._refuse(request, Refused("", text))
            return
        self._drop(subscription)

    def _drop(self, subscription: Subscription) -> None:
        others = self._subscriptions.values()
        for symbol in subscription.symbols:
            watched = any(symbol in other.symbols for other in others)
            self._desk.listings[symbol].is_watched = watched


def instrument_fields(listing: Listing) -> Fields:
    """Symbol, SecurityID and SecurityIDSource: ISIN (4) for what looks like one, else 8."""
    security_id = listing.instrument.security_id
    source = "4" if len(security_id) == 12 and security_id[:2].isalpha() else "8"
    return ((55, listing.symbol), (48, security_id), (22, source))


def _depth(text: str) -> int | None:
    if not text.isdigit() or not text.isascii() or len(text) > 5:
        return None
    return min(int(text), _MOST_DEPTH)


def _differences(before: Entries, now: Entries) -> list[tuple[str, Key, Fields]]:
    updates = [
        (_DELETED, key, tuple(field for field in rest if field[0] == 270))
        for key, rest in before.items()
        if key not in now
    ]
    for key, rest in now.items():
        if key not in before:
            updates.append((_NEW, key, rest))
        elif before[key] != rest:
            updates.append((_CHANGED, key, rest))
    return updates
