"""`trimtab reconcile`: compare a venue's or custodian's end-of-day file with our ledger."""

import argparse
from pathlib import Path

from console.commands.breaks import COLUMNS
from console.doors import changer, open_config
from console.options import add_json
from console.printing import print_json, print_table
from domain.errors import ExitCode, MissingError


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the file as the other side sent it")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    path = Path(arguments.file)
    if not path.is_file():
        raise MissingError(f"there is no file {path}")
    with changer(open_config(arguments.config)) as service:
        breaks = service.reconcile(path)
    if arguments.json:
        print_json(breaks)
    else:
        print_table(COLUMNS, breaks, f"{path.name} agrees with the ledger")
    return ExitCode.CHECK_FAILED if any(not found.planted for found in breaks) else ExitCode.OK
