"""The demo's folder: configuration, venues, rehearsal clock, an empty database."""

import socket
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from console.config import Config
from console.initialise import bundled, initialise
from console.venues_file import last_day

VENUES = ("XSIM", "YSIM")
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
    business_date = last_day(book)
    start = datetime.combine(business_date, CLOCK_STARTS, NEW_YORK).astimezone(UTC)
    ports = dict(zip(VENUES, _free_ports(len(VENUES)), strict=True))
    ready = initialise(
        directory,
        ports=ports,
        edits={_COMMENTED: f"start = {start:%Y-%m-%dT%H:%M:%SZ}"},
        venues_start=start,
    )
    return DemoFolder(
        directory=directory,
        config=ready.config,
        venues_file=directory / "venues.toml",
        files=(book, bundled("custodians")),
        business_date=business_date,
    )


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
