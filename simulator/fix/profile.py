"""How a session and a venue's door behave: what their owner may set."""

from dataclasses import dataclass
from enum import Enum


class Version(Enum):
    """A version of the session and application layers that the venues speak."""

    FIX44 = ("FIX.4.4", "")
    FIX50SP2 = ("FIXT.1.1", "9")

    def __init__(self, begin_string: str, application: str) -> None:
        self.begin_string = begin_string  # BeginString (8).
        self.application = application  # DefaultApplVerID (1137); empty where there is none.


class Excess(Enum):
    """What a message beyond the allowed rate is answered with."""

    REJECT = "reject"  # BusinessMessageReject; the message is not done.
    LOGOUT = "logout"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionProfile:
    """One session: who the two ends are and what is asked of the client."""

    venue: str  # Our CompID: TargetCompID (56) of what the client sends.
    client: str  # The client's: SenderCompID (49). Also the session's name on the floor.
    version: Version = Version.FIX44
    username: str = ""  # Username (553); asked only where there is a password.
    password: str = ""  # Password (554); empty: none is asked.
    reset_on_logon: bool = False
    heartbeat_seconds: int = 0  # What HeartBtInt (108) must be; 0 takes the client's.
    sending_time_seconds: int = 120  # How far SendingTime (52) may be from ours; 0: any.
    messages_per_second: int = 0  # 0: no limit.
    excess: Excess = Excess.REJECT
    message_bytes: int = 64 << 10  # Longest message.
    addresses: tuple[str, ...] = ()  # Only from these; empty: from anywhere the door is open to.


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorLimits:
    """What strangers may cost before they have logged on, and clients after."""

    bytes_before_logon: int = 4 << 10
    seconds_before_logon: float = 10.0
    connections: int = 256
    connections_per_address: int = 64
    connections_per_second: int = 100
    unsent_bytes: int = 16 << 20  # Of one connection; beyond, a slow consumer is cut off.
