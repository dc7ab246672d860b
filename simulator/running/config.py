"""venues.toml: what to simulate. Unknown keys and impossible values are refused, by line.

Every key is explained in simulator/sample.toml. Paths are relative to the file.
"""

import ipaddress
import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from simulator.running.tables import ConfigError, Table, table_lines
from simulator.running.venue_config import VenueConfig, VenueKind, read_venue

_FASTEST = Decimal(1_000_000)
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockConfig:
    """Which clock the venues have."""

    start: datetime | None = None
    speed: float = 1.0
    stepped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole program."""

    state_dir: Path
    log_file: Path
    venues: tuple[VenueConfig, ...]
    clock: ClockConfig = ClockConfig()
    control_port: int = 0
    control_token_file: Path | None = None
    address: str = "127.0.0.1"
    durable: bool = True
    checkpoint_bytes: int = 128 * _MEGABYTE
    faults: Path | None = None


def read_config(path: Path) -> Config:
    """Raises ConfigError, naming file, line, key and remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such file; copy simulator/sample.toml to start one"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError, ArithmeticError, ValueError) as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    return _config(path, text, document)


def _config(path: Path, text: str, document: dict[str, object]) -> Config:
    lines = text.splitlines()
    starts = table_lines(lines)
    top = Table(path, lines, "the top", 0, document)
    clock = Table(path, lines, "[clock]", starts("clock", 0), top.table("clock"))
    control = Table(path, lines, "[control]", starts("control", 0), top.table("control"))
    seed = top.whole("seed", 1, 0, 1 << 62)
    state_dir = path.parent / top.text("state_dir", "venues")
    log_file, faults = top.text("log_file", ""), top.text("faults", "")
    token_file = control.text("token_file", "")
    config = Config(
        state_dir=state_dir,
        log_file=path.parent / log_file if log_file else state_dir / "venues.log",
        clock=_clock(clock),
        control_port=control.whole("port", 0, 0, 65535),
        control_token_file=path.parent / token_file if token_file else None,
        address=_address(top),
        durable=top.flag("durable", default=True),
        checkpoint_bytes=top.whole("checkpoint_megabytes", 128, 1, 4096) * _MEGABYTE,
        faults=path.parent / faults if faults else None,
        venues=_venues(path, lines, top, seed),
    )
    for table in (top, clock, control):
        table.refuse_leftovers()
    _refuse_clashes(path, config)
    return config


def _venues(path: Path, lines: list[str], top: Table, seed: int) -> tuple[VenueConfig, ...]:
    starts = table_lines(lines)
    inner: Counter[str] = Counter()  # Tables of earlier venues, by name.
    venues = []
    for number, values in enumerate(top.tables("venue")):
        header = f"[[venue]] {number + 1}"
        table = Table(path, lines, header, starts("venue", number), values)
        passed = Counter(inner)

        def start(name: str, nth: int, passed: Counter[str] = passed) -> int:
            return starts(f"venue.{name}", passed[name] + nth)

        venues.append(read_venue(table, start, seed))
        for name, value in values.items():
            inner[name] += len(value) if isinstance(value, list) else isinstance(value, dict)
    return tuple(venues)


def _clock(table: Table) -> ClockConfig:
    start = table.instant("start")
    speed = table.number("speed", Decimal(1), Decimal("0.001"), _FASTEST)
    stepped = table.flag("stepped", default=False)
    if stepped and speed != 1:
        table.refuse("speed", speed, "nothing: a stepped clock moves when it is told to")
    return ClockConfig(start=start, speed=float(speed), stepped=stepped)


def _address(table: Table) -> str:
    text = table.text("address", "127.0.0.1")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        table.refuse("address", text, "an address of this machine such as 127.0.0.1, or 0.0.0.0")


def _refuse_clashes(path: Path, config: Config) -> None:
    if not config.venues:
        raise ConfigError(f"{path}: there is no [[venue]] table; add one")
    names = [venue.name for venue in config.venues]
    ports = [str(venue.port) for venue in config.venues if venue.port]
    for what, values in (("name", names), ("port", ports)):
        for value in values:
            if values.count(value) > 1:
                raise ConfigError(f"{path}: two venues have the {what} {value}; change one")
    lit = [venue.name for venue in config.venues if venue.kind is VenueKind.EXCHANGE]
    for venue in config.venues:
        for other in venue.others:
            if other not in lit:
                raise ConfigError(
                    f"{path}: venue {venue.name} looks to {other!r}, which is no exchange of this "
                    f"file; there are {', '.join(lit) or 'none'}"
                )
