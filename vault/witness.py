"""Witnesses: files of others that our ledger is compared with, read and not stored.

A venue's end-of-day file proves itself by its trailer; a custodian's files are
read through the same layouts as at ingest. What is wrong comes back as problems.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from domain.orders import ExecType, Side
from domain.ports import CustodyPosition
from domain.postings import WitnessExecution
from domain.snapshot import Finding
from domain.sources import Source
from vault.book_files import current_files
from vault.book_read import identifiers, read_custody_book, read_securities
from vault.ingest import fields
from vault.ingest.custodian import parse_custodian
from vault.ingest.fields import DateFormat, FieldError, Parser, number, optional
from vault.ingest.layouts import Layout, layout_for
from vault.ingest.lines import Footer, Lines, RawFile, Shape, read
from vault.ingest.report import Problem
from vault.ingest.rows import Parsed, Row, parse_cells, refuse_doubled
from vault.quality import rows_at_fault
from vault.reported import ReportedCash, ReportedDay, ReportedLot, ReportedPosition

_EXEC_TYPES = frozenset({ExecType.TRADE, ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT})
_ZERO = Decimal(0)
VENUE_COLUMNS = (
    "trade_date",
    "venue",
    "exec_id",
    "exec_type",
    "order_id",
    "cl_ord_id",
    "client",
    "symbol",
    "security_id",
    "side",
    "last_qty",
    "last_px",
    "fee",
    "transact_time",
)
REFERENCE_COLUMN = "exec_ref_id"  # A file without busts and corrections may do without it.


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueFile:
    """A venue's end-of-day file: its executions, or why none of it can be believed."""

    name: str
    venue: str
    executions: tuple[WitnessExecution, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyFiles:
    """What a custodian's files say of each account, or why they cannot be believed.

    An account whose rows contradict themselves is among the findings, not the positions.
    """

    positions: tuple[CustodyPosition, ...] = ()
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_venue_file(path: Path) -> VenueFile:
    """Read a venue's file of executions; refused whole unless rows and trailer agree."""
    raw = RawFile(path.name, path.read_bytes())
    parsers = _venue_parsers()
    columns = frozenset(VENUE_COLUMNS)
    if REFERENCE_COLUMN.encode() in raw.data.partition(b"\n")[0]:
        columns |= {REFERENCE_COLUMN}
        parsers = {**parsers, REFERENCE_COLUMN: (REFERENCE_COLUMN, optional(fields.text))}
    lines = read(
        raw, Shape(columns=columns, footer=Footer(starts_with="TRAILER,", rows_in_field=3))
    )
    rows = [
        Row("execution", line, values)
        for line, cells in lines.rows.items()
        if (values := parse_cells(lines, line, cells, _of_row(cells, parsers))) is not None
    ]
    refuse_doubled(lines, rows, "trade_date", "exec_id")
    found = tuple(_execution(raw, row) for row in rows) if not lines.problems else ()
    venue = _check_trailer(raw, lines, found) if not lines.problems else ""
    if lines.problems:
        return VenueFile(name=raw.name, venue=venue, problems=lines.in_order())
    return VenueFile(name=raw.name, venue=venue, executions=found)


def _venue_parsers() -> Mapping[str, tuple[str, Parser]]:
    return {
        "trade_date": ("trade_date", DateFormat().parse),
        "venue": ("venue", fields.identifier),
        "exec_id": ("exec_id", fields.text),
        "exec_type": ("exec_type", fields.one_of(_EXEC_TYPES, "the ExecType of a trade")),
        "cl_ord_id": ("cl_ord_id", optional(fields.text)),  # An order by telephone has none.
        "symbol": ("symbol", fields.symbol),
        "security_id": ("security_id", optional(fields.isin)),
        "side": ("side", fields.one_of(list(Side), "a side: 1 or 2")),
        "quantity": ("last_qty", number(above=_ZERO)),
        "price": ("last_px", number(above=_ZERO)),
        "fee": ("fee", number(least=_ZERO)),
    }


def _of_row(
    cells: Mapping[str, str], parsers: Mapping[str, tuple[str, Parser]]
) -> Mapping[str, tuple[str, Parser]]:
    """A bust is named by the execution that it undoes; some venues say no shares and price."""
    if cells["exec_type"] != ExecType.TRADE_CANCEL:
        return parsers
    least_nothing = number(least=_ZERO)
    numbers = {name: (parsers[name][0], least_nothing) for name in ("quantity", "price")}
    return {**parsers, **numbers}


def _execution(raw: RawFile, row: Row) -> WitnessExecution:
    values: dict[str, Any] = {n: v for n, v in row.values.items() if n != "security_id"}
    values["cl_ord_id"] = values["cl_ord_id"] or ""
    values["exec_type"] = ExecType(values["exec_type"])
    values["side"] = Side(values["side"])
    source = Source(raw.name, row.line, raw.sha256)
    return WitnessExecution(source=source, **values)


def _check_trailer(raw: RawFile, lines: Lines, found: Sequence[WitnessExecution]) -> str:
    """Compare the trailer's venue and totals with the rows; gives the venue."""
    texts = raw.data.decode().rstrip("\r\n").split("\n")
    line, cells = len(texts), texts[-1].split(",")
    if len(cells) != 6:
        remedy = "write TRAILER,VENUE,ROWS,TOTAL_QTY,TOTAL_GROSS,TOTAL_FEE"
        lines.refuse(line, f"is a trailer of {len(cells)} cells", remedy, value=texts[-1])
        return ""
    totals = {
        "TOTAL_QTY": (cells[3], sum((e.quantity for e in found), _ZERO)),
        "TOTAL_GROSS": (cells[4], sum((e.quantity * e.price for e in found), _ZERO)),
        "TOTAL_FEE": (cells[5], sum((e.fee for e in found), _ZERO)),
    }
    for name, (told, total) in totals.items():
        try:
            agrees = number()(told) == total
        except FieldError:
            agrees = False
        if not agrees:
            remedy = "the file was cut off or changed: ask the venue for it again"
            lines.refuse(line, f"is not the rows' sum, {total}", remedy, column=name, value=told)
    for execution in found:
        if execution.venue != cells[1]:
            lines.refuse(
                execution.source.line,
                f"is not the trailer's venue, {cells[1]}",
                "send one venue a file",
                column="venue",
                value=execution.venue,
            )
    return cells[1]


def read_custodian_files(
    connection: Connection, paths: Iterable[Path], *, layouts: Sequence[Layout]
) -> CustodyFiles:
    """What a custodian's files of positions say, without storing them.

    Files of one custodian and one day belong together (positions, lots, cash):
    what lies beside a path and belongs to it is read, too. Only accounts that
    are registered at that custodian are told.
    """
    problems: list[Problem] = []
    parts: dict[tuple[str, str, date], list[tuple[RawFile, Parsed]]] = {}
    for path in _with_companions(paths, layouts):
        raw = RawFile(path.name, path.read_bytes())
        match = layout_for(path.name, layouts)
        if match is None or match[0].content != "positions":
            lines = Lines(raw.name)
            lines.refuse(0, "is no file of positions that we know", "write a layout for it")
            problems += lines.problems
            continue
        parsed = parse_custodian(raw, *match)
        problems += parsed.problems
        key = (match[0].custodian, match[0].code, match[1])
        parts.setdefault(key, []).append((raw, parsed))
    if problems:
        return CustodyFiles(problems=tuple(problems))
    ids = identifiers(read_securities(connection, current_files(connection)))
    latest = max((day for _, _, day in parts), default=date.min)
    accounts = read_custody_book(connection, latest).accounts
    positions: list[CustodyPosition] = []
    findings: list[Finding] = []
    for (custodian, code, day), files in sorted(parts.items()):
        told = _reported(custodian, code, day, files, ids)
        faults = tuple(rows_at_fault(told))
        faulty = {finding.account_id for finding in faults}
        findings += faults
        positions += told.custody_positions(
            account_id
            for account_id in told.first_lines()
            if account_id not in faulty
            and account_id in accounts
            and accounts[account_id].custodian == custodian
        )
    return CustodyFiles(positions=tuple(positions), findings=tuple(findings))


def _with_companions(paths: Iterable[Path], layouts: Sequence[Layout]) -> tuple[Path, ...]:
    """The paths, and the files beside them of the same custodian and day, each once."""
    found: dict[Path, None] = {}
    for path in paths:
        found[path] = None
        match = layout_for(path.name, layouts)
        for beside in sorted(path.parent.iterdir()) if match else ():
            other = layout_for(beside.name, layouts)
            if (
                match
                and other
                and other[0].content == match[0].content
                and (other[0].custodian, other[1]) == (match[0].custodian, match[1])
            ):
                found[beside] = None
    return tuple(found)


def _reported(
    custodian: str,
    code: str,
    day: date,
    files: Sequence[tuple[RawFile, Parsed]],
    ids: Mapping[str, str],
) -> ReportedDay:
    """Parsed files as one day's report."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for raw, parsed in files:
        for row in parsed.rows:
            values: dict[str, Any] = dict(row.values) | {
                "source": Source(raw.name, row.line, raw.sha256)
            }
            if "identifier" in values:
                values["security_id"] = ids.get(str(values["identifier"]))
            rows.setdefault(row.table, []).append(values)
    return ReportedDay(
        custodian=custodian,
        code=code,
        as_of=day,
        positions=tuple(ReportedPosition(**v) for v in rows.get("custody_position", [])),
        lots=tuple(ReportedLot(**v) for v in rows.get("custody_lot", [])),
        cash=tuple(ReportedCash(**v) for v in rows.get("custody_cash", [])),
    )
