"""Whatever a mandate wishes for: an answer keeps every hard rule, or there is none and it is said.

The judge reads the snapshot in exact numbers and never the optimizer.
"""

from dataclasses import replace
from decimal import Decimal

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.accounts import TaxStatus
from domain.goals import Aim, Exclusion, Force, Gains, Group, Limit, Target, Wishes
from domain.lots import Term, term_of
from domain.orders import Side
from domain.proposals import Outcome
from optimizer import assemble, propose_batch
from optimizer.box import box_of
from optimizer.conflicts import relaxation_of
from optimizer.model import Programs
from optimizer.relaxed import relaxed_answer
from optimizer.search import Found, search
from tests.optimizer.book import SECTORS, account, book_of, mandate
from tests.optimizer.checker import faults_of
from tests.optimizer.test_mandates import measures_of

CENT = Decimal("0.01")


def decimals(low: int, high: int, scale: int):
    return st.integers(low, high).map(lambda n: Decimal(n) / scale)


@st.composite
def wishes(draw):
    """From easy to impossible, every aim, limits hard and soft."""
    limits = []
    if draw(st.booleans()):
        sectors = tuple(draw(st.sets(st.sampled_from(SECTORS), min_size=1, max_size=2)))
        low = draw(decimals(0, 60, 100))
        limits.append(
            Limit(
                name="sleeve",
                group=Group(sectors=sectors),
                minimum=low,
                maximum=low + draw(decimals(2, 40, 100)),
                force=Force(price=draw(st.sampled_from([None, None, CENT, Decimal(1)]))),
            )
        )
    if draw(st.booleans()):
        floor = draw(decimals(40, 75, 10))
        limits.append(Limit(name="score", measure="score", average=True, minimum=floor))
    return Wishes(
        aim=draw(st.sampled_from([a for a in Aim if a is not Aim.LIABILITY])),
        expected_return="view",
        volatility_maximum=draw(st.sampled_from([None, None, Decimal("0.14"), Decimal("0.16")])),
        tracking_error_maximum=draw(st.sampled_from([None, None, CENT, Decimal("0.03")])),
        limits=tuple(limits),
        targets=draw(st.sampled_from([(), (TILT,)])),
        exclusions=draw(st.sampled_from([(), (LOW,)])),
        gain_budget=draw(st.sampled_from([Gains(), Gains(short=Decimal(0), long=Decimal(2000))])),
    )


TILT = Target(
    name="tilt", measure="score", value=Decimal("0.3"), relative=True, price=Decimal("0.01")
)
LOW = Exclusion(name="low", measure="score", below=Decimal(4))


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(1, 5_000), wanted=wishes(), status=st.sampled_from(list(TaxStatus)))
def test_no_answer_breaks_a_hard_wish(seed, wanted, status):
    snapshot = book_of(account("A1", tax_status=status), seed=seed)
    wanted = replace(wanted, measures=measures_of(snapshot))
    terms = mandate(
        name_maximum=Decimal("0.4"),
        sector_band=Decimal(1),
        turnover_maximum=Decimal(1),
        wishes=wanted,
    )
    snapshot = replace(snapshot, mandates=(terms,))
    market, (problem,) = assemble(snapshot)

    (proposal,) = propose_batch(market, (problem,))

    assert proposal.outcome is not Outcome.FAILED, proposal.message
    if proposal.outcome is Outcome.INFEASIBLE:
        assert proposal.conflicts
        return
    faults = [f for f in faults_of(snapshot, proposal) if "model" not in f]
    assert faults == []
    assert broken(snapshot, market, problem, proposal, wanted) == []
    assert proposal.certificate is not None
    assert proposal.certificate.gap <= Decimal("0.000001")


def broken(snapshot, market, problem, proposal, wanted) -> list[str]:
    """The hard wishes that the trades break, by an arithmetic of our own."""
    price = {p.security_id: p.close for p in snapshot.prices}
    nav = proposal.net_asset_value
    held = dict.fromkeys(price, Decimal(0))
    for lot in snapshot.lots:
        held[lot.security_id] += lot.quantity
    faults = []
    for trade in proposal.trades:
        buying = trade.side is Side.BUY
        held[trade.security_id] += trade.quantity if buying else -trade.quantity
        low = wanted.measures["score"][trade.security_id] < 4 and wanted.exclusions
        if buying and low:
            faults.append(f"bought {trade.security_id}")
    weight = {i: shares * price[i] / nav for i, shares in held.items()}
    sector = {s.security_id: s.sector for s in snapshot.securities}
    for limit in wanted.limits:
        if limit.force.price is not None:
            continue
        inside = [i for i in weight if not limit.group.sectors or sector[i] in limit.group.sectors]
        level = sum(weight[i] for i in inside)
        if limit.average:
            total = sum(weight[i] * wanted.measures["score"][i] for i in inside)
            level = total / level if level else limit.minimum
        tiny = Decimal("1e-9")
        if level < limit.minimum - tiny or (limit.maximum and level > limit.maximum + tiny):
            faults.append(f"{limit.name} at {level}")
    faults += _too_risky(market, problem, weight, wanted)
    for term, most in (
        (Term.SHORT, wanted.gain_budget.short),
        (Term.LONG, wanted.gain_budget.long),
    ):
        taxable = snapshot.accounts[0].tax_status is TaxStatus.TAXABLE
        if most is not None and taxable and _realised(snapshot, proposal, term) > most + CENT:
            faults.append(f"{term} gains")
    return faults


def _too_risky(market, problem, weight, wanted) -> list[str]:
    w = np.array([float(weight[i]) for i in market.security_ids])
    covariance = market.F @ market.F.T + np.diag(market.d)
    found = []
    for most, of in (
        (wanted.volatility_maximum, w),
        (wanted.tracking_error_maximum, w - problem.b),
    ):
        if most is not None and np.sqrt(of @ covariance @ of) > float(most) + 1e-8:
            found.append(f"risk above {most}")
    return found


def _realised(snapshot, proposal, term) -> Decimal:
    lots = {lot.lot_id: lot for lot in snapshot.lots}
    price = {p.security_id: p.close for p in snapshot.prices}
    total = Decimal(0)
    for trade in proposal.trades:
        left = trade.quantity if trade.side is Side.SELL else Decimal(0)
        for lot in (lots[lot_id] for lot_id in trade.lot_ids):
            part = min(left, lot.quantity)
            left -= part
            if term_of(lot.acquired, snapshot.as_of) is term:
                total += part * (price[trade.security_id] - lot.basis / lot.quantity)
    return total


@settings(deadline=None, max_examples=5, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(1, 5_000), floor=decimals(60, 95, 10), cap=decimals(5, 20, 1000))
def test_an_infeasible_account_is_answered_under_its_cheapest_relaxation(seed, floor, cap):
    """Loosened by what the elastic program says (and a little for shares) something holds."""
    snapshot = book_of(account("A1", tax_status=TaxStatus.EXEMPT), seed=seed)
    wanted = Wishes(
        measures=measures_of(snapshot),
        limits=(Limit(name="score", measure="score", average=True, minimum=floor),),
        tracking_error_maximum=cap,
    )
    terms = mandate(name_maximum=Decimal("0.4"), sector_band=Decimal(1), wishes=wanted)
    market, (problem,) = assemble(replace(snapshot, mandates=(terms,)))
    programs = Programs(market)
    relaxation = relaxation_of(market, problem, box_of(market, problem).locks)
    if relaxation is None:
        assert isinstance(search(programs, problem), Found)
        return

    answer = relaxed_answer(programs, problem, relaxation.loosened)

    assert answer is not None
    told = {label: by for label, by, _ in answer.broken}
    slack = {one.label: by for one, by in relaxation.loosened}
    assert told.keys() <= slack.keys()
    assert all(by <= slack[label] + 0.02 + 1e-6 for label, by in told.items())
