"""What operators see: venues, books and orders as plain JSON objects."""

from simulator.instruments import Instrument
from simulator.orders import Order
from simulator.plain_exchange import Exchange
from simulator.reports import average_price
from simulator.words import OrdType, Side

View = dict[str, object]


def book_view(exchange: Exchange, symbol: str) -> View | None:
    """Both sides by price, best first; None for an unknown symbol."""
    instrument = exchange.instrument(symbol)
    if instrument is None:
        return None
    book = exchange.books[symbol]
    return {
        "symbol": symbol,
        "halted": symbol in exchange.halted,
        "last": _price(instrument, book.last),
        "bids": _levels(instrument, book.levels(Side.BUY)),
        "asks": _levels(instrument, book.levels(Side.SELL)),
    }


def order_view(exchange: Exchange, order: Order) -> View:
    """One order as it stands."""
    instrument = exchange.instrument(order.symbol)
    assert instrument is not None
    return {
        "order_id": order.order_id,
        "client": order.client,
        "cl_ord_id": order.cl_ord_id,
        "chain": list(order.chain),
        "symbol": order.symbol,
        "side": order.side.name.lower(),
        "type": order.ord_type.name.lower(),
        "price": _price(instrument, order.price) if order.ord_type is OrdType.LIMIT else None,
        "time_in_force": order.time_in_force.name.lower(),
        "status": order.reported_status.name.lower(),
        "order_qty": order.quantity,
        "cum_qty": order.filled,
        "leaves_qty": order.leaves,
        "avg_px": format(average_price(order, instrument), "f"),
    }


def _levels(instrument: Instrument, levels: list[tuple[int | None, int]]) -> list[View]:
    return [
        {"price": _price(instrument, price), "quantity": quantity} for price, quantity in levels
    ]


def _price(instrument: Instrument, ticks: int | None) -> str:
    return "market" if ticks is None else format(instrument.price(ticks), "f")
