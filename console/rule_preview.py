"""What proposed rules would touch: today's portfolios, baskets that wait, and open orders."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from console.stored_run import load
from domain.ports import UnitOfWork
from domain.rule_sets import RuleSet
from oms.compliance.change import Change, changes
from oms.compliance.preview import Effect, Scope, preview
from oms.compliance.rule_set import rules_of
from oms.rules_in_force import in_force, rules_before


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePreview:
    """What would be otherwise, in the rules and in their answers."""

    changes: tuple[Change, ...]
    effects: tuple[Effect, ...]


def preview_of(view: UnitOfWork, rule_set: RuleSet, at: datetime) -> RulePreview:
    """Another rule set against the one in force, asked of all that there is at `at`."""
    before, after = rules_before(in_force(view)), rules_of(rule_set)
    found = {
        (effect.rule_id, effect.subject, effect.before, effect.after): effect
        for scope in _scopes(view, at)
        for effect in preview(before, after, scope, at)
    }
    return RulePreview(changes=changes(before, after), effects=tuple(found.values()))


def _scopes(view: UnitOfWork, at: datetime) -> Iterator[Scope]:
    """What is held and open today, and each basket that waits, on its own snapshot."""
    yield Scope(
        snapshot=view.snapshots.take(at.date()),
        open_orders=tuple(order.intent for order in view.orders.open()),
    )
    for approval in view.approvals.pending():
        run = view.runs.get(approval.run_id)
        stored = None if run is None else load(view, run)
        if stored is not None and stored.snapshot is not None:
            yield Scope(snapshot=stored.snapshot, recommendations=stored.recommendations)
