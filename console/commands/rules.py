"""`trimtab rules`: what the rules are, whether a file of them holds, and what would change."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from console import rule_changes
from console.doors import open_config, opening
from console.printing import Column, print_json, print_lines, print_table, print_verbatim
from console.rule_changes import add_action
from domain.errors import ExitCode, TryAgainError, UnknownNameError
from oms.compliance.change import Change, changes
from oms.compliance.examples import ExampleOutcome, run_examples
from oms.compliance.load import load_pack, load_rules, pack_names
from oms.compliance.nearest import nearest
from oms.compliance.page import page, rule_lines
from oms.compliance.preview import Effect, Scope, preview
from oms.compliance.rule_set import rules_of
from oms.compliance.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One rule of a list."""

    rule_id: str
    rule_type: str
    version: str
    force: str
    stage: str
    accounts: str
    words: str
    citation: str
    examples: int


COLUMNS = (
    Column[RuleLine]("RULE", lambda line: line.rule_id),
    Column[RuleLine]("TYPE", lambda line: line.rule_type),
    Column[RuleLine]("VERSION", lambda line: line.version),
    Column[RuleLine]("FORCE", lambda line: line.force),
    Column[RuleLine]("STAGE", lambda line: line.stage),
    Column[RuleLine]("ACCOUNTS", lambda line: line.accounts),
    Column[RuleLine]("SAYS", lambda line: line.words),
)
OUTCOMES = (
    Column[ExampleOutcome]("", lambda found: "ok" if found.agrees else "NO"),
    Column[ExampleOutcome]("RULE", lambda found: found.rule_id),
    Column[ExampleOutcome]("EXAMPLE", lambda found: found.says),
    Column[ExampleOutcome]("ANSWER", lambda found: found.message),
)


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = add_action(
        actions,
        "list",
        "list the rules in force, or those of a pack or a file",
        "--file new-rules.toml",
    )
    _add_source(listing)
    show = add_action(actions, "show", "show one rule with its examples", "wash-sale")
    show.add_argument("rule", metavar="RULE")
    show.add_argument("--version", metavar="VERSION", help="as it was when an answer named it so")
    _add_source(show)
    check = add_action(
        actions,
        "check",
        "read a rule file and say everything that is wrong with it",
        "new-rules.toml",
    )
    check.add_argument("file", metavar="FILE", type=Path)
    test = add_action(actions, "test", "run every rule's own examples", "new-rules.toml")
    test.add_argument("file", metavar="FILE", type=Path, nargs="?")
    test.add_argument("--pack", metavar="PACK", help="of one pack that ships")
    diff = add_action(
        actions, "diff", "say what another file would change", "new-rules.toml --run last"
    )
    diff.add_argument("file", metavar="FILE", type=Path)
    diff.add_argument("--against", metavar="FILE", type=Path, help="(default: what is in force)")
    diff.add_argument(
        "--run",
        metavar="RUN",
        help="also which portfolios, baskets and open orders of this run it would touch",
    )
    rule_changes.configure(actions)
    add_action(actions, "packs", "list the packs that ship")
    add_action(actions, "page", "print docs/compliance.md")


def run(arguments: argparse.Namespace) -> int:
    act: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list,
        "show": _show,
        "check": _check,
        "test": _test,
        "diff": _diff,
        **rule_changes.ACTIONS,
        "packs": _packs,
        "page": _page,
    }
    return act[arguments.action](arguments)


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--file", metavar="FILE", type=Path, help="of this rule file")
    parser.add_argument("--pack", metavar="PACK", help="of one pack that ships")
    parser.add_argument("--set", metavar="RULES", help="of a set that `rules history` names")


def _rules(arguments: argparse.Namespace) -> tuple[Rule, ...]:
    """Those of a pack, of a file, of a stored set, or in force."""
    if getattr(arguments, "pack", None):
        if arguments.pack not in pack_names():
            close = nearest(arguments.pack, pack_names())
            raise UnknownNameError(f"no pack {arguments.pack!r}{close}")
        return load_pack(arguments.pack)
    if arguments.file is not None:
        return load_rules(arguments.file)
    return _stored(arguments)


def _stored(arguments: argparse.Namespace) -> tuple[Rule, ...]:
    """Those of the set that is named, or in force: before the first start the file's."""
    config = open_config(arguments.config)
    name = getattr(arguments, "set", None)
    with opening().open_reading(config) as service:
        found = service.rule_set(name) if name else service.rules_in_force()
    return load_rules(config.rules) if found is None else rules_of(found)


def _list(arguments: argparse.Namespace) -> int:
    lines = [_line(rule) for rule in _rules(arguments)]
    if arguments.json:
        print_json(lines)
    else:
        print_table(COLUMNS, lines, "no rules")
    return ExitCode.OK


def _line(rule: Rule) -> RuleLine:
    gates = dict.fromkeys((*rule.account_types, *rule.enabled_for))
    return RuleLine(
        rule_id=rule.rule_id,
        rule_type=rule.rule_type,
        version=rule.version,
        force=rule.force.value,
        stage=" ".join(rule.stage),
        accounts=" ".join(gates) or "all",
        words=rule.words,
        citation=rule.citation,
        examples=len(rule.examples),
    )


def _show(arguments: argparse.Namespace) -> int:
    rules = _rules(arguments) if arguments.version is None else _ever(arguments)
    found = [rule for rule in rules if rule.rule_id == arguments.rule]
    if not found:
        close = nearest(arguments.rule, {rule.rule_id for rule in rules})
        raise UnknownNameError(f"no rule {arguments.rule!r}{close}")
    if arguments.version is not None:
        found = [rule for rule in found if rule.version == arguments.version][:1]
        if not found:
            raise UnknownNameError(
                f"{arguments.rule} never had the version {arguments.version!r};"
                " `trimtab rules history` lists what was in force"
            )
    if arguments.json:
        print_json(found)
        return ExitCode.OK
    for rule in found:
        print_lines([f"version {rule.version}, from {rule.source}", *rule_lines(rule)])
        for example in rule.examples:
            print_lines(["", f"{example.says} ({example.expect})"])
            print_verbatim(f"    {line}" for line in example.given.splitlines())
    return ExitCode.OK


def _ever(arguments: argparse.Namespace) -> tuple[Rule, ...]:
    """The rules of every set that was ever in force or proposed."""
    with opening().open_reading(open_config(arguments.config)) as service:
        names = dict.fromkeys(entry.name for entry in service.rules_history())
        return tuple(rule for name in names for rule in rules_of(service.rule_set(name)))


def _check(arguments: argparse.Namespace) -> int:
    rules = load_rules(arguments.file)
    examples = sum(len(rule.examples) for rule in rules)
    if arguments.json:
        print_json([_line(rule) for rule in rules])
    else:
        print_lines([f"{len(rules)} rules, and their {examples} examples hold"])
    return ExitCode.OK


def _test(arguments: argparse.Namespace) -> int:
    outcomes = run_examples(_rules(arguments))
    if arguments.json:
        print_json(outcomes)
    else:
        print_table(OUTCOMES, outcomes, "no examples")
    return ExitCode.OK if all(found.agrees for found in outcomes) else ExitCode.CHECK_FAILED


def _diff(arguments: argparse.Namespace) -> int:
    before = arguments.against
    old = _stored(arguments) if before is None else load_rules(before)
    new = load_rules(arguments.file)
    found: Sequence[Change] = changes(old, new)
    effects: Sequence[Effect] = ()
    if arguments.run is not None:
        scope, at = _scope(arguments)
        effects = preview(old, new, scope, at)
    if arguments.json:
        print_json({"changes": found, "effects": effects})
        return ExitCode.OK
    print_table(rule_changes.CHANGES, found, "no rule would change")
    if arguments.run is not None:
        print_table(rule_changes.EFFECTS, effects, "no answer would change")
    return ExitCode.OK


def _scope(arguments: argparse.Namespace) -> tuple[Scope, datetime]:
    """A run's snapshot and basket, and its orders that are still open."""
    with opening().open_reading(open_config(arguments.config)) as service:
        stored = service.stored(arguments.run)
    if stored.snapshot is None:
        raise TryAgainError("the run has no snapshot yet; ask again when it has one")
    scope = Scope(
        snapshot=stored.snapshot,
        recommendations=stored.recommendations,
        open_orders=tuple(order.intent for order in stored.orders if not order.is_closed),
    )
    return scope, stored.run.started_at


def _packs(arguments: argparse.Namespace) -> int:
    names = pack_names()
    if arguments.json:
        print_json({name: [rule.rule_id for rule in load_pack(name)] for name in names})
    else:
        print_lines(f"{name}  {len(load_pack(name))} rules" for name in names)
    return ExitCode.OK


def _page(arguments: argparse.Namespace) -> int:
    text = page()
    if arguments.json:
        print_json({"page": text})
    else:
        print_verbatim(text.split("\n")[:-1])
    return ExitCode.OK
