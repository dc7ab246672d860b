"""Wishes about the rules in force: one person proposes a rule file, another agrees to it.

The service reads the file itself, so that what is stored is what it has tried out.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from console.service_port import Telling
from domain.ports import Clock, Vault
from oms import rules_in_force
from oms.compliance.rule_set import read_rule_set, rules_of
from oms.compliance.rules import Rule
from oms.rules_in_force import SHORT

UseRules = Callable[[Sequence[Rule]], None]


class RuleWishes:
    """What persons may want of the rules, over the vault."""

    def __init__(self, vault: Vault, clock: Clock, use_rules: UseRules) -> None:
        """`use_rules` is told what is asked from now on."""
        self._rules_vault, self._rules_clock, self._use_rules = vault, clock, use_rules

    def propose_rules(self, path: Path, by: str, why: str) -> Telling:
        """Propose a rule file; what is in force stays so until a second person agrees."""
        rule_set = read_rule_set(path)
        with self._rules_vault.write() as uow:
            entry = rules_in_force.propose(
                uow, rule_set, why=why, by=by, at=self._rules_clock.now()
            )
        name = entry.name[:SHORT]
        return Telling(
            subject=entry.name,
            lines=(
                f"{by} proposes the rules {name} of {entry.file}: {why}",
                "a second person looks with: trimtab rules proposed",
                f"and agrees with: trimtab rules agree {name} --by WHO",
            ),
            facts=entry,
        )

    def agree_rules(self, name: str, by: str) -> Telling:
        """The second person agrees to the proposed rules of that name: they are in force."""
        with self._rules_vault.write() as uow:
            entry = rules_in_force.agree(uow, name, by=by, at=self._rules_clock.now())
            rules = rules_of(rules_in_force.named(uow, entry.name))
        self._use_rules(rules)
        short, before = entry.name[:SHORT], entry.replaces[:SHORT]
        said = f"the rules {short} are in force in place of {before}, say {entry.by} and {by}"
        return Telling(subject=entry.name, lines=(f"{said}: {entry.why}",), facts=entry)
