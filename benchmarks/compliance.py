"""Rules against accounts: the sweep with its exact path, and one proposal asked exactly.

    python -m benchmarks.compliance --json
    python -m benchmarks.compliance --accounts 10000 --holdings 30 --rules 25

The book is invented and seeded: 500 names in 11 sectors, accounts of so many of them. Rules are
issuer, sector, industry, country and set limits at many levels, ladders and lists, some tight, so
that a part of the accounts breaches and is asked exactly, sentence and all.
"""

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from statistics import median

import numpy as np

from benchmarks import machine
from domain.accounts import Account, LotMethod, Mandate, TaxStatus, WeightBand
from domain.facts import About, Fact
from domain.instruments import Price, PriceHistory, Security
from domain.lots import TaxLot
from domain.orders import Side
from domain.recommendations import Recommendation
from domain.snapshot import CashBalance, Snapshot
from domain.sources import Source
from oms.compliance.check import check_accounts, check_pairs, check_portfolio
from oms.compliance.load import read_rules
from oms.compliance.rules import Rule
from oms.compliance.scene import isin_of
from oms.compliance.sweep.holdings import MONEY, Holdings
from oms.compliance.sweep.run import sweep

NAMES, SEED, AT = 500, 20261123, datetime(2026, 3, 31, 20, 45, tzinfo=UTC)
HERE = Source("benchmark", 1, "")
WORKERS = 2
SHARD = 10_000  # Accounts that one worker takes at a time ...
BATCH = 1_000  # ... and of which it builds books for the exact path.

RULE = """
[[rule]]
id = "{id}"
type = "{type}"
words = "w"
citation = "c"
force = "hard"
stage = ["pre_trade", "portfolio"]
timing = "continuous"
drift = "report"
effective_from = 2020-01-01
parameters = {parameters}
[[rule.example]]
says = "s"
expect = "pass"
given = '''
AA costs 1, liquidity less_liquid
A1 has 1000 cash
A1 buys 1 AA
'''
"""


def rules(count: int) -> tuple[Rule, ...]:
    """Limits of every kind that the packs have, at `count` levels between wide and tight."""
    kinds = [
        ("GroupWeight", '{{ group_by = "issuer", maximum = {0} }}', 0.08, 0.30),
        ("GroupWeight", '{{ group_by = "sector", maximum = {0} }}', 0.45, 0.90),
        ("GroupWeight", '{{ group_by = "industry", maximum = {0} }}', 0.25, 0.60),
        ("GroupWeight", '{{ group_by = "country", maximum = {0} }}', 0.97, 1.00),
        ("SetShare", '{{ set = "holdings", where = ["liquidity = illiquid"], maximum = {0} }}',
         0.18, 0.40),
        ("SetShare", '{{ set = "cash", minimum = {0} }}', 0.001, 0.0001),
        ("Diversification", '{{ mode = "ladder", ladder = [{0}, 0.7, 0.8, 0.9] }}', 0.2, 0.55),
        ("Diversification", '{{ mode = "sum_of_large", large_over = 0.05, maximum = {0} }}',
         0.4, 0.8),
    ]  # fmt: skip
    texts = []
    for number in range(count):
        kind, parameters, tight, wide = kinds[number % len(kinds)]
        level = wide if count <= len(kinds) else tight + (wide - tight) * number / (count - 1)
        texts.append(
            RULE.format(
                id=f"rule-{number}", type=kind, parameters=parameters.format(round(level, 6))
            )
        )
    return read_rules("".join(texts).encode(), "benchmark")


def market() -> Snapshot:
    """Securities, prices and facts, and one mandate; no accounts."""
    pick = np.random.default_rng(SEED)
    symbols = [f"S{a}{b}{c}" for a in "ABCDEFGH" for b in "ABCDEFGH" for c in "ABCDEFGH"][:NAMES]
    ids = [isin_of(symbol) for symbol in symbols]
    closes = pick.integers(500, 50_000, NAMES)
    return Snapshot(
        as_of=date(2026, 3, 31),
        securities=tuple(_security(n, symbols[n], ids[n]) for n in range(NAMES)),
        prices=tuple(
            Price(
                security_id=security_id,
                day=date(2026, 3, 31),
                close=Decimal(int(close)).scaleb(-2),
                source=HERE,
            )
            for security_id, close in zip(ids, closes, strict=True)
        ),
        history=PriceHistory(security_ids=(), days=(), closes=()),
        models=(),
        mandates=(_mandate(),),
        accounts=(),
        lots=(),
        cash=(),
        flows=(),
        past_trades=(),
        restrictions=(),
        findings=(),
        facts=tuple(
            Fact(
                about=About.SECURITY,
                subject=security_id,
                name="liquidity",
                value="illiquid" if n % 11 == 0 else "highly_liquid",
                source=HERE,
            )
            for n, security_id in enumerate(ids)
        ),
    )


def _security(n: int, symbol: str, security_id: str) -> Security:
    return Security(
        security_id=security_id,
        symbol=symbol,
        cusip=security_id[2:11],
        name=symbol,
        issuer=f"Issuer {n // 2}",
        sector=f"Sector {n % 11}",
        industry=f"Industry {n % 60}",
        country="US" if n % 20 else "CA",
        currency="USD",
        venue="XSIM",
        lot_size=1,
        tick=Decimal("0.01"),
        half_spread=Decimal(0),
        average_daily_volume=10**7,
        source=HERE,
    )


def _mandate() -> Mandate:
    one, none = Decimal(1), Decimal(0)
    return Mandate(
        mandate_id="M",
        lot_method=LotMethod.FIFO,
        cash=WeightBand(name="cash", minimum=none, maximum=one),
        sector_band=one,
        name_maximum=one,
        turnover_maximum=one,
        risk_aversion=one,
        short_term_rate=none,
        long_term_rate=none,
        minimum_trade=none,
        drift_absolute=one,
        drift_relative=one,
        source=HERE,
    )


def holdings(snapshot: Snapshot, accounts: int, each: int, seed: int) -> Holdings:
    """Accounts with `each` different names in random amounts, and a little cash."""
    pick = np.random.default_rng(seed)
    prices = np.array([int(price.close * MONEY) for price in snapshot.prices], dtype=np.int64)
    start = pick.integers(0, NAMES, accounts)
    steps = np.cumsum(pick.integers(1, NAMES // each + 1, (accounts, each)), axis=1)
    security = np.sort((start[:, None] + steps) % NAMES, axis=1).ravel()
    dollars = pick.lognormal(9, 0.6, accounts * each)
    shares = np.maximum((dollars * MONEY / prices[security]).astype(np.int64), 1)
    return Holdings(
        account_ids=tuple(f"{seed}-{n}" for n in range(accounts)),
        tax_statuses=("taxable",) * accounts,
        mandates=("M",) * accounts,
        securities=snapshot.securities,
        prices=prices,
        cash=pick.integers(0, 20_000, accounts) * MONEY,
        first=np.arange(accounts + 1, dtype=np.int64) * each,
        security=security,
        shares=shares,
        traded=np.zeros(accounts * each, dtype=np.int64),
    )


def as_snapshot(held: Holdings, base: Snapshot, places: list[int]) -> Snapshot:
    """The exact path's view of some accounts."""
    accounts, lots, cash = [], [], []
    for place in places:
        account_id = held.account_ids[place]
        accounts.append(
            Account(
                account_id=account_id,
                household_id=account_id,
                name=account_id,
                custodian="c",
                tax_status=TaxStatus.TAXABLE,
                model_id="m",
                mandate_id="M",
                source=HERE,
            )
        )
        cash.append(
            CashBalance(
                account_id=account_id, amount=Decimal(int(held.cash[place])) / MONEY, source=None
            )
        )
        rows = range(int(held.first[place]), int(held.first[place + 1]))
        lots += [_lot(held, account_id, row) for row in rows]
    return replace(base, accounts=tuple(accounts), lots=tuple(lots), cash=tuple(cash))


def _lot(held: Holdings, account_id: str, row: int) -> TaxLot:
    return TaxLot(
        lot_id=f"{account_id}-{row}",
        account_id=account_id,
        security_id=held.securities[int(held.security[row])].security_id,
        quantity=Decimal(int(held.shares[row])),
        basis=Decimal(1),
        acquired=date(2020, 1, 2),
        source=None,
    )


def shard(task: tuple[int, int, int, int]) -> dict[str, float]:
    """One worker's accounts: swept, and the unclear ones asked exactly."""
    accounts, each, count, seed = task
    base, asked = market(), rules(count)
    held = holdings(base, accounts, each, seed)
    started, cpu = time.perf_counter(), time.process_time()
    swept = sweep(asked, held, base, AT)
    middle = time.perf_counter()
    breaches = answers = 0
    for start in range(0, accounts, BATCH):
        batch = range(start, min(start + BATCH, accounts))
        unclear = [n for n in batch if swept.unclear[:, n].any()]
        pairs = [
            (rule, held.account_ids[n])
            for n in unclear
            for place, rule in enumerate(swept.rules)
            if swept.unclear[place, n]
        ]
        found = check_pairs(pairs, as_snapshot(held, base, unclear), AT)
        breaches += sum(answer.verdict != "pass" for answer in found)
        answers += len(found)
    return {
        "sweep_s": middle - started,
        "exact_s": time.perf_counter() - middle,
        "cpu_s": time.process_time() - cpu,
        "asked_exactly": answers,
        "breaches": breaches,
    }


def fleet(accounts: int, each: int, count: int) -> dict[str, object]:
    """All accounts on two workers; the time is from arrays to answers."""
    sizes = [min(SHARD, accounts - start) for start in range(0, accounts, SHARD)]
    tasks = [(size, each, count, SEED + n) for n, size in enumerate(sizes)]
    started = time.perf_counter()
    with ProcessPoolExecutor(WORKERS) as pool:
        done = list(pool.map(shard, tasks))
    busy = sum(one["sweep_s"] + one["exact_s"] for one in done)
    return {
        "method": "sweep",
        "accounts": accounts,
        "holdings": each,
        "rules": count,
        "workers": WORKERS,
        "wall_s": round(time.perf_counter() - started, 2),
        "checking_s_over_workers": round(busy / WORKERS, 2),
        "cpu_s": round(sum(one["cpu_s"] for one in done), 2),  # Of the checking, all workers.
        "sweep_s": round(sum(one["sweep_s"] for one in done), 2),
        "exact_s": round(sum(one["exact_s"] for one in done), 2),
        "questions": accounts * count,
        "asked_exactly": int(sum(one["asked_exactly"] for one in done)),
        "breaches": int(sum(one["breaches"] for one in done)),
    }


def agreement(accounts: int, each: int, count: int) -> dict[str, object]:
    """Every question of a small book by both paths: how many verdicts differ."""
    base, asked = market(), rules(count)
    held = holdings(base, accounts, each, SEED)
    swept = sweep(asked, held, base, AT)
    whole = as_snapshot(held, base, list(range(accounts)))
    started = time.perf_counter()
    found = {(a.rule_id, a.subject): a.verdict for a in check_portfolio(asked, whole, AT)}
    spent = time.perf_counter() - started
    differ = sum(
        (found[rule.rule_id, held.account_ids[n]] != "pass") != bool(swept.unclear[place, n])
        for place, rule in enumerate(swept.rules)
        for n in range(accounts)
    )
    return {
        "method": "exact, every question",
        "accounts": accounts,
        "holdings": each,
        "rules": count,
        "exact_s": round(spent, 2),
        "questions": accounts * count,
        "verdicts_that_differ": differ,
    }


def proposal(each: int, trades: int, count: int) -> dict[str, object]:
    """One account's basket against every rule, exactly: book, questions and sentences."""
    base, asked = market(), rules(count)
    held = holdings(base, 1, each, SEED)
    snapshot = as_snapshot(held, base, [0])
    moves = [_sale(snapshot, n) for n in range(trades // 2)]
    moves += [_purchase(snapshot, n) for n in range(trades - len(moves))]
    times, cpu = [], []
    for _ in range(20):
        started, spent = time.perf_counter(), time.process_time()
        found = check_accounts(asked, snapshot, moves, AT)
        times.append(time.perf_counter() - started)
        cpu.append(time.process_time() - spent)
    return {
        "method": "one proposal",
        "holdings": each,
        "trades": len(moves),
        "rules": count,
        "answers": len(found),
        "median_ms": round(median(times) * 1000, 2),
        "least_ms": round(min(times) * 1000, 2),
        "median_cpu_ms": round(median(cpu) * 1000, 2),
    }


def _sale(snapshot: Snapshot, n: int) -> Recommendation:
    lot = snapshot.lots[n]
    return _trade(snapshot, lot.security_id, Side.SELL, max(lot.quantity // 3, Decimal(1)))


def _purchase(snapshot: Snapshot, n: int) -> Recommendation:
    return _trade(snapshot, snapshot.securities[7 * n].security_id, Side.BUY, Decimal(5))


def _trade(snapshot: Snapshot, security_id: str, side: Side, quantity: Decimal) -> Recommendation:
    price = next(p.close for p in snapshot.prices if p.security_id == security_id)
    return Recommendation(
        account_id=snapshot.accounts[0].account_id,
        security_id=security_id,
        symbol=security_id,
        side=side,
        quantity=quantity,
        reference_price=price,
        notional=quantity * price,
        lot_ids=(),
        expected_cost=Decimal(0),
        expected_tax=Decimal(0),
        terms=(),
        reason="benchmark",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--holdings", type=int, default=60)
    parser.add_argument("--rules", type=int, default=50)
    parser.add_argument("--growth", action="store_true", help="also by accounts, holdings, rules")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    size = (arguments.accounts, arguments.holdings, arguments.rules)
    rows = [agreement(200, size[1], size[2]), proposal(size[1], 40, size[2]), fleet(*size)]
    if arguments.growth:
        for part in (4, 2):
            rows += [
                fleet(size[0] // part, size[1], size[2]),
                fleet(size[0] // 4, size[1] // part, size[2]),
                fleet(size[0] // 4, size[1], size[2] // part),
            ]
    found = {"machine": machine.described(), "load": machine.load(), "rows": rows}
    print(json.dumps(found) if arguments.json else "\n".join(map(str, rows)))


if __name__ == "__main__":
    main()
