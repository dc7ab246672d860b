"""What a venue accepts: each check gives a refusal, or what it was asked for.

The session's dictionary has looked at types already, but it lets signs, zeros and absurd sizes
through; ids and numbers are looked at once more here.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from simulator.exchange.calendar import Calendar
from simulator.exchange.instruments import Instrument
from simulator.exchange.orders import Terms
from simulator.matching.entries import Kind, Stay
from simulator.values.requests import NewOrder, ReplaceOrder
from simulator.values.words import OrdRejReason, OrdType, TimeInForce

_IDENTIFIER = re.compile(r"[\x21-\x7e]{1,64}")
_QUANTITY = re.compile(r"(\d{1,9})(\.0{1,8})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,12}", re.ASCII)
_DATE = re.compile(r"\d{8}", re.ASCII)
_TIMESTAMP = re.compile(r"\d{8}-\d\d:\d\d:\d\d(\.\d{1,6})?", re.ASCII)
_SIDES = {"1": "Buy", "2": "Sell", "5": "Sell short", "6": "Sell short exempt"}
_KINDS = {
    OrdType.MARKET: Kind.MARKET,
    OrdType.LIMIT: Kind.LIMIT,
    OrdType.STOP: Kind.STOP,
    OrdType.STOP_LIMIT: Kind.STOP_LIMIT,
    OrdType.MARKET_ON_CLOSE: Kind.MARKET,
    OrdType.LIMIT_ON_CLOSE: Kind.LIMIT,
    OrdType.PEGGED: Kind.PEG_PRIMARY,
}
_STAYS = {
    TimeInForce.DAY: Stay.WAIT,
    TimeInForce.GTC: Stay.WAIT,
    TimeInForce.GTD: Stay.WAIT,
    TimeInForce.IOC: Stay.IOC,
    TimeInForce.FOK: Stay.FOK,
    TimeInForce.OPG: Stay.OPEN,
    TimeInForce.CLS: Stay.CLOSE,
}
_PRICED = frozenset({OrdType.LIMIT, OrdType.STOP_LIMIT, OrdType.LIMIT_ON_CLOSE})
_STOPS = frozenset({OrdType.STOP, OrdType.STOP_LIMIT})
_ON_CLOSE = frozenset({OrdType.MARKET_ON_CLOSE, OrdType.LIMIT_ON_CLOSE})
_YEARS = range(1970, 2200)
_INSTRUCTIONS = frozenset("GJKMRZ")


class Refusal(NamedTuple):
    """Why a request cannot be accepted."""

    reason: OrdRejReason
    text: str


class BadValueError(Exception):
    """Carries a refusal out of the checks of single fields; never leaves this module."""

    def __init__(self, reason: OrdRejReason, text: str) -> None:
        super().__init__(text)
        self.refusal = Refusal(reason, text)


def identifier(name: str, value: str) -> Refusal | None:
    """Ids are 1 to 64 printable characters without a space."""
    if _IDENTIFIER.fullmatch(value):
        return None
    return Refusal(
        OrdRejReason.OTHER, f"{name} must be 1 to 64 printable ASCII characters without spaces"
    )


def shares_of_accounts(allocations: Sequence[tuple[str, str]], quantity: int) -> Refusal | None:
    """The accounts of a block share the whole of it."""
    if not all(_WHOLE.fullmatch(shares) for _, shares in allocations):
        text = "AllocQty(80) must be whole numbers of shares"
        return Refusal(OrdRejReason.INCORRECT_QUANTITY, text)
    shared = sum(int(shares) for _, shares in allocations)
    if shared != quantity:
        text = f"AllocQty(80) add up to {shared}, OrderQty(38) is {quantity}"
        return Refusal(OrdRejReason.INCORRECT_QUANTITY, text)
    return None


def words(request: NewOrder) -> Refusal | None:
    """Side and TimeInForce are ones that the venue plays."""
    if request.side not in _SIDES:
        return Refusal(
            OrdRejReason.UNSUPPORTED,
            f"Side(54) {request.side:.10} is not supported; use 1, 2, 5 or 6",
        )
    if request.time_in_force not in _STAYS:
        return Refusal(
            OrdRejReason.UNSUPPORTED,
            f"TimeInForce(59) {request.time_in_force:.10} is not supported; use 0 Day, 1 GTC, "
            "2 OPG, 3 IOC, 4 FOK, 6 GTD or 7 CLS",
        )
    return None


class Checker:
    """Checks terms against an instrument."""

    def __init__(self, calendar: Calendar, maximum: int) -> None:
        self._calendar = calendar
        self._maximum = maximum

    def terms(
        self, request: NewOrder | ReplaceOrder, instrument: Instrument, last: int, now: datetime
    ) -> Terms | Refusal:
        """Type, quantity, prices and conditions. `last` is the price in units when none is said."""
        try:
            if request.time_in_force == "0" and request.ord_type == "2" and _is_plain(request):
                price = _price("Price(44)", request.price, instrument)
                return Terms(self._quantity(request.quantity, instrument, price), price)
            return self._special(request, instrument, last, now)
        except BadValueError as error:
            return error.refusal

    def _special(
        self, request: NewOrder | ReplaceOrder, instrument: Instrument, last: int, now: datetime
    ) -> Terms:
        kind, price, stop = _prices(request, instrument)
        instructions = _instructions(request.exec_inst)
        offset = 0
        if request.ord_type == OrdType.PEGGED:
            kind = _peg(instructions)
            offset = _offset(request.peg_offset, instrument)
        quantity = self._quantity(request.quantity, instrument, price or stop or last)
        display = self._part("MaxFloor(111)", request.max_floor, quantity)
        minimum = self._part("MinQty(110)", request.min_quantity, quantity)
        if display and display % instrument.lot(price or last):
            raise BadValueError(
                OrdRejReason.INCORRECT_QUANTITY,
                f"MaxFloor(111) {display} is not a multiple of the lot of "
                f"{instrument.lot(price or last)}",
            )
        return Terms(
            quantity=quantity,
            price=price,
            stop=stop,
            kind=kind,
            stay=_stay(request),
            offset=offset,
            display=display,
            minimum=minimum,
            all_or_none="G" in instructions,
            best_only="Z" in instructions,
            on_halt="K" if "K" in instructions else "J" if "J" in instructions else "",
            expires=self._expires(request, now),
        )

    def _quantity(self, text: str, instrument: Instrument, price: int) -> int:
        if text.isdigit() and text.isascii() and len(text) <= 9:
            quantity = int(text)
        else:
            found = _QUANTITY.fullmatch(text)
            quantity = int(found[1]) if found else 0
        if quantity == 0:
            raise BadValueError(
                OrdRejReason.INCORRECT_QUANTITY,
                f"OrderQty(38) {_shown(text)} must be a whole number of shares above zero",
            )
        if quantity > self._maximum:
            raise BadValueError(
                OrdRejReason.EXCEEDS_LIMIT,
                f"OrderQty(38) {quantity} is above the limit of {self._maximum}",
            )
        if quantity % (lot := instrument.lot(price)):
            raise BadValueError(
                OrdRejReason.INCORRECT_QUANTITY,
                f"OrderQty(38) {quantity} is not a multiple of the lot of {lot}",
            )
        return quantity

    def _part(self, name: str, text: str, quantity: int) -> int:
        """A part of the order's quantity; 0 where none is said."""
        if not text:
            return 0
        found = _QUANTITY.fullmatch(text)
        part = int(found[1]) if found else 0
        if text.strip("0.") == "" and found:
            return 0
        if not 0 < part <= quantity:
            raise BadValueError(
                OrdRejReason.INCORRECT_QUANTITY,
                f"{name} {_shown(text)} must be a whole number from 0 to OrderQty(38) {quantity}",
            )
        return part

    def _expires(self, request: NewOrder | ReplaceOrder, now: datetime) -> datetime | None:
        if request.time_in_force != TimeInForce.GTD:
            return None
        if request.expire_time:
            expires = _timestamp("ExpireTime(126)", request.expire_time)
        elif request.expire_date:
            expires = self._calendar.last_close(_day("ExpireDate(432)", request.expire_date))
        else:
            raise BadValueError(
                OrdRejReason.OTHER,
                "TimeInForce(59) 6 GTD needs ExpireDate(432) or ExpireTime(126)",
            )
        if expires <= now:
            raise BadValueError(
                OrdRejReason.OTHER,
                f"the order expires at {expires.astimezone(UTC):%Y%m%d-%H:%M:%S}, in the past",
            )
        return expires


def _is_plain(request: NewOrder | ReplaceOrder) -> bool:
    return not (
        request.stop_price
        or request.max_floor
        or request.min_quantity
        or request.exec_inst
        or request.peg_offset
    )


def _prices(
    request: NewOrder | ReplaceOrder, instrument: Instrument
) -> tuple[Kind, int | None, int | None]:
    kind = _KINDS.get(request.ord_type)  # type: ignore[call-overload]  # A StrEnum's key is its text.
    if kind is None:
        raise BadValueError(
            OrdRejReason.UNSUPPORTED,
            f"OrdType(40) {request.ord_type:.10} is not supported; use 1 Market, 2 Limit, 3 Stop, "
            "4 Stop limit, 5 Market on close, B Limit on close or P Pegged",
        )
    price = stop = None
    if request.ord_type in _PRICED or (request.ord_type == OrdType.PEGGED and request.price):
        price = _price("Price(44)", request.price, instrument)
    elif request.price:
        name = "market" if kind is Kind.MARKET else "stop"
        raise BadValueError(OrdRejReason.UNSUPPORTED, f"a {name} order has no Price(44)")
    if request.ord_type in _STOPS:
        stop = _price("StopPx(99)", request.stop_price, instrument)
    elif request.stop_price:
        raise BadValueError(
            OrdRejReason.UNSUPPORTED, "StopPx(99) is for OrdType(40) 3 Stop and 4 Stop limit only"
        )
    return kind, price, stop


def _price(name: str, text: str, instrument: Instrument) -> int:
    units = instrument.units(text)
    if units is None:
        near = instrument.nearest(text)
        raise BadValueError(
            OrdRejReason.OTHER,
            f"{name} {text} is not a multiple of the tick {instrument.tick_text(near)}",
        )
    if units == 0:
        raise BadValueError(
            OrdRejReason.OTHER, f"{name} {_shown(text)} must be a plain decimal above zero"
        )
    return units


def _offset(text: str, instrument: Instrument) -> int:
    if not text:
        return 0
    units = instrument.offset(text)
    if units is None:
        raise BadValueError(
            OrdRejReason.OTHER,
            f"PegOffsetValue(211) {_shown(text)} must be a plain decimal in ticks",
        )
    return units


def _instructions(text: str) -> frozenset[str]:
    found = frozenset(text.split())
    unknown = sorted(found - _INSTRUCTIONS)
    if unknown:
        raise BadValueError(
            OrdRejReason.UNSUPPORTED,
            f"ExecInst(18) {unknown[0]:.10} is not supported; use G all or none, M or R peg, "
            "J or K on a halt, Z cancel if not best",
        )
    return found


def _peg(instructions: frozenset[str]) -> Kind:
    if ("M" in instructions) == ("R" in instructions):
        raise BadValueError(
            OrdRejReason.UNSUPPORTED,
            "OrdType(40) P Pegged needs ExecInst(18) M (to the middle) or R (to its own side)",
        )
    return Kind.PEG_MID if "M" in instructions else Kind.PEG_PRIMARY


def _stay(request: NewOrder | ReplaceOrder) -> Stay:
    if request.ord_type in _ON_CLOSE:
        if request.time_in_force not in ("", TimeInForce.DAY, TimeInForce.CLS):
            raise BadValueError(
                OrdRejReason.UNSUPPORTED, "an on-close order has TimeInForce(59) 0 Day or 7 CLS"
            )
        return Stay.CLOSE
    return _STAYS[TimeInForce(request.time_in_force or "0")]


def _timestamp(name: str, text: str) -> datetime:
    if _TIMESTAMP.fullmatch(text):
        form = "%Y%m%d-%H:%M:%S.%f" if "." in text else "%Y%m%d-%H:%M:%S"
        try:
            instant = datetime.strptime(text, form).replace(tzinfo=UTC)
            if instant.year in _YEARS:
                return instant
        except ValueError:
            pass
    raise BadValueError(
        OrdRejReason.OTHER, f"{name} {_shown(text)} must be a time such as 20221130-21:00:00"
    )


def _day(name: str, text: str) -> date:
    if _DATE.fullmatch(text):
        try:
            day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
            if day.year in _YEARS:
                return day
        except ValueError:
            pass
    raise BadValueError(OrdRejReason.OTHER, f"{name} {_shown(text)} must be a date like 20221130")


def _shown(text: str) -> str:
    return repr(text[:24])
