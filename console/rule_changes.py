"""`trimtab rules propose`, `proposed`, `agree` and `history`: rules changed by two persons.

Each shows what it would touch before anything is written: whole portfolios, baskets that
wait, open orders. A file that cannot be used changes nothing.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from console.doors import changer, open_config, opening, reader
from console.options import add_by, add_json, add_why, person, sentence
from console.printing import Column, print_json, print_lines, print_table, when
from console.rule_preview import RulePreview
from console.service_port import Telling
from domain.errors import BadInputError, ExitCode
from domain.rule_sets import RulesEntry, RuleSet
from oms.compliance.change import Change
from oms.compliance.preview import Effect
from oms.compliance.rule_set import read_rule_set
from oms.rules_in_force import SHORT, open_in

CHANGES = (
    Column[Change]("", lambda change: change.what),
    Column[Change]("RULE", lambda change: change.rule_id),
    Column[Change]("FROM", lambda change: change.before),
    Column[Change]("TO", lambda change: change.after),
    Column[Change]("WHAT", lambda change: change.words),
)

EFFECTS = (
    Column[Effect]("RULE", lambda effect: effect.rule_id),
    Column[Effect]("SUBJECT", lambda effect: effect.subject),
    Column[Effect]("SAYS", lambda effect: effect.before),
    Column[Effect]("WOULD SAY", lambda effect: effect.after),
    Column[Effect]("WHAT", lambda effect: effect.sentence),
)
HISTORY = (
    Column[RulesEntry]("AT", lambda entry: when(entry.at)),
    Column[RulesEntry]("WHAT", lambda entry: entry.step.value.removeprefix("rules_")),
    Column[RulesEntry]("RULES", lambda entry: entry.name[:SHORT]),
    Column[RulesEntry]("IN PLACE OF", lambda entry: entry.replaces[:SHORT] or "-"),
    Column[RulesEntry]("BY", lambda entry: entry.by),
    Column[RulesEntry]("SECONDED", lambda entry: entry.seconded_by or "-"),
    Column[RulesEntry]("WHY", lambda entry: entry.why),
)


def configure(actions: Any) -> None:
    """What is in force is changed by two persons."""
    propose = add_action(
        actions,
        "propose",
        "propose a rule file, and see what it would touch; changes nothing yet",
        'new-rules.toml --by anna --why "the new concentration policy"',
    )
    propose.add_argument("file", metavar="FILE", type=Path)
    add_by(propose)
    add_why(propose)
    add_action(actions, "proposed", "show what is proposed, and what it would touch")
    agree = add_action(
        actions,
        "agree",
        "agree, as a second person: the proposed rules are in force",
        "--by ben",
    )
    agree.add_argument(
        "name", metavar="RULES", nargs="?", default="", help="only to those of this name"
    )
    add_by(agree)
    add_action(actions, "history", "list who put which rules in force, when and why")


def add_action(actions: Any, name: str, words: str, example: str = "") -> argparse.ArgumentParser:
    """One action of `trimtab rules`; `example` is what stands behind its name in one."""
    parser: argparse.ArgumentParser = actions.add_parser(
        name,
        help=words,
        description=f"{words[0].upper()}{words[1:]}.",
        epilog=f"example: trimtab rules {name} {example}".rstrip(),
    )
    add_json(parser)
    return parser


def _propose(arguments: argparse.Namespace) -> int:
    """The file is tried out, and what it would touch found, before anything is written."""
    by, why = person(arguments.by), sentence(arguments.why, "--why")
    config = open_config(arguments.config)
    found = _preview(arguments, read_rule_set(arguments.file))
    with changer(config) as service:
        telling = service.propose_rules(arguments.file.absolute(), by, why)
    return _tell(arguments, telling, found)


def _proposed(arguments: argparse.Namespace) -> int:
    proposal, rule_set = _open(arguments)
    words = (
        f"{proposal.by} proposed the rules {proposal.name[:SHORT]} of {proposal.file}"
        f" at {when(proposal.at)}: {proposal.why}"
    )
    telling = Telling(subject=proposal.name, lines=(words,), facts=proposal)
    return _tell(arguments, telling, _preview(arguments, rule_set))


def _agree(arguments: argparse.Namespace) -> int:
    """To the set that is proposed now, by its name: a newer one is agreed to anew."""
    by = person(arguments.by)
    proposal, rule_set = _open(arguments)
    if not proposal.name.startswith(arguments.name):
        raise BadInputError(
            f"what is proposed is {proposal.name[:SHORT]}, not {arguments.name};"
            " look at `trimtab rules proposed`"
        )
    found = _preview(arguments, rule_set)
    with changer(open_config(arguments.config)) as service:
        telling = service.agree_rules(proposal.name, by)
    return _tell(arguments, telling, found)


def _open(arguments: argparse.Namespace) -> tuple[RulesEntry, RuleSet]:
    """What waits for a second person, and its words."""
    with reader(open_config(arguments.config)) as service:
        proposal = open_in(service.rules_history())
        return proposal, service.rule_set(proposal.name)


def _preview(arguments: argparse.Namespace, rule_set: RuleSet) -> RulePreview:
    with opening().open_reading(open_config(arguments.config)) as service:
        found: RulePreview = service.rules_preview(rule_set)
    return found


def _tell(arguments: argparse.Namespace, telling: Telling, found: RulePreview) -> int:
    if arguments.json:
        print_json({"told": telling, "changes": found.changes, "effects": found.effects})
        return ExitCode.OK
    print_table(CHANGES, found.changes, "no rule would change")
    print_table(EFFECTS, found.effects, "no portfolio, waiting basket or open order is touched")
    print_lines(telling.lines)
    return ExitCode.OK


def _history(arguments: argparse.Namespace) -> int:
    with reader(open_config(arguments.config)) as service:
        entries = service.rules_history()
    if arguments.json:
        print_json(entries)
    else:
        print_table(HISTORY, entries, "no rules are in force: the first start takes the file over")
    return ExitCode.OK


ACTIONS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "propose": _propose,
    "proposed": _proposed,
    "agree": _agree,
    "history": _history,
}
