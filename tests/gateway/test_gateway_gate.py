"""The gate: who passes a kill switch, a doubt, or a throttle."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order_states import apply, open_order
from domain.orders import Allocation, CancelRequest, NeverSent, ReplaceRequest, Sent
from domain.ports import StatusRequest
from domain.restrictions import Bar
from domain.runs import Kill
from gateway.gate import Throttle, Verdict, judge
from tests.gateway.desk import intent

NOW = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
ORDER = open_order(intent("C1"))
GROWTH = (Allocation(account_id="A1", quantity=ORDER.order_qty, strategy="growth"),)
MODELLED = open_order(replace(ORDER.intent, allocations=GROWTH))
SENT, _ = apply(ORDER, Sent(cl_ord_id="C1", sent_at=NOW))
CANCEL = CancelRequest(cl_ord_id="C2", orig_cl_ord_id="C1", requested_at=NOW, why="deadline")


def kill(scope: str, name: str = "") -> Kill:
    return Kill(scope=scope, name=name, by="Ann", why="drill", set_at=NOW)


@pytest.mark.parametrize(
    ("scope", "name"),
    [("firm", ""), ("venue", "XSIM"), ("account", "A1"), ("strategy", "growth"), ("galaxy", "")],
)
def test_a_kill_takes_new_orders_back_and_lets_cancels_pass(scope, name):
    kills = [kill(scope, name)]

    assert judge(MODELLED.intent, MODELLED, kills, "").verdict is Verdict.WITHDRAW
    assert judge(CANCEL, SENT, kills, "").verdict is Verdict.SEND
    assert judge(StatusRequest(cl_ord_id="C1", requested_at=NOW), SENT, kills, "").verdict is (
        Verdict.SEND
    )


def test_a_kill_of_another_venue_or_account_changes_nothing():
    kills = [kill("venue", "OTHER"), kill("account", "A2"), kill("strategy", "income")]

    assert judge(MODELLED.intent, MODELLED, kills, "").verdict is Verdict.SEND


def test_an_order_that_does_not_say_whose_model_it_follows_is_stopped_with_any():
    assert ORDER.intent.allocations[0].strategy == ""
    assert judge(ORDER.intent, ORDER, [kill("strategy", "income")], "").verdict is Verdict.WITHDRAW


def test_a_doubt_holds_new_orders_only():
    assert judge(ORDER.intent, ORDER, [], "1 in doubt").verdict is Verdict.HOLD
    assert judge(CANCEL, SENT, [], "1 in doubt").verdict is Verdict.SEND


def test_canceling_what_was_never_sent_takes_both_back():
    judgement = judge(CANCEL, ORDER, [], "")

    assert judgement.verdict is Verdict.WITHDRAW
    assert judgement.order_too


def test_a_kill_lets_no_replace_pass():
    wish = ReplaceRequest(
        cl_ord_id="C2",
        orig_cl_ord_id="C1",
        quantity=SENT.order_qty,
        limit_price=SENT.limit_price,
        requested_at=NOW,
        why="a better price",
    )

    assert judge(wish, SENT, [], "").verdict is Verdict.SEND
    assert judge(wish, SENT, [kill("venue", "XSIM")], "").verdict is Verdict.WITHDRAW


def test_what_became_restricted_between_commit_and_sending_stays_here():
    security_id, mine = ORDER.intent.security_id, frozenset({"A1"})
    for accounts, verdict in ((None, "withdraw"), (mine, "withdraw"), (frozenset(), "send")):
        bars = {security_id: (Bar(why="restricted: bid", account_ids=accounts),)}

        assert judge(ORDER.intent, ORDER, [], "", bars=bars).verdict == verdict
        assert judge(CANCEL, SENT, [], "", bars=bars).verdict is Verdict.SEND


def test_a_cancel_of_an_order_that_never_left_stays_here_too():
    never = NeverSent(cl_ord_id="C1", at=NOW, why="kill switch on firm: drill")
    dead, _ = apply(SENT, never)

    assert judge(CANCEL, dead, [], "").verdict is Verdict.WITHDRAW


def test_cancels_may_run_up_a_debt_that_what_is_new_waits_for():
    throttle = Throttle(10)
    throttle.spend(throttle.available(100.0))

    assert throttle.available(100.0) == 0
    assert throttle.available_to_cancels(100.0) == 100
    throttle.spend(30)
    assert throttle.available_to_cancels(100.0) == 70
    assert throttle.available(102.9) == 0
    assert throttle.available(103.2) == 2


@given(st.integers(1, 50), st.lists(st.floats(0, 3), max_size=60))
def test_no_second_carries_more_than_twice_the_rate(rate, pauses):
    """A burst of one second's worth, and the rate after it."""
    throttle = Throttle(rate)
    now, sent = 100.0, 0
    for pause in pauses:
        now += pause
        count = throttle.available(now)
        throttle.spend(count)
        sent += count

    assert sent <= rate + rate * sum(pauses) + 1
