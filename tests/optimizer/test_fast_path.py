"""The fast path against the cvxpy model, which is the specification."""

import warnings
from dataclasses import fields, replace

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, nnls

from optimizer.certificate import relative_gap, violation
from optimizer.exclusion import Impossible, excludes_every_trade
from optimizer.fast.path import MARKET_FIELDS, PROBLEM_FIELDS, answer
from optimizer.model import Answer, Programs
from optimizer.objective import gradients, value
from optimizer.solve import SOLVERS
from optimizer.values import AccountProblem, GainKind, Market, Risk, RiskCap
from tests.optimizer.instances import Knobs, instance

seeds = st.integers(1, 10**6)
knobs = st.builds(
    Knobs,
    names=st.integers(1, 24),
    factors=st.integers(1, 6),
    segments=st.sampled_from([1, 2, 4]),
    groups=st.integers(1, 4),
    slack=st.sampled_from([0.0, 1e-6, 1e-3, 0.03]),
    risk_aversion=st.sampled_from([0.1, 10.0, 1000.0]),
    free_trades=st.booleans(),
    goal=st.booleans(),
    soft=st.booleans(),
)
slowly = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}


def best_of_solvers(market, problem, box) -> Answer | None:
    """The model's answer by the general solver whose answer has the smaller gap."""
    answers = []
    for solver, options in SOLVERS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # "Inaccurate": the smaller gap is taken.
                found = Programs(market).solve(problem, box, solver, options)
        except cp.error.SolverError:
            continue
        if found is not None:
            inside = replace(found, row_duals=np.maximum(found.row_duals, 0))
            answers.append((relative_gap(market, problem, box, inside), found))
    return min(answers, key=lambda pair: pair[0])[1] if answers else None


def certified(market, problem, box, found) -> bool:
    return (
        isinstance(found, Answer)
        and violation(problem, box, found) <= 1e-8
        and relative_gap(market, problem, box, found) <= 1e-6
    )


@settings(max_examples=60, **slowly)
@given(seeds, knobs)
def test_a_certified_fast_answer_is_the_models(seed, knobs):
    """Equal to 1e-6 of the objective and 1e-8 of NAV, tight problems included."""
    market, problem, box = instance(seed, knobs)
    found = answer(market, problem, box)
    assume(certified(market, problem, box, found))  # Nearly always; see the next test.

    oracle = best_of_solvers(market, problem, box)

    if oracle is not None and violation(problem, box, oracle) <= 1e-8:
        best = value(market, problem, box, oracle.u, oracle.s)
        mine = value(market, problem, box, found.u, found.s)
        still = value(market, problem, box, np.zeros_like(found.u), np.zeros_like(found.s))
        assert mine <= best + 1e-6 * max(abs(mine), abs(still), 1e-4)


@pytest.mark.parametrize("slack", [0.0, 1e-6, 1e-3, 0.03])
@pytest.mark.parametrize("other", [False, True])
def test_the_fast_path_needs_no_help_even_where_the_rows_leave_no_room(slack, other):
    """Of goals and soft rows as of tracking under hard ones."""
    helped = []
    for seed in range(1, 61):
        kind = Knobs(
            names=3 + seed % 40,
            factors=1 + seed % 7,
            groups=1 + seed % 5,
            slack=slack,
            goal=other,
            soft=other,
        )
        market, problem, box = instance(seed, kind)
        if not certified(market, problem, box, answer(market, problem, box)):
            helped.append(seed)

    assert helped == []


def holds(problem, box, room=0.0) -> bool:
    """Whether any trade keeps every row, with so much room more, by HiGHS."""
    sales = box.segments.sum(axis=1)
    return (
        linprog(
            c=np.zeros(2 * len(sales)),
            A_ub=np.array([np.r_[row.buy, row.sell] for row in problem.rows]),
            b_ub=[row.limit + room for row in problem.rows],
            bounds=[(0.0, most) for most in np.r_[box.buy, sales]],
            method="highs",
        ).status
        == 0
    )


@settings(max_examples=60, **slowly)
@given(seeds, knobs, st.sampled_from([-0.05, -0.001, 0.0]))
def test_what_cannot_hold_is_proven_and_what_can_is_answered(seed, knobs, slack):
    market, problem, box = instance(seed, replace(knobs, slack=slack, soft=False))

    found = answer(market, problem, box)

    if holds(problem, box):
        assert isinstance(found, Answer)
        assert violation(problem, box, found) <= 1e-6
    elif not holds(problem, box, room=1e-5):
        assert isinstance(found, Impossible)
        assert excludes_every_trade(problem, box, found.prices)


def test_prices_that_prove_nothing_are_not_believed():
    _market, problem, box = instance(7, Knobs(slack=0.03))

    for prices in np.eye(len(problem.rows)):
        assert not excludes_every_trade(problem, box, prices)
    assert not excludes_every_trade(problem, box, np.full(len(problem.rows), np.nan))
    assert not excludes_every_trade(problem, box, np.zeros(len(problem.rows)))


@settings(max_examples=40, **slowly)
@given(seeds, knobs)
def test_kkt_holds_by_multipliers_found_without_the_solver(seed, knobs):
    """Stationarity by non-negative least squares over the active constraints."""
    market, problem, box = instance(seed, replace(knobs, risk_aversion=10.0, soft=False))
    found = answer(market, problem, box)
    assume(certified(market, problem, box, found))
    names, segments = box.segments.shape
    of_u, of_s = gradients(market, problem, box, found.u, found.s)
    x, upper = np.r_[found.u, found.s.ravel()], np.r_[box.buy, box.segments.ravel()]
    sold = found.s.sum(axis=1)
    normals = [
        np.r_[row.buy, np.repeat(row.sell, segments)]
        for row in problem.rows
        if row.buy @ found.u + row.sell @ sold > row.limit - 1e-9
    ]
    eye = np.eye(names * (segments + 1))
    normals += [-row for row, at in zip(eye, x, strict=True) if at < 1e-9]
    normals += [row for row, at, most in zip(eye, x, upper, strict=True) if at > most - 1e-9]
    slope = np.r_[of_u, of_s.ravel()]

    _, left = nnls(np.array(normals).T, -slope) if normals else (None, np.abs(slope).max())

    assert left < 1e-7


def test_an_account_is_answered_to_the_bit_the_same_whatever_was_answered_before():
    ours = [instance(seed, Knobs(names=5 + seed)) for seed in range(1, 8)]

    forward = [answer(*one) for one in ours]
    backward = [answer(*one) for one in reversed(ours)][::-1]

    for first, second in zip(forward, backward, strict=True):
        assert np.array_equal(first.u, second.u)
        assert np.array_equal(first.s, second.s)
        assert np.array_equal(first.row_duals, second.row_duals)


def test_every_field_of_a_problem_is_known_or_declined():
    """A new field of a problem must be recognised here or stand at its default."""
    assert {field.name for field in fields(Market)} >= MARKET_FIELDS
    assert {field.name for field in fields(AccountProblem)} >= PROBLEM_FIELDS
    market, problem, box = instance(3, Knobs())
    ones = np.ones(12)
    around = Risk(t=np.zeros(3), d=market.d, r=ones, G=np.zeros((12, 0)), g=np.zeros(0))
    cap = RiskCap(name="cap", label="cap", risk=around, maximum=0.1, relaxation_price=1.0)

    assert answer(market, replace(problem, caps=(cap,)), box) == (
        "caps is not part of the structure it knows"
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"gain": GainKind.LONG_NET}, "floor counts realised gains"),
        ({"sell": np.full(12, -2.0)}, "a row rewards buying and selling one name at once"),
    ],
)
def test_a_row_of_another_structure_is_declined_in_words(change, why):
    market, problem, box = instance(3, Knobs())
    rows = (replace(problem.rows[0], **change), *problem.rows[1:])

    assert answer(market, replace(problem, rows=rows), box) == why


def test_risk_budgets_are_declined():
    market, problem, box = instance(3, Knobs(goal=True))
    budget = replace(problem.goal, budget=np.ones(12))

    assert answer(market, replace(problem, goal=budget), box) == "it has risk budgets"


def test_a_soft_row_is_broken_where_that_is_cheaper_and_at_its_price():
    """One name is far from its target; one more dollar of turnover is worth more than its price."""
    market, problem, box = instance(3, Knobs(free_trades=True, slack=0.03))
    turnover = replace(problem.rows[-1], limit=0.0, soft_price=1e-3)
    soft = replace(problem, rows=(turnover,))

    found = answer(market, soft, box)

    assert found.row_duals[0] == pytest.approx(1e-3)
    assert found.u.sum() + found.s.sum() > 0.01
    assert relative_gap(market, soft, box, found) <= 1e-6


def test_a_name_whose_answer_has_no_curvature_is_declined():
    market, problem, box = instance(3, Knobs(free_trades=True))
    flat = replace(market, d=np.zeros(12))

    assert answer(flat, problem, box) == (
        "a name that may trade has neither specific risk nor impact"
    )


def test_a_saving_that_pays_for_buying_back_is_declined():
    market, problem, box = instance(3, Knobs())
    tax = np.where(box.segments > 0, -0.2, box.tax)
    again = replace(box, buy=np.ones(12), tax=tax)

    assert (
        answer(market, problem, again) == "selling a name at a saving and buying it back would pay"
    )
