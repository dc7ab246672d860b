"""Preview: what another set of rules would say otherwise, before it is put in force.

Both sets are asked the same: of every whole portfolio, of a basket, and of open orders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.compliance import CheckResult
from domain.orders import OrderIntent
from domain.recommendations import Recommendation
from domain.snapshot import Snapshot
from oms.compliance.check import check_accounts, check_orders, check_portfolio
from oms.compliance.rules import Rule

NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """On what both sets are tried."""

    snapshot: Snapshot
    recommendations: tuple[Recommendation, ...] = ()
    open_orders: tuple[OrderIntent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One rule that would answer otherwise about one account or open order."""

    rule_id: str
    subject: str
    before: str  # "pass", "warn", "breach", "cannot tell" or "not asked".
    after: str
    sentence: str  # The new answer's; the old one's where there is no new one.


def preview(
    before: Sequence[Rule], after: Sequence[Rule], scope: Scope, at: datetime
) -> tuple[Effect, ...]:
    """Every answer that would change, by rule and subject; a new pass is no effect."""
    old, new = _answers(before, scope, at), _answers(after, scope, at)
    found = []
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        said = NOT_ASKED if was is None else was.says
        says = NOT_ASKED if now is None else now.says
        if said == says or {said, says} == {NOT_ASKED, "pass"}:
            continue
        answer = now or was
        assert answer is not None
        found.append(
            Effect(
                rule_id=key[0],
                subject=key[1],
                before=said,
                after=says,
                sentence=answer.sentence,
            )
        )
    return tuple(found)


def _answers(
    rules: Sequence[Rule], scope: Scope, at: datetime
) -> dict[tuple[str, str, str], CheckResult]:
    """By rule, subject and when it was asked: a rule may be asked of a basket and a portfolio."""
    asked = {
        "basket": check_accounts(rules, scope.snapshot, scope.recommendations, at),
        "portfolio": check_portfolio(rules, scope.snapshot, at),
        "order": check_orders(rules, scope.open_orders, scope.snapshot, (), at),
    }
    return {
        (answer.rule_id, answer.subject, when): answer
        for when, answers in asked.items()
        for answer in answers
    }
