"""Examples: a rule's own cases, as small books in words, and whether the rule agrees.

The words are those of `oms.compliance.scene`. What an example asks follows from what
is in it: orders are asked about before they are sent (or after, by a rule of that
stage), trades of accounts as a basket, and a book at rest as whole portfolios.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from domain.compliance import CheckResult
from domain.exact import plain
from oms.compliance.check import check_accounts, check_orders, check_portfolio
from oms.compliance.rules import Example, Rule, Stage
from oms.compliance.scene import read_scene


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleOutcome:
    """What a rule said to one of its own examples."""

    rule_id: str
    says: str
    agrees: bool
    message: str  # The rule's sentence, or what was expected instead.


def run_examples(rules: Sequence[Rule]) -> tuple[ExampleOutcome, ...]:
    """Ask every rule its own examples, whatever its dates and stage."""
    return tuple(
        _outcome(rule, example, ask(rule, example)) for rule in rules for example in rule.examples
    )


def ask(rule: Rule, example: Example) -> tuple[CheckResult, ...]:
    """Every answer of one rule on one example. Raises `ExampleError`."""
    scene = read_scene(example.given)
    stage = Stage.PRE_TRADE if scene.intents or scene.recommendations else Stage.PORTFOLIO
    always = replace(
        rule, effective_from=date.min, effective_to=None, stage=(stage,), enabled_for=()
    )
    if scene.intents:
        return check_orders((always,), scene.intents, scene.snapshot, scene.earlier, scene.at)
    if scene.recommendations:
        return check_accounts((always,), scene.snapshot, scene.recommendations, scene.at)
    return check_portfolio((always,), scene.snapshot, scene.at)


def agrees_with(example: Example, found: CheckResult) -> bool:
    """Whether an answer is the one that the example asks for."""
    return (
        found.verdict is example.expect
        and example.value in (None, found.value)
        and example.due in (None, found.due)
    )


def _outcome(rule: Rule, example: Example, results: Sequence[CheckResult]) -> ExampleOutcome:
    asked = [r for r in results if example.subject in ("", r.subject)]
    wanted = f"expected {example.expect}"
    if example.value is not None:
        wanted += f" with {plain(example.value)}"
    if example.due is not None:
        wanted += f" by {example.due}"
    if not asked:
        agrees, message = False, f"{wanted}, but the question does not arise"
    else:
        found = asked[-1]
        agrees = agrees_with(example, found)
        value = "" if found.value is None else f" with {plain(found.value)}"
        value += "" if found.due is None else f" by {found.due}"
        message = found.sentence
        if not agrees:
            message = f"{wanted}, found {found.verdict}{value}: {found.sentence}"
    return ExampleOutcome(rule_id=rule.rule_id, says=example.says, agrees=agrees, message=message)
