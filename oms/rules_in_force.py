"""The rules in force: taken over from the file once, changed by two persons from then on.

The first person proposes a whole rule set, the second agrees to that very set, by its
name, and only then is it in force. What the file says in between is nobody's decision.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.codec import decode
from domain.errors import BadInputError, UnknownNameError
from domain.ports import UnitOfWork
from domain.rule_sets import RulesEntry, RuleSet, RulesStep
from oms.compliance.change import changes
from oms.compliance.rule_set import rules_of
from oms.compliance.rules import Rule
from oms.compliance.toml_tables import RuleFileError
from oms.second_person import require_second

SUBJECT = "rules"  # Of the audit trail.
SHORT = 12  # Hex digits by which people name a set.


class RulesNotChangedError(BadInputError):
    """What is in force stays in force; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The rule set in force and how it came to be."""

    entry: RulesEntry
    rule_set: RuleSet


def history(uow: UnitOfWork) -> tuple[RulesEntry, ...]:
    """Every step, oldest first."""
    kinds = frozenset(RulesStep)
    return tuple(
        decode(RulesEntry, entry.body) for entry in uow.audit.about(SUBJECT) if entry.kind in kinds
    )


def in_force(uow: UnitOfWork) -> InForce | None:
    """What is in force; None before the first start."""
    standing = [entry for entry in history(uow) if entry.puts_in_force]
    return InForce(entry=standing[-1], rule_set=named(uow, standing[-1].name)) if standing else None


def open_in(steps: Sequence[RulesEntry]) -> RulesEntry:
    """What waits for a second person: the newest proposal, unless it came to an end.

    Raises `RulesNotChangedError` when nothing does.
    """
    if not steps or steps[-1].step is not RulesStep.PROPOSED:
        raise RulesNotChangedError(
            "no rules are proposed; `trimtab rules propose FILE --by WHO --why TEXT` does"
        )
    return steps[-1]


def named(uow: UnitOfWork, name: str) -> RuleSet:
    """The one rule set whose name begins so. Raises `UnknownNameError`."""
    found = [one for one in uow.rule_sets.all() if one.name.startswith(name)]
    if len(found) != 1:
        what = "no rule set" if not found else f"{len(found)} rule sets"
        raise UnknownNameError(f"{what} whose name begins {name!r}; see `trimtab rules history`")
    return found[0]


def take_over(uow: UnitOfWork, rule_set: RuleSet, *, by: str, at: datetime) -> RulesEntry:
    """Put the file's rules in force where none are: the first start."""
    assert in_force(uow) is None, "rules in force are changed by two persons"
    entry = RulesEntry(
        step=RulesStep.TAKEN_OVER,
        name=rule_set.name,
        file=rule_set.file,
        replaces="",
        by=by,
        at=at,
        why="the first start: no rules were in force",
    )
    uow.rule_sets.add(rule_set)
    return _write(uow, entry, by)


def propose(uow: UnitOfWork, rule_set: RuleSet, *, why: str, by: str, at: datetime) -> RulesEntry:
    """Write down what the first person wants in force; a newer proposal replaces an older one.

    Raises `RulesNotChangedError`.
    """
    standing = in_force(uow)
    if standing is None:
        raise RulesNotChangedError(
            "no rules are in force yet: the first start of `trimtab serve` takes the file over"
        )
    if standing.rule_set.name == rule_set.name:
        raise RulesNotChangedError(f"{rule_set.file} is in force as it is: nothing would change")
    entry = RulesEntry(
        step=RulesStep.PROPOSED,
        name=rule_set.name,
        file=rule_set.file,
        replaces=standing.rule_set.name,
        by=by,
        at=at,
        why=why,
        changes=tuple(
            f"{one.what} {one.rule_id}: {one.words}"
            for one in changes(rules_before(standing), rules_of(rule_set))
        ),
    )
    uow.rule_sets.add(rule_set)
    return _write(uow, entry, by)


def agree(uow: UnitOfWork, name: str, *, by: str, at: datetime) -> RulesEntry:
    """The second person agrees to the proposed set of that name: it is in force.

    Raises `RulesNotChangedError`.
    """
    proposal = open_in(history(uow))
    if not name or not proposal.name.startswith(name):
        raise RulesNotChangedError(
            f"{proposal.by} has proposed other rules since, {proposal.name[:SHORT]};"
            " look at `trimtab rules proposed` and agree to those"
        )
    require_second(proposal.by, by, RulesNotChangedError, did="proposed these rules")
    rules_of(named(uow, proposal.name))
    entry = RulesEntry(
        step=RulesStep.AGREED,
        name=proposal.name,
        file=proposal.file,
        replaces=proposal.replaces,
        by=proposal.by,
        at=at,
        why=proposal.why,
        seconded_by=by,
        changes=proposal.changes,
    )
    return _write(uow, entry, by)


def rules_before(standing: InForce | None) -> tuple[Rule, ...]:
    """What another set is compared with: no rules where this version cannot read the words.

    So a set that a new version refuses can still be replaced, by two persons.
    """
    try:
        return () if standing is None else rules_of(standing.rule_set)
    except RuleFileError:
        return ()


def _write(uow: UnitOfWork, entry: RulesEntry, actor: str) -> RulesEntry:
    uow.audit.append(at=entry.at, actor=actor, kind=entry.step, subject=SUBJECT, body=entry)
    return entry
