"""Which accepted files count on a day: the newest of each key, and of the firm's own the newest.

A replacement has the key of what it replaces; prices and custodians' files of
other days stand beside each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, select

from domain.sources import Source
from vault.book_schema import ingested_file


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedFile:
    """A row of `ingested_file`."""

    number: int
    kind: str
    name: str
    key: str
    as_of: date | None
    custodian: str | None
    code: str | None
    sha256: str

    def source(self, line: int) -> Source:
        """A line of it."""
        return Source(self.name, line, self.sha256)


def current_files(connection: Connection, as_of: date | None = None) -> tuple[AcceptedFile, ...]:
    """The newest file of each key, oldest first; none whose name has a day after `as_of`."""
    columns = [ingested_file.c[name] for name in AcceptedFile.__dataclass_fields__]
    newest: dict[str, AcceptedFile] = {}
    for row in connection.execute(select(*columns).order_by(ingested_file.c.number)).mappings():
        file = AcceptedFile(**row)
        if as_of is None or file.as_of is None or file.as_of <= as_of:
            newest[file.key] = file
    return tuple(sorted(newest.values(), key=lambda f: (f.as_of or date.min, f.number)))


def newest_of(files: Iterable[AcceptedFile], kind: str) -> tuple[AcceptedFile, ...]:
    """The one file of the firm's own that counts, if there is one."""
    return tuple(file for file in files if file.kind == kind)[-1:]


def rows_of(
    connection: Connection, table: Table, files: Sequence[AcceptedFile]
) -> list[tuple[Source, RowMapping]]:
    """The rows of some files with their sources, by file and line."""
    by_number: Mapping[int, AcceptedFile] = {file.number: file for file in files}
    query = (
        select(table)
        .where(table.c.file_number.in_(by_number))
        .order_by(table.c.file_number, table.c.line)
    )
    return [
        (by_number[row["file_number"]].source(row["line"]), row)
        for row in connection.execute(query).mappings()
    ]


def without_place(row: RowMapping) -> dict[str, Any]:
    """A row's columns but its file and line."""
    return {name: row[name] for name in row if name not in {"file_number", "line"}}
