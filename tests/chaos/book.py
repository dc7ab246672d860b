"""What a trial trades: twenty names at two venues, and runs that follow from the seed alone.

A run's orders can be made again after any crash, as a real run's can from its stored steps.
Each run has accounts of its own, so that no run has to wait for another.
"""

import csv
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks import plain_book, plain_run
from domain.instruments import Security
from domain.lots import TaxLot
from domain.orders import Allocation, OrderIntent, OrdType, Side, TimeInForce
from domain.runs import Run
from domain.snapshot import Snapshot

DAY = date(2022, 11, 30)
VENUES = ("XSIM", "YSIM")
ORDERS_A_WAVE = 8
HELD = Decimal(6000)  # Shares of each name in each account.
CASH = Decimal(20_000_000)
_LARGEST = 1500
_PRICES = Path(__file__).parents[2] / "simulator" / "sample_prices.csv"
_CENT = Decimal("0.01")
_KINDS = {
    (OrdType.LIMIT, TimeInForce.DAY): 60,
    (OrdType.LIMIT, TimeInForce.GTC): 10,
    (OrdType.LIMIT, TimeInForce.IOC): 8,
    (OrdType.LIMIT, TimeInForce.FOK): 4,
    (OrdType.MARKET, TimeInForce.DAY): 6,
    (OrdType.MARKET, TimeInForce.IOC): 4,
    (OrdType.STOP, TimeInForce.DAY): 4,
    (OrdType.STOP_LIMIT, TimeInForce.GTC): 4,
}
_WAKES = 20  # Ten-thousandths of the price, at most, to a stop.
_FAR, _NEAR = 60, 250  # Ten-thousandths of the price: from a limit that rests to one that takes.


@dataclass(frozen=True, slots=True)
class Name:
    """One share and where it trades."""

    symbol: str
    security_id: str
    price: Decimal
    venue: str

    @property
    def security(self) -> Security:
        return plain_book.security(self.security_id, self.symbol, self.venue)


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
        why, accounts = f"run {number} of the trial", _accounts(number)
        return plain_run.run(run_id(self.seed, number), at, why=why, accounts=accounts)

    def snapshot(self, number: int) -> Snapshot:
        """What run `number` decided on: its accounts as they are taken over."""
        accounts = _accounts(number)
        prices = {name.security: name.price for name in self.names}
        lots = (_lot(account, name) for account in accounts for name in self.names)
        return plain_book.snapshot(DAY, prices, lots, dict.fromkeys(accounts, CASH))

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
        plain = plain_run.block(
            f"K{number:05d}-{place[1]:04d}",
            run_id(self.seed, number),
            name.security,
            side,
            parts,
            price=name.price,
            at=at,
        )
        return replace(plain, trade_date=DAY, **_terms(name.price, side, chance))


def _terms(price: Decimal, side: Side, chance: random.Random) -> dict[str, Any]:
    """Mostly a limit for the day; now and then each of the other kinds."""
    ((kind, time_in_force),) = chance.choices(list(_KINDS), list(_KINDS.values()))
    has_stop = kind in (OrdType.STOP, OrdType.STOP_LIMIT)
    return {
        "ord_type": kind,
        "time_in_force": time_in_force,
        "limit_price": limit(price, side, chance)
        if kind in (OrdType.LIMIT, OrdType.STOP_LIMIT)
        else None,
        "stop_price": stop(price, side, chance) if has_stop else None,
    }


def stop(price: Decimal, side: Side, chance: random.Random) -> Decimal:
    """A stop that the next trades may reach: above the price for a buy, below it for a sale."""
    away = Decimal(chance.randint(1, _WAKES)) / 10_000
    return (price * (1 + away if side is Side.BUY else 1 - away)).quantize(_CENT, ROUND_HALF_UP)


def limit(price: Decimal, side: Side, chance: random.Random) -> Decimal:
    """A limit around the price: some rest in the book, most take what they find."""
    away = Decimal(chance.randint(-_FAR, _NEAR)) / 10_000
    worst = price * (1 + away if side is Side.BUY else 1 - away)
    return worst.quantize(_CENT, ROUND_HALF_UP)


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


def _lot(account: str, name: Name) -> TaxLot:
    return TaxLot(
        lot_id=f"{account}:{name.symbol}:1",
        account_id=account,
        security_id=name.security_id,
        quantity=HELD,
        basis=HELD * 10,
        acquired=date(2020, 3, 2),
        source=plain_book.SOURCE,
    )
