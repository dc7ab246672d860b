"""`trimtab explain`: why an order or an account is as it is, in plain words with the numbers."""

import argparse

from console.doors import open_config, reader
from console.options import add_json
from console.printing import print_json, print_lines
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", metavar="ORDER|ACCOUNT", help="a ClOrdID or an account id")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    with reader(open_config(arguments.config)) as service:
        telling = service.explain(arguments.subject)
    if arguments.json:
        print_json(telling)
    else:
        print_lines(telling.lines)
    return ExitCode.OK
