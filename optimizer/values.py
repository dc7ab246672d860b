"""The optimizer's input: one market, and one problem for each account.

Symbols are the paper's. n names, k factors; weights are fractions of NAV.
z = w - w0 is the trade, split into purchases u >= 0 and sales s >= 0.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from math import inf

import numpy as np
from numpy.typing import NDArray

from domain.accounts import LotMethod
from domain.lots import Term
from domain.orders import Side

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Market:
    """What is the same for every account: the names, their risk and what trading them costs."""

    security_ids: tuple[str, ...]
    symbols: tuple[str, ...]
    sectors: tuple[str, ...]
    prices: tuple[Decimal, ...]
    lot_sizes: tuple[int, ...]  # Shares.
    F: FloatArray  # (n, k) factor exposures; F F' is annualised covariance.
    d: FloatArray  # (n,) specific variance, annualised.
    half_spread: FloatArray  # (n,) cost of crossing, per dollar.
    impact: FloatArray  # (n,) cost per dollar, per dollar traded: x dollars cost impact * x**2.
    industries: tuple[str, ...] = ()  # These three by name, or empty.
    countries: tuple[str, ...] = ()
    issuers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # What was done to make the risk model, where that is not plain.
    price: FloatArray = field(init=False)  # (n,) prices as floats.

    def __post_init__(self) -> None:
        object.__setattr__(self, "price", np.array([float(price) for price in self.prices]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliefLot:
    """A tax lot as a seller sees it; taxes are zero in accounts that pay none."""

    lot_id: str
    shares: Decimal
    tax_per_share: Decimal  # What is due; negative when selling it saves tax.
    weighed_per_share: Decimal  # What the objective counts: a saving at the mandate's loss value.
    is_loss: bool  # Sold near today's price it may realise a loss that counts for tax.
    gain_per_share: Decimal = Decimal(0)  # Realised; 0 in accounts that pay no tax.
    term: Term = Term.LONG


class GainKind(Enum):
    """Which realised gains a row counts; the value is the name of its term."""

    SHORT_NET = "short_gains"  # Gains less losses.
    LONG_NET = "long_gains"
    SHORT_GROSS = "short_carry_forward"  # Gains alone: what a carry-forward is set against.
    LONG_GROSS = "long_carry_forward"

    @property
    def term(self) -> Term:
        """The holding period that it counts."""
        short = self in (GainKind.SHORT_NET, GainKind.SHORT_GROSS)
        return Term.SHORT if short else Term.LONG

    def of(self, lot: ReliefLot) -> float:
        """What one share of the lot adds to it, in dollars."""
        if lot.term is not self.term:
            return 0.0
        gross = self in (GainKind.SHORT_GROSS, GainKind.LONG_GROSS)
        return max(float(lot.gain_per_share), 0.0) if gross else float(lot.gain_per_share)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One named linear constraint: buy'u + sell's <= limit.

    A limit on a weighted sum a'w has buy = a and sell = -a; turnover has ones
    in both. `name` is the key of its term, `label` the client's words for it. With a
    `gain`, realised gains of that kind (over NAV) are added to the left side. A soft row
    may be broken, and then costs `soft_price` for every NAV by which it is.
    """

    name: str
    label: str
    buy: FloatArray  # (n,)
    sell: FloatArray  # (n,)
    limit: float
    relaxation_price: float  # What loosening it by one NAV costs: the client's priority.
    soft_price: float = inf  # Infinite where it must hold.
    gain: GainKind | None = None
    unit: str = ""  # Of the limit: the measure that it counts, or NAV where empty.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Risk:
    """A variance around a target: |phi F'w - t|^2 + sum_i d_i (w_i - r_i)^2 + |G'w - g|^2.

    F is the market's. The columns of G are exposures that this account alone counts:
    soft targets, the key rates of a liability, ...
    """

    t: FloatArray  # (k,) factor target.
    d: FloatArray  # (n,) specific variance, annualised.
    r: FloatArray  # (n,) weights around which the specific risk is.
    G: FloatArray  # (n, q)
    g: FloatArray  # (q,)
    phi: float = 1.0  # 0 where the market's factors do not count.
    labels: tuple[str, ...] = ()  # What the columns of G are called; q of them.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Goal:
    """What an account wants where that is not tracking its model, beside costs and taxes.

    lam * risk - alpha'w - sum_i budget_i log(w_i)
    """

    risk: Risk
    alpha: FloatArray  # (n,) expected return a year.
    budget: FloatArray  # (n,) risk budgets as weights of the logarithm; 0 for none.
    of_model: bool = True  # Whether b is what it wants, and not only what it may hold.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskCap:
    """A largest volatility: of the account, of its distance from the model, or of its surplus."""

    name: str
    label: str
    risk: Risk
    maximum: float  # Annualised volatility.
    relaxation_price: float
    soft_price: float = inf  # Of NAV for each unit of volatility above; infinite: it must hold.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gauge:
    """A figure that a person reads before and after: constant + coefficients'w, or a volatility.

    With `per` the sum is divided by per'w: an average over what is invested.
    """

    name: str
    coefficients: FloatArray = field(default_factory=lambda: np.zeros(0))  # (n,)
    constant: float = 0.0
    per: FloatArray | None = None  # (n,)
    risk: Risk | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A transition in steps: how long each is held, and what each lot's sale then costs."""

    steps: int
    share: float  # Of a year from one step to the next.
    taxes: tuple[dict[str, float], ...]  # By step: lot id to weighed tax per share.


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Why one name may be bought or sold no further than `maximum` (of NAV)."""

    label: str  # "do-not-buy", "restricted", "wash sale", "name maximum 10 %".
    name: int  # Index into the market's names.
    side: Side
    maximum: float
    relaxation_price: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccountProblem:
    """One account: where it stands, what it should track, what it must respect.

    A `fault` says why no problem could be made of the account; everything else
    is then empty and the answer is FAILED with that sentence.
    """

    account_id: str
    household_id: str
    nav: Decimal
    cash: Decimal
    w0: FloatArray  # (n,) weights held.
    b: FloatArray  # (n,) weights wanted: the model's, less its share of withdrawals due.
    lots: tuple[tuple[ReliefLot, ...], ...]  # By name, in the order the method relieves them.
    lot_method: LotMethod
    rows: tuple[Row, ...]
    locks: tuple[Lock, ...]
    loss_locked: frozenset[int]  # Names that may not be sold at a loss: bought in 30 days.
    risk_aversion: float  # lambda, per unit of annual variance.
    minimum_trade: float  # Dollars.
    goal: Goal | None = None  # None: track the model b.
    caps: tuple[RiskCap, ...] = ()
    gauges: tuple[Gauge, ...] = ()
    staged: Staged | None = None
    located: bool = False  # Answered together with its household's other located accounts.
    notes: tuple[str, ...] = ()  # What was decided on the way here.
    fault: str = ""


def faulty(account_id: str, household_id: str, fault: str) -> AccountProblem:
    """An account of which no problem can be made, and why."""
    none = np.zeros(0)
    return AccountProblem(
        account_id=account_id,
        household_id=household_id,
        nav=Decimal(0),
        cash=Decimal(0),
        w0=none,
        b=none,
        lots=(),
        lot_method=LotMethod.FIFO,
        rows=(),
        locks=(),
        loss_locked=frozenset(),
        risk_aversion=1.0,
        minimum_trade=0.0,
        fault=fault,
    )
