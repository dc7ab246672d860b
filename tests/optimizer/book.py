"""A small book of business for the optimizer's tests: seeded, valid identifiers, drifted."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from domain.accounts import Account, LotMethod, Mandate, ModelPortfolio, TaxStatus, WeightBand
from domain.identifiers import is_cusip, is_isin
from domain.instruments import Price, PriceHistory, Security
from domain.lots import TaxLot
from domain.snapshot import CashBalance, Snapshot
from domain.sources import Source

AS_OF = date(2022, 11, 30)
SOURCE = Source("book.csv", 2, "0" * 64)
SECTORS = ("Energy", "Technology", "Health Care", "Financials")
CENT = Decimal("0.01")


def _checked(stem: str, holds) -> str:
    return next(stem + digit for digit in "0123456789" if holds(stem + digit))


def security(number: int, sector: str) -> Security:
    cusip = _checked(f"{number:08d}", is_cusip)
    return Security(
        security_id=_checked(f"US{cusip}", is_isin),
        symbol=f"S{number:02d}",
        cusip=cusip,
        name=f"Company {number}",
        issuer=f"Company {number}",
        sector=sector,
        industry=sector,
        country="US",
        currency="USD",
        venue="XSIM",
        lot_size=1,
        tick=CENT,
        half_spread=Decimal("0.0003") + Decimal("0.0001") * (number % 5),
        average_daily_volume=2_000_000 + 100_000 * number,
        source=SOURCE,
    )


def mandate(mandate_id: str = "growth", **changes) -> Mandate:
    usual = Mandate(
        mandate_id=mandate_id,
        lot_method=LotMethod.HIFO,
        cash=WeightBand(name="cash", minimum=Decimal("0.01"), maximum=Decimal("0.04")),
        sector_band=Decimal("0.05"),
        name_maximum=Decimal("0.20"),
        turnover_maximum=Decimal("0.6"),
        risk_aversion=Decimal(10),
        short_term_rate=Decimal("0.408"),
        long_term_rate=Decimal("0.238"),
        minimum_trade=Decimal(500),
        drift_absolute=Decimal("0.05"),
        drift_relative=Decimal("0.25"),
        source=SOURCE,
    )
    return replace(usual, **changes)


def account(account_id: str, household: str = "H1", **changes) -> Account:
    usual = Account(
        account_id=account_id,
        household_id=household,
        name=account_id,
        custodian="Harbor Trust",
        tax_status=TaxStatus.TAXABLE,
        model_id="core",
        mandate_id="growth",
        source=SOURCE,
    )
    return replace(usual, **changes)


def lot(
    account_id: str, security_id: str, quantity, unit_basis, *, days_held=700, tag="a"
) -> TaxLot:
    return TaxLot(
        lot_id=f"{account_id}:{security_id}:{tag}",
        account_id=account_id,
        security_id=security_id,
        quantity=Decimal(quantity),
        basis=(Decimal(quantity) * Decimal(unit_basis)).quantize(CENT),
        acquired=AS_OF - timedelta(days=days_held),
        source=SOURCE,
    )


def book(names: int = 12, seed: int = 1, days: int = 300, **changes) -> Snapshot:
    """Securities, prices and one model; accounts, lots and cash come in `changes`."""
    random = np.random.default_rng(seed)
    securities = tuple(security(n + 1, SECTORS[n % len(SECTORS)]) for n in range(names))
    common = random.normal(0, 0.009, days)
    own = random.normal(0, 1, (names, days)) * random.uniform(0.006, 0.016, names)[:, None]
    start = random.uniform(20, 300, names)[:, None]
    path = start * np.exp(np.cumsum(random.uniform(0.7, 1.3, names)[:, None] * common + own, 1))
    closes = tuple(tuple(Decimal(f"{x:.2f}") for x in row) for row in path)
    raw = random.uniform(0.5, 1.5, names)
    weights = [Decimal(f"{x:.4f}") for x in raw / raw.sum() * 0.97]
    ids = tuple(s.security_id for s in securities)
    usual = Snapshot(
        as_of=AS_OF,
        securities=securities,
        prices=tuple(
            Price(security_id=i, day=AS_OF, close=row[-1], source=SOURCE)
            for i, row in zip(ids, closes, strict=True)
        ),
        history=PriceHistory(
            security_ids=ids,
            days=tuple(AS_OF - timedelta(days=days - 1 - n) for n in range(days)),
            closes=closes,
        ),
        models=(
            ModelPortfolio(
                model_id="core", weights=dict(zip(ids, weights, strict=True)), source=SOURCE
            ),
        ),
        mandates=(mandate(),),
        accounts=(),
        lots=(),
        cash=(),
        flows=(),
        past_trades=(),
        restrictions=(),
        findings=(),
    )
    return replace(usual, **changes)


def drifted_holdings(
    snapshot: Snapshot, account_id: str, *, nav=1_000_000, seed=1, drift=0.35, cash=0.02
) -> tuple[tuple[TaxLot, ...], CashBalance]:
    """One to three lots a name, off the model, some with gains and some with losses."""
    random = np.random.default_rng(seed)
    lots = []
    weights = snapshot.models[0].weights
    raw = {i: float(w) * np.exp(random.normal(0, drift)) for i, w in weights.items()}
    scale = (1 - cash) * nav / sum(raw.values())
    for price in snapshot.prices:
        shares = int(raw.get(price.security_id, 0) * scale / float(price.close))
        parts = random.multinomial(shares, random.dirichlet(np.ones(int(random.integers(1, 4)))))
        for n, part in enumerate(int(p) for p in parts):
            if part:
                basis = price.close * Decimal(f"{np.exp(random.normal(-0.1, 0.3)):.4f}")
                held = int(random.integers(20, 1500))
                lots.append(
                    lot(account_id, price.security_id, part, basis, days_held=held, tag=str(n))
                )
    amount = Decimal(f"{cash * nav:.2f}")
    return tuple(lots), CashBalance(account_id=account_id, amount=amount, source=SOURCE)


def book_of(*accounts: Account, seed: int = 1, names: int = 12, **changes) -> Snapshot:
    """A book with drifted holdings for each account."""
    snapshot = book(names=names, seed=seed, **changes)
    held = [
        drifted_holdings(snapshot, a.account_id, seed=seed * 100 + n)
        for n, a in enumerate(accounts)
    ]
    return replace(
        snapshot,
        accounts=accounts,
        lots=tuple(lot for lots, _ in held for lot in lots),
        cash=tuple(cash for _, cash in held),
    )
