"""The breach register: a fold of portfolio answers, day after day.

A case opens with the first answer that is no pass and keeps the day and the time that
this answer gave it, whatever the later ones say. It closes with the first pass, whose
sentence is the evidence; a filing only by the person who filed.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from domain.cases import Case, CaseEvent, CaseKind, CaseStep
from domain.compliance import CheckResult, Verdict

FILING = "Filing"  # The rule type whose answer is a duty.
MARKS = (7, 3, 1, 0)  # Days before its term on which somebody is told of a case.
WEEK = 7  # Days between reminders once the term is over.

Key = tuple[str, str]  # Rule id and subject.


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What is open after a day, what closed on it, and every step between."""

    open: tuple[Case, ...]
    closed: tuple[Case, ...]
    steps: tuple[CaseStep, ...] = ()

    def due_within(self, day: date, days: int) -> tuple[Case, ...]:
        """Open cases of which somebody must be reminded, the most urgent first."""
        near = [c for c in self.open if c.due is not None and (c.due - day).days <= days]
        return tuple(sorted(near, key=lambda c: (c.due, c.rule_id, c.subject)))


NO_CASES = Register(open=(), closed=())


def advance(
    known: Sequence[Case],
    answers: Iterable[CheckResult],
    day: date,
    *,
    periodic: Collection[str] = (),
) -> Register:
    """The register after a day's answers; a question that was not asked leaves its case alone.

    `known` has every case there was, those that are closed too. `periodic` are filing rules
    that are due anew each period: `schedule-13g-quarter` after each quarter end.
    """
    standing: dict[Key, Case] = {(case.rule_id, case.subject): case for case in known}
    steps: list[CaseStep] = []
    for (rule_id, subject), answer in sorted(_by_key(answers).items()):
        case = standing.get((rule_id, subject))
        step = _step(case, answer, day, is_periodic=rule_id in periodic)
        if step is not None:
            steps.append(step)
            standing[rule_id, subject] = step.case
    return Register(
        open=tuple(case for _, case in sorted(standing.items()) if case.is_open),
        closed=tuple(step.case for step in steps if step.what is CaseEvent.CLOSED),
        steps=tuple(steps),
    )


def remind(cases: Iterable[Case], day: date) -> tuple[CaseStep, ...]:
    """A step for each open case that has passed one more of its marks, the most urgent first."""
    told = []
    for case in cases:
        if case.is_open and case.due is not None and marks_behind(case, day) > case.reminders:
            now = replace(case, reminders=marks_behind(case, day))
            told.append(CaseStep(what=CaseEvent.REMINDED, case=now, words=_term(case.due, day)))
    return tuple(sorted(told, key=lambda step: (step.case.due, step.case.case_id)))


def marks_behind(case: Case, day: date) -> int:
    """How many of the days on which somebody is told of the case have come: never fewer later."""
    if case.due is None:
        return 0
    left = (case.due - day).days
    overdue = 0 if left >= 0 else 1 + (-left - 1) // WEEK
    return sum(left <= mark for mark in MARKS) + overdue


def _by_key(answers: Iterable[CheckResult]) -> dict[Key, CheckResult]:
    return {(answer.rule_id, answer.subject): answer for answer in answers}


def _step(
    case: Case | None, answer: CheckResult, day: date, *, is_periodic: bool
) -> CaseStep | None:
    if answer.verdict is Verdict.PASS:
        return None if case is None else _met(case, answer, day)
    if case is None:
        return _told(CaseEvent.OPENED, _opened(answer, day))
    if case.is_open:
        renewed = _measured(case, answer)
        return None if renewed == case else _told(CaseEvent.MEASURED, renewed)
    return _again(case, answer, day, is_periodic=is_periodic)


def _met(case: Case, answer: CheckResult, day: date) -> CaseStep | None:
    """A pass closes a breach; of what a person ends it is kept that a next one is new."""
    if case.is_open and case.kind is CaseKind.BREACH:
        return _told(CaseEvent.CLOSED, replace(_with_numbers(case, answer), closed=day))
    if case.is_cleared or (not case.is_open and case.closed_by is None):
        return None
    return _told(CaseEvent.CLEARED, replace(_with_numbers(case, answer), is_cleared=True))


def _again(case: Case, answer: CheckResult, day: date, *, is_periodic: bool) -> CaseStep | None:
    """What was closed is found again: a new case of it, or the old one if no check passed."""
    is_new = case.closed_by is None or case.is_cleared
    if case.kind is CaseKind.FILING and not is_new:
        is_new = is_periodic and _is_later(answer.due, case.due)
        if not is_new:
            return None  # It was filed, and is no new crossing.
    again = (
        _opened(answer, day)
        if is_new
        else replace(_measured(case, answer), closed=None, closed_by=None, closed_why=None)
    )
    return _told(CaseEvent.REOPENED, replace(again, times=case.times + 1))


def _opened(answer: CheckResult, day: date) -> Case:
    case = Case(
        rule_id=answer.rule_id,
        rule_version=answer.rule_version,
        force=answer.force,
        subject=answer.subject,
        opened=day,
        due=answer.due,
        sentence=answer.sentence,
        citation=answer.citation,
        kind=_kind(answer),
        value=answer.value,
        limit=answer.limit,
        numerator=answer.numerator,
        base=answer.base,
    )
    return replace(case, reminders=marks_behind(case, day))


def _measured(case: Case, answer: CheckResult) -> Case:
    """The newest numbers; a term only where none was known, as when data was missing."""
    kind = CaseKind.FILING if _kind(answer) is CaseKind.FILING else case.kind
    renewed = _with_numbers(case, answer)
    return replace(renewed, due=case.due or answer.due, kind=kind, is_cleared=False)


def _with_numbers(case: Case, answer: CheckResult) -> Case:
    """The newest words and numbers; the term is the case's own, not that of a breach of today."""
    return replace(
        case,
        rule_version=answer.rule_version,
        sentence=answer.sentence.replace(f"by {answer.due}", f"by {case.due or answer.due}"),
        value=answer.value,
        limit=answer.limit,
        numerator=answer.numerator,
        base=answer.base,
    )


def _kind(answer: CheckResult) -> CaseKind:
    """A crossing that is certain is a duty; one that nobody can tell is a question of data."""
    is_duty = answer.rule_type == FILING and answer.verdict is Verdict.BREACH
    return CaseKind.FILING if is_duty else CaseKind.BREACH


def _is_later(due: date | None, than: date | None) -> bool:
    return due is not None and (than is None or due > than)


def _told(what: CaseEvent, case: Case) -> CaseStep:
    return CaseStep(what=what, case=case, words=case.sentence)


def _term(due: date, day: date) -> str:
    left = (due - day).days
    if left == 0:
        return f"due today, {due}"
    days = "day" if abs(left) == 1 else "days"
    return f"due in {left} {days}, on {due}" if left > 0 else f"overdue by {-left} {days}: {due}"
