"""One history: everything that happens under one seed, one event after the other.

The service, the network, the disk and the venue take turns as the seed says, and go wrong as it
says. After every event the witness asks the invariants; at the end the faults stop, and everything
must come right in bounded time.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import structlog

from domain.allocations import AllocationMode
from domain.errors import ConfigError, TryAgainError
from domain.orders import OrderIntent, OrdStatus
from domain.splits import Split
from gateway.settings import GatewaySettings
from gateway.wiretext import value_of
from tests.simulation.clock import SimClock
from tests.simulation.desk import Desk
from tests.simulation.disk import Crash, Engines, FaultyDisk
from tests.simulation.engine import connect
from tests.simulation.engine_session import EngineSession
from tests.simulation.engine_store import EngineStore
from tests.simulation.network import Line, Network
from tests.simulation.process import Process
from tests.simulation.settings import drawn
from tests.simulation.venue import SimVenue, Trades
from tests.simulation.witness import ViolationError, Witness

POWER_CUT = "the power was cut"

_WORTH_TELLING = ("warning", "error", "critical")
_SUDDEN_DEATHS = 0.03  # Of the moments at which another thread may run.
_SUDDEN_KILLS = 0.3  # Of the moments at which people do something.
_TOLD = (35, 34, 43, 11, 41, 17, 19, 150, 39, 103, 102, 14, 7, 36, 584, 912, 58)


@dataclass(frozen=True, slots=True)
class Ground:
    """What every history of a worker begins with."""

    directory: Path
    template: Path  # A database with a run, a snapshot and opening positions.
    settings: GatewaySettings
    engines: Engines


class History:
    """The world of one seed; `tests.simulation.play` draws what happens in it."""

    def __init__(self, seed: int, ground: Ground) -> None:
        self.random = random = Random(seed)
        self._trace: list[tuple[float, str | bytes]] = []
        self.clock = SimClock()
        self.network = Network(random)
        self.disk = FaultyDisk()
        self._engines = ground.engines
        self._engines.disk = self.disk
        self._settings = drawn(ground.settings, random)
        self.trades: Trades = {}
        self.venues = {
            one.venue: SimVenue(one.venue, random, self.clock, self.network, self.trades)
            for one in self._settings.profiles
        }
        self._venue_of = {one.session.name: one.venue for one in self._settings.connections}
        self.stores = {name: EngineStore(name) for name in self._venue_of}
        self.desk = Desk(random, self.clock, self._settings)
        self._excuses: set[tuple[str, str]] = set()
        self.is_silent = False  # An alarm told that a session is up and says nothing.
        self.left_to_people: set[str] = set()  # Orders whose allocation did not go back.
        self.process: Process | None = None
        self._directory = ground.directory / "life"
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir()
        self._path = self._directory / "trimtab.db"
        shutil.copyfile(ground.template, self._path)
        shutil.copyfile(ground.template.parent / "anchor", self._directory / "anchor")
        self._log = _quiet_log(self._told)
        self._armed: tuple[int, str] | None = None  # At the n-th moment from now: crash or drop.
        self._is_nested = False
        self.others_likelihood = 0.2
        self.nights = 0
        self.splits: list[Split] = []  # As the venues have them.
        self.booked_splits: list[Split] = []
        self.witness = Witness(self._path, self.trades, self._is_over)
        self.witness.is_excused = self.is_excused
        self.network.on_wire = self._on_wire
        self.disk.on_commit = self.witness.on_commit

    def close(self) -> None:
        self.witness.close()
        if self.process is not None:
            self.process.die()
            self.process = None
        self._engines.close()

    def note(self, text: str | bytes) -> None:
        """One line of the trace, or one message in it."""
        self._trace.append((self.clock.monotonic(), text))

    def trace(self) -> Iterator[str]:
        """What happened, line by line."""
        for seconds, text in self._trace:
            shown = text if isinstance(text, str) else _shown(text)
            yield f"{seconds - 1000:9.3f} {shown}"

    def excuse(self, why: str, venue: str = "") -> None:
        """Why a doubt about an order of `venue`, or of any, may need a person."""
        self._excuses.add((venue, why))

    def is_excused(self, venue: str) -> bool:
        """Whether a doubt there may be left to persons."""
        return any(place in ("", venue) for place, _ in self._excuses)

    def mode_of(self, venue: str) -> AllocationMode:
        """How a broker hears of the accounts of our blocks."""
        profile = self._settings.profile(venue)
        assert profile is not None
        return profile.dialect.allocations

    def has_copies(self, venue: str) -> bool:
        """Whether we listen to its drop copies."""
        profile = self._settings.profile(venue)
        return profile is not None and profile.copies is not None

    def some_venue(self) -> SimVenue:
        """Any of them."""
        return self.random.choice(list(self.venues.values()))

    def venue_at(self, line: Line) -> SimVenue:
        """The other end of a connection."""
        return self.venues[self._venue_of[line.session]]

    def _told(self, event: structlog.typing.EventDict) -> None:
        self.note("  ! " + " ".join(f"{key}={value}" for key, value in event.items()))
        if event["event"] == "evidence_not_kept":
            self.excuse("the database was away when the venue asked for an order again")
        if event.get("kind") == "allocation_not_reversed":
            self.left_to_people.add(event["order"])
        self.is_silent = self.is_silent or event.get("kind") == "session_silent"

    def guarded(self, act: Callable[[], object]) -> None:
        """Do something that the service's process does; it may die of it."""
        try:
            act()
        except Crash as crash:
            self.note(f"the process dies: {crash}")
            self.die()

    # The service.

    def open(self) -> None:
        """The morning: a process, and its sessions up."""
        self.start()
        self.connect()
        self.deliver_to_venue(1)
        self.deliver_to_engine(1)
        self.clock.advance(1)

    def start(self) -> None:
        """A new process; a store that is torn stops it, and people put it right."""
        assert self.process is None
        directory = self._settings.profiles[0].session.store
        for store in self.stores.values():
            store.write(directory)
        self.process = made = Process(
            path=self._path,
            settings=self._settings,
            stores=self.stores,
            clock=self.clock,
            network=self.network,
            engines=self._engines,
            random=self.random,
            moment=self._moment,
            let_others=self._let_others,
            log=self._log,
        )
        try:
            made.start()
        except TryAgainError as error:
            self.note(f"could not start: {error}")
            self.die()
            return
        except ConfigError as error:
            if not any(store.is_torn for store in self.stores.values()):
                raise
            self.note(f"refused to start: {error}")
            self.die()
            for store in self.stores.values():
                store.is_torn = False
            return
        self._ask_of_the_start()

    def _ask_of_the_start(self) -> None:
        self.witness.look()
        for name, order in self.witness.orders.items():
            is_silent = name in self.witness.sent and order.status is OrdStatus.INTENDED
            if is_silent and not order.in_doubt:
                raise ViolationError(
                    f"[4] {name} has no acknowledgement and is not in doubt at start"
                )

    def die(self) -> None:
        """The process is gone; the venue reads what is still in the sockets, or a part of it."""
        if self.process is not None:
            self.note(f"  {len(self.process.arrivals)} messages were not booked yet")
            self.process.die()
        self.process = None
        self._armed = None
        for line in self.network.lines.values():
            if self.random.random() < 0.5:
                self.network.lose(line)

    def stop(self) -> None:
        """In order; a database that is away makes it an end like any other."""
        assert self.process is not None
        try:
            self.process.stop()
            self.process = None
        except TryAgainError as error:
            self.note(f"could not stop in order: {error}")
            self.die()

    # Threads and sockets.

    def _is_over(self, intent: OrderIntent) -> bool:
        return self.desk.roll.is_over(intent, intent.decided_at, self.clock.now())

    def _on_wire(self, session: str, raw: bytes) -> None:
        self.note(b"  > " + raw)
        self.witness.on_wire(session, raw)

    def _let_others(self) -> None:
        """Another thread of the process runs at a point where it could."""
        process = self.process
        if process is None or self._is_nested or self.random.random() >= self.others_likelihood:
            return
        if self.random.random() < _SUDDEN_DEATHS:
            raise Crash("suddenly")
        self._is_nested = True
        try:
            thread = self.random.choice(("engine", "inbox", "outbox", "people"))
            if thread == "engine":
                self.deliver_to_engine(self.random.randint(1, 4))
            elif thread == "inbox" and thread not in process.at_work:
                process.book(self.random.randint(1, 8))
            elif thread == "outbox" and thread not in process.at_work:
                process.send()
            elif thread == "people" and self.random.random() < _SUDDEN_KILLS:
                self.note(f"  suddenly: {self.desk.kill(process)}")
        finally:
            self._is_nested = False

    def _moment(self, where: str) -> None:
        """A point of sending at which a process can die, or a session break."""
        if self._armed is None:
            return
        left, what = self._armed
        self._armed = (left - 1, what) if left else None
        if left:
            return
        if what == "crash":
            raise Crash(where)
        self.note(f"the session breaks: {where}")
        self.break_lines()

    def arm(self, moments: int, what: str) -> None:
        """`what` (crash, drop) happens at the n-th moment of sending from now."""
        self._armed = (moments, what)

    def connect(self) -> None:
        """The engine tries every session that has no connection."""
        if self.process is None or not self.network.is_reachable:
            return
        for session in self.process.engine.wants_to_connect():
            old = self.network.lines.get(session.name)
            if old is not None and old.venue_is_up:
                self.finish(old)
            connect(session, self.network)

    def finish(self, line: Line) -> None:
        """The venue reads what is left of a dead connection, and sees its end."""
        venue = self.venue_at(line)
        while line.venue_is_up and line.to_venue:
            venue.receive(line)
        if line.venue_is_up:
            venue.hang_up(line)

    def deliver_to_venue(self, most: int) -> None:
        """Messages arrive there."""
        for line in list(self.network.lines.values()):
            venue, left = self.venue_at(line), most
            while left and line.venue_is_up and line.to_venue:
                venue.receive(line)
                left -= 1
            if line.venue_is_up and not line.engine_is_up and not line.to_venue:
                venue.hang_up(line)

    def deliver_to_engine(self, most: int) -> None:
        """Messages arrive here."""
        process = self.process
        if process is None:
            return
        for session in process.engine.sessions.values():
            line, left = session.line, most
            if line is None:
                continue
            while left and session.line is line and line.to_engine and process.has_room():
                self._hear(session, line.to_engine.popleft())
                left -= 1
            is_over = not line.venue_is_up and not line.to_engine
            if is_over and session.line is line and not line.is_half_open:
                session.disconnected()

    def _hear(self, session: EngineSession, raw: bytes) -> None:
        self.note(b"  < " + raw)
        text = raw.decode("latin-1")
        self.witness.heard(session.name, text)
        session.receive(text)

    def break_lines(self) -> None:
        """The network breaks: both ends see it, and a part of what was on its way is lost."""
        for line in list(self.network.lines.values()):
            self.network.lose(line)
            self.finish(line)
            line.to_engine.clear()
        if self.process is not None:
            for session in self.process.engine.sessions.values():
                if session.line is not None:
                    session.disconnected()

    def half_open(self) -> None:
        """The venue sees the end of a connection, and we do not."""
        for line in self.network.lines.values():
            if line.venue_is_up:
                line.is_half_open = True
                line.to_engine.clear()
                self.venue_at(line).hang_up(line)
                line.to_engine.clear()

    def power_cut(self) -> None:
        """The machine loses its power: what the engine's store had not on disk is gone."""
        self.excuse(POWER_CUT)
        self.die()
        for line in self.network.lines.values():
            self.network.lose(line)
        for store in self.stores.values():
            store.lose_last(self.random.randint(0, 2))
            store.is_torn = self.random.random() < 0.2

    def repair_numbers(self) -> None:
        """Where the store is behind, people set it to what the venue expects, as it says."""
        for name, store in self.stores.items():
            store.next_sender = max(
                store.next_sender, self.venues[self._venue_of[name]].expects(name)
            )

    def tick(self) -> None:
        """What is due by time, at both ends."""
        for venue in self.venues.values():
            venue.tick()
        if self.process is not None:
            self.process.engine.tick()

    # Asking.

    def had_power_cut(self) -> bool:
        """Whether the engine's stores may have lost their ends."""
        return ("", POWER_CUT) in self._excuses

    def missing_executions(self) -> Trades:
        """What the venues said and we have not booked."""
        booked = self.witness.executions()
        return {name: said for name, said in self.trades.items() if name not in booked}


def _shown(raw: bytes) -> str:
    """The way that a message goes, and the fields that tell what it is about."""
    text = raw.decode("latin-1")
    fields = ((tag, value_of(text, tag)) for tag in _TOLD)
    told = " ".join(f"{tag}={value}" for tag, value in fields if value is not None)
    return f"{text[:4]}{told}"


def _quiet_log(
    told: Callable[[structlog.typing.EventDict], None],
) -> structlog.typing.FilteringBoundLogger:
    """Tells of warnings and errors, and writes nothing."""

    def keep(_logger: object, method: str, event: structlog.typing.EventDict) -> str:
        if method in _WORTH_TELLING or event["event"] == "alarm_raised":
            told(event)
        raise structlog.DropEvent

    return structlog.wrap_logger(structlog.PrintLogger(), processors=[keep])
