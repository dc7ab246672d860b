"""`trimtab init`: a configuration, the state folders, a token and an empty database."""

import argparse
import shlex
from pathlib import Path

from console.initialise import initialise
from console.options import folder
from console.printing import print_lines
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dir", metavar="DIR", type=folder, default=".", help="where (default: here)"
    )
    parser.add_argument(
        "--book",
        metavar="FOLDER",
        type=folder,
        help="let the simulated venues quote this folder's securities.csv and prices.csv"
        " (default: the bundled book)",
    )


def run(arguments: argparse.Namespace) -> int:
    directory: Path = arguments.dir
    made = initialise(directory, book=arguments.book)
    print_lines(f"wrote {path}" for path in made.written)
    trimtab = f"trimtab --config {shlex.quote(str(directory / 'trimtab.toml'))}"
    print_lines(
        [
            f"the database is at revision {made.revision}",
            "next:",
            f"  {trimtab} ingest FOLDER   your files; docs/book.md says which and how",
            f"  {trimtab} check           what must hold before start",
            f"  {trimtab} venues          the simulated venues of venues.toml, to try it",
            f"  {trimtab} serve           the service",
        ]
    )
    return ExitCode.OK
