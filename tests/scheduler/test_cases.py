"""Cases after a look: opened by what is held, kept in the vault, silent about quarantine."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from domain.cases import CaseClosedError, CaseEvent, close
from domain.snapshot import Finding
from oms.compliance.load import load_pack, load_rules
from oms.compliance.scene import read_scene
from oms.compliance.sweep.portfolios import check_portfolios
from scheduler.cases import ask, enter, record, remind_of
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


def test_what_drifted_over_a_limit_opens_a_case_with_its_term():
    register = ask(check_portfolios, RULES, read_scene(DRIFTED).snapshot, (), AT).register(())

    (case,) = register.open
    assert (case.rule_id, case.subject) == ("industry-drift", "A1")
    assert (case.opened, case.due) == (date(2026, 3, 31), date(2026, 4, 30))


def test_an_account_in_quarantine_has_no_case():
    snapshot = read_scene(DRIFTED).snapshot
    finding = Finding(check="stale_price", account_id="A1", message="m", source=None)

    barred = replace(snapshot, findings=(finding,))

    assert ask(check_portfolios, RULES, barred, (), AT).register(()).open == ()


OWNED = next(rule for rule in load_pack("ownership") if rule.rule_id == "schedule-13d")


class StandingClock:
    def now(self) -> datetime:
        return AT


@pytest.fixture
def vault(database_url, tmp_path):
    store = SqlVault(
        database_url, clock=StandingClock(), holder="test", anchor_path=tmp_path / "anchor"
    )
    yield store
    store.close()


def look(vault, scene: str, at: datetime, rules=RULES):
    """What one look entered, step by step."""
    held = read_scene(f"today is {at.date()}\n{scene}").snapshot
    with vault.write() as uow:
        found = ask(check_portfolios, rules, held, uow.cases.standing(), at)
        return [(step.what, step.case.case_id) for step in enter(uow, found, at)]


def cases(vault):
    with vault.read() as view:
        return view.cases.standing()


def test_a_case_lives_from_its_breach_to_its_cure_and_comes_again(vault):
    """Opened, measured, told of, closed with the positions that passed, opened again."""
    case_id = "industry-drift:A1"
    worse, cured = DRIFTED.replace("holds 400", "holds 420"), DRIFTED.replace("400", "100")

    assert look(vault, DRIFTED, AT) == [(CaseEvent.OPENED, case_id)]
    assert look(vault, DRIFTED, AT) == [], "the same again is nothing new"
    assert look(vault, worse, AT + timedelta(days=1)) == [(CaseEvent.MEASURED, case_id)]
    (case,) = cases(vault)
    assert (case.opened, case.due) == (AT.date(), date(2026, 4, 30))
    assert f"by {case.due}" in case.sentence, "the first look's term, with the newest numbers"

    assert look(vault, worse, AT + timedelta(days=25)) == [(CaseEvent.REMINDED, case_id)]
    assert look(vault, worse, AT + timedelta(days=25)) == [], "each mark is told of once"
    assert look(vault, cured, AT + timedelta(days=26)) == [(CaseEvent.CLOSED, case_id)]
    assert look(vault, DRIFTED, AT + timedelta(days=40)) == [(CaseEvent.REOPENED, case_id)]

    (case,) = cases(vault)
    assert (case.times, case.opened) == (2, (AT + timedelta(days=40)).date())
    with vault.read() as view:
        history = view.cases.history(case_id)
        audited = [entry.kind for entry in view.audit.about(case_id)]
        closing = next(entry for entry in history if entry.step.what is CaseEvent.CLOSED)
        evidence = view.snapshots.get(closing.snapshot_id)
    assert evidence is not None
    assert evidence.as_of == (AT + timedelta(days=26)).date()
    assert sum(lot.quantity for lot in evidence.lots if lot.account_id == "A1") == 100
    assert audited == [
        "case_opened",
        "case_reminded",
        "case_closed",
        "case_reopened",
    ], "new numbers are kept with the case and are no event of the trail"


def test_a_person_cannot_stop_the_clock_of_a_breach(vault):
    """Closed without a check that passed, found again: the first term, and one case."""
    look(vault, DRIFTED, AT)
    (case,) = cases(vault)
    with vault.write() as uow:
        record(uow, (close(case, by="anna", why="told the client", day=AT.date()),), AT, by="anna")
    (closed,) = cases(vault)
    assert (closed.closed_by, closed.closed_why) == ("anna", "told the client")

    with pytest.raises(CaseClosedError, match="closed on 2026-03-31 by anna already"):
        close(closed, by="ben", why="again", day=AT.date())

    assert look(vault, DRIFTED, AT + timedelta(days=10)) == [(CaseEvent.REOPENED, case.case_id)]
    (again,) = cases(vault)
    assert (again.opened, again.due, again.times) == (case.opened, case.due, 2)


def test_a_look_that_was_answered_before_a_person_closed_its_case_keeps_both(vault):
    """The register is read in the transaction that writes it."""
    look(vault, DRIFTED, AT)
    held = read_scene(DRIFTED.replace("400", "100")).snapshot
    with vault.read() as view:
        found = ask(check_portfolios, RULES, held, view.cases.standing(), AT)
    (case,) = cases(vault)
    with vault.write() as uow:
        record(uow, (close(case, by="anna", why="cured", day=AT.date()),), AT, by="anna")
    with vault.write() as uow:
        steps = enter(uow, found, AT)

    assert [step.what for step in steps] == [CaseEvent.CLEARED]
    assert cases(vault)[0].closed_by == "anna"


CROSSED = """
ALFA costs 1, outstanding 1000, registered_voting yes, kind common_stock
A1: control_purpose yes
A1 holds 52 ALFA
"""


def test_a_filing_is_a_dated_task_that_a_person_ends(vault):
    """Selling below the threshold does not undo the duty, holding on does not renew it."""
    case_id, first = "schedule-13d:ALFA", datetime(2026, 3, 5, 20, tzinfo=UTC)
    below = CROSSED.replace("52", "40")

    assert look(vault, CROSSED, first, [OWNED]) == [(CaseEvent.OPENED, case_id)]
    (task,) = cases(vault)
    assert (task.due, task.numerator, task.base) == (date(2026, 3, 12), 52, 1000)
    assert look(vault, below, first + timedelta(days=1), [OWNED]) == [(CaseEvent.CLEARED, case_id)]
    assert cases(vault)[0].is_open
    with vault.write() as uow:
        told = remind_of(uow, cases(vault), date(2026, 3, 13), first)
    assert [step.words for step in told] == ["overdue by 1 day: 2026-03-12"]

    with vault.write() as uow:
        step = close(cases(vault)[0], by="anna", why="filed 000-1", day=date(2026, 3, 13))
        record(uow, (step,), first, by="anna")
    later = datetime(2026, 3, 18, 20, tzinfo=UTC)
    assert look(vault, CROSSED, later, [OWNED]) == [(CaseEvent.REOPENED, case_id)]
    assert cases(vault)[0].due == date(2026, 3, 25), "a new crossing has a new term"
    with vault.write() as uow:
        step = close(cases(vault)[0], by="anna", why="filed 000-2", day=later.date())
        record(uow, (step,), later, by="anna")
    assert look(vault, CROSSED, later + timedelta(days=1), [OWNED]) == [], "filed, and still above"
