"""Paths of a few steps: what the first step does, and what waiting is worth."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from domain.accounts import TaxStatus
from domain.goals import Transition, Wishes
from domain.orders import Side
from domain.proposals import Outcome
from optimizer import assemble, propose_batch
from optimizer.box import box_of
from optimizer.horizon import best_path
from optimizer.model import Programs
from optimizer.solve import Solution, solve
from optimizer.values import Staged
from tests.optimizer.book import AS_OF, account, book_of, lot, mandate
from tests.optimizer.checker import faults_of
from tests.optimizer.test_optimum import tiny_market, tiny_problem


def staged(problem, steps: int, share: float = 1 / 365) -> Staged:
    taxes = {one.lot_id: float(one.weighed_per_share) for of in problem.lots for one in of}
    return Staged(steps=steps, share=share, taxes=(taxes,) * steps)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_path_of_one_step_is_the_optimum(seed):
    market, (problem,) = assemble(book_of(account("A1"), seed=seed))
    box = box_of(market, problem)
    found = solve(Programs(market), problem, box)
    assert isinstance(found, Solution)

    path = best_path(market, problem, box, staged(problem, 1))

    assert np.allclose(path.z[0], found.z, atol=2e-4)


def test_with_impact_alone_the_path_is_that_of_dynamic_programming():
    """Garleanu and Pedersen (2013): quadratic costs, so the whole path solves a linear system.

    Stationarity of each z: 2 kappa z_t + sum over later steps of 2 lam d share (w - b) = 0.
    """
    lam, d, kappa, steps, share = 4.0, 0.05, 0.3, 4, 0.1
    w0, b = 0.1, 0.7
    market = tiny_market([[0.0]], [d], impact=kappa / 1_000_000)
    problem = tiny_problem([w0], [b], lam=lam)
    shares = np.full(steps, share)
    shares[-1] = 1 - share * (steps - 1)
    later = np.triu(np.ones((steps, steps)))
    weights = later @ np.diag(shares) @ later.T
    by_hand = np.linalg.solve(
        kappa * np.eye(steps) + lam * d * weights, lam * d * (b - w0) * (later @ shares)
    )

    path = best_path(market, problem, box_of(market, problem), staged(problem, steps, share))

    assert np.allclose(path.z[:, 0], by_hand, atol=1e-5)
    assert np.all(np.diff(by_hand) < 0), "the first steps are the largest"


def stepwise(steps: int, turnover: str, status=TaxStatus.EXEMPT, seed=2, **changes):
    terms = mandate(
        turnover_maximum=Decimal(turnover),
        wishes=Wishes(transition=Transition(steps=steps)) if steps > 1 else Wishes(),
        **changes,
    )
    return replace(book_of(account("A1", tax_status=status), seed=seed), mandates=(terms,))


def after(snapshot, proposal):
    """The snapshot when the trades have filled at the close."""
    lots = {one.lot_id: one for one in snapshot.lots}
    price = {p.security_id: p.close for p in snapshot.prices}
    for n, trade in enumerate(proposal.trades):
        if trade.side is Side.BUY:
            name = trade.security_id
            bought = lot("A1", name, trade.quantity, price[name], days_held=0, tag=f"new{n}")
            lots[f"{bought.lot_id}{snapshot.as_of}"] = replace(
                bought, lot_id=f"{bought.lot_id}{snapshot.as_of}"
            )
            continue
        left = trade.quantity
        for lot_id in trade.lot_ids:
            sold = lots.pop(lot_id)
            part = min(left, sold.quantity)
            left -= part
            if sold.quantity > part:
                kept = sold.quantity - part
                basis = (sold.basis * kept / sold.quantity).quantize(Decimal("0.01"))
                lots[lot_id] = replace(sold, quantity=kept, basis=basis)
    (cash,) = snapshot.cash
    return replace(
        snapshot,
        as_of=snapshot.as_of + timedelta(days=1),
        lots=tuple(lots.values()),
        cash=(replace(cash, amount=proposal.cash_after),),
    )


def test_step_by_step_the_account_arrives_where_one_trade_would_have_brought_it():
    """A third of the turnover a day; every day's trades keep every rule."""
    at_once = propose_batch(*assemble(stepwise(1, "0.6")))[0]
    snapshot = stepwise(3, "0.12")
    errors, turnover = [], Decimal(0)
    for _ in range(3):
        (proposal,) = propose_batch(*assemble(snapshot))
        assert proposal.turnover <= Decimal("0.12")
        assert faults_of(snapshot, proposal) == []
        errors.append(float(proposal.tracking_error_after))
        turnover += proposal.turnover
        snapshot = after(snapshot, proposal)

    assert any(note.startswith("Step 1 of 3") for note in proposal.notes)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < float(at_once.tracking_error_after) + 0.001


def test_a_gain_that_turns_long_term_within_the_path_is_waited_for():
    """All of one name has a gain that is short-term for two days more."""
    snapshot = book_of(account("A1"), seed=2)
    name = snapshot.securities[4].security_id
    price = next(p.close for p in snapshot.prices if p.security_id == name)
    others = tuple(one for one in snapshot.lots if one.security_id != name)
    young = lot("A1", name, 6000, price * Decimal("0.8"), days_held=364, tag="young")
    assert young.acquired == AS_OF - timedelta(days=364)

    def sold(transition):
        terms = mandate(
            turnover_maximum=Decimal(1), name_maximum=Decimal("0.5"), sector_band=Decimal(1),
            risk_aversion=Decimal(60),
            wishes=Wishes(transition=transition),
        )  # fmt: skip
        book = replace(snapshot, lots=(*others, young), mandates=(terms,))
        (proposal,) = propose_batch(*assemble(book))
        assert proposal.outcome is Outcome.TRADE, proposal.message
        return sum(t.quantity for t in proposal.trades if t.security_id == name)

    assert sold(None) > 0
    assert sold(Transition(steps=3, days_between=2)) == 0


def test_a_row_that_one_step_cannot_cure_is_cured_by_the_last():
    """A sector far off its band: infeasible at once under the turnover, a path in steps."""
    hard = stepwise(1, "0.05", sector_band=Decimal("0.001"))
    slow = stepwise(6, "0.05", sector_band=Decimal("0.001"))

    (at_once,), (first,) = (propose_batch(*assemble(book)) for book in (hard, slow))

    assert at_once.outcome is Outcome.INFEASIBLE
    assert first.outcome is Outcome.TRADE, first.message
    assert first.turnover <= Decimal("0.05")
    assert first.tracking_error_after < first.tracking_error_before
