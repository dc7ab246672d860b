"""`trimtab trigger`: start a run now."""

import argparse

from console.client import ApiClient
from console.doors import changer, open_config
from console.options import add_by, add_json, person
from console.printing import print_json, print_lines
from domain.errors import ExitCode
from domain.runs import Urgency


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="a [[trigger]] of the configuration")
    parser.add_argument(
        "--account",
        action="append",
        default=[],
        metavar="ACCOUNT",
        help="only this account (may be repeated); default: every account",
    )
    parser.add_argument(
        "--urgency",
        choices=[one.value for one in Urgency],
        help="for the routing rules; default: what the trigger says",
    )
    add_by(parser, required=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    accounts = list(dict.fromkeys(arguments.account))
    with changer(open_config(arguments.config)) as service:
        urgency = None if arguments.urgency is None else Urgency(arguments.urgency)
        started = service.trigger(arguments.name, accounts, person(arguments.by), urgency)
        is_served = isinstance(service, ApiClient)
    if arguments.json:
        print_json(started)
        return ExitCode.OK
    follow = "follow it: trimtab tail -f --run last"
    wait = "no service runs; it goes on when `trimtab serve` starts"
    print_lines([f"run {started.run_id.hex} is started; {follow if is_served else wait}"])
    return ExitCode.OK
