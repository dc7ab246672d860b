"""Write the invented holdings as four custodians would send them, each in its own layout."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from holdings import BOOK, OPENING, TODAY, Activity, Holdings, Lot, Market

OUT = Path(__file__).parent.parent / "custodians"
DISCLAIMER = (
    "The data and information in this spreadsheet is provided to you solely for your use.",
    "Made by a script for Trimtab: no such account exists.",
    "Date downloaded 11/29/2022 6:02 PM ET",
)
Row = Sequence[object]


class Master:
    """The identifiers of each symbol."""

    def __init__(self) -> None:
        with (BOOK / "securities.csv").open(newline="") as file:
            self.rows = {row["symbol"]: row for row in csv.DictReader(file)}
        self.rows["TWTR"] = {"name": "Twitter Inc. Common Stock", "cusip": "90184L102"}

    def name(self, symbol: str) -> str:
        return self.rows[symbol]["name"] if symbol else ""

    def cusip(self, symbol: str) -> str:
        return self.rows[symbol]["cusip"] if symbol else ""


def dollars(value: Decimal, *, parentheses: bool = False) -> str:
    text = f"${abs(value):,.2f}"
    if value < 0:
        return f"({text})" if parentheses else f"-{text}"
    return text


def us(day: date) -> str:
    return day.strftime("%m/%d/%Y")


def put(name: str, rows: Iterable[Row], separator: str = ",") -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    (OUT / name).write_text(text.getvalue(), encoding="utf-8", newline="")


def cost(lots: Iterable[Lot]) -> Decimal:
    return sum((lot.basis for lot in lots), Decimal(0))


def shares(lots: Iterable[Lot]) -> int:
    return sum(lot.quantity for lot in lots)


def harbor(book: Sequence[Holdings], market: Market, master: Master) -> None:
    """Harbor Trust: three files, dollars with separators, a disclaimer below."""
    positions: list[Row] = [
        "Account Number,Account Name,Symbol,Description,Quantity,Last Price,Current Value,"
        "Cost Basis Total,Average Cost Basis,Type".split(",")
    ]
    lots: list[Row] = ["Account Number,Symbol,Acquired,Quantity,Cost Basis Total,Term".split(",")]
    activity: list[Row] = [
        "Run Date,Account Number,Action,Symbol,Description,Quantity,Price,Amount,"
        "Realized Gain/Loss,Reference".split(",")
    ]
    words = {
        "buy": "YOU BOUGHT",
        "sell": "YOU SOLD",
        "deposit": "ELECTRONIC FUNDS TRANSFER RECEIVED",
        "dividend": "DIVIDEND RECEIVED",
        "fee": "ADVISOR FEE",
    }
    for held in book:
        client = held.client
        head = (client.account, client.name)
        money = dollars(held.cash)
        positions.append(
            (*head, "HCASH**", "HELD IN MONEY MARKET", "", "", money, "--", "--", "Cash")
        )
        for symbol, its in held.positions().items():
            wrong = client.planted == "lots_do_not_add_up" and symbol == "JNJ"
            quantity, price = shares(its) + 25 * wrong, market.close(symbol, OPENING)
            each = dollars((cost(its) / shares(its)).quantize(Decimal("0.01")))
            value = dollars(quantity * price)
            positions.append(
                (*head, symbol, master.name(symbol), f"{quantity:,}", dollars(price), value)
                + (dollars(cost(its)), each, "Cash")
            )
            for lot in its:
                term = "Long" if (OPENING - lot.acquired).days > 365 else "Short"
                row = (us(lot.acquired), f"{lot.quantity:,}", dollars(lot.basis), term)
                lots.append((client.account, symbol, *row))
        if client.planted == "deposit":
            positions.append((*head, "Pending Activity", "", "", "", "$0.00", "--", "--", ""))
        for number, line in enumerate(held.activity, 1):
            activity.append(
                (us(line.day), client.account, words[line.kind], line.symbol)
                + (master.name(line.symbol), *_amounts(line, empty="--"))
                + (f"{client.account}-{number:04d}",)
            )
    footer: list[Row] = [(), *((text,) for text in DISCLAIMER)]
    put(f"Harbor_Positions_{OPENING:%Y%m%d}.csv", positions + footer)
    put(f"Harbor_Lots_{OPENING:%Y%m%d}.csv", lots)
    put(f"Harbor_Activity_{TODAY:%Y%m%d}.csv", activity + footer)


def _amounts(line: Activity, *, empty: str = "", parentheses: bool = False) -> tuple[str, ...]:
    """Quantity, price, amount, gain."""
    price = abs(line.amount) / line.quantity if line.quantity else None
    return (
        f"{line.quantity:,}" if line.quantity else empty,
        dollars(price.quantize(Decimal("0.01"))) if price is not None else empty,
        dollars(line.amount, parentheses=parentheses),
        empty if line.gain is None else dollars(line.gain, parentheses=parentheses),
    )


def summit(book: Sequence[Holdings], market: Market, master: Master) -> None:
    """Summit Brokerage: a title, a blank line, and each account's total after its rows."""
    rows: list[Row] = [
        (f"Positions for all accounts as of 06:05 PM ET, {us(OPENING)}",),
        (),
        "Account,Symbol,Description,Qty (Quantity),Price,Mkt Val (Market Value),Cost Basis,"
        "Date Acquired,% Of Account (% of Account)".split(","),
    ]
    for held in book:
        account, total = held.client.account, held.cash
        worth = held.cash + sum(
            shares(its) * market.close(symbol, OPENING) for symbol, its in held.positions().items()
        )
        groups = held.positions()
        if held.client.planted == "unknown_security":
            groups["TWTR"] = [Lot("TWTR", 150, Decimal("6837.00"), date(2021, 10, 4))]
        for symbol, its in groups.items():
            price = Decimal("53.70") if symbol == "TWTR" else market.close(symbol, OPENING)
            value = shares(its) * price
            total += value
            part = f"{value / worth:.2%}"
            rows.append(
                (account, symbol, master.name(symbol), f"{shares(its):,}", dollars(price))
                + (dollars(value), dollars(cost(its)), "All lots", part)
            )
            rows += [
                (account, symbol, "", f"{lot.quantity:,}", "", dollars(lot.quantity * price))
                + (dollars(lot.basis), us(lot.acquired), "")
                for lot in its
            ]
        cash = dollars(held.cash, parentheses=True)
        rows.append((account, "Cash & Cash Investments", "", "--", "--", cash, "--", "--", ""))
        rows.append((account, "Account Total", "", "--", "--", dollars(total), "--", "--", "100%"))
    put(f"Summit-Positions-{OPENING:%Y-%m-%d}.csv", rows)
    _summit_transactions([held for held in book if held.client.planted != "doubled"], master)


def _summit_transactions(book: Sequence[Holdings], master: Master) -> None:
    words = {
        "buy": "Buy",
        "sell": "Sell",
        "deposit": "MoneyLink Deposit",
        "dividend": "Cash Dividend",
        "fee": "Service Fee",
    }
    rows: list[Row] = [
        (f"Transactions for all accounts as of {us(TODAY)}",),
        (),
        "Date,Account,Action,Symbol,Description,Quantity,Price,Amount,Gain/Loss ($),"
        "Transaction ID".split(","),
    ]
    number, total = 70_001, Decimal(0)
    for held in book:
        for line in held.activity:
            rows.append(
                (us(line.day), held.client.account, words[line.kind], line.symbol)
                + (master.name(line.symbol), *_amounts(line, parentheses=True), f"{number:09d}")
            )
            number += 1
            total += line.amount
    end = dollars(total, parentheses=True)
    rows.append(("", "Transactions Total", "", "", "", "", "", end, "", ""))
    put(f"Summit-Transactions-{TODAY:%Y-%m-%d}.csv", rows)


def lakeside(book: Sequence[Holdings], market: Market, master: Master) -> None:
    """Lakeside Custody: four files by CUSIP, each with a trailer that counts its rows."""
    positions: list[Row] = []
    lots: list[Row] = []
    cash: list[Row] = []
    transactions: list[Row] = []
    words = {"buy": "BUY", "sell": "SEL", "deposit": "CSD", "dividend": "DIV", "fee": "FEE"}
    for held in book:
        account = held.client.account
        cash.append((account, "USD", f"{held.cash:.2f}"))
        for symbol, its in held.positions().items():
            price = market.close(symbol, OPENING)
            worth = f"{shares(its) * price:.2f}"
            positions.append((account, master.cusip(symbol), f"{shares(its)}.0000", price, worth))
            lots += [
                (account, master.cusip(symbol), lot.acquired, f"{lot.quantity}.0000", lot.basis)
                for lot in its
            ]
        for line in held.activity:
            quantity = f"{line.quantity}.0000" if line.quantity else ""
            gain = "" if line.gain is None else line.gain
            transactions.append(
                (f"T{len(transactions) + 1:07d}", account, line.day, words[line.kind])
                + (master.cusip(line.symbol), quantity, line.amount, gain)
            )
    for kind, day, header, rows in (
        ("POS", OPENING, "ACCT|CUSIP|QTY|MKT_PX|MKT_VAL", positions),
        ("TAXLOT", OPENING, "ACCT|CUSIP|ACQ_DT|QTY|FED_COST", lots),
        ("CASH", OPENING, "ACCT|CCY|BALANCE", cash),
        ("TRAN", TODAY, "REF|ACCT|TRADE_DT|TYPE|CUSIP|QTY|NET_AMT|GAIN_LOSS", transactions),
    ):
        trailer = ("TRL", f"{len(rows):06d}")
        put(f"LSC.{kind}.{day:%Y%m%d}.psv", [header.split("|"), *rows, trailer], separator="|")


def delta(book: Sequence[Holdings], master: Master) -> None:
    """Delta Clearing: one file with comma decimals, and five bad lines planted in it."""
    rows: list[Row] = ["Art;Konto;ISIN;Stueck;Einstand;Kaufdatum;Waehrung".split(";")]
    for held in book:
        account = held.client.account
        rows.append(("GELD", account, "", "", _comma(held.cash), "", "USD"))
        for symbol, its in held.positions().items():
            isin = master.rows[symbol]["isin"]
            rows.append(("BESTAND", account, isin, shares(its), _comma(cost(its)), "", "USD"))
            for lot in its:
                bought = lot.acquired.strftime("%d.%m.%Y")
                row = (account, isin, lot.quantity, _comma(lot.basis), bought, "USD")
                rows.append(("POSTEN", *row))
    for number, (column, text) in {
        4: (5, "31.11.2021"),  # No such day.
        7: (2, "US0378331006"),  # The check digit is 5.
        12: (4, "NaN"),
        15: (3, '=cmd|"/c calc"!A1'),
    }.items():
        bad = [str(cell) for cell in rows[number - 1]]
        bad[0] = "POSTEN"
        bad[column] = text
        rows[number - 1] = bad
    rows[17] = rows[17][:5]  # Ragged: two cells short.
    put(f"DELTA_HOLDINGS_{OPENING:%d%m%Y}.txt", rows, separator=";")


def _comma(value: Decimal) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))
