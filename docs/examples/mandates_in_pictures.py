"""Mandates in pictures: the frontier, who bears the risk, and what each constraint costs.

Run it from the repository: python docs/examples/mandates_in_pictures.py FOLDER
It takes the bundled book's prices and models, and writes three pictures into FOLDER. The
cells (# %%) run one after the other in an editor that knows notebooks.
"""

# %% The bundled book as a snapshot
import csv
import sys
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
from matplotlib import rcParams
from matplotlib.figure import Figure

from domain.accounts import Account, LotMethod, Mandate, ModelPortfolio, TaxStatus, WeightBand
from domain.goals import Aim, Force, Group, Limit, Wishes
from domain.instruments import Price, PriceHistory, Security
from domain.lots import TaxLot
from domain.proposals import AccountProposal
from domain.snapshot import CashBalance, Snapshot
from domain.sources import Source
from optimizer import AccountProblem, Market, assemble, propose_batch

BOOK = Path(__file__).parents[2] / "data" / "book"
HERE = Source("example", 1, "")
TODAY = date(2022, 11, 30)
MODEL = "CORE-20"


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one of the book's files."""
    with (BOOK / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def securities() -> dict[str, Security]:
    """By symbol."""
    found = {}
    for row in rows("securities.csv"):
        text = {key: row[key] for key in ("cusip", "name", "issuer", "sector", "industry")}
        found[row["symbol"]] = Security(
            security_id=row["isin"],
            symbol=row["symbol"],
            **text,
            country=row["country"],
            currency=row["currency"],
            venue=row["venue"],
            lot_size=int(row["lot_size"]),
            tick=Decimal(row["tick"]),
            half_spread=Decimal(row["half_spread"]),
            average_daily_volume=int(row["average_daily_volume"]),
            source=HERE,
        )
    return found


def snapshot(mandate: Mandate) -> Snapshot:
    """One account of a million dollars in six names with old gains, and the mandate."""
    known = securities()
    model = {row["symbol"]: row["weight"] for row in rows("models.csv") if row["model_id"] == MODEL}
    closes: dict[str, dict[date, Decimal]] = {}
    for row in rows("prices.csv"):
        if row["symbol"] in model:
            day = date.fromisoformat(row["day"])
            closes.setdefault(row["symbol"], {})[day] = Decimal(row["close"])
    symbols = sorted(closes, key=lambda symbol: known[symbol].security_id)
    days = sorted(closes[symbols[0]])
    last = {symbol: closes[symbol][days[-1]] for symbol in symbols}
    held = ("AAPL", "KO", "MSFT", "PG", "UNH", "XOM")
    ids = {symbol: known[symbol].security_id for symbol in symbols}
    return Snapshot(
        as_of=TODAY,
        securities=tuple(known[symbol] for symbol in symbols),
        prices=tuple(
            Price(security_id=ids[s], day=days[-1], close=last[s], source=HERE) for s in symbols
        ),
        history=PriceHistory(
            security_ids=tuple(ids.values()),
            days=tuple(days),
            closes=tuple(tuple(closes[s][day] for day in days) for s in symbols),
        ),
        models=(
            ModelPortfolio(
                model_id=MODEL, weights={ids[s]: Decimal(w) for s, w in model.items()}, source=HERE
            ),
        ),
        mandates=(mandate,),
        accounts=(
            Account(
                account_id="EXAMPLE",
                household_id="H",
                name="An example",
                custodian="",
                tax_status=TaxStatus.TAXABLE,
                model_id=MODEL,
                mandate_id=mandate.mandate_id,
                source=HERE,
            ),
        ),
        lots=tuple(
            TaxLot(
                lot_id=symbol,
                account_id="EXAMPLE",
                security_id=ids[symbol],
                quantity=Decimal(int(Decimal(160_000) / last[symbol])),
                basis=(
                    Decimal(int(Decimal(160_000) / last[symbol])) * last[symbol] * Decimal("0.7")
                ).quantize(Decimal("0.01")),
                acquired=date(2019, 6, 3),
                source=HERE,
            )
            for symbol in held
        ),
        cash=(CashBalance(account_id="EXAMPLE", amount=Decimal(40_000), source=HERE),),
        flows=(),
        past_trades=(),
        restrictions=(),
        findings=(),
    )


MANDATE = Mandate(
    mandate_id="EXAMPLE",
    lot_method=LotMethod.HIFO,
    cash=WeightBand(name="cash", minimum=Decimal("0.005"), maximum=Decimal("0.04")),
    sector_band=Decimal(1),
    name_maximum=Decimal("0.25"),
    turnover_maximum=Decimal(2),
    risk_aversion=Decimal(20),
    short_term_rate=Decimal("0.37"),
    long_term_rate=Decimal("0.20"),
    minimum_trade=Decimal(0),
    drift_absolute=Decimal("0.03"),
    drift_relative=Decimal("0.5"),
    source=HERE,
)


# %% One answer
@dataclass(frozen=True)
class Answer:
    """What the optimizer said of the account under one mandate, and the weights after."""

    market: Market
    problem: AccountProblem
    proposal: AccountProposal
    weights: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """Annualised, (n, n)."""
        return self.market.F @ self.market.F.T + np.diag(self.market.d)

    @property
    def volatility(self) -> float:
        """Annualised."""
        return float(np.sqrt(self.weights @ self.covariance @ self.weights))

    @property
    def contributions(self) -> np.ndarray:
        """Each name's part of the variance, (n,), 1 in sum."""
        return self.weights * (self.covariance @ self.weights) / self.volatility**2


def answer(wishes: Wishes, **terms: object) -> Answer:
    """The account's whole-share answer under the example's mandate with these wishes."""
    book = snapshot(replace(MANDATE, wishes=wishes, **terms))
    market, (problem,) = assemble(book)
    (proposal,) = propose_batch(market, (problem,))
    weights = problem.w0.copy()
    for trade in proposal.trades:
        at = market.security_ids.index(trade.security_id)
        weights[at] = float(trade.weight_after)
    return Answer(market, problem, proposal, weights)


def views() -> dict[str, dict[str, Decimal]]:
    """Expected returns that pay for risk: 4 % and a fifth of each name's volatility."""
    start = answer(Wishes())
    deviations = np.sqrt(np.diag(start.covariance))
    return {
        "view": {
            i: Decimal(f"{0.04 + 0.2 * x:.4f}")
            for i, x in zip(start.market.security_ids, deviations, strict=True)
        }
    }


# %% The frontier: from little risk aversion to much, with taxes and costs paid
AVERSIONS = ("0.7", "1", "1.5", "2", "3", "5", "12")


def frontier() -> list[tuple[float, float]]:
    """Volatility and expected return after each answer, by falling risk."""
    measures = views()
    wishes = Wishes(aim=Aim.MEAN_VARIANCE, expected_return="view", measures=measures)
    points = []
    for aversion in AVERSIONS:
        found = answer(wishes, risk_aversion=Decimal(aversion))
        earned = sum(
            float(measures["view"][i]) * w
            for i, w in zip(found.market.security_ids, found.weights, strict=True)
        )
        points.append((found.volatility, float(earned)))
    return points


def draw_frontier(points: list[tuple[float, float]]) -> Figure:
    """Expected return over volatility."""
    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    axes.plot([100 * x for x, _ in points], [100 * y for _, y in points], marker="o")
    for (x, y), aversion in zip(points, AVERSIONS, strict=True):
        axes.annotate(
            f"{aversion}", (100 * x, 100 * y), xytext=(4, -10), textcoords="offset points"
        )
    axes.set_xlabel("volatility, % a year")
    axes.set_ylabel("expected return, % a year")
    axes.set_title("The frontier of one taxable account, by risk aversion")
    figure.tight_layout()
    return figure


# %% Who bears the risk
def contributions() -> dict[str, dict[str, float]]:
    """Each sector's part of the variance under three aims."""
    aims = {
        "track the model": Wishes(),
        "minimum variance": Wishes(aim=Aim.MINIMUM_VARIANCE),
        "risk parity": Wishes(aim=Aim.RISK_BUDGET),
    }
    found = {}
    for name, wishes in aims.items():
        held = answer(wishes, risk_aversion=Decimal(200), long_term_rate=Decimal(0))
        parts: dict[str, float] = {}
        for sector, part in zip(held.market.sectors, held.contributions, strict=True):
            parts[sector] = parts.get(sector, 0.0) + float(part)
        found[name] = parts
    return found


def draw_contributions(found: dict[str, dict[str, float]]) -> Figure:
    """Bars by sector, one group an aim."""
    figure = Figure(figsize=(7, 4))
    axes = figure.add_subplot()
    sectors = sorted(next(iter(found.values())))
    places = np.arange(len(sectors))
    for at, (name, parts) in enumerate(found.items()):
        heights = [100 * parts[sector] for sector in sectors]
        axes.bar(places + (at - 1) * 0.27, heights, width=0.25, label=name)
    axes.set_xticks(places, [sector.replace(" ", "\n") for sector in sectors], fontsize=8)
    axes.set_ylabel("part of the variance, %")
    axes.set_title("Who bears the risk")
    axes.legend()
    figure.tight_layout()
    return figure


# %% What each constraint costs
def costs() -> dict[str, float]:
    """Dollars a year that the answer would be better by without each rule that binds."""
    defensive = Limit(
        name="defensive sleeve",
        group=Group(sectors=("Consumer Staples", "Health Care")),
        minimum=Decimal("0.55"),
    )
    soft = Limit(
        name="banks",
        group=Group(industries=("Diversified Banks",)),
        minimum=Decimal("0.15"),
        force=Force(price=Decimal("0.05")),
    )
    found = answer(Wishes(limits=(defensive, soft)), turnover_maximum=Decimal("0.40"))
    return {rule.name: float(rule.gain_without) for rule in found.proposal.binding}


def draw_costs(found: dict[str, float]) -> Figure:
    """Bars, the dearest on top."""
    figure = Figure(figsize=(7, 2 + 0.4 * len(found)))
    axes = figure.add_subplot()
    names = sorted(found, key=lambda name: found[name])
    axes.barh(names, [found[name] for name in names])
    axes.set_xlabel("better without it by, dollars a year on one million")
    axes.set_title("What each constraint costs")
    figure.tight_layout()
    return figure


# %% The pictures
def main(
    folder: Path,
) -> tuple[list[tuple[float, float]], dict[str, dict[str, float]], dict[str, float]]:
    """Write the three pictures, and give the numbers that they show."""
    rcParams["svg.fonttype"] = "none"
    rcParams["svg.hashsalt"] = "trimtab"
    folder.mkdir(parents=True, exist_ok=True)
    points, parts, dearest = frontier(), contributions(), costs()
    pictures = {
        "optimizer-frontier.svg": draw_frontier(points),
        "optimizer-risk.svg": draw_contributions(parts),
        "optimizer-constraints.svg": draw_costs(dearest),
    }
    for name, figure in pictures.items():
        figure.savefig(folder / name, metadata={"Date": None})
    return points, parts, dearest


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
