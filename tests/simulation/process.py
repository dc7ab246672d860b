"""One life of the service: the real gateway core on the simulated engine, disk and clocks."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from unittest.mock import patch

from structlog.typing import FilteringBoundLogger

from domain.runs import Kill
from gateway.arrivals import Arrival
from gateway.core import Core
from gateway.settings import GatewaySettings
from oms.booking import Booking
from oms.doubts import raise_doubts
from oms.halt import take_back
from tests.simulation.clock import Lamp, SimClock
from tests.simulation.disk import Crash, Engines, SimVault
from tests.simulation.engine import SimEngine
from tests.simulation.engine_session import Moment
from tests.simulation.engine_store import EngineStore
from tests.simulation.network import Network

_QUEUE_LIMIT = 1000
_FULL = 100  # Arrivals at which the engine's thread has to wait.
_POLL_SECONDS, _PAUSE_SECONDS = 0.25, 1.0  # As `gateway.threads` has them.


class Process:
    """Starts like `console.app`: vault, doubts, halts, gateway. Ends by `stop` or by `die`."""

    def __init__(
        self,
        *,
        path: Path,
        settings: GatewaySettings,
        stores: Mapping[str, EngineStore],
        clock: SimClock,
        network: Network,
        engines: Engines,
        random: Random,
        moment: Moment,
        let_others: Callable[[], None],
        log: FilteringBoundLogger,
    ) -> None:
        self.arrivals: deque[Arrival] = deque()
        self.at_work: frozenset[str] = frozenset()  # Which threads are in the middle of something.
        self._clock = clock
        self._random = random
        self._is_woken = True
        self._sleeps_until = 0.0  # The outbox's thread, unless it is woken.
        self._rests_until = 0.0  # After a failure it is not even woken.
        self.vault = SimVault(path, clock, engines, let_others)
        with patch("gateway.right_of_way._up", lambda: Lamp(clock)):
            self.core = Core(
                self.vault,
                Booking(settings.ways, settings.hearings),
                clock,
                settings,
                log,
                monotonic=clock.monotonic,
                engine=lambda callbacks: SimEngine(
                    stores, callbacks, clock=clock, network=network, moment=moment
                ),
                deliver=self._queue,
                wake=self.wake,
                pause=self._pause,
            )
        engine = self.core.engine
        assert isinstance(engine, SimEngine)
        self.engine = engine

    def start(self) -> None:
        """Raises `ConfigError` when the engine's store is not to be trusted."""
        vault = self.vault
        vault.real.acquire()
        with vault.write() as uow:
            raise_doubts(uow, self._clock.now())
            kills = uow.kills.active()
        take_back(vault, kills, at=self._clock.now())
        self.engine.start(self.core.prepare())

    def wake(self) -> None:
        """There is something to do for the outbox."""
        self._is_woken = True

    def send(self) -> None:
        """One turn of the outbox's thread, unless it sleeps."""
        now = self._clock.monotonic()
        if now < self._rests_until or not (self._is_woken or now >= self._sleeps_until):
            return
        self._is_woken = False
        with self._working("outbox"):
            is_well = self.core.outbox.step()
        now = self._clock.monotonic()
        self._sleeps_until = now + _POLL_SECONDS
        self._rests_until = now if is_well else now + _PAUSE_SECONDS

    def book(self, most: int) -> None:
        """One turn of the inbox's thread."""
        batch = [self.arrivals.popleft() for _ in range(min(most, len(self.arrivals)))]
        if batch:
            with self._working("inbox"):
                self.core.inbox.take(batch)

    def look(self) -> None:
        """One turn of the watch's thread."""
        with self._working("watch"):
            self.core.watch.look()

    def has_room(self) -> bool:
        """Whether the engine's thread need not wait for the inbox."""
        return len(self.arrivals) < _FULL

    @contextmanager
    def setting(self, kill: Kill) -> Iterator[None]:
        """Commit a kill inside: the outbox's thread stands still meanwhile, as it does."""
        with self._working("outbox"), self.core.last_look.setting(kill):
            yield

    @contextmanager
    def _working(self, thread: str) -> Iterator[None]:
        before = self.at_work
        self.at_work = before | {thread}
        try:
            yield
        finally:
            self.at_work = before

    def stop(self) -> None:
        """In order: nothing more is sent, everything that came is booked."""
        self.core.outbox.halt()
        self.engine.abandon()
        self.book(len(self.arrivals))
        self.core.finish()
        self.vault.real.close()

    def die(self) -> None:
        """As by kill -9."""
        self.engine.abandon()
        self.vault.die()

    def _queue(self, arrival: Arrival) -> None:
        if len(self.arrivals) >= _QUEUE_LIMIT:
            raise Crash("the inbox is full, as the database does not keep up")
        self.arrivals.append(arrival)

    def _pause(self, seconds: float) -> bool:
        self._clock.advance(seconds)
        if self._random.random() < 0.05:
            raise Crash("while the inbox waited for the database")
        return False
