"""The program: venues on the main thread, the FIX engine and the control door beside it.

The loop takes everything that waits, lets each venue answer, makes the answers
durable in one write per venue, and only then sends them.
"""

import fcntl
import os
import queue
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from simulator.clock import VenueClock
from simulator.config import Config, VenueConfig
from simulator.control import Answer, Control, problem, read_token
from simulator.engine import Engine, Received, SequenceReset, VenueApplication
from simulator.logs import EventLog
from simulator.operations import Operations
from simulator.venue import Venue

_QUEUE_LIMIT = 10_000
_LARGEST_BATCH = 500
_LONGEST_WAIT = timedelta(seconds=0.25)
_OPERATION_SECONDS = 10


class PortTakenError(Exception):
    """A venue's door is somebody else's."""


class StateInUseError(Exception):
    """Another process keeps these venues."""


@dataclass(frozen=True, slots=True)
class _Operation:
    """A control request on its way to the venues' thread."""

    method: str
    path: tuple[str, ...]
    body: dict[str, object]
    answer: Future[Answer]


class Program:
    """Everything that runs. `start`, then `run` until `stop` is called, then `close`."""

    def __init__(self, config: Config) -> None:
        self._lock = _lock(config.state_dir)
        self._log = EventLog(config.log_file)
        self._queue: queue.Queue[Received | SequenceReset | _Operation] = queue.Queue(_QUEUE_LIMIT)
        self._stopping = False
        self._venues = {one.rules.name: Venue(one, config.state_dir) for one in config.venues}
        self._clock = VenueClock(_begin(config.clock_start, self._venues.values()))
        self._ports = {one.rules.name: _port(one) for one in config.venues}
        durable = {
            (name, client): sequence
            for name, venue in self._venues.items()
            if not venue.config.reset_on_logon
            for client, sequence in venue.received.items()
        }
        application = VenueApplication(self._log, durable, self._enqueue)
        self._engine = Engine(config.venues, self._ports, config.state_dir / "fix", application)
        token = read_token(config.control_token_file)
        self._control = Control(config.control_port, token, self._operate)
        self._operations = Operations(self._venues, self._ports)

    def start(self) -> dict[str, object]:
        """Quote, listen, send what a crash held back; returns the line that says so."""
        self._step()
        self._engine.start()
        for name, venue in self._venues.items():
            for message in venue.perhaps_unsent:
                if not venue.config.reset_on_logon and not self._engine.was_sent(name, message):
                    self._engine.send(name, message, poss_resend=True)
        self._control.start()
        ready: dict[str, object] = {
            "event": "venues_ready",
            "control": self._control.url,
            "venues": {
                name: {"host": "127.0.0.1", "port": port} for name, port in self._ports.items()
            },
        }
        self._log.write("venues_ready", control=self._control.url, ports=self._ports)
        return ready

    def run(self) -> None:
        """Until `stop`."""
        while not self._stopping:
            batch = self._batch()
            answers = [answer for item in batch if (answer := self._take(item)) is not None]
            self._step()
            for respond in answers:
                respond()

    def stop(self) -> None:
        """Safe in a signal handler."""
        self._stopping = True

    def close(self) -> None:
        """Hang up and let go of every file. What waits in the queue is asked for again later."""
        self._stopping = True
        self._control.stop()
        self._engine.stop()
        for venue in self._venues.values():
            venue.close()
        self._log.write("venues_stopped")
        self._log.close()
        os.close(self._lock)

    def _batch(self) -> list[Received | SequenceReset | _Operation]:
        shortest = min(venue.config.replenish_interval for venue in self._venues.values())
        wait = min(shortest, _LONGEST_WAIT).total_seconds()
        batch = []
        try:
            batch.append(self._queue.get(timeout=wait))
            while len(batch) < _LARGEST_BATCH:
                batch.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        return batch

    def _take(self, item: Received | SequenceReset | _Operation) -> Callable[[], None] | None:
        now = self._clock.now()
        if isinstance(item, Received):
            self._venues[item.venue].take(item.request, item.sequence, now)
            return None
        if isinstance(item, SequenceReset):
            self._venues[item.venue].reset_sequence(item.client)
            return None
        self._commit()  # The end-of-day file is written from what is durable.
        answer = self._operations.run(item.method, item.path, item.body, now)
        self._log.write("operation_done", path="/".join(item.path), status=int(answer.status))
        return lambda: item.answer.set_result(answer)

    def _step(self) -> None:
        now = self._clock.now()
        for venue in self._venues.values():
            venue.step_if_due(now)
        self._commit()

    def _commit(self) -> None:
        for name, venue in self._venues.items():
            for message in venue.commit():
                self._engine.send(name, message)

    def _enqueue(self, item: Received | SequenceReset) -> None:
        """Blocks the engine while the queue is full: clients feel it as back-pressure."""
        while not self._stopping:
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def _operate(self, method: str, path: tuple[str, ...], body: dict[str, object]) -> Answer:
        operation = _Operation(method, path, body, Future())
        try:
            self._queue.put(operation, timeout=_OPERATION_SECONDS)
            return operation.answer.result(timeout=_OPERATION_SECONDS)
        except (queue.Full, TimeoutError):
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "the venues are busy; try again")


def _begin(start: datetime | None, venues: Iterable[Venue]) -> datetime | None:
    """Where the clock starts: never before the last thing that happened."""
    if start is None:
        return None
    return max([start, *(venue.latest for venue in venues if venue.latest is not None)])


def _port(venue: VenueConfig) -> int:
    """The venue's port, known to be free; 0 takes any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", venue.port))
        except OSError as error:
            raise PortTakenError(
                f"venue {venue.rules.name}: port {venue.port} cannot be opened ({error.strerror}); "
                "stop what uses it, or set another port, or 0"
            ) from error
        return int(probe.getsockname()[1])


def _lock(state_dir: Path) -> int:
    """One process per state directory."""
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(state_dir / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise StateInUseError(
            f"{state_dir}: another venue process uses this directory; stop it first"
        ) from None
    return handle
