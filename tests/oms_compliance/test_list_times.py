"""Lists bind from an instant to an instant, and a household's restrictions bind that household."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.compliance import Verdict
from oms.compliance.check import check_accounts, check_orders
from oms.compliance.load import load_pack
from oms.compliance.scene import read_scene
from tests.oms_compliance.test_rule_types import RULES

BOOK = """
ALFA costs 10, issuer Alfa
A1 is taxable in H1
A2 is taxable in H2
ALFA is restricted
A1 buys 1 ALFA
A2 buys 1 ALFA
order O1 buys 2 ALFA at 10 for A1 1, A2 1
"""


def verdicts(scene, at, **changes):
    entries = tuple(replace(entry, **changes) for entry in scene.snapshot.restrictions)
    snapshot = replace(scene.snapshot, restrictions=entries)
    rules = (RULES["restricted-list"],)
    found = check_accounts(rules, snapshot, scene.recommendations, at)
    return {answer.subject: answer.verdict for answer in found}


def test_a_restriction_is_asked_of_from_its_instant_on():
    scene = read_scene(BOOK)
    early = verdicts(scene, scene.at, effective_at=scene.at + timedelta(seconds=1))
    now = verdicts(scene, scene.at, effective_at=scene.at)

    assert set(early.values()) == {Verdict.PASS}
    assert set(now.values()) == {Verdict.BREACH}


def test_a_restriction_of_a_household_is_asked_of_its_accounts_only():
    scene = read_scene(BOOK)

    assert verdicts(scene, scene.at, household_id="H1") == {
        "A1": Verdict.BREACH,
        "A2": Verdict.PASS,
    }


@pytest.mark.parametrize(
    ("times", "verdict"),
    [
        ("", Verdict.BREACH),
        (", from of Alfa {now}", Verdict.BREACH),
        (", from of Alfa {later}", Verdict.PASS),
        (", until of Alfa {later}", Verdict.BREACH),
        (", until of Alfa {now}", Verdict.PASS),
    ],
)
def test_an_entry_of_a_named_list_binds_between_its_instants(times, verdict):
    rule = next(rule for rule in load_pack("us-adviser") if rule.rule_id == "adviser-ofac")
    at = read_scene(BOOK).at
    facts = times.format(now=at.isoformat(), later=(at + timedelta(seconds=1)).isoformat())
    scene = read_scene(BOOK + f"list sdn: entry of Alfa blocked{facts}\n")

    (found, *_) = check_orders((rule,), scene.intents, scene.snapshot, (), scene.at)

    assert found.verdict is verdict
