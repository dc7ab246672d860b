"""A venue's executions by trade date, and the end-of-day file that others reconcile against.

Rows are kept as they happen, so that a day of any length costs no memory. The file ends with a
line of totals: one that was cut off is seen. A bust or a correction is a row of its own that names
the execution it changes; totals count every row.
"""

import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from simulator.running.growing import GrowingFile
from simulator.values.messages import Report

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
    "exec_ref_id",
)
_QUOTED = re.compile(r'["\r\n]')
_ROWS = "{}_{}.rows"


class Executions:
    """The rows of one venue, a file for each trade date."""

    def __init__(self, directory: Path, venue: str) -> None:
        self._directory = directory
        self._venue = venue
        self._date = ""
        self._file: GrowingFile | None = None
        self._new: list[str] = []  # Not written yet: `flush` does, once for many.

    def add(self, report: Report) -> None:
        """Keep a trade, a bust or a correction."""
        if report.trade_date != self._date:
            self.close()
        if self._file is None:
            self._date = report.trade_date
            self._file = GrowingFile(self._path(report.trade_date))
        self._new.append(_line(_row(self._venue, report)))

    def flush(self) -> None:
        """Write what was added. The journal can make it again, so it need not be on disk."""
        if self._new:
            assert self._file is not None
            self._file.append("".join(self._new).encode())
            self._new.clear()

    def lengths(self) -> dict[str, int]:
        """The length of each file by name, on disk, for a checkpoint."""
        self.flush()
        if self._file is not None:
            self._file.sync()
        found = self._directory.glob(_ROWS.format(self._venue, "*"))
        return {path.name: path.stat().st_size for path in sorted(found)}

    def cut(self, lengths: dict[str, int]) -> None:
        """Back to what a checkpoint noted."""
        self.close()
        for path in self._directory.glob(_ROWS.format(self._venue, "*")):
            file = GrowingFile(path)
            file.cut(lengths.get(path.name, 0))
            file.close()

    def write_end_of_day(self, trade_date: str) -> Path:
        """Write VENUE_YYYYMMDD_executions.csv whole or not at all; its path."""
        self.flush()
        path = self._directory / f"{self._venue}_{trade_date}_executions.csv"
        draft = path.with_suffix(".csv.part")
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8", newline="") as file:
            for line in self._lines(trade_date):
                file.write(line)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        return path

    def close(self) -> None:
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _lines(self, trade_date: str) -> Iterator[str]:
        rows, quantity = 0, 0
        gross, fees = Decimal(0), Decimal(0)
        yield _line(HEADER)
        path = self._path(trade_date)
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                for cells in csv.reader(file):
                    yield _line(cells)
                    row = dict(zip(HEADER, cells, strict=True))
                    rows += 1
                    quantity += int(row["last_qty"])
                    gross += int(row["last_qty"]) * Decimal(row["last_px"])
                    fees += Decimal(row["fee"])
        trailer = ("TRAILER", self._venue, str(rows), str(quantity), f"{gross:f}", f"{fees:f}")
        yield _line(trailer)

    def _path(self, trade_date: str) -> Path:
        return self._directory / _ROWS.format(self._venue, trade_date)


def _row(venue: str, report: Report) -> tuple[str, ...]:
    day, at = report.trade_date, report.transact_time
    return (
        f"{day[:4]}-{day[4:6]}-{day[6:]}",
        venue,
        report.exec_id,
        report.exec_type,
        report.order_id,
        report.cl_ord_id,
        report.client,
        report.symbol,
        report.security_id,
        report.side,
        str(report.last_qty or 0),
        report.last_px or "0",
        report.fee or "0",
        f"{at[:4]}-{at[4:6]}-{at[6:8]}T{at[9:]}Z",
        report.exec_ref_id,
    )


def _line(cells: Sequence[str]) -> str:
    line = ",".join(cells)
    if line.count(",") == len(cells) - 1 and not _QUOTED.search(line):
        return line + "\n"
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
