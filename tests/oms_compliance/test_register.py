"""The breach register: what opens a case, how long it may stay open, what closes it."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from oms.compliance.check import check_portfolio
from oms.compliance.load import load_pack
from oms.compliance.register import advance
from oms.compliance.scene import read_scene

NAMES = next(rule for rule in load_pack("us-fund") if rule.rule_id == "fund-names")
FIRST = date(2026, 7, 1)


def answers(day: date, in_name: int):
    scene = read_scene(
        f"today is {day}\nNAME costs 1, in_name yes\nA1 is a us_fund\n"
        f"A1 has {1000 - in_name} cash\nA1 holds {in_name} NAME"
    )
    return check_portfolio((NAMES,), scene.snapshot, scene.at)


def test_a_breach_opens_a_case_with_its_clock():
    register = advance((), answers(FIRST, 790), FIRST)

    (case,) = register.open
    assert (case.rule_id, case.subject, case.opened) == ("fund-names", "A1", FIRST)
    assert case.due == date(2026, 9, 29), "90 days"
    assert register.closed == ()
    assert register.due_within(FIRST, 30) == ()
    assert register.due_within(date(2026, 9, 1), 30) == (case,)


def test_the_clock_runs_from_the_first_day_and_a_pass_closes_with_the_evidence():
    day, later, last = FIRST, FIRST + timedelta(days=40), FIRST + timedelta(days=95)
    opened = advance((), answers(day, 790), day)
    still = advance(opened.open, answers(later, 795), later)
    done = advance(still.open, answers(last, 810), last)

    assert (still.open[0].opened, still.open[0].due) == (day, opened.open[0].due)
    assert "79.5 %" in still.open[0].sentence
    assert not still.open[0].is_overdue(later)
    assert done.open == ()
    assert done.closed[0].closed == last
    assert done.closed[0].is_overdue(last), "it closed after its time"
    assert "81 %" in done.closed[0].sentence


def test_a_question_that_is_not_asked_leaves_its_case_open():
    opened = advance((), answers(FIRST, 790), FIRST)

    assert advance(opened.open, (), FIRST + timedelta(days=1)) == type(opened)(
        open=opened.open, closed=()
    )


@given(st.lists(st.integers(700, 900), min_size=1, max_size=12))
def test_a_case_is_open_exactly_while_the_rule_is_not_met(shares):
    known, since = (), None
    for n, in_name in enumerate(shares):
        day = FIRST + timedelta(days=n)
        known = advance(known, answers(day, in_name), day).open
        since = (since or day) if in_name < 800 else None

        assert [case.opened for case in known] == ([] if since is None else [since])


def test_a_filing_is_a_dated_task_with_its_numbers():
    """Above 5 % with a control purpose on 5 March: Schedule 13D by the 12th."""
    rule = next(r for r in load_pack("ownership") if r.rule_id == "schedule-13d")
    day = date(2026, 3, 5)
    scene = read_scene(
        f"today is {day}\nALFA costs 1, outstanding 1000\nA1: control_purpose yes\nA1 holds 52 ALFA"
    )

    (task,) = advance((), check_portfolio((rule,), scene.snapshot, scene.at), day).open
    assert (task.subject, task.due) == ("ALFA", date(2026, 3, 12))
    assert "52 of 1,000" in task.sentence
