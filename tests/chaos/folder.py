"""One trial's folder: what its processes read, and what they leave behind."""

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.session_file import write_session_config
from gateway.settings import GatewaySettings, load_settings
from tests.chaos.book import VENUES, read_names

_START = datetime(2022, 11, 30, 14, 0, tzinfo=UTC)  # Nine in the morning in New York.
_COPIES = "TRIMTABDC"  # Who we are on the sessions for drop copies.
_ACKNOWLEDGEMENT_SECONDS = 2.0

# What venues do wrong without being killed. A report of a fill is never lost for good: that
# would be theirs to mend. An acknowledgement may be.
_FAULTS = """
[[fault]]
do = "bust"
chance = 0.01
seconds = 1

[[fault]]
do = "correct"
chance = 0.01
seconds = 1

[[fault]]
do = "late_fill"
chance = 0.05
seconds = 1

[[fault]]
do = "lose"
report = "new"
client = "TRIMTAB"
chance = 0.01

[[fault]]
do = "duplicate"
report = "trade"
client = "TRIMTAB"
chance = 0.02
"""


class Folder:
    """Where everything of a trial is. `create` writes it; every process opens it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        plan = json.loads(self._plan.read_text("utf-8"))
        self.seed = int(plan["seed"])
        self.url = str(plan["url"])
        self.began = float(plan["began"])  # Seconds of the machine's clock.

    @classmethod
    def create(cls, directory: Path, *, seed: int, url: str) -> "Folder":
        """Write the plan, the venues and the sessions."""
        directory.mkdir(parents=True, exist_ok=True)
        plan = {"seed": seed, "url": url, "began": time.time()}
        (directory / "plan.json").write_text(json.dumps(plan), "utf-8")
        folder = cls(directory)
        folder.log.mkdir(exist_ok=True)
        ports = free_ports(2 * len(VENUES))
        doors, behind = ports[: len(VENUES)], ports[len(VENUES) :]
        folder._write_venues(dict(zip(VENUES, behind, strict=True)))
        folder._write_sessions(dict(zip(VENUES, doors, strict=True)))
        folder._wire.write_text(json.dumps(list(zip(doors, behind, strict=True))), "utf-8")
        return folder

    def wire(self) -> dict[int, int]:
        """By each port that the service connects to, the venue's behind it."""
        return {int(here): int(there) for here, there in json.loads(self._wire.read_text("utf-8"))}

    @property
    def _wire(self) -> Path:
        return self.directory / "wire.json"

    @property
    def _plan(self) -> Path:
        return self.directory / "plan.json"

    @property
    def log(self) -> Path:
        return self.directory / "log"

    @property
    def anchor(self) -> Path:
        return self.directory / "anchor"

    @property
    def end(self) -> Path:
        """While this file is not there, the service begins new runs."""
        return self.directory / "end"

    @property
    def venues_file(self) -> Path:
        return self.directory / "venues.toml"

    @property
    def venues_log(self) -> Path:
        return self.log / "venues.jsonl"

    def now(self) -> datetime:
        """What the trial's clocks show, in every life of a process."""
        return _START + timedelta(seconds=time.time() - self.began)

    def gateway_settings(self) -> GatewaySettings:
        """Both venues, each with a session for orders and one for copies."""
        tables = {
            venue: {
                "session": orders_session(venue),
                "drop_copy": copies_session(venue),
                "drop_copy_seconds": 20,
                "throttle": 1000,
                "mass_status": venue == "YSIM",
                "lists": venue == "YSIM",
            }
            for venue in VENUES
        }
        found = load_settings(self.directory / "sessions.cfg", tables, {})
        return replace(found, acknowledgement_seconds=_ACKNOWLEDGEMENT_SECONDS, rehearsal=True)

    def _write_sessions(self, ports: Mapping[str, int]) -> None:
        path = self.directory / "sessions.cfg"
        doors = {venue: ("127.0.0.1", port) for venue, port in ports.items()}
        write_session_config(path, doors, store=self.directory / "fix")
        with path.open("a") as file:
            for venue, port in ports.items():
                file.write(
                    f"\n[SESSION]\nSenderCompID={_COPIES}\nTargetCompID={venue}\n"
                    f"SocketConnectHost=127.0.0.1\nSocketConnectPort={port}\n"
                )

    def _write_venues(self, ports: Mapping[str, int]) -> None:
        lines = [
            f"seed = {self.seed % 2**31}",
            'state_dir = "venues"',
            'log_file = "log/venues.jsonl"',
            'faults = "faults.toml"',
            "[clock]",
            f"start = {_START:%Y-%m-%dT%H:%M:%SZ}",
        ]
        for venue, port in ports.items():
            lines += [
                "[[venue]]",
                f'name = "{venue}"',
                f"port = {port}",
                'clients = ["TRIMTAB"]',
                'prices = "prices.csv"',
                "fee_per_share = 0.003",
                "replenish_interval = 0.1",
                "level_share = 0.0002",
                "[[venue.session]]",
                f'client = "{_COPIES}"',
                'kind = "drop_copy"',
                'of = ["TRIMTAB"]',
            ]
        self.venues_file.write_text("\n".join(lines) + "\n", "utf-8")
        (self.directory / "faults.toml").write_text(_FAULTS, "utf-8")
        prices = ["symbol,security_id,price,tick,lot_size,average_daily_volume"]
        prices += [f"{n.symbol},{n.security_id},{n.price},0.01,1,1000000" for n in read_names()]
        (self.directory / "prices.csv").write_text("\n".join(prices) + "\n", "utf-8")


def orders_session(venue: str) -> str:
    """The session that takes our orders."""
    return f"FIX.4.4:TRIMTAB->{venue}"


def copies_session(venue: str) -> str:
    """The session that repeats the reports."""
    return f"FIX.4.4:{_COPIES}->{venue}"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, held all at once so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
