"""The demo's folder: configuration, venues, rehearsal clock, an empty database."""

import csv
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from console.config import Config
from console.initialise import bundled, initialise

VENUES = ("XSIM", "YSIM")
FEE_PER_SHARE = "0.0030"  # Dollars, what both venues charge.
# The sample's trigger is due at 15:45 in New York; the clock starts this much before.
CLOCK_STARTS = time(15, 44, 57)
NEW_YORK = ZoneInfo("America/New_York")
_COMMENTED = "# start = 2022-11-30T20:44:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFolder:
    """What was prepared, and where."""

    directory: Path
    config: Config
    venues_file: Path
    files: tuple[Path, ...]  # The book of business, to ingest.
    business_date: date


def prepare(directory: Path) -> DemoFolder:
    """Write everything that the demo needs below `directory`, and migrate its database."""
    book = bundled("book")
    business_date = _last_day(book / "prices.csv")
    start = datetime.combine(business_date, CLOCK_STARTS, NEW_YORK).astimezone(UTC)
    ports = dict(zip(VENUES, _free_ports(len(VENUES)), strict=True))
    ready = initialise(
        directory,
        ports=ports,
        edits={_COMMENTED: f"start = {start:%Y-%m-%dT%H:%M:%SZ}"},
    )
    return DemoFolder(
        directory=directory,
        config=ready.config,
        venues_file=_write_venues(directory, book, ports, start, business_date),
        files=(book, bundled("custodians")),
        business_date=business_date,
    )


def _last_day(prices: Path) -> date:
    with prices.open(newline="", encoding="utf-8") as file:
        return max(date.fromisoformat(row["day"]) for row in csv.DictReader(file))


def _free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on; held all at once so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _write_venues(
    directory: Path, book: Path, ports: Mapping[str, int], start: datetime, day: date
) -> Path:
    """The simulator's own configuration and price files; it reads nothing of ours."""
    lines = [
        "# The demo's simulated venues: python -m simulator --config venues.toml",
        f"seed = {day:%Y%m%d}",
        'state_dir = "venues"',
        'log_file = "log/venues.jsonl"',
        "[clock]",
        f'start = "{start:%Y-%m-%dT%H:%M:%SZ}"',
        "[control]",
        "port = 0",
    ]
    for venue, port in ports.items():
        prices = _write_prices(directory, book, venue, day)
        lines += [
            "",
            "[[venue]]",
            f'name = "{venue}"',
            f"port = {port}",
            'clients = ["TRIMTAB"]',
            f'prices = "{prices.name}"',
            f"fee_per_share = {FEE_PER_SHARE}",
        ]
    path = directory / "venues.toml"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _write_prices(directory: Path, book: Path, venue: str, day: date) -> Path:
    with (book / "prices.csv").open(newline="", encoding="utf-8") as file:
        closes = {r["symbol"]: r["close"] for r in csv.DictReader(file) if r["day"] == str(day)}
    path = directory / f"prices_{venue}.csv"
    with (
        (book / "securities.csv").open(newline="", encoding="utf-8") as source,
        path.open("w", newline="", encoding="utf-8") as target,
    ):
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(
            ("symbol", "security_id", "price", "tick", "lot_size", "average_daily_volume")
        )
        for row in csv.DictReader(source):
            if row["venue"] == venue and row["symbol"] in closes:
                price = closes[row["symbol"]]
                rest = (row["tick"], row["lot_size"], row["average_daily_volume"])
                writer.writerow((row["symbol"], row["isin"], price, *rest))
    return path
