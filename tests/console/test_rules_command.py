"""`trimtab rules`: lists, shows, checks, tests and compares rules, from packs and from files."""

import json

import pytest

from console.main import main
from domain.errors import ExitCode

ENABLING = """\
[[enable]]
pack = "order-sanity"
leave_out = ["sanity-daily"]

[[enable]]
pack = "us-fund"
account_types = ["us_money_fund"]
"""


@pytest.fixture
def rule_file(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text(ENABLING, encoding="utf-8")
    return path


def test_a_file_may_enable_packs_for_some_accounts_and_leave_rules_out(rule_file, capsys):
    assert main(["rules", "list", "--file", str(rule_file), "--json"]) == ExitCode.OK
    lines = {line["rule_id"]: line for line in json.loads(capsys.readouterr().out)}

    assert "sanity-quantity" in lines
    assert "sanity-daily" not in lines
    assert lines["fund-illiquid"]["accounts"] == "us_fund_open_end us_money_fund"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("order-sanity", "order-sanety", "2: unknown pack 'order-sanety'; did you mean"),
        ("sanity-daily", "sanity-dayly", "3: order-sanity has no rule 'sanity-dayly'; did you"),
        ("us_money_fund", "us_monney_fund", "7: account_types: 'us_monney_fund' is unknown; did"),
        ("pack = ", "pakc = ", "2: unknown key 'pakc' of an enabling; did you mean 'pack'?"),
    ],
)
def test_a_wrong_enabling_is_refused_with_its_line(rule_file, capsys, old, new, message):
    rule_file.write_text(ENABLING.replace(old, new, 1), encoding="utf-8")

    assert main(["rules", "check", str(rule_file)]) == ExitCode.BAD_DATA
    assert f"rules.toml:{message}" in capsys.readouterr().err


def test_a_rule_is_shown_with_its_version_and_examples(capsys):
    assert main(["rules", "show", "ric-25-qptp", "--pack", "ric"]) == ExitCode.OK
    shown = capsys.readouterr().out

    assert "IRC 851(b)(3)(B)(iii)" in shown
    assert "140 and 122 of 1,000. (breach)" in shown
    assert "A1 holds 140 PTNA" in shown


def test_an_unknown_rule_or_pack_is_answered_with_the_nearest(capsys):
    assert main(["rules", "show", "ric-25-qtpp", "--pack", "ric"]) == ExitCode.USAGE
    assert "did you mean 'ric-25-qptp'?" in capsys.readouterr().err
    assert main(["rules", "list", "--pack", "rik"]) == ExitCode.USAGE
    assert "did you mean 'ric'?" in capsys.readouterr().err


def test_every_example_of_a_pack_is_run(capsys):
    assert main(["rules", "test", "--pack", "ric", "--json"]) == ExitCode.OK
    outcomes = json.loads(capsys.readouterr().out)

    assert len(outcomes) == 10
    assert all(outcome["agrees"] for outcome in outcomes)


def test_a_difference_names_rule_versions_and_keys(rule_file, tmp_path, capsys):
    other = tmp_path / "other.toml"
    other.write_text(ENABLING.replace('["sanity-daily"]', '["sanity-rate"]'), encoding="utf-8")

    assert main(["rules", "diff", str(other), "--against", str(rule_file), "--json"]) == ExitCode.OK
    told = json.loads(capsys.readouterr().out)
    found = {change["rule_id"]: change["what"] for change in told["changes"]}
    assert found == {"sanity-daily": "new", "sanity-rate": "gone"}


def test_packs_are_listed(capsys):
    assert main(["rules", "packs"]) == ExitCode.OK
    assert "us-fund  23 rules" in capsys.readouterr().out


def test_an_own_rule_may_not_take_the_name_of_an_enabled_one(rule_file, capsys):
    """Otherwise an answer's rule id would name two rules."""
    text = ENABLING + (
        '[[rule]]\nid = "sanity-rate"\ntype = "Budget"\nwords = "w"\ncitation = "c"\nforce = "hard"\n'  # noqa: E501 - one TOML text
        "effective_from = 2020-01-01\n"
        'parameters = { meter = "messages_per_second", limit = 5 }\n'
        '[[rule.example]]\nsays = "s"\nexpect = "pass"\n'
        'given = "ALFA costs 1\\norder O1 buys 1 ALFA at 1 for A1"\n'
    )
    rule_file.write_text(text, encoding="utf-8")

    assert main(["rules", "check", str(rule_file)]) == ExitCode.BAD_DATA
    assert "8: id 'sanity-rate' is taken by packs/order-sanity.toml" in capsys.readouterr().err
    rule_file.write_text(text.replace('"sanity-daily"', '"sanity-rate"'), encoding="utf-8")
    assert main(["rules", "check", str(rule_file)]) == ExitCode.OK
