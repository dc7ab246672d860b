"""What a venue accepts: each check gives a refusal, or None.

The session's dictionary has looked at types already, but it lets signs, zeros
and absurd sizes through; ids and numbers are looked at once more here.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from simulator.instruments import Instrument
from simulator.requests import NewOrder, ReplaceOrder
from simulator.words import OrdRejReason, OrdType, Side, TimeInForce

_IDENTIFIER = re.compile(r"[\x21-\x7e]{1,64}")
_QUANTITY = re.compile(r"(\d{1,9})(\.0{1,8})?")
_PRICE = re.compile(r"\d{1,9}(\.\d{1,8})?")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request cannot be accepted."""

    reason: OrdRejReason
    text: str


@dataclass(frozen=True, slots=True)
class Terms:
    """Quantity and price of an order, checked. The price is in ticks, None at market."""

    quantity: int
    price: int | None


def identifier(name: str, value: str) -> Refusal | None:
    """Ids are 1 to 64 printable characters without a space."""
    if _IDENTIFIER.fullmatch(value):
        return None
    return Refusal(
        OrdRejReason.OTHER,
        f"{name} must be 1 to 64 printable ASCII characters without spaces",
    )


def words(request: NewOrder) -> Refusal | None:
    """Side and TimeInForce are ones that the venue plays."""
    if request.side not in tuple(Side):
        return Refusal(
            OrdRejReason.UNSUPPORTED, f"Side(54) {request.side} is not supported; use 1 or 2"
        )
    if request.time_in_force not in tuple(TimeInForce):
        return Refusal(
            OrdRejReason.UNSUPPORTED,
            f"TimeInForce(59) {request.time_in_force} is not supported; use 0 Day or 3 IOC",
        )
    return None


def terms(
    request: NewOrder | ReplaceOrder, instrument: Instrument, maximum: int
) -> Terms | Refusal:
    """Type, quantity and price, checked against the instrument."""
    quantity = _quantity(request.quantity, instrument, maximum)
    if isinstance(quantity, Refusal):
        return quantity
    if request.ord_type == OrdType.MARKET:
        if request.price:
            return Refusal(OrdRejReason.UNSUPPORTED, "a market order has no Price(44)")
        return Terms(quantity, None)
    if request.ord_type != OrdType.LIMIT:
        return Refusal(
            OrdRejReason.UNSUPPORTED,
            f"OrdType(40) {request.ord_type} is not supported; use 1 Market or 2 Limit",
        )
    price = _price(request.price, instrument)
    return price if isinstance(price, Refusal) else Terms(quantity, price)


def _quantity(text: str, instrument: Instrument, maximum: int) -> int | Refusal:
    found = _QUANTITY.fullmatch(text)
    quantity = int(found[1]) if found else 0
    if quantity == 0:
        return Refusal(
            OrdRejReason.INCORRECT_QUANTITY,
            f"OrderQty(38) {_shown(text)} must be a whole number of shares above zero",
        )
    if quantity > maximum:
        return Refusal(
            OrdRejReason.EXCEEDS_LIMIT, f"OrderQty(38) {quantity} is above the limit of {maximum}"
        )
    if quantity % instrument.lot_size:
        return Refusal(
            OrdRejReason.INCORRECT_QUANTITY,
            f"OrderQty(38) {quantity} is not a multiple of the lot of {instrument.lot_size}",
        )
    return quantity


def _price(text: str, instrument: Instrument) -> int | Refusal:
    if not _PRICE.fullmatch(text) or not Decimal(text):
        return Refusal(
            OrdRejReason.OTHER, f"Price(44) {_shown(text)} must be a plain decimal above zero"
        )
    ticks = instrument.ticks(Decimal(text))
    if ticks is None:
        return Refusal(
            OrdRejReason.OTHER, f"Price(44) {text} is not a multiple of the tick {instrument.tick}"
        )
    return ticks


def _shown(text: str) -> str:
    return repr(text[:24])
