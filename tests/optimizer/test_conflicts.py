"""Infeasible accounts: the names of what conflicts, the amounts, and nothing superfluous."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from domain.accounts import CashFlow, WeightBand
from domain.proposals import Outcome
from optimizer import assemble, propose_batch
from optimizer.box import box_of
from optimizer.conflicts import relaxation_of
from optimizer.model import Programs
from optimizer.solve import Solution, solve
from optimizer.words import listed
from tests.optimizer.book import AS_OF, SOURCE, account, book_of, mandate


def one(snapshot):
    (proposal,) = propose_batch(*assemble(snapshot))
    return proposal


def conflicts_of(market, problem, locks):
    found = relaxation_of(market, problem, locks)
    return found.conflicts if found else ()


def energy(snapshot) -> list[str]:
    return [s.security_id for s in snapshot.securities if s.sector == "Energy"]


def at_least(sector: str, minimum: str) -> dict[str, WeightBand]:
    return {sector: WeightBand(name=sector, minimum=Decimal(minimum), maximum=Decimal(1))}


def test_energy_at_least_half_cannot_hold_together_with_not_buying_any():
    snapshot = book_of(account("A1"))
    names = energy(snapshot)
    snapshot = replace(
        snapshot,
        mandates=(
            mandate(
                sector_band=Decimal(1),
                turnover_maximum=Decimal(2),
                sector_limits=at_least("Energy", "0.5"),
                do_not_buy=tuple(names),
            ),
        ),
    )
    market, (problem,) = assemble(snapshot)
    held = sum(problem.w0[n] for n, sector in enumerate(market.sectors) if sector == "Energy")

    proposal = one(snapshot)

    assert proposal.outcome is Outcome.INFEASIBLE
    row, locks = proposal.conflicts
    symbols = [
        s for s, sector in zip(market.symbols, market.sectors, strict=True) if sector == "Energy"
    ]
    assert row.name == "Energy at least 50.0 %"
    assert float(row.short_by) == pytest.approx(0.5 - held, abs=1e-6)
    assert locks.name == f"do-not-buy {listed(sorted(symbols))}"
    assert locks.short_by == 0
    assert proposal.message == (
        f"Energy at least 50.0 % cannot hold together with do-not-buy {listed(sorted(symbols))}: "
        f"Energy at least 50.0 % is short by {(0.5 - held) * 100:.1f} % of NAV."
    )


def test_a_turnover_cap_too_small_for_the_sector_band_is_named_with_it():
    snapshot = book_of(account("A1"))
    tight = mandate(
        sector_band=Decimal(1),
        turnover_maximum=Decimal("0.05"),
        name_maximum=Decimal("0.5"),
        sector_limits=at_least("Energy", "0.6"),
    )

    proposal = one(replace(snapshot, mandates=(tight,)))

    names = {conflict.name for conflict in proposal.conflicts}
    assert names == {"Energy at least 60.0 %", "turnover at most 5.0 %"}


def test_a_withdrawal_of_more_than_there_is_conflicts_by_itself():
    snapshot = book_of(account("A1"))
    flow = CashFlow(
        account_id="A1", amount=Decimal(-1_500_000), due=AS_OF, why="house", source=SOURCE
    )
    free = mandate(turnover_maximum=Decimal(2), sector_band=Decimal(1))

    proposal = one(replace(snapshot, flows=(flow,), mandates=(free,)))

    (conflict,) = proposal.conflicts
    assert conflict.name == "cash at least 1.0 % after paying $1,500,000"
    assert "cannot hold by itself" in proposal.message


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(1, 5_000),
    band=st.sampled_from(["0.002", "0.01", "0.03"]),
    turnover=st.integers(0, 15).map(lambda n: Decimal(n) / 100),
    maximum=st.sampled_from(["0.05", "0.09", "0.3"]),
    barred=st.integers(0, 6),
)
def test_a_verdict_of_infeasible_is_right_and_its_set_is_minimal(
    seed, band, turnover, maximum, barred
):
    """The solver agrees; and without any one of the named rows something holds."""
    snapshot = book_of(account("A1"), seed=seed)
    ids = tuple(s.security_id for s in snapshot.securities)[:barred]
    tight = mandate(
        sector_band=Decimal(band),
        turnover_maximum=turnover,
        name_maximum=Decimal(maximum),
        do_not_buy=ids,
    )
    market, (problem,) = assemble(replace(snapshot, mandates=(tight,)))
    box = box_of(market, problem)
    locks = (*box.locks, *box.own_locks)

    conflicts = conflicts_of(market, problem, locks)

    solved = isinstance(solve(Programs(market), problem, box), Solution)
    assert solved == (conflicts == ())
    assume(conflicts)
    assert any(conflict.short_by > 0 for conflict in conflicts)
    named = {conflict.name for conflict in conflicts}
    only_named = replace(problem, rows=tuple(r for r in problem.rows if r.label in named))
    assert conflicts_of(market, only_named, locks), "the named constraints exclude each other"
    for row in only_named.rows:
        without = tuple(r for r in only_named.rows if r is not row)
        labels = [c.name.split(" S")[0] for c in conflicts]
        kept = tuple(lock for lock in locks if lock.label in labels)
        fewer = replace(only_named, rows=without)
        assert not conflicts_of(market, fewer, kept), row.label


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(1, 5_000), turnover=st.integers(0, 10).map(lambda n: Decimal(n) / 100))
def test_loosening_by_the_amounts_that_were_named_makes_it_feasible(seed, turnover):
    """All cheap rows loosened by the total shortfall: then something holds."""
    tight = mandate(sector_band=Decimal("0.005"), turnover_maximum=turnover)
    market, (problem,) = assemble(replace(book_of(account("A1"), seed=seed), mandates=(tight,)))
    locks = problem.locks
    conflicts = conflicts_of(market, problem, locks)
    assume(conflicts)

    rounds = 0
    while conflicts and rounds < 20:
        short = {c.name: float(c.short_by) for c in conflicts}
        rows = tuple(
            replace(r, limit=r.limit + short.get(r.label, 0.0) + 1e-6) for r in problem.rows
        )
        problem = replace(problem, rows=rows)
        conflicts = conflicts_of(market, problem, locks)
        rounds += 1

    assert conflicts == ()
