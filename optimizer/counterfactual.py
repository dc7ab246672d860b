"""What a rule costs: its price at the margin, and the best answer without it.

The price is the dual of the convex program; the other figures come of solving it again
with the rule left out and all else the same, locks on losses included.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from domain.proposals import BindingRule
from optimizer.explain import binding_caps, binding_rows, weight
from optimizer.model import Programs
from optimizer.objective import tracking_error
from optimizer.search import Found
from optimizer.solve import Solution, solve
from optimizer.values import AccountProblem, RiskCap, Row

MOST_RULES = 3  # Solved again without; the dearest.
CENT = Decimal("0.01")


def binding_rules(
    programs: Programs, problem: AccountProblem, found: Found
) -> tuple[BindingRule, ...]:
    """The rules that hold the answer back, the dearest first."""
    rules: dict[str, _Rule] = {}
    for row, dual in binding_rows(problem, found):
        _add(rules, row, dual, row.unit)
    for cap, dual in binding_caps(problem, found):
        _add(rules, cap, dual, "volatility")
    dearest = sorted(rules.items(), key=lambda item: (-item[1].dual, item[0]))[:MOST_RULES]
    judged = (_judged(programs, problem, found, label, rule) for label, rule in dearest)
    return tuple(rule for rule in judged if rule is not None)


@dataclass(frozen=True, slots=True)
class _Rule:
    """Rows or caps of one label, and what they cost together."""

    limits: tuple[Row | RiskCap, ...]
    dual: float
    unit: str


def _add(rules: dict[str, _Rule], limit: Row | RiskCap, dual: float, unit: str) -> None:
    before = rules.get(limit.label, _Rule((), 0.0, unit))
    rules[limit.label] = _Rule((*before.limits, limit), before.dual + dual, unit)


def _judged(
    programs: Programs, problem: AccountProblem, found: Found, label: str, rule: _Rule
) -> BindingRule | None:
    nav = float(problem.nav)
    gone = {id(limit) for limit in rule.limits}
    without = replace(
        problem,
        rows=tuple(row for row in problem.rows if id(row) not in gone),
        caps=tuple(cap for cap in problem.caps if id(cap) not in gone),
    )
    solution = solve(programs, without, found.box)
    if not isinstance(solution, Solution):
        return None
    better = max(found.solution.objective - solution.objective, 0.0)
    active = problem.w0 + solution.z - problem.b
    return BindingRule(
        name=label,
        price=Decimal(rule.dual * nav / 100).quantize(CENT),
        unit=rule.unit,
        gain_without=Decimal(better * nav).quantize(CENT),
        tracking_error_without=weight(tracking_error(programs.market, active)),
        turnover_without=weight(float(np.abs(solution.z).sum())),
    )
