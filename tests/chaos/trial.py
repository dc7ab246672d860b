"""A trial: real processes under load, killed at random moments, and what their witnesses say then.

The driver plays the machine and its operator. It kills with SIGKILL, starts again what it
killed, and at the end lets everything settle by itself; only what by the rules two persons
must tell, it tells.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from domain.errors import ExitCode
from tests.chaos import witnesses
from tests.chaos.databases import Database
from tests.chaos.door import Door
from tests.chaos.folder import Folder
from tests.chaos.persons import settle
from tests.chaos.processes import Child, EndedError
from tests.chaos.reading import Standing, open_vault, standing
from tests.chaos.transmissions import received
from tests.chaos.verdict import Verdict, judge
from tests.chaos.wire import Wire

SERVICE, VENUE, POSTGRES, WIRE = "service", "venue", "postgres", "wire"
_PATIENCE_SECONDS = 240.0
_STILL_SECONDS = 30.0  # After so long without a change, what is in doubt is for persons.
_LATE_SECONDS = 3.5  # After the last order's end: a late fill, its bust and its correction.
_POLL_SECONDS = 0.2
_SAMPLE_SECONDS = 10.0
# What a supervisor starts again when the database was away.
_RESTARTED = frozenset({ExitCode.TRY_AGAIN, ExitCode.CONFIG})

Tell = Callable[[str], None]


class TrialFailedError(Exception):
    """The trial could not be brought to its end; the text says what was awaited."""


@dataclass(slots=True)
class Outcome:
    """What a trial came to."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    hits: int = 0  # Kills of a moment at which orders were out.
    restarts: int = 0  # The service could not start while its database was away.
    resolved_by_persons: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)  # Megabytes of the service, as it went on.
    verdict: Verdict = field(default_factory=Verdict)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        return not self.verdict.sentences

    def document(self) -> dict[str, object]:
        """As `--json` prints it."""
        return {
            "kills": self.kills.total(),
            "orders": self.verdict.orders,
            "executions": self.verdict.executions,
            "lost": len(self.verdict.lost),
            "duplicated": len(self.verdict.duplicated),
            "unexplained": len(self.verdict.unexplained),
            "resolved_by_persons": len(self.resolved_by_persons),
            "killed": dict(self.kills),
            "kills_with_orders_open": self.hits,
            "cancels": self.verdict.cancels,
            "replaces": self.verdict.replaces,
            "restarts": self.restarts,
            "service_megabytes": self.memory,
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
        }


class Trial:
    """The processes of one folder. Use it as a context: nothing outlives it."""

    def __init__(self, folder: Folder, database: Database, wire: Wire, tell: Tell) -> None:
        self._folder, self._server, self._wire, self._tell = folder, database.server, wire, tell
        self._chance = random.Random(folder.seed)
        self._outcome = Outcome(folder.seed)
        self._children: dict[str, Child] = {}
        self._server_died = False  # During this life of the service.

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for child in self._children.values():
            child.kill()

    def run(self, kills: int, minutes: float = 0) -> Outcome:
        """Kill so often, go on for so long without a kill, let everything settle, and judge."""
        began = time.monotonic()
        self._open_venues()
        self._serve()
        while self._outcome.kills.total() < kills:
            self._wait_a_moment()
            self._kill(self._victims())
            self._tell(f"{self._outcome.kills.total()} of {kills} kills")
        self._go_on(60 * minutes)
        self._settle()
        self._judge()
        self._outcome.seconds = time.monotonic() - began
        return self._outcome

    # Kills

    def _wait_a_moment(self) -> None:
        """Mostly until orders are under way; now and then right into the start."""
        if self._chance.random() < 0.2:
            time.sleep(self._chance.uniform(0, 1))
            return
        self._until_ready()
        time.sleep(self._chance.uniform(0, 2))

    def _victims(self) -> tuple[str, ...]:
        who = [(SERVICE,), (VENUE,), (SERVICE, VENUE), (WIRE,), (WIRE, SERVICE)]
        weights = [6, 2, 1, 2, 1]
        if self._server is not None:
            who += [(POSTGRES,), (POSTGRES, SERVICE)]
            weights += [2, 1]
        return self._chance.choices(who, weights)[0]

    def _kill(self, victims: tuple[str, ...]) -> None:
        for victim in victims:
            self._outcome.kills[victim] += 1
            if victim == WIRE:
                self._wire.cut(self._chance.choice((0, 0, 0.3)))
            elif victim == POSTGRES:
                assert self._server is not None
                self._server_died = True
                self._server.kill_at_once()
            elif not self._children[victim].kill():
                self._ended(self._children[victim])
        time.sleep(self._chance.choice((0, 0, 0.1, 0.6)))
        if POSTGRES not in victims:
            self._outcome.hits += len(victims) * bool(standing(self._folder).open_orders)
        for victim in victims:
            self._start(victim)

    def _start(self, victim: str) -> None:
        if victim == WIRE:
            return  # Whoever lost it connects anew.
        if victim == POSTGRES:
            assert self._server is not None
            self._server.start()
        elif victim == VENUE:
            self._open_venues()
        else:
            self._serve()

    def _serve(self) -> None:
        arguments = ["tests.chaos.service", str(self._folder.directory)]
        self._children[SERVICE] = Child(SERVICE, arguments, self._folder.log / SERVICE)
        self._server_died = False

    def _open_venues(self) -> None:
        arguments = ["simulator", "--config", str(self._folder.venues_file)]
        self._children[VENUE] = Child(VENUE, arguments, self._folder.log / VENUE)

    def _until_ready(self) -> None:
        """Both live and have begun; a service whose database was away is started again."""
        self._children[VENUE].until_ready()
        while True:
            try:
                self._children[SERVICE].until_ready()
            except EndedError:
                self._ended(self._children[SERVICE])
                self._serve()
            else:
                return

    def _ended(self, child: Child) -> None:
        """It ended by itself, which only the loss of the database excuses."""
        if child.name != SERVICE or child.code not in _RESTARTED or self._server is None:
            raise TrialFailedError(f"{child.name} ended with {child.code}: {child.last_words()}")
        self._outcome.restarts += 1

    def _require_alive(self) -> None:
        for child in self._children.values():
            if child.code is not None:
                self._ended(child)
                self._serve()

    def _go_on(self, seconds: float) -> None:
        """Under load and in peace, to see whether the service's memory grows."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._until_ready()
            time.sleep(min(_SAMPLE_SECONDS, seconds))
            self._require_alive()
            self._outcome.memory.append(self._children[SERVICE].resident_megabytes())
            self._tell(f"the service holds {self._outcome.memory[-1]} MB")

    # The end

    def _settle(self) -> None:
        """No new runs; wait until every order is over."""
        self._folder.end.touch()
        self._until_ready()
        deadline, last, changed = time.monotonic() + _PATIENCE_SECONDS, None, time.monotonic()
        while not (now := standing(self._folder)).is_over:
            if now != last:
                last, changed = now, time.monotonic()
                self._tell(_words(now))
            if time.monotonic() > deadline:
                raise TrialFailedError(f"not over: {now}")
            if now.in_doubt and time.monotonic() - changed > _STILL_SECONDS:
                self._ask_persons()
                changed = time.monotonic()
            self._require_alive()
            time.sleep(_POLL_SECONDS)

    def _ask_persons(self) -> None:
        self._stop(SERVICE)
        told = settle(self._folder, self._door.orders())
        self._outcome.resolved_by_persons += told
        for sentence in told:
            self._tell(f"by persons: {sentence}")
        self._serve()
        self._until_ready()

    def _judge(self) -> None:
        time.sleep(_LATE_SECONDS)
        at_venues, files = self._door.orders(), self._door.end_of_day()
        self._await_everything(files)
        self._stop(SERVICE)
        self._stop(VENUE)
        with open_vault(self._folder) as vault:
            sent = received(self._folder.venues_log)
            self._outcome.verdict = judge(vault, at_venues, files, sent)

    def _await_everything(self, files: list[Path]) -> None:
        """Until what the files have is booked and copied; what then is missing is missing."""
        happened = {one.key for one in witnesses.in_files(files)}
        deadline = time.monotonic() + _STILL_SECONDS
        with open_vault(self._folder) as vault:
            while time.monotonic() < deadline:
                with vault.read() as view:
                    told = {one.key for one in witnesses.booked(view)}
                    copied = {one.key for one in witnesses.in_copies(view)}
                if told >= happened and copied >= happened:
                    return
                time.sleep(_POLL_SECONDS)

    def _stop(self, name: str) -> None:
        if (code := self._children[name].stop()) != 0:
            words = self._children[name].last_words()
            raise TrialFailedError(f"{name} was told to stop and ended with {code}: {words}")

    @property
    def _door(self) -> Door:
        return Door.of(self._children[VENUE].until_ready())


def _words(now: Standing) -> str:
    return (
        f"settling: {now.unfinished_runs} of {now.runs} runs, {len(now.open_orders)} orders open,"
        f" {now.in_doubt} in doubt"
    )
