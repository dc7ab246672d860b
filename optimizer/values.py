"""The optimizer's input: one market, and one problem for each account.

Symbols are the paper's. n names, k factors; weights are fractions of NAV.
z = w - w0 is the trade, split into purchases u >= 0 and sales s >= 0.
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from domain.accounts import LotMethod
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

    @property
    def price(self) -> FloatArray:
        """Prices as floats, (n,)."""
        return np.array([float(price) for price in self.prices])


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliefLot:
    """A tax lot as a seller sees it; taxes are zero in accounts that pay none."""

    lot_id: str
    shares: Decimal
    tax_per_share: Decimal  # What is due; negative when selling it saves tax.
    weighed_per_share: Decimal  # What the objective counts: a saving at the mandate's loss value.
    is_loss: bool  # Sold near today's price it may realise a loss that counts for tax.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One named linear constraint: buy'u + sell's <= limit.

    A limit on a weighted sum a'w has buy = a and sell = -a; turnover has ones
    in both. `name` is the key of its term, `label` the client's words for it.
    """

    name: str
    label: str
    buy: FloatArray  # (n,)
    sell: FloatArray  # (n,)
    limit: float
    relaxation_price: float  # What loosening it by one NAV costs: the client's priority.


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
