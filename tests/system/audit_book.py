"""The bundled book, read again from its files by nobody's code but this.

An auditor's reader: it shares nothing with the product, and knows the three custodians
whose files are accepted by their columns alone. Symbols name securities everywhere.
"""

import csv
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

BUSINESS_DATE = date(2022, 11, 30)
ZERO = Decimal(0)
SOLD = {"YOU SOLD", "SEL", "Sell"}
BOUGHT = {"YOU BOUGHT", "BUY", "Buy"}


@dataclass(frozen=True)
class Lot:
    account: str
    symbol: str
    shares: Decimal
    basis: Decimal
    acquired: date
    file: str
    line: int


@dataclass(frozen=True)
class Movement:
    """What a custodian says happened: a trade or a movement of cash."""

    account: str
    day: date
    side: str  # "buy", "sell", or "" for cash alone.
    symbol: str
    amount: Decimal
    gain: Decimal | None


@dataclass
class Book:
    securities: dict[str, dict[str, str]]
    closes: dict[str, dict[date, Decimal]]
    accounts: dict[str, dict[str, str]]
    mandates: dict[str, dict[str, Any]]
    models: dict[str, dict[str, Decimal]]
    restricted: set[str]
    withdrawals: dict[str, Decimal]
    positions: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    cash: dict[str, Decimal] = field(default_factory=dict)
    lots: list[Lot] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    custodians: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def price(self, symbol: str) -> Decimal:
        return self.closes[symbol][BUSINESS_DATE]

    def mandate(self, account: str) -> dict[str, Any]:
        return self.mandates[self.accounts[account]["mandate_id"]]

    def is_taxable(self, account: str) -> bool:
        return self.accounts[account]["tax_status"] == "taxable"

    def household(self, account: str) -> str:
        return self.accounts[account]["household_id"]

    def lots_of(self, account: str, symbol: str) -> list[Lot]:
        return [lot for lot in self.lots if (lot.account, lot.symbol) == (account, symbol)]

    def held(self, account: str) -> dict[str, Decimal]:
        return {s: quantity for (a, s), quantity in self.positions.items() if a == account}

    def flows_of_the_day(self, account: str) -> Decimal:
        """Cash that moved after the positions of the evening before."""
        ours = (m for m in self.movements if m.account == account and m.day == BUSINESS_DATE)
        return sum((m.amount for m in ours), ZERO)

    def cash_before(self, account: str) -> Decimal:
        return self.cash[account] + self.flows_of_the_day(account)

    def nav(self, account: str) -> Decimal:
        worth = (q * self.price(symbol) for symbol, q in self.held(account).items())
        return sum(worth, self.cash_before(account))

    def target(self, account: str) -> dict[str, Decimal]:
        """The model's weights, of what stays when a withdrawal is paid."""
        stays = 1 - self.withdrawals.get(account, ZERO) / self.nav(account)
        model = self.models[self.accounts[account]["model_id"]]
        return {symbol: weight * stays for symbol, weight in model.items()}

    def not_to_be_traded(self) -> dict[str, str]:
        """Accounts that no sane desk would trade today, and why."""
        found: dict[str, str] = {}
        for account in self.accounts:
            if len(self.custodians[account]) != 1:
                found[account] = f"in the files of {len(self.custodians[account])} custodians"
                continue
            for symbol, quantity in self.held(account).items():
                lots = sum((lot.shares for lot in self.lots_of(account, symbol)), ZERO)
                newest = max(self.closes.get(symbol, {date.min: ZERO}))
                if symbol not in self.securities:
                    found[account] = f"{symbol} is no security we know"
                elif lots != quantity:
                    found[account] = f"{symbol}: {quantity} held, {lots} in lots"
                elif BUSINESS_DATE - newest > timedelta(days=5):
                    found[account] = f"{symbol}: last price of {newest}"
        return found


def read_book(data: Path) -> Book:
    book = data / "book"
    securities = {row["symbol"]: row for row in _rows(book / "securities.csv")}
    closes: defaultdict[str, dict[date, Decimal]] = defaultdict(dict)
    for row in _rows(book / "prices.csv"):
        closes[row["symbol"]][date.fromisoformat(row["day"])] = Decimal(row["close"])
    models: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    for row in _rows(book / "models.csv"):
        models[row["model_id"]][row["symbol"]] = Decimal(row["weight"])
    mandates = tomllib.loads((book / "mandates.toml").read_text(), parse_float=Decimal)["mandate"]
    found = Book(
        securities=securities,
        closes=dict(closes),
        accounts={row["account_id"]: row for row in _rows(book / "accounts.csv")},
        mandates={mandate["id"]: mandate for mandate in mandates},
        models=dict(models),
        restricted={row["symbol"] for row in _rows(book / "restricted.csv")},
        withdrawals={r["account_id"]: -Decimal(r["amount"]) for r in _rows(book / "flows.csv")},
    )
    custodians = data / "custodians"
    _read_harbor(found, custodians)
    _read_lakeside(found, custodians)
    _read_summit(found, custodians)
    return found


def _read_harbor(book: Book, folder: Path) -> None:
    for _, row in _table(folder / "Harbor_Positions_20221129.csv"):
        if row["Symbol"] == "HCASH**":
            _cash(book, "Harbor", row["Account Number"], row["Current Value"])
        elif row["Symbol"] == "Pending Activity":
            book.cash[row["Account Number"]] += _number(row["Current Value"])
        else:
            _position(book, "Harbor", row["Account Number"], row["Symbol"], row["Quantity"])
    path = folder / "Harbor_Lots_20221129.csv"
    for line, row in _table(path):
        name = (row["Account Number"], row["Symbol"])
        _lot(book, name, (row["Quantity"], row["Cost Basis Total"], row["Acquired"]), path, line)
    for _, row in _table(folder / "Harbor_Activity_20221130.csv"):
        name = (row["Account Number"], row["Symbol"])
        amounts = (row["Amount"], row["Realized Gain/Loss"])
        _movement(book, name, row["Run Date"], row["Action"], amounts)


def _read_lakeside(book: Book, folder: Path) -> None:
    symbols = {row["cusip"]: symbol for symbol, row in book.securities.items()}
    for _, row in _table(folder / "LSC.CASH.20221129.psv", "|"):
        _cash(book, "Lakeside", row["ACCT"], row["BALANCE"])
    for _, row in _table(folder / "LSC.POS.20221129.psv", "|"):
        _position(book, "Lakeside", row["ACCT"], symbols[row["CUSIP"]], row["QTY"])
    path = folder / "LSC.TAXLOT.20221129.psv"
    for line, row in _table(path, "|"):
        name = (row["ACCT"], symbols[row["CUSIP"]])
        _lot(book, name, (row["QTY"], row["FED_COST"], row["ACQ_DT"]), path, line)
    for _, row in _table(folder / "LSC.TRAN.20221130.psv", "|"):
        name = (row["ACCT"], symbols.get(row["CUSIP"], ""))
        amounts = (row["NET_AMT"], row["GAIN_LOSS"])
        _movement(book, name, row["TRADE_DT"], row["TYPE"], amounts)


def _read_summit(book: Book, folder: Path) -> None:
    path = folder / "Summit-Positions-2022-11-29.csv"
    for line, row in _table(path, skip=2):
        account, symbol, day = row["Account"], row["Symbol"], row["Date Acquired"]
        if symbol == "Account Total":
            continue
        if symbol == "Cash & Cash Investments":
            _cash(book, "Summit", account, row["Mkt Val (Market Value)"])
        elif day == "All lots":
            _position(book, "Summit", account, symbol, row["Qty (Quantity)"])
        else:
            terms = (row["Qty (Quantity)"], row["Cost Basis"], day)
            _lot(book, (account, symbol), terms, path, line)
    for _, row in _table(folder / "Summit-Transactions-2022-11-30.csv", skip=2):
        if row["Account"] != "Transactions Total":
            name = (row["Account"], row["Symbol"])
            amounts = (row["Amount"], row["Gain/Loss ($)"])
            _movement(book, name, row["Date"], row["Action"], amounts)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _table(path: Path, separator: str = ",", skip: int = 0) -> Iterator[tuple[int, dict[str, str]]]:
    """Full rows with their line numbers; titles above and remarks below are left out."""
    lines = path.read_text().splitlines()[skip:]
    rows = list(csv.reader(lines, delimiter=separator))
    header = rows[0]
    for number, row in enumerate(rows[1:], start=skip + 2):
        if len(row) == len(header):
            yield number, dict(zip(header, row, strict=True))


def _cash(book: Book, custodian: str, account: str, amount: str) -> None:
    book.custodians[account].add(custodian)
    book.cash[account] = _number(amount)


def _position(book: Book, custodian: str, account: str, symbol: str, shares: str) -> None:
    book.custodians[account].add(custodian)
    book.positions[account, symbol] = _number(shares)


def _lot(
    book: Book, name: tuple[str, str], terms: tuple[str, str, str], path: Path, line: int
) -> None:
    shares, basis, acquired = terms
    lot = Lot(*name, _number(shares), _number(basis), _day(acquired), path.name, line)
    book.lots.append(lot)


def _movement(
    book: Book, name: tuple[str, str], day: str, kind: str, amounts: tuple[str, str]
) -> None:
    amount, gain = amounts
    side = "sell" if kind in SOLD else "buy" if kind in BOUGHT else ""
    realised = _number(gain) if gain not in ("", "--") else None
    account, symbol = name
    book.movements.append(Movement(account, _day(day), side, symbol, _number(amount), realised))


def _number(text: str) -> Decimal:
    bare = text.replace("$", "").replace(",", "")
    if bare.startswith("(") and bare.endswith(")"):
        bare = "-" + bare[1:-1]
    return Decimal(bare)


def _day(text: str) -> date:
    if "/" in text:
        return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - a day has no zone
    return date.fromisoformat(text)
