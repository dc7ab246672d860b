"""The prices file: a CSV of what a venue trades, refused whole when a line is wrong.

Columns: symbol,security_id,price,tick,lot_size,average_daily_volume and, where ticks or lots
depend on the price, also tick_bands and lot_bands: "0:0.0001 1:0.01" is a tick of 0.0001 from
0 and of 0.01 from 1.00 on. A field of bands that is not empty stands above tick or lot_size.
"""

import csv
import re
from itertools import pairwise
from pathlib import Path

from simulator.exchange.instruments import Instrument

COLUMNS = ("symbol", "security_id", "price", "tick", "lot_size", "average_daily_volume")
BAND_COLUMNS = ("tick_bands", "lot_bands")
_DECIMAL = re.compile(r"\d{1,9}(\.\d{1,8})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,12}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9._/-]{1,32}")


class PricesError(Exception):
    """A prices file that cannot be used; the text names file, line, field and value."""


def read_instruments(path: Path) -> dict[str, Instrument]:
    """Every instrument by symbol, in the file's order. Raises PricesError."""
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
    if header not in (COLUMNS, COLUMNS + BAND_COLUMNS):
        raise PricesError(
            f"{path}:1: the header is {','.join(header)!r}; it must be {','.join(COLUMNS)!r}, "
            f"with {','.join(BAND_COLUMNS)!r} after it where there are bands"
        )
    instruments: dict[str, Instrument] = {}
    for row in rows:
        where = f"{path}:{rows.line_num}"
        if len(row) != len(header):
            raise PricesError(f"{where}: {len(row)} fields; there must be {len(header)}")
        instrument = _instrument(where, dict(zip(header, row, strict=True)))
        if instrument.symbol in instruments:
            raise PricesError(f"{where}: symbol {instrument.symbol!r} is there twice; remove one")
        instruments[instrument.symbol] = instrument
    if not instruments:
        raise PricesError(f"{path}: no line after the header; a venue needs a symbol to trade")
    return instruments


def _instrument(where: str, field: dict[str, str]) -> Instrument:
    for name in ("symbol", "security_id"):
        _must_match(where, name, field[name], _NAME, "1 to 32 letters, digits and . _ / -")
    for name in ("price", "tick"):
        _must_match(where, name, field[name], _DECIMAL, "a plain decimal such as 190.25")
    for name in ("lot_size", "average_daily_volume"):
        _must_match(where, name, field[name], _WHOLE, "a whole number")
    if any(float(field[name]) == 0 for name in ("price", "tick", "lot_size")):
        raise PricesError(f"{where}: price, tick and lot_size must all be above zero")
    ticks = _bands(where, "tick_bands", field, _DECIMAL) or (("0", field["tick"]),)
    lots = _bands(where, "lot_bands", field, _WHOLE) or (("0", field["lot_size"]),)
    return Instrument(
        symbol=field["symbol"],
        security_id=field["security_id"],
        price=field["price"],
        ticks=ticks,
        lots=tuple((start, int(lot)) for start, lot in lots),
        average_daily_volume=int(field["average_daily_volume"]),
    )


def _bands(
    where: str, name: str, field: dict[str, str], step: re.Pattern[str]
) -> tuple[tuple[str, str], ...]:
    """(start, step) of each band, rising from 0; empty when the field is."""
    value = field.get(name, "")
    bands = []
    for one in value.split():
        start, _, size = one.partition(":")
        if not _DECIMAL.fullmatch(start) or not step.fullmatch(size) or float(size) == 0:
            raise PricesError(f'{where}: {name} has {one!r}; write bands like "0:0.0001 1:0.01"')
        bands.append((start, size))
    starts = [float(start) for start, _ in bands]
    if bands and (starts[0] != 0 or any(low >= high for low, high in pairwise(starts))):
        raise PricesError(f"{where}: {name} is {value!r}; bands must begin at 0 and rise")
    return tuple(bands)


def _must_match(where: str, name: str, value: str, pattern: re.Pattern[str], want: str) -> None:
    if not pattern.fullmatch(value):
        raise PricesError(f"{where}: {name} is {value!r}; write {want}")
