"""The service of a trial: vault, OMS and gateway as `trimtab serve` joins them, under load.

`python -m tests.chaos.service DIRECTORY` opens the books, sorts doubts, starts the gateway, goes
on with the runs that were cut off and begins new ones, while a trader cancels and replaces what
is out, until SIGTERM. It is meant to be killed. What it leaves out of the real service is the
optimizer, the scheduler and the API.
"""

import os
import signal
import sys
import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import structlog

from benchmarks import plain_run
from console.clocks import RehearsalClock, SystemClock
from console.log import close_logging, configure_logging
from console.order_wishes import OrderWishes
from console.service import Heartbeat, unfinished
from domain.errors import ConfigError, ExitCode, TrimtabError, TryAgainError
from domain.ports import Clock
from domain.runs import RunStatus
from gateway.service import Gateway
from oms.booking import Booking
from oms.doubts import raise_doubts
from oms.release import Releaser
from oms.release_settings import ReleaseSettings
from tests.chaos.book import Book, number_of, read_names
from tests.chaos.folder import Folder
from tests.chaos.trader import Halts, Trader
from vault.preflight import problems
from vault.store import SqlVault

log = structlog.get_logger("service")
LANES = 3
_WAVE = timedelta(seconds=2.5)
_RETRY_SECONDS = 0.2

LIMITS = replace(
    plain_run.UNCOUNTED,
    maximum_quantity=Decimal(100_000),
    maximum_notional=Decimal(100_000_000),
    duplicate_window=timedelta(seconds=1),
)


class Lane:
    """A thread that walks its share of the runs: first those that were cut off, then new ones."""

    def __init__(
        self, number: int, vault: SqlVault, clock: Clock, releaser: Releaser, folder: Folder
    ) -> None:
        """No new run begins once the folder says that it is the end."""
        self._number, self._vault, self._clock, self._end = number, vault, clock, folder.end
        self._book = Book(folder.seed, read_names())
        self._releaser = releaser
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"lane {number}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._releaser.stop()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self._step()
            except TryAgainError as error:
                log.warning("run_waits", detail=str(error))
                self._stopping.wait(_RETRY_SECONDS)
            except BaseException:
                log.exception("run_crashed")
                os._exit(ExitCode.INTERNAL)

    def _step(self) -> None:
        mine = [run for run in unfinished(self._vault) if number_of(run) % LANES == self._number]
        if mine:
            self._walk(mine[0])
        elif self._end.exists():
            self._stopping.wait(_RETRY_SECONDS)
        else:
            self._begin()

    def _begin(self) -> None:
        """A new run, and the accounts that it is about, in one transaction."""
        at = self._clock.now()
        with self._vault.write() as uow:
            before = (number_of(run.run_id) for run in uow.runs.recent(1_000_000))
            mine = [number for number in before if number % LANES == self._number]
            number = max(mine, default=self._number) + LANES
            plain_run.begin(uow, self._book.run(number, at), self._book.snapshot(number), at)

    def _walk(self, run: UUID) -> None:
        number = number_of(run)
        with self._vault.read() as view:
            found = view.runs.get(run)
        assert found is not None
        intents = self._book.intents(number, found.started_at)
        done = self._releaser.release(run, intents, self._book.snapshot(number))
        if done.unfinished:
            log.warning("run_has_open_orders", run=run.hex, orders=done.unfinished)
            self._stopping.wait(_RETRY_SECONDS)
            return
        now = self._clock.now()
        with self._vault.write() as uow:
            uow.runs.update(replace(found, status=RunStatus.DONE, finished_at=now), now)


def main() -> int:
    folder = Folder(Path(sys.argv[1]))
    configure_logging(folder.log / "service.jsonl", max_megabytes=256, terminal=None)
    try:
        with ExitStack() as stack:
            stopped = start(folder, stack)
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            stopped.wait()
    except TrimtabError as error:
        log.error("service_refused", detail=str(error))
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    finally:
        close_logging()
    return ExitCode.OK


def start(folder: Folder, stack: ExitStack) -> threading.Event:
    """Everything, from the database outwards, in the order of `console.app`."""
    stopped = threading.Event()
    if found := problems(folder.url, anchor_path=folder.anchor):
        raise ConfigError("; ".join(found))
    clock = RehearsalClock(folder.now())
    vault = SqlVault(
        folder.url, clock=SystemClock(), holder=f"trial {os.getpid()}", anchor_path=folder.anchor
    )
    stack.callback(vault.close)
    vault.acquire()
    heartbeat = Heartbeat(vault.renew)
    heartbeat.start()
    stack.callback(heartbeat.stop)
    with vault.write() as uow:
        raise_doubts(uow, clock.now())
    settings = folder.gateway_settings()
    gateway = Gateway(vault, Booking(settings.ways), clock, settings, log)
    stack.callback(gateway.stop)
    gateway.start()
    wishes = OrderWishes(vault, clock, gateway.wake, LIMITS)
    trader = Trader(vault, wishes, Halts(vault, clock, gateway), folder.end)
    release = ReleaseSettings(wave_timeout=_WAVE, ways=settings.ways)
    releasers = [Releaser(vault, gateway, clock, release, LIMITS) for _ in range(LANES)]
    lanes = [Lane(number, vault, clock, one, folder) for number, one in enumerate(releasers)]
    work = [trader, *lanes]
    for one in work:
        stack.callback(one.stop)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    for one in work:
        one.start()
    return stopped


if __name__ == "__main__":
    sys.exit(main())
