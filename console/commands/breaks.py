"""`trimtab breaks`: differences that reconciliation found."""

import argparse

from console.doors import open_config, reader
from console.options import add_json
from console.printing import Column, print_json, print_table
from domain.errors import ExitCode
from domain.postings import Break

COLUMNS = (
    Column[Break]("BREAK", lambda found: found.kind),
    Column[Break]("SUBJECT", lambda found: found.subject),
    Column[Break]("OURS", lambda found: found.ours),
    Column[Break]("THEIRS", lambda found: found.theirs),
    Column[Break]("WHAT", lambda found: found.message + (" (planted)" if found.planted else "")),
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", metavar="RUN", help='of one run ("last" for the newest)')
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    with reader(open_config(arguments.config)) as service:
        breaks = service.breaks(arguments.run)
    if arguments.json:
        print_json(breaks)
    else:
        print_table(COLUMNS, breaks, "no breaks")
    return ExitCode.OK
