"""What a venue trades: read from a CSV file, refused whole when a line is wrong.

Columns: symbol,security_id,price,tick,lot_size,average_daily_volume.
"""

import csv
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

COLUMNS = ("symbol", "security_id", "price", "tick", "lot_size", "average_daily_volume")
_DECIMAL = re.compile(r"\d{1,9}(\.\d{1,8})?")
_WHOLE = re.compile(r"\d{1,12}")
_NAME = re.compile(r"[A-Za-z0-9._/-]{1,32}")


class PricesError(Exception):
    """A prices file that cannot be used; the text names file, line, field and value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One symbol. `reference` is its price in ticks."""

    symbol: str
    security_id: str
    reference: int
    tick: Decimal
    lot_size: int
    average_daily_volume: int

    def price(self, ticks: int) -> Decimal:
        """Ticks as dollars."""
        return self.tick * ticks

    def ticks(self, price: Decimal) -> int | None:
        """Dollars as ticks; None when it is not a whole number of them."""
        count = price / self.tick
        return int(count) if count == count.to_integral_value() else None


def read_instruments(path: Path) -> dict[str, Instrument]:
    """Every instrument by symbol. Raises PricesError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PricesError(
            f"{path}: there is no such prices file; name one in venues.toml"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PricesError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    rows = csv.reader(text.splitlines())
    header = tuple(next(rows, ()))
    if header != COLUMNS:
        raise PricesError(
            f"{path}:1: the header is {','.join(header)!r}; it must be {','.join(COLUMNS)!r}"
        )
    instruments: dict[str, Instrument] = {}
    for row in rows:
        where = f"{path}:{rows.line_num}"
        instrument = _instrument(where, row)
        if instrument.symbol in instruments:
            raise PricesError(f"{where}: symbol {instrument.symbol!r} is there twice; remove one")
        instruments[instrument.symbol] = instrument
    if not instruments:
        raise PricesError(f"{path}: no line after the header; a venue needs a symbol to trade")
    return instruments


def _instrument(where: str, row: list[str]) -> Instrument:
    if len(row) != len(COLUMNS):
        raise PricesError(f"{where}: {len(row)} fields; there must be {len(COLUMNS)}")
    field = dict(zip(COLUMNS, row, strict=True))
    for name in ("symbol", "security_id"):
        _must_match(where, name, field[name], _NAME, "1 to 32 letters, digits and . _ / -")
    for name in ("price", "tick"):
        _must_match(where, name, field[name], _DECIMAL, "a plain decimal such as 190.25")
    for name in ("lot_size", "average_daily_volume"):
        _must_match(where, name, field[name], _WHOLE, "a whole number")
    price, tick, lot_size = Decimal(field["price"]), Decimal(field["tick"]), int(field["lot_size"])
    if price <= 0 or tick <= 0 or lot_size <= 0:
        raise PricesError(f"{where}: price, tick and lot_size must all be above zero")
    return Instrument(
        symbol=field["symbol"],
        security_id=field["security_id"],
        reference=max(1, round(price / tick)),
        tick=tick,
        lot_size=lot_size,
        average_daily_volume=int(field["average_daily_volume"]),
    )


def _must_match(where: str, name: str, value: str, pattern: re.Pattern[str], want: str) -> None:
    if not pattern.fullmatch(value):
        raise PricesError(f"{where}: {name} is {value!r}; write {want}")
