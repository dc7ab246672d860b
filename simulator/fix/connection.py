"""One socket: bytes to the session that its first message names, and what the session says back."""

import asyncio
from typing import Protocol

from simulator.fix.codec import SOH, Framer, Incoming, encode, parse
from simulator.fix.door import Door
from simulator.fix.instant import Instant, stamped
from simulator.fix.session import Session

_ROOM = 256 << 10  # Unsent bytes above which a resend waits.
_FAREWELL_SECONDS = 5.0


class House(Protocol):
    """What a connection asks of the acceptor."""

    def now(self) -> Instant: ...

    def arrived(self, connection: "Connection") -> None: ...

    def departed(self, connection: "Connection") -> None: ...

    def touch(self, connection: "Connection") -> None:
        """Something was read or may be written: a turn is due."""
        ...

    def refused(self, address: str, reason: str) -> None: ...

    def heard(self, session: Session, raw: bytes) -> None: ...


class Connection(asyncio.Protocol):
    """From accept to close."""

    def __init__(self, house: House, door: Door) -> None:
        self.session: Session | None = None
        self.address = "?"
        self.roomy = True
        self._house = house
        self._door = door
        self._framer = Framer(door.limits.bytes_before_logon)
        self._inside = False
        self._read = 0
        self._transport: asyncio.Transport
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._house.arrived(self)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else "?"
        reason = self._door.enter(self.address, self._house.now().seconds)
        if reason:
            self._turn_away(reason)
            return
        self._inside = True
        transport.set_write_buffer_limits(high=_ROOM)
        self._patience = asyncio.get_running_loop().call_later(
            self._door.limits.seconds_before_logon, self._turn_away, "no Logon came in time"
        )

    def data_received(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        if self.session is None:
            room = self._door.limits.bytes_before_logon - self._read
            self._before_logon(data[:room])
            data = data[room:]
        if self.session is not None and data:
            self._hear(self.session, data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        if self._inside:
            self._door.leave(self.address)
        self._house.departed(self)
        self.part("the client hung up" if exc is None else f"the connection broke ({exc})")

    def pause_writing(self) -> None:
        self.roomy = False

    def resume_writing(self) -> None:
        self.roomy = True
        self._house.touch(self)

    def part(self, reason: str) -> None:
        """Session and socket go their own ways."""
        if self.session is not None:
            self.session.lost(reason)
            self._house.touch(self)

    def write(self, data: bytes, held_bytes: int) -> str:
        """Send; the reason when the client has left too much unread and is cut off, else empty.

        `held_bytes` are what a fault holds back: they count as unread.
        """
        self._transport.write(data)
        unread = self._transport.get_write_buffer_size() + held_bytes
        if unread <= self._door.limits.unsent_bytes:
            return ""
        self._transport.abort()
        return f"slow consumer: more than {self._door.limits.unsent_bytes} bytes unread"

    def close(self) -> None:
        """Hang up once what was written is read, or soon."""
        self._transport.close()
        asyncio.get_running_loop().call_later(_FAREWELL_SECONDS, self._transport.abort)

    def abort(self) -> None:
        """Hang up at once, as a broken line would."""
        self._transport.abort()

    @property
    def is_deaf(self) -> bool:
        """Whether nothing is read from the socket."""
        return not self._transport.is_reading()

    def listen(self, *, listens: bool) -> None:
        """Read from the socket, or leave what comes to the client's own buffers."""
        if listens and self.is_deaf:
            self._transport.resume_reading()
        elif not listens and not self.is_deaf:
            self._transport.pause_reading()

    def _before_logon(self, data: bytes) -> None:
        self._read += len(data)
        for raw in self._framer.feed(data):
            if self.session is not None:
                self._receive(self.session, raw, self._house.now())
            elif not self._transport.is_closing():
                self._introduce(parse(raw))
        if self.session is None and self._framer.garbled and not self._transport.is_closing():
            self._turn_away(f"what came is no FIX message of at most {self._framer.longest} bytes")

    def _introduce(self, logon: Incoming) -> None:
        found = self._door.session_of(logon, self.address)
        if isinstance(found, str):
            self._turn_away(found, logon)
            return
        now = self._house.now()
        if self._patience is not None:
            self._patience.cancel()
        self.session = found
        self._framer.longest = found.profile.message_bytes
        self._house.heard(found, logon.raw)
        found.log_on(logon, now)
        self._house.touch(self)

    def _hear(self, session: Session, data: bytes) -> None:
        garbled = self._framer.garbled
        now = self._house.now()
        for raw in self._framer.feed(data):
            self._receive(session, raw, now)
            if session.over:
                break
        for _ in range(min(self._framer.garbled - garbled, 100)):
            if not session.over:
                session.garbled(now)
        self._house.touch(self)

    def _receive(self, session: Session, raw: bytes, now: Instant) -> None:
        if session.online and not session.over:  # Else its Logon was refused, or it was ended.
            self._house.heard(session, raw)
            session.receive(raw, now)

    def _turn_away(self, reason: str, logon: Incoming | None = None) -> None:
        """Hang up on a stranger; who sent a message is told why."""
        self._house.refused(self.address, reason)
        if logon is None or logon.kind != "A":
            self._transport.abort()
            return
        farewell = (
            f"35=5{SOH}34=1{SOH}49={logon.get('56')}{SOH}52={stamped(self._house.now().wall)}{SOH}"
            f"56={logon.get('49')}{SOH}58={reason}{SOH}"
        )
        self._transport.write(encode(logon.get("8"), farewell))
        self.close()
