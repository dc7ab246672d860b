"""`trimtab explain`: why an order or an account is as it is, in plain words with the numbers."""

import argparse

from console.doors import open_config, opening, reader
from console.options import add_json
from console.printing import print_json, print_lines
from console.service_port import Telling
from console.what_if import without
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", metavar="ORDER|ACCOUNT", help="a ClOrdID or an account id")
    parser.add_argument("--run", metavar="RUN", help="an account in this run (default: its newest)")
    parser.add_argument(
        "--without",
        metavar="RULE",
        help="an account's answer if it had no rule with these words, such as turnover",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    telling = _telling(arguments)
    if arguments.json:
        print_json(telling)
    else:
        print_lines(telling.lines)
    return ExitCode.OK


def _telling(arguments: argparse.Namespace) -> Telling:
    config = open_config(arguments.config)
    if arguments.without is None:
        with reader(config) as service:
            return service.explain(arguments.subject, arguments.run)
    with opening().open_reading(config) as stored:
        snapshot = stored.snapshot_of(arguments.subject, arguments.run)
    return without(snapshot, arguments.subject, arguments.without)
