"""Ingest: files in, rows with file and line out; a file is stored whole or not at all.

layouts = load_layouts(Path("data/layouts"))
with vault.write() as uow:
    report = ingest(uow.connection, paths, layouts=layouts, at=clock.now())
"""

from vault.ingest.layouts import Layout, load_layouts
from vault.ingest.report import Fate, FileReport, IngestReport, LayoutError, Problem
from vault.ingest.run import ingest

__all__ = [
    "Fate",
    "FileReport",
    "IngestReport",
    "Layout",
    "LayoutError",
    "Problem",
    "ingest",
    "load_layouts",
]
