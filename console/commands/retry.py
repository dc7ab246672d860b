"""`trimtab retry`: a failed run goes on from the step that failed, on the same snapshot."""

import argparse

from console.doors import changer, open_config
from console.options import add_by, add_json, person
from console.printing import print_json, print_lines
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help='the run\'s id, a part of it, or "last"')
    add_by(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    by = person(arguments.by)
    with changer(open_config(arguments.config)) as service:
        again = service.retry(arguments.run, by)
    if arguments.json:
        print_json(again)
    else:
        print_lines([f"run {again.run_id.hex} is tried again by {by}"])
    return ExitCode.OK
