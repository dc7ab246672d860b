"""`trimtab resume`: lift a kill switch."""

import argparse

from console.commands.halt import add_scope, scope_of, words
from console.doors import changer, open_config
from console.options import add_by, add_json, add_why, person, sentence
from console.printing import print_json, print_lines
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    add_scope(parser)
    add_by(parser)
    add_why(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    scope, name = scope_of(arguments)
    by, why = person(arguments.by), sentence(arguments.why, "--why")
    with changer(open_config(arguments.config)) as service:
        lifted = service.resume(scope, name, by, why)
    if arguments.json:
        print_json({"scope": scope, "name": name, "lifted": lifted})
    elif lifted:
        print_lines([f"{words(scope, name)} may trade again"])
    else:
        print_lines([f"{words(scope, name)} was not halted"])
    return ExitCode.OK
