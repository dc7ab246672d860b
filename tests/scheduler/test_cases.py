"""Cases after a run: opened by what is held, kept from run to run, silent about quarantine."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from domain.codec import encode
from domain.runs import Run, RunStatus, Step, TriggerKind
from domain.snapshot import Finding
from oms.compliance.load import load_rules
from oms.compliance.register import Register
from oms.compliance.scene import read_scene
from scheduler import telling
from scheduler.cases import known_cases, survey
from scheduler.summary import summarise
from tests.scheduler.test_summary import facts
from vault import SqlVault

RULES = load_rules(Path(__file__).parents[2] / "data" / "rules.toml")
AT = datetime(2026, 3, 31, 20, 45, tzinfo=UTC)
DRIFTED = """
ALFA costs 1, industry Chips
A1 has 600 cash
A1 holds 400 ALFA
A2 has 600 cash
A2 holds 100 ALFA
"""


class StandingClock:
    def now(self) -> datetime:
        return AT


@pytest.fixture
def vault(new_sqlite_url, tmp_path):
    store = SqlVault(
        new_sqlite_url(), clock=StandingClock(), holder="test", anchor_path=tmp_path / "anchor"
    )
    yield store
    store.close()


def test_what_drifted_over_a_limit_opens_a_case_with_its_term():
    register = survey(RULES, (), read_scene(DRIFTED).snapshot, AT)

    (case,) = register.open
    assert (case.rule_id, case.subject) == ("industry-drift", "A1")
    assert (case.opened, case.due) == (date(2026, 3, 31), date(2026, 4, 30))


def test_an_account_in_quarantine_has_no_case():
    snapshot = read_scene(DRIFTED).snapshot
    finding = Finding(check="stale_price", account_id="A1", message="m", source=None)

    assert survey(RULES, (), replace(snapshot, findings=(finding,)), AT).open == ()


def run_of(number: int, at: datetime) -> Run:
    return Run(
        run_id=UUID(int=number),
        trigger="month-end",
        kind=TriggerKind.MANUAL,
        due=at,
        why="test",
        account_ids=(),
        status=RunStatus.RUNNING,
        started_at=at,
    )


def test_the_next_run_knows_the_cases_of_the_last_one_that_finished(vault):
    """Run 1 ends with a case, run 2 fails and leaves no summary, run 3 begins."""
    first, failed, third = (run_of(n, AT + timedelta(hours=n)) for n in (1, 2, 3))
    register = survey(RULES, (), read_scene(DRIFTED).snapshot, AT)
    with vault.write() as uow:
        for run in (first, failed, third):
            uow.runs.add(run)
        summary = summarise(facts(register=register))
        uow.runs.save_step(first.run_id, Step.RECONCILE, encode(summary), AT)

    with vault.read() as view:
        assert known_cases(view, third) == register.open
        assert known_cases(view, first) == ()


def events(register, known, day) -> list[tuple[str, str]]:
    with capture_logs() as lines:
        telling.cases(known, register, day)
    return [(line["event"], line["subject"]) for line in lines]


def test_a_case_is_told_when_it_opens_near_its_term_after_it_and_when_it_closes():
    first = date(2026, 3, 31)
    opened = survey(RULES, (), read_scene(DRIFTED).snapshot, AT)
    (case,) = opened.open
    closed = Register(open=(), closed=(replace(case, closed=first),))

    assert events(opened, (), first) == [("case_opened", "A1")]
    assert events(opened, opened.open, date(2026, 4, 10)) == []
    assert events(opened, opened.open, date(2026, 4, 26)) == [("case_due_soon", "A1")]
    assert events(opened, opened.open, date(2026, 5, 1)) == [("case_overdue", "A1")]
    assert events(closed, opened.open, first) == [("case_closed", "A1")]
