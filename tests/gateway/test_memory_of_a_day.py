"""What a day of orders leaves in memory, counted in objects: nothing for each order.

The path is the gateway's own on a real vault. A leak of one entry an order is planted, to see
that it would be found.
"""

import gc
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import quickfix as fix

from benchmarks import gateway_desk, plain_book
from benchmarks.gateway_memory import held
from benchmarks.gateway_path import Steps
from console.log import close_logging, configure_logging
from domain.accounts import Mandate
from domain.orders import Alarm
from domain.ports import UnitOfWork
from domain.runs import Run, RunStatus, TriggerKind
from gateway import callbacks
from oms.booking import Booking
from vault import entered

MESSAGES = 50_000
ORDERS = 100  # In a round: one account, each name once.
WINDOW = timedelta(seconds=61)  # Beyond the limits on a minute, and on duplicates.
ALLOWED = 400  # Objects; the SQLite driver forgets its cursors two hundred at a time.
CONTAINERS = (dict, list, set, deque, OrderedDict)


class SteppedClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class Day:
    """Rounds of a hundred orders; what one bought the next one sells."""

    def __init__(self, directory: Path) -> None:
        self._clock = SteppedClock()
        self._round = 0
        self.steps = Steps(directory, self._clock)

    def play(self, rounds: int) -> None:
        for _ in range(rounds):
            self.steps.group(self._names())

    def play_run(self) -> None:
        """One order of a run of its own, which was decided on a snapshot of its own."""
        now = self._clock.now()
        (intent,) = gateway_desk.intents(self._names()[:1], now)
        run_id = UUID(int=self._round)
        with self.steps.vault.write() as uow:
            self._add_run(uow, run_id, now)
        self.steps.play([replace(intent, run_id=run_id)])

    def _add_run(self, uow: UnitOfWork, run_id: UUID, now: datetime) -> None:
        book = plain_book.snapshot(now.date(), {}, (), {"A000": Decimal(self._round)})
        run = Run(
            run_id=run_id,
            trigger="drift",
            kind=TriggerKind.DRIFT,
            due=now,
            why="a test",
            account_ids=("A000",),
            status=RunStatus.RUNNING,
            started_at=now,
            snapshot_id=uow.snapshots.put(book, now),
        )
        uow.runs.add(run)

    def _names(self) -> Sequence[str]:
        first = self._round * gateway_desk.NAMES * gateway_desk.ACCOUNTS
        self._round += 1
        self._clock.at += WINDOW
        return [f"B{number:07d}" for number in range(first, first + ORDERS)]


@pytest.fixture
def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Day]:
    """With short memories, which are full after a few rounds."""
    monkeypatch.setattr(callbacks, "_REMEMBERED", ORDERS)
    monkeypatch.setattr(entered, "_MANY", ORDERS)
    configure_logging(tmp_path / "log.jsonl")
    made = Day(tmp_path)
    yield made
    made.steps.vault.close()
    close_logging()


def objects() -> Counter[str]:
    """Objects by type, and what all containers hold together."""
    gc.collect()
    found = gc.get_objects()
    by_type = Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in found)
    by_type["entries"] = sum(len(one) for one in found if type(one) in CONTAINERS)
    return by_type


def mandates() -> int:
    """How many there are, other tests' too."""
    gc.collect()
    return sum(type(one) is Mandate for one in gc.get_objects())


def grown(before: Counter[str]) -> dict[str, int]:
    """What there is far more of than before."""
    more = {name: count - before[name] for name, count in objects().items()}
    return {name: count for name, count in more.items() if count > ALLOWED}


def test_orders_that_are_done_leave_nothing_in_memory(day: Day) -> None:
    day.play(8)
    before = objects()

    day.play(10)

    assert grown(before) == {}


def test_one_entry_for_each_order_would_be_found(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    names: set[str] = set()
    own_apply = Booking.apply

    def leaking(self: Booking, uow: UnitOfWork, message: Any, at: datetime) -> tuple[Alarm, ...]:
        names.add(message.cl_ord_id)
        return own_apply(self, uow, message, at)

    monkeypatch.setattr(Booking, "apply", leaking)
    day.play(2)
    before = objects()

    day.play(6)

    assert grown(before)["entries"] >= 6 * ORDERS


def test_of_many_runs_the_mandates_of_a_few_stay_in_memory(day: Day) -> None:
    before = mandates()

    for _ in range(40):
        day.play_run()

    assert mandates() - before < 30


def test_the_engine_keeps_64_bytes_a_message_until_its_day_ends(tmp_path: Path) -> None:
    """Where it stands in the file, for a venue that asks for it again: nothing else is as long."""
    store = fix.FileStoreFactory(str(tmp_path)).create(
        fix.UtcTimeStamp.now(), fix.SessionID("FIX.4.4", "TRIMTAB", "XSIM")
    )
    empty = _heap_bytes()

    for number in range(1, MESSAGES + 1):
        store.set(number, "8=FIX.4.4\x019=5\x0135=0\x0110=000\x01")
    full = _heap_bytes()
    store.reset(fix.UtcTimeStamp.now())
    over = _heap_bytes()

    assert 48 <= (full - empty) / MESSAGES <= 80
    assert (over - empty) / MESSAGES < 1


def _heap_bytes() -> float:
    found = held(0).heap_mb
    if found is None:
        pytest.skip("this C library does not count what is in use")
    return found * 1e6
