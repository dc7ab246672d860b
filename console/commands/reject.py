"""`trimtab reject`: a person stops a run; nothing of it is released."""

import argparse

from console.doors import changer, open_config
from console.options import add_by, add_json, add_why, person, sentence
from console.printing import print_json, print_lines
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help='the run\'s id, a part of it, or "last"')
    add_by(parser)
    add_why(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    by, why = person(arguments.by), sentence(arguments.why, "--why")
    with changer(open_config(arguments.config)) as service:
        approval = service.reject(arguments.run, by, why)
    if arguments.json:
        print_json(approval)
    else:
        print_lines([f"run {approval.run_id.hex} is rejected by {by}: {why}"])
    return ExitCode.OK
