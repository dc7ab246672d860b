"""The basket asked again: what its sales were to make room for is not bought without them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.compliance import CheckResult, Force, Verdict
from domain.orders import OrdStatus, Side
from oms.compliance.load import load_rules
from oms.recheck import left_out, unfinished
from tests.oms_orders.desk import AAPL, KO, NOW, RUN, XOM, intent, lot, open_books, snapshot
from tests.oms_orders.test_release import (
    BOOK,
    Venue,
    fills_everything,
    fills_half_of_sells,
    releaser,
)

SELL_BOTH = intent("R-0001", Side.SELL, AAPL, {"A1": 60, "A2": 40})
SELL_KO = intent("R-0002", Side.SELL, KO, {"A3": 10})
BUY = intent("R-0003", Side.BUY, XOM, {"A1": 5, "A2": 5, "A3": 5})
HELD = snapshot(
    (lot("A1", AAPL, 100, "9000"), lot("A2", AAPL, 50, "5000"), lot("A3", KO, 50, "2500")),
    {"A1": "1000", "A2": "1000", "A3": "1000"},
)
RULE = """
[[rule]]
id = "name-cap"
type = "GroupWeight"
words = "No more than half of an account in one name."
citation = "Test"
force = "{force}"
effective_from = 2022-01-03
parameters = {{ group_by = "issuer", maximum = 0.5 }}
[[rule.example]]
says = "501 of 1,000 is one too many."
expect = "breach"
value = 0.501
given = '''
ALFA costs 1
A1 has 1000 cash
A1 buys 501 ALFA
'''
"""


@pytest.fixture
def rules(tmp_path):
    def load(force="hard"):
        path = tmp_path / "rules.toml"
        path.write_text(RULE.format(force=force))
        return load_rules(path)

    return load


def test_nobody_is_asked_again_when_every_sale_was_done(vault):
    open_books(vault, HELD)
    asked = []

    def recheck(wave, accounts):
        asked.append(accounts)
        return {}

    releaser(Venue(vault, fills_everything)).release(RUN, (SELL_BOTH, SELL_KO, BUY), HELD, recheck)

    assert asked == []


def test_the_accounts_of_a_sale_that_was_not_done_in_full_are_asked_and_may_leave(vault):
    open_books(vault, HELD)
    asked = []

    def half(venue, order):
        if order.intent.security_id == AAPL:
            fills_half_of_sells(venue, order)
        else:
            fills_everything(venue, order)

    def recheck(wave, accounts):
        asked.append(([one.cl_ord_id for one in wave], sorted(accounts)))
        return {"A1": "too much now"}

    done = releaser(Venue(vault, half)).release(RUN, (SELL_BOTH, SELL_KO, BUY), HELD, recheck)

    assert asked == [(["R-0003"], ["A1", "A2"])]
    with vault.read() as view:
        bought = view.orders.get("R-0003")
    assert bought.status is OrdStatus.FILLED
    assert [part.account_id for part in bought.intent.allocations] == ["A2", "A3"]
    (stop,) = done.stopped
    assert (stop.account_id, stop.why) == ("A1", "too much now")


def test_a_sale_that_never_went_out_counts_as_not_done(vault):
    open_books(vault, BOOK)
    with vault.read() as view:
        assert unfinished(view, (SELL_BOTH,)) == {"A1", "A2"}
        assert unfinished(view, ()) == frozenset()


def test_a_purchase_that_would_break_a_rule_without_the_sale_is_left_out(rules):
    """A1 has 50 of 100 in KO; 10 more are too many as long as AAPL was not sold for them."""
    now = snapshot((lot("A1", KO, 100, "5000"),), {"A1": "6361"})
    buy = intent("R-0003", Side.BUY, KO, {"A1": 10, "A2": 1})

    reasons, answers = left_out(rules(), now, (buy,), frozenset({"A1"}), earlier=(), at=NOW)

    assert set(reasons) == {"A1"}
    assert reasons["A1"].startswith("not all of its sales were done, and now name-cap: ")
    assert {answer.subject for answer in answers} == {"A1"}


def test_a_soft_rule_holds_nobody_back(rules):
    now = snapshot((lot("A1", KO, 100, "5000"),), {"A1": "6361"})
    buy = intent("R-0003", Side.BUY, KO, {"A1": 10})

    reasons, answers = left_out(rules("soft"), now, (buy,), frozenset({"A1"}), earlier=(), at=NOW)

    assert reasons == {}
    assert [answer.verdict for answer in answers] == [Verdict.BREACH]


def test_what_a_person_let_through_stays_let_through(rules):
    now = snapshot((lot("A1", KO, 100, "5000"),), {"A1": "6361"})
    buy = intent("R-0003", Side.BUY, KO, {"A1": 10})
    first, answers = left_out(
        rules("overridable"), now, (buy,), frozenset({"A1"}), earlier=(), at=NOW
    )
    (answer,) = answers
    overridden: CheckResult = replace(answer, overridden_by="olga", override_reason="agreed")

    again, _ = left_out(
        rules("overridable"),
        now,
        (buy,),
        frozenset({"A1"}),
        earlier=(overridden,),
        at=NOW + timedelta(minutes=1),
    )

    assert (set(first), answer.force, again) == ({"A1"}, Force.OVERRIDABLE, {})
