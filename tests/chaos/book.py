"""What a trial trades: twenty names at two venues, and runs that follow from the seed alone.

A run's orders can be made again after any crash, as a real run's can from its stored steps.
Each run has accounts of its own, so that no run has to wait for another.
"""

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from uuid import UUID

from domain.accounts import Account, LotMethod, Mandate, ModelPortfolio, TaxStatus, WeightBand
from domain.instruments import Price, PriceHistory, Security
from domain.lots import TaxLot
from domain.orders import Allocation, OrderIntent, OrdType, Side, TimeInForce
from domain.ports import CustodyPosition
from domain.runs import Run, RunStatus, TriggerKind
from domain.snapshot import CashBalance, Snapshot
from domain.sources import Source

DAY = date(2022, 11, 30)
VENUES = ("XSIM", "YSIM")
ORDERS_A_WAVE = 8
HELD = Decimal(6000)  # Shares of each name in each account.
CASH = Decimal(20_000_000)
_LARGEST = 1500
_SOURCE = Source("trial.csv", 1, "0" * 64)
_PRICES = Path(__file__).parents[2] / "simulator" / "sample_prices.csv"
_FAR, _NEAR = 60, 250  # Ten-thousandths of the price: from a limit that rests to one that takes.


@dataclass(frozen=True, slots=True)
class Name:
    """One share and where it trades."""

    symbol: str
    security_id: str
    price: Decimal
    venue: str


def read_names() -> tuple[Name, ...]:
    """The venues' own sample names, each at one of the two venues."""
    with _PRICES.open(newline="") as file:
        rows = list(csv.DictReader(file))[:20]
    return tuple(
        Name(row["symbol"], row["security_id"], Decimal(row["price"]), VENUES[number % 2])
        for number, row in enumerate(rows)
    )


@dataclass(frozen=True, slots=True)
class Book:
    """The runs of one seed."""

    seed: int
    names: tuple[Name, ...]

    def run(self, number: int, at: datetime) -> Run:
        """Run `number` as it begins at `at`."""
        return Run(
            run_id=run_id(self.seed, number),
            trigger="trial",
            kind=TriggerKind.MANUAL,
            due=at,
            why=f"run {number} of the trial",
            account_ids=_accounts(number),
            status=RunStatus.RUNNING,
            started_at=at,
        )

    def snapshot(self, number: int) -> Snapshot:
        """What run `number` decided on: its accounts as they are taken over."""
        accounts = _accounts(number)
        return Snapshot(
            as_of=DAY,
            securities=tuple(map(_security, self.names)),
            prices=tuple(
                Price(security_id=name.security_id, day=DAY, close=name.price, source=_SOURCE)
                for name in self.names
            ),
            history=PriceHistory(security_ids=(), days=(), closes=()),
            models=(ModelPortfolio(model_id="model", weights={}, source=_SOURCE),),
            mandates=(_mandate(),),
            accounts=tuple(map(_account, accounts)),
            lots=tuple(lot for account in accounts for lot in _lots(account, self.names)),
            cash=tuple(
                CashBalance(account_id=account, amount=CASH, source=_SOURCE) for account in accounts
            ),
            flows=(),
            past_trades=(),
            restrictions=(),
            findings=(),
        )

    def custody(self, number: int) -> tuple[CustodyPosition, ...]:
        """What the accounts of run `number` hold when they are taken over."""
        return tuple(
            CustodyPosition(
                account_id=account,
                custodian="Trial",
                as_of=DAY,
                lots=_lots(account, self.names),
                cash=CashBalance(account_id=account, amount=CASH, source=_SOURCE),
            )
            for account in _accounts(number)
        )

    def intents(self, number: int, at: datetime) -> tuple[OrderIntent, ...]:
        """The orders of run `number`: sells of some names, buys of others."""
        chance = random.Random(f"{self.seed}:{number}")
        names = chance.sample(self.names, 2 * ORDERS_A_WAVE)
        sides = (Side.SELL,) * ORDERS_A_WAVE + (Side.BUY,) * ORDERS_A_WAVE
        return tuple(
            self._intent((number, place), name, side, chance, at)
            for place, (name, side) in enumerate(zip(names, sides, strict=True), 1)
        )

    def _intent(
        self,
        place: tuple[int, int],
        name: Name,
        side: Side,
        chance: random.Random,
        at: datetime,
    ) -> OrderIntent:
        number = place[0]
        parts = tuple(
            Allocation(account_id=account, quantity=Decimal(chance.randint(1, _LARGEST)))
            for account in _accounts(number)
        )
        return OrderIntent(
            cl_ord_id=f"K{number:05d}-{place[1]:04d}",
            run_id=run_id(self.seed, number),
            venue=name.venue,
            security_id=name.security_id,
            symbol=name.symbol,
            side=side,
            quantity=sum((part.quantity for part in parts), Decimal(0)),
            ord_type=OrdType.LIMIT,
            limit_price=limit(name.price, side, chance),
            time_in_force=chance.choices((TimeInForce.DAY, TimeInForce.IOC), (9, 1))[0],
            reference_price=name.price,
            trade_date=DAY,
            decided_at=at,
            allocations=parts,
        )


def limit(price: Decimal, side: Side, chance: random.Random) -> Decimal:
    """A limit around the price: some rest in the book, most take what they find."""
    away = Decimal(chance.randint(-_FAR, _NEAR)) / 10_000
    worst = price * (1 + away if side is Side.BUY else 1 - away)
    return worst.quantize(Decimal("0.01"), ROUND_HALF_UP)


def run_id(seed: int, number: int) -> UUID:
    """The id of run `number`."""
    return UUID(int=(seed % 2**32) << 64 | number)


def number_of(run: UUID) -> int:
    """Which run of its seed it is."""
    return run.int & 0xFFFFFFFF


def held_at_first(runs: int, names: Iterable[Name]) -> Mapping[str, Decimal]:
    """Shares by security that `runs` runs took over."""
    return {name.security_id: HELD * 2 * runs for name in names}


def _accounts(number: int) -> tuple[str, str]:
    return f"K{number:05d}A", f"K{number:05d}B"


def _lots(account: str, names: Sequence[Name]) -> tuple[TaxLot, ...]:
    return tuple(
        TaxLot(
            lot_id=f"{account}:{name.symbol}:1",
            account_id=account,
            security_id=name.security_id,
            quantity=HELD,
            basis=HELD * 10,
            acquired=date(2020, 3, 2),
            source=_SOURCE,
        )
        for name in names
    )


def _account(account: str) -> Account:
    return Account(
        account_id=account,
        household_id=f"H-{account}",
        name=account,
        custodian="Trial",
        tax_status=TaxStatus.TAXABLE,
        model_id="model",
        mandate_id="M",
        source=_SOURCE,
    )


def _mandate() -> Mandate:
    return Mandate(
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
        source=_SOURCE,
    )


def _security(name: Name) -> Security:
    return Security(
        security_id=name.security_id,
        symbol=name.symbol,
        cusip=name.security_id[2:11],
        name=name.symbol,
        issuer=name.symbol,
        sector="Sector",
        industry="Industry",
        country="US",
        currency="USD",
        venue=name.venue,
        lot_size=1,
        tick=Decimal("0.01"),
        half_spread=Decimal("0.0002"),
        average_daily_volume=1_000_000,
        source=_SOURCE,
    )
