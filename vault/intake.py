"""Intake: files from outside, taken into the book or read as witnesses."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from vault.ingest import IngestReport, ingest, load_layouts
from vault.unit_of_work import SqlUnitOfWork
from vault.witness import (
    VENUE_COLUMNS,
    CustodyFiles,
    VenueFile,
    read_custodian_files,
    read_venue_file,
)


class Intake:
    """The firm's layouts, and what can be done with a file that fits one."""

    def __init__(self, layouts: Path) -> None:
        """Raises `LayoutError` for a layout file that cannot be used."""
        self._layouts = load_layouts(layouts)

    def ingest(
        self, uow: SqlUnitOfWork, paths: Sequence[Path], *, at: datetime, replace: bool
    ) -> IngestReport:
        """Take files, or folders of files, into the book; each whole or not at all."""
        return ingest(uow.connection, paths, layouts=self._layouts, at=at, replace=replace)

    def custody(self, uow: SqlUnitOfWork, path: Path) -> CustodyFiles:
        """What a custodian's file of positions says, without storing it."""
        return read_custodian_files(uow.connection, [path], layouts=self._layouts)

    def venue(self, path: Path) -> VenueFile:
        """What a venue's end-of-day file says."""
        return read_venue_file(path)

    def is_of_venue(self, path: Path) -> bool:
        """Whether the file looks like a venue's executions, by its first columns."""
        with path.open("rb") as file:
            return file.readline(200).startswith(",".join(VENUE_COLUMNS[:3]).encode())
