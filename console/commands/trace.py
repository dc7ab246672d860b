"""`trimtab trace`: a run from its trigger to its reconciliation, in plain words."""

import argparse

from console.doors import open_config, reader
from console.options import add_json
from console.printing import print_json, print_lines
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help='the run\'s id, a part of it, or "last"')
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    with reader(open_config(arguments.config)) as service:
        telling = service.trace(arguments.run)
    if arguments.json:
        print_json(telling)
    else:
        print_lines(telling.lines)
    return ExitCode.OK
