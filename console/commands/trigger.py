"""`trimtab trigger`: start a run now."""

import argparse

from console.doors import changer, open_config
from console.options import add_by, add_json, person
from console.printing import print_json, print_lines
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="a [[trigger]] of the configuration")
    parser.add_argument(
        "--account",
        action="append",
        default=[],
        metavar="ACCOUNT",
        help="only this account (may be repeated); default: every account",
    )
    add_by(parser, required=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    accounts = list(dict.fromkeys(arguments.account))
    with changer(open_config(arguments.config)) as service:
        started = service.trigger(arguments.name, accounts, person(arguments.by))
    if arguments.json:
        print_json(started)
    else:
        name = started.run_id.hex
        print_lines(
            [f"run {name} is {started.status.value}; follow it: trimtab tail -f --run last"]
        )
    return ExitCode.OK
