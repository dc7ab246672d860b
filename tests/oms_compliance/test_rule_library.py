"""Every worked example of the rule library is an example of a shipped rule, and says the same.

`rule_library.yaml` was put together from the texts that each of its rows cites; its examples are
numbers, the packs' are whole books in words. The packs are asked, never the library's own numbers.
"""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from domain.compliance import Verdict
from oms.compliance.examples import ask, run_examples
from oms.compliance.load import load_pack, pack_names

LIBRARY = yaml.safe_load((Path(__file__).parent / "rule_library.yaml").read_text(encoding="utf-8"))
PACKS = {name: load_pack(name) for name in pack_names()}
RULES = [rule for rules in PACKS.values() for rule in rules]
PASSES = ("pass", "none")
DUE = ("cure_by", "due", "first_report_due", "form3_by", "file_by", "cure_close_by")
VALUE = ("value", "after", "maximum", "uncovered")
IN_MILLIONS = (35, 36)


def library_examples():
    for row in LIBRARY:
        for number, example in enumerate(row["examples"], 1):
            yield pytest.param(row["n"], number, example["expect"], id=f"{row['n']}.{number}")


def answers(label: str):
    for rule in RULES:
        for example in rule.examples:
            if example.library == label:
                found = [a for a in ask(rule, example) if example.subject in ("", a.subject)]
                yield rule, found[-1]


@pytest.mark.parametrize(("row", "number", "expected"), list(library_examples()))
def test_the_library_and_the_packs_agree(row, number, expected):
    found = list(answers(f"{row}.{number}"))
    passes = expected["result"] in PASSES
    verdict = Verdict.PASS if passes else Verdict.BREACH

    assert found, "no shipped rule restates it"
    assert all(answer.verdict is verdict for _, answer in found), found
    for name in set(VALUE) & expected.keys():
        scale = 1_000_000 if row in IN_MILLIONS else 1
        assert Decimal(str(expected[name])) * scale in {answer.value for _, answer in found}
    for name in set(DUE) & expected.keys():
        assert date.fromisoformat(expected[name]) in {answer.due for _, answer in found}


def test_every_row_is_of_the_type_that_the_library_names():
    """Side tests may be of others; the investment policy statement is a bundle of types."""
    types = {row["n"]: row["type"] for row in LIBRARY if row["type"] != "composite"}
    first_of = {rule: rule.rule_type for rule in RULES}
    for number, kind in types.items():
        labels = {f"{number}.1", f"{number}.2"}
        used = {first_of[r] for r in RULES if labels & {e.library for e in r.examples}}
        assert kind in used, number


def test_at_least_fifty_rules_ship_and_ids_are_unique():
    ids = [rule.rule_id for rule in RULES]

    assert len(ids) == len(set(ids)) >= 50
    assert set(PACKS) == {
        "us-adviser", "us-fund", "ric", "money-market", "insurance-817h", "erisa", "ucits",
        "ownership", "order-sanity",
    }  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule_id)
def test_a_shipped_rule_agrees_with_its_examples_and_shows_two_answers(rule):
    outcomes = run_examples((rule,))

    assert [outcome.message for outcome in outcomes if not outcome.agrees] == []
    assert len({example.expect for example in rule.examples}) >= 2
    for example in rule.examples:
        assert all(answer.sentence and answer.citation for answer in ask(rule, example))


def test_thirteen_types_cover_the_packs():
    assert len({rule.rule_type for rule in RULES}) == 13
