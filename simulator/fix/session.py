"""A FIX session of one client: a pure state machine."""

from datetime import datetime
from typing import NamedTuple

from simulator.fix.profile import SessionProfile
from simulator.fix.store import Store
from simulator.values.messages import Message
from simulator.values.requests import Request


class Instant(NamedTuple):
    """Now, twice: what timestamps say, and what time-outs count (it never jumps)."""

    wall: datetime  # UTC.
    seconds: float  # Monotonic.


class Asked(NamedTuple):
    """A request as it came in. Number 0 and no raw text: Connected and Disconnected."""

    session: "Session"
    number: int  # MsgSeqNum (34).
    raw: bytes
    request: Request


class Session:
    """Lives as long as the program; connections come and go."""

    profile: SessionProfile
    store: Store

    def __init__(self, profile: SessionProfile, store: Store) -> None:
        self.profile = profile
        self.store = store

    def say(self, message: Message, now: Instant, *, poss_resend: bool = False) -> bytes:
        """Number, write and keep a message; it leaves after the turn. Kept only, when logged off.

        Returns the whole message as it is kept.
        """
        raise NotImplementedError

    def logout(self, text: str, now: Instant) -> None:
        """Say goodbye; the connection closes when the client answers, or after a while."""
        raise NotImplementedError
