"""What operators see: books, orders and phases as plain JSON objects."""

from simulator.exchange.desk import Desk
from simulator.exchange.listing import Halt, Listing
from simulator.exchange.orders import Order
from simulator.values.floor import Refused
from simulator.values.words import OrdType, Side, TimeInForce

View = dict[str, object]


def view(desk: Desk, path: tuple[str, ...]) -> View:
    """orders, books/SYMBOL, symbols, phase. Raises Refused."""
    if path == ("orders",):
        return {"orders": [order_view(order) for order in desk.register]}
    if path == ("symbols",):
        return {"symbols": sorted(desk.listings), "halted": halted(desk)}
    if path == ("phase",):
        return {
            "phase": desk.phase.value,
            "trade_date": desk.moment.trade_date.isoformat(),
            "now": desk.moment.now.isoformat(),
            "halted": halted(desk),
        }
    if len(path) == 2 and path[0] == "books":
        listing = desk.listings.get(path[1])
        if listing is None:
            raise Refused(f"{path[1]!r:.40} does not trade on {desk.rules.name}")
        return book_view(listing)
    raise Refused("no such view; there are orders, books/SYMBOL, symbols and phase")


def halted(desk: Desk) -> list[str]:
    """Symbols that do not trade now."""
    return sorted(one.symbol for one in desk.listings.values() if one.halt is not Halt.NONE)


def book_view(listing: Listing) -> View:
    """Both sides by price, best first, market orders before all; the indicative price in a call."""
    book, text = listing.book, listing.instrument.text
    shown: View = {
        "symbol": listing.symbol,
        "halted": listing.halt is not Halt.NONE,
        "last": text(book.last),
        "bids": _levels(listing, buys=True),
        "asks": _levels(listing, buys=False),
    }
    if book.lower is not None and book.upper is not None:
        shown["bands"] = [text(book.lower), text(book.upper)]
    if listing.calling:
        indicative = book.indicative()
        shown["indicative"] = None
        if indicative is not None:
            shown["indicative"] = {
                "price": text(indicative.price),
                "volume": indicative.volume,
                "imbalance": indicative.imbalance,
            }
    return shown


def order_view(order: Order) -> View:
    """One order as it stands."""
    return {
        "order_id": order.order_id,
        "client": order.client,
        "cl_ord_id": order.cl_ord_id,
        "chain": list(order.chain),
        "symbol": order.symbol,
        "side": Side(order.side).name.lower(),
        "type": OrdType(order.ord_type).name.lower(),
        "price": order.price_text or None,
        "time_in_force": TimeInForce(order.time_in_force).name.lower(),
        "status": order.status.name.lower(),
        "order_qty": order.quantity,
        "cum_qty": order.filled,
        "leaves_qty": order.leaves,
        "avg_px": order.listing.instrument.mean(order.gross, order.filled),
    }


def _levels(listing: Listing, *, buys: bool) -> list[View]:
    text = listing.instrument.text
    market = sum(
        one.displayed + one.hidden for one in listing.book.orders(buys=buys) if one.price is None
    )
    levels: list[View] = [{"price": "market", "quantity": market}] if market else []
    levels += [
        {"price": text(price), "quantity": shares}
        for price, shares in listing.book.levels(buys=buys)
    ]
    return levels
