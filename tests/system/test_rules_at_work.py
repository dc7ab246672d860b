"""Rules that two persons agree to while the service runs: the optimizer keeps them from then on."""

import pytest

from domain.compliance import Verdict
from domain.runs import RunStatus
from tests.system.desk import ACCOUNTS, CLERK, OFFICER, Desk

pytestmark = pytest.mark.integration

EDITS = {"compile_rules": "compile_rules = true", "max_orders": "max_orders = 1"}
SMALL_NAMES = """
[[rule]]
id = "small-names"
type = "GroupWeight"
words = "No name is bought above 4 % of an account's net assets."
citation = "Committee of 30 November 2022"
force = "hard"
timing = "at_acquisition"
base = "net_assets"
effective_from = 2020-01-01
parameters = { group_by = "security", maximum = 0.04 }
[[rule.example]]
says = "41 of 1,000."
expect = "breach"
given = \"\"\"
ALFA costs 1
A1 has 1000 cash
A1 buys 41 ALFA
\"\"\"
"""


def test_a_rule_agreed_to_under_a_running_service_shapes_the_next_proposals(book, tmp_path):
    """The first basket would break it; the next, of the same accounts, is born compliant."""
    with Desk(book, tmp_path / "desk", edits=EDITS) as desk:
        desk.open_venues()
        desk.serve()
        before = desk.rebalance()
        desk.until_run(before, RunStatus.AWAITING_APPROVAL)
        path = desk.directory / "agreed.toml"
        path.write_text(desk.config.rules.read_text("utf-8") + SMALL_NAMES, "utf-8")
        touched = desk.trimtab("rules", "diff", str(path), "--run", before).stdout
        desk.api.reject(before, OFFICER, "the committee meets first")

        desk.trimtab("rules", "propose", str(path), "--by", CLERK, "--why", "the committee met")
        desk.trimtab("rules", "agree", "--by", OFFICER)
        after = desk.rebalance()
        desk.until_run(after, RunStatus.AWAITING_APPROVAL)

        stored = desk.stored(after)
        answers = [one for one in stored.checks if one.rule_id == "small-names"]
        lines = [line for line in touched.splitlines() if "small-names" in line]
        assert all(any(account in line for line in lines) for account in ACCOUNTS), touched
        assert {one.subject for one in answers} == set(ACCOUNTS)
        assert {one.verdict for one in answers} == {Verdict.PASS}
        assert {one.account_id for one in stored.recommendations} == set(ACCOUNTS)
