"""The order path stage by stage, on one thread, without a wire: where the processor's time goes.

    python -m benchmarks.gateway_path --orders 3000
    python -m benchmarks.gateway_path --orders 3000 --profile FILE

The gateway's own steps (`gateway.core`) are taken in turn for each group of orders: their intents
enter within the limits, are claimed and marked, and commit; the outbox sends; New and Fill of each
are heard, and booked. The vault is a real one on disk and the log is on file, every message in it;
only the engine is none. Figures are processor time an order, in microseconds, which other programs
on the machine change less than the clock's; pages written by the kernel are in it. At the end the
projections are folded again from the facts and the audit chain is walked; an unsound end exits 1.
"""

import argparse
import cProfile
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

import structlog

from benchmarks import gateway_desk, machine
from benchmarks.gateway_acceptor import CLIENT, VENUE
from benchmarks.gateway_ours import settings_of, soundness
from console.clocks import SystemClock
from console.log import close_logging, configure_logging
from console.pace import favour_the_wire
from domain.orders import OrderIntent
from domain.ports import Clock
from gateway.arrivals import Arrival
from gateway.callbacks import Callbacks
from gateway.core import Core
from gateway.enginelog import SessionLog
from gateway.wiretext import message
from oms import wire_risk
from oms.booking import Booking
from oms.entering import enter
from vault import SqlVault, migrate

_WARM = 100
_NOBODY_LISTENS = 9
_SETTLED_SECONDS = 60.0  # After a logon the venue may ask for what it missed.
_STAGES = ("enter", "outbox", "hear", "book_new", "book_fill")

Report = Callable[[OrderIntent], Sequence[tuple[int, str]]]


class NoWire:
    """`FixEngine` without a wire: asks and tells our callbacks and log what QuickFIX would."""

    def __init__(self, callbacks: Callbacks) -> None:
        self.sent = 0
        self._callbacks = callbacks
        self._logs: dict[str, SessionLog] = {}

    def log_on(self, session: str) -> None:
        """The session is up."""
        log = structlog.get_logger("gateway")
        self._logs[session] = SessionLog(log, session, lambda *_invalid: None)
        self._callbacks.logon(session)

    def hear(self, session: str, text: str) -> None:
        """A message came in."""
        self._logs[session].onIncoming(text)
        self._callbacks.from_app(text, session)

    def start(self, durable: Mapping[str, int]) -> None:
        """Nothing to connect to."""

    def stop(self) -> None:
        """Nothing to end."""

    def is_logged_on(self, session: str) -> bool:
        """Since `log_on`."""
        return session in self._logs

    def is_due(self, session: str) -> bool:
        """Since `log_on`."""
        return session in self._logs

    def send(self, session: str, text: str) -> bool:
        """As far as the socket."""
        is_taken = self._callbacks.may_leave(text, session)
        self._logs[session].onOutgoing(text)
        self.sent += is_taken
        return is_taken

    def sequences(self, session: str) -> tuple[int, int]:
        """No session has numbers here."""
        assert session
        return 0, 0


class Steps:
    """The gateway's steps over a vault in `directory`, and the seconds that each stage took."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self.seconds = dict.fromkeys(_STAGES, 0.0)
        self._ahead_seconds = 0.0
        self._arrived: list[Arrival] = []
        self._numbers = itertools.count(1)
        self._now = clock.now
        url = f"sqlite:///{directory}/trimtab.db"
        migrate.upgrade(url)
        self.vault = SqlVault(
            url, clock=clock, holder="benchmark", anchor_path=directory / "anchor"
        )
        self._facts = wire_risk.price_facts(gateway_desk.open_books(self.vault, clock.now()))
        core = Core(
            self.vault,
            Booking(),
            clock,
            settings_of(directory, _NOBODY_LISTENS),
            structlog.get_logger("gateway"),
            monotonic=lambda: time.monotonic() + self._ahead_seconds,
            engine=self._wireless,
            deliver=self._arrived.append,
            wake=lambda: None,
            pause=lambda _seconds: False,
        )
        core.prepare()
        self._send, self._take = core.outbox.step, core.inbox.take
        (self._session,) = core.connections
        self._engine.log_on(self._session)
        self._ahead_seconds = _SETTLED_SECONDS

    def _wireless(self, callbacks: Callbacks) -> NoWire:
        self._engine = NoWire(callbacks)
        return self._engine

    def group(self, names: Sequence[str]) -> None:
        """These orders of the desk, from their intents to their booked fills."""
        self.play(gateway_desk.intents(names, self._now()))

    def play(self, wanted: Sequence[OrderIntent]) -> None:
        """The same with orders of anybody's."""
        sent = self._engine.sent
        self._timed("enter", partial(self._enter, wanted))
        self._timed("outbox", self._send)
        assert self._engine.sent == sent + len(wanted), "the outbox kept something back"
        self._hear_and_book("book_new", _new, wanted)
        self._hear_and_book("book_fill", _fill, wanted)

    def _enter(self, wanted: Sequence[OrderIntent]) -> None:
        now = self._now()
        with self.vault.write() as uow:
            going = enter(uow, wanted, gateway_desk.LIMITS, self._facts, now)
        assert len(going.intents) == len(wanted), going.stopped

    def _hear_and_book(self, stage: str, report: Report, wanted: Sequence[OrderIntent]) -> None:
        texts = [self._text(report, intent) for intent in wanted]
        self._timed("hear", partial(self._hear, texts))
        self._timed(stage, partial(self._take, tuple(self._arrived)))
        self._arrived.clear()

    def _hear(self, texts: Sequence[str]) -> None:
        for text in texts:
            self._engine.hear(self._session, text)

    def _text(self, report: Report, intent: OrderIntent) -> str:
        number, now = next(self._numbers), self._now()
        at = f"{now:%Y%m%d-%H:%M:%S.%f}"
        header = [(34, str(number)), (49, VENUE), (52, at), (56, CLIENT)]
        order = [(11, intent.cl_ord_id), (17, f"E{number}"), (37, f"O{intent.cl_ord_id}")]
        terms = [(38, str(intent.quantity)), (44, str(intent.limit_price))]
        what = [(54, intent.side.value), (55, intent.symbol), (60, at), (75, at[:8])]
        return message("8", [*header, *order, *terms, *what, *report(intent)])

    def _timed(self, stage: str, act: Callable[[], object]) -> None:
        began = time.process_time()
        act()
        self.seconds[stage] += time.process_time() - began


def _new(intent: OrderIntent) -> Sequence[tuple[int, str]]:
    return [(6, "0"), (14, "0"), (39, "0"), (150, "0"), (151, str(intent.quantity))]


def _fill(intent: OrderIntent) -> Sequence[tuple[int, str]]:
    price, quantity = str(intent.limit_price), str(intent.quantity)
    traded = [(6, price), (14, quantity), (31, price), (32, quantity), (151, "0")]
    return [*traded, (12, "0.35"), (13, "3"), (39, "2"), (150, "F")]


def main() -> None:
    """Warm up, measure, look whether all is as it should be, tell."""
    options, load = _options(), machine.load()
    profile = cProfile.Profile()
    with tempfile.TemporaryDirectory(prefix="path-") as folder:
        configure_logging(Path(folder) / "log.jsonl")
        steps = Steps(Path(folder), SystemClock())
        steps.group(_names(range(_WARM)))
        favour_the_wire()
        steps.seconds = dict.fromkeys(_STAGES, 0.0)
        watched: AbstractContextManager[object] = profile if options.profile else nullcontext()
        with watched:
            for first in range(_WARM, _WARM + options.orders, options.group):
                last = min(first + options.group, _WARM + options.orders)
                steps.group(_names(range(first, last)))
        sound = soundness(steps.vault)
        steps.vault.close()
        close_logging()
    if options.profile:
        profile.dump_stats(options.profile)
    _tell(options, steps, {**sound, "load_before": load, "load_after": machine.load()})
    if sound["differences"] or not sound["audit"]:
        sys.exit(1)


def _names(numbers: range) -> list[str]:
    return [f"B{number:07d}" for number in numbers]


def _tell(options: argparse.Namespace, steps: Steps, beside: Mapping[str, object]) -> None:
    figures = {stage: _microseconds(s, options.orders) for stage, s in steps.seconds.items()}
    figures["sum"] = _microseconds(sum(steps.seconds.values()), options.orders)
    if options.json:
        found = {"benchmark": "gateway_path", "orders": options.orders, "us_per_order": figures}
        json.dump({**found, **beside}, sys.stdout, indent=1)
        print()
        return
    for stage, figure in figures.items():
        print(f"{stage:10} {figure:8.1f} us of processor time an order")
    print(", ".join(f"{name} {value}" for name, value in beside.items()))


def _microseconds(seconds: float, orders: int) -> float:
    return round(seconds / orders * 1e6, 1)


def _options() -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--json", action="store_true", help="print one JSON object")
    add("--orders", type=int, default=3000, help="orders, those to warm up aside")
    add("--group", type=int, default=100, help="orders in one transaction; a hundred at most")
    add("--profile", type=Path, help="a file for cProfile's figures, which slow everything down")
    return parser.parse_args()


if __name__ == "__main__":
    main()
