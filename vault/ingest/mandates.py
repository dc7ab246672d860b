"""mandates.toml: what each client signed, as `[[mandate]]` tables."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from domain.accounts import LotMethod, Mandate, WeightBand
from domain.codec import encode
from domain.risk import RiskSettings
from domain.sources import Source
from vault.ingest.fields import nearest
from vault.ingest.lines import RawFile
from vault.ingest.risk_settings import read_risk
from vault.ingest.rows import Known, Parsed, Row
from vault.ingest.toml_file import TomlFile, read_toml
from vault.ingest.toml_table import TableReader
from vault.ingest.wishes import Measures, WishReader, read_measures

_NUMBERS: Mapping[str, Decimal | None] = {  # Key -> largest value; every one is at least 0.
    "sector_band": Decimal(1),
    "name_maximum": Decimal(1),
    "turnover_maximum": Decimal(2),
    "risk_aversion": None,
    "short_term_rate": Decimal(1),
    "long_term_rate": Decimal(1),
    "minimum_trade": None,
    "drift_absolute": Decimal(1),
    "drift_relative": None,
    "loss_value": Decimal(1),
}
_LISTS = ("do_not_buy", "do_not_sell")
_KEYS = frozenset({"id", "lot_method", "cash", "sector_limits", *_NUMBERS, *_LISTS})
_OPTIONAL = {"sector_limits", "loss_value", *_LISTS}


class _Reader(TableReader):
    """Reads one mandate."""

    def __init__(
        self,
        file: TomlFile,
        table: Mapping[str, Any],
        line: int,
        known: Known,
        measures: Measures,
    ) -> None:
        super().__init__(file, table, line)
        self.known, self.wish_reader = known, WishReader(known, measures)

    def band(self, key: str, value: object) -> WeightBand:
        """{ name, minimum, maximum }."""
        nothing = WeightBand(name=key, minimum=Decimal(0), maximum=Decimal(1))
        if not isinstance(value, Mapping) or set(value) != {"name", "minimum", "maximum"}:
            self.refuse(
                key, "is not a band", 'write { name = "...", minimum = 0.01, maximum = 0.05 }'
            )
            return nothing
        low = self.exact(key, value["minimum"], Decimal(1))
        high = self.exact(key, value["maximum"], Decimal(1))
        if low > high:
            self.refuse(key, f"has minimum {low} above maximum {high}", "swap or correct them")
            return nothing
        return WeightBand(name=str(value["name"]), minimum=low, maximum=high)

    def sectors(self) -> dict[str, WeightBand]:
        limits = self.table.get("sector_limits", {})
        if not isinstance(limits, Mapping):
            self.refuse("sector_limits", "is not a table", "write { Energy = { ... } }")
            return {}
        for sector in limits:
            if sector not in self.known.sectors:
                remedy = nearest(sector, self.known.sectors)
                self.refuse("sector_limits", "is no sector of a security", remedy, sector)
        return {sector: self.band("sector_limits", band) for sector, band in limits.items()}

    def symbols(self, key: str) -> tuple[str, ...]:
        listed = self.table.get(key, [])
        if not isinstance(listed, list):
            self.refuse(key, "is not a list", 'write ["XOM", "CVX"]', listed)
            return ()
        for symbol in listed:
            if symbol not in self.known.symbols:
                remedy = nearest(str(symbol), self.known.symbols)
                self.refuse(key, "is no symbol of the security master", remedy, symbol)
        return tuple(sorted(self.known.symbols[s] for s in listed if s in self.known.symbols))

    def mandate(self, source: Source, risk: RiskSettings | None) -> Mandate | None:
        """The mandate, or None with the problems noted; `risk` comes with the first of a file."""
        allowed = _KEYS | set(self.wish_reader.keys)
        self.problems += self.file.unknown_keys(self.table, allowed, after=self.line)
        for key in sorted(_KEYS - _OPTIONAL - set(self.table)):
            self.refuse(key, "is missing", "every mandate states it")
        if self.problems:
            return None
        method = self.table["lot_method"]
        if method not in list(LotMethod):
            remedy = nearest(str(method), list(LotMethod))
            self.refuse("lot_method", "is no lot method", remedy, method)
        if not isinstance(self.table["id"], str) or not self.table["id"]:
            self.refuse("id", "is not a text", 'write id = "TAXABLE"')
        numbers = {
            key: self.exact(key, self.table[key], most)
            for key, most in _NUMBERS.items()
            if key in self.table
        }
        cash, limits = self.band("cash", self.table["cash"]), self.sectors()
        buy, sell = self.symbols("do_not_buy"), self.symbols("do_not_sell")
        wishes = self.wish_reader.wishes(self, self.table)
        if self.problems:
            return None
        return Mandate(
            mandate_id=self.table["id"],
            lot_method=LotMethod(method),
            cash=cash,
            sector_limits=limits,
            do_not_buy=buy,
            do_not_sell=sell,
            wishes=wishes,
            risk=risk,
            source=source,
            **numbers,
        )


def parse_mandates(raw: RawFile, as_of: date | None, known: Known) -> Parsed:
    """The mandates of a file, one row each."""
    file, problems = read_toml(raw)
    if file is None:
        return Parsed(kind="mandates", as_of=as_of, problems=tuple(problems))
    problems = file.unknown_keys(file.table, {"mandate", "measures", "risk"})
    top = TableReader(file, file.table, 0)
    measures, risk = read_measures(top, known), read_risk(top, known)
    problems += top.problems
    tables = file.table.get("mandate", [])
    lines = file.lines_of_tables("mandate")
    if not isinstance(tables, list) or not tables or len(lines) != len(tables):
        problems.append(file.problem(0, "has no [[mandate]] tables", "write one for each mandate"))
        return Parsed(kind="mandates", as_of=as_of, problems=tuple(problems))
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for table, line in zip(tables, lines, strict=True):
        reader = _Reader(file, table, line, known, measures)
        source = Source(raw.name, line, raw.sha256)
        mandate = reader.mandate(source, risk if line == lines[0] else None)
        problems += reader.problems
        if mandate is None:
            continue
        if seen.setdefault(mandate.mandate_id, line) != line:
            reason = f"was told at line {seen[mandate.mandate_id]} already"
            problems.append(file.problem(line, reason, "keep one", value=mandate.mandate_id))
        values = {"mandate_id": mandate.mandate_id, "terms": encode(mandate)}
        rows.append(Row("book_mandate", line, values))
    return Parsed(kind="mandates", as_of=as_of, rows=tuple(rows), problems=tuple(problems))
