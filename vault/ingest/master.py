"""The firm's own files: securities, prices, models, accounts, restrictions, cash flows.

Columns are fixed and have these names; a reference to something that no
accepted file told (a symbol, a model, an account) refuses the file.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from domain.accounts import TaxStatus
from vault.ingest import fields
from vault.ingest.fields import DateFormat, FieldError, Parser, nearest, number
from vault.ingest.lines import Lines, RawFile, Shape, read
from vault.ingest.rows import Known, Parsed, Row, parse_cells, refuse_doubled

ZERO, ONE = Decimal(0), Decimal(1)
_day = DateFormat().parse


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKind:
    """One of the firm's own kinds of file."""

    table: str
    key: tuple[str, ...]  # Fields that stand once in a file.
    parsers: Callable[[Known], Mapping[str, tuple[str, Parser]]]  # Field -> column and parser.
    check: Callable[[Lines, list[Row]], None] = lambda _lines, _rows: None
    optional: frozenset[str] = frozenset()  # Columns that a file may leave out.


def parse_master(raw: RawFile, kind: str, as_of: date | None, known: Known) -> Parsed:
    """The rows of one of the firm's own files."""
    what = MASTER_KINDS[kind]
    parsers = what.parsers(known)
    columns = frozenset(column for column, _ in parsers.values())
    lines = read(raw, Shape(columns=columns - what.optional, optional=what.optional))
    rows = [
        Row(what.table, line, values)
        for line, cells in lines.rows.items()
        if (values := parse_cells(lines, line, cells, parsers)) is not None
    ]
    refuse_doubled(lines, rows, *what.key)
    what.check(lines, rows)
    days = [day for row in rows if isinstance(day := row.values.get("day"), date)]
    return Parsed(
        kind=kind,
        as_of=as_of,
        last_day=max(days, default=None),
        rows=tuple(rows),
        problems=lines.in_order(),
    )


def _security(known: Known) -> Mapping[str, tuple[str, Parser]]:
    del known
    words = {name: (name, fields.text) for name in ("name", "issuer", "sector", "industry")}
    return {
        "symbol": ("symbol", fields.symbol),
        "security_id": ("isin", fields.isin),
        "cusip": ("cusip", fields.cusip),
        **words,
        "country": ("country", fields.country),
        "currency": ("currency", fields.currency),
        "venue": ("venue", fields.identifier),
        "lot_size": ("lot_size", fields.count),
        "tick": ("tick", number(above=ZERO)),
        "half_spread": ("half_spread", number(least=ZERO, most=Decimal("0.1"))),
        "average_daily_volume": ("average_daily_volume", fields.count),
    }


def _price(known: Known) -> Mapping[str, tuple[str, Parser]]:
    return {
        "day": ("day", _day),
        "security_id": ("symbol", known_symbol(known)),
        "close": ("close", number(above=ZERO)),
    }


def _model(known: Known) -> Mapping[str, tuple[str, Parser]]:
    return {
        "model_id": ("model_id", fields.identifier),
        "security_id": ("symbol", known_symbol(known)),
        "weight": ("weight", number(least=ZERO, most=ONE)),
    }


def _account(known: Known) -> Mapping[str, tuple[str, Parser]]:
    return {
        "account_id": ("account_id", fields.identifier),
        "household_id": ("household_id", fields.identifier),
        "name": ("name", fields.text),
        "custodian": ("custodian", fields.one_of(known.custodians, "a custodian with a layout")),
        "tax_status": ("tax_status", fields.one_of(list(TaxStatus), "a tax status")),
        "model_id": ("model_id", fields.one_of(known.models, "a known model")),
        "mandate_id": ("mandate_id", fields.one_of(known.mandates, "a known mandate")),
    }


def _restriction(known: Known) -> Mapping[str, tuple[str, Parser]]:
    return {
        "security_id": ("symbol", known_symbol(known)),
        "reason": ("reason", fields.text),
        "effective_from": ("effective_from", _day_of),
        "effective_at": ("effective_from", _instant_of),
        "household_id": ("household_id", fields.one_of({"", *known.households}, "a household")),
    }


def _day_of(cell: str) -> date:
    """The day on which an instant falls in UTC, or the day that is written."""
    return _instant(cell).date() if "T" in cell else _day(cell)


def _instant_of(cell: str) -> datetime | None:
    """The instant, where one is written; what is wrong with it was told of its day."""
    try:
        return _instant(cell) if "T" in cell else None
    except FieldError:
        return None


def _instant(cell: str) -> datetime:
    """An instant with its offset, in UTC."""
    remedy = "write a day, or an instant with its offset like 2022-11-30T14:30:00-05:00"
    try:
        instant = datetime.fromisoformat(cell)
    except ValueError as error:
        raise FieldError("is no instant", remedy) from error
    if instant.tzinfo is None:
        raise FieldError("says no offset, so nobody knows when it is", remedy)
    _day(instant.astimezone(UTC).date().isoformat())
    return instant.astimezone(UTC)


def _flow(known: Known) -> Mapping[str, tuple[str, Parser]]:
    return {
        "account_id": ("account_id", fields.one_of(known.accounts, "a known account")),
        "amount": ("amount", number()),
        "due": ("due", _day),
        "why": ("why", fields.text),
    }


def known_symbol(known: Known) -> Callable[[str], str]:
    """A parser from a symbol of the security master to its security id."""

    def parse(cell: str) -> str:
        if cell not in known.symbols:
            raise FieldError("is no symbol of the security master", nearest(cell, known.symbols))
        return known.symbols[cell]

    return parse


def _securities_agree(lines: Lines, rows: list[Row]) -> None:
    """A US ISIN is built from the CUSIP; symbols stand once, too."""
    for row in rows:
        isin, cusip = str(row.values["security_id"]), str(row.values["cusip"])
        if isin.startswith("US") and isin[2:11] != cusip:
            lines.refuse(
                row.line, f"does not hold CUSIP {cusip}", "correct one", column="isin", value=isin
            )
    refuse_doubled(lines, rows, "symbol")


def _weights_fit(lines: Lines, rows: list[Row]) -> None:
    """A model's weights are at most 1 in sum: what is missing is cash."""
    sums: defaultdict[object, Decimal] = defaultdict(Decimal)
    for row in rows:
        weight = row.values["weight"]
        assert isinstance(weight, Decimal)
        before = sums[row.values["model_id"]]
        sums[row.values["model_id"]] += weight
        if before <= 1 < before + weight:
            lines.refuse(
                row.line,
                f"brings model {row.values['model_id']} above 1",
                "weights are fractions and add up to at most 1",
                column="weight",
                value=str(weight),
            )


MASTER_KINDS: Mapping[str, MasterKind] = {
    "securities": MasterKind(
        table="book_security", key=("security_id",), parsers=_security, check=_securities_agree
    ),
    "models": MasterKind(
        table="book_model_weight",
        key=("model_id", "security_id"),
        parsers=_model,
        check=_weights_fit,
    ),
    "accounts": MasterKind(table="book_account", key=("account_id",), parsers=_account),
    "restricted": MasterKind(
        table="book_restriction",
        key=("security_id", "household_id"),
        parsers=_restriction,
        optional=frozenset({"household_id"}),
    ),
    "flows": MasterKind(table="book_flow", key=("account_id", "due", "why"), parsers=_flow),
    "prices": MasterKind(table="book_price", key=("security_id", "day"), parsers=_price),
}
