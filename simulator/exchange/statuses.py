"""Lists and states: securities (x/y), their trading status (e/f), the session's phase (g/h)."""

from typing import Any

from simulator.exchange.calendar import Phase
from simulator.exchange.desk import Desk
from simulator.exchange.listing import Halt, Listing
from simulator.exchange.marketdata import instrument_fields
from simulator.values.messages import Fields, Note
from simulator.values.requests import AskSecurityList, AskSecurityStatus, AskSessionStatus

_SYMBOL, _EVERYTHING = "0", "4"  # SecurityListRequestType (559).
_VALID, _NOT_SUPPORTED, _NOTHING = "0", "1", "2"  # SecurityRequestResult (560).
_LIST_PART = 100  # Securities in one message.
_MOST_SUBSCRIPTIONS = 10_000  # Of all clients, of each kind; the oldest goes.
_SNAPSHOT, _SUBSCRIBE, _UNSUBSCRIBE = "0", "1", "2"  # SubscriptionRequestType (263).
_HALTED, _RESUMED, _READY, _CLOSED, _UNKNOWN, _PRE_OPEN = "2", "3", "17", "18", "20", "21"
_IMBALANCE_HALT, _NEWS_HALT = "E", "P"  # HaltReasonChar (327): order imbalance, news pending.
_SESSION = {  # TradSesStatus (340) and TradingSessionSubID (625) of each phase.
    Phase.CLOSED: ("3", "5"),
    Phase.OPENING_CALL: ("4", "2"),
    Phase.CONTINUOUS: ("2", "3"),
    Phase.CLOSING_CALL: ("5", "4"),
}
_UNSUPPORTED_SESSION = "6"  # TradSesStatus: request rejected.


class Statuses:
    """Answers and subscriptions."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._responses = 0
        self._securities: dict[tuple[str, str], str] = {}  # (client, request) -> symbol.
        self._sessions: dict[tuple[str, str], None] = {}

    def list_securities(self, request: AskSecurityList) -> None:
        """Answer a SecurityListRequest; a long list goes in several messages."""
        listings = list(self._desk.listings.values())
        result = _VALID
        if request.kind == _SYMBOL:
            listings = [one for one in listings if one.symbol == request.symbol]
            result = _VALID if listings else _NOTHING
        elif request.kind != _EVERYTHING:
            listings, result = [], _NOT_SUPPORTED
        parts = range(0, max(1, len(listings)), _LIST_PART)
        for start in parts:
            part = listings[start : start + _LIST_PART]
            self._responses += 1
            fields: list[tuple[int, str]] = [
                (320, request.request_id),
                (322, f"{self._desk.rules.name}-{self._responses}"),
                (560, result),
            ]
            if part:
                last = "Y" if start == parts[-1] else "N"
                fields += [(393, str(len(listings))), (893, last), (146, str(len(part)))]
            for listing in part:
                lot = listing.instrument.lot(listing.book.last)
                fields += [*instrument_fields(listing), (15, "USD"), (561, str(lot))]
            self._desk.answer(Note(request.client, "y", tuple(fields)))

    def security_status(self, request: AskSecurityStatus) -> None:
        """Answer a SecurityStatusRequest, and subscribe where that is wanted."""
        key = (request.client, request.request_id)
        if request.kind == _UNSUBSCRIBE:
            self._securities.pop(key, None)
            return
        listing = self._desk.listings.get(request.symbol)
        if listing is None:
            fields = ((324, request.request_id), (55, request.symbol), (326, _UNKNOWN))
            text = ((58, f"Symbol(55) {request.symbol!r:.40} does not trade here"),)
            self._desk.answer(Note(request.client, "f", fields + text))
            return
        if request.kind == _SUBSCRIBE:
            self._securities[key] = request.symbol
            _forget_oldest(self._securities)
        self._say_security(request.client, request.request_id, listing, "N")

    def session_status(self, request: AskSessionStatus) -> None:
        """Answer a TradingSessionStatusRequest, and subscribe where that is wanted."""
        key = (request.client, request.request_id)
        if request.kind == _UNSUBSCRIBE:
            self._sessions.pop(key, None)
            return
        name = self._desk.rules.name
        if request.session not in ("", name):
            fields = ((335, request.request_id), (336, request.session))
            text = f"TradingSessionID(336) {request.session!r:.40} is unknown; there is {name}"
            refusal = ((340, _UNSUPPORTED_SESSION), (567, "1"), (58, text))
            self._desk.answer(Note(request.client, "h", fields + refusal))
            return
        if request.kind == _SUBSCRIBE:
            self._sessions[key] = None
            _forget_oldest(self._sessions)
        self._say_session(request.client, request.request_id, "N")

    def halted(self, listing: Listing) -> None:
        """Push the news to those who watch the symbol."""
        self._push(listing)

    def resumed(self, listing: Listing) -> None:
        """Push the news to those who watch the symbol."""
        self._push(listing, _RESUMED)

    def phase_changed(self) -> None:
        """Push the new phase to those who watch the session."""
        for client, request_id in self._sessions:
            self._say_session(client, request_id, "Y")

    def leave(self, client: str) -> None:
        """A client is gone, and his subscriptions with him."""
        for key in [key for key in self._securities if key[0] == client]:
            del self._securities[key]
        for key in [key for key in self._sessions if key[0] == client]:
            del self._sessions[key]

    def _push(self, listing: Listing, status: str = "") -> None:
        for (client, request_id), symbol in self._securities.items():
            if symbol == listing.symbol:
                self._say_security(client, request_id, listing, "Y", status)

    def _say_security(
        self, client: str, request_id: str, listing: Listing, unsolicited: str, status: str = ""
    ) -> None:
        text = listing.instrument.text
        fields: Fields = (
            (324, request_id),
            *instrument_fields(listing),
            (336, self._desk.rules.name),
            (325, unsolicited),
            (326, status or self._security_state(listing)),
        )
        if listing.halt is not Halt.NONE:
            why = _IMBALANCE_HALT if listing.halt is Halt.BAND else _NEWS_HALT
            fields += ((327, why),)
        if listing.high:
            fields += ((332, text(listing.high)), (333, text(listing.low)))
        fields += ((31, text(listing.book.last)), (60, self._desk.moment.text))
        self._desk.answer(Note(client, "f", fields))

    def _security_state(self, listing: Listing) -> str:
        if listing.halt is not Halt.NONE:
            return _HALTED
        if self._desk.phase is Phase.CLOSED:
            return _CLOSED
        return _PRE_OPEN if self._desk.phase is Phase.OPENING_CALL else _READY

    def _say_session(self, client: str, request_id: str, unsolicited: str) -> None:
        status, part = _SESSION[self._desk.phase]
        fields = (
            (335, request_id),
            (336, self._desk.rules.name),
            (625, part),
            (325, unsolicited),
            (340, status),
        )
        self._desk.answer(Note(client, "h", fields))


def _forget_oldest(subscriptions: dict[tuple[str, str], Any]) -> None:
    if len(subscriptions) > _MOST_SUBSCRIPTIONS:
        del subscriptions[next(iter(subscriptions))]
