"""Each kind of mandate, worked: what it asks for is what the whole-share answer has."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from domain.accounts import TaxStatus
from domain.goals import (
    Aim,
    Exclusion,
    Force,
    Gains,
    Group,
    Liability,
    LiabilityExposure,
    Limit,
    RiskBudget,
    Stress,
    Target,
    Wishes,
)
from domain.lots import Term, term_of
from domain.orders import Side
from domain.proposals import Outcome
from optimizer import assemble, propose_batch
from optimizer.box import box_of
from optimizer.model import Programs
from optimizer.solve import solve
from tests.optimizer.book import account, book_of, mandate
from tests.optimizer.checker import faults_of

SEED = 2
WIDE = {"name_maximum": Decimal("0.4"), "sector_band": Decimal(1), "turnover_maximum": Decimal(2)}


def measures_of(snapshot) -> dict[str, dict[str, Decimal]]:
    random = np.random.default_rng(3)
    ids = [security.security_id for security in snapshot.securities]

    def drawn(low, high):
        return {
            i: Decimal(f"{x:.4f}")
            for i, x in zip(ids, random.uniform(low, high, len(ids)), strict=True)
        }

    return {"score": drawn(2, 9), "view": drawn(0, 0.12), "duration": drawn(1, 20)}


class Case:
    """One account under a mandate with wishes, answered."""

    def __init__(self, *, status=TaxStatus.EXEMPT, terms=None, seed=SEED, **wishes) -> None:
        snapshot = book_of(account("A1", tax_status=status), seed=seed)
        self.measures = measures_of(snapshot)
        wanted = Wishes(measures=self.measures, **wishes)
        of_account = mandate(**{**WIDE, **(terms or {}), "wishes": wanted})
        self.snapshot = replace(snapshot, mandates=(of_account,))
        self.market, (self.problem,) = assemble(self.snapshot)
        (self.proposal,) = propose_batch(self.market, (self.problem,))
        self.w = self.problem.w0.copy()
        for trade in self.proposal.trades:
            name = self.market.security_ids.index(trade.security_id)
            way = 1 if trade.side is Side.BUY else -1
            worth = trade.quantity * self.market.prices[name] / self.problem.nav
            self.w[name] += way * float(worth)

    @property
    def covariance(self) -> np.ndarray:
        return self.market.F @ self.market.F.T + np.diag(self.market.d)

    @property
    def volatility(self) -> float:
        return float(np.sqrt(self.w @ self.covariance @ self.w))

    def measure(self, name: str) -> np.ndarray:
        return np.array([float(self.measures[name][i]) for i in self.market.security_ids])

    def held(self, sector: str) -> float:
        return float(
            sum(w for w, s in zip(self.w, self.market.sectors, strict=True) if s == sector)
        )


def test_minimum_variance_has_less_risk_than_any_other_way_to_be_invested():
    case = Case(aim=Aim.MINIMUM_VARIANCE)
    random = np.random.default_rng(0)
    others = random.dirichlet(np.ones(len(case.w)), 3_000) * case.w.sum()
    risks = np.sqrt(np.einsum("ij,jk,ik->i", others, case.covariance, others))

    assert case.proposal.outcome is Outcome.TRADE
    assert faults_of(case.snapshot, case.proposal) == []
    assert case.volatility < risks.min()
    (figure,) = case.proposal.figures
    assert figure.name == "volatility"
    assert float(figure.after) == pytest.approx(case.volatility, abs=1e-8)


def test_mean_variance_earns_what_its_risk_is_worth():
    """At the optimum the marginal names have equal alpha less 2 lam Sigma w."""
    case = Case(aim=Aim.MEAN_VARIANCE, expected_return="view")
    lam = case.problem.risk_aversion
    merit = case.measure("view") - 2 * lam * case.covariance @ case.w
    inside = (case.w > 0.01) & (case.w < 0.39)
    costs = 2 * case.market.half_spread.max() + 0.002

    assert inside.sum() >= 5
    assert np.ptp(merit[inside]) < 2 * costs
    assert merit[~inside & (case.w < 0.01)].max() < merit[inside].min() + 2 * costs
    assert "expected_return" in {term.name for term in case.proposal.trades[0].terms}


def test_risk_parity_gives_every_name_the_same_share_of_the_variance():
    case = Case(aim=Aim.RISK_BUDGET, terms={"risk_aversion": Decimal(100)})
    shares = case.w * (case.covariance @ case.w) / case.volatility**2

    assert np.allclose(shares, 1 / len(shares), atol=0.01)


def test_a_risk_budget_by_sector_is_kept_by_the_sectors():
    wanted = {"Energy": Decimal("0.4"), "Technology": Decimal("0.3"), "Health Care": Decimal("0.3")}
    case = Case(
        aim=Aim.RISK_BUDGET,
        risk_budget=RiskBudget(by_sector=True, shares=wanted),
        terms={"risk_aversion": Decimal(100)},
    )
    shares = case.w * (case.covariance @ case.w) / case.volatility**2

    for sector, share in wanted.items():
        inside = np.array(case.market.sectors) == sector
        assert shares[inside].sum() == pytest.approx(float(share), abs=0.02)
    assert case.held("Financials") < 0.002


def test_following_goes_to_the_weights_of_the_model_whatever_the_risk():
    """Left is the zone of half the spread: 2 lam |w - b| <= c."""
    case = Case(aim=Aim.FOLLOW, terms={"minimum_trade": Decimal(0)})
    zone = case.market.half_spread / (2 * case.problem.risk_aversion)
    share = case.market.price / float(case.problem.nav)

    assert np.all(np.abs(case.w - case.problem.b) < zone + 2 * share + 2e-4)


LIABILITY = Liability(
    value=Decimal(900_000),
    exposures={
        "duration": LiabilityExposure(
            value=Decimal(12), volatility=Decimal("0.01"), band=Decimal("0.5")
        ),
    },
    stresses=(
        Stress(
            name="rates down 1 %", effects={"duration": Decimal("0.01")}, minimum=Decimal("1.08")
        ),
    ),
)


def test_a_liability_driven_account_matches_duration_and_survives_the_stress():
    case = Case(aim=Aim.LIABILITY, liability=LIABILITY, surplus_volatility_maximum=Decimal("0.2"))
    nav = float(case.problem.nav)
    duration = float(case.measure("duration") @ case.w)
    wanted = 12 * 900_000 / nav
    after = nav * (1 + 0.01 * duration) / (900_000 * (1 + 0.01 * 12))

    assert abs(duration - wanted) <= 0.5
    assert after >= 1.08
    figures = {figure.name: figure for figure in case.proposal.figures}
    assert float(figures["duration gap"].after) == pytest.approx(duration - wanted, abs=1e-6)
    assert float(figures["funded ratio after rates down 1 %"].after) == pytest.approx(after)
    assert figures["surplus volatility"].after < figures["surplus volatility"].before


def test_a_liability_hedged_by_securities_draws_the_account_to_them():
    case = Case(aim=Aim.TRACK)
    hedge = dict(zip(case.market.security_ids[:2], (Decimal("0.5"), Decimal("0.4")), strict=True))
    driven = Case(aim=Aim.LIABILITY, liability=Liability(value=Decimal(1_000_000), hedge=hedge))

    assert driven.w[:2].sum() > 0.6 > case.w[:2].sum()


def test_a_tilt_moves_the_measure_towards_its_target_and_a_dearer_one_further():
    plain, some, more = (
        Case(targets=(target,) if target else ())
        for target in (None, *(tilt(price) for price in ("0.01", "0.1")))
    )
    scores = [float(c.measure("score") @ c.w) for c in (plain, some, more)]
    wanted = float(plain.measure("score") @ plain.problem.b) + 0.5

    assert scores[0] < scores[1] < scores[2] < wanted + 0.02


def tilt(price: str) -> Target:
    return Target(
        name="tilt", measure="score", value=Decimal("0.5"), relative=True, price=Decimal(price)
    )


@pytest.mark.parametrize("average", [True, False])
def test_a_band_on_a_measure_is_kept(average):
    floor = Decimal(6) if average else Decimal("5.2")
    case = Case(limits=(Limit(name="floor", measure="score", average=average, minimum=floor),))
    level = float(case.measure("score") @ case.w) / (case.w.sum() if average else 1)

    assert case.proposal.outcome is Outcome.TRADE
    assert level >= float(floor) - 1e-9
    assert any(rule.name.startswith("floor at least") for rule in case.proposal.binding)


def test_sleeves_are_bands_on_groups():
    sleeve = Limit(
        name="real economy",
        group=Group(sectors=("Energy", "Health Care")),
        minimum=Decimal("0.58"),
        maximum=Decimal("0.62"),
    )
    case = Case(limits=(sleeve,))

    assert 0.58 <= case.held("Energy") + case.held("Health Care") <= 0.62


def test_a_soft_limit_gives_way_at_its_price_and_holds_above_it():
    """An exact penalty: beyond the dual of the hard one, soft is hard."""
    sleeve = Limit(name="sleeve", group=Group(sectors=("Energy",)), minimum=Decimal("0.45"))
    hard = Case(limits=(sleeve,))
    (rule,) = [rule for rule in hard.proposal.binding if "sleeve" in rule.name]
    dual = float(rule.price) * 100 / float(hard.problem.nav)

    cheap, dear = (
        Case(limits=(replace(sleeve, force=Force(price=Decimal(f"{dual * factor:.6f}"))),))
        for factor in (0.5, 2)
    )

    assert hard.held("Energy") >= 0.45
    assert dear.held("Energy") >= 0.45 - 1e-3
    assert cheap.held("Energy") < 0.449
    assert any("is soft and broken" in note for note in cheap.proposal.notes)


@pytest.mark.parametrize("key", ["cash", "turnover", "sector_band", "name_maximum"])
def test_every_standing_constraint_can_be_soft(key):
    """Impossible when hard, answered when soft, and the reader is told."""
    tight = {
        "cash": {"name_maximum": Decimal("0.05")},
        "turnover": {"turnover_maximum": Decimal("0.01"), "name_maximum": Decimal("0.09")},
        "sector_band": {"sector_band": Decimal(0), "turnover_maximum": Decimal("0.01")},
        "name_maximum": {"name_maximum": Decimal("0.05")},
    }[key]

    hard, soft = Case(terms=tight), Case(terms=tight, forces={key: Force(price=Decimal("0.5"))})

    assert hard.proposal.outcome is Outcome.INFEASIBLE
    assert soft.proposal.outcome in (Outcome.TRADE, Outcome.NO_TRADE), soft.proposal.message
    assert any("is soft and broken" in note for note in soft.proposal.notes)


def test_the_priority_says_which_constraint_gives_way():
    terms = {"turnover_maximum": Decimal("0.05")}
    sleeve = Limit(name="sleeve", group=Group(sectors=("Energy",)), minimum=Decimal("0.6"))
    by_default = Case(terms=terms, limits=(sleeve,))
    turnover_first = replace(sleeve, force=Force(priority=Decimal("0.1")))

    other = Case(terms=terms, limits=(turnover_first,))

    def short(case):
        return {c.name.split(" at ")[0]: c.short_by > 0 for c in case.proposal.conflicts}

    assert short(by_default) == {"turnover": True, "sleeve": False}
    assert short(other) == {"turnover": False, "sleeve": True}


@pytest.mark.parametrize(
    ("wishes", "around"),
    [
        ({"aim": Aim.MEAN_VARIANCE, "expected_return": "view"}, "model"),
        ({"aim": Aim.TRACK}, "nothing"),
    ],
)
def test_a_cap_on_risk_is_kept_and_its_price_is_the_slope(wishes, around):
    """Loosening the cap by a little gains its dual times that, to first order."""
    key, limit = ("tracking_error_maximum", 0.02) if around == "model" else (
        "volatility_maximum",
        0.13,
    )  # fmt: skip
    case = Case(**wishes, **{key: Decimal(str(limit))})
    active = case.w - case.problem.b if around == "model" else case.w

    assert np.sqrt(active @ case.covariance @ active) <= limit
    rule = next(rule for rule in case.proposal.binding if rule.unit == "volatility")

    programs, step = Programs(case.market), 1e-4
    objective = []
    for moved in (-step, step):
        caps = tuple(replace(cap, maximum=cap.maximum + moved) for cap in case.problem.caps)
        problem = replace(case.problem, caps=caps)
        objective.append(solve(programs, problem, box_of(case.market, problem)).objective)
    slope = (objective[0] - objective[1]) / (2 * step)
    assert float(rule.price) * 100 / float(case.problem.nav) == pytest.approx(slope, rel=0.02)


def realised(case: Case, term: Term) -> float:
    """Net gains of one holding period, from the lots that the trades name."""
    lots = {lot.lot_id: lot for lot in case.snapshot.lots}
    price = {p.security_id: p.close for p in case.snapshot.prices}
    total = Decimal(0)
    for trade in case.proposal.trades:
        left = trade.quantity if trade.side is Side.SELL else Decimal(0)
        for lot in (lots[lot_id] for lot_id in trade.lot_ids):
            part = min(left, lot.quantity)
            left -= part
            if term_of(lot.acquired, case.snapshot.as_of) is term:
                total += part * (price[trade.security_id] - lot.basis / lot.quantity)
    return float(total)


def leaving_energy(**wishes) -> Case:
    """A taxable account that must sell most of a sector with gains."""
    least = Limit(name="less energy", group=Group(sectors=("Energy",)), maximum=Decimal("0.02"),
                  force=Force(price=Decimal("0.3")))  # fmt: skip
    return Case(status=TaxStatus.TAXABLE, limits=(least,), seed=5, **wishes)


@pytest.mark.parametrize("term", list(Term))
def test_a_budget_of_gains_is_kept_lot_by_lot(term):
    free = leaving_energy()
    before = realised(free, term)
    budget = Decimal(f"{max(before, 2_000) / 2:.2f}") if before > 0 else Decimal(0)

    bound = leaving_energy(gain_budget=Gains(**{term.value: budget}))

    assert bound.proposal.outcome is Outcome.TRADE
    assert realised(bound, term) <= float(budget) + 0.01
    assert before > 0 or realised(bound, term) <= 0.01


def test_losses_carried_forward_are_used_for_gains_that_were_too_dear():
    without = Case(status=TaxStatus.TAXABLE, seed=5)
    carried = Case(
        status=TaxStatus.TAXABLE,
        seed=5,
        carry_forward=Gains(short=Decimal(0), long=Decimal(50_000)),
    )

    assert realised(carried, Term.LONG) > realised(without, Term.LONG)
    assert carried.proposal.tracking_error_after < without.proposal.tracking_error_after
    assert carried.proposal.expected_tax < sum(t.expected_tax for t in carried.proposal.trades)
    assert any("carried forward" in note for note in carried.proposal.notes)


def test_what_is_excluded_is_sold_where_the_client_says_so_and_never_bought():
    case = Case(
        exclusions=(
            Exclusion(name="low scores", measure="score", below=Decimal(5), sell=True),
            Exclusion(name="no technology", group=Group(sectors=("Technology",))),
        )
    )
    low = case.measure("score") < 5
    technology = np.array(case.market.sectors) == "Technology"

    assert case.problem.w0[low].sum() > 0.05
    assert np.allclose(case.w[low], 0, atol=1e-12)
    assert np.all(case.w[technology] <= case.problem.w0[technology] + 1e-12)
    assert case.problem.b.sum() == pytest.approx(0.97, abs=1e-3)


def test_substitutes_are_bought_for_what_may_not_be():
    snapshot = book_of(account("A1", tax_status=TaxStatus.EXEMPT), seed=SEED)
    barred, instead = (snapshot.securities[n].security_id for n in (3, 7))
    model = snapshot.models[0]
    weights = {i: w for i, w in model.weights.items() if i != instead}
    weights[barred] = Decimal("0.25")
    total = sum(weights.values())
    weights = {
        i: (w / total).quantize(Decimal("0.0001")) * Decimal("0.96") for i, w in weights.items()
    }
    terms = mandate(**WIDE, do_not_buy=(barred,), wishes=Wishes(substitutes={barred: (instead,)}))
    snapshot = replace(snapshot, models=(replace(model, weights=weights),), mandates=(terms,))
    market, (problem,) = assemble(snapshot)

    (proposal,) = propose_batch(market, (problem,))

    bought = {trade.security_id for trade in proposal.trades if trade.side is Side.BUY}
    assert instead in bought
    assert barred not in bought
    assert problem.b[market.security_ids.index(instead)] > 0.05


def test_a_missing_measure_is_a_fault_that_names_the_security():
    snapshot = book_of(account("A1"), seed=SEED)
    scores = measures_of(snapshot)["score"]
    lacking = snapshot.securities[0]
    del scores[lacking.security_id]
    floor = Limit(name="floor", measure="score", average=True, minimum=Decimal(5))
    terms = mandate(wishes=Wishes(measures={"score": scores}, limits=(floor,)))

    (proposal,) = propose_batch(*assemble(replace(snapshot, mandates=(terms,))))

    assert proposal.outcome is Outcome.FAILED
    assert proposal.message == (
        f"account A1: measure 'score' has no value for {lacking.symbol}; add it to mandates.toml"
    )


def test_aims_combine_and_the_terms_of_every_trade_still_add_up():
    case = Case(
        status=TaxStatus.TAXABLE,
        aim=Aim.TRACK,
        expected_return="view",
        targets=(tilt("0.02"),),
        tracking_error_maximum=Decimal("0.03"),
        limits=(
            Limit(name="sleeve", group=Group(sectors=("Energy",)), minimum=Decimal("0.3"),
                  force=Force(price=Decimal("0.001"))),
        ),
    )  # fmt: skip

    assert case.proposal.outcome is Outcome.TRADE
    assert faults_of(case.snapshot, case.proposal) == []
    for trade in case.proposal.trades:
        assert sum(term.basis_points for term in trade.terms) == 0
        rounding = {term.name: term.basis_points for term in trade.terms}["rounding"]
        assert abs(rounding) < 60, trade.terms
