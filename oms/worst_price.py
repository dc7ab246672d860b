"""The worst price: what an order may cost a share, by its own terms."""

from decimal import Decimal

from domain.exact import ZERO
from domain.orders import OrderIntent, Side


def worst_price(intent: OrderIntent, collar: Decimal) -> Decimal:
    """Dollars a share: the limit; where there is none, the price or stop it starts from.

    A buy without a limit may go further: `collar` beyond, as a fraction.
    """
    if intent.limit_price is not None:
        return intent.limit_price
    start = max(intent.reference_price, intent.stop_price or ZERO)
    return start * (1 + collar) if intent.side is Side.BUY else start
