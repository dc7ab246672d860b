"""The program: sessions, floors, memory and the operators' door on one asyncio loop.

A turn takes everything that waits, lets the house answer, makes it durable in one record, and only
then does anything leave. Between turns nothing is owed to anybody: a process that is killed at any
moment begins again where its clients saw it end.
"""

import asyncio
import errno
import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import NoReturn

from simulator.fix.acceptor import Acceptor
from simulator.fix.codec import parse
from simulator.fix.instant import Instant
from simulator.fix.session import Asked, Session
from simulator.running import checkpoint
from simulator.running.building import drop_copy_sessions
from simulator.running.clock import SteppedClock, wall_clock
from simulator.running.config import Config
from simulator.running.control import Answer, Control, Wanted, leave_address, problem
from simulator.running.days import Days
from simulator.running.faults import Act, Do, Point
from simulator.running.house import Ask, Input, Overslept, Turn
from simulator.running.journal import Item, Kind
from simulator.running.logs import EventLog
from simulator.running.opening import Remembered, lock, remember
from simulator.running.operations import Inside, Prepared, prepare
from simulator.running.session_faults import apply_to_session
from simulator.values.messages import Note
from simulator.values.requests import Connected

_OPERATION_SECONDS = 600.0  # A step of a whole day takes its time.
_SOFTWARE_FAULT = 70
_DISK_FAULT = 74
_DISK_FAULTS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG})
_POWER_CUT = 137
_QUICK_SAVE_SECONDS = 0.1
_WORK_PER_SAVE = 4  # Seconds of work in the floors for each second that a checkpoint stops them.
_MOST_REPLAY_SECONDS = 5.0  # Of work in the floors, after which a checkpoint saves repeating it.
_OVERSLEPT = timedelta(seconds=30)
_NOT_AUTHORIZED = "6"  # BusinessRejectReason (380).


class PortTakenError(Exception):
    """A venue's door is somebody else's."""


class Program:
    """Everything that runs."""

    def __init__(self, config: Config) -> None:
        """Recover what was. Raises ConfigError, JournalError, PricesError, StateInUseError, ..."""
        self.config = config
        self.ports: dict[str, int] = {}
        self._work_seconds = self._save_seconds = 0.0
        self._prepared: list[tuple[Prepared, Future[Answer]]] = []
        self._timer: asyncio.TimerHandle | None = None
        with ExitStack() as opened:
            lock(config.state_dir, opened)
            self.log = EventLog(config.log_file)
            opened.callback(self.log.close)
            self._begin_with(remember(config, opened))
            self._control = Control(config.control_port, config.control_token_file, self._operate)
            opened.callback(self._control.stop)
            self._opened = opened.pop_all()

    def _begin_with(self, found: Remembered) -> None:
        self.memory, self.house = found.memory, found.house
        self.sessions, self.clock = found.sessions, found.clock
        self._settings, self._is_new = found.settings, found.is_new
        if found.records:
            self.log.write("venues_recovered", records=found.records)
        if found.begins:
            self.log.write("venues_began_anew", reason="another program or configuration")
            self._save(even_if_empty=True)
        clock, executions = self.config.clock, self.memory.executions
        self._is_real_time = clock.speed == 1.0 and not clock.stepped
        self._copying = drop_copy_sessions(self.config)
        self._days = Days(self.config, executions)
        self._inside = Inside(
            self.config, self.house, self.clock, self.ports, self.sessions, executions
        )

    def run(self, ready: Callable[[dict[str, object]], None]) -> None:
        """Until SIGTERM or SIGINT; `ready` is told once, when everything listens."""
        # Orders and messages go by their counts alone; to look for cycles among the many that are
        # kept, as often as by default, would double what an order costs.
        gc.freeze()
        gc.set_threshold(100_000, 50, 100)
        with self._opened:
            asyncio.run(self._run(ready))
            self.log.write("venues_stopped")

    async def _run(self, ready: Callable[[dict[str, object]], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda _, context: self._die(context.get("exception")))
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, stopped.set)
        self._acceptor = Acceptor(
            clock=lambda: Instant(wall_clock(), time.monotonic()),
            on_turn=self._guarded_turn,
            on_event=lambda name, fields: self.log.write(name, about=fields),
            on_wire=lambda session, event, raw: self.log.message(event, session.name, raw),
        )
        self._guarded_turn([], Instant(wall_clock(), time.monotonic()))
        await self._open_doors()
        self._control.start()
        leave_address(self.config.state_dir, self._control.url, self.config.control_token_file)
        doors = {
            name: {"host": self.config.address, "port": port} for name, port in self.ports.items()
        }
        self.log.write("venues_ready", control=self._control.url, ports=self.ports)
        ready({"event": "venues_ready", "control": self._control.url, "venues": doors})
        await stopped.wait()
        await self._acceptor.close("the venue is stopping")
        self._save()

    async def _open_doors(self) -> None:
        for venue in self.config.venues:
            own = [one for (name, _), one in self.sessions.items() if name == venue.name]
            try:
                self.ports[venue.name] = await self._acceptor.open(
                    own, host=self.config.address, port=venue.port, limits=venue.limits
                )
            except OSError as error:
                raise PortTakenError(
                    f"venue {venue.name}: port {venue.port} cannot be opened ({error.strerror}); "
                    "stop what uses it, or set another port, or 0"
                ) from error

    # A turn

    def _guarded_turn(self, asked: list[Asked], instant: Instant) -> None:
        """A fault of ours ends the process, loudly: the journal makes that safe."""
        try:
            self._turn(asked, instant)
        except BaseException as error:  # noqa: BLE001  Whatever it was, nothing may leave.
            self._die(error)

    def _turn(self, asked: list[Asked], instant: Instant) -> None:
        inputs = self._inputs(asked, instant)
        prepared, self._prepared = self._prepared, []
        asks = [one.ask for one, _ in prepared if one.ask is not None]
        for ask in asks:
            self.memory.note_operation(*ask)
            inputs.append(ask)
        now = self.clock.now()
        if self._has_overslept(now):
            self.memory.items.insert(0, Item(Kind.OVERSLEPT, "venues", 0))
            inputs.insert(0, Overslept())
        turn = self._ask_house(now, inputs)
        self._say(turn, instant)
        acts = [*turn.acts, *(one.act for one, _ in prepared if one.act is not None)]
        for act in acts:
            self._do(act, instant)
        self._crash_if_told(acts, Point.BEFORE_JOURNAL)
        is_stepped = isinstance(self.clock, SteppedClock) and bool(prepared)
        self.memory.commit(now, even_if_empty=self._is_new or is_stepped)
        self.memory.keep(turn.trades)
        self._is_new = False
        self._crash_if_told(acts, Point.AFTER_JOURNAL)
        self._answer(prepared, turn, now)
        if self._days.look(now) or self._wants_checkpoint():
            self._save()
        self._set_timer()
        self.log.flush()

    def _inputs(self, asked: list[Asked], instant: Instant) -> list[Input]:
        inputs: list[Input] = []
        for session, number, raw, request in asked:
            venue, client = session.profile.venue, session.profile.client
            if (venue, client) in self._copying:
                self._decline(session, number, raw, instant)
                continue
            name = f"{venue}/{client}"
            if number:
                self.memory.note(Kind.IN, name, number, raw)
            else:
                kind = Kind.CONNECTED if isinstance(request, Connected) else Kind.DISCONNECTED
                self.memory.note(kind, name, 0)
            inputs.append(Ask(venue, request))
        return inputs

    def _decline(self, session: Session, number: int, raw: bytes, instant: Instant) -> None:
        """A session for copies takes no requests."""
        if not number:
            return
        fields = (
            (45, str(number)),
            (372, parse(raw).kind),
            (380, _NOT_AUTHORIZED),
            (58, "this session is for drop copies only"),
        )
        session.say(Note(session.profile.client, "j", fields), instant)

    def _ask_house(self, now: datetime, inputs: list[Input]) -> Turn:
        if not inputs and not self._is_new:
            due = self.house.next_due()
            if due is None or due > now:
                return Turn()
        begin = time.perf_counter()
        turn = self.house.turn(now, inputs)
        seconds = time.perf_counter() - begin
        self._work_seconds += seconds
        self.clock.lived(now, seconds)
        return turn

    def _has_overslept(self, now: datetime) -> bool:
        """Whether the process was stopped or suspended, while others had the same time."""
        if not self._is_real_time or self._is_new:
            return False
        due = self.house.next_due()
        return due is not None and now - due > _OVERSLEPT

    def _say(self, turn: Turn, instant: Instant) -> None:
        self.memory.speaking = Kind.OUT
        sessions = self.sessions
        for venue, message in turn.said:
            session = sessions.get((venue, message.client))
            if session is not None:
                session.say(message, instant)
        self.memory.speaking = Kind.OWN

    def _answer(
        self, prepared: list[tuple[Prepared, Future[Answer]]], turn: Turn, now: datetime
    ) -> None:
        results = iter(turn.answers)
        for one, future in prepared:
            answer = one.finish(next(results) if one.ask is not None else None, now)
            self._loop.call_soon(future.set_result, answer)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        dues = [due for due in (self.house.next_due(), self._days.next_due()) if due is not None]
        seconds = self.clock.seconds_until(min(dues)) if dues else None
        if seconds is not None:
            self._timer = self._loop.call_later(seconds, self._acceptor.turn)

    # Operators

    def _operate(self, wanted: Wanted) -> Answer:
        """On the door's own thread: hand over, wait."""
        future: Future[Answer] = Future()
        try:
            self._loop.call_soon_threadsafe(self._take, wanted, future)
            answer = future.result(timeout=_OPERATION_SECONDS)
        except (TimeoutError, RuntimeError):
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "the venues are busy; try again")
        return answer

    def _take(self, wanted: Wanted, future: Future[Answer]) -> None:
        try:
            self._prepared.append((prepare(self._inside, wanted), future))
            self._acceptor.turn()
        except BaseException as error:  # noqa: BLE001  A fault of ours.
            self._die(error)
        self.log.write("operation_taken", method=wanted.method, path="/".join(wanted.path))

    # Faults

    def _do(self, act: Act, instant: Instant) -> None:
        """What a fault does to sessions; crashes have their own points of the turn."""
        self.log.write("fault_done", fault=act.do.value, venue=act.venue, client=act.client)
        if act.do is Do.CRASH:
            return
        for (venue, client), session in self.sessions.items():
            if venue == act.venue and act.client in ("", client):
                apply_to_session(session, act, instant)

    def _crash_if_told(self, acts: list[Act], point: Point) -> None:
        for act in acts:
            if act.do is not Do.CRASH or self._has_crashed(act):
                continue
            if act.point is point:
                self._power_cut(act)
            if act.point is Point.AFTER_SENDING:
                self._loop.call_soon(self._power_cut, act)  # After this turn's messages.

    def _has_crashed(self, act: Act) -> bool:
        """A crash that loses its own turn would come again and again."""
        return (self.config.state_dir / f"crashed-{act.name}").exists()

    def _power_cut(self, act: Act) -> NoReturn:
        if act.name:
            (self.config.state_dir / f"crashed-{act.name}").touch()
        self.log.write("crashed_on_purpose", level="warning", point=act.point.value)
        os._exit(_POWER_CUT)

    def _die(self, error: BaseException | None) -> NoReturn:
        if isinstance(error, OSError) and error.filename is None and error.errno in _DISK_FAULTS:
            sys.stderr.write(f"simulator: {self.config.state_dir}: {error.strerror}\n")
            sys.stderr.flush()
            os._exit(_DISK_FAULT)
        trace = "".join(traceback.format_exception(error, limit=20)) if error else "unknown\n"
        self.log.write("turn_failed", level="critical", trace=trace)
        sys.stderr.write(trace)
        sys.stderr.flush()
        os._exit(_SOFTWARE_FAULT)

    # Memory

    def _wants_checkpoint(self) -> bool:
        """Where the journal is long or dear to replay, but a large one not all the time."""
        is_due = (
            self.memory.journal.length > self.config.checkpoint_bytes
            or self._work_seconds > _MOST_REPLAY_SECONDS
        )
        is_cheap = self._save_seconds < _QUICK_SAVE_SECONDS
        return is_due and (is_cheap or self._work_seconds > _WORK_PER_SAVE * self._save_seconds)

    def _save(self, *, even_if_empty: bool = False) -> None:
        began = time.perf_counter()
        if self.memory.journal.length or even_if_empty:
            directory = self.config.state_dir / "checkpoints"
            checkpoint.save(directory, self.memory, self.house, self._settings)
        self._work_seconds = 0.0
        self._save_seconds = time.perf_counter() - began
