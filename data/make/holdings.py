"""Invented holdings: lots bought at the real prices of their days, so gains and losses are real.

An account's weights are those of the model it was bought for, moved by a random
drift, as if nobody had rebalanced it for a while.
"""

import csv
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from households import Client

BOOK = Path(__file__).parent.parent / "book"
OPENING = date(2022, 11, 29)  # The day of the custodians' positions.
TODAY = date(2022, 11, 30)
WINDOW = date(2022, 10, 31)  # First day of the transactions that the custodians tell.
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Lot:
    symbol: str
    quantity: int
    basis: Decimal
    acquired: date


@dataclass(frozen=True)
class Activity:
    """One line of an account's history; `amount` is cash in (positive) or out."""

    day: date
    kind: str
    symbol: str
    quantity: int
    amount: Decimal
    gain: Decimal | None = None


@dataclass
class Holdings:
    """What one account has at its custodian at the opening."""

    client: Client
    cash: Decimal = Decimal(0)
    lots: list[Lot] = field(default_factory=list)
    activity: list[Activity] = field(default_factory=list)

    def positions(self) -> dict[str, list[Lot]]:
        grouped: dict[str, list[Lot]] = defaultdict(list)
        for lot in self.lots:
            grouped[lot.symbol].append(lot)
        return dict(sorted(grouped.items()))


class Market:
    """The bundled prices and models, as the generator needs them."""

    def __init__(self) -> None:
        self.closes: dict[str, dict[date, Decimal]] = defaultdict(dict)
        with (BOOK / "prices.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                day = date.fromisoformat(row["day"])
                self.closes[row["symbol"]][day] = Decimal(row["close"])
        self.models: dict[str, dict[str, Decimal]] = defaultdict(dict)
        with (BOOK / "models.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                self.models[row["model_id"]][row["symbol"]] = Decimal(row["weight"])
        self.days = sorted(self.closes["AAPL"])
        self.old = [day for day in self.days if day < WINDOW]
        self.recent = [day for day in self.days if WINDOW <= day < OPENING]

    def close(self, symbol: str, day: date) -> Decimal:
        closes = self.closes[symbol]
        return closes[max(d for d in closes if d <= day)]


def build(client: Client, market: Market) -> Holdings:
    """Holdings of one client, the same every time: the seed is the account's own number."""
    rng = random.Random(client.account)
    holdings = Holdings(client)
    for symbol, weight in _weights(client, market, rng).items():
        price = market.close(symbol, OPENING)
        _buy(holdings, market, rng, symbol, int(weight * client.value / price))
    holdings.cash = (client.cash * client.value).quantize(CENT) + Decimal(rng.randrange(100)) / 100
    _history(holdings, market, rng)
    _plant(holdings, market)
    holdings.activity.sort(key=lambda a: (a.day, a.kind, a.symbol))
    return holdings


def _weights(client: Client, market: Market, rng: random.Random) -> dict[str, Decimal]:
    raw: dict[str, Decimal] = {}
    for symbol, target in sorted(market.models[client.bought_for].items()):
        missing = rng.random() < 0.06
        factor = Decimal(0 if missing else round(2.718281828 ** rng.gauss(0, client.drift), 6))
        raw[symbol] = target * factor
    invested = (1 - client.cash) / sum(raw.values())
    return {symbol: min(weight * invested, Decimal("0.105")) for symbol, weight in raw.items()}


def _buy(
    holdings: Holdings, market: Market, rng: random.Random, symbol: str, quantity: int
) -> None:
    """Split a position into one to four lots of different ages."""
    pieces = min(rng.choice((1, 1, 2, 2, 3, 4)), max(1, quantity // 5))
    cuts = sorted(rng.randrange(1, quantity) for _ in range(pieces - 1)) if quantity > 1 else []
    for start, end in zip([0, *cuts], [*cuts, quantity], strict=True):
        if end > start:
            recent = rng.random() < 0.04
            day = rng.choice(market.recent if recent else market.old)
            cost = (end - start) * market.close(symbol, day)
            holdings.lots.append(Lot(symbol, end - start, cost, day))
            if recent:
                holdings.activity.append(Activity(day, "buy", symbol, end - start, -cost))
    holdings.lots.sort(key=lambda lot: (lot.symbol, lot.acquired, lot.quantity))


def _history(holdings: Holdings, market: Market, rng: random.Random) -> None:
    """Dividends and fees of the last month, and now and then a sale at a loss."""
    client = holdings.client
    for symbol in ("KO", "PFE", "XOM"):
        held = sum(lot.quantity for lot in holdings.lots if lot.symbol == symbol)
        if held and rng.random() < 0.4:
            paid = (held * Decimal("0.44")).quantize(CENT)
            holdings.activity.append(Activity(date(2022, 11, 15), "dividend", symbol, 0, paid))
    fee = (client.value * Decimal("0.0004")).quantize(CENT)
    holdings.activity.append(Activity(date(2022, 11, 1), "fee", "", 0, -fee))
    if rng.random() < 0.2:
        symbol = rng.choice(("AMD", "HD", "MSFT"))
        day = rng.choice(market.recent)
        quantity = rng.randrange(5, 60)
        proceeds = quantity * market.close(symbol, day)
        basis = quantity * market.close(symbol, date(2021, 12, 15))
        holdings.activity.append(
            Activity(day, "sell", symbol, quantity, proceeds, proceeds - basis)
        )


def _plant(holdings: Holdings, market: Market) -> None:
    client = holdings.client
    amount = Decimal(client.value // 1000 * 100)
    if client.planted == "deposit":
        holdings.activity.append(Activity(date(2022, 11, 28), "deposit", "", 0, amount))
    elif client.planted == "deposit_after_opening":
        holdings.activity.append(Activity(TODAY, "deposit", "", 0, amount))
    elif client.planted == "dividend_after_opening":
        holdings.activity.append(Activity(TODAY, "dividend", "MRK", 0, Decimal("187.45")))
    elif client.planted == "stale_fund":
        day = date(2021, 3, 1)
        holdings.lots.append(Lot("QUAL", 120, 120 * market.close("QUAL", day), day))
