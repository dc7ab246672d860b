"""The rules that a start uses: what is in force in the vault, not what the file says now.

The first start takes the file over. From then on a changed file is told of, and stays
without effect until two persons have put it in force.
"""

from datetime import datetime
from pathlib import Path

import structlog

from domain.errors import ConfigError
from domain.ports import Vault
from domain.rule_sets import RuleSet
from oms.compliance.load import load_rules
from oms.compliance.rule_set import read_rule_set, rules_of
from oms.compliance.rules import Rule
from oms.compliance.toml_tables import RuleFileError
from oms.rules_in_force import SHORT, in_force, take_over

TAKER = "trimtab"  # Who takes the file over.
log = structlog.get_logger("service")


def rules_at_start(vault: Vault, file: Path, now: datetime) -> tuple[Rule, ...]:
    """What is in force; at the first start the file. Raises `RuleFileError`."""
    with vault.read() as view:
        standing = in_force(view)
    if standing is None:
        rule_set = read_rule_set(file)
        with vault.write() as uow:
            take_over(uow, rule_set, by=TAKER, at=now)
    else:
        rule_set = standing.rule_set
        if words := file_differs(rule_set, file):
            log.warning("rule_file_differs", detail=words)
    return _read(rule_set)


def rules_words(vault: Vault, file: Path) -> str:
    """What a start would use, and what of the file has no effect. Raises `RuleFileError`."""
    with vault.read() as view:
        standing = in_force(view)
    if standing is None:
        return f"{len(load_rules(file))} rules, and their own examples hold"
    rules, name = _read(standing.rule_set), standing.rule_set.name[:SHORT]
    since = f"in force since {standing.entry.at:%Y-%m-%d} as {name}"
    differs = file_differs(standing.rule_set, file)
    return f"{len(rules)} rules, {since}" + (f"; {differs}" if differs else "")


def _read(standing: RuleSet) -> tuple[Rule, ...]:
    try:
        return rules_of(standing)
    except RuleFileError as error:
        raise ConfigError(
            f"the rules in force, {standing.name[:SHORT]}, cannot be read by this version"
            f" ({error.problems[0]}); `trimtab rules propose FILE` others, or go back a version"
        ) from error


def file_differs(standing: RuleSet, file: Path) -> str:
    """How the file differs from what is in force; empty when it does not."""
    try:
        found = read_rule_set(file)
    except RuleFileError as error:
        return f"{file.name} cannot be used and has no effect: {error.problems[0]}"
    if found.name == standing.name:
        return ""
    what = file.name
    if found.text == standing.text:
        packs = [name for name, text in found.packs.items() if standing.packs.get(name) != text]
        what = f"pack {', '.join(packs)} as shipped now"
    return f"{what} differs from what is in force; `trimtab rules propose {file.name}`"
