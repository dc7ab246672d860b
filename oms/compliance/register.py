"""The breach register: a fold of portfolio answers, day after day.

A case opens with the first answer that is no pass and keeps the day and the time that
this answer gave it, whatever the later ones say. It closes with the first pass, whose
sentence is the evidence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from domain.cases import Case
from domain.compliance import CheckResult, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What is open after a day, and what closed on it."""

    open: tuple[Case, ...]
    closed: tuple[Case, ...]

    def due_within(self, day: date, days: int) -> tuple[Case, ...]:
        """Open cases of which somebody must be reminded, the most urgent first."""
        near = [c for c in self.open if c.due is not None and (c.due - day).days <= days]
        return tuple(sorted(near, key=lambda c: (c.due, c.rule_id, c.subject)))


NO_CASES = Register(open=(), closed=())


def advance(known: Sequence[Case], answers: Sequence[CheckResult], day: date) -> Register:
    """The register after a day's answers; a question that was not asked leaves its case alone."""
    before = {(case.rule_id, case.subject): case for case in known}
    now = {(answer.rule_id, answer.subject): answer for answer in answers}
    closed = tuple(_closed(before, now, day))
    gone = {(case.rule_id, case.subject) for case in closed}
    stay = {key: _renewed(case, now.get(key)) for key, case in before.items() if key not in gone}
    for key, answer in now.items():
        if answer.verdict is not Verdict.PASS and key not in stay:
            stay[key] = _opened(answer, day)
    return Register(open=tuple(stay[key] for key in sorted(stay)), closed=closed)


def _opened(answer: CheckResult, day: date) -> Case:
    return Case(
        rule_id=answer.rule_id,
        rule_version=answer.rule_version,
        force=answer.force,
        subject=answer.subject,
        opened=day,
        due=answer.due,
        sentence=answer.sentence,
        citation=answer.citation,
    )


def _renewed(case: Case, answer: CheckResult | None) -> Case:
    return case if answer is None else replace(case, sentence=answer.sentence)


def _closed(
    before: dict[tuple[str, str], Case], now: dict[tuple[str, str], CheckResult], day: date
) -> Iterator[Case]:
    for key in sorted(before):
        answer = now.get(key)
        if answer is not None and answer.verdict is Verdict.PASS:
            yield replace(before[key], closed=day, sentence=answer.sentence)
