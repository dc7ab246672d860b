"""What operators may do to venues; run by the venues' own thread only."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from simulator.control import Answer, problem
from simulator.venue import Venue
from simulator.views import book_view, order_view


class Operations:
    """Answers one control request."""

    def __init__(self, venues: Mapping[str, Venue], ports: Mapping[str, int]) -> None:
        self._venues = venues
        self._ports = ports

    def run(
        self, method: str, path: tuple[str, ...], body: dict[str, object], now: datetime
    ) -> Answer:
        """Find the operation and do it."""
        if path == ("venues",) and method == "GET":
            return Answer(HTTPStatus.OK, {"venues": self._venue_views(), "now": now.isoformat()})
        if len(path) < 3 or path[0] != "venues":
            return problem(HTTPStatus.NOT_FOUND, "no such path; try GET /venues")
        venue = self._venues.get(path[1])
        if venue is None:
            known = ", ".join(self._venues)
            return problem(HTTPStatus.NOT_FOUND, f"no venue {path[1]!r}; there are {known}")
        if method == "GET":
            return _read(venue, path[2:])
        return _change(venue, path[2:], body, now)

    def _venue_views(self) -> dict[str, object]:
        return {
            name: {
                "host": "127.0.0.1",
                "port": self._ports[name],
                "clients": list(venue.config.clients),
                "symbols": sorted(venue.exchange.books),
                "halted": list(venue.exchange.halted),
            }
            for name, venue in self._venues.items()
        }


def _read(venue: Venue, path: tuple[str, ...]) -> Answer:
    exchange = venue.exchange
    if path == ("orders",):
        orders = [order_view(exchange, order) for order in exchange.orders()]
        return Answer(HTTPStatus.OK, {"venue": venue.name, "orders": orders})
    if len(path) == 2 and path[0] == "books":
        view = book_view(exchange, path[1])
        if view is None:
            return problem(HTTPStatus.NOT_FOUND, f"{path[1]!r} does not trade on {venue.name}")
        return Answer(HTTPStatus.OK, {"venue": venue.name, **view})
    return problem(HTTPStatus.NOT_FOUND, "no such path; there are orders and books/SYMBOL")


def _change(venue: Venue, path: tuple[str, ...], body: dict[str, object], now: datetime) -> Answer:
    if path == ("end-of-day",):
        return _end_of_day(venue, now)
    if path == ("open",):
        venue.add(venue.exchange.open_day())
        return Answer(HTTPStatus.OK, {"venue": venue.name, "open": True})
    if path not in (("halt",), ("resume",)):
        return problem(
            HTTPStatus.NOT_FOUND, "no such path; there are halt, resume, end-of-day and open"
        )
    symbol = body.get("symbol")
    if not isinstance(symbol, str) or venue.exchange.instrument(symbol) is None:
        return problem(HTTPStatus.BAD_REQUEST, f"symbol must be one that {venue.name} trades")
    act = venue.exchange.halt if path == ("halt",) else venue.exchange.resume
    venue.add(act(symbol))
    return Answer(HTTPStatus.OK, {"venue": venue.name, "halted": list(venue.exchange.halted)})


def _end_of_day(venue: Venue, now: datetime) -> Answer:
    outcome = venue.exchange.end_day(now)
    venue.add(outcome)
    path = venue.write_end_of_day(now)
    return Answer(
        HTTPStatus.OK,
        {
            "venue": venue.name,
            "trade_date": venue.config.rules.moment(now).trade_date.isoformat(),
            "expired": len(outcome.orders),
            "path": str(path.resolve()),
        },
    )
