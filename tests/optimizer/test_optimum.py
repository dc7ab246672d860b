"""The continuous optimum against closed forms, its KKT conditions and other solvers' answers."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, nnls

from domain.accounts import LotMethod, TaxStatus
from domain.orders import Side
from optimizer import assemble
from optimizer.box import box_of
from optimizer.certificate import relative_gap, violation
from optimizer.fast import path as fast
from optimizer.model import Answer, Programs
from optimizer.objective import gradients, value
from optimizer.solve import SOLVERS, Solution, Unsolved, solve
from optimizer.values import AccountProblem, Lock, Market, ReliefLot, Row
from tests.optimizer.book import account, book_of


def tiny_market(factors, d, half_spread=0.0, impact=0.0) -> Market:
    names = len(d)
    return Market(
        security_ids=tuple(f"ID{n}" for n in range(names)),
        symbols=tuple(f"S{n}" for n in range(names)),
        sectors=("Energy",) * names,
        prices=(Decimal(100),) * names,
        lot_sizes=(1,) * names,
        F=np.asarray(factors, dtype=float),
        d=np.asarray(d, dtype=float),
        half_spread=np.full(names, half_spread),
        impact=np.full(names, impact),
    )


def tiny_problem(w0, b, *, lam=1.0, rows=(), locks=(), lots=None) -> AccountProblem:
    return AccountProblem(
        account_id="A",
        household_id="H",
        nav=Decimal(1_000_000),
        cash=Decimal(0),
        w0=np.asarray(w0, dtype=float),
        b=np.asarray(b, dtype=float),
        lots=lots or tuple(_one_lot(n, w) for n, w in enumerate(w0)),
        lot_method=LotMethod.HIFO,
        rows=rows,
        locks=locks,
        loss_locked=frozenset(),
        risk_aversion=lam,
        minimum_trade=0.0,
    )


def _one_lot(name, weight):
    zero = Decimal(0)
    shares = Decimal(f"{weight * 10_000:.6f}")
    lot = ReliefLot(
        lot_id=str(name), shares=shares, tax_per_share=zero, weighed_per_share=zero, is_loss=False
    )
    return (lot,) if weight > 0 else ()


def optimum(market, problem) -> Solution:
    found = solve(Programs(market), problem, box_of(market, problem))
    assert isinstance(found, Solution), found
    return found


def test_without_costs_the_optimum_is_the_model():
    market = tiny_market([[0.2], [0.1], [0.15]], [0.04, 0.02, 0.01])

    found = optimum(market, tiny_problem([0.5, 0.2, 0.3], [0.3, 0.3, 0.4]))

    assert np.allclose(found.z, [-0.2, 0.1, 0.1], atol=1e-6)


@pytest.mark.parametrize("start", [0.10, 0.28, 0.30, 0.35, 0.90])
def test_a_half_spread_leaves_a_zone_in_which_nothing_trades(start):
    """One name, specific risk alone: stop at b +- c / (2 lam d) (soft thresholding)."""
    lam, d, c, b = 2.0, 0.05, 0.004, 0.3
    edge = c / (2 * lam * d)

    found = optimum(tiny_market([[0.0]], [d], c), tiny_problem([start], [b], lam=lam))

    assert start + found.z[0] == pytest.approx(np.clip(start, b - edge, b + edge), abs=1e-6)


def test_impact_goes_part_of_the_way():
    """lam d (w - b)^2 + kappa z^2 is least at z = (b - w0) lam d / (lam d + kappa)."""
    lam, d, kappa = 3.0, 0.04, 0.02
    market = tiny_market([[0.0]], [d], impact=kappa / 1_000_000)

    found = optimum(market, tiny_problem([0.2], [0.6], lam=lam))

    assert found.z[0] == pytest.approx(0.4 * lam * d / (lam * d + kappa), abs=1e-7)


def test_a_turnover_cap_is_shared_by_equal_names_and_its_price_is_the_slope():
    lam, d, cap = 1.0, 0.04, 0.2
    ones = np.ones(2)
    row = Row(name="turnover", label="", buy=ones, sell=ones, limit=cap, relaxation_price=1.0)
    market = tiny_market([[0.0], [0.0]], [d, d])

    found = optimum(market, tiny_problem([0.0, 1.0], [0.5, 0.5], lam=lam, rows=(row,)))

    assert np.allclose(found.z, [0.1, -0.1], atol=1e-6)
    assert found.row_duals[0] == pytest.approx(2 * lam * d * 0.4, rel=1e-5)


def test_a_lock_stops_a_purchase_and_its_term_says_what_is_held_back():
    lock = Lock(label="name maximum", name=0, side=Side.BUY, maximum=0.1, relaxation_price=1.0)
    market = tiny_market([[0.0]], [0.04], 0.001)

    found = optimum(market, tiny_problem([0.2], [0.5], locks=(lock,)))

    assert found.z[0] == pytest.approx(0.1, abs=1e-6)
    assert found.bound_terms[0] == pytest.approx(-(2 * 0.04 * 0.2 - 0.001), rel=1e-4)


def test_tax_is_paid_lot_by_lot_until_it_is_too_dear():
    """Selling 1 % at no tax, then at 2 % tax a dollar: the second lot is not worth it."""
    lots = tuple(
        ReliefLot(
            lot_id=tag,
            shares=Decimal(1000),
            tax_per_share=Decimal(tax),
            weighed_per_share=Decimal(tax),
            is_loss=False,
        )
        for tag, tax in (("free", 0), ("taxed", 2))
    )
    market = tiny_market([[0.0]], [0.04])

    found = optimum(market, tiny_problem([0.2], [0.0], lots=(lots,)))

    assert found.z[0] == pytest.approx(-0.1, abs=1e-6)


seeds = st.integers(1, 5_000)


def built(seed: int, **changes):
    status = TaxStatus.TAXABLE if seed % 2 else TaxStatus.EXEMPT
    market, (problem,) = assemble(book_of(account("A1", tax_status=status), seed=seed))
    return market, replace(problem, **changes)


def feasible(seed: int):
    market, problem = built(seed)
    box = box_of(market, problem)
    return market, problem, box, solve(Programs(market), problem, box)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(seeds)
def test_kkt_holds_by_multipliers_of_our_own(seed):
    """Stationarity by non-negative least squares over the active constraints: no solver's dual."""
    market, problem, box, found = feasible(seed)
    if isinstance(found, Unsolved):
        return
    u, s = np.maximum(found.z, 0), _sold_in_order(found.z, box)
    of_u, of_s = gradients(market, problem, box, u, s)
    names, segments = box.segments.shape
    size = names + names * segments
    x, upper = np.r_[u, s.ravel()], np.r_[box.buy, box.segments.ravel()]
    normals = [
        np.r_[row.buy, np.repeat(row.sell, segments)]
        for row in problem.rows
        if row.buy @ u + row.sell @ s.sum(axis=1) > row.limit - 1e-6
    ]
    eye = np.eye(size)
    normals += [-eye[at] for at in range(size) if x[at] < 1e-6]
    normals += [eye[at] for at in range(size) if x[at] > upper[at] - 1e-6]

    _, residual = nnls(np.array(normals).T, -np.r_[of_u, of_s.ravel()])

    assert residual < 1e-5


def _sold_in_order(z, box):
    """Sales through the segments in order: the cheapest first."""
    left = np.maximum(-z, 0)
    s = np.zeros_like(box.segments)
    for at in range(s.shape[1]):
        s[:, at] = np.minimum(left, box.segments[:, at])
        left = left - s[:, at]
    return s


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(seeds)
def test_an_unrelated_method_finds_nothing_better(seed):
    """SciPy's SLSQP on the formula, started at our answer and at nothing."""
    market, problem, box, found = feasible(seed)
    if isinstance(found, Unsolved):
        return
    names, segments = box.segments.shape

    def split(x):
        return x[:names], x[names:].reshape(names, segments)

    def gradient(x):
        of_u, of_s = gradients(market, problem, box, *split(x))
        return np.r_[of_u, of_s.ravel()]

    matrix = np.array([np.r_[row.buy, np.repeat(row.sell, segments)] for row in problem.rows])
    limits = np.array([row.limit for row in problem.rows])
    best = minimize(
        lambda x: value(market, problem, box, *split(x)),
        np.zeros(names + names * segments),
        jac=gradient,
        method="SLSQP",
        bounds=list(
            zip(np.zeros(names * (segments + 1)), np.r_[box.buy, box.segments.ravel()], strict=True)
        ),
        constraints={
            "type": "ineq",
            "fun": lambda x: limits - matrix @ x,
            "jac": lambda _x: -matrix,
        },
        options={"maxiter": 300, "ftol": 1e-12},
    )
    if best.status == 0:
        assert found.objective <= best.fun + 1e-7


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(seeds)
def test_both_paths_agree(seed):
    market, problem = built(seed)
    box = box_of(market, problem)
    objectives = []
    for solver, options in SOLVERS:
        answer = Programs(market).solve(problem, box, solver, options)
        if answer is not None:
            objectives.append(value(market, problem, box, answer.u, answer.s))

    assert np.ptp(objectives) <= 1e-6 * max(np.abs(objectives)) if objectives else True


def test_paths_are_asked_in_order_and_the_answer_says_which_gave_it(monkeypatch):
    market, problem = built(2)
    box = box_of(market, problem)
    answers = [solve(Programs(market), problem, box)]
    monkeypatch.setattr("optimizer.fast.path.answer", lambda *_: "declined")
    answers.append(solve(Programs(market), problem, box))
    monkeypatch.setattr("optimizer.solve.SOLVERS", (("NO_SUCH_SOLVER", {}), SOLVERS[1]))
    answers.append(solve(Programs(market), problem, box))

    assert [found.certificate.path for found in answers] == ["fast", "piqp", "clarabel"]
    assert all(np.allclose(found.z, answers[0].z, atol=1e-5) for found in answers)


def test_an_answer_that_is_not_the_optimum_gets_no_certificate(monkeypatch):
    """Every path claims success but is a little off: nobody believes it."""
    market, problem = built(2)
    honest, honest_fast = Programs.solve, fast.answer

    def off(answer):
        return replace(answer, u=answer.u * 0.98)

    monkeypatch.setattr(Programs, "solve", lambda *arguments: off(honest(*arguments)))
    monkeypatch.setattr(fast, "answer", lambda *arguments: off(honest_fast(*arguments)))

    found = solve(Programs(market), problem, box_of(market, problem))

    assert isinstance(found, Unsolved)
    assert "fast: gap" in found.why
    assert "piqp: gap" in found.why
    assert "clarabel: gap" in found.why


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(seed=seeds, scale=st.floats(0, 1), noise=st.integers(0, 1000))
def test_the_gap_is_never_smaller_than_the_real_distance(seed, scale, noise):
    """Weak duality: for any feasible point and any multipliers the certificate is honest."""
    market, problem, box, found = feasible(seed)
    if isinstance(found, Unsolved):
        return
    best = _sold_in_order(found.z, box)
    random = np.random.default_rng(noise)
    still_feasible = all(row.limit >= 0 for row in problem.rows)
    step = scale if still_feasible else 1.0
    point = Answer(
        u=np.maximum(found.z, 0) * step,
        s=best * step,
        row_duals=found.row_duals * random.uniform(0, 2, len(found.row_duals)),
    )

    gap = relative_gap(market, problem, box, point)

    here = value(market, problem, box, point.u, point.s)
    still = value(market, problem, box, np.zeros_like(point.u), np.zeros_like(point.s))
    distance = (here - found.objective) / max(abs(here), abs(still), 1e-4)
    assert violation(problem, box, point) < 1e-6
    assert gap >= distance - 1e-6
