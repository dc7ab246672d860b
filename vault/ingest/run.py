"""The door of ingest: files in order, each whole or not at all, each only once.

The same content again changes nothing. Another content under the same name and
day is refused unless the caller says that it replaces the old one.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

from sqlalchemy import Connection, Table, insert, select

from domain.codec import encode
from vault.book_files import AcceptedFile, current_files, newest_of
from vault.book_schema import (
    book_account,
    book_mandate,
    book_model_weight,
    book_security,
    ingested_file,
    refused_file,
)
from vault.ingest.custodian import parse_custodian
from vault.ingest.facts import parse_facts
from vault.ingest.layouts import Layout, layout_for
from vault.ingest.lines import RawFile
from vault.ingest.mandates import parse_mandates
from vault.ingest.master import MASTER_KINDS, parse_master
from vault.ingest.report import Fate, FileReport, IngestReport, Problem
from vault.ingest.rows import Known, Parsed, Row
from vault.metadata import metadata

# What a file refers to comes before it.
ORDER = (
    "securities",
    "models",
    "mandates",
    "accounts",
    "restricted",
    "flows",
    "prices",
    "facts",
    "positions",
    "transactions",
)
_KNOWN = (
    f"it may be {', '.join(f'{kind}.csv' for kind in ORDER if kind in MASTER_KINDS)}, facts.csv or"
    " mandates.toml, and a layout makes a custodian's file known: see docs/book.md"
)
_MASTER_NAME = re.compile(r"([a-z]+)(?:_(\d{8}))?\.(csv|toml)")


def ingest(
    connection: Connection,
    paths: Iterable[Path],
    *,
    layouts: Sequence[Layout],
    at: datetime,
    replace: bool = False,
) -> IngestReport:
    """Read files, and the files in folders, into the book, in the caller's transaction.

    The firm's own files are known by name (`securities.csv`, `prices_20221130.csv`,
    `mandates.toml`, ...), custodians' files by the patterns of the layouts.
    """
    intake = _Intake(connection, layouts, at, replace)
    found = sorted(
        ((_identify(path.name, layouts), path) for path in _files(paths)),
        key=lambda pair: (ORDER.index(pair[0][0]) if pair[0][0] else len(ORDER), str(pair[1])),
    )
    return IngestReport(files=tuple(intake.take(path, kind, day) for (kind, day), path in found))


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(
                p for p in path.iterdir() if p.is_file() and not p.name.startswith(".")
            )
        else:
            yield path


def _identify(name: str, layouts: Sequence[Layout]) -> tuple[str, date | None]:
    """The kind of a file and the day in its name; an empty kind for an unknown one."""
    match = layout_for(name, layouts)
    if match is not None:
        return match[0].content, match[1]
    master = _MASTER_NAME.fullmatch(name)
    if master is None:
        return "", None
    kind, day, ending = master.groups()
    csv = (*MASTER_KINDS, "facts")
    if (kind, ending) != ("mandates", "toml") and (kind not in csv or ending != "csv"):
        return "", None
    try:
        return kind, date.fromisoformat(day) if day else None
    except ValueError:
        return "", None


@dataclass(frozen=True, slots=True)
class _Intake:
    """One call of `ingest`."""

    connection: Connection
    layouts: Sequence[Layout]
    at: datetime
    replace: bool

    def take(self, path: Path, kind: str, day: date | None) -> FileReport:
        """Read one file, and store it or its refusal."""
        try:
            raw = RawFile(path.name, path.read_bytes())
        except OSError as error:
            reason = f"cannot be read ({error.strerror})"
            return _refused(path.name, kind, [_whole(path.name, reason, "check the path")])
        if not kind:
            return _refused(raw.name, "", [_whole(raw.name, "is no file that we know", _KNOWN)])
        current = current_files(self.connection)
        if any(file.name == raw.name and file.sha256 == raw.sha256 for file in current):
            return FileReport(file=raw.name, kind=kind, fate=Fate.UNCHANGED, rows=0)
        parsed = self._parse(raw, kind, day)
        dated = parsed.as_of or parsed.last_day
        key = f"{raw.name}@{dated or ''}"
        problems = [*parsed.problems, *self._whole_problems(raw, parsed, key, current)]
        if problems:
            _store_refusal(self.connection, raw, parsed, problems, self.at)
            return _refused(raw.name, kind, problems)
        _store(self.connection, raw, parsed, key, self.at)
        return FileReport(file=raw.name, kind=kind, fate=Fate.ACCEPTED, rows=len(parsed.rows))

    def _parse(self, raw: RawFile, kind: str, day: date | None) -> Parsed:
        match = layout_for(raw.name, self.layouts)
        if match is not None:
            return parse_custodian(raw, *match)
        known = known_to(self.connection, self.layouts)
        if kind == "mandates":
            return parse_mandates(raw, day, known)
        if kind == "facts":
            return parse_facts(raw, day, known)
        return parse_master(raw, kind, day, known)

    def _whole_problems(
        self, raw: RawFile, parsed: Parsed, key: str, current: Iterable[AcceptedFile]
    ) -> Iterator[Problem]:
        """What is wrong with a file as a whole, whatever its lines say."""
        dated = parsed.as_of or parsed.last_day
        if dated is not None and dated > self.at.date():
            reason = f"is of {dated}, after today, {self.at.date()}"
            yield _whole(raw.name, reason, "correct the day")
        if not (parsed.problems or parsed.rows):
            yield _whole(raw.name, "has no rows", "send the whole file")
        if not self.replace and any(file.key == key for file in current):
            reason = "was accepted before with other content"
            yield _whole(raw.name, reason, "say --replace if this one is to stand instead")


def known_to(connection: Connection, layouts: Sequence[Layout]) -> Known:
    """What the accepted files told so far."""
    files = current_files(connection)

    def values(kind: str, table: Table, *names: str) -> list[tuple[str, ...]]:
        numbers = [file.number for file in newest_of(files, kind)]
        query = select(*(table.c[name] for name in names)).where(table.c.file_number.in_(numbers))
        return [tuple(row) for row in connection.execute(query)]

    words = ("symbol", "security_id", "sector", "industry", "country", "issuer")
    securities = values("securities", book_security, *words)
    symbols, ids, sectors, industries, countries, issuers = (
        zip(*securities, strict=True) if securities else [()] * len(words)
    )
    return Known(
        symbols=dict(zip(symbols, ids, strict=True)),
        sectors=frozenset(sectors),
        industries=frozenset(industries),
        countries=frozenset(countries),
        issuers=frozenset(issuers),
        models=frozenset(model for (model,) in values("models", book_model_weight, "model_id")),
        mandates=frozenset(m for (m,) in values("mandates", book_mandate, "mandate_id")),
        accounts=frozenset(a for (a,) in values("accounts", book_account, "account_id")),
        households=frozenset(h for (h,) in values("accounts", book_account, "household_id")),
        custodians=frozenset(layout.custodian for layout in layouts),
    )


def _store(connection: Connection, raw: RawFile, parsed: Parsed, key: str, at: datetime) -> None:
    """Store a file and its rows: together or not at all."""
    with connection.begin_nested():
        statement = insert(ingested_file).values(
            kind=parsed.kind,
            name=raw.name,
            key=key,
            as_of=parsed.as_of,
            custodian=parsed.custodian,
            code=parsed.code,
            sha256=raw.sha256,
            row_count=len(parsed.rows),
            accepted_at=at,
        )
        inserted = connection.execute(statement).inserted_primary_key
        assert inserted is not None
        for table, rows in groupby(sorted(parsed.rows, key=_place), key=lambda row: row.table):
            documents = [{"file_number": inserted[0], "line": r.line, **r.values} for r in rows]
            connection.execute(insert(metadata.tables[table]), documents)


def _place(row: Row) -> tuple[str, int]:
    return row.table, row.line


def _store_refusal(
    connection: Connection, raw: RawFile, parsed: Parsed, problems: list[Problem], at: datetime
) -> None:
    """Keep why a file was refused; the same refusal again is not news."""
    text = encode(problems)
    same = (
        select(refused_file.c.number)
        .where(refused_file.c.name == raw.name, refused_file.c.sha256 == raw.sha256)
        .where(refused_file.c.problems == text)
    )
    if connection.execute(same).first() is None:
        connection.execute(
            insert(refused_file).values(
                kind=parsed.kind,
                name=raw.name,
                as_of=parsed.as_of,
                custodian=parsed.custodian,
                sha256=raw.sha256,
                refused_at=at,
                problem_count=len(problems),
                problems=text,
            )
        )


def _refused(name: str, kind: str, problems: Sequence[Problem]) -> FileReport:
    return FileReport(file=name, kind=kind, fate=Fate.REFUSED, rows=0, problems=tuple(problems))


def _whole(name: str, reason: str, remedy: str) -> Problem:
    return Problem(file=name, line=0, field="", value="", reason=reason, remedy=remedy)
