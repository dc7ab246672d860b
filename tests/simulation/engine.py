"""The simulated FIX engine: `gateway.ports.FixEngine` without sockets and threads."""

from collections.abc import Mapping

from gateway.callbacks import Callbacks
from tests.simulation.clock import SimClock
from tests.simulation.engine_session import EngineSession, Moment
from tests.simulation.engine_store import EngineStore
from tests.simulation.network import Line, Network


class SimEngine:
    """The sessions of one process; their stores are handed in, as they outlive it."""

    rewinds = True  # Begin at what is durable, as `gateway.engine` does in `onCreate`.

    def __init__(
        self,
        stores: Mapping[str, EngineStore],
        callbacks: Callbacks,
        *,
        clock: SimClock,
        network: Network,
        moment: Moment,
    ) -> None:
        self._callbacks = callbacks
        self._network = network
        self._is_stopped = True
        self.sessions = {
            name: EngineSession(
                name, store, callbacks=callbacks, clock=clock, network=network, moment=moment
            )
            for name, store in stores.items()
        }

    def start(self, durable: Mapping[str, int]) -> None:
        self._is_stopped = False
        for name, session in self.sessions.items():
            if self.rewinds:
                session.store.next_target = durable.get(name, 0) + 1

    def stop(self) -> None:
        self._callbacks.is_stopping = True
        self._is_stopped = True
        for session in self.sessions.values():
            session.logout()

    def abandon(self) -> None:
        """The process is gone, and nobody is told but the other ends of its sockets."""
        for session in self.sessions.values():
            if session.line is not None:
                session.line.engine_is_up = False
                session.line = None

    def is_logged_on(self, session: str) -> bool:
        return session in self._callbacks.logged_on

    def is_due(self, session: str) -> bool:
        return not self._is_stopped

    def send(self, session: str, text: str) -> bool:
        return self.is_logged_on(session) and self.sessions[session].send(text)

    def sequences(self, session: str) -> tuple[int, int]:
        store = self.sessions[session].store
        return store.next_sender, store.next_target

    def wants_to_connect(self) -> list[EngineSession]:
        """Sessions without a connection."""
        if self._is_stopped:
            return []
        return [session for session in self.sessions.values() if session.line is None]

    def tick(self) -> None:
        """Once in a while: heartbeats."""
        for session in self.sessions.values():
            session.tick()


def connect(session: EngineSession, network: Network) -> Line:
    """A new line for a session that has none."""
    line = network.lines[session.name] = Line(session.name)
    session.connected(line)
    return line
