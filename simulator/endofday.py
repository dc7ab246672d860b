"""The end-of-day file: every execution of a trade date, from the venue's own journal.

It is the witness that others reconcile against, so it ends with a line of
totals: a file that was cut off is seen.
"""

import csv
import io
import os
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

from simulator.reports import Report

HEADER = (
    "trade_date",
    "venue",
    "exec_id",
    "exec_type",
    "order_id",
    "cl_ord_id",
    "client",
    "symbol",
    "security_id",
    "side",
    "last_qty",
    "last_px",
    "fee",
    "transact_time",
)


def write_end_of_day(
    directory: Path, venue: str, trade_date: date, trades: Iterable[Report]
) -> Path:
    """Write VENUE_YYYYMMDD_executions.csv whole or not at all; its path."""
    path = directory / f"{venue}_{trade_date:%Y%m%d}_executions.csv"
    draft = path.with_suffix(".csv.part")
    with draft.open("w", encoding="utf-8", newline="") as file:
        file.write(end_of_day_text(venue, trade_date, trades))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return path


def end_of_day_text(venue: str, trade_date: date, trades: Iterable[Report]) -> str:
    """The file's content: header, a line for each execution, TRAILER."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    rows, quantity = 0, 0
    gross, fees = Decimal(0), Decimal(0)
    for trade in trades:
        if trade.trade_date != trade_date:
            continue
        assert trade.last_px is not None
        assert trade.fee is not None
        writer.writerow(_row(venue, trade, trade.last_px, trade.fee))
        rows += 1
        quantity += trade.last_qty
        gross += trade.last_px * trade.last_qty
        fees += trade.fee
    writer.writerow(("TRAILER", venue, rows, quantity, _plain(gross), _plain(fees)))
    return text.getvalue()


def _row(venue: str, trade: Report, price: Decimal, fee: Decimal) -> tuple[object, ...]:
    return (
        trade.trade_date.isoformat(),
        venue,
        trade.exec_id,
        trade.exec_type.value,
        trade.order_id,
        trade.cl_ord_id,
        trade.client,
        trade.symbol,
        trade.security_id,
        trade.side,
        trade.last_qty,
        _plain(price),
        _plain(fee),
        trade.transact_time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )


def _plain(number: Decimal) -> str:
    return format(number, "f")
