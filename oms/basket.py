"""Baskets: what may be released once the rules have answered.

An account with a blocking answer is held whole: its buys are paid for by its
sales, so a part of it would not add up.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from domain.compliance import CheckResult, Force, Verdict
from domain.errors import BadInputError
from domain.overrides import GivenOverride
from domain.recommendations import Basket, HeldAccount, Recommendation

LONGEST = timedelta(days=366)  # What shall count for longer is a change of the rule.


class Override(NamedTuple):
    """Who lets a breach through, the written reason, and the last day on which it counts."""

    by: str
    why: str
    until: date | None = None  # None: in this run only.

    @property
    def reason(self) -> str:
        """The written reason, and how long it counts."""
        return self.why if self.until is None else f"{self.why} (until {self.until})"


Overrides = Mapping[tuple[str, str], Override]  # By (rule id, account id).


class OverrideRefusedError(BadInputError):
    """An override that may not be, or that has nothing to override."""

    def __init__(self, *, rule_id: str, account_id: str, why: str) -> None:
        super().__init__(f"rule {rule_id} cannot be overridden for account {account_id}: {why}")
        self.rule_id, self.account_id, self.why = rule_id, account_id, why


def settle(
    snapshot_id: str,
    recommendations: Sequence[Recommendation],
    results: Sequence[CheckResult],
    overrides: Overrides | None = None,
) -> Basket:
    """Split the recommendations into what may be released and what is held, with the reasons.

    Raises `OverrideRefusedError` when an override concerns a hard rule, names
    no breach, or has no name or reason.
    """
    answers = _overridden(results, overrides or {})
    blocking: defaultdict[str, list[CheckResult]] = defaultdict(list)
    for answer in answers:
        if answer.blocks:
            blocking[answer.subject].append(answer)
    trading = sorted({r.account_id for r in recommendations})
    return Basket(
        snapshot_id=snapshot_id,
        recommendations=tuple(r for r in recommendations if r.account_id not in blocking),
        held=tuple(
            HeldAccount(account_id=account_id, reason=_reason(blocking[account_id]))
            for account_id in trading
            if account_id in blocking
        ),
        results=tuple(answer for answer in answers if answer.verdict is not Verdict.PASS),
    )


def carried(
    results: Iterable[CheckResult], given: Iterable[GivenOverride], day: date
) -> dict[tuple[str, str], Override]:
    """Overrides of earlier runs that still count for these answers.

    The rule must be the same version: a rule that was changed is asked anew.
    """
    holding = {(g.rule_id, g.rule_version, g.account_id): g for g in given if g.holds(day)}
    found = {}
    for result in results:
        one = holding.get((result.rule_id, result.rule_version, result.subject))
        if one is not None and result.blocks and result.force is Force.OVERRIDABLE:
            found[one.rule_id, one.account_id] = Override(one.by, one.why, one.until)
    return found


def refuse_terms(overrides: Overrides, day: date) -> None:
    """Raise `OverrideRefusedError` for an override that ends before it begins, or hardly ever."""
    for (rule_id, account_id), override in overrides.items():
        if override.until is not None and not day <= override.until <= day + LONGEST:
            raise OverrideRefusedError(
                rule_id=rule_id,
                account_id=account_id,
                why=f"until {override.until} must be from {day} to {day + LONGEST}",
            )


def _overridden(results: Sequence[CheckResult], overrides: Overrides) -> tuple[CheckResult, ...]:
    asked = {(result.rule_id, result.subject) for result in results}
    for rule_id, account_id in overrides.keys() - asked:
        raise OverrideRefusedError(
            rule_id=rule_id, account_id=account_id, why="the rule has nothing against it"
        )
    return tuple(
        _with_override(result, overrides[result.rule_id, result.subject])
        if (result.rule_id, result.subject) in overrides
        else result
        for result in results
    )


def _with_override(result: CheckResult, override: Override) -> CheckResult:
    why_not = None
    if result.verdict is Verdict.PASS:
        why_not = "it passed"
    elif result.force is Force.HARD:
        why_not = "a hard rule stands, whoever asks; change the trades or the rule"
    elif result.force is Force.SOFT:
        why_not = "a soft rule blocks nothing; approve the run instead"
    elif not override.by.strip() or not override.why.strip():
        why_not = "an override needs a name and a written reason"
    if why_not is not None:
        raise OverrideRefusedError(rule_id=result.rule_id, account_id=result.subject, why=why_not)
    return replace(result, overridden_by=override.by, override_reason=override.reason)


def _reason(blocking: Sequence[CheckResult]) -> str:
    return "; ".join(f"{answer.rule_id} ({answer.force}): {answer.sentence}" for answer in blocking)
