"""What holds of cases whatever the answers are, and of clocks whatever the calendar is."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.cases import CaseEvent, CaseKind, close
from domain.compliance import CheckResult, Force, Verdict
from oms.compliance.days import (
    ClockStart,
    CureClock,
    DayCount,
    federal_holidays,
    is_business_day,
)
from oms.compliance.register import MARKS, NO_CASES, advance, marks_behind, remind

FIRST = date(2026, 1, 5)
RULES = ("GroupWeight", "Filing")
verdicts = st.sampled_from(Verdict)
keys = st.tuples(st.sampled_from(RULES), st.sampled_from(("A1", "A2")))
persons = st.booleans()
days_of_answers = st.lists(
    st.tuples(st.dictionaries(keys, verdicts, max_size=4), st.lists(keys, max_size=2)),
    min_size=1,
    max_size=15,
)


def answer(rule_type: str, subject: str, verdict: Verdict, day: date) -> CheckResult:
    due = day + timedelta(days=10) if verdict is Verdict.BREACH else None
    return CheckResult(
        rule_id=rule_type.lower(),
        rule_type=rule_type,
        rule_version="v1",
        force=Force.HARD,
        verdict=verdict,
        subject=subject,
        security_ids=(),
        value=None,
        limit=None,
        sentence=f"{verdict} on {day}" + (f", cured by {due}" if due else ""),
        citation="policy",
        due=due,
    )


def played(days):
    """Every day's register with the answers and closures before it."""
    standing: dict[tuple[str, str], object] = {}
    for n, (answers, closures) in enumerate(days):
        day = FIRST + timedelta(days=n)
        given_ = [answer(rule, subject, v, day) for (rule, subject), v in answers.items()]
        before = dict(standing)
        register = advance(tuple(standing.values()), given_, day)
        for step in register.steps:
            standing[step.case.rule_id, step.case.subject] = step.case
        yield day, before, given_, register, dict(standing)
        for rule, subject in closures:
            case = standing.get((rule.lower(), subject))
            if case is not None and case.is_open:
                standing[rule.lower(), subject] = close(case, by="anna", why="w", day=day).case


@given(days_of_answers)
def test_no_case_is_lost_and_none_is_there_twice(days):
    for _day, before, given_, register, after in played(days):
        assert before.keys() <= after.keys()
        bad = {(a.rule_id, a.subject) for a in given_ if a.verdict is not Verdict.PASS}
        assert bad <= after.keys()
        names = [case.case_id for case in register.open]
        assert len(names) == len(set(names))
        assert set(register.open) == {case for case in after.values() if case.is_open}


@given(days_of_answers)
def test_a_breach_is_open_exactly_when_the_last_that_was_said_of_it_is_so(days):
    """After a day's answers: open if the check did not pass, closed if it did."""
    for _day, _before, given_, _register, after in played(days):
        for one in given_:
            case = after.get((one.rule_id, one.subject))
            if one.rule_type != "Filing":
                is_open = case is not None and case.is_open
                assert is_open == (one.verdict is not Verdict.PASS)


@given(days_of_answers)
def test_a_filing_never_ends_by_itself_and_a_term_never_moves_while_it_runs(days):
    for _day, before, _given, register, after in played(days):
        for step in register.steps:
            if step.what is CaseEvent.CLOSED:
                assert step.case.kind is CaseKind.BREACH
        for key, case in before.items():
            if case.is_open and after[key].is_open:
                assert after[key].opened == case.opened
                assert case.due in (None, after[key].due)


@given(days_of_answers)
def test_the_same_answers_again_on_the_same_day_are_no_step(days):
    for day, _before, given_, register, after in played(days):
        assert advance(tuple(after.values()), given_, day).steps == ()
        assert register.closed == tuple(
            step.case for step in register.steps if step.what is CaseEvent.CLOSED
        )


@given(st.integers(0, 40), st.lists(st.integers(0, 90), min_size=1, max_size=20))
def test_each_mark_is_told_once_whichever_days_are_looked_at(term, offsets):
    one = answer("GroupWeight", "A1", Verdict.BREACH, FIRST)
    opened = advance((), [one], FIRST).open[0]
    case = type(opened)(
        **{
            **{name: getattr(opened, name) for name in opened.__slots__},
            "due": FIRST + timedelta(days=term),
            "reminders": 0,
        }
    )
    told = 0
    for offset in sorted(offsets):
        day = FIRST + timedelta(days=offset)
        for step in remind([case], day):
            told += 1
            case = step.case
        assert remind([case], day) == ()
        assert case.reminders == marks_behind(case, day)
    left = term - max(offsets)
    overdue_weeks = 0 if left >= 0 else (-left + 6) // 7
    assert told <= sum(left <= mark for mark in MARKS) + overdue_weeks
    assert (told > 0) == (left <= MARKS[0])


starts = st.dates(date(2021, 1, 1), date(2030, 12, 31))


@given(starts, st.integers(0, 40), st.sets(st.integers(1, 60)))
def test_business_days_are_counted_one_by_one(found, count, closed):
    """Weekends, federal holidays and the firm's own are passed over; the term is a business day."""
    own = {found + timedelta(days=n) for n in closed}
    due = CureClock(count=count, days=DayCount.BUSINESS).due(found, own)

    between = [found + timedelta(days=n) for n in range(1, (due - found).days + 1)]
    assert sum(is_business_day(day, own) for day in between) == count
    assert count == 0 or is_business_day(due, own)
    naive = [d for d in between if d.weekday() < 5 and d not in own]
    assert len([d for d in naive if d not in federal_holidays(d.year)]) == count


@given(starts, st.integers(0, 40))
def test_a_day_more_is_never_an_earlier_term(found, count):
    for days in DayCount:
        for start in ClockStart:
            clock, longer = (CureClock(count=n, days=days, start=start) for n in (count, count + 1))
            assert clock.due(found) < longer.due(found)
            assert clock.due(found) <= clock.due(found + timedelta(days=1))


def test_terms_around_the_turn_of_a_year():
    """Found on Wednesday 23 December 2026: Christmas is a Friday, New Year's Day too."""
    found = date(2026, 12, 23)

    def due(count, days, start=ClockStart.BREACH):
        return CureClock(count=count, days=days, start=start).due(found)

    assert due(5, DayCount.BUSINESS) == date(2026, 12, 31)
    assert due(6, DayCount.BUSINESS) == date(2027, 1, 4)
    assert due(3, DayCount.NO_SUNDAYS) == date(2026, 12, 28), "Saturday counts, Sunday does not"
    assert due(45, DayCount.CALENDAR, ClockStart.QUARTER_END) == date(2027, 2, 14)
    assert due(2, DayCount.MONTHS, ClockStart.YEAR_END) == date(2027, 2, 28)


def test_an_empty_register_stays_empty():
    assert advance((), (), FIRST) == NO_CASES


def test_a_quarterly_filing_is_due_anew_each_quarter_and_a_daily_one_is_not():
    quarter, next_quarter = date(2026, 3, 31), date(2026, 6, 30)
    one = answer("Filing", "ALFA", Verdict.BREACH, quarter)
    case = advance((), [one], quarter).open[0]
    filed = close(case, by="anna", why="filed", day=quarter).case
    again = answer("Filing", "ALFA", Verdict.BREACH, next_quarter)

    renewed = advance([filed], [again], next_quarter, periodic=("filing",))
    once = advance([filed], [again], next_quarter)

    assert [step.what for step in renewed.steps] == [CaseEvent.REOPENED]
    assert renewed.open[0].due == again.due
    assert (once.steps, once.open) == ((), ())
