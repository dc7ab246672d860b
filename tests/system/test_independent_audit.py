"""One demo day, judged by an auditor who shares no code with it.

The book is read again from the bundled files (`audit_book`), the day from the FIX messages of
the log, the venues' own files and plain SQL (`audit_day`). Every number is worked out anew.
"""

import hashlib
import json
import math
import random
import subprocess
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.system.audit_book import BUSINESS_DATE, ZERO, Book, Lot, read_book
from tests.system.audit_day import BUY, ENDED, SELL, Day, read_day

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
CENT = Decimal("0.01")
COLLAR = Decimal("0.005")  # The sample configuration's 50 basis points.
COMMISSION_CUSHION = Decimal("0.001")
WASH_SALE_DAYS = timedelta(days=30)
SHARE_OF_VOLUME = Decimal("0.10")


class Trade(NamedTuple):
    """What one account's books say it got of one block."""

    account: str
    symbol: str
    side: str
    shares: Decimal
    money: Decimal  # Into the account.
    cl_ord_id: str


class Relief(NamedTuple):
    """Shares of one lot that a sale takes."""

    lot: Lot
    shares: Decimal
    proceeds: Decimal

    @property
    def basis(self) -> Decimal:
        return self.lot.basis * self.shares / self.lot.shares

    @property
    def gain(self) -> Decimal:
        return self.proceeds - self.basis

    @property
    def is_long(self) -> bool:
        return held_long(self.lot.acquired)


def held_long(acquired: date) -> bool:
    """More than a year, counted from the day after the purchase."""
    try:
        anniversary = acquired.replace(year=acquired.year + 1)
    except ValueError:
        anniversary = date(acquired.year + 1, 2, 28)
    return anniversary < BUSINESS_DATE


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day that the demo has just run and kept."""
    directory = tmp_path_factory.mktemp("audit") / "day"
    trimtab("demo", "--dir", str(directory))
    return directory


def trimtab(*words: str) -> str:
    """What the command prints; it must end well."""
    command = [sys.executable, "-m", "console.main", *words]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def book() -> Book:
    return read_book(ROOT / "data")


@pytest.fixture(scope="session")
def day(folder: Path) -> Day:
    return read_day(folder)


@pytest.fixture(scope="session")
def isins(book: Book) -> dict[str, str]:
    """Symbols by what the books call the securities."""
    return {row["isin"]: symbol for symbol, row in book.securities.items()}


@pytest.fixture(scope="session")
def trades(day: Day, isins: dict[str, str]) -> list[Trade]:
    """What the ledger gave to each account, read from its legs."""
    found = []
    for cl_ord_id, transaction in day.allocations.items():
        intent = day.intents[cl_ord_id]
        shares: defaultdict[str, Decimal] = defaultdict(Decimal)
        money: defaultdict[str, Decimal] = defaultdict(Decimal)
        for leg in transaction["legs"]:
            kind, _, account = leg["book"].partition(":")
            if kind == "client":
                into = money if leg["asset"] == "USD" else shares
                into[account] += Decimal(leg["quantity"])
        found += [
            Trade(
                account,
                isins[intent["security_id"]],
                intent["side"],
                abs(quantity),
                money[account],
                cl_ord_id,
            )
            for account, quantity in shares.items()
        ]
    assert found
    return found


@pytest.fixture(scope="session")
def after(book: Book, trades: list[Trade]) -> dict[str, dict[str, Decimal]]:
    """Shares by account and symbol once everything is booked, by our own arithmetic."""
    held = {account: defaultdict(Decimal, book.held(account)) for account in book.accounts}
    for trade in trades:
        held[trade.account][trade.symbol] += trade.shares if trade.side == BUY else -trade.shares
    return {account: dict(shares) for account, shares in held.items()}


@pytest.fixture(scope="session")
def reliefs(book: Book, day: Day, trades: list[Trade]) -> list[Relief]:
    """What each sale relieves by its mandate's method, worked out from the custodians' lots."""
    found = []
    for trade in trades:
        if trade.side == SELL:
            found += relieved(book, day, trade)
    assert found
    return found


def relieved(book: Book, day: Day, trade: Trade) -> Iterator[Relief]:
    mandate = book.mandate(trade.account)
    price = trade.money / trade.shares
    named = {
        part["account_id"]: part["lot_ids"] for part in day.intents[trade.cl_ord_id]["allocations"]
    }[trade.account]
    numbers = {lot_id: place for place, lot_id in enumerate(named)}
    ids = {(r["source_file"], r["source_line"]): r["lot_id"] for r in opened(day)}

    def rank(lot: Lot) -> tuple[Any, ...]:
        cost = Fraction(lot.basis) / Fraction(lot.shares)
        age = (lot.acquired, lot.line)
        match mandate["lot_method"]:
            case "fifo":
                return age
            case "hifo":
                return (-cost, *age)
            case "specific":
                return (numbers.get(ids[lot.file, lot.line], len(numbers)), *age)
            case "tax_optimal":
                rate = mandate["long_term_rate" if held_long(lot.acquired) else "short_term_rate"]
                return (Fraction(rate) * (Fraction(price) - cost), *age)
            case other:
                raise AssertionError(other)

    left = trade.shares
    for lot in sorted(book.lots_of(trade.account, trade.symbol), key=rank):
        part = min(left, lot.shares)
        if part > 0:
            yield Relief(lot, part, trade.money * part / trade.shares)
            left -= part
    assert left == 0, f"{trade} sells more than its lots hold"


def opened(day: Day) -> list[dict[str, Any]]:
    """The lots that the books took over, with the file and line of each."""
    return [
        {
            "lot_id": lot["lot_id"],
            "account": lot["account_id"],
            "source_file": lot["source"]["file"],
            "source_line": lot["source"]["line"],
            "shares": Decimal(lot["quantity"]),
            "basis": Decimal(lot["basis"]),
            "acquired": date.fromisoformat(lot["acquired"]),
            "security_id": lot["security_id"],
            "sha256": lot["source"]["sha256"],
        }
        for opening in day.openings
        for lot in opening["opened"]
    ]


# ---- the books at the start and at the end


def test_the_books_open_with_what_the_custodians_say(book: Book, day: Day, isins: dict[str, str]):
    taken: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for opening in day.openings:
        for leg in opening["legs"]:
            if leg["book"].startswith("client:"):
                symbol = isins.get(leg["asset"], leg["asset"])
                taken[leg["book"].removeprefix("client:"), symbol] += Decimal(leg["quantity"])
    accounts = {account for account, _ in taken}

    told = {key: quantity for key, quantity in book.positions.items() if key[0] in accounts}
    told |= {
        (account, "USD"): amount for account, amount in book.cash.items() if account in accounts
    }

    assert taken == told
    assert accounts >= set(book.accounts) - set(book.not_to_be_traded())


def test_the_books_end_with_opening_flows_and_allocations(
    book: Book, day: Day, trades: list[Trade], after: dict[str, dict[str, Decimal]]
):
    cash = {account: book.cash_before(account) for account in book.cash}
    for trade in trades:
        cash[trade.account] += trade.money

    for account in set(book.accounts) - set(book.not_to_be_traded()):
        assert day.balances[f"client:{account}", "USD"] == cash[account]
        assert cash[account] >= 0, f"{account} is overdrawn"
        for symbol, shares in after[account].items():
            isin = book.securities[symbol]["isin"]
            assert day.balances.get((f"client:{account}", isin), ZERO) == shares
            assert shares >= 0, f"{account} is short of {symbol}"


def test_every_stored_lot_is_what_its_sales_left_of_it(
    day: Day, reliefs: list[Relief], trades: list[Trade]
):
    shares: Counter[tuple[str, int]] = Counter()
    basis: Counter[tuple[str, int]] = Counter()
    for relief in reliefs:
        shares[relief.lot.file, relief.lot.line] += relief.shares
        basis[relief.lot.file, relief.lot.line] += relief.basis
    stored = {r["lot_id"]: r for r in day.lots}

    for lot in opened(day):
        key = (lot["source_file"], lot["source_line"])
        left = stored.pop(lot["lot_id"], {"quantity": 0, "basis": 0})
        assert Decimal(left["quantity"]) / 1_000_000 == lot["shares"] - shares[key]
        assert abs(Decimal(left["basis"]) / 1_000_000 - lot["basis"] + basis[key]) < Decimal("1e-5")
    bought = {(t.account, t.cl_ord_id): t for t in trades if t.side == BUY}
    for row in stored.values():
        trade = bought.pop((row["account_id"], row["lot_id"].partition(":")[0]))
        assert Decimal(row["quantity"]) / 1_000_000 == trade.shares
        assert Decimal(row["basis"]) / 1_000_000 == -trade.money
        assert row["acquired"] == BUSINESS_DATE.isoformat()
    assert not bought


# ---- the wire


def test_every_order_on_the_wire_is_the_one_that_was_stored(book: Book, day: Day):
    sent = day.orders_sent()

    names = [message.tags["11"] for message in sent]
    assert sorted(names) == sorted(set(names)) == sorted(day.intents)
    for message in sent:
        tags, intent = message.tags, day.intents[message.tags["11"]]
        security = book.securities[tags["55"]]
        assert tags["48"] == security["isin"] == intent["security_id"]
        assert tags["56"] == security["venue"]
        assert tags["54"] == intent["side"]
        assert (tags["40"], tags["59"]) == ("2", "0"), "limit orders for the day"
        assert tags["583"] == intent["run_id"] == day.summary["run_id"]
        parts = [Decimal(part["quantity"]) for part in intent["allocations"]]
        assert all(part > 0 and part == int(part) for part in parts)
        assert Decimal(tags["38"]) == sum(parts)
        assert Decimal(tags["44"]) == Decimal(intent["limit_price"])


def test_limits_are_within_the_collar_and_prices_within_the_limits(book: Book, day: Day):
    for cl_ord_id, intent in day.intents.items():
        close, limit = book.price(intent["symbol"]), Decimal(intent["limit_price"])
        assert Decimal(intent["reference_price"]) == close
        assert abs(limit / close - 1) <= COLLAR
        for fill in day.fills_of(cl_ord_id):
            assert fill.price <= limit if fill.side == BUY else fill.price >= limit


def test_the_venues_say_on_the_wire_what_they_say_in_their_files(day: Day):
    wire = sorted(
        (m.tags["17"], m.tags["11"], m.tags["55"], m.tags["54"], *amounts(m.tags))
        for m in day.messages
        if m.direction == "in" and m.tags["35"] == "8" and m.tags["150"] == "F"
    )

    files = sorted(
        (f.exec_id, f.cl_ord_id, f.symbol, f.side, f.shares, f.price, f.fee) for f in day.fills
    )
    assert wire == files
    assert len({line[0] for line in files}) == len(files)


def amounts(tags: dict[str, str]) -> tuple[Decimal, Decimal, Decimal]:
    return Decimal(tags["32"]), Decimal(tags["31"]), Decimal(tags.get("12", "0"))


def test_every_sale_was_over_before_the_first_purchase_was_sent(day: Day):
    sides = {name: intent["side"] for name, intent in day.intents.items()}
    ended = {
        m.tags["11"]: m.place
        for m in day.messages
        if m.direction == "in" and m.tags["35"] == "8" and m.tags["39"] in ENDED
    }

    sales = [ended[name] for name, side in sides.items() if side == SELL]
    purchases = [m.place for m in day.orders_sent() if m.tags["54"] == BUY]
    assert max(sales) < min(purchases)


def test_the_venues_too_saw_the_run_and_every_sale_before_the_first_purchase(day: Day):
    fills = [report for report in day.reports if report["150"] == "F"]
    news = [report for report in day.reports if report["150"] == "0"]
    last_sale = max(r["60"] for r in fills if r["54"] == SELL)
    first_purchase = min(r["60"] for r in news if r["54"] == BUY)

    assert {r["11"] for r in news} == set(day.intents)
    assert {r["583"] for r in day.reports} == {day.summary["run_id"]}
    assert last_sale < first_purchase


def test_no_block_is_more_than_a_tenth_of_a_days_volume(book: Book, day: Day):
    for intent in day.intents.values():
        volume = Decimal(book.securities[intent["symbol"]]["average_daily_volume"])
        assert Decimal(intent["quantity"]) <= SHARE_OF_VOLUME * volume


# ---- allocation


def test_each_account_gets_its_part_of_the_block_at_the_blocks_price(day: Day, trades: list[Trade]):
    for cl_ord_id, intent in day.intents.items():
        fills = day.fills_of(cl_ord_id)
        parts = [trade for trade in trades if trade.cl_ord_id == cl_ord_id]
        wanted = {p["account_id"]: Decimal(p["quantity"]) for p in intent["allocations"]}
        filled = sum((fill.shares for fill in fills), ZERO)
        gross = sum((fill.shares * fill.price for fill in fills), ZERO)
        fees = sum((fill.fee for fill in fills), ZERO)

        way = -1 if intent["side"] == BUY else 1
        assert sum((part.shares for part in parts), ZERO) == filled
        assert sum((part.money for part in parts), ZERO) == way * gross - fees
        for part in parts:
            fair = filled * wanted[part.account] / Decimal(intent["quantity"])
            assert abs(part.shares - fair) < 1
            assert part.shares <= wanted[part.account]
            assert part.shares == int(part.shares)
            exact = (way * gross - fees) * part.shares / filled
            assert abs(part.money - exact) < 2 * CENT, "a cent for the price, one for the fee"


# ---- who may trade what


def test_nobody_trades_who_should_not(book: Book, day: Day, trades: list[Trade]):
    trading = {trade.account for trade in trades}
    held = {one["account_id"] for one in day.steps["approve"]["basket"]["held"]}
    infeasible = {p["account_id"] for p in day.steps["optimise"] if p["outcome"] == "infeasible"}

    assert infeasible
    assert held
    assert not trading & set(book.not_to_be_traded())
    assert not trading & held
    assert not trading & infeasible
    left = held | infeasible | set(book.not_to_be_traded())
    assert trading | left == set(book.accounts)
    assert day.summary["quarantined"] == len(book.not_to_be_traded())


def test_no_name_is_traded_that_the_firm_or_the_client_forbids(book: Book, trades: list[Trade]):
    assert not {trade.symbol for trade in trades} & book.restricted
    for trade in trades:
        mandate = book.mandate(trade.account)
        forbidden = mandate.get("do_not_buy" if trade.side == BUY else "do_not_sell", [])
        assert trade.symbol not in forbidden


def test_no_account_buys_what_its_model_does_not_have(book: Book, trades: list[Trade]):
    assert all(trade.symbol in book.target(trade.account) for trade in trades if trade.side == BUY)


def test_no_trade_is_smaller_than_the_mandates_smallest(book: Book, trades: list[Trade]):
    for trade in trades:
        worth = trade.shares * book.price(trade.symbol)
        assert worth >= book.mandate(trade.account)["minimum_trade"]


def test_no_account_buys_and_sells_the_same_name(trades: list[Trade]):
    both = Counter((trade.account, trade.symbol) for trade in trades)

    assert set(both.values()) == {1}


# ---- tax


def test_lots_are_relieved_by_each_mandates_method(book: Book, day: Day, reliefs: list[Relief]):
    ids = {(r["source_file"], r["source_line"]): r["lot_id"] for r in opened(day)}
    booked = {r["lot_id"]: r for t in day.allocations.values() for r in t["relieved"]}

    assert {ids[relief.lot.file, relief.lot.line] for relief in reliefs} == set(booked)
    for relief in reliefs:
        found = booked[ids[relief.lot.file, relief.lot.line]]
        assert Decimal(found["quantity"]) == relief.shares
        assert abs(Decimal(found["basis"]) - relief.basis) < Decimal("1e-5")
        assert abs(Decimal(found["proceeds"]) - relief.proceeds) < Decimal("1e-5")
        assert found["term"] == ("long" if relief.is_long else "short")
    methods = {book.mandate(relief.lot.account)["lot_method"] for relief in reliefs}
    assert methods == {"fifo", "hifo", "specific", "tax_optimal"}


def test_the_summary_states_the_gains_and_the_tax(book: Book, day: Day, reliefs: list[Relief]):
    taxed = [relief for relief in reliefs if book.is_taxable(relief.lot.account)]
    gain = sum((relief.gain for relief in taxed), ZERO)
    tax = sum((relief.gain * rate(book, relief) for relief in taxed), ZERO)

    assert abs(Decimal(day.summary["realised_gain"]) - gain) < CENT
    assert abs(Decimal(day.summary["tax_cost"]) - tax) < CENT


def rate(book: Book, relief: Relief) -> Decimal:
    mandate = book.mandate(relief.lot.account)
    return Decimal(mandate["long_term_rate" if relief.is_long else "short_term_rate"])


def test_no_loss_is_washed_away_within_the_household(
    book: Book, trades: list[Trade], reliefs: list[Relief]
):
    """30 days back over the custodians' records, and inside the run; IRAs' purchases count."""
    lately = BUSINESS_DATE - WASH_SALE_DAYS
    recent = [m for m in book.movements if m.day >= lately]
    bought_now = {(book.household(t.account), t.symbol) for t in trades if t.side == BUY}
    bought_before = {(book.household(m.account), m.symbol) for m in recent if m.side == "buy"}
    lost_now = {
        (book.household(r.lot.account), r.lot.symbol)
        for r in reliefs
        if r.gain < 0 and book.is_taxable(r.lot.account)
    }
    lost_before = {
        (book.household(m.account), m.symbol)
        for m in recent
        if m.side == "sell" and (m.gain or 0) < 0 and book.is_taxable(m.account)
    }

    assert lost_now
    assert bought_before
    assert lost_before
    assert not lost_now & bought_now
    assert not lost_now & bought_before
    assert not lost_before & bought_now


# ---- the portfolios


def test_cash_is_within_its_band_and_withdrawals_can_be_paid(
    book: Book, day: Day, trades: list[Trade]
):
    """At the snapshot's prices to the dollar; what was really paid may differ by the limits."""
    for account in {trade.account for trade in trades}:
        nav, mandate = book.nav(account), book.mandate(account)
        due = book.withdrawals.get(account, ZERO)
        own = [trade for trade in trades if trade.account == account]
        planned = (
            book.cash_before(account)
            - due
            + sum(
                (t.shares * book.price(t.symbol) * (1 if t.side == SELL else -1) for t in own), ZERO
            )
        )
        booked = day.balances[f"client:{account}", "USD"] - due
        slip = sum((t.shares * book.price(t.symbol) for t in own), ZERO) * (
            COLLAR + COMMISSION_CUSHION
        )

        low, high = mandate["cash"]["minimum"] * nav, mandate["cash"]["maximum"] * nav
        assert low <= planned <= high, account
        assert low - slip <= booked <= high + slip, account
        assert booked >= 0


def test_weights_end_within_sector_bands_name_maximum_and_turnover(
    book: Book, trades: list[Trade], after: dict[str, dict[str, Decimal]]
):
    for account in {trade.account for trade in trades}:
        nav, mandate, target = book.nav(account), book.mandate(account), book.target(account)
        weights = {s: n * book.price(s) / nav for s, n in after[account].items()}
        own = [trade for trade in trades if trade.account == account]

        assert (
            sum(t.shares * book.price(t.symbol) for t in own) <= mandate["turnover_maximum"] * nav
        )
        for trade in own:
            if trade.side == BUY:
                assert weights[trade.symbol] <= mandate["name_maximum"], trade
        for sector in {row["sector"] for row in book.securities.values()}:
            held = in_sector(book, weights, sector)
            band = mandate["sector_band"]
            assert abs(held - in_sector(book, target, sector)) <= band + Decimal("1e-9"), account
            limit = mandate.get("sector_limits", {}).get(sector)
            if limit:
                assert limit["minimum"] <= held <= limit["maximum"]


def in_sector(book: Book, weights: dict[str, Decimal], sector: str) -> Decimal:
    return sum((w for s, w in weights.items() if book.securities[s]["sector"] == sector), ZERO)


def test_tracking_error_falls_by_an_estimate_of_our_own(
    book: Book, day: Day, trades: list[Trade], after: dict[str, dict[str, Decimal]]
):
    """The plain sample covariance of three years of daily returns, nothing shrunk."""
    symbols = sorted({s for model in book.models.values() for s in model})
    closes = np.array([[float(p) for _, p in sorted(book.closes[s].items())] for s in symbols])
    covariance = np.cov(np.diff(np.log(closes), axis=1)) * 252

    def error(account: str, shares: dict[str, Decimal]) -> float:
        target, nav = book.target(account), book.nav(account)
        active = np.array(
            [
                float(shares.get(s, ZERO) * book.price(s) / nav - target.get(s, ZERO))
                for s in symbols
            ]
        )
        return math.sqrt(active @ covariance @ active)

    claimed = {p["account_id"]: p for p in day.steps["optimise"]}
    answered = [a for a in claimed if a in book.cash]
    total = sum(float(book.nav(a)) for a in answered)
    before = sum(float(book.nav(a)) * error(a, book.held(a)) for a in answered) / total
    now = sum(float(book.nav(a)) * error(a, after[a]) for a in answered) / total

    assert now < before / 2
    assert before == pytest.approx(float(day.summary["tracking_error_before"]), rel=0.10)
    assert now == pytest.approx(float(day.summary["tracking_error_after"]), rel=0.10)


# ---- reasons and records


def test_the_terms_of_every_trade_add_up_to_zero(day: Day):
    recommendations = day.steps["recommend"]

    assert recommendations
    for one in recommendations:
        assert sum((Decimal(term["basis_points"]) for term in one["terms"]), ZERO) == 0
        assert one["reason"]


def test_the_audit_trail_can_be_chained_again_from_its_export(folder: Path):
    exported = trimtab("--config", str(folder / "trimtab.toml"), "audit", "export")
    entries = [json.loads(line) for line in exported.splitlines()]

    head = "0" * 64
    for number, entry in enumerate(entries, start=1):
        words = [entry[key] for key in ("sequence", "at", "actor", "kind", "subject", "body")]
        text = json.dumps([*words, head], separators=(",", ":"))
        head = hashlib.sha256(text.encode()).hexdigest()
        assert (entry["sequence"], entry["hash"]) == (number, head)
    anchor = json.loads((folder / "state/audit.anchor").read_text().splitlines()[-1])
    assert anchor == {"sequence": len(entries), "hash": head}


def test_the_snapshot_has_the_name_of_its_content(day: Day, book: Book):
    text = zlib.decompress(day.snapshot)
    content = json.loads(text)

    assert hashlib.sha256(text).hexdigest() == day.snapshot_id == day.summary["snapshot"]
    assert text.decode() == json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert {a["account_id"]: a["mandate_id"] for a in content["accounts"]} == {
        name: row["mandate_id"] for name, row in book.accounts.items()
    }
    told = {c["account_id"]: Decimal(c["amount"]) for c in content["cash"]}
    sound = set(book.accounts) - set(book.not_to_be_traded())
    assert {a: told[a] for a in sound} == {a: book.cash_before(a) for a in sound}


def test_lots_lead_back_to_the_lines_that_hold_their_numbers(book: Book, day: Day):
    """Five lots by chance (a fixed seed), read in the raw line; and all of them by our reader."""
    known = {(lot.file, lot.line): lot for lot in book.lots}
    taken = opened(day)

    for lot in taken:
        told = known[lot["source_file"], lot["source_line"]]
        assert (lot["shares"], lot["basis"]) == (told.shares, told.basis)
        assert (lot["acquired"], lot["account"]) == (told.acquired, told.account)
        assert lot["security_id"] == book.securities[told.symbol]["isin"]
    for lot in random.Random(5).sample(taken, 5):
        path = ROOT / "data/custodians" / lot["source_file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == lot["sha256"]
        line = path.read_text().splitlines()[lot["source_line"] - 1]
        for number in (f"{lot['shares']:.0f}", f"{lot['basis']:.2f}"):
            assert number in line.replace(",", ""), (line, number)


@pytest.mark.parametrize("account", ["8731-2476", "Z47-208295"])  # Taxable; with a withdrawal.
def test_an_account_is_told_the_numbers_that_we_find(
    account: str, folder: Path, book: Book, trades: list[Trade], reliefs: list[Relief]
):
    told = trimtab("--config", str(folder / "trimtab.toml"), "explain", account)
    own = [trade for trade in trades if trade.account == account]
    cash = book.cash_before(account) + sum((trade.money for trade in own), ZERO)
    gains = {
        is_long: sum(
            (r.gain for r in reliefs if (r.lot.account, r.is_long) == (account, is_long)), ZERO
        )
        for is_long in (True, False)
    }

    assert own
    assert f"Net assets {money(book.nav(account))};" in told
    for trade in own:
        word, sign = ("buy", "+") if trade.side == BUY else ("sell", "-")
        worth = money(trade.shares * book.price(trade.symbol))
        assert f"{word} {trade.shares:,f} {trade.symbol}, {worth}:" in told
        assert f"{sign}{trade.shares:,f} {trade.symbol}, {money(trade.money)} cash" in told
    assert f"Together: cash {money(cash)}, " in told
    assert f"{money(gains[True])} long-term, {money(gains[False])} short-term." in told


def money(amount: Decimal) -> str:
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"
