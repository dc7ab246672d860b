"""Settings of the gateway: one profile per venue, joined to its FIX sessions.

A venue's table in the service's TOML names a session of QuickFIX's file; what
does not fit together stops the start with a sentence that names the place.
Secrets come from the environment only.
"""

import difflib
import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from domain.allocations import AllocationMode
from domain.day_roll import DayRoll
from domain.errors import ConfigError
from domain.hearing import PLAIN, Hearing, Hearings
from domain.ports import SessionKind
from domain.venue_ways import VenueWays, Ways
from gateway.dialect import Dialect
from gateway.dialect_settings import KEYS as DIALECT_KEYS
from gateway.dialect_settings import read_dialect
from gateway.hearing_settings import KEYS as HEARING_KEYS
from gateway.hearing_settings import read_hearing
from gateway.market_days import MarketDays
from gateway.sessioncfg import SessionConfig, read_sessions

_PASSWORD = "TRIMTAB_FIX_PASSWORD_"  # noqa: S105 - the name of a variable
_USERNAME = "TRIMTAB_FIX_USERNAME_"
_VENUE = re.compile(r"[A-Z0-9]{1,12}")
_TOKEN = re.compile(r"[!-~]{1,64}")
_DROP_COPY = "_DROP_COPY"  # Ends the names of a drop copy's variables.
_VENUE_KEYS = {
    "session": str,
    "account": str,
    "throttle": int,
    "tls": bool,
    "tls_proxy": bool,
    "down_seconds": int,
    "mass_status": bool,
    "drop_copy": str,
    "drop_copy_seconds": int,
    "day_roll": str,
    "calendar": str,
    **DIALECT_KEYS,
    **HEARING_KEYS,
}
_PLAIN_KEYS = (
    _VENUE_KEYS.keys()
    - {"session", "drop_copy", "day_roll", "calendar"}
    - DIALECT_KEYS.keys()
    - HEARING_KEYS.keys()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One FIX session, what it is for, and who we are there."""

    venue: str
    kind: SessionKind = SessionKind.ORDERS
    session: SessionConfig
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    down_seconds: int = 30  # Down for longer than this, when it should be up, is an alarm.
    accounts: Mapping[str, str] = field(default_factory=dict)  # Ours to the broker's names.
    lists_wait: bool = False  # A list is begun by a ListExecute.
    list_tags: frozenset[int] = frozenset()  # The broker's own, of an order in a list.


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueProfile:
    """How we speak to one venue."""

    venue: str
    session: SessionConfig
    account: str = "TRIMTAB"  # Our block account at the broker (tag 1).
    throttle: int = 100  # Messages a second, at most.
    tls: bool = False  # Never connect in clear.
    tls_proxy: bool = False  # A proxy on this machine does the TLS: connect to nothing else.
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    copies: Connection | None = None  # Where the venue repeats its reports.
    down_seconds: int = 30  # A session that is down for longer is an alarm.
    mass_status: bool = False  # Ask about all orders at once after a logon.
    drop_copy_seconds: int = 30  # A copy that is not booked after this long is an alarm.
    day_roll: DayRoll | None = None  # When Day orders of the day before are certainly dead.
    dialect: Dialect = field(default_factory=Dialect)  # How it wants to be spoken to.
    hearing: Hearing = PLAIN  # What it means by what it says.

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The session for orders, and that for copies where there is one."""
        orders = Connection(
            venue=self.venue,
            session=self.session,
            username=self.username,
            password=self.password,
            down_seconds=self.down_seconds,
            accounts=self.dialect.accounts,
            lists_wait=self.dialect.lists_wait,
            list_tags=self.dialect.list_tags,
        )
        return (
            (orders,)
            if self.copies is None
            else (
                orders,
                replace(self.copies, down_seconds=self.down_seconds),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Everything the gateway is told at its start."""

    profiles: tuple[VenueProfile, ...]
    queue_limit: int = 10_000  # Inbound messages that wait for the database.
    patience_seconds: float = 30.0  # A full queue stops the process after this long.
    acknowledgement_seconds: float = 10.0  # Silence after this puts an order in doubt.
    allocation_seconds: float = 60.0  # The same for an allocation: back offices are slower.
    rehearsal: bool = False  # The clock is not the machine's, by which the engine's store counts.

    @property
    def hearings(self) -> Hearings:
        """What each venue means by what it says."""
        return {one.venue: one.hearing for one in self.profiles}

    @property
    def ways(self) -> Ways:
        """What the order desk has to know of each venue."""
        return {
            one.venue: VenueWays(
                allocations=one.dialect.allocations,
                daily_allocations=one.dialect.daily_allocations,
                takes_lists=one.dialect.list_orders > 0,
                lists_take_algos=one.dialect.list_algos,
            )
            for one in self.profiles
            if one.dialect.allocations is not AllocationMode.NONE or one.dialect.list_orders
        }

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Every session of every venue."""
        return tuple(one for profile in self.profiles for one in profile.connections)

    def profile(self, venue: str) -> VenueProfile | None:
        """The profile of `venue`."""
        return next((p for p in self.profiles if p.venue == venue), None)


def load_settings(
    session_file: Path,
    venues: Mapping[str, Mapping[str, Any]],
    environment: Mapping[str, str],
    *,
    config_file: str = "trimtab.toml",
) -> GatewaySettings:
    """Join the `[venues.NAME]` tables of `config_file` to the sessions; raises `ConfigError`."""
    sessions = {session.name: session for session in read_sessions(session_file)}
    if not venues:
        raise ConfigError(f"{config_file}: there is no [venues.NAME] table; add one for each venue")
    profiles = tuple(
        _profile(name, table, sessions, environment, config_file) for name, table in venues.items()
    )
    used = _owners(profiles, config_file)
    for name, session in sessions.items():
        if name not in used:
            raise ConfigError(
                f"{session.path}:{session.line}: no [venues.NAME] table of {config_file} "
                f'uses session {name}; add session = "{name}" to one, or remove the section'
            )
    return GatewaySettings(profiles=profiles)


def _owners(profiles: Sequence[VenueProfile], config_file: str) -> Mapping[str, str]:
    """The venue of each session; no session may serve two purposes."""
    used: dict[str, str] = {}
    for venue, name in ((p.venue, one.session.name) for p in profiles for one in p.connections):
        if name in used:
            both = " and ".join(dict.fromkeys(f"[venues.{one}]" for one in (venue, used[name])))
            raise ConfigError(f"{config_file}: {both} name the same session twice: {name}")
        used[name] = venue
    return used


def _profile(
    venue: str,
    table: Mapping[str, Any],
    sessions: Mapping[str, SessionConfig],
    environment: Mapping[str, str],
    config_file: str,
) -> VenueProfile:
    where = f"{config_file}: [venues.{venue}]"
    if not _VENUE.fullmatch(venue):
        raise ConfigError(f"{where}: a venue's name is 1 to 12 capital letters and digits")
    for key, value in table.items():
        kind = _VENUE_KEYS.get(key)
        if kind is None:
            near = difflib.get_close_matches(key, _VENUE_KEYS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(_VENUE_KEYS)}"
            raise ConfigError(f"{where}: unknown key {key}; {hint}")
        if type(value) is not kind:
            raise ConfigError(f"{where}: {key} = {value!r} must be of type {kind.__name__}")
    copies = None
    if "drop_copy" in table:
        copies = Connection(
            venue=venue,
            kind=SessionKind.DROP_COPY,
            session=_session(table, "drop_copy", sessions, where),
            username=_secret(environment, _USERNAME + venue + _DROP_COPY),
            password=_secret(environment, _PASSWORD + venue + _DROP_COPY),
        )
    session = _session(table, "session", sessions, where)
    profile = VenueProfile(
        venue=venue,
        session=session,
        username=_secret(environment, _USERNAME + venue),
        password=_secret(environment, _PASSWORD + venue),
        copies=copies,
        day_roll=_day_roll(table, where),
        dialect=read_dialect(table, is_fifty=session.is_fixt, where=where),
        hearing=read_hearing(table, where),
        **{key: value for key, value in table.items() if key in _PLAIN_KEYS},
    )
    _check(profile, where)
    return profile


def _session(
    table: Mapping[str, Any], key: str, sessions: Mapping[str, SessionConfig], where: str
) -> SessionConfig:
    name = str(table.get(key))
    if name not in sessions:
        raise ConfigError(f"{where}: {key} {name!r} is not one of {', '.join(sessions)}")
    return sessions[name]


def _day_roll(table: Mapping[str, Any], where: str) -> DayRoll | None:
    if "day_roll" not in table:
        if "calendar" in table:
            raise ConfigError(f"{where}: calendar goes with day_roll; say when its day changes")
        return None
    text = str(table["day_roll"])
    at, _, zone = text.partition(" ")
    try:
        roll = DayRoll(at=datetime.strptime(at, "%H:%M").time(), zone=ZoneInfo(zone))  # noqa: DTZ007 - a time of day
    except (ValueError, OSError, KeyError) as error:  # KeyError: no such zone.
        raise ConfigError(
            f"{where}: day_roll = {text!r} is not a time of day and a time zone; "
            'write for example "17:00 America/New_York"'
        ) from error
    if "calendar" not in table:
        return roll
    return replace(roll, is_open=MarketDays(str(table["calendar"]), where))


def _check(profile: VenueProfile, where: str) -> None:
    if profile.throttle < 1:
        raise ConfigError(f"{where}: throttle = {profile.throttle} would never send; 1 or more")
    if profile.down_seconds < 1:
        raise ConfigError(
            f"{where}: down_seconds = {profile.down_seconds} would be an alarm at every logon; "
            "1 or more"
        )
    if profile.drop_copy_seconds < 1:
        raise ConfigError(
            f"{where}: drop_copy_seconds = {profile.drop_copy_seconds} leaves no time to book; "
            "1 or more"
        )
    if not _TOKEN.fullmatch(profile.account):
        raise ConfigError(f"{where}: account = {profile.account!r} must be printable, no spaces")
    for connection in profile.connections:
        _check_tls(profile, connection.session, where)


def _check_tls(profile: VenueProfile, session: SessionConfig, where: str) -> None:
    host = session.text("SocketConnectHost") or ""
    if profile.tls_proxy and profile.tls:
        raise ConfigError(
            f"{where}: tls and tls_proxy are both true; keep tls where the engine does it, "
            "tls_proxy where a proxy does"
        )
    if profile.tls_proxy and not _is_this_machine(host):
        raise ConfigError(
            f"{where}: tls_proxy = true, but session {session.name} "
            f"({session.path}:{session.line}) connects to {host}, in clear; let it connect to "
            "the proxy's port on 127.0.0.1"
        )
    if profile.tls and not session.wants_tls:
        raise ConfigError(
            f"{where}: tls = true, but session {session.name} ({session.path}:{session.line}) has "
            "no CertificationAuthoritiesFile to check the venue with; it would connect in clear"
        )
    if session.wants_tls and not profile.tls:
        raise ConfigError(
            f"{where}: session {session.name} has certificates, but tls is not true; "
            "add tls = true so that it can never connect in clear"
        )


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _secret(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name)
    if value is not None and not _TOKEN.fullmatch(value):
        raise ConfigError(f"{name} must be 1 to 64 printable characters without spaces")
    return value or None
