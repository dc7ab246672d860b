"""A change of rules shows beforehand which accounts, baskets and open orders it would touch."""

from pathlib import Path

from oms.compliance.load import load_rules, read_rules
from oms.compliance.preview import Scope, preview
from oms.compliance.scene import read_scene

FILE = Path(__file__).parents[2] / "data" / "rules.toml"
TEXT = FILE.read_text(encoding="utf-8")
RULES = load_rules(FILE)
BOOK = """
ALFA costs 1, industry Chips
A1 has 700 cash
A1 holds 280 ALFA
A2 has 900 cash
A2 holds 100 ALFA
A2 buys 20 ALFA
order O1 buys 200 ALFA at 1 for A1
"""


def effects(old: str, new: str):
    scene = read_scene(BOOK)
    assert old in TEXT
    changed = read_rules(TEXT.replace(old, new).encode(), "new.toml")
    scope = Scope(
        snapshot=scene.snapshot,
        recommendations=scene.recommendations,
        open_orders=scene.intents,
    )
    return [
        (e.rule_id, e.subject, e.before, e.after) for e in preview(RULES, changed, scope, scene.at)
    ]


def test_the_same_rules_change_nothing():
    assert effects('id = "industry-drift"', 'id = "industry-drift"') == []


def test_a_tighter_limit_names_the_portfolios_that_it_would_catch():
    tighter = TEXT[TEXT.index('id = "industry-drift"') :]
    wanted = tighter.replace("maximum = 0.30", "maximum = 0.27").replace(
        "value = 0.31", "value = 0.31"
    ).replace("A1 has 700 cash\nA1 holds 300 ALFA", "A1 has 730 cash\nA1 holds 270 ALFA").replace(
        "value = 0.3\n", "value = 0.27\n"
    )  # fmt: skip

    assert effects(tighter, wanted) == [("industry-drift", "A1", "pass", "warn")]


def test_a_lower_cap_names_the_open_orders_above_it():
    cap = TEXT[TEXT.index('id = "order-quantity"') : TEXT.index('id = "order-notional"')]
    lower = cap.replace("250_000", "150").replace("250,000", "150").replace("250_001", "151")
    lower = lower.replace("250,001", "151")

    assert effects(cap, lower) == [("order-quantity", "O1", "pass", "breach")]


def test_a_rule_that_goes_is_named_where_it_had_something_against():
    scene = read_scene(BOOK + "ALFA is restricted\n")
    without = tuple(rule for rule in RULES if rule.rule_id != "restricted-list")
    scope = Scope(snapshot=scene.snapshot, recommendations=scene.recommendations)

    (found,) = preview(RULES, without, scope, scene.at)
    assert (found.rule_id, found.subject) == ("restricted-list", "A2")
    assert (found.before, found.after) == ("breach", "not asked")
