"""Rule sets from files, and rules from rule sets: the words that are kept, and what they say.

A set's own words are read again whenever its rules are needed, never the packs that
happen to ship today.
"""

import tomllib
from pathlib import Path

from domain.rule_sets import RuleSet
from oms.compliance.load import content_of, pack_text, read_rules
from oms.compliance.rules import Rule


def read_rule_set(path: Path) -> RuleSet:
    """A rule file with the packs that it enables, tried out. Raises `RuleFileError`."""
    content = content_of(path)
    read_rules(content, path.name)
    text = content.decode("utf-8")
    enabled = {table["pack"] for table in tomllib.loads(text).get("enable", [])}
    packs = {name: pack_text(name) for name in sorted(enabled)}
    return RuleSet(file=path.name, text=text, packs=packs)


def rules_of(rule_set: RuleSet) -> tuple[Rule, ...]:
    """What a rule set says. Raises `RuleFileError` when this version cannot read it."""
    return read_rules(rule_set.text.encode(), rule_set.file, rule_set.packs)
