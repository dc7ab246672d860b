"""Every rule type refuses what it cannot mean, with the line, the value and the remedy."""

import pytest

from oms.compliance.load import read_rules
from oms.compliance.toml_tables import RuleFileError

RULE = """\
[[rule]]
id = "own-rule"
type = "{type}"
words = "w"
citation = "c"
force = "hard"
effective_from = 2020-01-01
{more}
[rule.parameters]
{parameters}
[[rule.example]]
says = "s"
expect = "pass"
given = "ALFA costs 1"
"""


def problem(kind: str, parameters: str, more: str = "") -> str:
    text = RULE.format(type=kind, parameters=parameters, more=more)
    with pytest.raises(RuleFileError) as refused:
        read_rules(text.encode(), "own.toml")
    return str(refused.value)


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        ("GroupWeight", 'group_by = "issuer"\nmaximum = 0.1\nonly = ["knid = government"]',
         "12: only: security has no fact 'knid'; did you mean 'kind'?"),
        ("GroupWeight", 'group_by = "issuer"\nmaximum = 0.1\nonly = ["kind = goverment"]',
         "12: only: 'goverment' is not one of common_stock"),
        ("GroupWeight", 'group_by = "issuer"\nmaximum = 0.1\nonly = ["kind > government"]',
         "12: only: kind is text: ask for = or in, not >"),
        ("GroupWeight", 'group_by = "issuer"\nmaximum = 0.1\nonly = ["government"]',
         "12: only: 'government' is not a condition like 'kind = government'"),
        ("GroupWeight", 'group_by = "issuer"\nmaximum_from = "mandate.name_maxium"',
         "11: maximum_from: 'mandate.name_maxium' is no limit of a client; did you mean"),
        ("GroupWeight", 'group_by = "issuer"\nmaximum = 0.1\nlimits = [{ maxmum = 0.2 }]',
         "12: limits: unknown key 'maxmum'; did you mean 'maximum'?"),
        ("GroupWeight", 'group_by = "issuer"\nmaximum = 0.1\nlimits = [{ maximum = 0.2, where = [] }]',  # noqa: E501 - one TOML line
         "12: limits: where is empty: say whose limit this is"),
        ("SetShare", 'set = "holdings"\nmaximum = 0.1', "9: where is missing and must be: condit"),
        ("SetShare", 'set = "cash"\nminimum = 0.1\nmaximum = 0.2', "11: minimum is 0.1 and must be"),  # noqa: E501 - one TOML line
        ("SetShare", 'set = "cash"\nminimum = 1.5', "11: minimum is 1.5 and must be: a fraction"),
        ("SetShare", 'set = "amounts"\nminimum = 0.9\namounts = ["gros_income"]',
         "12: amounts: 'gros_income' is no number of an account; did you mean 'gross_income'?"),
        ("Diversification", 'mode = "ladder"\nladder = [0.7, 0.55]',
         "11: ladder is [Decimal('0.7'), Decimal('0.55')] and must be: rising limits"),
        ("Diversification", 'mode = "good_basket"\nbasket_minimum = 0.5',
         "issuer_weight is missing and must be: the largest issuer"),
        ("Ownership", 'of = "votes"\nmaximum = 5', "11: maximum is 5 and must be: a fraction"),
        ("Measure", 'quantity = "average"\nfact = "matruity_days"\nmaximum = 60',
         "11: fact is matruity_days and must be: one of maturity_days"),
        ("Measure", 'quantity = "amounts"\nmaximum = 60', "amounts is missing and must be: facts"),
        ("Filing", 'metric = "value_13f"\nform = "F"\ndue = { count = 45, days = "calender_days" }',
         "12: due: 'calender_days' is unknown; did you mean 'calendar_days'?"),
        ("Filing", 'metric = "value_13f"\nform = "F"\ndue = { count = 45, days = "calendar_days" }',
         "over is missing and must be"),
        ("ListMembership", 'list = "sdn"\nmatch_on = ["ownr"]',
         "11: match_on: 'ownr' is unknown; did you mean 'owner'?"),
        ("Evidence", 'gate = ["order.capacity = principal"]\npapers = ["consent"]',
         "11: papers is ['consent'] and must be: one of"),
        ("Evidence", 'gate = ["order.capacty = principal"]\npapers = ["consented"]',
         "10: gate: order has no fact 'capacty'; did you mean 'capacity'?"),
        ("Window", 'first = "loss_sale"\nsecond = "short_sale"\nspan_days = 30',
         "10: first is loss_sale and must be"),
        ("Budget", 'meter = "turnover"', "limit is missing and must be: give either limit"),
        ("Budget", 'meter = "turnover"\nlimit = 1\nwindow_seconds = 5',
         "12: window_seconds is 5 and must be: left out"),
        ("Allocation", "rounding = 0", "10: rounding is 0 and must be: shares above 0"),
        ("OrderBounds", 'measure = "minimum_trade"\nmaximum = 5', "minimum_from is missing and"),
        ("Latch", "scopes = []", "10: scopes is [] and must be: at least one of"),
        ("Latch", 'scopes = ["firm"]\npasses = ["new"]', "11: passes is ['new'] and must be"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named_with_its_remedy(kind, parameters, message):
    assert message in problem(kind, parameters)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('account_types = ["us_fnd"]', "8: account_types: 'us_fnd' is unknown; did you mean"),
        ('drift = "curd"', "8: drift: 'curd' is unknown; did you mean 'cure'?"),
        ('cure = { count = -1, days = "months" }', "8: cure: count is -1 and must be from 0"),
        ('look_through = ["delt"]', "8: look_through: 'delt' is unknown; did you mean 'delta'?"),
        ('stage = ["pretrade"]', "8: stage: 'pretrade' is unknown; did you mean 'pre_trade'?"),
        ('missing = "ignore"', "8: missing: 'ignore' is unknown"),
    ],
)  # fmt: skip
def test_a_wrong_key_of_the_rule_is_named(more, message):
    assert message in problem("GroupWeight", 'group_by = "issuer"\nmaximum = 0.1', more)


def test_versions_of_a_rule_may_follow_each_other_and_not_overlap():
    first = RULE.format(
        type="GroupWeight", parameters='group_by = "issuer"\nmaximum = 0.5', more=""
    ).replace('"ALFA costs 1"', '"ALFA costs 1\\nA1 has 100 cash\\nA1 buys 1 ALFA"')
    ended = first.replace("2020-01-01\n", "2020-01-01\neffective_to = 2024-12-31\n")
    second = first.replace("2020-01-01", "2025-01-01").replace("0.5", "0.4")

    old, new = read_rules((ended + second).encode(), "own.toml")
    with pytest.raises(RuleFileError, match="is taken by line 1"):
        read_rules((first + second).encode(), "own.toml")

    assert (old.rule_id, new.rule_id) == ("own-rule", "own-rule")
    assert old.version != new.version
    assert [rule.in_force(new.effective_from) for rule in (old, new)] == [False, True]


def test_parameters_written_on_one_line_are_refused_with_that_line():
    text = RULE.format(type="GroupWeight", parameters="", more="").replace(
        "[rule.parameters]\n", 'parameters = { group_by = "issuer", maximum = 20 }\n'
    )

    with pytest.raises(RuleFileError, match=r"own\.toml:9: maximum is 20 and must be"):
        read_rules(text.encode(), "own.toml")
