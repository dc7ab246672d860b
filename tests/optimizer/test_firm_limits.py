"""Compiled rules as an account's own constraints: what they allow is what the limit allows."""

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.linear_limits import LinearLimit
from domain.orders import Side
from optimizer.firm_limits import with_limits
from tests.optimizer.instances import Knobs, instance

SEEDS = st.integers(min_value=0, max_value=2**32 - 1)


def limited(seed, members, share):
    """A drawn account, at most `share` of whose net assets may be in the members."""
    market, problem, _ = instance(seed, Knobs())
    names = [market.security_ids[at] for at in members]
    limit = LinearLimit(
        rule_id="issuer",
        label="issuer: Alfa",
        coefficients=dict.fromkeys(names, Decimal(1)),
        limit=problem.nav * Decimal(str(share)),
    )
    return problem, with_limits(market, problem, (limit,)), limit, market


@given(seed=SEEDS, share=st.sampled_from(["0.05", "0.25", "0.6"]))
def test_a_row_holds_of_just_the_holdings_that_have_slack(seed, share):
    problem, bound, limit, market = limited(seed, (1, 4, 7), share)
    (row,) = bound.rows[len(problem.rows) :]
    random = np.random.default_rng(seed)
    z = random.normal(0, 0.1, len(problem.w0))

    after = {
        security_id: problem.nav * Decimal(str(weight))
        for security_id, weight in zip(market.security_ids, problem.w0 + z, strict=True)
    }
    room = row.limit - row.buy @ np.maximum(z, 0) - row.sell @ np.maximum(-z, 0)

    assert row.name == "rule:issuer"
    assert abs(float(limit.slack(after) / problem.nav) - room) < 1e-9


@given(seed=SEEDS)
def test_one_name_is_a_lock_and_what_drifted_need_not_be_sold(seed):
    problem, bound, _, _ = limited(seed, (2,), "0.1")

    (lock,) = bound.locks
    assert bound.rows == problem.rows
    assert (lock.name, lock.side) == (2, Side.BUY)
    assert abs(lock.maximum - max(0.1 - problem.w0[2], 0)) < 1e-9


def test_what_nothing_can_break_is_left_out():
    problem, bound, _, _ = limited(1, (1, 4, 7), "1")

    assert bound.rows == problem.rows
