"""The watch: looks once a day and when files came in, never in the middle of a run."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.cases import CaseEvent
from domain.runs import Run, RunStatus, TriggerKind
from oms.compliance.load import load_rules
from oms.compliance.scene import ExampleError, read_scene
from oms.compliance.sweep.portfolios import check_portfolios
from scheduler.watch import Watch
from tests import memory

RULES = load_rules(Path(__file__).parents[2] / "data" / "rules.toml")
DRIFTED = "ALFA costs 1, industry Chips\nA1 has 600 cash\nA1 holds 400 ALFA"
MORNING = datetime(2026, 3, 31, 9, tzinfo=UTC)


class SetClock:
    instant = MORNING

    def now(self) -> datetime:
        return self.instant


class Desk:
    """A vault whose positions a test sets, and the watch over it."""

    def __init__(self, monkeypatch) -> None:
        self.scene, self.clock, self.vault = DRIFTED, SetClock(), memory.MemoryVault()
        monkeypatch.setattr(memory.Snapshots, "take", lambda _store, day: self._held(day))
        self.watch = Watch(self.vault, self.clock, RULES, check_portfolios)

    def _held(self, day):
        return read_scene(f"today is {day}\n{self.scene}").snapshot

    def tick(self):
        steps = self.watch.tick()
        return None if steps is None else [step.what for step in steps]

    def put_run(self, status: RunStatus) -> None:
        run = Run(
            run_id=UUID(int=1),
            trigger="month-end",
            kind=TriggerKind.MANUAL,
            due=MORNING,
            why="test",
            account_ids=(),
            status=status,
            started_at=MORNING,
        )
        with self.vault.write() as uow:
            if uow.runs.get(run.run_id) is None:
                uow.runs.add(run)
            uow.runs.update(run, MORNING)


@pytest.fixture
def desk(monkeypatch) -> Desk:
    return Desk(monkeypatch)


def test_each_day_is_looked_at_once(desk):
    assert desk.tick() == [CaseEvent.OPENED]
    assert desk.tick() is None

    desk.clock.instant += timedelta(days=1)
    assert desk.tick() == []
    assert Watch(desk.vault, desk.clock, RULES, check_portfolios).tick() is None, (
        "a second watch finds it done"
    )


def test_what_is_ingested_is_looked_at_the_same_day(desk):
    desk.tick()
    desk.scene = DRIFTED.replace("400", "100")
    assert desk.tick() is None

    desk.watch.ask()
    assert desk.tick() == [CaseEvent.CLOSED]


def test_a_run_under_way_is_waited_for_and_nothing_is_forgotten(desk):
    desk.put_run(RunStatus.RUNNING)
    desk.watch.ask()
    assert desk.tick() is None

    desk.put_run(RunStatus.AWAITING_APPROVAL)
    assert desk.tick() == [CaseEvent.OPENED]


def test_a_look_that_fails_is_tried_again(desk):
    desk.tick()
    desk.watch.ask()
    desk.scene = "no line of the language"
    with pytest.raises(ExampleError, match="not a line"):
        desk.watch.tick()

    desk.scene = DRIFTED.replace("400", "100")
    assert desk.tick() == [CaseEvent.CLOSED]


def test_the_thread_looks_when_it_is_asked_and_stops(desk, monkeypatch):
    looked = threading.Semaphore(0)
    tick = desk.watch.tick
    monkeypatch.setattr(desk.watch, "tick", lambda: (tick(), looked.release()))

    desk.watch.start(timedelta(hours=1))
    assert looked.acquire(timeout=30)
    desk.scene = DRIFTED.replace("400", "100")
    desk.watch.ask()
    assert looked.acquire(timeout=30)
    desk.watch.stop()

    with desk.vault.read() as view:
        assert [case.closed for case in view.cases.standing()] == [MORNING.date()]


def test_rules_that_were_agreed_to_are_asked_the_same_day(desk):
    watch = Watch(desk.vault, desk.clock, (), check_portfolios)
    assert watch.tick() == ()

    watch.use_rules(RULES)

    assert [step.what for step in watch.tick()] == [CaseEvent.OPENED]
