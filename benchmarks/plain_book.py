"""A plain book for loads and trials, which are about orders: everybody in it is the same.

One mandate, accounts without restrictions, round lots of one, cent ticks. What differs is given:
names and prices, who has an account, and what each one holds.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from domain.accounts import Account, LotMethod, Mandate, ModelPortfolio, TaxStatus, WeightBand
from domain.instruments import Price, PriceHistory, Security
from domain.lots import TaxLot
from domain.ports import CustodyPosition
from domain.snapshot import CashBalance, Snapshot
from domain.sources import Source

SOURCE = Source("positions.csv", 2, "0" * 64)
_CUSIP = "037833100"  # Of all that are given none: nothing here goes by it.
_CUSTODIAN = "Harbor Trust"
_MODEL = ModelPortfolio(model_id="model", weights={}, source=SOURCE)
MANDATE = Mandate(
    mandate_id="M",
    lot_method=LotMethod.HIFO,
    cash=WeightBand(name="cash", minimum=Decimal("0.01"), maximum=Decimal("0.10")),
    sector_band=Decimal("0.05"),
    name_maximum=Decimal("0.5"),
    turnover_maximum=Decimal(1),
    risk_aversion=Decimal(5),
    short_term_rate=Decimal("0.4"),
    long_term_rate=Decimal("0.2"),
    minimum_trade=Decimal(100),
    drift_absolute=Decimal("0.05"),
    drift_relative=Decimal("0.25"),
    source=SOURCE,
)


def security(security_id: str, symbol: str, venue: str, *, cusip: str = _CUSIP) -> Security:
    """A share of the United States; `security_id` is its ISIN."""
    return Security(
        security_id=security_id,
        symbol=symbol,
        cusip=cusip,
        name=symbol,
        issuer=symbol,
        sector="Sector",
        industry="Industry",
        country="US",
        currency="USD",
        venue=venue,
        lot_size=1,
        tick=Decimal("0.01"),
        half_spread=Decimal("0.0002"),
        average_daily_volume=1_000_000,
        source=SOURCE,
    )


def snapshot(
    day: date,
    prices: Mapping[Security, Decimal],
    lots: Iterable[TaxLot],
    cash: Mapping[str, Decimal],
    *,
    mandate: Mandate = MANDATE,
) -> Snapshot:
    """The book of `day`: `prices` in dollars a share, `cash` in dollars by account."""
    return Snapshot(
        as_of=day,
        securities=tuple(prices),
        prices=tuple(
            Price(security_id=one.security_id, day=day, close=price, source=SOURCE)
            for one, price in prices.items()
        ),
        history=PriceHistory(security_ids=(), days=(), closes=()),
        models=(_MODEL,),
        mandates=(mandate,),
        accounts=tuple(_account(name, mandate) for name in cash),
        lots=tuple(lots),
        cash=tuple(
            CashBalance(account_id=name, amount=amount, source=SOURCE)
            for name, amount in cash.items()
        ),
        flows=(),
        past_trades=(),
        restrictions=(),
        findings=(),
    )


def custody(book: Snapshot) -> tuple[CustodyPosition, ...]:
    """What the custodian holds for each account of `book`: all that its books open with."""
    held: dict[str, list[TaxLot]] = {balance.account_id: [] for balance in book.cash}
    for one in book.lots:
        held[one.account_id].append(one)
    return tuple(
        CustodyPosition(
            account_id=balance.account_id,
            custodian=_CUSTODIAN,
            as_of=book.as_of,
            lots=tuple(held[balance.account_id]),
            cash=balance,
        )
        for balance in book.cash
    )


def _account(name: str, mandate: Mandate) -> Account:
    return Account(
        account_id=name,
        household_id=f"H-{name}",
        name=name,
        custodian=_CUSTODIAN,
        tax_status=TaxStatus.TAXABLE,
        model_id=_MODEL.model_id,
        mandate_id=mandate.mandate_id,
        source=SOURCE,
    )
