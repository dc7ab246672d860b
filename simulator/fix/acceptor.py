"""Doors: the sockets of the venues on one asyncio loop.

A turn: everything that was read in one round of the loop goes to `on_turn` as one list; it
answers by `session.say`, makes durable what was asked and said, and returns; only then is anything
written, in one write per session. `on_turn` is also called with an empty list when sessions
themselves have something to say (heartbeats, rejects, logons): their numbers must be durable too.
An exception out of `on_turn` goes to the loop's exception handler, and nothing is written any more.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable, Sequence

from simulator.fix.connection import Connection
from simulator.fix.door import Door
from simulator.fix.instant import Instant
from simulator.fix.profile import DoorLimits
from simulator.fix.refusals import OnEvent, Refusals
from simulator.fix.session import Asked, Session

_TICK_SECONDS = 0.25

OnTurn = Callable[[list[Asked], Instant], None]
OnWire = Callable[[Session, str, bytes], None]  # "fix.in" or "fix.out", and the message.


class Acceptor:
    """All doors of the program. To be made, opened and closed on a running loop."""

    def __init__(
        self,
        *,
        clock: Callable[[], Instant],
        on_turn: OnTurn,
        on_event: OnEvent,
        on_wire: OnWire | None = None,
    ) -> None:
        self.now = clock
        self._on_turn = on_turn
        self._on_event = on_event
        self._on_wire = on_wire
        self._refusals = Refusals(on_event)
        self._servers: list[asyncio.Server] = []
        self._sessions: list[Session] = []
        self._connections: set[Connection] = set()
        self._live: dict[Session, Connection] = {}
        self._loop = asyncio.get_running_loop()
        self._empty = asyncio.Event()
        self._due = False
        self._wakes_at = math.inf  # When a fault lets something go.
        self._broken = False
        self._ticker = self._loop.call_later(_TICK_SECONDS, self._tick)

    async def open(
        self, sessions: Sequence[Session], *, host: str, port: int, limits: DoorLimits
    ) -> int:
        """Listen for these sessions; returns the port (0 takes a free one). Raises OSError."""
        door = Door(sessions, limits)
        server = await self._loop.create_server(
            lambda: Connection(self, door), host, port, reuse_address=True
        )
        self._servers.append(server)
        self._sessions.extend(sessions)
        return int(server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        """Open sockets, logged on or not."""
        return len(self._connections)

    def disconnect(self, session: Session) -> None:
        """Break a session's connection at once, if it has one."""
        session.faults.disconnect()
        self.turn()

    def turn(self) -> None:
        """Hand over what waits, then write what was said. The program's own timers call it."""
        self._due = False
        if self._broken:
            return
        now = self.now()
        for session, connection in self._live.items():
            if session.busy and connection.roomy and not session.over and not session.out:
                session.more(now)
        asked: list[Asked] = []
        for session in self._sessions:
            if session.asked:
                asked += session.asked
                session.asked.clear()
        self._broken = True  # Until `on_turn` has returned.
        self._on_turn(asked, now)
        self._broken = False
        for session in self._sessions:
            if session.events:
                self._tell(session)
        for session, connection in list(self._live.items()):
            if session.out or session.over or session.faults.is_active or connection.is_deaf:
                self._write(session, connection, now.seconds)

    async def close(self, text: str, seconds: float = 3.0) -> None:
        """Log everybody out, wait a moment for their answers, close every socket."""
        for server in self._servers:
            server.close()
        for session in self._live:
            session.logout(text, self.now())
        self.turn()
        if self._live:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), seconds)
        self._ticker.cancel()
        for connection in self._connections:
            connection.abort()
        await asyncio.sleep(0)
        self.turn()

    # What connections ask.

    def arrived(self, connection: Connection) -> None:
        self._connections.add(connection)

    def departed(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def touch(self, connection: Connection) -> None:
        session = connection.session
        assert session is not None
        if session.online or session.over:
            self._live[session] = connection
            self._empty.clear()
        else:
            self._live.pop(session, None)
            connection.session = None
            if not self._live:
                self._empty.set()
        if not self._due:
            self._due = True
            self._loop.call_soon(self.turn)

    def refused(self, address: str, reason: str) -> None:
        self._refusals.add(address, reason, self.now().seconds)

    def heard(self, session: Session, raw: bytes) -> None:
        if self._on_wire is not None:
            self._on_wire(session, "fix.in", raw)

    # Within.

    def _write(self, session: Session, connection: Connection, seconds: float) -> None:
        out = session.take_out(seconds)
        if self._on_wire is not None:
            for raw in out:
                self._on_wire(session, "fix.out", raw)
        reason = connection.write(b"".join(out), session.faults.held_bytes) if out else ""
        if reason:
            self._on_event("slow_consumer_cut_off", {"session": session.name, "reason": reason})
            connection.part(reason)
        elif session.faults.cut:
            connection.abort()
            connection.part("cut by a fault")
        elif session.over:
            connection.close()
            connection.part("logged out")
        else:
            self._follow_faults(session, connection, seconds)
            if session.busy and connection.roomy:
                self.touch(connection)

    def _follow_faults(self, session: Session, connection: Connection, seconds: float) -> None:
        connection.listen(listens=session.faults.reads(seconds))
        due = session.faults.next_due()
        if due is not None and due < self._wakes_at:
            self._wakes_at = due
            self._loop.call_later(max(0.0, due - seconds), self._wake)

    def _wake(self) -> None:
        self._wakes_at = math.inf
        self.turn()

    def _tell(self, session: Session) -> None:
        events, session.events = session.events, []
        for name, fields in events:
            self._on_event(name, fields)

    def _tick(self) -> None:
        self._ticker = self._loop.call_later(_TICK_SECONDS, self._tick)
        now = self.now()
        self._refusals.settle(now.seconds)
        for session in self._live:
            session.tick(now)
        if any(one.out or one.over or one.faults.is_active for one in self._live):
            self.turn()
