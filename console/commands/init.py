"""`trimtab init`: a configuration, the state folders, a token and an empty database."""

import argparse
from pathlib import Path

from console.initialise import initialise
from console.printing import print_lines
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dir", metavar="DIR", default=".", help="where (default: here)")


def run(arguments: argparse.Namespace) -> int:
    directory = Path(arguments.dir).absolute()
    made = initialise(directory)
    print_lines(f"wrote {path}" for path in made.written)
    print_lines(
        [
            f"the database is at revision {made.revision}",
            f"next: trimtab --config {directory / 'trimtab.toml'} check",
        ]
    )
    return ExitCode.OK
