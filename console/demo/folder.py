"""The demo's folder: configuration, venues, rehearsal clock, an empty database."""

import random
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from console.config import Config
from console.initialise import bundled, initialise
from console.venues_file import last_day
from domain.errors import TrimtabError

VENUES = ("XSIM", "YSIM")
# The sample's trigger is due at 15:45 in New York; the clock starts this much before.
CLOCK_STARTS = time(15, 44, 57)
NEW_YORK = ZoneInfo("America/New_York")
_PORTS = range(20_000, 32_000)  # Below those that Linux gives to connections (32768 and up).
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
    """Ports of this machine that nobody listens on, and no connection is given meanwhile."""
    found: list[int] = []
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        with suppress(OSError), socket.socket() as one:
            one.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise TrimtabError(f"no port of {_PORTS.start} to {_PORTS.stop - 1} is free on 127.0.0.1")
