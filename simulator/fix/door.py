"""A venue's door: who may come in, and how many at once."""

from collections import Counter
from collections.abc import Iterable

from simulator.fix.codec import Incoming
from simulator.fix.profile import DoorLimits
from simulator.fix.rate import Rate
from simulator.fix.session import Session


class Door:
    """The sessions of one listening socket, and its limits."""

    def __init__(self, sessions: Iterable[Session], limits: DoorLimits) -> None:
        self.limits = limits
        self.sessions = {
            (one.profile.version.begin_string, one.profile.client, one.profile.venue): one
            for one in sessions
        }
        self._arrivals = Rate(limits.connections_per_second)
        self._inside: Counter[str] = Counter()

    def enter(self, address: str, seconds: float) -> str:
        """Count a connection in; the reason when it must not come in, else an empty text."""
        limits = self.limits
        if not self._arrivals.allows(seconds):
            return f"more than {limits.connections_per_second} connections in a second"
        if self._inside.total() >= limits.connections:
            return f"more than {limits.connections} connections"
        if self._inside[address] >= limits.connections_per_address:
            return f"more than {limits.connections_per_address} connections from one address"
        self._inside[address] += 1
        return ""

    def leave(self, address: str) -> None:
        """Count it out again."""
        self._inside[address] -= 1
        if not self._inside[address]:
            del self._inside[address]

    def session_of(self, logon: Incoming, address: str) -> Session | str:
        """Whose first message this is; or why it is nobody's."""
        if logon.kind != "A":
            return "the first message must be a Logon(35=A)"
        key = (logon.get("8"), logon.get("49"), logon.get("56"))
        session = self.sessions.get(key)
        if session is None:
            return "no session has this BeginString(8), SenderCompID(49) and TargetCompID(56)"
        number = logon.get("34")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return "MsgSeqNum(34) is missing or is no number"
        if session.profile.addresses and address not in session.profile.addresses:
            return "the session may not come from this address"
        if session.online or session.over:
            return "the session is already connected"
        return session
