"""Whole shares: feasible, close to the best of all, and never a trade for nothing."""

from dataclasses import replace
from decimal import Decimal
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.accounts import TaxStatus, WeightBand
from domain.snapshot import CashBalance
from optimizer import assemble
from optimizer.box import box_of
from optimizer.model import Programs
from optimizer.rounding import Missed, _nearest, improved, whole_shares
from optimizer.search import Found, search
from optimizer.solve import Solution, solve
from optimizer.ticket import Ticket
from tests.optimizer.book import SOURCE, account, book, drifted_holdings, lot, mandate


def small_account(seed: int, *, nav=4_000, names=3, **changes):
    """So small that a share is one to six percent of it."""
    snapshot = book(names=names, seed=seed)
    model = snapshot.models[0]
    lots, cash = drifted_holdings(snapshot, "A1", nav=nav, seed=seed, drift=0.8, cash=0.05)
    usual = {
        "minimum_trade": Decimal(0),
        "sector_band": Decimal("0.25"),
        "name_maximum": Decimal("0.9"),
        "turnover_maximum": Decimal("0.9"),
        "cash": WeightBand(name="cash", minimum=Decimal("0.01"), maximum=Decimal("0.12")),
    }
    snapshot = replace(
        snapshot,
        models=(model,),
        mandates=(mandate(**{**usual, **changes}),),
        accounts=(account("A1", tax_status=TaxStatus.EXEMPT),),
        lots=lots,
        cash=(cash,),
    )
    market, (problem,) = assemble(snapshot)
    return market, problem, box_of(market, problem)


def enumerated(ticket: Ticket) -> tuple[float, np.ndarray] | None:
    """The best whole-share trades by trying all that are within their bounds."""
    best = None
    ranges = [
        range(int(low), int(high) + 1) for low, high in zip(ticket.least, ticket.most, strict=True)
    ]
    for trial in product(*ranges):
        shares = np.array(trial, dtype=np.int64)
        worth = ticket.admits(np.arange(len(shares)), shares).all()
        if worth and ticket.shortfall(shares) <= 1e-12:
            objective = ticket.objective(shares)
            if best is None or objective < best[0]:
                best = (objective, shares)
    return best


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 2_000))
def test_rounding_is_close_to_the_best_of_all_whole_shares(seed):
    """Three names, every combination tried: never better than the best, seldom much worse."""
    market, problem, box = small_account(seed, nav=2_500)
    ticket = Ticket.of(market, problem, box)
    if np.prod((ticket.most - ticket.least + 1).astype(float)) > 20_000:
        return
    solution = solve(Programs(market), problem, box)
    best = enumerated(ticket)
    if not isinstance(solution, Solution) or best is None:
        return

    shares = whole_shares(market, problem, box, solution.z)

    assert not isinstance(shares, Missed)
    assert ticket.shortfall(shares) <= 1e-12
    assert best[0] - 1e-12 <= ticket.objective(shares)
    worst_share = float((ticket.share * problem.risk_aversion * 0.5).max())
    assert ticket.objective(shares) - best[0] <= worst_share


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_large_account_loses_next_to_nothing_by_rounding(seed):
    """A million dollars: within a hundredth of a basis point of the continuous optimum."""
    market, problem, box = small_account(seed, nav=1_000_000, names=12)
    solution = solve(Programs(market), problem, box)
    assert isinstance(solution, Solution), solution

    shares = whole_shares(market, problem, box, solution.z)

    ticket = Ticket.of(market, problem, box)
    assert ticket.objective(shares) - solution.objective < 1e-6
    assert ticket.objective(shares) >= solution.objective - 1e-9


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 2_000), st.integers(0, 50))
def test_a_change_is_priced_as_the_difference_of_two_objectives(seed, move):
    """The quick price of one change against the formula evaluated twice."""
    market, problem, box = small_account(seed, nav=50_000, names=5)
    ticket = Ticket.of(market, problem, box)
    random = np.random.default_rng(move)
    shares = np.array(
        [
            random.integers(low // 2, high // 4 + 1)
            for low, high in zip(ticket.least, ticket.most, strict=True)
        ]
    )
    name = int(random.integers(5))
    to = np.array([0, ticket.least[name], shares[name] + 1, shares[name] - 1])

    better, broken = ticket.change(ticket.standing(shares), np.full(len(to), name), to)

    for at, target in enumerate(to):
        after = shares.copy()
        after[name] = target
        assert better[at] == pytest.approx(
            ticket.objective(after) - ticket.objective(shares), abs=1e-12
        )
        assert broken[at] == pytest.approx(
            ticket.shortfall(after) - ticket.shortfall(shares), abs=1e-12
        )


def test_a_trade_that_costs_more_than_it_gains_goes_to_nothing():
    band = WeightBand(name="cash", minimum=Decimal(0), maximum=Decimal(1))
    market, problem, box = small_account(
        4, nav=200_000, names=6, sector_band=Decimal(1), name_maximum=Decimal(1), cash=band
    )
    dear = replace(market, half_spread=np.full(6, 0.5))
    ticket = Ticket.of(dear, problem, box)
    start = np.zeros(6, dtype=np.int64)
    start[2] = max(1, int(ticket.most[2]) // 50)

    assert start[2] > 0
    assert not improved(ticket, start).any()


def test_every_trade_is_worth_its_ticket_or_is_not_made():
    market, problem, _ = small_account(5, nav=300_000, names=12, minimum_trade=Decimal(8_000))

    found = search(Programs(market), problem)

    assert isinstance(found, Found)
    notional = np.abs(found.shares * market.price)
    assert np.all((notional == 0) | (notional >= 8_000))
    assert (notional > 0).any()


@pytest.mark.parametrize(("turnover", "left"), [("0.9", 0), ("0.12", 3)])
def test_no_remainder_is_kept_of_a_name_that_the_model_does_not_have(turnover, left):
    """A remainder below the smallest trade of $200 could never be sold; but rows come first."""
    snapshot = book(names=3, seed=7)
    gone, *kept = sorted(snapshot.models[0].weights)
    prices = {price.security_id: price.close for price in snapshot.prices}
    weights = {kept[0]: Decimal("0.45"), kept[1]: Decimal("0.45")}
    worth = {gone: 1_100, kept[0]: 4_300, kept[1]: 4_300}
    lots = tuple(lot("A1", i, int(worth[i] / prices[i]), prices[i]) for i in worth)
    terms = mandate(
        minimum_trade=Decimal(200),
        name_maximum=Decimal(1),
        sector_band=Decimal(1),
        turnover_maximum=Decimal(turnover),
        cash=WeightBand(name="cash", minimum=Decimal(0), maximum=Decimal(1)),
    )
    market, (problem,) = assemble(
        replace(
            snapshot,
            models=(replace(snapshot.models[0], weights=weights),),
            mandates=(terms,),
            accounts=(account("A1", tax_status=TaxStatus.EXEMPT),),
            lots=lots,
            cash=(CashBalance(account_id="A1", amount=Decimal(300), source=SOURCE),),
        )
    )
    box = box_of(market, problem)
    name, held = market.security_ids.index(gone), int(lots[0].quantity)
    z = np.zeros(3)
    z[name] = -(held - 2) * float(prices[gone] / problem.nav)

    shares = whole_shares(market, problem, box, z)

    assert held + shares[name] == left
    assert Ticket.of(market, problem, box).shortfall(shares) == 0


def test_round_lots_are_kept():
    market, problem, box = small_account(6, nav=3_000_000, names=6)
    in_hundreds = replace(market, lot_sizes=(100,) * 6)
    solution = solve(Programs(in_hundreds), problem, box)

    shares = whole_shares(in_hundreds, problem, box, solution.z)

    assert not isinstance(shares, Missed)
    assert shares.any()
    assert np.all(shares % 100 == 0)


def test_the_exact_program_finds_shares_that_keep_every_row():
    market, problem, box = small_account(7, nav=4_000)
    ticket = Ticket.of(market, problem, box)
    best = enumerated(ticket)
    assert best is not None

    shares = _nearest(ticket, best[1] * ticket.share)

    assert np.array_equal(shares, best[1])


def test_rows_that_no_whole_share_can_keep_give_no_shares():
    """A cash band of a millionth of NAV, between two shares."""
    narrow = WeightBand(name="cash", minimum=Decimal("0.0300000"), maximum=Decimal("0.0300009"))
    market, problem, box = small_account(7, nav=4_000, cash=narrow)
    z = np.zeros(len(problem.w0))

    missed = whole_shares(market, problem, box, z)

    assert isinstance(missed, Missed)
    assert {label for label, _ in missed.rows} <= {row.label for row in problem.rows}
    assert all(short > 0 for _, short in missed.rows)
