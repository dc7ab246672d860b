"""The sessions of a venue: `clients` in short, [[venue.session]] where one needs more.

What stands in the [[venue]] itself holds for each of its sessions that does not say otherwise.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from simulator.fix.profile import Excess, SessionProfile, Version
from simulator.running.secrets_file import read_secret
from simulator.running.tables import Table

_NAME = re.compile(r"[A-Za-z0-9_-]{1,24}")
_VERSIONS = {version.begin_string: version for version in Version}


class SessionKind(Enum):
    """What a session is for."""

    ORDERS = "orders"
    DROP_COPY = "drop_copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfig:
    """One session."""

    client: str = ""
    kind: SessionKind = SessionKind.ORDERS
    of: tuple[str, ...] = ()  # Whose reports a drop copy has; empty: everybody's.
    version: Version = Version.FIX44
    username: str = ""
    password_file: Path | None = None
    firm: str = ""
    cancel_on_disconnect: bool = False
    reset_on_logon: bool = False
    heartbeat_seconds: int = 0
    sending_time_seconds: int = 120
    messages_per_second: int = 0
    excess: Excess = Excess.REJECT
    message_bytes: int = 64 << 10
    addresses: tuple[str, ...] = ("127.0.0.1",)

    def profile(self, venue: str) -> SessionProfile:
        """As the session layer wants it; reads the password. Raises SecretError."""
        password = ""
        if self.password_file is not None:
            password = read_secret(self.password_file, f"password of {self.client}")
        return SessionProfile(
            venue=venue,
            client=self.client,
            version=self.version,
            username=self.username,
            password=password,
            reset_on_logon=self.reset_on_logon,
            heartbeat_seconds=self.heartbeat_seconds,
            sending_time_seconds=self.sending_time_seconds,
            messages_per_second=self.messages_per_second,
            excess=self.excess,
            message_bytes=self.message_bytes,
            addresses=self.addresses,
        )


def is_name(text: str) -> bool:
    """Whether a text can be a CompID here."""
    return _NAME.fullmatch(text) is not None


def read_sessions(venue: Table, start: Callable[[str, int], int]) -> tuple[SessionConfig, ...]:
    """Every session of a venue. Raises ConfigError."""
    common = _read(venue, SessionConfig())
    clients = venue.texts("clients", ())
    for client in clients:
        if not is_name(client):
            venue.refuse("clients", client, "1 to 24 letters, digits, _ or - (it is a FIX CompID)")
    sessions = [replace(common, client=client) for client in clients]
    for number, values in enumerate(venue.tables("session")):
        header = f"[[venue.session]] {number + 1}"
        table = Table(venue.path, venue.lines, header, start("session", number), values)
        sessions.append(_own(table, common))
        table.refuse_leftovers()
    _refuse_doubled(venue, sessions)
    return tuple(sessions)


def _own(table: Table, common: SessionConfig) -> SessionConfig:
    client = table.text("client")
    if not is_name(client):
        table.refuse("client", client, "1 to 24 letters, digits, _ or - (it is a FIX CompID)")
    kind = table.choice("kind", SessionKind, SessionKind.ORDERS)
    of = table.texts("of", ())
    if of and kind is not SessionKind.DROP_COPY:
        table.refuse("of", list(of), 'nothing, or kind = "drop_copy"')
    own = replace(common, client=client, kind=kind, of=of, firm=table.text("firm", ""))
    return _read(table, own)


def _read(table: Table, default: SessionConfig) -> SessionConfig:
    """The keys that a venue has for all of its sessions, and a session for itself."""
    password_file = table.text("password_file", "")
    return replace(
        default,
        version=_VERSIONS[
            table.one_of("begin_string", default.version.begin_string, list(_VERSIONS))
        ],
        username=table.text("username", default.username),
        password_file=table.path.parent / password_file if password_file else default.password_file,
        cancel_on_disconnect=table.flag(
            "cancel_on_disconnect", default=default.cancel_on_disconnect
        ),
        reset_on_logon=table.flag("reset_on_logon", default=default.reset_on_logon),
        heartbeat_seconds=table.whole("heartbeat_seconds", default.heartbeat_seconds, 0, 3600),
        sending_time_seconds=table.whole(
            "sending_time_seconds", default.sending_time_seconds, 0, 86400
        ),
        messages_per_second=table.whole(
            "messages_per_second", default.messages_per_second, 0, 1_000_000
        ),
        excess=table.choice("excess", Excess, default.excess),
        message_bytes=table.whole("message_bytes", default.message_bytes, 256, 1 << 24),
        addresses=table.texts("remote_addresses", default.addresses),
    )


def _refuse_doubled(venue: Table, sessions: list[SessionConfig]) -> None:
    names = [session.client for session in sessions]
    for name in names:
        if names.count(name) > 1:
            venue.refuse("clients", name, "each client once, here or as a [[venue.session]]")
    for session in sessions:
        for client in session.of:
            if client not in names:
                venue.refuse("of", client, f"clients of this venue: {', '.join(names)}")
