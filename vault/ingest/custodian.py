"""Custodians' files: positions, lots, cash and transactions, read through a layout.

The custodian's word for a security is kept as it is, check digit tested: one
that we do not know is a finding about its account, not about the whole file.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from vault.ingest import fields
from vault.ingest.fields import FieldError, Parser, number, optional
from vault.ingest.layout_check import MAY_HAVE, NEEDED
from vault.ingest.layouts import Layout
from vault.ingest.lines import Lines, RawFile, read
from vault.ingest.rows import Parsed, Row, parse_cells, refuse_doubled

_PENDING = "pending"  # No table: what is not settled yet is added to the account's cash.
_TABLES = {
    "position": "custody_position",
    "lot": "custody_lot",
    "cash": "custody_cash",
    "pending": _PENDING,
    "transaction": "custody_transaction",
}
_COLUMNS = {  # Our fields, as the tables call them.
    "account": "account_id",
    "security": "identifier",
    "amount": "amount",
    "day": "day",
}
_KEYS = {"custody_position": ("account_id", "identifier"), "custody_cash": ("account_id",)}


def parse_custodian(raw: RawFile, layout: Layout, as_of: date) -> Parsed:
    """The rows of one custodian's file."""
    lines = read(raw, layout.shape)
    parsers = {kind: _parsers(layout, kind, as_of) for kind in _TABLES}
    rows: list[Row] = []
    for line, cells in lines.rows.items():
        kind, moved = _kind_of(layout, cells)
        if kind == "skip":
            continue
        wanted = {
            name: (moved.get(name) or layout.columns[name], parser)
            for name, parser in parsers[kind].items()
            if name in moved or name in layout.columns
        }
        values = parse_cells(lines, line, cells, wanted)
        if values is not None:
            rows.append(Row(_TABLES[kind], line, _named(kind, values)))
    for table, key in _KEYS.items():
        refuse_doubled(lines, [row for row in rows if row.table == table], *key)
    rows = _with_pending(lines, rows)
    _refuse_odd_lots(lines, [row for row in rows if row.table == "custody_lot"])
    transactions = [row for row in rows if row.table == "custody_transaction"]
    refuse_doubled(lines, transactions, "account_id", "reference")
    _refuse_odd_transactions(lines, transactions)
    return Parsed(
        kind=layout.content,
        as_of=as_of,
        custodian=layout.custodian,
        code=layout.code,
        rows=tuple(rows),
        problems=lines.in_order(),
    )


def _kind_of(layout: Layout, cells: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
    for rule in layout.rules:
        if cells[rule.column] == rule.equals:
            return rule.kind, rule.columns
    return layout.otherwise, {}


def _with_pending(lines: Lines, rows: list[Row]) -> list[Row]:
    """Cash as of the trade date, like the positions: what is settled and what is pending."""
    pending: defaultdict[object, Decimal] = defaultdict(Decimal)
    settled = {row.values["account_id"] for row in rows if row.table == "custody_cash"}
    for row in rows:
        if row.table != _PENDING:
            continue
        amount = row.values["amount"]
        assert isinstance(amount, Decimal)
        if row.values["account_id"] not in settled:
            lines.refuse(row.line, "is pending cash without a row of cash", "send both")
        pending[row.values["account_id"]] += amount
    return [
        replace(row, values={**row.values, "amount": _plus(row, pending)})
        if row.table == "custody_cash"
        else row
        for row in rows
        if row.table != _PENDING
    ]


def _plus(row: Row, pending: Mapping[object, Decimal]) -> Decimal:
    amount = row.values["amount"]
    assert isinstance(amount, Decimal)
    return amount + pending.get(row.values["account_id"], Decimal(0))


def _parsers(layout: Layout, kind: str, as_of: date) -> Mapping[str, Parser]:
    """Parsers of the fields that a kind of row needs, and of those it may have."""
    plain = number(number_format=layout.numbers)
    dollars = number(number_format=layout.numbers, least=Decimal(0))
    security = {"symbol": fields.symbol, "cusip": fields.cusip, "isin": fields.isin}[
        layout.security_by
    ]
    all_fields: dict[str, Parser] = {
        "account": fields.identifier,
        "security": security,
        "quantity": plain,
        "amount": dollars if kind == "lot" else plain,
        "day": _not_after(layout, as_of),
        "reference": fields.identifier,
        "kind": _word(layout.kinds),
        "gain": plain,
        "disallowed": dollars,
    }
    empty = ("", *layout.numbers.empty)
    needed = {name: all_fields[name] for name in NEEDED[kind]}
    more = {name: optional(all_fields[name], empty) for name in MAY_HAVE.get(kind, ())}
    return needed | more


def _not_after(layout: Layout, as_of: date) -> Parser:
    def parse(cell: str) -> object:
        day = layout.dates.parse(cell)
        if day > as_of:
            raise FieldError(f"is after the file's own day, {as_of}", "correct one of them")
        return day

    return parse


def _word(kinds: Mapping[str, str]) -> Parser:
    def parse(cell: str) -> object:
        if cell not in kinds:
            raise FieldError(
                "is no kind of transaction in the layout's [kinds]", fields.nearest(cell, kinds)
            )
        return kinds[cell]

    return parse


def _named(kind: str, values: Mapping[str, object]) -> dict[str, object]:
    """Values by the table's columns; what may be left out, and was, is None."""
    lacking = dict.fromkeys(name for name in MAY_HAVE.get(kind, ()) if name not in values)
    named = {_COLUMNS.get(name, name): value for name, value in (lacking | {**values}).items()}
    if kind == "lot":
        named["basis"], named["acquired"] = named.pop("amount"), named.pop("day")
    return named


def _refuse_odd_transactions(lines: Lines, rows: list[Row]) -> None:
    """A purchase or sale has a security and a quantity; a sale has its gain."""
    for row in rows:
        needed = {"buy": ("identifier", "quantity"), "sell": ("identifier", "quantity", "gain")}
        for name in needed.get(str(row.values["kind"]), ()):
            if row.values[name] is None:
                lines.refuse(row.line, f"is a {row.values['kind']} without {name}", "fill it in")


def _refuse_odd_lots(lines: Lines, rows: list[Row]) -> None:
    """A part of a lot's basis is no more than all of it."""
    for row in rows:
        part, basis = row.values["disallowed"], row.values["basis"]
        assert isinstance(basis, Decimal)
        if isinstance(part, Decimal) and part > basis:
            reason = f"is a lot of {basis} dollars with {part} of disallowed losses in them"
            lines.refuse(row.line, reason, "correct one of them")
