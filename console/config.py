"""`trimtab.toml`: everything that a person may set, as frozen values.

Nothing is guessed: an unknown key, a missing or zero limit and a misspelt
variable are refused with file, line and the nearest valid name. Paths are
relative to the file. Secrets never stand in it; they come from the environment.
"""

import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from console.routes import read_routing
from console.tables import BASIS_POINTS, Document, Table
from domain.errors import ConfigError
from oms.routing import RoutingSettings

ENVIRONMENT_PREFIX = "TRIMTAB_"
PASSWORD_PREFIX = "TRIMTAB_FIX_PASSWORD_"  # noqa: S105 - the name of a variable
USERNAME_PREFIX = "TRIMTAB_FIX_USERNAME_"
DATABASE_PASSWORD = "TRIMTAB_DATABASE_PASSWORD"  # noqa: S105 - the name of a variable
CONFIG_VARIABLE = "TRIMTAB_CONFIG"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """Where the facts are kept. `url` has its password, so it is never printed."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings:
    """Files outside the database."""

    anchor: Path
    log: Path
    token: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """How much is logged and kept."""

    level: str
    max_megabytes: int
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSettings:
    """`start` None: the machine's clock. Otherwise a clock that starts there (demos)."""

    start: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """The process itself."""

    tick_seconds: Decimal
    workers: int
    account_seconds: int  # What the optimizer may take for one account, and for one run.
    run_seconds: int
    scheduler_address: str  # Of a Dask cluster for the optimizer; empty: this machine's processes.
    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """Where the local API listens: a Unix socket, or a loopback address."""

    socket: Path | None
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerSettings:
    """How proposals are made."""

    compile_rules: bool  # Whether they keep the linear rules that block, or the check finds out.


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalSettings:
    """A run within both limits and without a breach is released by policy."""

    max_orders: int
    max_notional: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSettings:
    """How orders are released."""

    limit_collar_bps: Decimal
    wave_timeout_seconds: Decimal
    cash_cushion: Decimal
    on_failure: str  # "keep" or "cancel".
    residuals: Mapping[str, object]  # Of a [[trigger]], for the run that looks at them; {}: none.


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSettings:
    """The last limits before the wire; `oms.wire_risk.RiskLimits` says what each means."""

    maximum_quantity: Decimal
    maximum_notional: Decimal
    price_collar_bps: Decimal
    stale_days: int
    duplicate_seconds: Decimal
    orders_per_minute: int
    messages_per_minute: int
    daily_firm: Decimal
    daily_strategy: Decimal
    daily_account: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSettings:
    """One venue; `table` is its whole TOML table, which the gateway checks.

    The gateway reads its Logon's secrets from the environment itself.
    """

    name: str
    session: str
    table: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerTable:
    """One [[trigger]] as written; `scheduler.triggers` gives it its meaning."""

    table: Mapping[str, object]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One configuration, checked."""

    path: Path
    database: DatabaseSettings
    files: FileSettings
    log: LogSettings
    clock: ClockSettings
    service: ServiceSettings
    api: ApiSettings
    optimizer: OptimizerSettings
    approval: ApprovalSettings
    release: ReleaseSettings
    risk: RiskSettings
    routing: RoutingSettings
    venues: Mapping[str, VenueSettings]
    fix_settings: Path
    rules: Path
    layouts: Path
    triggers: tuple[TriggerTable, ...]

    @property
    def directory(self) -> Path:
        """The folder of the file: what relative paths start from."""
        return self.path.parent


def load_config(path: Path, environment: Mapping[str, str]) -> Config:
    """Read and check a configuration; raises `ConfigError` with file, line, key and remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        message = f"there is no {path}; `trimtab init` writes one, `--config FILE` names another"
        raise ConfigError(message) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    return parse_config(text, path.resolve(), environment)


def parse_config(text: str, path: Path, environment: Mapping[str, str]) -> Config:
    """Check the text of a configuration that stands, or would stand, at `path`."""
    try:
        document = Document(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    root = document.root()
    files, book = root.table("files"), root.table("book")
    fix, rules = root.table("fix"), root.table("rules")
    release, venues = _release(root.table("release")), _venues(root.table("venues"))
    config = Config(
        path=path,
        database=_database(root.table("database"), path.parent, environment),
        files=FileSettings(
            anchor=files.path("anchor"), log=files.path("log"), token=files.path("token")
        ),
        log=_log(root.table("log", optional=True)),
        clock=ClockSettings(start=root.table("clock", optional=True).instant("start")),
        service=_service(root.table("service")),
        api=_api(root.table("api")),
        optimizer=OptimizerSettings(
            compile_rules=root.table("optimizer", optional=True).flag(
                "compile_rules", default=False
            )
        ),
        approval=_approval(root.table("approval")),
        release=release,
        risk=_risk(root.table("risk")),
        routing=read_routing(
            root.table("routing", optional=True),
            root.array("route"),
            collar=release.limit_collar_bps / BASIS_POINTS,
            venues=tuple(venues),
        ),
        venues=venues,
        fix_settings=fix.path("settings"),
        rules=rules.path("file"),
        layouts=book.path("layouts"),
        triggers=tuple(
            TriggerTable(table=t.everything(), line=t.line("")) for t in root.array("trigger")
        ),
    )
    root.refuse_the_rest()
    _check_environment(environment, config)
    return config


def _database(table: Table, directory: Path, environment: Mapping[str, str]) -> DatabaseSettings:
    url = table.text("url")
    if url.startswith("sqlite:///"):
        file = url.removeprefix("sqlite:///")
        if not file or file.startswith((":", "?")):
            table.refuse("url", "names no file", 'write url = "sqlite:///trimtab.db"')
        return DatabaseSettings(url=f"sqlite:///{directory / file}")
    if not url.startswith(("postgresql://", "postgresql+psycopg://")):
        table.refuse("url", f"{url!r} is neither sqlite:///FILE nor postgresql://HOST/NAME", "")
    parts = urlsplit(url)
    if parts.password is not None:
        table.refuse("url", "holds a password", f"take it out and set {DATABASE_PASSWORD}")
    password = environment.get(DATABASE_PASSWORD)
    if password is None:
        return DatabaseSettings(url=url)
    if not parts.username:
        table.refuse("url", f"names no user, but {DATABASE_PASSWORD} is set", "add USER@")
    user, _, host = parts.netloc.rpartition("@")
    location = f"{user}:{quote(password, safe='')}@{host}"
    return DatabaseSettings(url=urlunsplit(parts._replace(netloc=location)))


def _log(table: Table) -> LogSettings:
    return LogSettings(
        level=table.choice("level", ("debug", "info", "warning", "error"), default="info"),
        max_megabytes=table.count("max_megabytes", default=64),
        keep=table.count("keep", default=8),
    )


def _service(table: Table) -> ServiceSettings:
    return ServiceSettings(
        tick_seconds=table.amount("tick_seconds"),
        workers=table.count("workers"),
        account_seconds=table.count("account_seconds", default=60),
        run_seconds=table.count("run_seconds", default=3600),
        scheduler_address=table.text("scheduler_address") if table.has("scheduler_address") else "",
        holder=table.text("holder"),
    )


def _api(table: Table) -> ApiSettings:
    if table.has("socket"):
        if table.has("host") or table.has("port"):
            table.refuse("socket", "stands beside host or port", "keep one of the two")
        return ApiSettings(socket=table.path("socket"), host="", port=0)
    host, port = table.text("host"), table.count("port")
    if not _is_loopback(host):
        remedy = "use 127.0.0.1, ::1 or a socket; put an SSH tunnel in front for other machines"
        table.refuse("host", f"{host!r} is not a loopback address", remedy)
    if port > 65535:
        table.refuse("port", f"{port} is no port", "use 1024 to 65535")
    return ApiSettings(socket=None, host=host, port=port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _approval(table: Table) -> ApprovalSettings:
    return ApprovalSettings(
        max_orders=table.count("max_orders"), max_notional=table.amount("max_notional")
    )


def _release(table: Table) -> ReleaseSettings:
    return ReleaseSettings(
        limit_collar_bps=table.amount("limit_collar_bps"),
        wave_timeout_seconds=table.amount("wave_timeout_seconds"),
        cash_cushion=table.amount("cash_cushion", zero=True),
        on_failure=table.choice("on_failure", ("keep", "cancel"), default="keep"),
        residuals=_residuals(table.table("residuals", optional=True)),
    )


def _residuals(table: Table) -> Mapping[str, object]:
    """The keys of a calendar trigger on every business day; none where residuals are left."""
    policy = table.choice("policy", ("leave", "reoptimise"), default="leave")
    if policy == "leave":
        table.everything()
        return {}
    return {
        "name": "residuals",
        "kind": "calendar",
        "calendar": table.text("calendar"),
        "day": "every_business_day",
        "minutes_before_close": table.count("minutes_before_close"),
    }


def _risk(table: Table) -> RiskSettings:
    return RiskSettings(
        maximum_quantity=table.amount("maximum_quantity"),
        maximum_notional=table.amount("maximum_notional"),
        price_collar_bps=table.amount("price_collar_bps"),
        stale_days=table.count("stale_days"),
        duplicate_seconds=table.amount("duplicate_seconds"),
        orders_per_minute=table.count("orders_per_minute"),
        messages_per_minute=table.count("messages_per_minute"),
        daily_firm=table.amount("daily_firm"),
        daily_strategy=table.amount("daily_strategy"),
        daily_account=table.amount("daily_account"),
    )


def _venues(table: Table) -> dict[str, VenueSettings]:
    venues = {
        name: VenueSettings(
            name=name,
            session=venue.text("session"),
            table=venue.everything(),
        )
        for name, venue in table.tables()
    }
    if not venues:
        table.refuse("", "names no venue", "add [venues.NAME] with its session")
    return venues


def variable_name(venue: str) -> str:
    """A venue's name as it stands in the name of an environment variable."""
    return "".join(c if c.isalnum() else "_" for c in venue).upper()


def _check_environment(environment: Mapping[str, str], config: Config) -> None:
    from_venues = [variable_name(name) for name in config.venues]
    from_sessions = [name + kind for name in from_venues for kind in ("", "_DROP_COPY")]
    known = [
        CONFIG_VARIABLE,
        DATABASE_PASSWORD,
        *(prefix + name for prefix in (PASSWORD_PREFIX, USERNAME_PREFIX) for name in from_sessions),
    ]
    document = Document(config.path, "", {})
    for name in sorted(environment):
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known:
            nearest = document.nearest(name, known)
            raise ConfigError(
                f"environment variable {name} is not one that Trimtab knows; {nearest}"
            )
