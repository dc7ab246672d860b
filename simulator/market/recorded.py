"""A recorded day: a CSV file of quotes and trades, refused whole when a line is wrong.

Columns: time,symbol,kind,bid,bid_size,offer,offer_size,price,size. `time` is a time of day of the
venue's zone (09:30:00 or 09:30:00.125000) and never goes back within a symbol; `kind` is quote or
trade. A quote has the best bid and offer from then on, an empty price and size where a side is
empty; a trade has price and size. Prices are on the venue's ticks, sizes whole shares.
"""

import csv
import re
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import NamedTuple, NoReturn

from simulator.exchange.instruments import Instrument
from simulator.exchange.prices import PricesError

COLUMNS = (*("time", "symbol", "kind", "bid", "bid_size", "offer", "offer_size", "price", "size"),)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?", re.ASCII)
_SIZE = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_QUOTE_FIELDS = ("bid", "bid_size", "offer", "offer_size")
_TRADE_FIELDS = ("price", "size")


class RecordedDayError(PricesError):
    """A recorded day that cannot be used; the text names file, line, field, value and remedy."""


class Quote(NamedTuple):
    """The best prices from `at` on, as (units, shares); None for an empty side."""

    at: time
    bid: tuple[int, int] | None
    offer: tuple[int, int] | None


class Print(NamedTuple):
    """A trade of the recorded day."""

    at: time
    price: int
    size: int


Row = Quote | Print


def read_recorded_day(
    path: Path, instruments: Mapping[str, Instrument]
) -> dict[str, tuple[Row, ...]]:
    """The rows of each symbol that has any, in the order of the file. Raises RecordedDayError."""
    rows = csv.reader(_text(path).splitlines())
    header = tuple(next(rows, ()))
    if header != COLUMNS:
        raise RecordedDayError(
            f"{path}:1: the header is {','.join(header)!r}; it must be {','.join(COLUMNS)!r}"
        )
    days: dict[str, list[Row]] = {}
    for values in rows:
        line = _Line(f"{path}:{rows.line_num}", values, instruments)
        row = line.row()
        day = days.setdefault(line.symbol, [])
        if day and row.at < day[-1].at:
            line.refuse("time", f"a time not before {day[-1].at}, as {line.symbol} is sorted")
        day.append(row)
    if not days:
        raise RecordedDayError(f"{path}: no line after the header; a recorded day needs a quote")
    return {symbol: tuple(day) for symbol, day in days.items()}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecordedDayError(
            f"{path}: there is no such file; name a recorded day in venues.toml"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecordedDayError(f"{path}: cannot be read as UTF-8 text: {error}") from error


class _Line:
    """One line, while it is read."""

    def __init__(
        self, where: str, values: list[str], instruments: Mapping[str, Instrument]
    ) -> None:
        if len(values) != len(COLUMNS):
            raise RecordedDayError(
                f"{where}: {len(values)} fields; there must be {len(COLUMNS)}, empty ones too"
            )
        self._where = where
        self._field = dict(zip(COLUMNS, values, strict=True))
        self.symbol = self._field["symbol"]
        if self.symbol not in instruments:
            self.refuse("symbol", "one of the prices file")
        self._instrument = instruments[self.symbol]

    def refuse(self, name: str, want: str) -> NoReturn:
        raise RecordedDayError(f"{self._where}: {name} is {self._field[name]!r}; write {want}")

    def row(self) -> Row:
        if not _TIME.fullmatch(self._field["time"]):
            self.refuse("time", "a time of day such as 09:30:00.125")
        at = time.fromisoformat(self._field["time"])
        kind = self._field["kind"]
        if kind not in ("quote", "trade"):
            self.refuse("kind", "quote or trade")
        if kind == "quote":
            self._must_be_empty(_TRADE_FIELDS, "a quote")
            return self._quote(at)
        self._must_be_empty(_QUOTE_FIELDS, "a trade")
        return Print(at, self._price("price"), self._size("size"))

    def _quote(self, at: time) -> Quote:
        bid, offer = self._side("bid", "bid_size"), self._side("offer", "offer_size")
        if bid is not None and offer is not None and bid[0] >= offer[0]:
            self.refuse("bid", f"a price below the offer of {self._field['offer']}")
        return Quote(at, bid, offer)

    def _side(self, price: str, size: str) -> tuple[int, int] | None:
        if not self._field[price] and not self._field[size]:
            return None
        return self._price(price), self._size(size)

    def _price(self, name: str) -> int:
        units = self._instrument.units(self._field[name])
        if not units:
            self.refuse(name, f"a price on the ticks of {self.symbol} such as {self._example()}")
        return units

    def _example(self) -> str:
        return self._instrument.text(self._instrument.reference)

    def _size(self, name: str) -> int:
        if not _SIZE.fullmatch(self._field[name]):
            self.refuse(name, "a whole number of shares, 1 or more")
        return int(self._field[name])

    def _must_be_empty(self, names: tuple[str, ...], what: str) -> None:
        for name in names:
            if self._field[name]:
                self.refuse(name, f"nothing: {what} has none")
