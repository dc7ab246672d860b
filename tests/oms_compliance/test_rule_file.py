"""The shipped rules pass their own examples; a bad rule file is refused whole, with reasons."""

from pathlib import Path

import pytest

from domain.compliance import Force, Verdict
from oms.compliance.examples import ask, run_examples
from oms.compliance.load import load_rules, read_rules
from oms.compliance.scene import ExampleError, read_scene
from oms.compliance.toml_tables import RuleFileError

ROOT = Path(__file__).parents[2]
SHIPPED = load_rules(ROOT / "data" / "rules.toml")

GOOD = """\
[[rule]]
id = "issuer"
type = "GroupWeight"
words = "No issuer above 25 %."
citation = "policy"
force = "hard"
effective_from = 2020-01-01
[rule.parameters]
group_by = "issuer"
maximum = 0.25
[[rule.example]]
says = "a quarter"
expect = "pass"
given = '''
ALFA costs 1
A1 has 100 cash
A1 buys 25 ALFA
'''
"""


GIVEN = GOOD[GOOD.index("given") :].rstrip()


def problems(text: str) -> list[str]:
    with pytest.raises(RuleFileError) as refused:
        read_rules(text.encode(), "rules.toml")
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("rule", "example"),
    [(rule, example) for rule in SHIPPED for example in rule.examples],
    ids=lambda value: getattr(value, "rule_id", getattr(value, "says", "")),
)
def test_a_shipped_rule_agrees_with_its_example(rule, example):
    answers = [a for a in ask(rule, example) if example.subject in ("", a.subject)]

    assert answers[-1].verdict is example.expect
    assert example.value in (None, answers[-1].value)
    assert answers[-1].sentence


def test_every_shipped_rule_shows_at_least_two_different_answers():
    for rule in SHIPPED:
        assert len({example.expect for example in rule.examples}) >= 2, rule.rule_id


def test_what_must_not_be_overridden_is_hard():
    force = {rule.rule_id: rule.force for rule in SHIPPED}

    for rule_id in ("restricted-list", "no-overselling", "order-quantity", "order-notional"):
        assert force[rule_id] is Force.HARD
    assert force["price-collar"] is force["duplicate-order"] is Force.HARD
    assert force["wash-sale"] is Force.OVERRIDABLE
    assert force["share-of-volume"] is Force.SOFT


def test_a_rule_knows_its_line_and_its_version():
    (rule,) = read_rules(GOOD.encode(), "rules.toml")
    (moved,) = read_rules(("# a comment\n" + GOOD).encode(), "other.toml")
    (tighter,) = read_rules(GOOD.replace("0.25", "0.26").encode(), "rules.toml")

    assert (rule.source.file, rule.source.line) == ("rules.toml", 1)
    assert moved.version == rule.version, "the same rule elsewhere is the same version"
    assert tighter.version != rule.version


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("GroupWeight", "GroupWieght", "3: unknown rule type 'GroupWieght'; did you mean"),
        ("force =", "forse =", "6: unknown key 'forse' of a rule; did you mean 'force'?"),
        ('"hard"', '"hart"', "6: force: 'hart' is unknown; did you mean 'hard'?"),
        ("group_by =", "groupby =", "9: unknown key 'groupby' of GroupWeight; did you mean"),
        ('"issuer"\nmax', '"isuer"\nmax', "9: group_by: 'isuer' is unknown; did you mean 'issuer'"),
        ("maximum = 0.25", "maximum = 25", "10: maximum is 25 and must be: a fraction above 0"),
        ("maximum = 0.25", "maximum = nan", "10: maximum: NaN is not a finite number"),
        ("maximum = 0.25", 'maximum = "0.25"', "10: maximum: '0.25' is not a number"),
        ("maximum = 0.25", "maximum = true", "10: maximum: True is not a number"),
        ("maximum = 0.25\n", "", "8: maximum is missing and must be: give either"),
        ("2020-01-01", '"2020-01-01"', "7: effective_from: '2020-01-01' is not a date"),
        ('words = "No issuer above 25 %."\n', "", "1: a rule needs the key 'words'"),
        ('citation = "policy"', 'citation = ""', "5: citation is empty"),
        ('id = "issuer"', 'id = "Issuer 1"', "2: id 'Issuer 1': small letters"),
        ('expect = "pass"', 'expect = "breach"', "11: rule issuer fails its example: expected"),
        ("A1 buys 25 ALFA", "A1 buys 25 BETA", "17: rule issuer: in an example, line 3"),
        ("A1 buys 25 ALFA", "A1 dances", "17: rule issuer: in an example, line 3"),
        (GIVEN, 'given = "A1 dances"', "14: rule issuer: in an example, line 1, 'A1 dances'"),
        ("[[rule]]", "[[rules]]", "1: unknown table 'rules'"),
        ("[[rule]]", "[[rule]", "1: is not TOML"),
        ("[[rule]]", "[rule]", "1: no [[rule]] table in the file"),
        ("[[rule.example]]", "[rule.example]", "1: write each example as a [[rule.example]]"),
        ('says = "a quarter"\n', "", "11: an example needs the key 'says'"),
        ("force", "effective_to = 2019-01-01\nforce", "6: effective_to lies before"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named_with_its_remedy(old, new, message):
    assert old in GOOD

    found = problems(GOOD.replace(old, new, 1))

    assert any(f":{message}" in text or f": {message}" in text for text in found), found


def test_a_doubled_id_is_refused():
    assert problems(GOOD + GOOD) == ["rules.toml:20: id 'issuer' is taken by line 1"]


def test_every_problem_is_told_at_once_and_nothing_loads():
    found = problems(GOOD.replace("hard", "hart").replace("0.25", "7"))

    assert [text.split(":")[1] for text in found] == ["6", "10"]
    both = GOOD.replace("hard", "hart") + GOOD.replace('"issuer"\ntype', '"other"\ntype').replace(
        "0.25", "7"
    )
    assert [text.split(":")[1] for text in problems(both)] == ["6", "28"]


def test_a_type_that_does_not_exist_hides_no_other_mistake():
    wrong = GOOD.replace("GroupWeight", "GroupWieght").replace("hard", "hart")

    assert [text.split(":")[1] for text in problems(wrong)] == ["3", "6"]


def test_the_examples_of_one_rule_are_tried_where_another_is_wrong():
    wrong = GOOD.replace("hard", "hart") + GOOD.replace('"issuer"\ntype', '"other"\ntype').replace(
        'expect = "pass"', 'expect = "breach"'
    )

    assert [text.split(":")[1] for text in problems(wrong)] == ["6", "29"]


def test_a_rule_without_examples_is_refused():
    assert "add one" in problems(GOOD[: GOOD.index("[[rule.example]]")])[0]


def test_what_is_not_text_is_refused(tmp_path):
    with pytest.raises(RuleFileError, match=r"rules.toml:2: is not UTF-8"):
        read_rules(b"# fine\n\xff\xfe", "rules.toml")
    with pytest.raises(RuleFileError, match="cannot be read"):
        load_rules(tmp_path / "none.toml")
    with pytest.raises(RuleFileError, match=r"no \[\[rule\]\] table"):
        read_rules(b"", "rules.toml")


def test_an_example_line_that_makes_no_sense_is_refused():
    with pytest.raises(ExampleError, match="line 1"):
        read_scene("A1 buys 10 ALFA\nA1 holds 5 ALFA")
    with pytest.raises(ExampleError, match=r"no 'colour'"):
        read_scene("ALFA costs 10, colour blue")


def test_a_rule_sleeps_outside_its_dates():
    (rule,) = read_rules(
        GOOD.replace("force", "effective_to = 2021-12-31\nforce", 1).encode(), "rules.toml"
    )

    assert rule.in_force(rule.effective_from)
    assert not rule.in_force(rule.effective_from.replace(year=2022))
    assert run_examples((rule,))[0].agrees, "its examples still hold"


def test_a_gate_keeps_other_accounts_out():
    """A rule for taxable accounts is not asked of an IRA."""
    (rule,) = read_rules(
        GOOD.replace("force", 'account_types = ["taxable"]\nforce', 1).encode(), "rules.toml"
    )
    example = rule.examples[0]

    in_an_ira = ask(rule, type(example)(
        says="", expect=Verdict.PASS, given=example.given + "A1 is deferred\n"
    ))  # fmt: skip

    assert len(ask(rule, example)) == 1
    assert in_an_ira == ()
