"""The wash-sale rule counts what the books leave: after splits, and after earlier wash sales."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from domain.compliance import Verdict
from domain.snapshot import TradeNow
from oms.compliance.check import check_accounts
from oms.compliance.load import load_rules
from oms.compliance.scene import read_scene

FILE = Path(__file__).parents[2] / "data" / "rules.toml"
(RULE,) = (rule for rule in load_rules(FILE) if rule.rule_id == "wash-sale")
FAMILY = """
A1 is taxable in H1
A2 is deferred in H1
ALFA costs 10
"""


def ask(lines, *, now, lot_id="", who="A1"):
    """The answer where the past trade, and the last lot's name, are what the books have made."""
    scene = read_scene(FAMILY + lines)
    (past,) = scene.snapshot.past_trades
    lots = scene.snapshot.lots
    if lot_id:
        lots = (*lots[:-1], replace(lots[-1], lot_id=lot_id))
    book = replace(scene.snapshot, past_trades=(replace(past, changed=now),), lots=lots)
    (found,) = check_accounts((RULE,), book, scene.recommendations, scene.at)
    return found


def now(quantity, served=0, gain=None):
    return TradeNow(quantity=Decimal(quantity), served=Decimal(served), gain=gain)


LOSS = "A1 sold 100 ALFA on 2026-03-20 losing 500\nA1 buys 150 ALFA\n"


def test_a_loss_of_before_a_split_meets_the_shares_that_it_became():
    assert ask(LOSS, now=None).value == 100
    assert ask(LOSS, now=now(200, gain=Decimal(-500))).value == 150


def test_a_loss_that_was_replaced_before_is_not_replaced_again():
    assert ask(LOSS, now=now(100, 70, Decimal(-150))).value == 30
    assert ask(LOSS, now=now(100, 100, Decimal(0))).verdict is Verdict.PASS


PURCHASE = """
A1 holds 80 ALFA for 1600 since 2020-03-02
A1 bought 60 ALFA on 2026-03-20
A1 sells 80 ALFA
"""


def test_a_purchase_that_has_served_replaces_nothing_more():
    served = PURCHASE + "A1 holds 60 ALFA for 900 since 2025-05-05\n"

    assert ask(PURCHASE, now=None).value == 60
    assert ask(served, now=now(60, 60), lot_id="bought~w:s:old").verdict is Verdict.PASS
    assert ask(served, now=now(60, 40), lot_id="bought~w:s:old").value == 20


IRAS = """
A1 holds 80 ALFA for 1600 since 2020-03-02
A2 bought 60 ALFA on 2026-03-20
A2 holds 60 ALFA for 600 since 2026-03-20
A1 sells 80 ALFA
"""


def test_what_a_retirement_account_bought_serves_once_though_its_lot_does_not_show_it():
    assert ask(IRAS, now=None).value == 60
    assert ask(IRAS, now=now(60, 25)).value == 35
    assert ask(IRAS, now=now(60, 60)).verdict is Verdict.PASS
